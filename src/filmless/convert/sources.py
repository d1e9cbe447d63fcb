"""The sources of a run, one after the other: files, what is in folders and ZIP files, and what is in memory."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path, PurePath
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from filmless.convert.archives import Member, ZipLimits, is_zip, members
from filmless.convert.journal import JOURNAL
from filmless.convert.reading import Source, bytes_of
from filmless.file._natural_order import natural_key

__all__ = ["Item", "Sources", "each", "files", "items", "opened"]

Sources: TypeAlias = Source | Iterable["Source | Item"]
"""One source, or any number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something to convert.

    Attributes
    ----------
    source
        The path of a file, the member of a ZIP, bytes, an image or an array.
    name
        What it is called where it is told of: ``in/a.png``, ``in/scans.zip/a.png``, ``source 3``.
    relative
        Its name below the folder or ZIP file that was named; of a file that was named itself, its name alone. It never
        leads out of where it is put.
    is_named
        Whether it was named itself, and not a folder or ZIP file that it is in.
    error
        Why it cannot be read, when that was found before.
    reason
        Why it is passed over, when that was found before.
    """

    source: str | Member | bytes | Image.Image | np.ndarray[Any, Any]
    name: str
    relative: PurePath
    is_named: bool = True
    error: Exception | None = None
    reason: str | None = None

    @property
    def folder(self) -> str:
        """Its folder below what was named, with ``/`` between the parts; empty when it is in none."""
        parent = self.relative.parent.as_posix()
        return "" if parent == "." else parent

    @property
    def path(self) -> str | None:
        """The file it is; None of a member of a ZIP and of what is in memory."""
        return self.source if isinstance(self.source, str) else None

    def head(self, size: int) -> tuple[bytes, int]:
        """Return the first bytes of a file, and how many there are in all."""
        if isinstance(self.source, str):
            with Path(self.source).open("rb") as file:
                return file.read(size), os.fstat(file.fileno()).st_size
        if isinstance(self.source, Member):
            return self.source.head(size), self.source.size
        data = self.source if isinstance(self.source, bytes) else b""
        return data[:size], len(data)

    def data(self) -> bytes:
        """Return the bytes of a file."""
        if isinstance(self.source, str):
            return Path(self.source).read_bytes()
        return self.source.read() if isinstance(self.source, Member) else bytes(self.source)  # type: ignore[arg-type]

    def opened(self) -> Source:
        """Return it as a source that is read alone."""
        return self.source.read() if isinstance(self.source, Member) else self.source

    def identity(self, *, with_content: bool = False) -> list[Any] | None:
        """Return what tells it from others and from what it was before: name, size and time of a file.

        Parameters
        ----------
        with_content
            Go by the content of what has no name; without, that has no identity.
        """
        if isinstance(self.source, str):
            status = os.stat(self.source)  # noqa: PTH116  many files
            return [os.path.abspath(self.source), status.st_size, status.st_mtime_ns]  # noqa: PTH100
        if isinstance(self.source, Member):
            return self.source.identity()
        if not with_content:
            return None
        held = np.asarray(self.source) if isinstance(self.source, Image.Image) else self.source
        shape = [] if isinstance(held, bytes) else [held.dtype.str, *held.shape]
        data = held if isinstance(held, bytes) else np.ascontiguousarray(held).tobytes()
        return [hashlib.sha256(data).hexdigest(), *shape]


def items(sources: Any, *, leave_out: Path | None = None, limits: ZipLimits | None = None) -> Iterator[Item]:
    """Go through sources, the files in folders, and the members of ZIP files, as they are asked for.

    Parameters
    ----------
    sources
        One source, or an iterable of such, which is gone through once; an `Item` stays as it is.
    leave_out
        A folder that is not gone into: the one that conversions go to.
    limits
        Of ZIP files.

    Notes
    -----
    What cannot be read becomes an item with its error. The order is natural in folders and ZIP files: ``img2`` before
    ``img10``, files before folders. Streams are read when their turn comes, before the next source is asked for.
    """
    limits = limits or ZipLimits()
    for place, source in enumerate(each(sources), start=1):
        if isinstance(source, str | PathLike):
            for item in files([fspath(source)], leave_out=leave_out):
                yield from opened(item, limits)
        elif isinstance(source, Item):
            yield source
        else:
            yield from opened(_in_memory(source, place), limits)


def files(names: Iterable[str], *, leave_out: Path | None) -> Iterator[Item]:
    """Go through files and the files in folders, in natural order, but not into a folder that is left out."""
    within = None if leave_out is None else leave_out.resolve()
    for name in names:
        if not Path(name).is_dir():
            yield _named_file(name)
            continue
        is_below = within is not None and Path(name).resolve() in within.parents
        yield from _below(name, within if is_below else None)


def each(sources: Any) -> Iterable[Any]:
    """Return sources as an iterable: one alone is one of them."""
    is_one = isinstance(sources, str | PathLike | bytes | bytearray | memoryview | Image.Image | np.ndarray | Item)
    return [sources] if is_one or hasattr(sources, "read") else sources


def _named_file(name: str) -> Item:
    item = Item(source=name, name=name, relative=PurePath(Path(name).name))
    try:
        mode = os.stat(name).st_mode  # noqa: PTH116
        if not stat.S_ISREG(mode):  # a pipe can be read once only
            return replace(item, source=Path(name).read_bytes())
    except OSError as error:
        return replace(item, error=error)
    return item


def _in_memory(source: Any, place: int) -> Item:
    name = getattr(source, "name", None) or getattr(source, "filename", None)
    called = Path(name).name if isinstance(name, str) and name else ""
    item = Item(source=b"", name=called or f"source {place}", relative=PurePath(called or f"source-{place}"))
    if isinstance(source, Image.Image | np.ndarray):
        return replace(item, source=source)
    try:
        return replace(item, source=bytes_of(source))
    except Exception as error:  # noqa: BLE001  of whatever the stream is
        return replace(item, error=error)


def opened(item: Item, limits: ZipLimits) -> Iterator[Item]:
    """Give the members of a ZIP file in place of it, all else as it is."""
    if item.error is not None or item.reason is not None or not is_zip(item.source):
        yield item
        return
    # What was named is left out of names, as that of a folder is.
    top = PurePath() if item.is_named else item.relative
    for found in members(item.source, limits):  # type: ignore[arg-type]
        if isinstance(found, Exception):
            yield replace(item, error=found)
        elif isinstance(found, str):
            yield replace(item, reason=found)
        elif found is None:  # a document that is kept in a ZIP
            yield item
        else:
            name = f"{item.name}/{found.name}"
            relative = top / found.relative
            error, reason = found.error, found.reason
            yield Item(source=found, name=name, relative=relative, is_named=False, error=error, reason=reason)


def _below(top: str, leave_out: Path | None) -> Iterator[Item]:
    """Every file in a folder and the folders in it. Links to files are files; links to folders are not followed."""
    folders = [top]
    while folders:
        folder = folders.pop()
        relative = PurePath(os.path.relpath(folder, top))
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: natural_key(entry.name))
        except OSError as error:
            yield Item(source=folder, name=folder, relative=relative, is_named=False, error=error)
            continue
        below = []
        for entry in found:
            if entry.name == JOURNAL:
                continue
            if entry.is_dir(follow_symlinks=False):
                if leave_out is None or Path(entry.path).resolve() != leave_out:
                    below.append(entry.path)
            else:
                yield _found_file(entry, relative / entry.name)
        folders += reversed(below)


def _found_file(entry: os.DirEntry[str], relative: PurePath) -> Item:
    item = Item(source=entry.path, name=entry.path, relative=relative, is_named=False)
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        return replace(item, error=error)
    if stat.S_ISDIR(mode):
        return replace(item, reason="a link to a folder")
    return item if stat.S_ISREG(mode) else replace(item, reason="no regular file")
