"""filmless's pixels, by public names only."""

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import filmless
from benchmarks.request import Request
from filmless.convert import from_dicom
from filmless.pixels import decode, frames, render
from filmless.pixels.grey import grey_transform


def _decoded(request: Request) -> NDArray[Any]:
    return filmless.read(request.path).pixel_array


@cache
def _in_memory(path: Path) -> filmless.Dataset:
    """A data set whose pixels are in memory, as those of the others are."""
    return filmless.read(path.read_bytes())


@cache
def _stored(path: Path) -> NDArray[Any]:
    return _in_memory(path).pixel_array


def _picture(request: Request) -> NDArray[np.uint8]:
    """Draw stored values that were decoded before, as those of the others were; the header is asked each time."""
    return grey_transform(_in_memory(request.path)).apply(_stored(request.path))


def _export(job: tuple[str, str]) -> None:
    source, target = job
    from_dicom(source, "png", target)


def export(request: Request) -> int:
    """Make PNG files of all files of a list, in the folder that stands first; on as many threads as processors."""
    folder, *paths = request.paths
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return len(list(pool.map(_export, ((path, f"{folder}/filmless/{Path(path).stem}.png") for path in paths))))


def iterate(request: Request) -> int:
    """Go through all frames, one after the other."""
    return sum(1 for _ in frames(filmless.read(request.path)))


TASKS = {
    "decode": lambda request: _decoded(request).size,
    "sum": lambda request: int(_decoded(request).sum(dtype=np.int64)),
    "decode on 1 thread": lambda request: decode(filmless.read(request.path), threads=1).size,
    "decode on 2 threads": lambda request: decode(filmless.read(request.path), threads=2).size,
    "frame 400": lambda request: int(decode(filmless.read(request.path), frame=399)[0, 0]),
    "render": lambda request: _picture(request).size,
    "sum rendered": lambda request: int(_picture(request).sum(dtype=np.int64)),
    "render whole": lambda request: render(_in_memory(request.path)).size,
    "sum rendered whole": lambda request: int(render(_in_memory(request.path)).sum(dtype=np.int64)),
    "iterate": iterate,
    "export": export,
}
