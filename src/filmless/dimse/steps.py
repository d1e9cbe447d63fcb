"""What an operation asks for, step by step: the drivers, blocking and asynchronous, do it.

An operation is a generator. It knows messages, and no socket, thread or clock, so there is one of each.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from filmless._core import NegotiatedContext
from filmless.dataset import Dataset
from filmless.dimse.messages import BY_FIELD, RESPONSE, MessageType
from filmless.dimse.part10 import dataset_of
from filmless.errors import NetworkError, RemoteProtocolError

__all__ = [
    "Abort",
    "Begun",
    "Buffer",
    "Call",
    "Give",
    "Message",
    "Operation",
    "Pause",
    "Payload",
    "Receive",
    "Send",
    "Sink",
    "Step",
    "Stopped",
]

_T = TypeVar("_T")

Buffer: TypeAlias = bytes | bytearray | memoryview
"""Bytes as a driver takes and gives them."""


class Payload(Protocol):
    """A data set that is to be sent. Its methods block on the disk."""

    def pieces(self) -> Iterable[Buffer]:
        """Begin anew, and give the bytes: pieces of about 1 MiB, each but the last of an even length."""
        ...


class Begun:
    """A payload whose first piece is here: what cannot be begun is told before anything is sent."""

    __slots__ = ("first", "rest")

    def __init__(self, payload: Payload) -> None:
        self.rest: Iterator[Buffer] = iter(payload.pieces())
        self.first: Buffer = next(self.rest, b"")


class Sink(Protocol):
    """Where a data set that comes in goes. Its methods block on the disk; it is used by one thread at a time."""

    def write(self, piece: Buffer) -> None:
        """Take a piece."""
        ...

    def finish(self) -> Any:
        """Have all of it, and return what becomes `Message.result`."""
        ...

    def discard(self) -> None:
        """Let go: the rest will not come. Also called after `finish`, and after it failed."""
        ...


@dataclass(slots=True, eq=False)
class Message:
    """A message that came: its command, and what became of its data set.

    Attributes
    ----------
    context
        The presentation context it came in.
    command
        Elements of the command set by keyword (by number where there is none).
    data
        The data set as it was sent, where nobody named a sink; None without data set.
    result
        What the sink made of the data set, or the error that it ended with.
    """

    context: NegotiatedContext
    command: dict[str | int, Any]
    data: bytes | None = None
    result: Any = None

    @property
    def is_response(self) -> bool:
        """Whether it answers a request."""
        return bool(self.command["CommandField"] & RESPONSE)

    @property
    def type(self) -> MessageType | None:
        """Its row of the table; None for a command that is none of PS3.7, and for C-CANCEL."""
        return BY_FIELD.get(self.command["CommandField"] & ~RESPONSE)

    @property
    def status(self) -> int:
        """The status of a response.

        Raises
        ------
        RemoteProtocolError
            It has none.
        """
        status = self.command.get("Status")
        if not isinstance(status, int):
            raise RemoteProtocolError("the peer answered without Status (0000,0900)")
        return status

    @property
    def dataset(self) -> Dataset | None:
        """The data set, parsed each time it is asked for; None when there is none.

        Raises
        ------
        FormatError
            It cannot be read.
        """
        return None if self.data is None else dataset_of(self.data, self.context.transfer_syntax)


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message. A data set is bytes, encoded as the context has it, or a payload."""

    context: int
    command: dict[str | int, Any]
    data: Buffer | Payload | None = None


@dataclass(frozen=True, slots=True)
class Receive:
    """Wait for the next message of this operation; the answer is a `Message`.

    Attributes
    ----------
    sinks
        For requests that come with the answers, as C-STORE within C-GET: called in a thread that may block, it opens
        what their data sets go to. What it raises becomes the `Message.result`. Without it, requests are no part of
        this operation.
    requests
        Whether requests are a part of this operation though there are no sinks: their data sets are taken into memory.
    within_s
        How long may be waited where silence is no fault of the peer; the answer is None then. Without it the peer has
        the `response_s` of the timeouts, and is given up after that.
    """

    sinks: Callable[[Message], Sink] | None = None
    requests: bool = False
    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """Call something that blocks, as on the disk; the answer is what it returns."""

    function: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Abort:
    """Give the association up: the peer broke the protocol."""

    error: NetworkError


@dataclass(frozen=True, slots=True)
class Give(Generic[_T]):
    """Give something to the caller. `Stopped` is thrown into the operation when the caller wants no more."""

    item: _T


class Stopped(Exception):  # noqa: N818 - it is no error
    """The caller wants no more: the operation tells the peer, and takes what is still coming."""


Step: TypeAlias = Send | Receive | Call | Pause | Abort | Give[_T]
Operation: TypeAlias = Generator[Step[_T], Any, None]
