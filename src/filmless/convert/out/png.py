"""PNG files: libdeflate squeezes them five times as fast as zlib-ng in Pillow and libpng do, and a little smaller."""

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.errors import ConversionError

if TYPE_CHECKING:
    from filmless.convert.out.options import Job

__all__ = ["LEVEL", "LEVELS", "SIGNATURE", "chunk", "deflated_rows", "encode_png", "header_of", "profile_of", "write"]

SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: How much work goes into a small file: 0 stores, 6 is as of zlib, 12 the most.
LEVELS = range(13)
LEVEL = 6

_GREY, _RGB = 0, 2
_PIECE = 1 << 30  # a chunk holds less than 2 GiB


def encode_png(
    picture: NDArray[np.uint8] | NDArray[np.uint16], *, level: int = LEVEL, icc_profile: bytes | None = None
) -> bytes:
    r"""Encode a picture as PNG.

    Parameters
    ----------
    picture
        Shape (rows, columns) or (rows, columns, 3), uint8 or uint16.
    level
        One of `LEVELS`.
    icc_profile
        The profile of its colours.

    Returns
    -------
    bytes
        A whole file: rows filtered as libpng does, no chunk that names a program, a time or a person.

    Raises
    ------
    ValueError
        For another shape, dtype or level.

    DICOM
    -----
    PS3.18 8.7.3 (the media type image/png)

    Examples
    --------
    >>> encode_png(np.zeros((2, 3), np.uint8))[:4]
    b'\x89PNG'
    """
    body = deflated_rows(picture, level)
    chunks = [SIGNATURE, *header_of(picture)]
    if icc_profile is not None:
        chunks += profile_of(icc_profile, level)
    for start in range(0, len(body), _PIECE):
        chunks += chunk(b"IDAT", body if len(body) <= _PIECE else body[start : start + _PIECE])
    return b"".join([*chunks, *chunk(b"IEND", b"")])


def header_of(picture: NDArray[Any]) -> Iterator[bytes]:
    """Give the chunk that says what the pixels of a picture are."""
    rows, columns = picture.shape[:2]
    colour = _RGB if picture.ndim == 3 else _GREY
    return chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8 * picture.itemsize, colour, 0, 0, 0))


def profile_of(profile: bytes, level: int) -> Iterator[bytes]:
    """Give the chunk of an ICC profile."""
    return chunk(b"iCCP", b"ICC Profile\0\0" + _deflate(profile, level))


def deflated_rows(picture: NDArray[np.uint8] | NDArray[np.uint16], level: int) -> bytes:
    """Filter the rows of a picture and squeeze them: what the IDAT chunks hold; see `encode_png`."""
    if picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (3,)) or not picture.size:
        raise ValueError(f"a picture has shape (rows, columns[, 3]), not {picture.shape}")
    if picture.dtype.kind != "u" or picture.itemsize > 2:
        raise ValueError(f"a picture is of uint8 or uint16, not {picture.dtype}")
    if level not in LEVELS:
        raise ValueError(f"level {level} is none of 0 to {LEVELS[-1]}")
    step = picture.itemsize * (3 if picture.ndim == 3 else 1)
    samples = np.ascontiguousarray(picture, dtype=f">u{picture.itemsize}")
    filtered = _core.png_filter(samples.reshape(-1).view(np.uint8), picture.shape[1] * step, step)
    return _deflate(filtered, level)


def write(job: "Job", out: BinaryIO) -> None:
    """Write a picture of 8 bits, or the stored values of 16.

    DICOM
    -----
    PS3.18 8.7.3 (the media type image/png)
    """
    # What `filmless show` does not need.
    from filmless.convert.out.source import PictureSource, checked_number, refuse_rendering

    depth = job.options.get("depth", 8)
    if depth not in (8, 16):
        raise ConversionError(f"a PNG of {depth} bits is not written, expected 8 or 16", hint="tiff has 32, npy all")
    level = checked_number(job, "level", LEVEL, LEVELS, "PNG")
    source = PictureSource(job)
    if depth == 16:
        refuse_rendering(job, "depth 16", "leave it out, or write 8 bits")
        out.write(encode_png(source.unsigned(job.frames[0]), level=level))
        return
    picture = source.picture(job.frames[0])
    out.write(encode_png(picture, level=level, icc_profile=source.profile(picture)))


def _deflate(data: bytes, level: int) -> bytes:
    encoded: Any = imagecodecs.deflate_encode(data, level)
    return bytes(encoded)


def chunk(name: bytes, data: bytes) -> Iterator[bytes]:
    """Give the pieces of a chunk: length and name, data, checksum."""
    yield struct.pack(">I", len(data)) + name
    yield data
    yield struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))
