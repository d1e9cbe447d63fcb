"""A folder that is served where it is: read, never written."""

import os
from pathlib import Path
from typing import BinaryIO

from filmless.errors import ArchiveError, NotFoundError

__all__ = ["InPlace"]


class InPlace:
    """Files that somebody else keeps. Locations are paths below the folder, with slashes.

    Parameters
    ----------
    root
        The folder.
    size
        How long the file is that is asked for, by the index: one of another size was changed since, and offsets into
        it would lead to other bytes.
    """

    def __init__(self, root: str | os.PathLike[str], *, size: int | None = None) -> None:
        self.root, self._size = Path(os.path.abspath(root)), size  # noqa: PTH100 - links in it stay

    def location_of(self, path: str | os.PathLike[str]) -> str:
        """Return the location of a file.

        Raises
        ------
        ValueError
            It is not below the folder.
        """
        below = Path(os.path.abspath(self.root / path)).relative_to(self.root)  # noqa: PTH100
        return below.as_posix()

    def read(self, location: str, start: int = 0, end: int | None = None) -> bytes:
        """Return a range of a file."""
        with self.open(location) as file:
            file.seek(start)
            if end is None:
                return file.read()
            return file.read(max(0, min(end, os.fstat(file.fileno()).st_size) - start))

    def open(self, location: str) -> BinaryIO:
        """Open a file for reading."""
        self._check(location)
        try:
            return (self.root / location).open("rb", buffering=0)
        except OSError as error:
            raise _ours(error) from error

    def path(self, location: str) -> str | None:
        """Return the path of a file."""
        self._check(location)
        return str(self.root / location)

    def _check(self, location: str) -> None:
        if self._size is None:
            return
        try:
            size = (self.root / location).stat().st_size
        except OSError as error:
            raise _ours(error) from error
        if size != self._size:
            raise ArchiveError(
                "the file of an instance was changed since it was indexed",
                hint="the next look at the folder indexes it",
            )

    def size(self, location: str) -> int | None:
        """Return how long a file is; None when it is not there."""
        try:
            return (self.root / location).stat().st_size
        except OSError:
            return None


def _ours(error: OSError) -> ArchiveError:
    if isinstance(error, FileNotFoundError):
        return NotFoundError("the file of an instance is no longer in the folder that is served")
    return ArchiveError(f"the file of an instance cannot be read: {error.strerror}")
