"""A peer that is asked in both ways by the same test: awaited, and blocking."""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest

from filmless.dimse import connect, connect_blocking

Way = Literal["awaited", "blocking"]

both_ways = pytest.mark.parametrize("way", ["awaited", "blocking"])


class _Awaited:
    """A `Peer` whose methods are awaited for the test."""

    def __init__(self, peer: Any, runner: asyncio.Runner) -> None:
        self._peer, self._runner = peer, runner

    def __getattr__(self, name: str) -> Any:
        if not callable(found := getattr(self._peer, name)):
            return found

        def call(*args: Any, **options: Any) -> Any:
            result = getattr(self._peer, name)(*args, **options)
            return self._runner.run(result) if inspect.iscoroutine(result) else self._each(result)

        return call

    def _each(self, items: Any) -> Iterator[Any]:
        end = object()

        async def following() -> Any:
            return await anext(items, end)

        async def close() -> None:
            await items.aclose()

        try:
            while (item := self._runner.run(following())) is not end:
                yield item
        finally:
            self._runner.run(close())


@contextmanager
def opened(way: Way, address: str, **options: Any) -> Iterator[Any]:
    """Open an association while ``with`` lasts."""
    if way == "blocking":
        with connect_blocking(address, **options) as peer:
            yield peer
        return
    with asyncio.Runner() as runner:
        context = connect(address, **options)

        async def enter() -> Any:
            return await context.__aenter__()

        async def leave(error: BaseException | None) -> None:
            await context.__aexit__(type(error) if error else None, error, error.__traceback__ if error else None)

        peer = runner.run(enter())
        try:
            yield _Awaited(peer, runner)
        except BaseException as error:
            runner.run(leave(error))
            raise
        runner.run(leave(None))
