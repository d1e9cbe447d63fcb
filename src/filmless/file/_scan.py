"""Many headers at once, as a table."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from filmless import _core


class Scan(Mapping[str, list[Any]]):
    """Columns of equal length by name: ``path``, the attributes asked for, ``findings`` and ``error``.

    A mapping of columns is what ``pandas.DataFrame`` and ``pyarrow.table`` take.
    """

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns

    def __getitem__(self, name: str) -> list[Any]:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The table row by row."""
        names = list(self._columns)
        return [dict(zip(names, values, strict=True)) for values in zip(*self._columns.values(), strict=True)]

    def __repr__(self) -> str:
        failed = sum(error is not None for error in self._columns["error"])
        return f"Scan({len(self._columns['path'])} files, {failed} failed, columns {', '.join(self._columns)})"


def scan(
    source: str | PathLike[str] | Iterable[str | PathLike[str]],
    keywords: Iterable[str],
    *,
    threads: int | None = None,
    max_depth: int = 128,
    max_elements: int = 20_000_000,
) -> Scan:
    """Read some attributes of many files.

    Parameters
    ----------
    source
        A folder, which is read with all folders in it, a file, or paths.
    keywords
        Keywords of the attributes; of a sequence the column holds the number of items.
    threads
        How many to read with; by default as many as there are cores.
    max_depth, max_elements
        As of `read`.

    Returns
    -------
    Scan
        A row per file, in the order of the paths (sorted in folders). A file that cannot be read is a row with its
        error; attributes that a file does not have are None. Findings are of what was read: files are read no
        further than the last attribute asked for.

    Raises
    ------
    KeyError
        For a word that is no keyword.

    Examples
    --------
    >>> table = scan(["slice.dcm"], ["Modality", "Rows"])
    >>> table["Modality"], table["Rows"]
    (['CT'], [128])
    """
    names = list(keywords)
    tags = []
    for name in names:
        row = _core.dictionary_entry(name)
        if row is None:
            message = f"`{name}` is no keyword of the data dictionary"
            raise KeyError(message)
        tags.append(row[0])
    paths = list(_files(source))
    options = (max_depth, max_elements, None, None, False, False)
    columns, findings, errors = _core.scan(paths, tags, options, threads or 0)
    return Scan({"path": paths, **dict(zip(names, columns, strict=True)), "findings": findings, "error": errors})


def _files(source: str | PathLike[str] | Iterable[str | PathLike[str]]) -> Iterator[str]:
    if not isinstance(source, str | PathLike):
        yield from (os.fspath(path) for path in source)
        return
    path = os.fspath(source)
    if not Path(path).is_dir():
        yield path
    else:
        for folder, folders, files in os.walk(path):
            folders.sort()
            yield from (os.path.join(folder, name) for name in sorted(files))  # noqa: PTH118  many files
