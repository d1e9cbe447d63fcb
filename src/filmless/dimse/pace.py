"""Whether what blocks is worth a thread."""

from collections.abc import Callable
from time import monotonic
from typing import Any, Final, TypeVar

__all__ = ["Pace"]

_T = TypeVar("_T")

_QUICK_S: Final = 0.02
_REST_S: Final = 1.0


class Pace:
    """Lets the event loop itself do what blocks, as long as it is quick: a slow one sends the next ones to threads.

    Handing 512 KB that just came to a thread, to be written into the page cache of the operating system, costs a third
    of the whole C-STORE: the thread, and the way back, and the bytes that another processor has at hand. A disk that
    has everyone wait keeps the event loop waiting once a second at the most, for one write.

    Parameters
    ----------
    quick_s
        What takes longer was slow.
    rest_s
        For how long threads are used after that.
    """

    __slots__ = ("_quick_s", "_rest_s", "_until")

    def __init__(self, *, quick_s: float = _QUICK_S, rest_s: float = _REST_S) -> None:
        self._quick_s, self._rest_s, self._until = quick_s, rest_s, 0.0

    @property
    def is_quick(self) -> bool:
        """Whether the next one is to be done at once."""
        return monotonic() >= self._until

    def do(self, function: Callable[..., _T], *args: Any) -> _T:
        """Do it, and note how long it took, also when it failed."""
        began = monotonic()
        try:
            return function(*args)
        finally:
            ended = monotonic()
            if ended - began > self._quick_s:
                self._until = ended + self._rest_s
