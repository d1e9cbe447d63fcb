"""An instance that is coming in: its bytes, then its place, then its row."""

from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from filmless.archive.committer import Committer
from filmless.archive.failures import failing_as_archive
from filmless.archive.newcomer import Newcomer
from filmless.archive.outcome import Outcome
from filmless.archive.record import record_of
from filmless.archive.reservations import Reservations
from filmless.archive.storage import Draft, Storage
from filmless.archive.within import EVERYTHING, Within
from filmless.errors import ConflictError

__all__ = ["Incoming"]

_WHAT: Final = "the instance cannot be stored"


class Incoming:
    """An instance that is coming in: bytes are written, then it is submitted. Use it with ``with``.

    Attributes
    ----------
    size
        Bytes by now.

    Examples
    --------
    >>> from pathlib import Path
    >>> from filmless.archive import Archive
    >>> with Archive("archive") as archive, archive.receive() as incoming:
    ...     incoming.write(Path("slice.dcm").read_bytes())
    ...     incoming.submit().result().kind
    'stored'
    """

    def __init__(
        self, storage: Storage, committer: Committer, reserved: Reservations, draft: Draft | None = None
    ) -> None:
        self._storage, self._committer, self._reserved = storage, committer, reserved
        with failing_as_archive(_WHAT):
            self._draft = draft or storage.draft()

    @property
    def size(self) -> int:
        """Bytes by now."""
        return self._draft.size

    def write(self, *pieces: bytes | bytearray | memoryview) -> None:
        """Take more bytes, in one piece or several. Blocks on the disk: call it in a thread, with much at a time.

        Raises
        ------
        StorageFullError
            There is no room.
        """
        with failing_as_archive(_WHAT):
            self._draft.write(*pieces)

    def submit(
        self, *, study_uid: str | None = None, within: Within = EVERYTHING, is_waited_for: bool = False
    ) -> Future[Outcome]:
        """Make it durable and hand it to the index; the result is there once its row is committed.

        Blocks while the file is made durable and its header is read, and while another one of its SOP Instance UID is
        on its way; not for the commit, which is shared by all that are waiting.

        Parameters
        ----------
        study_uid
            The study that it has to be of.
        within
            What the sender may write to.
        is_waited_for
            Whether this thread has nothing else to do until it is committed: it commits then, when no other does.

        Raises
        ------
        FormatError
            It is no DICOM file, or lacks a UID that it is filed by.
        ConflictError
            It is of another study than ``study_uid``, or not within what the sender may write.
        StorageFullError
            There is no room; the future raises it, too.
        ArchiveError
            The storage or the index cannot be written for now; the future raises it, too.
        """
        draft = self._draft
        with failing_as_archive(_WHAT):
            draft.seal()
            record = record_of(draft.open(), size=draft.size, sha256=draft.sha256)
        self._committer.require_within(record, within)
        if study_uid is not None and record.study_uid != study_uid:
            raise ConflictError("the instance is of another study than it was sent for")
        uid = (record.instance_uid,)
        self._reserved.take(uid)
        newcomer = Newcomer(record, "", within=within, done=lambda: self._reserved.release(uid))
        try:
            with failing_as_archive(_WHAT):
                newcomer.location = self._storage.place(draft, "instances")
        except BaseException:
            self._reserved.release(uid)
            raise
        newcomer.is_new = not draft.was_there
        try:
            # Here, by all senders at once: one after the other in the committer takes longer.
            with failing_as_archive(_WHAT):
                self._storage.settle([newcomer.location])
            return self._committer.submit(newcomer, is_waited_for=is_waited_for)
        except BaseException as error:
            self._committer.give_up(newcomer, error, is_without_row=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # what is left of a draft is swept at the next start
            self._draft.discard()
