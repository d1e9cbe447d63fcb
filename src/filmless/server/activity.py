"""What the server does beside answering: work that is repeated in a thread of its own until it is stopped."""

import threading
from collections.abc import Callable

from filmless.server.logs import Log, where_raised

__all__ = ["Activity"]


class Activity:
    """Does something now, and again after a while, or at once when it is woken.

    Parameters
    ----------
    name
        For the log.
    work
        What is done. It is given the event that says to stop, and looks at it often; it may return the seconds until
        the next turn. What it raises is logged, and the next turn tries again.
    every_s
        Seconds between two turns; 0 for none after the first, unless that asks for it.
    """

    def __init__(self, name: str, work: Callable[[threading.Event], float | None], *, every_s: float, log: Log) -> None:
        self._name, self._work, self._every_s, self._log = name, work, every_s, log
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"filmless {name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Take the next turn now."""
        self._wake.set()

    def ask_to_stop(self) -> None:
        """Stop soon."""
        self._stopping.set()
        self._wake.set()

    def stop(self, patience_s: float) -> None:
        """Stop, and wait for that, but no longer than some seconds: what it does can be done again."""
        self.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join(patience_s)
            if self._thread.is_alive():
                self._log.warning("a task does not end", task=self._name)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            pause: float | None = None
            try:
                pause = self._work(self._stopping)
            except Exception as error:  # noqa: BLE001 - the next turn tries again
                self._log.error("a task failed", task=self._name, **where_raised(error))
            if self._stopping.is_set() or (pause is None and not self._every_s):
                return
            self._wake.wait(self._every_s if pause is None else pause)
