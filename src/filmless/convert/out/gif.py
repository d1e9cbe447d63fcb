"""GIF: each frame encoded alone, in threads, and put into one file, so that it holds no more than a few at a time."""

import io
import struct
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless.convert.out.options import Job
from filmless.convert.out.source import PictureSource
from filmless.convert.out.timing import durations_ms, in_ticks, plays

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
    ticks = in_ticks(durations, 0.1, _LEAST_TICKS)
    shape: tuple[int, ...] | None = None
    is_exact = True
    for (picture, image), shown in zip(source.encoded(_encoded), ticks, strict=True):
        is_exact &= image.is_exact
        if shape is None:
            shape = picture.shape
            _write_head(out, shape, plays=repeats if count > 1 else 1)
        if count > 1:
            out.write(b"!\xf9\x04\x04" + struct.pack("<H", shown) + b"\0\0")
        table = b"" if image.palette == _GREYS else image.palette
        out.write(b"," + struct.pack("<HHHHB", 0, 0, shape[1], shape[0], 0x87 if table else 0) + table + image.data)
    out.write(b";")
    if not is_exact:
        job.notice("colours", f"a frame of a GIF has at most {_COLOURS} colours: there were more")


def _write_head(out: BinaryIO, shape: tuple[int, ...], *, plays: int) -> None:
    # A global table of the greys, which frames of greys need no other than.
    out.write(b"GIF89a" + struct.pack("<HHBBB", shape[1], shape[0], 0xF7, 0, 0) + _GREYS)
    if plays != 1:
        # The number says how often after the first time.
        out.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", max(0, plays - 1)) + b"\0")


class _Image(NamedTuple):
    """A frame: its palette of 256 colours, and its compressed indices with their code size."""

    palette: bytes
    data: bytes
    is_exact: bool


def _encoded(picture: NDArray[np.uint8]) -> _Image:
    from PIL import Image

    palette, is_exact = _GREYS, True
    if picture.ndim == 3:
        picture, palette, is_exact = _indexed(picture)
    stream = io.BytesIO()
    # As greys: indices are left as they are, and a table of 256 is written.
    Image.fromarray(picture).save(stream, "GIF", optimize=False, interlace=False)
    return _Image(palette, _image_data(stream.getvalue()), is_exact)


def _indexed(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], bytes, bool]:
    """Make a picture of colours one of indices into 256 of them, and tell whether it had no more."""
    from PIL import Image

    image = Image.fromarray(picture)
    if image.getcolors(_COLOURS) is None:
        image = image.quantize(_COLOURS, method=Image.Quantize.MEDIANCUT)
        return np.asarray(image), bytes(image.getpalette("RGB") or b"").ljust(3 * _COLOURS, b"\0"), False
    packed = picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    values, indices = np.unique(packed, return_inverse=True)
    table = np.stack([values >> 16, values >> 8 & 255, values & 255], axis=1).astype(np.uint8)
    return indices.reshape(packed.shape).astype(np.uint8), table.tobytes().ljust(3 * _COLOURS, b"\0"), True


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
