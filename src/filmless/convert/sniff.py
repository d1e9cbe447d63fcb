"""The format of a picture, from its first bytes and never from its name."""

from filmless.convert.metafile import is_emf, is_wmf
from filmless.errors import ConversionError

__all__ = ["sniff"]

_SUPPORTED = (
    ("JPEG", b"\xff\xd8\xff"),
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("GIF", b"GIF87a"),
    ("GIF", b"GIF89a"),
    ("BMP", b"BM"),
    ("TIFF", b"II*\0"),
    ("TIFF", b"MM\0*"),
    ("TIFF", b"II+\0"),
    ("TIFF", b"MM\0+"),
)

_KNOWN = (
    ("PDF", b"%PDF-"),
    ("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n"),
    ("JPEG 2000", b"\xff\x4f\xff\x51"),
    ("JPEG XL", b"\xff\x0a"),
    ("JPEG XL", b"\0\0\0\x0cJXL \r\n\x87\n"),
    ("gzip", b"\x1f\x8b"),
    ("ZIP", b"PK\x03\x04"),
    ("PostScript", b"%!PS"),
    ("SVG or XML", b"<"),
)


def sniff(data: bytes) -> str:
    """Return the format of a picture: "JPEG", "PNG", "GIF", "BMP", "TIFF", "EMF" or "WMF".

    Raises
    ------
    ConversionError
        The bytes are empty or of another kind, which the message names when it is known.
    """
    if not data:
        raise ConversionError("the picture is empty")
    if is_emf(data):
        return "EMF"
    if is_wmf(data):
        return "WMF"
    for name, magic in _SUPPORTED:
        if data.startswith(magic):
            return name
    if data[128:132] == b"DICM":
        raise ConversionError("this is a DICOM file already, expected a picture")
    known = [name for name, magic in _KNOWN if data.startswith(magic)]
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        known = ["WebP"]
    elif data[4:8] == b"ftyp":
        known = ["MP4, HEIF or AVIF"]
    what = f"{known[0]} is not converted yet" if known else "the bytes are of no known picture format"
    raise ConversionError(f"{what}, expected JPEG, PNG, BMP, TIFF, GIF, EMF or WMF")
