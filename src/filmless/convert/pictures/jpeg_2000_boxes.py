"""The boxes of a JP2, JPX or JPH file: what they say of the components of its code stream."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Resolution
from filmless.convert.pictures.information import sensible_resolution
from filmless.errors import ConversionError

__all__ = ["CMYK", "GREYSCALE", "SRGB", "SYCC", "Boxes", "Palette", "boxes_of"]

CMYK, SRGB, GREYSCALE, SYCC = 12, 16, 17, 18
_MOST_BOXES = 1000
_ENUMERATED, _PROFILE = 1, (2, 3)
_COLOUR, _OPACITY, _PREMULTIPLIED, _UNSPECIFIED = 0, 1, 2, 0xFFFF
_INCH_M = 0.0254


@dataclass(frozen=True, slots=True)
class Palette:
    """A palette: entries of shape (entries, columns), their bits, and which component and column make each channel."""

    entries: NDArray[Any]
    bits: int
    channels: tuple[tuple[int, int | None], ...]

    def applied(self, components: NDArray[Any]) -> NDArray[Any]:
        """Return the channels of components, shape (rows, columns, channels)."""
        out = []
        for component, column in self.channels:
            values = components[:, :, component]
            if column is not None:
                values = self.entries[np.minimum(values, len(self.entries) - 1), column]
            out.append(values)
        return np.stack(out, axis=-1)


@dataclass(frozen=True, slots=True)
class Boxes:
    """What the boxes say.

    Attributes
    ----------
    code_stream
        Where it begins and ends.
    code_streams
        How many there are.
    colour
        The enumerated colour space; None when it is another or there is a profile.
    profile
        ICC profile.
    palette
        When the components are indices.
    alpha
        The channel of opacity; None when there is none.
    premultiplied
        Whether the colours were multiplied by it.
    unspecified
        Channels that are neither colour nor opacity.
    colours
        Channels in the order of their colours, when it is not that of the channels.
    resolution
        Of capture, else of display.
    """

    code_stream: tuple[int, int] = (0, 0)
    code_streams: int = 0
    colour: int | None = None
    profile: bytes | None = None
    palette: Palette | None = None
    alpha: int | None = None
    premultiplied: bool = False
    unspecified: frozenset[int] = frozenset()
    colours: tuple[int, ...] | None = None
    resolution: Resolution | None = None


def boxes_of(data: bytes) -> Boxes:
    """Read the boxes of a file.

    Raises
    ------
    ConversionError
        They are damaged, or there is no code stream.

    DICOM
    -----
    PS3.5 8.2.4, 8.2.14; ISO/IEC 15444-1 Annex I
    """
    found = Boxes()
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"jp2h":
            found = _header(data, start, end, found)
        elif kind == b"jp2c":
            first = found.code_stream if found.code_streams else (start, end)
            found = replace(found, code_stream=first, code_streams=found.code_streams + 1)
    if not found.code_streams:
        raise ConversionError("the boxes hold no JPEG 2000 code stream")
    return found


def _boxes(data: bytes, position: int, limit: int) -> Iterator[tuple[bytes, int, int]]:
    """Go through the boxes between two offsets: kind, and where the content begins and ends."""
    for _ in range(_MOST_BOXES):
        if position + 8 > limit:
            return
        size, kind = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if size == 1 and position + 16 <= limit:
            (size,), start = struct.unpack_from(">Q", data, start), position + 16
        end = position + size if size else limit
        if end < start or end > limit:
            raise ConversionError("the JPEG 2000 file ends inside a box, or has one of an impossible size")
        yield kind, start, end
        position = end


def _header(data: bytes, start: int, end: int, found: Boxes) -> Boxes:
    """Read the JP2 header box; the first of several descriptions of the colours counts."""
    entries: tuple[NDArray[Any], int] | None = None
    mapping: tuple[tuple[int, int | None], ...] | None = None
    described = False
    for kind, first, last in _boxes(data, start, end):
        content = data[first:last]
        if kind == b"colr" and not described and len(content) >= 3:
            described = True
            if content[0] == _ENUMERATED and len(content) >= 7:
                found = replace(found, colour=int.from_bytes(content[3:7], "big"))
            elif content[0] in _PROFILE:
                found = replace(found, profile=content[3:])
        elif kind == b"pclr":
            entries = _palette(content)
        elif kind == b"cmap":
            mapping = tuple(
                (component, column if how == 1 else None)
                for component, how, column in struct.iter_unpack(">HBB", content[: len(content) // 4 * 4])
            )
        elif kind == b"cdef":
            found = _definitions(content, found)
        elif kind == b"res ":
            found = replace(found, resolution=_resolution(data, first, last) or found.resolution)
    if entries is not None:
        columns = entries[0].shape[1]
        channels = mapping or tuple((0, column) for column in range(columns))
        if any(column is not None and column >= columns for _, column in channels):
            raise ConversionError("the JPEG 2000 palette has fewer columns than its channels name")
        found = replace(found, palette=Palette(*entries, channels))
    return found


def _palette(content: bytes) -> tuple[NDArray[Any], int]:
    if len(content) < 3:
        raise ConversionError("the JPEG 2000 palette ends early")
    count, columns = struct.unpack_from(">HB", content)
    depths = set(content[3 : 3 + columns])
    if not 1 <= count <= 1024 or not columns or len(depths) != 1:
        raise ConversionError("the JPEG 2000 palette has no entries, or columns of different depths")
    bits = depths.pop() + 1
    if bits > 16:
        raise ConversionError("the JPEG 2000 palette is signed or has more than 16 bits")
    size = 1 if bits <= 8 else 2
    values = content[3 + columns : 3 + columns + count * columns * size]
    if len(values) != count * columns * size:
        raise ConversionError("the JPEG 2000 palette ends early")
    entries = np.frombuffer(values, dtype=f">u{size}").reshape(count, columns)
    return entries.astype(f"=u{size}"), bits


def _definitions(content: bytes, found: Boxes) -> Boxes:
    """Read which channel is which colour, and which is opacity."""
    colours, unspecified = {}, set()
    for channel, kind, colour in struct.iter_unpack(">HHH", content[2 : 2 + (len(content) - 2) // 6 * 6]):
        if kind in (_OPACITY, _PREMULTIPLIED) and found.alpha is None:
            found = replace(found, alpha=channel, premultiplied=kind == _PREMULTIPLIED)
        elif kind == _COLOUR and colour:
            colours[colour] = channel
        elif kind == _UNSPECIFIED:
            unspecified.add(channel)
    found = replace(found, unspecified=frozenset(unspecified))
    order = tuple(colours[number] for number in sorted(colours))
    return found if order == tuple(range(len(order))) else replace(found, colours=order)


def _resolution(data: bytes, start: int, end: int) -> Resolution | None:
    """Read points per metre, of capture rather than of display."""
    said = {kind: data[first:last] for kind, first, last in _boxes(data, start, end)}
    content = said.get(b"resc", said.get(b"resd", b""))
    if len(content) < 10:
        return None
    above_y, below_y, above_x, below_x, exponent_y, exponent_x = struct.unpack_from(">4H2b", content)
    if not below_y or not below_x:
        return None
    x, y = above_x / below_x * 10.0**exponent_x, above_y / below_y * 10.0**exponent_y
    return sensible_resolution((x * _INCH_M, y * _INCH_M), absolute=True)
