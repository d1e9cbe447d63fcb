"""One source becomes one object."""

from os import PathLike, fspath
from typing import Any

from filmless.convert.finishing import check_finish, finished
from filmless.convert.header import HeaderRules, Origin
from filmless.convert.notice import ConversionNotice
from filmless.convert.options import Background, ReadOptions
from filmless.convert.reading import Source, contents
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError

__all__ = ["to_dicom"]


def to_dicom(
    source: Source,
    *,
    background: Background = 255,
    strip_metadata: bool = False,
    verify: bool = False,
    max_pixels: int = 1 << 28,
    as_images: bool = False,
    dpi: float = 200.0,
    size: int | None = None,
    transfer_syntax: str | None = None,
    quality: float | None = None,
    notices: list[ConversionNotice] | None = None,
    **options: Any,
) -> Dataset:
    """Make a picture, video or document a DICOM object.

    Parameters
    ----------
    source
        A path, the bytes or a binary stream of a file, whose format is found by what it holds and not by its name; or a
        PIL image; or a numpy array of shape (rows, columns), (rows, columns, 1, 3 or 4) or, with more than one
        frame, (frames, rows, columns) or (frames, rows, columns, 1, 3 or 4).
    background
        What transparent parts are laid over, and the paper of drawings: a grey or a colour of 0 to 255.
    strip_metadata
        Leave the EXIF, XMP, IPTC, comment, thumbnail and application segments out of a stream that is stored as it is.
    verify
        Decode a stream that goes in as it is, and refuse one that does not decode to its end.
    max_pixels
        The most pixels that are decoded, of all frames together.
    as_images
        Make the pages of a PDF images, in place of encapsulating it.
    dpi, size
        Pixels per inch, or of the longer side, of what has none of its own: EMF, WMF, pages of PDF.
    transfer_syntax, quality
        What to compress with (UID, keyword or short name as ``"j2k"``), and how well when that loses something. By
        default what is stored is the source's own stream where a transfer syntax can carry it, else uncompressed.
    notices
        Gets what was found and done: embedded EXIF, alpha, what was assumed, …
    **options
        Parameters of `filmless.convert.header.HeaderRules` (``sop_class``, ``template``, ``worklist``, ``table``,
        ``name_pattern``, ``exif``, ``deterministic``, ``uid_root``, …), and header values by keyword:
        ``PatientName="Doe^Jane"``.

    Returns
    -------
    Dataset
        An object of the SOP class that follows from the content and from Modality, or of the one that was named. All
        its type 1 and 2 attributes are there.

    Raises
    ------
    ConversionError
        The source is damaged, ends early, is of a kind that is not converted, or becomes more than one object; or a
        header value is wrong.
    LimitError
        It has more than ``max_pixels``.
    OSError
        The path cannot be read.

    Notes
    -----
    Grey stays grey with all its bits, palettes become RGB, CMYK and YCbCr too, single bits become grey of 0 and 255.
    EXIF orientation is applied. Frames and pages of one size are frames of one object. Dates and times are now, UIDs
    are fresh, unless given.

    DICOM
    -----
    PS3.3 A.8, A.32, A.45, A.75; PS3.5 8.2, A.4

    Examples
    --------
    >>> ds = to_dicom("retina.jpg", PatientName="Doe^Jane", PatientID="42")
    >>> ds.PhotometricInterpretation
    'YBR_FULL_422'
    >>> ds.save_as("retina.dcm")
    """
    check_finish(transfer_syntax, quality)
    rules = HeaderRules.of(options)
    reading = ReadOptions(
        background=background,
        strip_metadata=strip_metadata,
        verify=verify,
        max_pixels=max_pixels,
        as_images=as_images,
        dpi=dpi,
        size=size,
        exif=rules.exif,
        timed=rules.may_give_time,
    )
    path = fspath(source) if isinstance(source, str | PathLike) else None
    try:
        origin = Origin(path=path, alone=True)
        found = [
            part
            for content in contents(source, reading)
            for part in rules.frames_apart(content, origin, notices=reading.notices)
        ]
        if len(found) != 1:
            reason = "".join(f": {notice.message}" for notice in reading.notices if notice.code == "apart")
            raise ConversionError(
                f"the source becomes {len(found)} objects, expected one{reason}",
                hint="`convert_many` gives all of them",
            )
        ds = rules.data_set(found[0], origin, notices=reading.notices)
        ds = finished(ds, transfer_syntax, quality=quality, threads=None)
    except DicomError as error:
        if error.path is None:
            error.path = path
        raise
    if notices is not None:
        notices.extend(reading.notices)
    return ds
