"""A picture becomes a Secondary Capture image."""

from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filmless.convert.array import read_array, read_image
from filmless.convert.deep import read_png, read_tiff
from filmless.convert.header import check_header, secondary_capture
from filmless.convert.jpeg import read_jpeg
from filmless.convert.metafile import MetafileOptions, read_metafile
from filmless.convert.notice import ConversionNotice
from filmless.convert.picture import Background, Picture, Resolution, as_colours
from filmless.convert.raster import Options, read_with_pillow
from filmless.convert.sniff import sniff
from filmless.dataset import Dataset
from filmless.errors import DicomError

__all__ = ["Source", "to_dicom"]

Source = str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Image.Image | NDArray[Any]


def to_dicom(
    source: Source,
    *,
    background: Background = 255,
    strip_metadata: bool = False,
    max_pixels: int = 1 << 28,
    notices: list[ConversionNotice] | None = None,
    **header: Any,
) -> Dataset:
    """Make a picture a Secondary Capture image.

    Parameters
    ----------
    source
        A path, the bytes or a binary stream of a JPEG, PNG, BMP, TIFF, GIF, EMF or WMF, found by what it holds and not
        by its name; or a PIL image; or a numpy array of shape (rows, columns), (rows, columns, 3 or 4) or, with more
        than one frame, (frames, rows, columns) or (frames, rows, columns, 3 or 4).
    background
        What transparent parts are laid over: a grey or a colour of 0 to 255. White by default, as paper.
    strip_metadata
        Leave the EXIF, XMP, IPTC, comment, thumbnail and application segments out of a JPEG that is stored as it is.
    max_pixels
        The largest picture that is decoded.
    notices
        Gets what was found and done: embedded EXIF, further pages, alpha, …
    **header
        Values by keyword: ``PatientName="Doe^Jane"``.

    Returns
    -------
    Dataset
        A Secondary Capture Image; of more than one frame, a Multi-frame Grayscale Byte, Grayscale Word or True Color
        Secondary Capture Image. Its transfer syntax is JPEG Baseline when the source is an upright baseline JPEG,
        whose stream it then holds bit for bit, else Explicit VR Little Endian.

    Raises
    ------
    ConversionError
        The picture is damaged, ends early, or is of a kind that is not converted; or a header value is wrong.
    LimitError
        The picture has more than ``max_pixels``.
    OSError
        The path cannot be read.

    Notes
    -----
    Grey stays grey with all its bits, palettes become RGB, CMYK and YCbCr too, single bits become grey of 0 and 255.
    EXIF orientation is applied. Dates and times are now, UIDs are fresh, unless given.

    DICOM
    -----
    PS3.3 A.8, C.8.6; PS3.5 8.2.1, A.4

    Examples
    --------
    >>> ds = to_dicom("retina.jpg", PatientName="Doe^Jane", PatientID="42")
    >>> ds.PhotometricInterpretation
    'YBR_FULL_422'
    >>> ds.save_as("retina.dcm")
    """
    as_colours(background)
    check_header(header)
    options = Options(background, strip_metadata, max_pixels)
    try:
        picture = _read(source, options)
        ds = secondary_capture(picture, header)
    except DicomError as error:
        if error.path is None and isinstance(source, str | PathLike):
            error.path = fspath(source)
        raise
    if notices is not None:
        notices.extend(options.notices)
    return ds


def _read(source: Source, options: Options) -> Picture:
    if isinstance(source, Image.Image):
        return read_image(source, options)
    if isinstance(source, np.ndarray):
        return read_array(source, options)
    data = _bytes_of(source)
    match sniff(data):
        case "JPEG":
            return read_jpeg(data, options)
        case "PNG":
            return read_png(data, options)
        case "TIFF":
            return read_tiff(data, options)
        case "EMF" | "WMF":
            return _read_metafile(data, options)
        case name:
            return read_with_pillow(name, data, options)


def _read_metafile(data: bytes, options: Options) -> Picture:
    drawing = read_metafile(
        data,
        MetafileOptions(background=options.background, max_pixels=options.max_pixels, notice=options.notice),
    )
    if drawing.bitmap is not None or drawing.rgb is None:
        return read_with_pillow("BMP", drawing.bitmap or b"", options)
    dpi = drawing.resolution_dpi
    return Picture.of_samples(drawing.rgb, resolution=None if dpi is None else Resolution(dpi, dpi))


def _bytes_of(source: str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO) -> bytes:
    if isinstance(source, str | PathLike):
        return Path(source).read_bytes()
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if not hasattr(source, "read"):
        raise TypeError(f"source is a {type(source).__name__}, expected a path, bytes, a binary stream, image or array")
    data = source.read()
    if not isinstance(data, bytes):
        raise TypeError("source is a stream of text, expected a binary one")
    return data
