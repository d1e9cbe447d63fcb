"""Functions of whoever writes an SCP, as handlers of a service."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import aclosing, suppress
from typing import Any, TypeAlias

from filmless.dataset import Dataset
from filmless.dimse.scp.getting import get
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Handler
from filmless.dimse.status import CANCELLED, PENDING, SUCCESS, is_final
from filmless.dimse.steps import Message, Sink
from filmless.errors import NetworkError

__all__ = ["Answer", "BlockingRequest", "adapted"]

Answer: TypeAlias = int | Dataset | tuple[int, Dataset | None] | None
"""What a handler returns or yields: a status, a data set, or both. Nothing is success."""

_END = object()


class BlockingRequest:
    """A request as a function that is no coroutine sees it: its methods wait, in the thread that the function runs in.

    Attributes that do not wait are those of `Request`.
    """

    def __init__(self, request: Request, loop: asyncio.AbstractEventLoop) -> None:
        self._request, self._loop = request, loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    def _wait(self, call: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **options: Any) -> Any:
        waiting = call(*args, **options)
        try:
            future = asyncio.run_coroutine_threadsafe(waiting, self._loop)
        except RuntimeError:  # the event loop is closed
            waiting.close()
            raise NetworkError("the SCP has stopped") from None
        return future.result()

    def dataset(self, **options: Any) -> Dataset | None:
        """Return the data set of the request; see `Request.dataset`."""
        found: Dataset | None = self._wait(self._request.dataset, **options)
        return found

    def into(self, open_sink: Callable[[Message], Sink]) -> Any:
        """Have a sink take the data set; see `Request.into`."""
        return self._wait(self._request.into, open_sink)

    def respond(self, status: int, dataset: Dataset | None = None, **fields: object) -> None:
        """Answer; see `Request.respond`."""
        self._wait(self._request.respond, status, dataset, **fields)


def adapted(function: Callable[..., Any], message: str) -> Handler:
    """Make a handler of a function: a coroutine, a generator, an asynchronous generator, or none of them.

    Parameters
    ----------
    function
        It is given the request. What it returns is the answer; what it yields are answers, pending ones first. What is
        no coroutine runs in threads, and is given a `BlockingRequest`.
    message
        What it answers: C-GET sends the data sets that are yielded.
    """
    stream = get if message == "C-GET" else _stream
    target = function if inspect.isroutine(function) or not callable(function) else type(function).__call__
    for test in (inspect.isasyncgenfunction, inspect.iscoroutinefunction, inspect.isgeneratorfunction):
        if test(function) or test(target):
            kind = test
            break
    else:
        kind = None

    async def handler(request: Request) -> None:
        if kind is inspect.isasyncgenfunction:
            await stream(request, function(request))
            return
        if kind is inspect.iscoroutinefunction:
            result = await function(request)
        else:
            blocking = BlockingRequest(request, asyncio.get_running_loop())
            result = await request.in_thread(function, blocking)
        if isinstance(result, AsyncIterator):
            await stream(request, result)
        elif isinstance(result, Iterable) and not isinstance(result, Dataset | tuple):
            await stream(request, _in_threads(request, iter(result)))
        else:
            await request.respond(*_answer(result, SUCCESS))

    return handler


def _answer(result: Answer, status: int) -> tuple[int, Dataset | None]:
    """Return the status and data set that a handler means."""
    match result:
        case None:
            return SUCCESS, None
        case int():
            return int(result), None
        case Dataset():
            return status, result
        case (int(), _):
            return int(result[0]), result[1]
    raise TypeError(f"a handler gives a status, a Dataset, or both, not {type(result).__name__}")


async def _stream(request: Request, answers: AsyncIterator[Answer]) -> None:
    async with aclosing(answers):  # type: ignore[type-var]
        async for answer in answers:
            if request.is_cancelled:
                break
            status, dataset = _answer(answer, PENDING)
            await request.respond(status, dataset)
            if is_final(status):
                return
    await request.respond(CANCELLED if request.is_cancelled else SUCCESS)


async def _in_threads(request: Request, items: Iterator[Any]) -> AsyncIterator[Any]:
    try:
        while (item := await request.in_thread(next, items, _END)) is not _END:
            yield item
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            with suppress(ValueError):  # it still runs, in a thread that nobody waits for any more
                await request.in_thread(close)
