"""One at a time for each SOP Instance UID: what stores, replaces and deletes an instance reserves it."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

__all__ = ["Reservations"]


class Reservations:
    """Names that are held. A name may be held in one thread and released in another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: set[str] = set()
        self._waiting = 0

    def take(self, names: Iterable[str]) -> None:
        """Wait until none of the names is held, and hold them all: nobody waits while holding some of them."""
        wanted = set(names)
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: self._held.isdisjoint(wanted))
            finally:
                self._waiting -= 1
            self._held |= wanted

    def release(self, names: Iterable[str]) -> None:
        """Let go of names."""
        with self._changed:
            self._held.difference_update(names)
            if self._waiting:
                self._changed.notify_all()

    @contextmanager
    def holding(self, names: Iterable[str]) -> Iterator[None]:
        """Hold names for a while."""
        wanted = list(names)
        self.take(wanted)
        try:
            yield
        finally:
            self.release(wanted)
