"""A queue between the transport and one task that takes from it."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Mailbox"]

_T = TypeVar("_T")


class Mailbox(Generic[_T]):
    """What came and is not yet taken. Unlike `asyncio.Queue` it can end, with an error, after what came before it.

    Attributes
    ----------
    taken
        Called with the number of items whenever some are taken.
    overflowed
        Called when what waits here keeps others from what they wait for, to have it dropped.
    """

    __slots__ = ("_error", "_items", "_waiter", "overflowed", "taken")

    def __init__(self) -> None:
        self._items: deque[_T] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self.taken: Callable[[int], None] | None = None
        self.overflowed: Callable[[], None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: _T) -> None:
        """Add something."""
        self._items.append(item)
        self._wake()

    def end(self, error: BaseException) -> None:
        """Have `get` raise this once everything is taken. The first error counts."""
        self._error = self._error or error
        self._wake()

    @property
    def error(self) -> BaseException | None:
        """What `get` raises once everything is taken."""
        return self._error

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def drain(self) -> list[_T]:
        """Take everything that is there."""
        items = list(self._items)
        self._items.clear()
        if self.taken is not None:
            self.taken(len(items))
        return items

    async def get(self) -> _T:
        """Take the next item; wait for it."""
        while not self._items:
            if self._error is not None:
                raise self._error
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        item = self._items.popleft()
        if self.taken is not None:
            self.taken(1)
        return item
