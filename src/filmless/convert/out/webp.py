"""WebP: each frame encoded alone, in threads, and put into one RIFF file."""

import itertools
import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from filmless.convert.out.options import Job
from filmless.convert.out.source import PictureSource, checked_number
from filmless.convert.out.timing import durations_ms, in_ticks, plays
from filmless.errors import ConversionError

__all__ = ["write"]

_MOST_SIDE = 16382  # of imagecodecs; the format has one more
_MOST_BYTES = (1 << 32) - (1 << 16)
_ANIMATED, _PROFILE = 0x02, 0x20


def write(job: Job, out: BinaryIO) -> None:
    """Write a WebP: lossless, or of a quality; of several frames an animation, with their times in ms."""
    quality = checked_number(job, "quality", 80, range(1, 101), "WebP")
    lossless = job.options.get("lossless", "quality" not in job.options)
    durations = durations_ms(job) if len(job.frames) > 1 else [0.0]
    repeats = plays(job)
    source = PictureSource(job)
    encoded = source.encoded(lambda picture: _bitstream(picture, quality, lossless=lossless))
    first, chunk = next(encoded)
    profile = source.profile(first)
    out.write(b"RIFF\0\0\0\0WEBP")
    if len(job.frames) > 1 or profile is not None:
        flags = (_ANIMATED if len(job.frames) > 1 else 0) | (_PROFILE if profile else 0)
        out.write(_chunk(b"VP8X", struct.pack("<I", flags) + _size(first)))
    if profile is not None:
        out.write(_chunk(b"ICCP", profile))
    if len(job.frames) == 1:
        out.write(chunk)
    else:
        out.write(_chunk(b"ANIM", struct.pack("<IH", 0xFF000000, repeats)))
        chunks = itertools.chain([chunk], (data for _, data in encoded))
        for data, shown in zip(chunks, in_ticks(durations, 1.0), strict=True):
            # At the corner, opaque, over what was there: whole frames.
            head = bytes(6) + _size(first) + struct.pack("<I", shown)[:3] + b"\x02"
            out.write(_chunk(b"ANMF", head + data))
    length = out.tell()
    if length > _MOST_BYTES:
        raise ConversionError("a WebP holds at most 4 GiB", hint="tiff or mp4, or fewer frames")
    out.seek(4)
    out.write(struct.pack("<I", length - 8))


def _bitstream(picture: NDArray[np.uint8], quality: int, *, lossless: bool) -> bytes:
    """Return the chunk with the pixels of a picture."""
    import imagecodecs

    if max(picture.shape[:2]) > _MOST_SIDE:
        raise ConversionError(f"a WebP has at most {_MOST_SIDE} rows and columns", hint="png or tiff, or `size`")
    colours = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=-1)
    data: Any = imagecodecs.webp_encode(np.ascontiguousarray(colours), quality, lossless=lossless)
    return bytes(memoryview(data)[12:])  # behind the head of the file


def _size(picture: NDArray[np.uint8]) -> bytes:
    rows, columns = picture.shape[:2]
    return struct.pack("<I", columns - 1)[:3] + struct.pack("<I", rows - 1)[:3]


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
