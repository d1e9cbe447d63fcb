"""GIF: each frame encoded alone, in threads, and put into one file, so that it holds no more than a few at a time."""

import io
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from filmless.convert.out.options import Job
from filmless.convert.out.source import PictureSource
from filmless.convert.out.timing import durations_ms, in_ticks, plays
from filmless.errors import ConversionError

__all__ = ["write"]

_COLOURS = 256
_LEAST_TICKS = 2  # hundredths of a second; what is shorter, programs show as ten
_GREYS = bytes(np.repeat(np.arange(_COLOURS, dtype=np.uint8), 3))


def write(job: Job, out: BinaryIO) -> None:
    """Write a GIF. Greys are exact; of colours each frame keeps up to 256, exact when it has no more.

    Frames are shown in hundredths of a second; the rounding does not add up.
    """
    count, repeats = len(job.frames), plays(job)
    durations = durations_ms(job) if count > 1 else [0.0]
    if any(duration < 10 * _LEAST_TICKS for duration in durations) and count > 1:
        job.notice("frame-time", f"frames of a GIF are shown for {_LEAST_TICKS / 100} s at least: it runs slower")
    source = PictureSource(job)
    if source.description.samples > 1:
        job.notice("colours", f"a frame of a GIF has at most {_COLOURS} colours")
    ticks = in_ticks(durations, 0.1, _LEAST_TICKS)
    is_first = True
    for (shape, palette, data), shown in zip(source.each(lambda n: _encoded(source.picture(n))), ticks, strict=True):
        if is_first:
            rows, columns = shape
            # A global table of the greys, which frames of greys need no other than.
            out.write(b"GIF89a" + struct.pack("<HHBBB", columns, rows, 0xF7, 0, 0) + _GREYS)
            if count > 1 and repeats != 1:
                # The number says how often after the first time.
                out.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", max(0, repeats - 1)) + b"\0")
            is_first = False
        elif shape != (rows, columns):
            raise ConversionError(f"a picture has shape {shape}, expected that of the others, {(rows, columns)}")
        if count > 1:
            out.write(b"!\xf9\x04\x04" + struct.pack("<H", shown) + b"\0\0")
        table = b"" if palette == _GREYS else palette
        out.write(b"," + struct.pack("<HHHHB", 0, 0, columns, rows, 0x87 if table else 0) + table + data)
    out.write(b";")


def _encoded(picture: NDArray[np.uint8]) -> tuple[tuple[int, ...], bytes, bytes]:
    """Return the shape of a picture, its palette of 256 colours, and its compressed indices with their code size."""
    from PIL import Image

    palette = _GREYS
    if picture.ndim == 3:
        picture, palette = _indexed(picture)
    image = Image.fromarray(picture)
    stream = io.BytesIO()
    # As greys: indices are left as they are, and a table of 256 is written.
    image.save(stream, "GIF", optimize=False)
    return picture.shape, palette, _image_data(stream.getvalue())


def _indexed(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], bytes]:
    """Make a picture of colours one of indices into 256 of them."""
    from PIL import Image

    image = Image.fromarray(picture)
    colours = image.getcolors(_COLOURS)
    if colours is None:
        image = image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT)
        return np.asarray(image), bytes(image.getpalette("RGB") or b"").ljust(3 * _COLOURS, b"\0")
    packed = picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    values, indices = np.unique(packed, return_inverse=True)
    table = np.stack([values >> 16, values >> 8 & 255, values & 255], axis=1).astype(np.uint8)
    return indices.reshape(packed.shape).astype(np.uint8), table.tobytes().ljust(3 * _COLOURS, b"\0")


def _image_data(gif: bytes) -> bytes:
    """Return what follows the image descriptor of a GIF of one image that Pillow wrote, without the trailer."""
    place = 13 + (3 << (gif[10] & 7) + 1 if gif[10] & 0x80 else 0)
    while gif[place : place + 1] == b"!":
        place += 2
        while gif[place]:
            place += 1 + gif[place]
        place += 1
    flags = gif[place + 9]
    place += 10 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    return gif[place : gif.rindex(b";")]
