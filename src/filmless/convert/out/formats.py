"""The formats that DICOM becomes: one table for `from_dicom`, the command line, the docs and the errors.

**A writer** is a function ``write(job: Job, out: BinaryIO) -> None``, named in its row as ``module:function`` and
imported when it is used. It writes one whole file to a binary stream that can seek and stands at 0; who called it puts
the file where it belongs, whole or not at all, and throws it away when the writer raises. It finds data set, frames and
options in the `Job` (`filmless.convert.out.options`): options that were not given are not in ``job.options``. It checks
their values, and raises `ConversionError` for wrong ones, before it writes.

**To add a format**: a row here; a name in `OutOptions` for an option that is new; a writer.
"""

from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from filmless.convert.out.options import RENDERING
from filmless.errors import ConversionError

if TYPE_CHECKING:
    from os import PathLike

    from filmless.convert.out.options import Job

__all__ = ["FORMATS", "Format", "Kind", "format_named", "format_of_suffix"]

Kind = Literal["frame", "frames", "header", "extraction"]
"""One frame a file; all frames in one file; the whole header in one file; bytes as they are stored."""


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table.

    Attributes
    ----------
    name
        What it is called: ``"png"``.
    suffixes
        Endings of its files, the usual one first: ``(".tiff", ".tif")``. Of an extraction, what they can be.
    kind
        See `Kind`.
    title
        A few words for people.
    options
        Names of the options it takes.
    writer
        Its writer, ``module:function``.
    suffix_of
        Of an extraction: the function ``(ds, frame) -> suffix`` that tells what there is to extract, so named. None: it
        is the first of ``suffixes``.
    per_frame
        Whether it is a file for each frame.
    has_frames
        Whether it is made of frames: without pixels there is nothing to write.
    takes_many
        Whether several data sets go into one file.
    extra
        The optional dependency it needs: ``"video"``.
    """

    name: str
    suffixes: tuple[str, ...]
    kind: Kind
    title: str
    options: frozenset[str]
    writer: str
    suffix_of: str | None = None
    per_frame: bool = False
    has_frames: bool = True
    takes_many: bool = False
    extra: str | None = None

    def write(self, job: "Job", out: BinaryIO) -> None:
        """Write one whole file to a stream that can seek."""
        _imported(self.writer)(job, out)

    def suffix(self, ds: Any, frame: int = 0) -> str:
        """Return the suffix of the file that a data set, or one of its frames, becomes."""
        return self.suffixes[0] if self.suffix_of is None else str(_imported(self.suffix_of)(ds, frame))


def _imported(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(import_module(f"filmless.convert.out.{module}"), function)


def _picture(name: str, suffixes: str, title: str, options: str = "", *, writer: str) -> Format:
    taken = RENDERING | frozenset(options.split())
    return Format(name, tuple(suffixes.split()), "frame", title, taken, writer, per_frame=True)


def _pages(name: str, suffixes: str, title: str, options: str, writer: str, **more: Any) -> Format:
    taken = RENDERING | frozenset(options.split()) | {"threads"}
    return Format(name, tuple(suffixes.split()), "frames", title, taken, writer, **more)


def _header(name: str, suffix: str, title: str, writer: str) -> Format:
    return Format(name, (suffix,), "header", title, frozenset(), writer, has_frames=False)


_STREAMS = (".jpg", ".jls", ".j2k", ".jp2", ".jxl", ".mpg", ".ts", ".mp4", ".h264", ".h265")
_DOCUMENTS = (".pdf", ".xml", ".stl", ".obj", ".mtl")

#: Every format that is written.
FORMATS: tuple[Format, ...] = (
    _picture("png", ".png", "PNG, 8 or 16 bits", "depth level", writer="png:write"),
    _picture("jpeg", ".jpg .jpeg .jpe", "JPEG Baseline", "quality subsampling", writer="pillow:write_jpeg"),
    _picture("bmp", ".bmp", "BMP", writer="pillow:write_bmp"),
    _picture("jpeg-2000", ".jp2", "JPEG 2000, lossless", "depth", writer="codestreams:write_jpeg_2000"),
    _picture("jpeg-xl", ".jxl", "JPEG XL, lossless or not", "depth quality", writer="codestreams:write_jpeg_xl"),
    _pages("tiff", ".tiff .tif", "TIFF, a page a frame; 8, 16 bits or float", "depth compression", "tiff:write"),
    _pages("gif", ".gif", "GIF, animated", "fps loop", "gif:write"),
    _pages("webp", ".webp", "WebP, animated", "quality lossless fps loop", "webp:write"),
    _pages("apng", ".apng", "animated PNG", "level fps loop", "apng:write"),
    _pages("mp4", ".mp4", "H.264 video", "quality fps", "mp4:write", extra="video"),
    _pages(
        "pdf",
        ".pdf",
        "PDF: an image a page, or a contact sheet; one that is encapsulated is taken out",
        "captions sheet paper font quality",
        "pdf:write",
        takes_many=True,
    ),
    _pages("npy", ".npy", "numpy array", "values", "arrays:write_npy"),
    _pages("npz", ".npz", "numpy arrays: pixels, and what is said of them", "values compression", "arrays:write_npz"),
    _pages("raw", ".raw .bin", "samples, little endian", "values", "arrays:write_raw"),
    _header("json", ".json", "DICOM JSON (PS3.18 F)", "header:write_json"),
    _header("xml", ".xml", "native DICOM model (PS3.19 A.1)", "header:write_xml"),
    _header("csv", ".csv", "a row for each element", "header:write_csv"),
    Format(
        "streams",
        _STREAMS,
        "extraction",
        "compressed frames or video, bit for bit",
        frozenset(),
        "streams:write",
        suffix_of="streams:suffix_of",
        per_frame=True,
    ),
    Format(
        "document",
        _DOCUMENTS,
        "extraction",
        "the document that is encapsulated, bit for bit",
        frozenset(),
        "document:write",
        suffix_of="document:suffix_of",
        has_frames=False,
    ),
)

_BY_NAME = {row.name: row for row in FORMATS}
_OTHER_NAMES = {"jpg": "jpeg", "tif": "tiff", "jp2": "jpeg-2000", "jpeg2000": "jpeg-2000", "j2k": "jpeg-2000"}
_OTHER_NAMES |= {"jxl": "jpeg-xl", "jpegxl": "jpeg-xl", "numpy": "npy", "video": "mp4"}
# What is extracted has no format of its own to be found by.
_BY_SUFFIX = {suffix: row for row in FORMATS if row.kind != "extraction" for suffix in row.suffixes}


def format_named(name: str) -> Format:
    """Return the format of a name, in any case: ``"png"``, ``"TIFF"``, ``"jpg"``.

    Raises
    ------
    ConversionError
        There is none; with the nearest.
    """
    given = str(name).casefold()
    found = _BY_NAME.get(_OTHER_NAMES.get(given, given))
    if found is None:
        raise ConversionError(_unknown(name), hint=_nearest(given))
    return found


def format_of_suffix(path: "str | PathLike[str]") -> Format | None:
    """Return the format that the name of a file asks for; None when its suffix says none.

    Examples
    --------
    >>> format_of_suffix("scan.tif").name
    'tiff'
    """
    return _BY_SUFFIX.get(PurePath(path).suffix.casefold())


def _unknown(name: object) -> str:
    known = ", ".join(_BY_NAME)
    return f"format {str(name)[:40]!r} is not written, expected {known}"


def _nearest(given: str) -> str | None:
    from difflib import get_close_matches

    near = get_close_matches(given, [*_BY_NAME, *_OTHER_NAMES], n=1)
    return f"did you mean {_OTHER_NAMES.get(near[0], near[0])}?" if near else None
