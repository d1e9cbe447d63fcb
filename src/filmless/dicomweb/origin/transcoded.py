"""Instances in another transfer syntax than they are stored in."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from filmless import _core
from filmless.archive import Archive, Entry
from filmless.errors import ArchiveError, DicomError, DicomWebError
from filmless.file import encode, write
from filmless.pixels import transcode
from filmless.pixels.targets import targets

__all__ = ["DEFAULT", "cannot_be_had", "is_decoded", "is_encapsulated", "size_of", "targets_of", "transcoded"]

DEFAULT: Final = "1.2.840.10008.1.2.1"
"""What ``application/dicom`` and ``application/octet-stream`` mean when no transfer syntax is said (PS3.18 8.7.3)."""

_IN_MEMORY: Final = 16 << 20  # bytes of a stored file; a larger one becomes a temporary file
_NO_CODEC: Final = frozenset({"video", "unsupported"})


@cache
def is_decoded(transfer_syntax: str) -> bool:
    """Whether the pixels of a transfer syntax become uncompressed; a video would take a hundred times the room."""
    row = _core.transfer_syntax(transfer_syntax)
    return row is not None and row["codec"] not in _NO_CODEC


@cache
def is_encapsulated(transfer_syntax: str) -> bool:
    """Whether the pixels of a transfer syntax are in fragments."""
    row = _core.transfer_syntax(transfer_syntax)
    return row is not None and row["encapsulated"]


@cache
def targets_of(*, has_pixels: bool) -> tuple[dict[str, Any], ...]:
    """Return the rows of the transfer syntaxes that can be asked for."""
    return tuple(row for row in targets() if has_pixels or not row["encapsulated"])


@contextmanager
def transcoded(archive: Archive, entry: Entry, transfer_syntax: str) -> Iterator[bytes | BinaryIO]:
    """Give an instance in another transfer syntax: its bytes, or those of a large one as an open file.

    Raises
    ------
    DicomWebError
        406: it cannot be had in that.
    """
    with tempfile.TemporaryDirectory(prefix="filmless-") as folder:
        path, written = Path(folder, "instance.dcm"), None
        try:
            new = transcode(archive.dataset(entry), transfer_syntax, new_instance=False, threads=1)
            if entry.size <= _IN_MEMORY:
                written = encode(new)
            else:
                write(new, path)
        except ArchiveError:
            raise
        except (DicomError, ValueError) as error:
            raise cannot_be_had(error) from error
        del new
        if written is not None:
            yield written
            return
        with path.open("rb") as file:
            yield file


def cannot_be_had(error: Exception, *, is_stored: bool = False) -> DicomWebError:
    """Say over HTTP that a stored instance cannot be decoded or encoded as is asked."""
    hint = (
        "retrieve the instance, with `transfer-syntax=*`" if is_stored else "`transfer-syntax=*` gives what is stored"
    )
    message = error.message if isinstance(error, DicomError) else str(error)
    return DicomWebError(
        f"the instance cannot be had in this transfer syntax: {message}",
        status=406,
        hint=hint,
    )


def size_of(written: bytes | BinaryIO) -> int:
    """Return how many bytes were written."""
    return len(written) if isinstance(written, bytes) else os.fstat(written.fileno()).st_size
