"""GIF: still, or animated as it is displayed. Its blocks are walked first; Pillow decodes and lays frames on frames."""

from dataclasses import dataclass, field

import numpy as np

from filmless.convert.content import Content, check_numbers, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.finishing import finish
from filmless.convert.pictures.information import PictureInformation
from filmless.convert.pictures.pillow import frames_of_image, open_with_pillow
from filmless.errors import ConversionError

__all__ = ["read"]

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL = 0xF9
_MAX_PIXELS_PER_BYTE = 8300  # 4095 pixels of a code of 12 bits, and as many again: whoever claims more lies


@dataclass(slots=True)
class _Gif:
    """What the blocks say."""

    columns: int
    rows: int
    times_ms: list[float] = field(default_factory=list)
    palettes: list[bytes] = field(default_factory=list)

    @property
    def is_grey(self) -> bool:
        """Whether all entries of all palettes that are used are grey."""
        return all(palette[0::3] == palette[1::3] == palette[2::3] for palette in self.palettes)


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a GIF: frames as they are displayed.

    Raises
    ------
    ConversionError
        It is damaged or ends early.
    LimitError
        All frames together are larger than ``options.max_pixels``.
    """
    gif = _walk(data, options)
    number = len(gif.times_ms)
    check_size(gif.columns, gif.rows, options.max_pixels, frames=number)
    check_numbers(number, gif.times_ms, options)
    if gif.rows * gif.columns > _MAX_PIXELS_PER_BYTE * len(data):
        raise ConversionError(f"the GIF of {len(data)} bytes is too short for its size")
    with open_with_pillow("GIF", data) as image:
        information = PictureInformation.of(image)
        if image.size != (gif.columns, gif.rows):  # Pillow lets frames that lie outside make it larger
            check_size(*image.size, options.max_pixels, frames=number)
        frames = frames_of_image(image, number, is_grey=gif.is_grey)
    if number > 1 and options.apart:
        return [finish(frame[np.newaxis], information, options) for frame in frames]
    times = tuple(gif.times_ms) if number > 1 else ()
    return [finish(frames, information, options, frame_times_ms=times)]


def _walk(data: bytes, options: ReadOptions) -> _Gif:
    """Walk the blocks (GIF89a 18 to 27)."""
    if len(data) < 13:
        raise ConversionError("the GIF header ends early")
    gif = _Gif(int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little"))
    shared, position = _palette(data, 13, data[10])
    time_ms = 0.0
    while position < len(data) and data[position] != _TRAILER:
        kind = data[position]
        if kind == _EXTENSION:
            if data[position + 1 : position + 3] == bytes([_GRAPHIC_CONTROL, 4]):
                time_ms = 10.0 * int.from_bytes(data[position + 4 : position + 6], "little")
            position = _behind_blocks(data, position + 2)
        elif kind == _IMAGE and position + 10 <= len(data):
            own, position = _palette(data, position + 10, data[position + 9])
            gif.palettes.append(own or shared)
            position = _behind_blocks(data, position + 1)
            gif.times_ms.append(time_ms)
            time_ms = 0.0
        elif kind == 0:
            position += 1  # a terminator too many
        else:
            raise ConversionError("the GIF is damaged or ends early: a block is of no kind", offset=position)
    if position >= len(data):
        raise ConversionError("the GIF ends early: its end mark is missing, and maybe frames are")
    if len(data[position + 1 :].rstrip(b"\0")):
        options.notice("trailing-bytes", "bytes behind the end of the GIF are left out")
    if not gif.times_ms:
        raise ConversionError("the GIF has no image, or ends early")
    return gif


def _palette(data: bytes, position: int, flags: int) -> tuple[bytes, int]:
    """Return a palette and where it ends."""
    if not flags & 0x80:
        return b"", position
    end = position + 3 * (2 << (flags & 7))
    if end > len(data):
        raise ConversionError("the GIF ends early, in a palette")
    return data[position:end], end


def _behind_blocks(data: bytes, position: int) -> int:
    """Return where a chain of blocks of up to 255 bytes ends."""
    while position < len(data):
        size = data[position]
        position += 1 + size
        if size == 0:
            return position
    raise ConversionError("the GIF ends early")
