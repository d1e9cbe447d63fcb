"""Files in a folder: written aside, made durable, named by their digest, in a tree of 256 folders an area."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from filmless.archive.storage import Area, Draft
from filmless.errors import NotFoundError

__all__ = ["Folder"]


class _FileDraft:
    def __init__(self, folder: Path) -> None:
        self._descriptor, name = tempfile.mkstemp(dir=folder, suffix=".part")
        self.path = Path(name)
        self._digest = hashlib.sha256()
        self.size, self.sha256 = 0, ""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._digest.update(data)
        self.size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]

    def seal(self) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        self.sha256 = self._digest.hexdigest()

    def open(self) -> str:
        return str(self.path)

    def discard(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self.path.unlink(missing_ok=True)


class Folder:
    """The storage of an archive in a folder.

    Parameters
    ----------
    root
        The folder; made when it is not there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        (root / "incoming").mkdir(parents=True, exist_ok=True)

    def draft(self) -> Draft:
        """Begin a file."""
        return _FileDraft(self._root / "incoming")

    def place(self, draft: Draft, area: Area) -> str:
        """Give a sealed draft its name, durably."""
        location = f"{area}/{draft.sha256[:2]}/{draft.sha256}.dcm"
        target = self._root / location
        target.parent.mkdir(parents=True, exist_ok=True)
        Path(str(draft.open())).replace(target)
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return location

    def read(self, location: str, start: int = 0, end: int | None = None) -> bytes:
        """Return a range of a file."""
        with self.open(location) as file:
            file.seek(start)
            return file.read() if end is None else file.read(end - start)

    def open(self, location: str) -> BinaryIO:
        """Open a file for reading."""
        try:
            return (self._root / location).open("rb", buffering=0)
        except FileNotFoundError:
            raise NotFoundError("the file of an instance is not in the archive's folder") from None

    def path(self, location: str) -> str | None:
        """Return the path of a file."""
        return str(self._root / location)

    def remove(self, location: str) -> None:
        """Remove a file."""
        (self._root / location).unlink(missing_ok=True)
