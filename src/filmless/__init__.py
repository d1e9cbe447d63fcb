"""DICOM for Python, whole: read, write, convert, view, de-identify, store and distribute medical images.

A DICOM file is a header and image data. `read` gives both as a `Dataset`; what is not touched is written back byte for
byte. The rooms of the package go on from there: `filmless.file`, `filmless.pixels`, `filmless.convert`, ...
"""

from importlib import import_module
from typing import Any

from filmless import errors
from filmless.bridge import from_pydicom
from filmless.dataset import UID, DataElement, Dataset, Finding, PersonName, Sequence, Tag
from filmless.file import dcmread, generate_uid, read, read_fileset, scan, write

__version__ = "0.1.0"

__all__ = [
    "UID",
    "DataElement",
    "Dataset",
    "Finding",
    "PersonName",
    "Sequence",
    "Tag",
    "dcmread",
    "errors",
    "from_pydicom",
    "generate_uid",
    "read",
    "read_fileset",
    "scan",
    "write",
]


def __getattr__(name: str) -> Any:
    # The upper rooms need numpy and more: they are imported when they are first named.
    if name in {"convert", "objects", "pixels", "series"}:
        return import_module(f"filmless.{name}")
    message = f"module 'filmless' has no attribute {name!r}"
    raise AttributeError(message)
