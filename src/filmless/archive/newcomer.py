"""An instance whose file is in the storage, on its way into the index."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from filmless.archive.outcome import Kind, Outcome
from filmless.archive.record import Record
from filmless.archive.within import EVERYTHING, Within

__all__ = ["Newcomer"]


@dataclass(slots=True)
class Newcomer:
    """An instance whose file is in the storage and whose row is not there yet.

    Attributes
    ----------
    is_new
        Whether its file came with it: not one that was there already.
    may_replace
        Whether it is as new as it comes: what lay in the storage without a row can be older than what is current.
    within
        What its sender may write to, and replace.
    done
        Called once when it is settled, before the future is.
    told
        Called with what became of it and the bytes of its file, when it is durable.
    """

    record: Record
    location: str
    is_new: bool = True
    may_replace: bool = True
    within: Within = EVERYTHING
    done: Callable[[], None] = lambda: None
    told: Callable[[Outcome, int], None] = lambda _outcome, _size: None
    future: Future[Outcome] = field(default_factory=Future)

    def __post_init__(self) -> None:
        # A sender that goes away cancels what it waits for: the instance is stored all the same.
        self.future.set_running_or_notify_cancel()

    def settle(self, kind: Kind) -> None:
        """Tell the sender what became of it."""
        record = self.record
        self.done()
        outcome = Outcome(kind, record.study_uid, record.series_uid, record.instance_uid, record.sop_class_uid)
        with suppress(Exception):  # a listener that fails is not the sender's concern
            self.told(outcome, record.size)
        self.future.set_result(outcome)

    def fail(self, error: BaseException) -> None:
        """Tell the sender that nothing was stored."""
        self.done()
        self.future.set_exception(error)
