"""`filmless dump DICOMDIR`: the tree of records of a file-set, and the files they name (PS3.10 8, PS3.3 F)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from filmless.cli.tree import Line
from filmless.dataset import Dataset
from filmless.file import read_fileset

if TYPE_CHECKING:
    from filmless.file._fileset import Record

__all__ = ["is_directory", "print_fileset"]

_MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"


def is_directory(dataset: Dataset) -> bool:
    """Tell whether a data set is a DICOMDIR."""
    return bool(dataset.file_meta.get("MediaStorageSOPClassUID") == _MEDIA_STORAGE_DIRECTORY)


def print_fileset(path: str, write: Callable[[Line], None]) -> None:
    """Write the records of a DICOMDIR, or of the one in a folder, as lines."""
    fileset = read_fileset(path)
    count = len(fileset)
    missing = f", {len(fileset.missing)} missing" if fileset.missing else ""
    write(Line(0, f"{count} file{'' if count == 1 else 's'}{missing}: {fileset.path}"))
    for record in fileset.records:
        _print(record, 1, write)


def _print(record: "Record", depth: int, write: Callable[[Line], None]) -> None:
    write(Line(depth, repr(record)))
    for child in record.children:
        _print(child, depth + 1, write)
