"""Answers that are made ahead, while earlier ones are sent."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

__all__ = ["Ahead"]

_FIRST: Final = 20  # answers that are made together
_PAGE: Final = 200


class Ahead:
    """Makes answers until so many bytes of them wait, and closes what they are made from as soon as there are no more.

    Few queries have more answers than that: a peer that reads slowly does not keep a connection to the database with
    them.

    Parameters
    ----------
    make
        Makes the next so many; none when there are no more.
    close
        Called when no more are made.
    most_bytes
        How much may wait.
    """

    def __init__(
        self, make: Callable[[int], Awaitable[list[bytes]]], close: Callable[[], Awaitable[None]], *, most_bytes: int
    ) -> None:
        self._make, self._close, self._most = make, close, most_bytes
        self._made, self._held = deque[list[bytes]](), 0
        self._came, self._taken = asyncio.Event(), asyncio.Event()
        self._is_over = False

    async def pages(self) -> AsyncGenerator[list[bytes]]:
        """Give them, some at a time, in their order; an error comes behind what was made before it."""
        task = asyncio.create_task(self._work())
        try:
            while True:
                await self._came.wait()
                if not self._made:
                    await asyncio.shield(task)
                    return
                page = self._made.popleft()
                self._held -= sum(map(len, page))
                if not self._made and not task.done():
                    self._came.clear()
                self._taken.set()
                yield page
        finally:
            self._is_over = True
            self._taken.set()
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # it is told, or nobody waits for it

    async def _work(self) -> None:
        size = _FIRST
        try:
            while not self._is_over and (page := await self._make(size)):
                size = _PAGE
                self._made.append(page)
                self._held += sum(map(len, page))
                self._came.set()
                while self._held > self._most and not self._is_over:
                    self._taken.clear()
                    await self._taken.wait()
        finally:
            try:
                await self._close()
            finally:
                self._came.set()
