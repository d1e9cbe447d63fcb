"""Instances in another transfer syntax than they are stored in."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, BinaryIO, Final

from filmless import _core
from filmless.archive import Archive, Entry
from filmless.archive.transcoded import is_decoded, size_of
from filmless.archive.transcoded import transcoded as _transcoded
from filmless.errors import ArchiveError, DicomError, DicomWebError
from filmless.pixels.targets import targets

__all__ = ["DEFAULT", "cannot_be_had", "is_decoded", "is_encapsulated", "size_of", "targets_of", "transcoded"]

DEFAULT: Final = "1.2.840.10008.1.2.1"
"""What ``application/dicom`` and ``application/octet-stream`` mean when no transfer syntax is said (PS3.18 8.7.3)."""


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
    with ExitStack() as stack:
        try:
            written = stack.enter_context(_transcoded(archive, entry, transfer_syntax))
        except ArchiveError:
            raise
        except (DicomError, ValueError) as error:
            raise cannot_be_had(error) from error
        yield written


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
