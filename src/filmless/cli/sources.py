"""The files that a command line names."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from filmless.dataset import Dataset
from filmless.file import read

__all__ = ["OWN", "STDIN", "expand", "files_below", "has_pixels", "of_files", "read_source"]

#: The name that stands for standard input.
STDIN = "-"
#: What names of files begin with in which filmless keeps books, as `convert` does of what it has done.
OWN = ".filmless-"
_PIXELS = (0x7FE0_0008, 0x7FE0_0009, 0x7FE0_0010)


def files_below(folder: str, unread: Callable[[OSError], None]) -> Iterator[str]:
    """Every file in a folder and the folders in it, sorted; none in which filmless itself keeps books.

    Parameters
    ----------
    folder
        The folder.
    unread
        Told of each folder that cannot be read.
    """
    for place, folders, files in os.walk(folder, onerror=unread):
        folders.sort()
        for name in sorted(files):
            if not name.startswith(OWN):
                yield os.path.join(place, name)  # noqa: PTH118  many files


def expand(names: Iterable[str], unread: Callable[[OSError], None]) -> Iterator[str]:
    """Files as they are, folders as the files below them."""
    for name in names:
        if os.path.isdir(name):  # noqa: PTH112
            yield from files_below(name, unread)
        else:
            yield name


def read_source(name: str, **options: Any) -> Dataset:
    """Read a file, or standard input; options as of `filmless.read`."""
    return read(sys.stdin.buffer if name == STDIN else name, **options)


def has_pixels(dataset: Dataset) -> bool:
    """Tell whether there is pixel data of any kind."""
    return any(tag in dataset for tag in _PIXELS)


def of_files(count: int, what: str) -> str:
    """Return ``1 file without pixels was`` or ``2 files without pixels were``."""
    return f"1 file {what} was" if count == 1 else f"{count} files {what} were"
