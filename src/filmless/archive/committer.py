"""Group commit: the rows of all that is waiting, in one transaction that is made durable once."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from filmless.archive.duplicates import Duplicates
from filmless.archive.failures import as_archive_error
from filmless.archive.index.index import Index
from filmless.archive.newcomer import Newcomer
from filmless.archive.options import Options
from filmless.archive.outcome import Outcome
from filmless.archive.record import Record
from filmless.archive.rows import clear_trash
from filmless.archive.storage import Storage
from filmless.archive.within import Within
from filmless.dataset import Dataset
from filmless.errors import ArchiveError, ConflictError

__all__ = ["Committer"]

_WHAT: Final = "the instance cannot be stored"
_CLOSED: Final = "the archive is closed"
_MOST_BATCHES: Final = 4  # that wait
_LED_BATCHES: Final = 2  # that one sender commits for others


class Committer:
    """Gives newcomers their rows, in threads of senders or its own; others decide where a UID is there already.

    Parameters
    ----------
    index, storage, options
        Of the archive.

    Attributes
    ----------
    told
        Called with each outcome and the bytes of its file.
    is_clean
        Whether no file without a row was left for the next start to look for.
    """

    def __init__(self, index: Index, storage: Storage, options: Options) -> None:
        self._index, self._storage, self._options = index, storage, options
        self.told: Callable[[Outcome, int], None] = lambda _outcome, _size: None
        self._duplicates = Duplicates(index, storage, options, taking_away=self.taking_away)
        # One of those who wait commits for all: to hand rows to a thread of their own costs as much as to commit them.
        self._waiting: deque[Newcomer] = deque()
        self._changed = threading.Condition()
        self._is_led = self._closed = False
        self._leaders = ThreadPoolExecutor(1, "filmless-committer")
        self._deciders = ThreadPoolExecutor(2, "filmless-duplicates")
        self._left_lock = threading.Lock()
        self._left: set[str] = set()
        self.is_clean = True

    def require_within(self, record: Record, within: Within) -> None:
        """Refuse what its sender may not write, before others share a transaction with it; the transaction looks, too.

        Raises
        ------
        ConflictError
            It is of a patient or study that is out of the sender's sight, by what it says or by the study it joins.
        """
        if within.is_everything:
            return
        named = str(Dataset.from_json(record.levels["patient"]).get("PatientID") or "")
        owner = self._index.patient_of(record.study_uid)
        if not all(within.holds(patient, record.study_uid) for patient in (named, owner) if patient is not None):
            raise ConflictError("the instance is of a patient or study that the sender may not write to")

    def submit(self, newcomer: Newcomer, *, is_waited_for: bool = False) -> Future[Outcome]:
        """Take a newcomer; its future is done once its row is durable.

        Parameters
        ----------
        newcomer
            What is to get a row.
        is_waited_for
            Whether the caller has nothing else to do until then: it commits what is waiting, when nobody else does.
        """
        most = _MOST_BATCHES * self._options.batch_size
        with self._changed:
            # Bounded: who sends faster than the disk takes waits here.
            self._changed.wait_for(lambda: self._closed or len(self._waiting) < most)
            if self._closed:
                raise ArchiveError(_CLOSED)
            newcomer.told = self.told
            self._waiting.append(newcomer)
            if self._is_led:
                self._changed.notify_all()
                return newcomer.future
            self._is_led = True
        # Ctrl-C comes to the main thread alone, and shall not come in the middle of what others wait for.
        is_interruptible = threading.current_thread() is threading.main_thread()
        if is_waited_for and not is_interruptible and not self._options.batch_delay_s:
            self._lead(_LED_BATCHES)
        else:
            self._hand_over()
        return newcomer.future

    def close(self) -> bool:
        """Finish what was handed in; return whether nothing is left for the next start to clear up."""
        with self._changed:
            if self._closed:
                return True
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._is_led)
        self._leaders.shutdown()
        self._deciders.shutdown()
        try:
            self._clear_left()
        except Exception:  # noqa: BLE001 - the next start does it
            return False
        return self.is_clean

    def give_up(self, newcomer: Newcomer, error: BaseException, *, is_without_row: bool = False) -> None:
        """Take back the file of a newcomer that got no row, and tell its sender.

        A commit that failed may have reached the disk all the same, so the file goes into the trash, where it is
        until the index can be asked; a start after a crash asks, too.
        """
        if newcomer.is_new:
            try:
                if is_without_row:
                    self._storage.remove(newcomer.location)
            except Exception:  # noqa: BLE001 - the storage fails as well: the next start finds a file without a row
                self.is_clean = False
            if not is_without_row:
                self.leave_in_trash([newcomer.location])
        newcomer.fail(as_archive_error(error, _WHAT))

    @contextmanager
    def taking_away(self, locations: Iterable[str]) -> Iterator[None]:
        """Have files in the trash while ``with`` takes their rows away; they are gone for good when that ends well.

        When it raises, it is not known whether that was committed, and the index is asked later.
        """
        gone = list(locations)
        with self._left_lock:  # what was left there is dealt with anew
            self._left.difference_update(gone)
        self._storage.trash(gone)
        try:
            yield
        except BaseException:
            self.leave_in_trash(gone)
            raise
        self._storage.purge(gone)

    def leave_in_trash(self, locations: Iterable[str]) -> None:
        """Have files in the trash until the index can say whether it has rows for them."""
        left = list(locations)
        try:
            self._storage.trash(left)
        except Exception:  # noqa: BLE001 - the next start finds a file without a row
            self.is_clean = False
        with self._left_lock:
            self._left.update(left)

    # -- committing ----------------------------------------------------------------------------------------------

    def _lead(self, batches: int) -> None:
        """Commit until nobody waits; after some batches another thread goes on, for this one has work of its own."""
        while batch := self._gather():
            self._commit(batch)
            batches -= 1
            if not batches:
                self._hand_over()
                return

    def _hand_over(self) -> None:
        try:
            self._leaders.submit(self._lead, -1)
        except RuntimeError:  # the interpreter ends, and begins no thread any more
            self._lead(-1)

    def _gather(self) -> list[Newcomer]:
        """Return who waits; when nobody does, the next to come leads."""
        with self._changed:
            if self._waiting and (delay_s := self._options.batch_delay_s):
                is_full = lambda: self._closed or len(self._waiting) >= self._options.batch_size  # noqa: E731
                self._changed.wait_for(is_full, delay_s)
            count = min(len(self._waiting), self._options.batch_size)
            batch = [self._waiting.popleft() for _ in range(count)]
            self._is_led = bool(batch)
            self._changed.notify_all()
            return batch

    def _commit(self, batch: list[Newcomer]) -> None:
        try:
            added = self._index.add(
                [(newcomer.record, "", newcomer.location) for newcomer in batch],
                within=[newcomer.within for newcomer in batch],
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, senders are told, and the thread goes on
            self._fail(batch, error)
            return
        if self._left:
            self._clear_left_quietly()
        for newcomer, is_added in zip(batch, added, strict=True):
            if is_added:
                newcomer.settle("stored")
            else:
                self._deciders.submit(self._settle_duplicate, newcomer)

    def _fail(self, batch: list[Newcomer], error: Exception) -> None:
        if len(batch) == 1 or _is_of_all(error):
            for newcomer in batch:
                self.give_up(newcomer, error)
        else:  # one of them is to blame: the others shall not suffer
            for newcomer in batch:
                self._commit([newcomer])

    def _settle_duplicate(self, newcomer: Newcomer) -> None:
        try:
            kind = self._duplicates.decide(newcomer)
        except Exception as error:  # noqa: BLE001 - whatever it is, the sender is told
            self.give_up(newcomer, error)
        else:
            newcomer.settle(kind)

    def _clear_left_quietly(self) -> None:
        try:
            self._clear_left()
        except Exception:  # noqa: BLE001 - they stay for the next time
            return

    def _clear_left(self) -> None:
        with self._left_lock:
            clear_trash(self._storage, self._index, sorted(self._left))
            self._left.clear()


def _is_of_all(error: Exception) -> bool:
    """Whether an error is of the disk or the database, not of one record: trying one by one would only take longer."""
    return isinstance(error, (OSError, ArchiveError)) and not isinstance(error, ConflictError)
