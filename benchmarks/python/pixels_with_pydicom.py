"""pydicom's pixels: decoded by its default plug-ins, rendered by its own functions."""

from functools import cache
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import iter_pixels, pixel_array

from benchmarks.request import Request

_PROCESSES = 2


def _decoded(request: Request) -> NDArray[Any]:
    return pydicom.dcmread(request.path).pixel_array


@cache
def _in_memory(path: Path) -> pydicom.Dataset:
    ds = pydicom.dcmread(path)
    ds.pixel_array  # noqa: B018 - pydicom keeps it
    return ds


def _picture(ds: pydicom.Dataset) -> NDArray[np.uint8]:
    """Rescale, apply the window, which keeps the range of the input or of Bits Stored, and scale that to 8 bits."""
    values = apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds)
    low, high = _range(ds)
    return ((values - low) * (255 / (high - low)) + 0.5).astype(np.uint8)


def _range(ds: pydicom.Dataset) -> tuple[float, float]:
    """The range of pydicom's output: the modality values of all that Bits Stored allows."""
    bits, signed = ds.BitsStored, ds.PixelRepresentation
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    return low * slope + intercept, high * slope + intercept


def _export(job: tuple[str, str]) -> int:
    source, target = job
    Image.fromarray(_picture(pydicom.dcmread(source))).save(target)
    return 1


def export(request: Request) -> int:
    """Make PNG files of all files of a list, beside each other in the folder that stands first; on two processes."""
    folder, *paths = request.paths
    jobs = [(path, f"{folder}/pydicom/{Path(path).stem}.png") for path in paths]
    with Pool(_PROCESSES) as pool:
        return sum(pool.imap_unordered(_export, jobs, chunksize=8))


def iterate(request: Request) -> int:
    """Go through all frames, one after the other."""
    return sum(1 for _ in iter_pixels(request.path))


TASKS = {
    "decode": lambda request: _decoded(request).size,
    "sum": lambda request: int(_decoded(request).sum(dtype=np.int64)),
    "frame 400": lambda request: int(pixel_array(request.path, index=399)[0, 0]),
    "render": lambda request: _picture(_in_memory(request.path)).size,
    "sum rendered": lambda request: int(_picture(_in_memory(request.path)).sum(dtype=np.int64)),
    "iterate": iterate,
    "export": export,
}
