"""Documents that a data set encapsulates, as they are."""

from importlib import import_module
from typing import Any, BinaryIO

from filmless.convert.out.options import Job
from filmless.dataset import Dataset

__all__ = ["suffix_of", "write"]


def suffix_of(ds: Dataset, frame: int) -> str:
    """Return the suffix of what the document is: ``".pdf"``."""
    del frame  # a document has none
    return str(_extraction().suffix_of(ds))


def write(job: Job, out: BinaryIO) -> None:
    """Write the document.

    DICOM
    -----
    PS3.3 C.24.2
    """
    data, _ = _extraction().extract(job.ds)
    out.write(data)


def _extraction() -> Any:
    return import_module("filmless.convert.documents.extraction")
