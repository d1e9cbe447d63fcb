"""A data set becomes something that a person can use."""

from collections.abc import Iterable
from os import PathLike, fspath
from typing import BinaryIO, Literal, Unpack, cast, overload

from filmless.convert.notice import ConversionNotice
from filmless.convert.out.formats import format_named, format_of_suffix
from filmless.convert.out.options import OutOptions
from filmless.convert.out.parts import outputs
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError
from filmless.file import read

__all__ = ["from_dicom"]

OneSource = Dataset | str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO


@overload
def from_dicom(
    source: OneSource | Iterable[OneSource],
    format: str,
    output: None = None,
    *,
    frame: int | None = None,
    frames: Iterable[int] | Literal["all"] | None = None,
    notices: list[ConversionNotice] | None = None,
    **options: Unpack[OutOptions],
) -> bytes: ...
@overload
def from_dicom(
    source: OneSource | Iterable[OneSource],
    format: str,
    output: str | PathLike[str] | BinaryIO,
    *,
    frame: int | None = None,
    frames: Iterable[int] | Literal["all"] | None = None,
    notices: list[ConversionNotice] | None = None,
    **options: Unpack[OutOptions],
) -> None: ...
def from_dicom(
    source: OneSource | Iterable[OneSource],
    format: str,  # noqa: A002 - the word everybody looks for
    output: str | PathLike[str] | BinaryIO | None = None,
    *,
    frame: int | None = None,
    frames: Iterable[int] | Literal["all"] | None = None,
    notices: list[ConversionNotice] | None = None,
    **options: Unpack[OutOptions],
) -> bytes | None:
    r"""Make a data set a picture, an animation, a video, an array, a table, or take out what is embedded in it.

    Parameters
    ----------
    source
        A data set, or a DICOM file: its path, its bytes or a binary stream. Several for a PDF.
    format
        The name of a format. One frame: ``"png"``, ``"jpeg"``, ``"bmp"``, ``"jpeg-2000"``, ``"jpeg-xl"``. All frames:
        ``"tiff"``, ``"gif"``, ``"webp"``, ``"apng"``, ``"mp4"``, ``"pdf"``, ``"npy"``, ``"npz"``, ``"raw"``. The
        header: ``"json"``, ``"xml"``, ``"csv"``. As it is stored: ``"streams"``, ``"document"``.
    output
        A path, which is written whole or not at all, or a binary stream; without one the bytes are returned.
    frame
        One frame, from 0. By default formats of one frame take the first, the others all.
    frames
        Some frames, or ``"all"``, for a format that holds them.
    notices
        Gets what was found and done: ``first-frame``, ``no-frame-time``, ``damaged-stream``, …
    **options
        Of the format. ``window``, ``voi``, ``presentation_state``, ``overlays``, ``size`` and ``icc`` are those of
        `filmless.pixels.render`, for what is rendered. ``depth``: 8, a picture as it is rendered; 16, stored values
        (png and tiff, jpeg-2000, jpeg-xl); 32, values of the modality as float (tiff). ``values`` of arrays:
        ``"stored"``, ``"modality"`` or ``"display"``. ``level`` of png: 0 to 12; ``quality``: 1 to 100; ``lossless`` of
        webp; ``subsampling`` of jpeg: ``"4:4:4"``, ``"4:2:2"``, ``"4:2:0"``; ``compression`` of tiff: ``"deflate"``,
        ``"lzw"``, ``"none"``, of npz the first and last. ``fps`` in place of the data set's frame times; ``loop``, how
        often an animation runs, 0 for without end. ``threads``, how many frames are worked on at a time.

    Returns
    -------
    bytes or None
        The file, when there is no ``output``.

    Raises
    ------
    PixelError
        A frame is not there or cannot be decoded.
    ConversionError
        There is no such format, it does not take an option or cannot hold what the data set has.
    UnsupportedError
        What the format needs is not installed.

    DICOM
    -----
    PS3.3 C.7.6.3, C.7.6.5, C.11.1, C.11.2; PS3.18 8.7, F

    Examples
    --------
    >>> from_dicom("slice.dcm", "png", "slice.png", window=(40, 400))
    >>> from_dicom("slice.dcm", "tiff", "hounsfield.tif", depth=32)
    >>> from_dicom("slice.dcm", "npy", values="modality")[:6]
    b'\x93NUMPY'
    """
    row = format_named(_name(format))
    sources = _listed(source)
    path = next((fspath(one) for one in sources if isinstance(one, str | PathLike)), None)
    try:
        datasets = [one if isinstance(one, Dataset) else read(one) for one in sources]
        told = None if notices is None else notices.append
        parts = outputs(datasets, row, frame=frame, frames=frames, notices=told, **options)
        if len(parts) > 1:
            message = f"{row.name} is a file for each frame, and {len(parts)} are asked for"
            raise ConversionError(message, hint="give `frame`, or call it for each; or take tiff or apng")
        if output is None:
            return parts[0].encode()
        if isinstance(output, str | PathLike):
            parts[0].save(output)
        else:
            parts[0].write(output)
    except DicomError as error:
        if error.path is None and len(sources) == 1:
            error.path = path
        raise
    return None


def _listed(source: OneSource | Iterable[OneSource]) -> list[OneSource]:
    is_one = isinstance(source, Dataset | str | PathLike | bytes | bytearray | memoryview) or hasattr(source, "read")
    return [cast("OneSource", source)] if is_one else list(cast("Iterable[OneSource]", source))


def _name(given: object) -> str:
    """Return the name of a format; a path that is in its place shows how to call it."""
    is_path = isinstance(given, PathLike) or (isinstance(given, str) and (set(given) & {".", "/", "\\"}))
    if not isinstance(given, str) or is_path:
        meant = format_of_suffix(given) if isinstance(given, str | PathLike) else None
        message = "a path or stream stands where the format is expected, which comes before the output"
        raise ConversionError(message, hint=f'from_dicom(source, "{meant.name if meant else "png"}", output)')
    return given
