"""Documents that go in whole (PS3.3 A.45, A.85, A.104, C.24.2)."""

from typing import Any

from filmless.convert.content import Document
from filmless.dataset import Dataset
from filmless.errors import ConversionError

__all__ = ["encapsulated_document", "store_document"]

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_MAX_VALUE = 0xFFFF_FFFE


def encapsulated_document(document: Document) -> dict[str, Any]:
    """Fill what the Encapsulated Document Module says of the file."""
    return {
        "MIMETypeOfEncapsulatedDocument": document.mime_type,
        "EncapsulatedDocumentLength": len(document.data),
    }


def store_document(ds: Dataset, document: Document) -> None:
    """Set the document, padded to even length; its own length is told beside it.

    Raises
    ------
    ConversionError
        It is empty, or longer than an element can be.
    """
    size = len(document.data)
    if not 1 <= size <= _MAX_VALUE:
        raise ConversionError(f"the {document.kind} has {size} bytes, expected 1 to {_MAX_VALUE}")
    ds.add_new("EncapsulatedDocument", "OB", document.data + b"\0" * (size % 2))
    ds.file_meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
