"""The document that a data set encapsulates, as the file that went in."""

import re

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import ConversionError

__all__ = ["extract", "length_of", "suffix_of"]

_DOCUMENT = 0x0042_0011
_BYTES = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_LOOKED_AT = 1024  # bytes of a document that tell a text from a binary

_SUFFIX_BY_CLASS = {
    "1.2.840.10008.5.1.4.1.1.104.1": ".pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": ".xml",
    "1.2.840.10008.5.1.4.1.1.104.3": ".stl",
    "1.2.840.10008.5.1.4.1.1.104.4": ".obj",
    "1.2.840.10008.5.1.4.1.1.104.5": ".mtl",
}
_SUFFIX_BY_MIME_TYPE = {
    "application/pdf": ".pdf",
    "text/xml": ".xml",
    "application/xml": ".xml",
    "application/hl7-cda+xml": ".xml",
    "model/stl": ".stl",
    "application/sla": ".stl",
    "model/x.stl-binary": ".stl",
    "model/obj": ".obj",
    "model/mtl": ".mtl",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/rtf": ".rtf",
    "application/rtf": ".rtf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tiff",
}


def extract(ds: Dataset) -> tuple[bytes, str]:
    """Return the document that a data set encapsulates, bit for bit, and the suffix of its name.

    Parameters
    ----------
    ds
        Of a SOP class of encapsulated documents, or of any other with Encapsulated Document (0042,0011).

    Returns
    -------
    bytes
        The file. Encapsulated Document Length (0042,0015) says how long it is. Without it, a zero at the end is taken
        to be the padding to an even length, but in a binary STL, which tells its own size.
    str
        ``".pdf"``, ``".xml"``, ``".stl"``, ``".obj"``, ``".mtl"``; by MIME type for others, ``".bin"`` when it is
        none that is known.

    Raises
    ------
    ConversionError
        There is no document, or less of it than its length says.

    DICOM
    -----
    PS3.3 C.24.2; PS3.5 6.2
    """
    length = length_of(ds)
    return _core.value_range(ds, _DOCUMENT, 0, length), suffix_of(ds)


def length_of(ds: Dataset) -> int:
    """Return how many bytes the document has that a data set encapsulates, from its beginning; see `extract`.

    Raises
    ------
    ConversionError
        There is no document, or less of it than its length says.
    """
    suffix = suffix_of(ds)
    element = ds[_DOCUMENT]
    there = element.length
    if element.VR not in _BYTES or element.is_encapsulated or not there:
        raise ConversionError("the document is empty", tag=_DOCUMENT)
    length = ds.get("EncapsulatedDocumentLength")
    if length is None:
        return _unpadded(ds, there, suffix)
    if not isinstance(length, int) or length > there:
        raise ConversionError(
            f"the document of {there} bytes ends early, expected as many as Encapsulated Document Length says",
            tag=_DOCUMENT,
        )
    # More than a byte of padding is not what the length is for: it is wrong, and nothing is cut off.
    return length if there - length <= 1 else _unpadded(ds, there, suffix)


def suffix_of(ds: Dataset) -> str:
    """Return the suffix of the name that an encapsulated document has as a file.

    Raises
    ------
    ConversionError
        There is none.
    """
    if "EncapsulatedDocument" not in ds:
        raise ConversionError("there is no encapsulated document", tag=0x0042_0011)
    by_class = _SUFFIX_BY_CLASS.get(str(ds.get("SOPClassUID", "")))
    kind = re.split(r"[;\s]", str(ds.get("MIMETypeOfEncapsulatedDocument", "")).strip().lower())[0]
    return by_class or _SUFFIX_BY_MIME_TYPE.get(kind, ".bin")


def _unpadded(ds: Dataset, length: int, suffix: str) -> int:
    """Leave out the zero that made a length even, where the format shows that it is no part of the document."""
    if length % 2 or _core.value_range(ds, _DOCUMENT, length - 1, length) != b"\0":
        return length
    begin = _core.value_range(ds, _DOCUMENT, 0, _LOOKED_AT)
    if suffix == ".stl":
        size = 84 + 50 * int.from_bytes(begin[80:84], "little")
        is_text = size != length and begin.lstrip()[:5] == b"solid"
        return length - 1 if is_text or size == length - 1 else length
    if suffix == ".xml" and begin[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return length  # of two bytes a character: an odd number of them is none
    return length - 1 if suffix in (".pdf", ".xml", ".obj", ".mtl", ".txt", ".html", ".rtf") else length
