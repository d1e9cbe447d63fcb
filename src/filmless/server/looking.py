"""Bringing files that are shown where they lie into an index, while what was found already can be looked at."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from os.path import abspath
from pathlib import Path
from typing import Any, Final

from filmless.archive import Archive, Outcome
from filmless.archive.upkeep.importing import import_files
from filmless.convert import convert_many
from filmless.convert.archives import is_zip
from filmless.errors import ArchiveError, ConflictError, DicomError, FormatError, LimitError
from filmless.file import FileSet, read_fileset
from filmless.server.in_place import State, in_parts, walk
from filmless.server.mending import mended
from filmless.server.shown import Shown

__all__ = ["Looked", "Looking"]

_NAMES: Final = 5  # of files, that are told
_DIRECTORY: Final = b"1.2.840.10008.1.3.10"  # Media Storage Directory Storage
_HEAD: Final = 1024
_THREADS: Final = 4


@dataclass(slots=True)
class Names:
    """How many files there were of a kind, and what the first are called."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.first) < _NAMES:
            self.first.append(name)


@dataclass(slots=True)
class Looked:
    """How far it is, and what was found.

    Attributes
    ----------
    files
        That were looked at.
    instances
        That are shown.
    pictures
        Those of them that were made of ordinary pictures.
    mended
        Those of them whose files lacked UIDs, or a preamble, and were completed.
    duplicates
        Files of instances that others are of, too.
    other
        Files that are no DICOM.
    failed
        Files that cannot be shown, each with why.
    missing
        Files that a DICOMDIR refers to, and that are not there.
    unlisted
        Files on a medium that its DICOMDIR does not refer to.
    trouble
        Why it ended before all was looked at.
    done
        Set when it has ended.
    """

    files: int = 0
    instances: int = 0
    pictures: int = 0
    mended: int = 0
    duplicates: int = 0
    other: Names = field(default_factory=Names)
    failed: Names = field(default_factory=Names)
    missing: Names = field(default_factory=Names)
    unlisted: Names = field(default_factory=Names)
    trouble: DicomError | None = None
    done: threading.Event = field(default_factory=threading.Event)


class _Stopped(Exception):  # noqa: N818 - nothing is wrong
    pass


class Looking:
    """Looks at all that is shown, once.

    Parameters
    ----------
    archive
        Whose index it comes into.
    shown
        What is shown.
    tell
        Called after every few files, and at the end.
    """

    def __init__(self, archive: Archive, shown: Shown, tell: Callable[[Looked], None]) -> None:
        self._archive, self._shown, self._tell = archive, shown, tell
        self._own = abspath(archive.folder)  # noqa: PTH100 - links in it stay
        self._stopping = threading.Event()
        self._pictures: list[str] = []
        self.found = Looked()

    def told(self) -> dict[str, Any]:
        """Tell how far it is, for JSON, without names."""
        found = self.found
        return {
            "files": found.files,
            "instances": found.instances,
            "other": found.other.count,
            "failed": found.failed.count + found.missing.count,
            "done": found.done.is_set(),
        }

    def look(self, stopping: threading.Event) -> None:
        """Look at everything: media first, by their DICOMDIR."""
        self._stopping = stopping
        try:
            with ThreadPoolExecutor(_THREADS, "filmless-look") as pool:
                self._look(pool)
        except _Stopped:
            return
        except ArchiveError as error:  # the index has no room, say: no file is to blame
            self.found.trouble = error
        finally:
            self.found.done.set()
        self._tell(self.found)

    def _look(self, pool: Executor) -> None:
        media, folders, files, zips = self._sorted()
        for medium in media:
            self._look_at_medium(medium, pool)
        for folder in folders:
            self._look_below(folder, pool)
        for parent, group in groupby(files, key=lambda path: path.parent):
            self._add(parent, [path.name for path in group], pool, are_named=True)
        for path in zips:
            self._unpack(path)
        self._convert()
        saved = self._shown.save_to
        if saved is not None and saved.is_dir():
            self._look_below(saved, pool)

    def _sorted(self) -> tuple[list[FileSet], list[Path], list[Path], list[Path]]:
        """Tell what each path is: a medium, a folder, a file, a ZIP."""
        media: list[FileSet] = []
        folders: list[Path] = []
        files: list[Path] = []
        zips: list[Path] = []
        for path in self._shown.paths:
            try:
                media.append(_medium(path))
            except FileNotFoundError:
                (folders if path.is_dir() else zips if is_zip(str(path)) else files).append(path)
            except (DicomError, OSError) as error:
                # A medium whose directory is damaged still has its files.
                self._failed(f"{path}: DICOMDIR" if path.is_dir() else str(path), error)
                folders.append(path if path.is_dir() else path.parent)
        return media, folders, files, zips

    def _look_at_medium(self, medium: FileSet, pool: Executor) -> None:
        root = medium.path.parent
        for record in medium.missing:
            self.found.missing.add("/".join(record.file_id))
        names = list(dict.fromkeys(str(record.path.relative_to(root)) for record in medium.files if record.path))
        self._add(root, names, pool)
        listed = {Path(name).as_posix() for name in names}
        for _, files in walk(str(root), set(), leave_out=self._own):
            others = [name for name in files if name not in listed and not _is_directory(root / name)]
            if self._shown.everything or not names:
                self._add(root, sorted(others), pool, files)
            else:
                for name in others:
                    self.found.unlisted.add(name)

    def _look_below(self, folder: Path, pool: Executor) -> None:
        unread: set[str] = set()
        for _, files in walk(str(folder), unread, leave_out=self._own):
            self._add(folder, sorted(files), pool, files)
        for below in unread:
            self.found.failed.add(f"{folder / below}: the folder cannot be read")

    def _add(
        self,
        root: Path,
        names: list[str],
        pool: Executor,
        states: dict[str, State] | None = None,
        *,
        are_named: bool = False,
    ) -> None:
        """Bring files below a folder into the index, a few at a time."""
        for part in in_parts(names, states or dict.fromkeys(names, (0, 0))):
            self._go_on()
            heads = pool.map(_head, [root / name for name in part])
            # What is no DICOM is not read as a whole to find that out: it may be a film.
            found = [
                name
                for name, head in zip(part, heads, strict=True)
                if self._is_for_us(root / name, head, is_named=are_named)
            ]
            for name, outcome in zip(found, self._archive.add_in_place(root, found, pool=pool), strict=True):
                self._take(root / name, outcome)
            self._tell(self.found)

    def _is_for_us(self, path: Path, head: bytes | None, *, is_named: bool) -> bool:
        """Tell whether a file is one of DICOM, and count what is none."""
        if head is None or (head[128:132] == b"DICM" and _DIRECTORY not in head[132:]):
            return True
        if head[128:132] != b"DICM":
            self.found.files += 1
            if is_named and head:
                self._pictures.append(str(path))
            else:
                self.found.other.add(path.name)
        return False

    def _take(self, path: Path, outcome: Outcome | DicomError | OSError) -> None:
        self.found.files += 1
        if isinstance(outcome, ConflictError) or (isinstance(outcome, Outcome) and outcome.kind == "identical"):
            self.found.duplicates += 1
        elif isinstance(outcome, Outcome):
            self.found.instances += 1
        elif not isinstance(outcome, FormatError) or not self._mend(path):
            self._failed(path.name, outcome)

    def _mend(self, path: Path) -> bool:
        """Show a file that lacks what it is filed by, completed in the temporary folder; tell whether it could be."""
        if (data := mended(path)) is None:
            return False
        try:
            outcome = self._archive.store(data)
        except (FormatError, LimitError):
            return False
        if outcome.kind in {"identical", "quarantined"}:
            self.found.duplicates += 1
        else:
            self.found.instances += 1
            self.found.mended += 1
        return True

    def _unpack(self, path: Path) -> None:
        """Unpack a ZIP: what is in it cannot be read in place."""
        report = import_files(self._archive, path, progress=self._counted)
        self.found.instances += report.stored
        self.found.duplicates += report.identical + report.quarantined
        for remark in report.passed_over:
            if remark.code != "dicomdir":
                self.found.other.add(_named_by(remark.file))
        for remark in report.failed:
            self.found.failed.add(f"{_named_by(remark.file)}: {remark.message}")

    def _counted(self) -> None:
        self._go_on()
        self.found.files += 1
        self._tell(self.found)

    def _convert(self) -> None:
        """Make instances of ordinary pictures that were named; files of DICOM without a preamble are among them."""
        pictures = [name for name in self._pictures if not self._mend(Path(name))]
        for conversion in convert_many(pictures, threads=1) if pictures else ():
            self._go_on()
            if conversion.dataset is not None:
                self._archive.store(conversion.dataset)
                self.found.pictures += 1
                self.found.instances += 1
            elif conversion.error is not None:
                self._failed(Path(conversion.source).name, conversion.error)
            else:
                self.found.other.add(Path(conversion.source).name)
            self._tell(self.found)

    def _failed(self, name: str, error: Exception) -> None:
        why = error.message if isinstance(error, DicomError) else getattr(error, "strerror", None)
        self.found.failed.add(f"{name}: {why or type(error).__name__}")

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise _Stopped


def _medium(path: Path) -> FileSet:
    """Read the DICOMDIR that a path is, or of the folder that it is; raise FileNotFoundError when there is none."""
    if not path.is_dir() and not _is_directory(path):
        raise FileNotFoundError
    return read_fileset(path)


def _is_directory(path: Path) -> bool:
    """Tell whether a file is a DICOMDIR, whatever it is called."""
    head = _head(path) or b""
    return head[128:132] == b"DICM" and _DIRECTORY in head[132:]


def _head(path: Path) -> bytes | None:
    """Return how a file begins; None when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return None


def _named_by(path: str) -> str:
    return path.replace("!", "/").rpartition("/")[2]
