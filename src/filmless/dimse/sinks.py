"""Where instances go that a peer sends: memory, and a bound on what each may take."""

from collections.abc import Callable
from typing import Any

from filmless.dataset import Dataset
from filmless.dimse.part10 import head
from filmless.dimse.steps import Buffer, Message, Sink
from filmless.errors import LimitError
from filmless.file import read

__all__ = ["IntoMemory", "bounded"]


class IntoMemory:
    """An instance that becomes a data set, file meta information included."""

    def __init__(self, message: Message, most: int) -> None:
        self._message, self._most = message, most
        self._gathered = bytearray()

    def write(self, piece: Buffer) -> None:
        """Take a piece."""
        if not self._gathered:
            from filmless.dimse.services.storing import require_match

            require_match(self._message, piece)
            command = self._message.command
            self._gathered += head(
                command["AffectedSOPClassUID"],
                command["AffectedSOPInstanceUID"],
                self._message.context.transfer_syntax,
            )
        if len(self._gathered) + len(piece) > self._most:
            raise LimitError(f"an instance is larger than {self._most} bytes", limit="dataset_bytes", value=self._most)
        self._gathered += piece

    def finish(self) -> Dataset:
        """Return the data set."""
        return read(bytes(self._gathered))

    def discard(self) -> None:
        """Let go."""
        self._gathered = bytearray()


class _Bounded:
    """A sink that gives the association up when an instance does not end."""

    __slots__ = ("_excess", "_left", "_sink")

    def __init__(self, sink: Sink, most: int, excess: Callable[[LimitError], None]) -> None:
        self._sink, self._left, self._excess = sink, most, excess

    def write(self, piece: Buffer) -> None:
        self._left -= len(piece)
        if self._left < 0:
            error = LimitError("the peer sends an instance larger than is taken", limit="instance_bytes")
            self._excess(error)
            raise error
        self._sink.write(piece)

    def finish(self) -> Any:
        return self._sink.finish()

    def discard(self) -> None:
        self._sink.discard()


def bounded(
    open_sink: Callable[[Message], Sink], most: int, excess: Callable[[LimitError], None]
) -> Callable[[Message], Sink]:
    """Return what opens the same sinks, with a bound.

    Parameters
    ----------
    open_sink
        Opens a sink.
    most
        Bytes of a data set.
    excess
        Called when one has more, in the thread of the sink: the rest may have no end.
    """
    return lambda message: _Bounded(open_sink(message), most, excess)
