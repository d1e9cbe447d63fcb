"""What is stored: files, bytes and data sets, of which only the head is looked at before they are sent."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import FileIO
from os import PathLike, fsdecode
from pathlib import Path
from typing import Final, TypeAlias

from filmless import _core
from filmless.dataset import Dataset
from filmless.dimse.file_head import FileHead, head_of
from filmless.dimse.steps import Buffer, Payload
from filmless.dimse.uids import EXPLICIT
from filmless.errors import DicomError, FormatError
from filmless.file import read
from filmless.file.uid_grammar import is_uid

__all__ = [
    "DataSetPart",
    "FilePart",
    "Instance",
    "Source",
    "each_of",
    "encoded",
    "heads",
    "instance_of",
    "name_of",
    "why",
]

PIECE: Final = 1 << 20
_HEAD: Final = 8 << 10

Source: TypeAlias = str | PathLike[str] | bytes | Dataset
"""A file or a folder of files, the bytes of a file, or a data set."""


class FilePart(Payload):
    """A data set that stands in a file: from an offset to the end, of which the first piece is here already."""

    __slots__ = ("first", "offset", "path", "size")

    def __init__(self, path: str, offset: int, size: int, first: Buffer) -> None:
        self.path, self.offset, self.size, self.first = path, offset, size, first

    def pieces(self) -> Iterator[Buffer]:
        """Give the first piece, then read on.

        Raises
        ------
        FormatError
            The file is not what it was.
        """
        left = self.size - len(self.first)
        with Path(self.path).open("rb", buffering=0) as file:
            yield self.first
            file.seek(self.offset + len(self.first))
            while left:
                piece = bytearray(min(PIECE, left))
                count = _fill(file, memoryview(piece))
                if count < len(piece):
                    raise FormatError("the file was cut off while it was sent", path=self.path)
                left -= count
                yield piece


class DataSetPart(Payload):
    """A data set that is encoded as it is sent: what of it lies in a file is read piece by piece."""

    __slots__ = ("_dataset", "_options")

    def __init__(self, dataset: Dataset, transfer_syntax: str | None) -> None:
        self._dataset, self._options = dataset, (transfer_syntax, "keep", False)

    def pieces(self) -> Iterator[Buffer]:
        """Encode it.

        Raises
        ------
        DicomError
            A value cannot be encoded, or its file is not what it was.
        """
        return self.begin()

    def begin(self) -> _core.DataSetPieces:
        """Return the pieces, of which the length is known."""
        return _core.DataSetPieces(self._dataset, self._options, PIECE)


def encoded(ds: Dataset, transfer_syntax: str | None = None) -> tuple[Buffer | DataSetPart, int]:
    """Return what is sent of a data set, and how many bytes that is: those of a short one, and else what makes them.

    Parameters
    ----------
    ds
        The data set.
    transfer_syntax
        What it is encoded in whatever it was read in; by default as it is.

    Raises
    ------
    DicomError
        It cannot be encoded, or no message can carry it.
    """
    part = DataSetPart(ds, transfer_syntax)
    pieces = part.begin()
    size = pieces.length
    if size % 2:
        raise FormatError("the data set has an odd number of bytes, which no message can carry")
    return (part if size > PIECE else b"".join(pieces)), size


def _fill(file: FileIO, view: memoryview) -> int:
    done = 0
    while done < len(view):
        count = file.readinto(view[done:])
        if not count:
            break
        done += count
    return done


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that can be sent: what it is, and where its data set comes from.

    Attributes
    ----------
    source
        What it was given as.
    data
        The data set as it is stored, without preamble and file meta information.
    size
        Bytes of it.
    """

    source: Source
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    data: Buffer | FilePart | DataSetPart
    size: int


def each_of(sources: Source | Iterable[Source]) -> Iterator[Source]:
    """Give sources one by one: files of folders in the order of their names."""
    if isinstance(sources, str | PathLike | bytes | Dataset):
        sources = (sources,)
    for source in sources:
        if isinstance(source, str | PathLike) and os.path.isdir(source):  # noqa: PTH112 - a path of text stays one
            for folder, folders, files in os.walk(fsdecode(source)):
                folders.sort()
                yield from (os.path.join(folder, name) for name in sorted(files))  # noqa: PTH118
        else:
            yield source


def name_of(source: Source, number: int) -> str:
    """Return how a source is called: by its path, or by which one it is."""
    return f"source {number}" if isinstance(source, bytes | Dataset) else fsdecode(source)


def why(error: Exception) -> str:
    """Return what went wrong with a source, without its path, which stands beside it."""
    if isinstance(error, DicomError):
        return error.message
    return (getattr(error, "strerror", None) or "it cannot be read").lower()


def instance_of(source: Source) -> Instance:
    """Read the head of a source, and of a file the first piece.

    Raises
    ------
    DicomError
        It is no instance.
    OSError
        It cannot be read.
    """
    if isinstance(source, Dataset):
        return _of_dataset(source, source)
    if isinstance(source, bytes):
        head = head_of(source)
        if head is None or (len(source) - head.offset) % 2:
            return _of_dataset(source, read(source))
        data = memoryview(source)[head.offset :]
        return Instance(source, head.sop_class, head.sop_instance, head.transfer_syntax, data, len(data))
    path = fsdecode(source)
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - half the time of Path.open, for every file
        size = os.fstat(file.fileno()).st_size
        first = file.read(min(size, PIECE))
        head = head_of(first)
    if head is None or (size - head.offset) % 2 or head.offset % 2 or len(first) < min(size, PIECE):
        return _of_dataset(source, read(path))
    view, length = memoryview(first)[head.offset :], size - head.offset
    data_set = view if len(view) == length else FilePart(path, head.offset, length, view)
    return Instance(source, head.sop_class, head.sop_instance, head.transfer_syntax, data_set, length)


def _of_dataset(source: Source, ds: Dataset) -> Instance:
    """Encode what is no file as it should be, or no file at all."""
    sop_class, sop_instance, syntax, _ = _head_of_dataset(ds)
    row = _core.transfer_syntax(syntax)
    is_kept = row is None or row["encapsulated"] or row["deflated"]
    # What was read in another encoding than its meta information says is written in that one.
    data, size = encoded(ds, None if is_kept else syntax)
    return Instance(source, sop_class, sop_instance, syntax, data, size)


def _head_of_dataset(ds: Dataset) -> FileHead:
    sop_class, sop_instance = (ds.get(name) for name in ("SOPClassUID", "SOPInstanceUID"))
    if not (is_uid(sop_class) and is_uid(sop_instance)):
        raise FormatError("the data set has no SOP Class UID and SOP Instance UID, and is no instance")
    syntax = ds.file_meta.get("TransferSyntaxUID") if ds.file_meta else None
    return FileHead(str(sop_class), str(sop_instance), str(syntax) if is_uid(syntax) else EXPLICIT, 0)


def heads(sources: Source | Iterable[Source]) -> Iterator[tuple[Source, FileHead | None]]:
    """Give each source with what it is; None when that cannot be told."""
    for source in each_of(sources):
        try:
            yield source, _head(source)
        except (DicomError, OSError):
            yield source, None


def _head(source: Source) -> FileHead:
    if isinstance(source, Dataset):
        return _head_of_dataset(source)
    if isinstance(source, bytes):
        return head_of(source) or _head_of_dataset(read(source))
    path = fsdecode(source)
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        first = file.read(_HEAD)
    return head_of(first) or _head_of_dataset(read(path))
