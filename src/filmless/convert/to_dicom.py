"""A picture becomes a Secondary Capture image."""

from os import PathLike, fspath
from typing import Any

from filmless.convert.header import HeaderRules
from filmless.convert.notice import ConversionNotice
from filmless.convert.options import Background, ReadOptions, as_colours
from filmless.convert.reading import Source, contents
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError

__all__ = ["Source", "to_dicom"]


def to_dicom(
    source: Source,
    *,
    background: Background = 255,
    strip_metadata: bool = False,
    verify: bool = False,
    max_pixels: int = 1 << 28,
    notices: list[ConversionNotice] | None = None,
    **header: Any,
) -> Dataset:
    """Make a picture a Secondary Capture image.

    Parameters
    ----------
    source
        A path, the bytes or a binary stream of a JPEG, PNG, BMP, TIFF, GIF or EMF, found by what it holds and not by
        its name; or a PIL image; or a numpy array of shape (rows, columns), (rows, columns, 3 or 4) or, with more
        than one frame, (frames, rows, columns) or (frames, rows, columns, 3 or 4).
    background
        What transparent parts are laid over: a grey or a colour of 0 to 255. White by default, as paper.
    strip_metadata
        Leave the EXIF, XMP, IPTC, comment, thumbnail and application segments out of a JPEG that is stored as it is.
    verify
        Decode a stream that goes in as it is, and refuse one that does not decode to its end.
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
    rules = HeaderRules(values=header)
    options = ReadOptions(
        background=background,
        strip_metadata=strip_metadata,
        verify=verify,
        max_pixels=max_pixels,
    )
    try:
        found = contents(source, options)
        if len(found) != 1:
            raise ConversionError(
                f"the source becomes {len(found)} objects, expected one", hint="`convert_many` gives all of them"
            )
        ds = rules.data_set(found[0])
    except DicomError as error:
        if error.path is None and isinstance(source, str | PathLike):
            error.path = fspath(source)
        raise
    if notices is not None:
        notices.extend(options.notices)
    return ds
