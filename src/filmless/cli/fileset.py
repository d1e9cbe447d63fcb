"""`filmless dump DICOMDIR`: the tree of records of a file-set, and the files they name (PS3.10 8, PS3.3 F)."""

from collections.abc import Callable

from filmless.cli.tree import Line
from filmless.dataset import Dataset

__all__ = ["is_directory", "print_fileset"]

_MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"


def is_directory(dataset: Dataset) -> bool:
    """Tell whether a data set is a DICOMDIR."""
    return dataset.file_meta.get("MediaStorageSOPClassUID") == _MEDIA_STORAGE_DIRECTORY


def print_fileset(path: str, write: Callable[[Line], None]) -> None:
    """Write the records of a DICOMDIR as lines."""
    raise NotImplementedError
