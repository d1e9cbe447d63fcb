"""A metafile's bytes become its bitmap or its picture."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from filmless.convert.formats import is_emf, is_wmf
from filmless.convert.metafile import records_emf, records_wmf
from filmless.convert.metafile.canvas_svg import CanvasSvg
from filmless.convert.metafile.device_context import DeviceContext
from filmless.convert.metafile.mapping import Mapping
from filmless.convert.metafile.only_bitmap import only_emf_bitmap, only_wmf_bitmap
from filmless.convert.metafile.options import Drawing, MetafileOptions
from filmless.convert.metafile.rasterise import rasterise
from filmless.convert.metafile.records_emf import EmfHeader, play_emf, read_emf_header
from filmless.convert.metafile.records_wmf import WmfHeader, play_wmf, read_wmf_header
from filmless.convert.notice import ConversionNotice
from filmless.errors import ConversionError, LimitError

__all__ = ["read_metafile", "to_svg"]

_MAX_SIDE = 0xFFFF  # Rows and Columns are US
_UNSIZED = 2000
"""Pixels of the longest side of a metafile that says no size in inches."""


class _Played(NamedTuple):
    dc: DeviceContext
    resolution_dpi: float | None
    width_mm: float | None


def read_metafile(data: bytes, options: MetafileOptions | None = None) -> Drawing:
    """Draw an EMF or WMF.

    Parameters
    ----------
    data
        The file.
    options
        Resolution, paper and limits.

    Returns
    -------
    Drawing
        The bitmap as a BMP file, bit for bit, when that is all the metafile shows; else pixels of RGB.

    Raises
    ------
    ConversionError
        It is damaged, empty, or has a record that changes the picture and cannot be drawn truly: the message names it.
    LimitError
        It is larger than the options allow.

    DICOM
    -----
    None: [MS-EMF], [MS-WMF].
    """
    notices: dict[tuple[str, str], ConversionNotice] = {}
    options = options or MetafileOptions()

    def notice(code: str, message: str) -> None:
        if (code, message) not in notices and len(notices) < 100:
            notices[code, message] = ConversionNotice(code, message)
            if options.notice is not None:
                options.notice(code, message)

    bitmap = _only_bitmap(data, options.max_records)
    if bitmap is not None:
        return Drawing(bitmap, notices=list(notices.values()))
    played = _play(data, replace(options, notice=notice))
    canvas = played.dc.canvas
    with np.errstate(all="ignore"):
        rgb = rasterise(canvas.finish(), canvas.columns, canvas.rows, played.dc.fonts.used)
    return Drawing(rgb=rgb, resolution_dpi=played.resolution_dpi, notices=list(notices.values()))


def _only_bitmap(data: bytes, max_records: int) -> bytes | None:
    if is_emf(data):
        return only_emf_bitmap(data, records_emf.walk(data), max_records=max_records)
    if is_wmf(data):
        return only_wmf_bitmap(data, records_wmf.walk(data, 40 if data[:1] == b"\xd7" else 18), max_records=max_records)
    return None


def to_svg(data: bytes, options: MetafileOptions | None = None) -> str:
    """Write the drawing of an EMF or WMF as SVG, in pixels of the resolution that the options have.

    Raises
    ------
    ConversionError
        As `read_metafile` does.
    LimitError
        As `read_metafile` does.

    DICOM
    -----
    None: [MS-EMF], [MS-WMF].
    """
    played = _play(data, options or MetafileOptions())
    return played.dc.canvas.finish(width_mm=played.width_mm)


def _play(data: bytes, options: MetafileOptions) -> _Played:
    # Numbers that are none are met where points are drawn.
    with np.errstate(all="ignore"):
        if is_emf(data):
            header = read_emf_header(data)
            played = _begin(header.width_mm, header.height_mm, header, Mapping(header.device_per_mm), options)
            play_emf(played.dc, data, max_records=options.max_records)
        elif is_wmf(data):
            wmf = read_wmf_header(data, max_records=options.max_records)
            played = _begin(wmf.width_mm, wmf.height_mm, wmf, wmf.mapping, options)
            play_wmf(played.dc, data, wmf, max_records=options.max_records)
        else:
            raise ConversionError("these bytes are neither EMF nor WMF")
    if not played.dc.canvas.has_drawn:
        raise ConversionError("the metafile draws nothing")
    return played


def _begin(
    width_mm: float | None,
    height_mm: float | None,
    place: EmfHeader | WmfHeader,
    mapping: Mapping,
    options: MetafileOptions,
) -> _Played:
    """Choose the picture's size and open it."""
    sized = bool(width_mm and height_mm)
    width, height = width_mm or place.width, height_mm or place.height
    scale = options.dpi / 25.4
    if options.size is not None or not sized:
        scale = (options.size or _UNSIZED) / max(width, height)
    columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
    if columns * rows > options.max_pixels or max(columns, rows) > _MAX_SIDE:
        raise LimitError(
            f"the metafile would be {columns} x {rows} pixels",
            limit="max_pixels",
            value=options.max_pixels,
            hint="ask for less dpi",
        )
    dpi = scale * 25.4 if sized else None
    canvas = CanvasSvg(columns, rows, paper=options.paper, max_points=options.max_points, max_pixels=options.max_pixels)
    sx, sy = columns / place.width, rows / place.height
    picture = (sx, 0.0, 0.0, sy, -place.left * sx, -place.top * sy)
    notice = options.notice or (lambda code, message: None)  # noqa: ARG005
    dc = DeviceContext(canvas, picture, mapping, screen_pixel=max(1.0, (dpi or 96) / 96), notice=notice)
    return _Played(dc, dpi, width_mm)
