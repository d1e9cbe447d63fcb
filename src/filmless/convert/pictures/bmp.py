"""BMP of every depth: palettes, fields of bits, run lengths, bottom up or top down."""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.convert.content import Content, Resolution, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.bmp_runs import unpack_runs
from filmless.convert.pictures.finishing import finish
from filmless.convert.pictures.information import PictureInformation, sensible_resolution
from filmless.errors import ConversionError

__all__ = ["read"]

_FILE_HEADER = 14
_CORE_HEADER = 12  # of OS/2, whose palettes have three bytes an entry
_NONE, _RLE_8, _RLE_4, _FIELDS, _FIELDS_WITH_ALPHA = 0, 1, 2, 3, 6
_METRES_PER_INCH = 0.0254
_DEFAULT_FIELDS = {16: (0x7C00, 0x03E0, 0x001F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
_EXPANSION = 255  # pixels of a byte of run lengths at most, and again as many by a delta


@dataclass(frozen=True, slots=True)
class _Header:
    columns: int
    rows: int
    depth: int
    top_down: bool
    compression: int
    resolution: Resolution | None
    colours: int
    fields: tuple[int, int, int, int]
    palette_at: int
    entry_bytes: int


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a BMP.

    Raises
    ------
    ConversionError
        It is damaged, ends early, or holds a JPEG or PNG.
    LimitError
        It is larger than ``options.max_pixels``.
    """
    header = _read_header(data)
    check_size(header.columns, header.rows, options.max_pixels)
    start = int.from_bytes(data[10:14], "little")
    runs = header.compression in (_RLE_8, _RLE_4)
    row_bytes = (header.columns * header.depth + 31) // 32 * 4
    if not runs and (start < _FILE_HEADER or start + row_bytes * header.rows > len(data)):
        raise ConversionError(f"the BMP of {len(data)} bytes ends early, or is too short for its size")
    if runs and header.columns * header.rows > 2 * _EXPANSION * len(data):
        raise ConversionError(f"the BMP of {len(data)} bytes is too short for its size")
    if runs:
        samples = _coloured(data, header, unpack_runs(data[start:], header.columns, header.rows, header.depth), options)
    else:
        rows = np.frombuffer(data, np.uint8, row_bytes * header.rows, start).reshape(header.rows, row_bytes)
        samples = _samples(data, header, rows, options)
    if not header.top_down:
        samples = samples[::-1]
    information = PictureInformation(resolution=header.resolution)
    return [finish(np.ascontiguousarray(samples)[np.newaxis], information, options)]


def _read_header(data: bytes) -> _Header:
    size = int.from_bytes(data[14:18], "little")
    if len(data) < _FILE_HEADER + size or size < _CORE_HEADER:
        raise ConversionError("the BMP header is damaged or ends early")
    if size == _CORE_HEADER:
        columns, rows, planes, depth = struct.unpack_from("<HhHH", data, 18)
        compression, per_metre, colours = _NONE, (0, 0), 0
    elif size >= 40:
        columns, rows, planes, depth, compression, _, x, y, colours = struct.unpack_from("<iiHHIIiiI", data, 18)
        per_metre = (x, y)
    else:
        raise ConversionError(f"the BMP has a header of {size} bytes, expected 12, or 40 and more")
    kinds = {1: (_NONE,), 4: (_NONE, _RLE_4), 8: (_NONE, _RLE_8), 24: (_NONE,)}
    kinds |= dict.fromkeys((16, 32), (_NONE, _FIELDS, _FIELDS_WITH_ALPHA))
    if planes != 1 or compression not in kinds.get(depth, ()):
        raise ConversionError(
            f"the BMP has {planes} planes of {depth} bits and compression {compression}, which is not converted"
        )
    fields = _DEFAULT_FIELDS.get(depth, (0, 0, 0, 0))
    palette_at = _FILE_HEADER + size
    if compression in (_FIELDS, _FIELDS_WITH_ALPHA):
        with_alpha = size >= 56 or compression == _FIELDS_WITH_ALPHA
        masks = data[54 : 54 + (16 if with_alpha else 12)].ljust(16, b"\0")
        fields = struct.unpack("<4I", masks)
        if not all(_is_field(mask, depth) for mask in fields) or 0 in fields[:3]:
            raise ConversionError("the BMP has fields of bits that are no fields")
    resolution = sensible_resolution([each * _METRES_PER_INCH for each in per_metre], absolute=True)
    entry_bytes = 3 if size == _CORE_HEADER else 4
    return _Header(
        columns, abs(rows), depth, rows < 0, compression, resolution, colours, fields, palette_at, entry_bytes
    )  # fmt: skip


def _is_field(mask: int, depth: int) -> bool:
    """Whether all bits that are set lie side by side, within the pixel."""
    return mask >> depth == 0 and (mask + (mask & -mask)) & mask == 0


def _samples(data: bytes, header: _Header, rows: NDArray[np.uint8], options: ReadOptions) -> NDArray[Any]:
    """Take the samples of a picture out of rows as they are stored."""
    columns, depth = header.columns, header.depth
    if depth == 24:
        return rows[:, : columns * 3].reshape(header.rows, columns, 3)[:, :, ::-1]
    if depth in (16, 32):
        return _of_fields(rows.view(f"<u{depth // 8}")[:, :columns], header.fields)
    if depth == 1:
        indices = np.unpackbits(rows, axis=1)
    elif depth == 4:
        indices = np.stack([rows >> 4, rows & 15], axis=-1).reshape(header.rows, -1)
    else:
        indices = rows
    return _coloured(data, header, indices[:, :columns], options)


def _of_fields(pixels: NDArray[Any], fields: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Put each field of bits on the scale of 8."""
    channels = [field for field in fields if field]
    out = np.empty((*pixels.shape, len(channels)), np.uint8)
    for at, field in enumerate(channels):
        shift = (field & -field).bit_length() - 1
        top = field >> shift
        values = (pixels & pixels.dtype.type(field)) >> pixels.dtype.type(shift)
        out[..., at] = values if top == 255 else values.astype(np.uint64) * 255 // top
    return out


def _coloured(data: bytes, header: _Header, indices: NDArray[np.uint8], options: ReadOptions) -> NDArray[np.uint8]:
    """Look the colours up; grey where the whole palette is."""
    count = min(header.colours or 1 << header.depth, 256)
    entries = data[header.palette_at : header.palette_at + count * header.entry_bytes]
    if len(entries) != count * header.entry_bytes:
        raise ConversionError("the BMP ends early, in its palette")
    colours = np.frombuffer(entries, np.uint8).reshape(-1, header.entry_bytes)[:, 2::-1]
    if indices.max() >= count:
        options.notice("palette-short", "pixels that the palette has no entry for are black")
    palette = np.zeros((256, 3), np.uint8)
    palette[:count] = colours
    is_grey = bool((colours == colours[:, :1]).all())
    return palette[:, 0][indices] if is_grey else palette[indices]
