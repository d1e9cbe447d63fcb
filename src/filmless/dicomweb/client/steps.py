"""What an operation of a client asks for, step by step, and the two ways to do it: blocking and asynchronous.

An operation is a generator. It knows HTTP and DICOMweb and no socket, so there is one of each.
"""

import time
import zlib
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

import anyio
import httpx
from anyio.to_thread import run_sync

from filmless.errors import LocalProtocolError, NetworkError

__all__ = [
    "Ask",
    "Give",
    "Head",
    "NotConnectedError",
    "Operation",
    "Pace",
    "Read",
    "Step",
    "Wait",
    "check_open",
    "run",
    "run_async",
]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a request; the answer is a `Head`. The body of the answer before is dropped.

    Attributes
    ----------
    body
        Begins the body anew each time it is called; None for none.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: Callable[[], Iterator[bytes]] | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The status and the headers of an answer, names in lower case."""

    status: int
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Read:
    """Go on with the body of the answer; the result is a piece of it, or nothing at its end."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Give(Generic[_T]):
    """Give something to the caller."""

    item: _T


class NotConnectedError(NetworkError):
    """The service is not there: nothing was sent."""


Step: TypeAlias = Ask | Read | Wait | Give[_T]
Operation: TypeAlias = Generator[Step[_T], Head | bytes | None, None]

_PIECE = 1 << 20
_ERRORS = (httpx.TransportError, httpx.StreamError, httpx.InvalidURL, zlib.error, NetworkError)


_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


def check_open(client: _Client) -> _Client:
    """Return a client that can still send.

    Raises
    ------
    LocalProtocolError
        It is closed.
    """
    if client.is_closed:
        raise LocalProtocolError("the client is closed", hint="use it inside of its `with`")
    return client


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly an answer may come.

    A service that sends a byte a minute is never silent for long, and would hold a client for ever.

    Attributes
    ----------
    bytes_per_s
        At the least, on average over `seconds`; 0 for any.
    seconds
        Of waiting, before it is looked at.
    """

    bytes_per_s: float
    seconds: float


class _Clock:
    """Counts what comes of one answer against the time that is spent waiting for it."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._begun = self._waited = 0.0
        self._count = 0

    def begin(self) -> None:
        self._begun = time.monotonic()

    def end(self, count: int) -> None:
        """Take what came; raise when it has been too little for too long."""
        self._waited += time.monotonic() - self._begun
        self._count += count
        if self._waited >= self._pace.seconds:
            if self._count < self._pace.bytes_per_s * self._waited:
                raise NetworkError(f"the answer comes more slowly than {self._pace.bytes_per_s:g} bytes per second")
            self._waited, self._count = 0.0, 0


def run(client: httpx.Client, operation: Operation[_T], pace: Pace) -> Iterator[_T]:
    """Do an operation, blocking; give what it gives."""
    response: httpx.Response | None = None
    pieces: Iterator[bytes] = iter(())
    answer: Head | bytes | None = None
    try:
        while (step := _next(operation, answer)) is not None:
            answer = None
            if isinstance(step, Ask):
                check_open(client)
            try:
                if isinstance(step, Give):
                    yield step.item
                elif isinstance(step, Wait):
                    time.sleep(step.seconds)
                elif isinstance(step, Read):
                    answer = next(pieces, None)
                else:
                    if response is not None:
                        response.close()
                    content = None if step.body is None else step.body()
                    request = client.build_request(step.method, step.url, headers=step.headers, content=content)
                    response = client.send(request, stream=True, follow_redirects=False)
                    pieces = _received(response, pace)
                    answer = _head(response)
            except _ERRORS as error:
                answer = _Failed(_network_error(error, step))  # type: ignore[assignment]
    finally:
        operation.close()
        if response is not None:
            response.close()


async def run_async(client: httpx.AsyncClient, operation: Operation[_T], pace: Pace) -> AsyncIterator[_T]:
    """Do an operation; what it does with files and data sets runs in a thread."""
    response: httpx.Response | None = None
    pieces: AsyncIterator[bytes] | None = None
    answer: Head | bytes | None = None
    try:
        while (step := await run_sync(_next, operation, answer)) is not None:
            answer = None
            if isinstance(step, Ask):
                check_open(client)
            try:
                if isinstance(step, Give):
                    yield step.item
                elif isinstance(step, Wait):
                    await anyio.sleep(step.seconds)
                elif isinstance(step, Read):
                    answer = None if pieces is None else await anext(pieces, None)
                else:
                    if response is not None:
                        await response.aclose()
                    content = None if step.body is None else _in_thread(step.body())
                    request = client.build_request(step.method, step.url, headers=step.headers, content=content)
                    response = await client.send(request, stream=True, follow_redirects=False)
                    pieces = _received_async(response, pace)
                    answer = _head(response)
            except _ERRORS as error:
                answer = _Failed(_network_error(error, step))  # type: ignore[assignment]
    finally:
        with anyio.CancelScope(shield=True):
            await run_sync(operation.close)
            if response is not None:
                await response.aclose()


@dataclass(frozen=True, slots=True)
class _Failed:
    error: NetworkError


def _next(operation: Operation[_T], answer: "Head | bytes | _Failed | None") -> Step[_T] | None:
    try:
        return operation.throw(answer.error) if isinstance(answer, _Failed) else operation.send(answer)
    except StopIteration:
        return None


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await run_sync(next, pieces, None)) is not None:
        yield piece


class _Inflating:
    """Inflates an answer, a bounded piece at a time: httpx would inflate all that came at once, nested bombs too."""

    def __init__(self, response: httpx.Response) -> None:
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        if coding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
            raise NetworkError("the answer is compressed in a way that was not asked for")
        self._inflater = zlib.decompressobj(47) if coding not in {"identity", ""} else None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if self._inflater is None:
            yield data
            return
        while data and not self._inflater.eof:
            piece = self._inflater.decompress(data, _PIECE)
            data = self._inflater.unconsumed_tail
            if piece:
                yield piece

    def finish(self) -> None:
        if self._inflater is not None and not self._inflater.eof:
            raise zlib.error


def _received(response: httpx.Response, pace: Pace) -> Iterator[bytes]:
    if response.is_stream_consumed:  # a transport that has it all
        yield response.content
        return
    inflating = _Inflating(response)
    clock, held = _Clock(pace), bytearray()
    clock.begin()
    for data in response.iter_raw():
        clock.end(len(data))
        held += data
        if len(held) >= _PIECE:
            yield from inflating.pieces(bytes(held))
            held.clear()
        clock.begin()
    yield from inflating.pieces(bytes(held))
    inflating.finish()


async def _received_async(response: httpx.Response, pace: Pace) -> AsyncIterator[bytes]:
    if response.is_stream_consumed:
        yield response.content
        return
    inflating = _Inflating(response)
    clock, held = _Clock(pace), bytearray()
    clock.begin()
    async for data in response.aiter_raw():
        clock.end(len(data))
        held += data
        if len(held) >= _PIECE:
            for piece in inflating.pieces(bytes(held)):
                yield piece
            held.clear()
        clock.begin()
    for piece in inflating.pieces(bytes(held)):
        yield piece
    inflating.finish()


def _head(response: httpx.Response) -> Head:
    return Head(response.status_code, {name.lower(): value for name, value in response.headers.items()})


def _network_error(error: Exception, step: Step[_T]) -> NetworkError:
    """Say what failed. The text of the library's error may name the URL, in which a search has a patient's values."""
    if isinstance(error, NetworkError):
        return error  # of the body that was to be sent
    method = step.method if isinstance(step, Ask) else "the answer"
    if isinstance(error, httpx.TimeoutException):
        what = "took too long"
    elif isinstance(error, httpx.ConnectError):
        what = f"could not connect{_reason(error)}"
    elif isinstance(error, zlib.error):
        what = "is wrongly compressed"
    else:
        what = "was broken off, or answered by what is no HTTP"
    kind = NotConnectedError if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else NetworkError
    return kind(f"{method}: {what}" if isinstance(step, Ask) else f"{method} {what}")


def _reason(error: Exception) -> str:
    text = str(error)
    return f", {text[:1].lower()}{text[1:]}" if text and len(text) < 200 else ""
