"""The formats that come in, as a table: what each is known by, and who reads it. The name of a file says nothing."""

import math
import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from filmless.errors import ConversionError

__all__ = [
    "FORMATS",
    "HEAD_BYTES",
    "PLACEABLE_WMF",
    "WINDOWS_MEDIA",
    "Format",
    "format_of",
    "is_emf",
    "is_unconverted_picture",
    "is_wmf",
]

#: So many bytes of a file tell every format.
HEAD_BYTES = 4096

_MAX_BMP_HEADER = 1 << 16

WINDOWS_MEDIA = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"

PLACEABLE_WMF = b"\xd7\xcd\xc6\x9a"

Matches = Callable[[bytes, int], bool]


class Format(NamedTuple):
    """A kind of source.

    Attributes
    ----------
    name
        As a person knows it.
    suffixes
        Its usual ones, for names and help only.
    reader
        Module below `filmless.convert` and function: ``(data: bytes, options: ReadOptions) -> Iterable[Content]``.
    matches
        Whether the first bytes of a file, and its size, are of this kind.
    """

    name: str
    suffixes: tuple[str, ...]
    reader: str
    matches: Matches


def _begins(*magic: bytes) -> Matches:
    return lambda head, _: head.startswith(magic)


def _is_bmp(head: bytes, _: int) -> bool:
    """Whether a header of a size that there can be follows; two letters alone begin many texts."""
    return head.startswith(b"BM") and (len(head) < 18 or int.from_bytes(head[14:18], "little") < _MAX_BMP_HEADER)


def _is_riff(kind: bytes) -> Matches:
    return lambda head, _: head[:4] == b"RIFF" and head[8:12] == kind


def _is_video(head: bytes, _: int) -> bool:
    if head[4:8] == b"ftyp":
        return head[8:12] not in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")  # pictures in the same box
    is_quicktime = head[4:8] in (b"moov", b"mdat", b"wide", b"skip", b"free")
    # With time codes of 4 bytes before each packet, as cameras write it, or without.
    # One alone may be a letter of any text.
    is_transport = any(
        all(head[at : at + 1] == b"\x47" for at in (first, first + size, first + 2 * size))
        for first, size in ((0, 188), (4, 192))
    )
    # Matroska, Windows Media, an MPEG programme, packets and video; a stream of H.264 or HEVC, parameter sets or a
    # delimiter first.
    begins = head.startswith((b"\x1a\x45\xdf\xa3", WINDOWS_MEDIA, b"\0\0\1\xba", b"\0\0\1\xe0", b"\0\0\1\xb3"))
    is_annex_b = re.match(rb"\x00?\x00\x00\x01(?:[\x67\x27\x47\x07\x09\x06]|[\x40\x42\x46\x4e]\x01)", head) is not None
    is_avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return is_quicktime or is_transport or begins or is_annex_b or is_avi


def _is_pdf(head: bytes, _: int) -> bool:
    return b"%PDF-" in head[:1024]  # mailers and scanners put lines before it, and all readers skip them


def _is_cda(head: bytes, _: int) -> bool:
    return re.search(rb"<(?:\w+:)?ClinicalDocument[\s>]", _text(head)) is not None


def _text(head: bytes) -> bytes:
    """Make UTF-16 single bytes."""
    return head.replace(b"\0", b"") if head[:2] in (b"\xff\xfe", b"\xfe\xff") else head


def _is_stl(head: bytes, size: int) -> bool:
    if re.match(rb"\s*solid\b[^\n]*\n\s*(?:facet\s|endsolid)", head):
        return True
    return size >= 84 and (size == 84 + 50 * int.from_bytes(head[80:84], "little") or _are_triangles(head))


def _are_triangles(head: bytes) -> bool:
    """Whether triangles follow a header, as in an STL that is not as long as it says: for it has no magic."""
    count = min(int.from_bytes(head[80:84], "little"), (len(head) - 84) // 50)
    shown = False
    for number in range(count):
        *values, _ = struct.unpack_from("<12fH", head, 84 + 50 * number)
        length = math.hypot(*values[:3])
        is_normal = length == 0 or abs(length - 1) < 1e-2
        # Neither infinite nor NaN, nor what other bytes make numbers of.
        if not is_normal or not all(value == 0 or 1e-12 < abs(value) < 1e12 for value in values[3:]):
            return False
        shown = shown or any(values[3:])
    return shown


def _lines_begin(words: bytes) -> Matches:
    """Whether the first line that says something begins with one of the words of a language."""
    pattern = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:" + words + rb")(?=[ \t])")
    return lambda head, _: pattern.match(head) is not None


def is_emf(head: bytes) -> bool:
    """Whether a file that begins so is an EMF: 44 bytes are needed."""
    return head[:4] == b"\x01\0\0\0" and head[40:44] == b" EMF"


def is_wmf(head: bytes) -> bool:
    """Whether a file that begins so is a WMF: placeable, or with a header of the standard; 18 bytes are needed."""
    if head[:4] == PLACEABLE_WMF:
        return True
    if len(head) < 18:
        return False
    kind, size, version = struct.unpack_from("<HHH", head)
    return kind in (1, 2) and size == 9 and version in (0x0100, 0x0300)


FORMATS = (
    Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jls"), "pictures.jpeg:read", _begins(b"\xff\xd8\xff")),
    Format("PNG", (".png", ".apng"), "pictures.png:read", _begins(b"\x89PNG\r\n\x1a\n")),
    Format("GIF", (".gif",), "pictures.gif:read", _begins(b"GIF87a", b"GIF89a")),
    Format("BMP", (".bmp", ".dib"), "pictures.bmp:read", _is_bmp),
    Format("TIFF", (".tif", ".tiff"), "pictures.tiff:read", _begins(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    Format("WebP", (".webp",), "pictures.webp:read", _is_riff(b"WEBP")),
    Format(
        "JPEG 2000",
        (".jp2", ".j2k", ".j2c", ".jpc", ".jpx", ".jph", ".jhc"),
        "pictures.jpeg_2000:read",
        _begins(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    ),
    Format("JPEG XL", (".jxl",), "pictures.jpeg_xl:read", _begins(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")),
    Format("EMF", (".emf",), "metafile.contents:read", lambda head, _: is_emf(head)),
    Format("WMF", (".wmf",), "metafile.contents:read", lambda head, _: is_wmf(head)),
    Format("PDF", (".pdf",), "documents.pdf:read", _is_pdf),
    Format("CDA", (".xml", ".cda"), "documents.cda:read", _is_cda),
    Format("STL", (".stl",), "documents.models:read_stl", _is_stl),
    Format("OBJ", (".obj",), "documents.models:read_obj", _lines_begin(rb"mtllib|o|g|v|vt|vn")),
    Format("MTL", (".mtl",), "documents.models:read_mtl", _lines_begin(rb"newmtl")),
    Format(
        "video",
        (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ts", ".m2ts", ".mpg", ".mpeg", ".avi", ".wmv", ".264", ".265"),
        "video.reading:read",
        _is_video,
    ),
)

_KNOWN = (
    ("gzip", b"\x1f\x8b"),
    ("ZIP", b"PK\x03\x04"),
    ("PostScript", b"%!PS"),
    ("Photoshop", b"8BPS"),
    ("JPEG XR", b"II\xbc"),
    ("SVG or XML", b"<"),
)


def is_unconverted_picture(head: bytes) -> bool:
    """Whether a file that begins so is a picture or drawing of a known kind that is not converted."""
    is_svg = (
        re.match(rb"(?:\xef\xbb\xbf)?\s*<", head) is not None and re.search(rb"<(?:\w+:)?svg[\s>]", head) is not None
    )
    return is_svg or _known(head) in ("HEIF or AVIF", "PostScript", "Photoshop", "JPEG XR")


def _known(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        return "HEIF or AVIF"
    return next((name for name, magic in _KNOWN if head.startswith(magic)), None)


def format_of(data: bytes, size: int | None = None) -> Format:
    """Return the format of a file by its bytes.

    Parameters
    ----------
    data
        The file, or its first `HEAD_BYTES`.
    size
        Of the whole file, when ``data`` is less.

    Raises
    ------
    ConversionError
        There are none, or they are of another kind, which the message names when it is known.
    """
    if not data:
        raise ConversionError("the file is empty")
    head = data[:HEAD_BYTES]
    if head[128:132] == b"DICM":
        raise ConversionError("this is a DICOM file already, expected a picture, video or document")
    for row in FORMATS:
        if row.matches(head, len(data) if size is None else size):
            return row
    known = _known(head)
    what = f"{known} is not converted" if known else "the bytes are of no known format"
    hint = "`convert_many` takes the files out of a ZIP" if known == "ZIP" else None
    raise ConversionError(f"{what}, expected {', '.join(row.name for row in FORMATS)}", hint=hint)
