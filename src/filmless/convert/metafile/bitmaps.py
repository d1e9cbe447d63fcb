"""Device-independent bitmaps of all depths as pixels; [MS-WMF] 2.2.2.9, 2.2.2.3, 2.1.1.7, 3.1.6 (runs)."""

import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.records import Record

__all__ = ["BitmapHeader", "bitmap_header", "decode_dib"]

_RGB, _RLE8, _RLE4, _BITFIELDS = range(4)
_PAL_COLOURS, _PAL_INDICES = 1, 2
_DEPTHS = {_RGB: (1, 4, 8, 16, 24, 32), _RLE8: (8,), _RLE4: (4,), _BITFIELDS: (16, 32)}
_CORE = 12


class BitmapHeader(NamedTuple):
    """What a bitmap says of itself; ``size`` with its colours and masks."""

    columns: int
    rows: int
    is_top_down: bool
    depth: int
    compression: int
    colours: int
    masks: tuple[int, ...]
    table_at: int
    size: int


def bitmap_header(header: memoryview, record: Record, *, usage: int = 0) -> BitmapHeader:
    """Read and check the header of a bitmap; colours behind it are measured, not read.

    Raises
    ------
    ConversionError
        It is damaged, or of a kind that is not drawn.
    """
    if len(header) < _CORE:
        record.refuse("its bitmap has no whole header")
    (size,) = struct.unpack_from("<I", header)
    compression = used = 0
    masks: tuple[int, ...] = ()
    if size == _CORE:
        columns, rows, _, depth = struct.unpack_from("<HHHH", header, 4)
    elif 40 <= size <= len(header):
        columns, rows, _, depth, compression = struct.unpack_from("<iiHHI", header, 4)
        (used,) = struct.unpack_from("<I", header, 32)
    else:
        record.refuse("its bitmap has no whole header")
    if columns <= 0 or rows == 0:
        record.refuse(f"its bitmap has {columns} x {rows} pixels")
    if depth not in _DEPTHS.get(compression, ()):
        record.refuse(f"its bitmap of {depth} bits and compression {compression} is not drawn")
    table_at = size
    if compression == _BITFIELDS:
        if len(header) < 52:
            record.refuse("its bitmap has no masks")
        masks = struct.unpack_from("<III", header, 40)
        table_at = max(size, 52)
    entry = 3 if size == _CORE else 2 if usage == _PAL_COLOURS else 4
    colours = 0 if depth > 8 else min(used or 1 << depth, 1 << depth)
    if usage == _PAL_INDICES:
        colours = 0
    # A table that one may skip stands before deep pixels, too.
    listed = colours if depth <= 8 else used if used <= 256 else 0
    total = table_at + entry * listed
    return BitmapHeader(columns, abs(rows), rows < 0, depth, compression, colours, masks, table_at, total)


def decode_dib(
    header: memoryview,
    bits: memoryview,
    record: Record,
    *,
    charge: Callable[[int, int], None],
    usage: int = 0,
    palette: Sequence[tuple[int, int, int]] = (),
    lines: int | None = None,
) -> NDArray[np.uint8]:
    """Decode a bitmap to shape (rows, columns, 4), top first; the fourth is what lies beside RGB, 255 where nothing.

    Parameters
    ----------
    charge
        Is asked before pixels are allocated; raises when they are too many.
    usage
        Whether colours are numbers of a palette: [MS-WMF] 2.1.1.6.
    lines
        How many rows ``bits`` holds, all by default.

    Raises
    ------
    ConversionError
        It is damaged, or of a kind that is not drawn.
    """
    form = bitmap_header(header, record, usage=usage)
    rows = form.rows if lines is None else lines
    if rows <= 0:
        record.refuse("its bitmap has no rows")
    charge(form.columns, rows)
    if form.compression in (_RLE8, _RLE4):
        indices = _runs(bytes(bits), form.columns, rows, nibbles=form.compression == _RLE4)
    else:
        stride = (form.columns * form.depth + 31) // 32 * 4
        # Some writers leave the padding of the last row out.
        needed = stride * (rows - 1) + (form.columns * form.depth + 7) // 8
        if len(bits) < needed:
            record.refuse(f"its bitmap has {len(bits)} bytes, expected {needed}")
        raw = np.frombuffer(bytes(bits[: stride * rows]).ljust(stride * rows, b"\0"), np.uint8).reshape(rows, stride)
        if form.depth > 8:
            rgba = _deep(raw, form)
            return rgba if form.is_top_down else np.ascontiguousarray(rgba[::-1])
        indices = _indices(raw, form)
    table = _colours(header, form, record, usage, palette)
    rgba = table[np.minimum(indices, len(table) - 1)]
    return rgba if form.is_top_down else np.ascontiguousarray(rgba[::-1])


def _indices(raw: NDArray[np.uint8], form: BitmapHeader) -> NDArray[np.uint8]:
    if form.depth == 1:
        return np.unpackbits(raw, axis=1)[:, : form.columns]
    if form.depth == 4:
        return np.stack([raw >> 4, raw & 15], axis=2).reshape(len(raw), -1)[:, : form.columns]
    return raw[:, : form.columns]


def _deep(raw: NDArray[np.uint8], form: BitmapHeader) -> NDArray[np.uint8]:
    result = np.full((len(raw), form.columns, 4), 255, np.uint8)
    if form.depth == 24:
        result[..., :3] = raw[:, : form.columns * 3].reshape(len(raw), -1, 3)[..., ::-1]
    elif form.depth == 32 and form.compression == _RGB:
        pixels = raw[:, : form.columns * 4].reshape(len(raw), -1, 4)
        result[..., :3], result[..., 3] = pixels[..., 2::-1], pixels[..., 3]
    else:
        words = np.ascontiguousarray(raw).view("<u2" if form.depth == 16 else "<u4")[:, : form.columns]
        for channel, mask in enumerate(form.masks or (0x7C00, 0x03E0, 0x001F)):
            if mask:
                shift = (mask & -mask).bit_length() - 1
                most = mask >> shift
                values = (words.astype(np.uint64) & mask) >> shift
                result[..., channel] = (values * 255 + most // 2) // most
            else:
                result[..., channel] = 0
    return result


def _colours(
    header: memoryview, form: BitmapHeader, record: Record, usage: int, palette: Sequence[tuple[int, int, int]]
) -> NDArray[np.uint8]:
    """Return the colour table, shape (count, 4)."""
    table = np.full((max(form.colours, 1), 4), (0, 0, 0, 255), np.uint8)
    if usage in (_PAL_COLOURS, _PAL_INDICES):
        if not palette:
            record.refuse("its bitmap has colours of the device's palette")
        count = form.colours
        if usage == _PAL_COLOURS:
            if form.table_at + 2 * count > len(header):
                record.refuse("its bitmap has no whole table of colours")
            numbers = np.frombuffer(header, "<u2", count, form.table_at)
        else:
            numbers = np.arange(1 << form.depth, dtype=np.uint16)
        colours = np.asarray(palette, np.uint8)
        table = np.full((len(numbers), 4), 255, np.uint8)
        table[:, :3] = colours[np.minimum(numbers, len(colours) - 1)]
        return table
    entry = 3 if form.table_at == _CORE else 4
    # Tables of fewer colours than they say are met.
    count = min(form.colours, max(0, len(header) - form.table_at) // entry)
    if count == 0:
        record.refuse("its bitmap has no table of colours")
    raw = np.frombuffer(header, np.uint8, count * entry, form.table_at).reshape(count, entry)
    table[:count, :3] = raw[:, 2::-1]
    return table


def _runs(data: bytes, columns: int, rows: int, *, nibbles: bool) -> NDArray[np.uint8]:
    """Undo run lengths; what the runs leave out is colour 0."""
    result = np.zeros((rows, columns), np.uint8)
    x = y = at = 0
    while at + 2 <= len(data) and y < rows:
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            run = bytes([value >> 4, value & 15]) * ((count + 1) // 2) if nibbles else bytes([value]) * count
        elif value == 0:
            x, y = 0, y + 1
            continue
        elif value == 1:
            break
        elif value == 2:
            if at + 2 > len(data):
                break
            x, y, at = x + data[at], y + data[at + 1], at + 2
            continue
        else:
            count = value
            size = (count + 1) // 2 if nibbles else count
            run = data[at : at + size]
            if nibbles:
                run = bytes(half for byte in run for half in (byte >> 4, byte & 15))
            at += size + (size & 1)
        part = run[:count][: max(0, columns - x)]
        result[y, x : x + len(part)] = np.frombuffer(part, np.uint8)
        x += count
    return result
