"""Files in a folder: written aside, made durable, named by their digest, in a tree of 256 folders an area."""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, ParamSpec, TypeVar

from filmless._core import Chunk
from filmless.archive.storage import Area, Draft, Stored
from filmless.archive.storage.durable import OTHERS, FileWriter, make_folder, sync_folder
from filmless.errors import ArchiveError, NotFoundError

__all__ = ["FileDraft", "Folder", "sweep"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_PIECE: Final = 1 << 20
_NAME: Final = re.compile(r"([0-9a-f]{64})\.dcm")


def sweep(folder: Path) -> None:
    """Remove the drafts in a folder, when nobody is at work there."""
    for path in folder.glob("*.part"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _are_same(path: str, other: str) -> bool:
    try:
        with open(path, "rb", buffering=0) as left, open(other, "rb", buffering=0) as right:  # noqa: PTH123
            while piece := left.read(_PIECE):
                if piece != right.read(len(piece)):
                    return False
    except OSError:  # a sector that cannot be read
        return False
    return True


def _entries(folder: str | Path) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []


class FileDraft:
    """A file that is being written.

    Parameters
    ----------
    folder
        Where it is written.
    durable
        Whether it is made durable when it is sealed: not where it only waits to go elsewhere.
    umask
        Who may not read it.
    """

    def __init__(self, folder: Path, *, durable: bool = True, umask: int = OTHERS) -> None:
        self._folder, self._umask, self._durable = folder, umask, durable
        self.path = f"{folder}/{secrets.token_hex(16)}.part"
        self._writer = FileWriter(self.path, 0o666 & ~umask)
        self._waiting: list[memoryview] = []
        self._is_begun = False
        self.size, self.sha256, self.was_there, self.is_placed = 0, "", False, False

    def write(self, *pieces: bytes | bytearray | memoryview) -> None:
        """Take more bytes. The last wait for `seal`: most instances are so few that all is done in one go."""
        if self._waiting:
            self._begun(self._writer.write, self._waiting)
        self._waiting = [memoryview(piece).cast("B") for piece in pieces]
        size = sum(map(len, self._waiting))
        self.size += size
        is_lasting = all(isinstance(view.obj, bytes | Chunk) for view in self._waiting)
        if size > _PIECE or not is_lasting:  # others may be there by then
            self._begun(self._writer.write, self._waiting)
            self._waiting = []

    def seal(self) -> None:
        """Make it durable, and take no more."""
        if not self.sha256:
            waiting, self._waiting = self._waiting, []
            self.sha256 = self._begun(self._writer.seal, waiting, self._durable)

    def open(self) -> str:
        """Return its path."""
        return self.path

    def put(self, path: str) -> bool:
        """Give it a name, unless a file of its size has that; it is on the disk then."""
        self.is_placed = self._writer.place(path, self.size)
        return self.is_placed

    def discard(self) -> None:
        """Forget it."""
        self._waiting = []
        if self._is_begun and not self.is_placed:
            with suppress(OSError):  # that it cannot be synchronised
                self._writer.close()
            with suppress(FileNotFoundError):
                os.unlink(self.path)  # noqa: PTH108 - a path object costs as much as the call

    def _begun(self, step: Callable[_P, _T], *args: _P.args, **options: _P.kwargs) -> _T:
        """Do what may make the file."""
        try:
            return step(*args, **options)
        except FileNotFoundError:
            if self._is_begun:
                raise
            make_folder(self._folder, umask=self._umask)  # somebody tidied up
            return step(*args, **options)
        finally:
            self._is_begun = True


class Folder:
    """The storage of an archive in a folder.

    Parameters
    ----------
    root
        The folder; made when it is not there.
    umask
        Who may not read what is in it.
    """

    is_shared = False

    def __init__(self, root: Path, *, umask: int = OTHERS) -> None:
        self._root, self._umask = root, umask
        self._incoming = root / "incoming"
        self._trash = root / "trash"
        self._named: set[str] = set()  # folders whose own names are durable

    def prepare(self) -> None:
        """Make the folders that are not there."""
        for folder in (self._incoming, self._trash):
            make_folder(folder, umask=self._umask)

    # -- in ------------------------------------------------------------------------------------------------------

    def draft(self) -> Draft:
        """Begin a file."""
        return FileDraft(self._incoming, umask=self._umask)

    def place(self, draft: Draft, area: Area) -> str:
        """Give a sealed draft its name; one that is there already has the same bytes and stays, with who reads it.

        One that is damaged has not, and is replaced.
        """
        location = f"{area}/{draft.sha256[:2]}/{draft.sha256}.dcm"
        target = self._at(location)
        try:
            is_placed = draft.put(target)
        except FileNotFoundError:
            self._make_area(area)
            is_placed = draft.put(target)
        if not is_placed and _are_same(target, str(draft.open())):
            draft.was_there = True
            draft.discard()
        elif not is_placed:
            self._rename(str(draft.open()), location)
            draft.is_placed = True
        return location

    def settle(self, locations: Iterable[str]) -> None:
        """Make the names of what was placed durable: a folder once, whatever came into it."""
        for folder in dict.fromkeys(location.rpartition("/")[0] for location in locations):
            sync_folder(self._at(folder))
            if folder not in self._named:
                # Another sender may have made it just now: its own name has to be durable, too, whoever made it.
                area = folder.partition("/")[0]
                there = [f"{area}/{name}" for name in os.listdir(self._root / area)]  # noqa: PTH208
                sync_folder(self._root / area)
                sync_folder(self._root)
                self._named.update(there)

    def move(self, location: str, area: Area) -> str:
        """Move a file to another area, durably."""
        target = f"{area}/{location.partition('/')[2]}"
        if target != location:
            self._rename(self._at(location), target)
            self.settle([target, location])  # in this order: it has one name at least
        return target

    def _rename(self, source: str, location: str) -> None:
        target = self._at(location)
        try:
            os.replace(source, target)  # noqa: PTH105
        except FileNotFoundError:
            self._make_area(location.partition("/")[0])
            os.replace(source, target)  # noqa: PTH105

    def _make_area(self, area: str) -> None:
        """Make all folders of an area at once: `settle` then has to make their names durable once, not for each."""
        folders = [f"{area}/{number:02x}" for number in range(256)]
        for folder in (area, *folders):
            self._named.discard(folder)
            with suppress(FileExistsError):
                (self._root / folder).mkdir(0o777 & ~self._umask)

    # -- out -----------------------------------------------------------------------------------------------------

    def read(self, location: str, start: int = 0, end: int | None = None) -> bytes:
        """Return a range of a file."""
        with self.open(location) as file:
            if start:
                file.seek(start)
            if end is None:
                return file.read()
            # Never sized by what is asked for: a file is as long as it is.
            return file.read(max(0, min(end, os.fstat(file.fileno()).st_size) - start))

    def open(self, location: str) -> BinaryIO:
        """Open a file for reading; one that is being replaced or deleted, while it is there."""
        try:
            return open(self._at(location), "rb", buffering=0)  # noqa: PTH123
        except FileNotFoundError:
            pass
        except OSError as error:
            raise ArchiveError(f"the file of an instance cannot be read: {error.strerror}") from error
        try:
            return self._in_trash(location).open("rb", buffering=0)
        except OSError:
            raise NotFoundError("the file of an instance is not in the archive's folder") from None

    def path(self, location: str) -> str | None:
        """Return the path of a file; of one that is being replaced or deleted, while it is there."""
        path = self._at(location)
        if not os.path.exists(path) and (trashed := self._in_trash(location)).exists():  # noqa: PTH110
            return str(trashed)
        return path

    def size(self, location: str) -> int | None:
        """Return how long a file is; None when it is not there, nor on its way out."""
        size = _size_of(self._at(location))
        return _size_of(self._in_trash(location)) if size is None else size

    def files(self, area: Area) -> Iterator[Stored]:
        """Return all files of an area, by name."""
        for folder in _entries(self._root / area):
            # What others left here, as file managers do, is none of ours.
            for entry in _entries(folder.path) if folder.is_dir() else ():
                if (match := _NAME.fullmatch(entry.name)) and match[1].startswith(folder.name) and entry.is_file():
                    with suppress(FileNotFoundError):
                        yield Stored(f"{area}/{folder.name}/{entry.name}", match[1], entry.stat().st_size)

    # -- away ----------------------------------------------------------------------------------------------------

    def trash(self, locations: Iterable[str]) -> None:
        """Move files into the trash, durably."""
        moved = []
        try:
            for location in locations:
                with suppress(FileNotFoundError):
                    self._into_trash(location)
                    moved.append(location)
            if moved:
                sync_folder(self._trash)
                self.settle(moved)
        except OSError:
            self.restore(moved)
            raise

    def restore(self, locations: Iterable[str]) -> None:
        """Move files out of the trash."""
        back = []
        for location in locations:
            with suppress(FileNotFoundError):
                if _size_of(self._at(location)) is None:
                    os.replace(self._in_trash(location), self._at(location))  # noqa: PTH105
                    back.append(location)
                else:  # it was stored again in the meantime
                    self._in_trash(location).unlink()
        self.settle(back)

    def purge(self, locations: Iterable[str]) -> None:
        """Remove files that are in the trash."""
        for location in locations:
            self._in_trash(location).unlink(missing_ok=True)

    def trashed(self) -> Iterator[str]:
        """Return the locations of what is in the trash."""
        for path in sorted(self._trash.iterdir()) if self._trash.is_dir() else ():
            area, _, name = path.name.partition("-")
            if _NAME.fullmatch(name):
                yield f"{area}/{name[:2]}/{name}"

    def remove(self, location: str) -> None:
        """Remove a file that no index row names."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(location))  # noqa: PTH108

    def sweep(self) -> None:
        """Remove drafts of a process that is gone."""
        sweep(self._incoming)

    def _into_trash(self, location: str) -> None:
        try:
            os.replace(self._at(location), self._in_trash(location))  # noqa: PTH105
        except FileNotFoundError:
            if self._trash.is_dir():
                raise
            make_folder(self._trash, umask=self._umask)
            os.replace(self._at(location), self._in_trash(location))  # noqa: PTH105
        except OSError as error:
            if error.errno == errno.EACCES and os.name == "nt":  # somebody reads it
                raise ArchiveError("the file of an instance is being read", hint="try again") from error
            raise

    def _at(self, location: str) -> str:
        return f"{self._root}/{location}"

    def _in_trash(self, location: str) -> Path:
        return self._trash / location.replace("/" + location.split("/")[1] + "/", "-")


def _size_of(path: str | Path) -> int | None:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except FileNotFoundError:
        return None
