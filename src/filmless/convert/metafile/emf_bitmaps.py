"""EMF records that show bitmaps; [MS-EMF] 2.3.1."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from filmless.convert.metafile.bitmaps import bitmap_header, decode_dib
from filmless.convert.metafile.blits import blit, cropped, fill_box, place_matrix, uses_source
from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.gradients import gradient_fill
from filmless.convert.metafile.mapping import IDENTITY, moved
from filmless.convert.metafile.records import Record

__all__ = ["BITMAPS"]

_SRCCOPY = 0x00CC_0020
Box = tuple[float, float, float, float]


def _bitmap(dc: DeviceContext, record: Record, where: int, usage: int, lines: int | None = None) -> NDArray[np.uint8]:
    """Decode the bitmap whose place is told at an offset: header and bits, each with its size."""
    header_at, header_size, bits_at, bits_size = record.numbers("IIII", where)
    header, bits = record.part(header_at, header_size), record.part(bits_at, bits_size)
    return decode_dib(
        header, bits, record, charge=dc.canvas.charge_pixels, usage=usage, palette=dc.state.palette.colours, lines=lines
    )


def _source_box(record: Record, x: float, y: float, width: float, height: float) -> Box:
    """Map the source's box by the transform of its own device context, at 52."""
    m11, m12, m21, m22, dx, dy = record.numbers("ffffff", 52)
    if m12 or m21:
        record.refuse("a turned source is not drawn")
    box = x * m11 + dx, y * m22 + dy, width * m11, height * m22
    if not all(abs(number) < 1e9 for number in box):
        record.refuse("its source lies beyond all bounds")
    return tuple(round(number, 3) for number in box)


def _bit_blt(dc: DeviceContext, record: Record, *, stretch: bool) -> None:
    x, y, width, height, operation, sx, sy = record.numbers("iiiiIii", 24)
    box = (x, y, width, height)
    if not record.numbers("I", 88)[0]:
        if uses_source(operation):
            record.refuse("it has no bitmap, but its raster operation needs one")
        fill_box(dc, box, operation, record)
        return
    size = record.numbers("ii", 100) if stretch else (width, height)
    source = _source_box(record, sx, sy, *size)
    bitmap = _bitmap(dc, record, 84, record.numbers("I", 80)[0])
    part, target = cropped(bitmap, source, box, record)
    _blit_part(dc, part, target, operation, record)


def _blit_part(
    dc: DeviceContext, part: NDArray[np.uint8], target: Box, operation: int, record: Record, *, alpha: bool = False
) -> None:
    if not part.size:
        dc.notice("metafile-bitmap", f"{record.name}: nothing of its bitmap is shown")
        return
    matrix = place_matrix(dc, part.shape[1], part.shape[0], target)
    blit(dc, np.ascontiguousarray(part if alpha else part[..., :3]), matrix, operation, record)


def _stretch_dib(dc: DeviceContext, record: Record) -> None:
    x, y, sx, sy, across, down = record.numbers("iiiiii", 24)
    usage, operation, width, height = record.numbers("IIii", 64)
    box = (x, y, width, height)
    if not record.numbers("I", 52)[0]:
        if uses_source(operation):
            record.refuse("it has no bitmap, but its raster operation needs one")
        fill_box(dc, box, operation, record)
        return
    bitmap = _bitmap(dc, record, 48, usage)
    header_at, header_size = record.numbers("II", 48)
    if not bitmap_header(record.part(header_at, header_size), record, usage=usage).is_top_down:
        sy = len(bitmap) - sy - down  # counted from the bitmap's lowest row
    part, target = cropped(bitmap, (sx, sy, across, down), box, record)
    _blit_part(dc, part, target, operation, record)


def _dib_to_device(dc: DeviceContext, record: Record) -> None:
    """Pixels of the bitmap are pixels of the device, whatever the mapping is."""
    x, y, sx, sy, across, down = record.numbers("iiiiii", 24)
    usage, first, lines = record.numbers("III", 64)
    header_at, header_size = record.numbers("II", 48)
    form = bitmap_header(record.part(header_at, header_size), record, usage=usage)
    lines = min(lines, form.rows)
    bitmap = _bitmap(dc, record, 48, usage, lines)
    if not form.is_top_down:
        # The rows given are those from `first` on, counted from below, and the source's box is, too.
        top = form.rows - first - lines
        sy = form.rows - sy - down - top
    else:
        sy -= first
    left, upper = moved(dc.matrix, x, y)
    unit = dc.picture
    part, target = cropped(bitmap, (sx, sy, across, down), (0, 0, across, down), record)
    if not part.size:
        return
    x0, y0 = left + target[0] * unit[0], upper + target[1] * unit[3]
    corners = np.rint([x0, y0, x0 + target[2] * unit[0], y0 + target[3] * unit[3]]).tolist()
    matrix = (
        max(1.0, corners[2] - corners[0]) / part.shape[1],
        0.0,
        0.0,
        max(1.0, corners[3] - corners[1]) / part.shape[0],
    )
    blit(dc, np.ascontiguousarray(part[..., :3]), (*matrix, corners[0], corners[1]), _SRCCOPY, record)


def _mask(dc: DeviceContext, record: Record, where: int, usage: int) -> NDArray[np.bool_]:
    """Decode a mask of one bit."""
    bitmap = _bitmap(dc, record, where, usage)
    mask: NDArray[np.bool_] = bitmap[..., 0] > 127
    return mask


def _mask_blt(dc: DeviceContext, record: Record) -> None:
    """Where the mask is 1 the foreground operation is done, elsewhere the background one: [MS-EMF] 2.3.1.3."""
    x, y, width, height, operation, sx, sy = record.numbers("iiiiIii", 24)
    mx, my, mask_usage = record.numbers("iiI", 100)
    box = (x, y, width, height)
    if not record.numbers("I", 88)[0]:
        record.refuse("a mask without a bitmap is not drawn")
    source = _source_box(record, sx, sy, width, height)
    bitmap = _bitmap(dc, record, 84, record.numbers("I", 80)[0])
    foreground, background = operation & 0xFF_0000, operation >> 8 & 0xFF_0000
    part, target = cropped(bitmap, source, box, record)
    if not record.numbers("I", 116)[0]:
        _blit_part(dc, part, target, foreground, record)
        return
    if (foreground, background) != (0xCC_0000, 0xAA_0000) or source[2:] != (width, height):
        record.refuse("a mask with other raster operations than SRCCOPY and NOP is not drawn")
    mask = _mask(dc, record, 112, mask_usage)
    shown, _ = cropped(np.dstack([mask.astype(np.uint8) * 255] * 3), (mx, my, width, height), box, record)
    if shown.shape[:2] != part.shape[:2]:
        record.refuse("a mask of another size than its bitmap is not drawn")
    _blit_part(dc, np.dstack([part[..., :3], shown[..., 0]]), target, foreground, record, alpha=True)


def _plg_blt(dc: DeviceContext, record: Record) -> None:
    """Show a bitmap in a parallelogram of three corners: upper left, upper right, lower left."""
    corners = record.points(24, 3, short=False)
    sx, sy, width, height = record.numbers("iiii", 48)
    m11, m12, m21, m22, dx, dy = record.numbers("ffffff", 64)
    mx, my, mask_usage = record.numbers("iiI", 112)
    if (m11, m12, m21, m22, dx, dy) != IDENTITY:
        record.refuse("a source with a transform of its own is not drawn")
    header_at, header_size, bits_at, bits_size = record.numbers("IIII", 96)
    usage = record.numbers("I", 92)[0]
    header, bits = record.part(header_at, header_size), record.part(bits_at, bits_size)
    bitmap = decode_dib(
        header, bits, record, charge=dc.canvas.charge_pixels, usage=usage, palette=dc.state.palette.colours
    )
    part, target = cropped(bitmap, (sx, sy, width, height), (0, 0, width, height), record)
    if record.numbers("I", 128)[0]:
        mask = _mask(dc, record, 124, mask_usage)
        shown, _ = cropped(np.dstack([mask.astype(np.uint8) * 255] * 3), (mx, my, width, height), target, record)
        if shown.shape[:2] != part.shape[:2]:
            record.refuse("a mask of another size than its bitmap is not drawn")
        part = np.dstack([part[..., :3], shown[..., 0]])
    else:
        part = part[..., :3]
    if not part.size or not width or not height:
        return
    a, b, c = dc.to_picture(corners)
    across, down = (b - a) / width, (c - a) / height
    start = a + across * target[0] + down * target[1]
    numbers = [float(number) for number in (*across, *down, *start)]
    blit(dc, np.ascontiguousarray(part), tuple(numbers), _SRCCOPY, record)  # type: ignore[arg-type] # six


def _alpha_blend(dc: DeviceContext, record: Record) -> None:
    """Laid over by a constant and, where the bitmap has it, by its own alpha, premultiplied: [MS-EMF] 2.3.1.1."""
    x, y, width, height, blend, sx, sy = record.numbers("iiiiIii", 24)
    operation, _, constant, of_pixel = blend & 255, blend >> 8 & 255, blend >> 16 & 255, blend >> 24
    if operation != 0:
        record.refuse(f"blend operation {operation} is not drawn")
    bitmap = _bitmap(dc, record, 84, record.numbers("I", 80)[0]).copy()
    if of_pixel & 1:
        alpha = bitmap[..., 3:].astype(np.uint16)
        bitmap[..., :3] = np.where(
            alpha > 0, np.minimum(255, bitmap[..., :3] * np.uint16(255) // np.maximum(alpha, 1)), 0
        )
    else:
        bitmap[..., 3] = 255
    bitmap[..., 3] = (bitmap[..., 3].astype(np.uint16) * constant + 127) // 255
    source = _source_box(record, sx, sy, *record.numbers("ii", 100))
    part, target = cropped(bitmap, source, (x, y, width, height), record)
    _blit_part(dc, part, target, _SRCCOPY, record, alpha=True)


def _transparent_blt(dc: DeviceContext, record: Record) -> None:
    """All pixels but those of one colour: [MS-EMF] 2.3.1.8."""
    x, y, width, height, colour, sx, sy = record.numbers("iiiiIii", 24)
    bitmap = _bitmap(dc, record, 84, record.numbers("I", 80)[0]).copy()
    bitmap[..., 3] = np.where((bitmap[..., :3] == dc.colour(colour)).all(axis=2), 0, 255)
    source = _source_box(record, sx, sy, *record.numbers("ii", 100))
    part, target = cropped(bitmap, source, (x, y, width, height), record)
    _blit_part(dc, part, target, _SRCCOPY, record, alpha=True)


def _gradient(dc: DeviceContext, record: Record) -> None:
    vertices, objects, mode = record.numbers("III", 24)
    gradient_fill(dc, record, 36, vertices, objects, mode)


BITMAPS: dict[int, tuple[str, Callable[[DeviceContext, Record], None] | None]] = {
    21: ("SETSTRETCHBLTMODE", None),  # pixels that grow stay squares, those that shrink are blended
    76: ("BITBLT", partial(_bit_blt, stretch=False)),
    77: ("STRETCHBLT", partial(_bit_blt, stretch=True)),
    78: ("MASKBLT", _mask_blt),
    79: ("PLGBLT", _plg_blt),
    80: ("SETDIBITSTODEVICE", _dib_to_device),
    81: ("STRETCHDIBITS", _stretch_dib),
    114: ("ALPHABLEND", _alpha_blend),
    116: ("TRANSPARENTBLT", _transparent_blt),
    118: ("GRADIENTFILL", _gradient),
}
"""Number → name and handler; None is for what changes nothing."""
