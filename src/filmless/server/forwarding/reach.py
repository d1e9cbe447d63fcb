"""Whether a peer can be reached: while it cannot, nothing is held against the instances that wait for it."""

import random
import threading
import time
from typing import Final

__all__ = ["Reach"]

_LONGEST_PAUSE_S: Final = 60.0  # one connection tried in this time is cheap, and a peer that is back has long waited


class Reach:
    """What is known of a peer, for all threads that send to it.

    Parameters
    ----------
    first_delay_s, longest_delay_s
        How long is waited after the first failure, twice as long each time, and at the most (a minute or less).

    Notes
    -----
    An instance at which the peer always hangs up must not stop the others: those that were under way are suspects, sent
    one by one. A suspect at which the peer hangs up though it answered since is itself to blame.
    """

    def __init__(self, first_delay_s: float, longest_delay_s: float) -> None:
        self._first_s, self._longest_s = first_delay_s, min(longest_delay_s, _LONGEST_PAUSE_S)
        self._lock = threading.Lock()
        self._began: float | None = None
        self._failures = 0
        self._until = 0.0
        self._suspects: set[int] = set()
        self._is_doubted = False

    @property
    def is_there(self) -> bool:
        """Whether it was, the last time."""
        return self._began is None

    def pause_s(self) -> float:
        """Return how long not to send; when it is 0 and the peer is away, the caller is the one who tries."""
        with self._lock:
            now = time.monotonic()
            if self._began is None:
                return 0.0
            if now < self._until:
                return self._until - now
            self._until = now + self._delay_s()
            return 0.0

    def most(self, most: int) -> int:
        """Return how many to send together."""
        return 1 if self._began is not None or self._suspects else most

    def nothing_waits(self) -> None:
        """Forget suspects: somebody dropped them."""
        self._suspects.clear()

    def answered(self, ids: set[int]) -> float | None:
        """Note that it said what became of some; return how many seconds it was away, if it was."""
        with self._lock:
            began, self._began = self._began, None
            self._failures, self._is_doubted = 0, False
            self._suspects -= ids
            return None if began is None else time.monotonic() - began

    def is_to_blame(self, ids: set[int]) -> bool:
        """Whether an instance is, sent alone, at which the peer hung up."""
        with self._lock:
            if self._began is not None or self._is_doubted or not ids <= self._suspects:
                return False
            self._is_doubted = True  # should the next one fail, too, it is the peer
            return True

    def failed(self, suspects: set[int]) -> bool:
        """Note that it did not answer, and what was under way; return whether it had until now."""
        with self._lock:
            is_first = self._began is None
            self._began = time.monotonic() if self._began is None else self._began
            self._failures += 1
            self._until = time.monotonic() + self._delay_s()
            self._suspects |= suspects
            return is_first

    def _delay_s(self) -> float:
        delay = self._first_s * 2.0 ** min(max(self._failures - 1, 0), 40)
        return min(delay, self._longest_s) * random.uniform(0.75, 1.25)  # noqa: S311
