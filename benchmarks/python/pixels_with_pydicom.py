"""pydicom's pixels: decoded by its default plug-ins, rendered by its own functions."""

from functools import cache
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut
from pydicom.pixels.utils import iter_pixels, pixel_array
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit, SecondaryCaptureImageStorage, generate_uid

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


def _secondary_capture(rows: int, columns: int, samples: int, bits: int) -> pydicom.Dataset:
    """Build the least header that a Secondary Capture Image may have, by hand as a script does."""
    ds = pydicom.Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.PatientName = ds.PatientID = ds.PatientBirthDate = ds.PatientSex = ds.StudyID = ds.AccessionNumber = ""
    ds.ReferringPhysicianName = ds.StudyDate = ds.StudyTime = ds.PatientOrientation = ""
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = (generate_uid() for _ in range(3))
    ds.Modality, ds.ConversionType, ds.SeriesNumber, ds.InstanceNumber = "OT", "WSD", 1, 1
    ds.SamplesPerPixel, ds.Rows, ds.Columns = samples, rows, columns
    ds.PhotometricInterpretation = "MONOCHROME2" if samples == 1 else "RGB"
    if samples > 1:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits, bits - 1, 0
    return ds


def wrap(request: Request) -> int:
    """Encapsulate a JPEG as it is; its size is known beforehand, which saves this contender the reading of it."""
    stream = request.path.read_bytes()
    ds = _secondary_capture(3000, 4000, 3, 8)
    ds.PhotometricInterpretation = "YBR_FULL_422"
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.PixelData = encapsulate([stream])
    ds["PixelData"].is_undefined_length = True
    ds.save_as(request.path.with_suffix(".pydicom.dcm"), enforce_file_format=True)
    return len(stream)


def _take(job: tuple[str, str]) -> int:
    source, target = job
    with Image.open(source) as image:
        samples = np.asarray(image)
    rows, columns = samples.shape[:2]
    ds = _secondary_capture(rows, columns, 1 if samples.ndim == 2 else 3, samples.dtype.itemsize * 8)
    ds.PixelData = samples.tobytes()
    ds.save_as(target, enforce_file_format=True)
    return 1


def take_in(request: Request) -> int:
    """Make DICOM of all pictures of a list, in the folder that stands first; on two processes."""
    folder, *paths = request.paths
    with Pool(_PROCESSES) as pool:
        return sum(pool.imap_unordered(_take, ((path, f"{folder}/{Path(path).stem}.dcm") for path in paths)))


TASKS = {
    "decode": lambda request: _decoded(request).size,
    "sum": lambda request: int(_decoded(request).sum(dtype=np.int64)),
    "frame 400": lambda request: int(pixel_array(request.path, index=399)[0, 0]),
    "render": lambda request: _picture(_in_memory(request.path)).size,
    "sum rendered": lambda request: int(_picture(_in_memory(request.path)).sum(dtype=np.int64)),
    "iterate": iterate,
    "export": export,
    "wrap": wrap,
    "take in": take_in,
}
