"""How long a search goes on: until its time is up, or nobody waits for it."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from filmless.archive.query import Query
from filmless.errors import LimitError

__all__ = ["Watch"]

_T = TypeVar("_T")


class Watch:
    """Looks at the clock between the rows of a search."""

    def __init__(self, query: Query) -> None:
        self._most = query.timeout_s
        self._end = None if query.timeout_s is None else time.monotonic() + query.timeout_s
        self._stopped = query.stopped

    def wait(self, seconds: float) -> None:
        """Have some time not count: nobody searched."""
        if self._end is not None:
            self._end += seconds

    def over(self, rows: Iterable[_T]) -> Iterator[_T]:
        """Give rows as long as there is time.

        Raises
        ------
        LimitError
            The time is up, or the search was stopped.
        """
        for row in rows:
            if self._end is not None and time.monotonic() > self._end:
                raise LimitError(
                    f"the search took longer than {self._most:g} s",
                    limit="timeout_s",
                    value=self._most,
                    hint="narrow it: by a study, patient or date, or by attributes that have an index",
                )
            if self._stopped is not None and self._stopped():
                raise LimitError("the search was stopped: nobody waits for its answer", limit="stopped")
            yield row
