"""Where conversions go: one file, or names in a folder that never meet each other or a source."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from filmless.cli.sources import files_below

__all__ = ["Folder", "Source", "sources"]

#: What may stand behind the last dot of a name without being a part of a UID or number.
_SUFFIXES = {".bmp", ".dcm", ".dic", ".dicom", ".emf", ".gif", ".ima", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff"}


class Source(NamedTuple):
    """A file to convert.

    Attributes
    ----------
    path
        The file.
    relative
        Its name below the folder that was named; of a file that was named itself, its name alone.
    is_named
        Whether it was named itself, and not a folder that it is in.
    """

    path: str
    relative: Path
    is_named: bool = True


def sources(names: Iterable[str], *, leave_out: Path | None) -> Iterator[Source]:
    """Go through files and the files in folders, but not into the folder that conversions go to, if there is one."""
    for name in names:
        if not Path(name).is_dir():
            yield Source(name, Path(Path(name).name))
            continue
        within = None if leave_out is None else leave_out.resolve()
        is_below = within is not None and Path(name).resolve() in within.parents
        for path in files_below(name):
            if not (is_below and within in Path(path).resolve().parents):
                yield Source(path, Path(os.path.relpath(path, name)), is_named=False)


class Folder:
    """Names in a folder, each given once, none that of a source.

    Parameters
    ----------
    path
        The folder, which need not exist.
    taken
        Files that must not be written over.
    """

    def __init__(self, path: Path, taken: Iterable[str]) -> None:
        self.path = path
        self._given = {_identity(Path(name)) for name in taken}

    def name_for(self, source: Source, suffix: str | None = None) -> Path:
        """Return the path for the conversion of a source: ``scan.png``, or ``scan-2.png`` when that is taken.

        Without a suffix the source keeps its own.
        """
        relative = source.relative
        has_suffix = relative.suffix.lower() in _SUFFIXES
        stem = relative.stem if has_suffix else relative.name
        if suffix is None:
            suffix = relative.suffix if has_suffix else ""
        number = 1
        while True:
            name = f"{stem}{suffix}" if number == 1 else f"{stem}-{number}{suffix}"
            target = self.path / relative.parent / name
            identity = _identity(target)
            if identity not in self._given:
                self._given.add(identity)
                return target
            number += 1


def _identity(path: Path) -> str:
    """Return the same for names that a file system which ignores case takes for one."""
    return str(path.resolve()).casefold()
