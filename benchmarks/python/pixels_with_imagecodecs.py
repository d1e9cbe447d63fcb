"""The codec libraries alone: a code stream in memory becomes an array, no DICOM anywhere.

The two attributes of a request are rows and columns, which not every code stream knows.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from benchmarks.request import Request


@cache
def _stream(path: Path) -> bytes:
    return path.read_bytes()


def _native(request: Request) -> NDArray[Any]:
    """Uncompressed pixels have no codec: what they cost is that they are read."""
    return np.fromfile(request.path, dtype="<u2").reshape(request.tags)


def _rle(request: Request) -> NDArray[Any]:
    """Let numpy put the planes together: that is faster than what the codec does for words."""
    rows, columns = request.tags
    high, low = np.frombuffer(imagecodecs.dicomrle_decode(_stream(request.path), "u1"), "u1").reshape(2, rows, columns)
    samples = np.empty((rows, columns, 2), np.uint8)
    samples[..., 0], samples[..., 1] = low, high
    return samples.view("<u2")[..., 0]


def _deflated(request: Request) -> NDArray[Any]:
    rows, columns = request.tags
    inflated = imagecodecs.deflate_decode(_stream(request.path), raw=True, out=rows * columns * 2)
    return np.frombuffer(inflated, "<u2").reshape(request.tags)


def _codec(decode: Callable[[bytes], NDArray[Any]]) -> Callable[[Request], NDArray[Any]]:
    return lambda request: decode(_stream(request.path))


_DECODERS = {
    "native": _native,
    "RLE": _rle,
    "JPEG lossless": _codec(imagecodecs.jpeg8_decode),
    "JPEG 12 bits": _codec(imagecodecs.jpeg8_decode),
    "JPEG 8 bits": _codec(imagecodecs.jpeg8_decode),
    "JPEG-LS": _codec(imagecodecs.jpegls_decode),
    "JPEG 2000": _codec(imagecodecs.jpeg2k_decode),
    "HTJ2K": _codec(imagecodecs.jpeg2k_decode),
    "HTJ2K (OpenJPH)": _codec(imagecodecs.htj2k_decode),
    "JPEG XL": _codec(imagecodecs.jpegxl_decode),
    "deflated frame": _deflated,
}


def _counted(decode: Callable[[Request], NDArray[Any]]) -> Callable[[Request], int]:
    return lambda request: decode(request).size


def _summed(decode: Callable[[Request], NDArray[Any]]) -> Callable[[Request], int]:
    return lambda request: int(decode(request).sum(dtype=np.int64))


TASKS = {f"decode {title}": _counted(decode) for title, decode in _DECODERS.items()}
TASKS |= {f"sum {title}": _summed(decode) for title, decode in _DECODERS.items()}
