"""Where a medium is written: a folder or a ZIP; every file whole or not at all, the DICOMDIR last."""

from __future__ import annotations

import errno
import os
import re
import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from filmless import _core
from filmless.dataset import Dataset
from filmless.file._write import encode, write

__all__ = ["DIRECTORY", "FOLDER", "FolderTarget", "Target", "ZipTarget", "left_of_unfinished"]

#: The name of the directory's file, which no other file of a file-set has (PS3.10 8.6).
DIRECTORY = "DICOMDIR"
#: ZIP has no time that means none: the first it can say makes the same ZIP of the same files.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_PART = ".part"
#: The folder that instances go into: what lies beside it on a medium, such as a viewer, does not get in its way.
FOLDER = "DICOM"
#: What files and folders in it are called, and how many folders are in each other.
_OURS = re.compile(r"[A-Z]{2}\d{6}")
_DEPTH = 3


class Target(Protocol):
    """Takes the files of a medium; `finish` makes it one, `undo` takes away what was written.

    Attributes
    ----------
    takes_any_order
        Whether files may come from several threads at a time, and what comes of it is the same.
    """

    takes_any_order: bool

    def copy(self, source: Path, file_id: tuple[str, ...]) -> None:
        """Take a file as it is."""

    def write(self, dataset: Dataset, file_id: tuple[str, ...], transfer_syntax: str) -> None:
        """Take a data set."""

    def finish(self, directory: bytes) -> None:
        """Take the DICOMDIR."""

    def undo(self) -> None:
        """Take away what was written."""


class FolderTarget:
    """A medium in a folder.

    Parameters
    ----------
    folder
        The folder; made when it is missing.
    directory
        Name of the DICOMDIR in it.
    """

    takes_any_order = True

    def __init__(self, folder: Path, *, directory: str = DIRECTORY) -> None:
        self._folder = folder
        self._directory = directory
        self._made: list[Path] = []
        self._is_undone = False
        self._lock = threading.RLock()

    def copy(self, source: Path, file_id: tuple[str, ...]) -> None:
        """Copy a file, by the kernel."""
        self._place(file_id, lambda path: shutil.copyfile(source, path))

    def write(self, dataset: Dataset, file_id: tuple[str, ...], transfer_syntax: str) -> None:
        """Write a data set as a file."""
        self._place(file_id, lambda path: write(dataset, path, transfer_syntax=transfer_syntax))

    def finish(self, directory: bytes) -> None:
        """Write the DICOMDIR, over the one that is there."""
        self._make_folder(self._folder)
        _core.write_bytes(str(self._folder / self._directory), directory)

    def undo(self) -> None:
        """Remove the files and folders that were made."""
        self._is_undone = True
        # Threads note what they made in any order: files go first, then folders from the deepest up.
        for path in sorted(self._made, key=lambda path: (path.is_dir(), -len(path.parts))):
            try:
                path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
            except OSError:  # someone put something into it: not ours to remove
                continue

    def _place(self, file_id: tuple[str, ...], fill: Callable[[Path], object]) -> None:
        path = self._folder.joinpath(*file_id)
        self._make_folder(path.parent)
        part = path.with_name(path.name + _PART)
        try:
            fill(part)
            _take_name(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        self._made.append(path)
        if self._is_undone:  # an interruption while a pool starts a thread leaves one that nobody waits for
            self.undo()

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            with self._lock:
                self._make_folder(folder.parent)
                if not folder.is_dir():
                    folder.mkdir()
                    self._made.append(folder)


class ZipTarget:
    """A medium in a ZIP, which takes its name when it is whole.

    DICOM
    -----
    PS3.12 V
    """

    takes_any_order = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + _PART)
        self._zip = zipfile.ZipFile(self._part, "x", zipfile.ZIP_DEFLATED)

    def copy(self, source: Path, file_id: tuple[str, ...]) -> None:
        """Copy a file into the ZIP."""
        size = source.stat().st_size
        with source.open("rb") as stream, self._zip.open(_entry("/".join(file_id), size), "w") as entry:
            shutil.copyfileobj(stream, entry, 1 << 20)

    def write(self, dataset: Dataset, file_id: tuple[str, ...], transfer_syntax: str) -> None:
        """Write a data set into the ZIP."""
        data = encode(dataset, transfer_syntax=transfer_syntax)
        self._zip.writestr(_entry("/".join(file_id), len(data)), data)

    def finish(self, directory: bytes) -> None:
        """Write the DICOMDIR, and give the ZIP its name."""
        self._zip.writestr(_entry(DIRECTORY, len(directory)), directory)
        self._zip.close()
        _take_name(self._part, self._path)

    def undo(self) -> None:
        """Remove what there is of the ZIP."""
        self._zip.close()
        self._part.unlink(missing_ok=True)


def left_of_unfinished(path: Path) -> Path | None:
    """Find what is to be removed of a medium that was being created when its process was killed; None when it is none.

    That has no DICOMDIR, and a folder with nothing but names that `create_fileset` gives; or is a ZIP with no name yet.
    """
    part = path.with_name(path.name + _PART)
    if path.suffix.lower() == ".zip":
        return part if part.is_file() and not path.exists() else None
    folder = path / FOLDER
    if not folder.is_dir() or any(entry.name.upper() == DIRECTORY for entry in path.iterdir()):
        return None
    for place, folders, files in os.walk(folder):
        names = (*folders, *(name.removesuffix(_PART) for name in files))
        if not all(map(_OURS.fullmatch, names)) or len(Path(place).relative_to(folder).parts) > _DEPTH:
            return None
    return folder


def _take_name(part: Path, path: Path) -> None:
    """Give a file that is whole its name; never over another file."""
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    part.rename(path)


def _entry(name: str, size: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.file_size = size
    entry.external_attr = 0o644 << 16
    return entry
