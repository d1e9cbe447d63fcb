"""What waits in a blocking link: messages for their operation, and the one whose data set is coming or going."""

from collections import deque
from collections.abc import Callable
from typing import Final

from filmless.dimse.inbox import MOST_LEFT
from filmless.dimse.steps import Message, Sink

__all__ = ["Arriving", "Box"]

_MESSAGE: Final = 1 << 10
"""Bytes that a message counts for, beside its data set."""


class Box:
    """Where the messages of an operation come.

    Attributes
    ----------
    open
        Presentation context and command of requests that have no last answer yet, by Message ID.
    sinks
        Opens where the data sets of requests go.
    waiting
        Bytes that wait to be taken.
    is_over
        Whether nobody takes anything any more.
    is_dropped
        Whether more came than may wait.
    """

    __slots__ = ("is_dropped", "is_over", "messages", "open", "sinks", "waiting")

    def __init__(self) -> None:
        self.messages: deque[Message] = deque()
        self.open: dict[int, tuple[int, int]] = {}
        self.sinks: Callable[[Message], Sink] | None = None
        self.waiting = 0
        self.is_over = self.is_dropped = False

    def put(self, message: Message) -> None:
        """Add a message, unless there are too many."""
        self.messages.append(message)
        self.waiting += _size_of(message)
        if self.is_dropped or self.waiting > MOST_LEFT:
            self.is_dropped = True
            self._empty()

    def take(self) -> Message:
        """Take the next one."""
        message = self.messages.popleft()
        self.waiting -= _size_of(message)
        return message

    def end(self) -> None:
        """Take nothing more."""
        self.is_over = True
        self._empty()

    def _empty(self) -> None:
        self.messages.clear()
        self.waiting = 0


def _size_of(message: Message) -> int:
    return _MESSAGE + len(message.data or b"")


class Arriving:
    """A message that is coming, for a box or for nobody."""

    __slots__ = ("_gathered", "_sink", "box", "came", "message", "sinks")

    def __init__(self, message: Message, box: Box | None) -> None:
        self.message, self.box = message, box
        self.sinks: Callable[[Message], Sink] | None = None
        self._sink: Sink | None = None
        self._gathered, self.came = bytearray(), 0

    def gather(self, piece: memoryview, most: int) -> bool:
        """Take a piece into memory; return whether it is not too much."""
        if self.box is not None:
            self._gathered += piece
            self.message.data = b""
        return len(self._gathered) <= most

    def into(self, piece: memoryview, *, is_last: bool) -> None:
        """Have a sink take a piece. An error of the sink loses the rest of the data set, not the association."""
        message = self.message
        if self.box is None or self.sinks is None or isinstance(message.result, Exception):
            return
        try:
            if self._sink is None:
                self._sink = self.sinks(message)
            self._sink.write(piece)
            if is_last:
                message.result = self._sink.finish()
        except Exception as error:  # noqa: BLE001 - the operation tells the peer, and its caller
            message.result = error
        if is_last or isinstance(message.result, Exception):
            self._discard()

    def arrived(self) -> None:
        """Put it into the box: all of it is here."""
        if self.message.data is not None:
            self.message.data, self._gathered = bytes(self._gathered), bytearray()
        if self.box is not None and not self.box.is_over:
            self.box.put(self.message)

    def let_go(self) -> None:
        """Have the rest of it go nowhere."""
        self.box = None
        self._discard()

    def _discard(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.discard()
