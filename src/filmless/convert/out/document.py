"""Documents that a data set encapsulates, as they are."""

from importlib import import_module
from typing import BinaryIO

from filmless.convert.out.options import Job
from filmless.dataset import Dataset

__all__ = ["suffix_of", "write"]


def suffix_of(ds: Dataset, frame: int) -> str:
    """Return the suffix of what the document is: ``".pdf"``."""
    del frame
    return _extracted(ds)[1]


def write(job: Job, out: BinaryIO) -> None:
    """Write the document.

    DICOM
    -----
    PS3.3 C.24.2
    """
    out.write(_extracted(job.ds)[0])


def _extracted(ds: Dataset) -> tuple[bytes, str]:
    data, suffix = import_module("filmless.convert.documents.extraction").extract(ds)
    return bytes(data), str(suffix)
