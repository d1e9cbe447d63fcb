"""Instances in another transfer syntax than they are stored in: what DICOMweb and DIMSE hand out."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO, Final

from filmless import _core
from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.file import encode, write
from filmless.pixels import transcode

__all__ = ["is_decoded", "size_of", "transcoded"]

_IN_MEMORY: Final = 16 << 20  # bytes of a stored file; a larger one becomes a temporary file
_NO_CODEC: Final = frozenset({"video", "unsupported"})


@cache
def is_decoded(transfer_syntax: str) -> bool:
    """Whether the pixels of a transfer syntax become uncompressed; a video would take a hundred times the room."""
    row = _core.transfer_syntax(transfer_syntax)
    return row is not None and row["codec"] not in _NO_CODEC


@contextmanager
def transcoded(archive: Archive, entry: Entry, transfer_syntax: str) -> Iterator[bytes | BinaryIO]:
    """Give the file of an instance in another transfer syntax: its bytes, or those of a large one as an open file.

    Raises
    ------
    ArchiveError
        It is gone, or cannot be read.
    DicomError, ValueError
        It cannot be had in that.
    """
    with tempfile.TemporaryDirectory(prefix="filmless-") as folder:
        path, written = Path(folder, "instance.dcm"), None
        new = transcode(archive.dataset(entry), transfer_syntax, new_instance=False, threads=1)
        if entry.size <= _IN_MEMORY:
            written = encode(new)
        else:
            write(new, path)
        del new
        if written is not None:
            yield written
            return
        with path.open("rb") as file:
            yield file


def size_of(written: bytes | BinaryIO) -> int:
    """Return how many bytes were written."""
    return len(written) if isinstance(written, bytes) else os.fstat(written.fileno()).st_size
