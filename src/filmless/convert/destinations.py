"""Where conversions go: one file, or names in a folder that never meet each other, a source, or what was there."""

import errno
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import Literal

from filmless.convert.formats import FORMATS
from filmless.dataset import Dataset

__all__ = ["Folder", "Layout", "OneFile", "is_full", "numbered", "place_of"]

Layout = Literal["mirror", "uid", "study"]
"""Names of files: as those of the sources, their SOP Instance UIDs, or that in folders for study and series."""

#: What may stand behind the last dot of a name without being a part of a UID or number.
_SUFFIXES = frozenset(suffix for row in FORMATS for suffix in row.suffixes) | {".dcm", ".dic", ".dicom", ".ima", ".jpe"}
_MAX_NAME = 255  # bytes of a name, on all common file systems


class Folder:
    """Names in a folder, each given once, none that of a source.

    Parameters
    ----------
    path
        The folder, which need not exist.
    taken
        Files that must not be written over.
    overwrite
        Whether other files that are there may be written over; if not, their names are taken.

    Attributes
    ----------
    has_met
        Whether a name was taken by a file that was there.
    """

    def __init__(self, path: Path, taken: Iterable[str] = (), *, overwrite: bool = True) -> None:
        self.path = path
        self.has_met = False
        self._overwrite = overwrite
        self._resolved: dict[Path, Path] = {}
        self._given: set[str] = set()
        self._next: dict[str, int] = {}
        self._made: set[Path] = set()
        for name in taken:
            self.reserve(Path(name))

    def reserve(self, path: Path) -> None:
        """Give the name of a file to nothing else."""
        self._given.add(self._identity(path))

    def release(self, path: Path) -> None:
        """Take back a name."""
        self._given.discard(self._identity(path))
        self._next.clear()

    def name_for(self, relative: PurePath, suffix: str | None = None, number: str = "") -> Path:
        """Return the path for the conversion of a source: ``scan.png``, or ``scan-2.png`` when that is taken.

        Parameters
        ----------
        relative
            The source's name below the folder.
        suffix
            Of the conversion. Without one, the source keeps its own.
        number
            What stands before the suffix, of one conversion of several: ``".002"``.
        """
        has_suffix = relative.suffix.lower() in _SUFFIXES
        stem = relative.stem if has_suffix else relative.name
        if suffix is None:
            suffix = relative.suffix if has_suffix else ""
        base = self._identity(self.path / relative.parent / f"{stem}{number}{suffix}")
        attempt = self._next.get(base, 1)
        while True:
            end = f"{number}{suffix}" if attempt == 1 else f"-{attempt}{number}{suffix}"
            target = self.path / relative.parent / f"{_cut(stem, _MAX_NAME - len(end))}{end}"
            identity = self._identity(target)
            attempt += 1
            if identity in self._given:
                continue
            if not self._overwrite and os.path.lexists(target):
                self.has_met = True
                continue
            self._given.add(identity)
            self._next[base] = attempt
            return target

    def make_room(self, target: Path) -> None:
        """Make the folder that a file goes into."""
        if target.parent not in self._made:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(target.parent)

    def _identity(self, path: Path) -> str:
        """Return the same for names that a file system which ignores case and composition takes for one.

        A link is the file that it leads to, which is what is written.
        """
        if os.path.islink(path):  # noqa: PTH114  a name may be too long yet
            path = Path(os.path.realpath(path))
        parent = self._resolved.get(path.parent)
        if parent is None:
            parent = self._resolved.setdefault(path.parent, path.parent.resolve())
        return unicodedata.normalize("NFC", str(parent / path.name)).casefold()


class OneFile:
    """The name that was asked for, for the conversion of one source; a number goes before its suffix."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def reserve(self, path: Path) -> None:
        """Do nothing: the name is given by whoever asked for it."""

    release = reserve

    def name_for(self, relative: PurePath, suffix: str | None = None, number: str = "") -> Path:  # noqa: ARG002
        """Return the path; of one conversion of several with its number, and with a suffix if it has none."""
        if not number:
            return self.path
        own = self.path.suffix
        if own[1:2].isalpha() or own.lower() in _SUFFIXES:
            return self.path.with_name(f"{self.path.stem}{number}{own}")
        return self.path.with_name(f"{self.path.name}{number}{suffix or ''}")

    def make_room(self, target: Path) -> None:
        """Require the folder, which is not made: its name may be mistyped.

        Raises
        ------
        FileNotFoundError
            It is not there.
        """
        if not target.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "no such folder", str(target.parent))


def is_full(error: BaseException | None) -> bool:
    """Tell whether there is no room left where conversions go: then there is none for the next one either."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


def numbered(part: int, parts: int) -> str:
    """Return what tells a part of a source from its others in a name: ``.001`` for the first; of one, nothing."""
    return "" if parts == 1 else f".{part + 1:0{max(3, len(str(parts)))}}"


def place_of(ds: Dataset, layout: Layout) -> PurePath:
    """Return the name of a data set by its UIDs."""
    keywords = ["SOPInstanceUID"] if layout == "uid" else ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"]
    *folders, name = (_of_uid(str(ds.get(keyword))) for keyword in keywords)
    return PurePath(*folders, f"{name}.dcm")


def _of_uid(uid: str) -> str:
    return uid if re.fullmatch(r"[0-9][0-9.]{0,63}", uid) and not uid.endswith(".") else "invalid"


def _cut(stem: str, size: int) -> str:
    """Shorten a name that is too long with its new end."""
    encoded = os.fsencode(stem)
    return stem if len(encoded) <= size else encoded[:size].decode(errors="ignore")
