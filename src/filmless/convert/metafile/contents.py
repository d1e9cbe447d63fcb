"""What a metafile holds on its way to DICOM."""

from filmless.convert.content import Content, Picture, Resolution
from filmless.convert.metafile.options import MetafileOptions
from filmless.convert.metafile.reading import read_metafile
from filmless.convert.options import ReadOptions

__all__ = ["read"]


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read an EMF or WMF: its bitmap, bit for bit, when that is all it shows; else its drawing.

    Raises
    ------
    ConversionError
        It is damaged, empty, or has a record that changes the picture and cannot be drawn truly.
    LimitError
        It is larger than the options allow.
    """
    asked = MetafileOptions(
        dpi=options.dpi,
        size=options.size,
        background=options.background,
        max_pixels=options.max_pixels,
        notice=options.notice,
    )
    drawing = read_metafile(data, asked)
    if drawing.rgb is None:
        from filmless.convert.pictures import bmp

        return list(bmp.read(drawing.bitmap or b"", options))
    dpi = drawing.resolution_dpi
    return [Picture.of_samples(drawing.rgb, resolution=None if dpi is None else Resolution(dpi, dpi))]
