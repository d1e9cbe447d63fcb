"""Instances on their way out: as they are stored where the peer takes that, else in what it takes."""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from itertools import islice
from typing import BinaryIO, Final

from filmless import _core
from filmless.archive import Archive, Entry
from filmless.dimse.file_head import data_set_start
from filmless.dimse.steps import Buffer
from filmless.errors import DicomError, UnsupportedError

__all__ = ["PREFERRED", "Outgoing"]

_PIECE: Final = 1 << 20
_ATTEMPTS: Final = 3

PREFERRED: Final = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")
"""What an instance is sent in when the peer does not take what is stored, the first first."""


class Outgoing:
    """The data set of an instance, to be sent once or more often: a `filmless.dimse.steps.Payload`. Close it.

    Parameters
    ----------
    archive, entry
        The instance.
    accepted
        The transfer syntaxes that the peer takes it in.

    Attributes
    ----------
    transfer_syntax
        The one that it is sent in.

    Raises
    ------
    UnsupportedError
        It can be had in none of these: nothing is ever compressed with a loss to be sent.
    DicomError
        It is gone, or cannot be decoded.
    """

    def __init__(self, archive: Archive, entry: Entry, accepted: Collection[str]) -> None:
        self._stack, self.entry = ExitStack(), entry
        try:
            if entry.transfer_syntax_uid in accepted:
                self.transfer_syntax = entry.transfer_syntax_uid
                source: bytes | BinaryIO = self._stack.enter_context(closing(archive.open(entry)))
            else:
                self.transfer_syntax, source = self._transcode(archive, accepted)
            self._file = None if isinstance(source, bytes) else source
            head = source if isinstance(source, bytes) else source.read(_PIECE)
            self._start = data_set_start(head)
            self._head = memoryview(head)[self._start :]
            if len(head) < _PIECE:  # that was all of it
                self._file = None
                self._stack.close()
        except BaseException:
            self._stack.close()
            raise

    @property
    def whole(self) -> Buffer | None:
        """The data set, when it is short enough to be in memory already."""
        return self._head if self._file is None else None

    def pieces(self) -> Iterator[Buffer]:
        """Give the bytes."""
        yield self._head
        if self._file is not None:
            self._file.seek(self._start + len(self._head))
            while piece := self._file.read(_PIECE):
                yield piece

    def close(self) -> None:
        """Let go of the file."""
        self._stack.close()

    def _transcode(self, archive: Archive, accepted: Collection[str]) -> tuple[str, bytes | BinaryIO]:
        # Pixels and codecs are imported when they are first needed.
        from filmless.archive.transcoded import is_decoded, transcoded

        entry, failure = self.entry, None
        if is_decoded(entry.transfer_syntax_uid):
            for transfer_syntax in islice(_lossless(accepted), _ATTEMPTS):
                made: AbstractContextManager[bytes | BinaryIO] = transcoded(archive, entry, transfer_syntax)
                try:
                    return transfer_syntax, self._stack.enter_context(made)
                except (DicomError, ValueError) as error:
                    failure = error
        raise UnsupportedError("the instance cannot be had in a transfer syntax that the peer takes") from failure


def _lossless(accepted: Collection[str]) -> Iterator[str]:
    """Give those of some transfer syntaxes in which nothing is lost, uncompressed ones first."""
    yield from (uid for uid in PREFERRED if uid in accepted)
    for uid in accepted:
        row = _core.transfer_syntax(uid)
        if row is not None and uid not in PREFERRED and row["lossless"]:
            yield uid
