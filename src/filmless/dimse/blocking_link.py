"""One end of an association on a plain socket: what the blocking driver does its steps on."""

import contextlib
import socket
import ssl
import time
from collections import deque
from typing import Any, Final

from filmless._core import Connection, Event
from filmless.dimse.driving import LARGEST_IDENTIFIER, LARGEST_INSTANCE, busy
from filmless.dimse.endings import ending_of
from filmless.dimse.sinks import bounded
from filmless.dimse.status import kind_of
from filmless.dimse.steps import (
    Buffer,
    Message,
    Payload,
    Receive,
    Sink,
)
from filmless.dimse.timeouts import Timeouts
from filmless.errors import AssociationAborted, LimitError, LocalProtocolError, NetworkError, RemoteProtocolError

__all__ = ["BlockingLink", "Box"]

_MOST_BUFFERS: Final = 512
"""Given to the system in one call: it takes 1024 at most."""
_MOST_WAITING: Final = 4 << 20
"""Bytes of answers that wait for an operation which is not being gone through."""
_MOST_REQUESTS: Final = 32


class Box:
    """Where the messages of an operation come."""

    __slots__ = ("messages", "open", "sinks", "takes_requests", "waiting")

    def __init__(self) -> None:
        self.messages: deque[Message] = deque()
        self.open: set[int] = set()
        self.takes_requests = False
        self.sinks: Receive | None = None
        self.waiting = 0


class _Arriving:
    """A message whose data set is coming."""

    __slots__ = ("box", "gathered", "message", "receive", "sink")

    def __init__(self, message: Message, box: Box | None) -> None:
        self.message, self.box = message, box
        self.receive: Receive | None = None
        self.sink: Sink | None = None
        self.gathered = bytearray()


class BlockingLink:
    """One end of an association on a socket, used by one thread at a time.

    Parameters
    ----------
    connection
        The core's end of the association.
    sock
        Connected; closed by `close`.
    timeouts
        How long the peer is waited for.
    window
        How many requests may be without their last answer.
    max_identifier_bytes, max_instance_bytes
        How much of a data set is taken into memory, and into a sink.
    """

    def __init__(
        self,
        connection: Connection,
        sock: socket.socket,
        *,
        timeouts: Timeouts,
        window: int = 1,
        max_identifier_bytes: int = LARGEST_IDENTIFIER,
        max_instance_bytes: int = LARGEST_INSTANCE,
    ) -> None:
        self.connection, self.timeouts, self.window = connection, timeouts, window
        self.error: NetworkError | None = None
        self.accepted: Event.Accepted | None = None
        self._socket = sock
        self.address: tuple[str, int] = ("", 0)
        with contextlib.suppress(OSError):  # the peer may have gone
            name = sock.getpeername()
            if isinstance(name, tuple):
                self.address = (str(name[0]), int(name[1]))
        self._most, self._most_of_sinks = max_identifier_bytes, max_instance_bytes
        self._boxes: dict[int, Box] = {}
        self._requests_box = Box()
        self._requests = self._requests_box
        self._arriving: _Arriving | None = None
        self._next_id = 0
        self._begun = time.monotonic()
        # With TLS, the socket has a protocol of its own around each piece.
        self._gathers = hasattr(sock, "sendmsg") and not isinstance(sock, ssl.SSLSocket)

    # -- operations ----------------------------------------------------------------------------------------------

    def next_id(self) -> int:
        """Return a Message ID that is not in use."""
        while True:
            self._next_id = self._next_id % 0xFFFF + 1
            if self._next_id not in self._boxes:
                return self._next_id

    @property
    def is_busy(self) -> bool:
        """Whether a request has no last answer yet."""
        return bool(self._boxes)

    def begin(self, message_id: int, box: Box) -> None:
        """Wait until the peer takes another request, and have its answers put into a box."""
        deadline = time.monotonic() + self.timeouts.response_s
        while len(self._boxes) >= self.window:
            if any(one.waiting > _MOST_WAITING for one in self._boxes.values()):
                raise busy(self.window, 0)
            try:
                self._pump(deadline)
            except TimeoutError:
                raise busy(self.window, self.timeouts.response_s) from None
        self._boxes[message_id] = box
        box.open.add(message_id)

    def end(self, box: Box) -> None:
        """Forget an operation: what still comes for it is dropped."""
        for message_id in box.open:
            self._boxes.pop(message_id, None)
        if self._requests is box:
            self._requests = self._requests_box

    def send(self, context: int, command: dict[str | int, Any], data: Buffer | Payload | None) -> None:
        """Send a message.

        Raises
        ------
        NetworkError
            The association has ended.
        """
        self._check()
        self.connection.send_command(context, command, data is not None)
        try:
            if data is None:
                self._write([self.connection.take_output()])
            elif isinstance(data, bytes | bytearray | memoryview):
                self._send_piece(context, memoryview(data), is_last=True)
            else:
                self._send_payload(context, data)
        except NetworkError:
            raise
        except BaseException:  # a message that is not whole cannot be followed by another
            self.abort(NetworkError("a message could not be sent to its end"))
            raise

    def _send_payload(self, context: int, payload: Payload) -> None:
        pieces = iter(payload.pieces())
        piece: Buffer | None = next(pieces, b"")
        while piece is not None:
            following = next(pieces, None)
            self._send_piece(context, memoryview(piece), is_last=following is None)
            piece = following

    def _send_piece(self, context: int, piece: memoryview, *, is_last: bool) -> None:
        connection = self.connection
        buffers: list[Buffer] = [connection.take_output()]
        step, at = connection.payload_limit, 0
        for header in connection.data_headers(context, len(piece), is_last):
            buffers += (header, piece[at : at + step])
            at += step
        self._write(buffers)

    def receive(self, box: Box, step: Receive) -> Message | None:
        """Return the next message of an operation.

        Raises
        ------
        NetworkError
            The association ended, or nothing came in time.
        """
        if step.requests or step.sinks is not None:
            self._requests, box.sinks = box, step
            while self._requests_box.messages and not step.sinks:
                box.messages.append(self._requests_box.messages.popleft())
        seconds = self.timeouts.response_s if step.within_s is None else step.within_s
        deadline = time.monotonic() + seconds
        while not box.messages:
            try:
                self._pump(deadline)
            except TimeoutError:
                if step.within_s is not None:
                    return None
                error = NetworkError(f"the peer did not answer within {seconds:g} seconds")
                self.abort(error)
                raise error from None
        message = box.messages.popleft()
        box.waiting -= len(message.data or b"")
        return message

    # -- the socket ----------------------------------------------------------------------------------------------

    def _write(self, buffers: list[Buffer]) -> None:
        try:
            self._socket.settimeout(self.timeouts.idle_s)
            if not self._gathers:
                self._socket.sendall(b"".join(buffers))
                return
            for start in range(0, len(buffers), _MOST_BUFFERS):
                part = buffers[start : start + _MOST_BUFFERS]
                sent, length = self._socket.sendmsg(part), sum(map(len, part))
                while sent < length:
                    part = _behind(part, sent)
                    length -= sent
                    sent = self._socket.sendmsg(part)
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        """Say why: the peer may have told it before it closed."""
        if isinstance(error, TimeoutError):
            self.abort(NetworkError(f"the peer did not read what it was sent within {self.timeouts.idle_s:g} seconds"))
        else:
            try:
                self._socket.settimeout(1.0)
                while count := self._socket.recv_into(self.connection):
                    self.connection.received(count)
                    self._advance()
            except (OSError, NetworkError):
                pass
            self._end(AssociationAborted("the connection was lost"))
        raise self.error or error

    def _pump(self, deadline: float) -> None:
        """Read once, and understand what came.

        Raises
        ------
        TimeoutError
            Nothing came until the deadline.
        NetworkError
            The association ended.
        """
        self._check()
        now = time.monotonic()
        total = self.timeouts.total_s
        if total is not None and self._begun + total <= now:
            self.abort(NetworkError("the association took too long"))
            self._check()
        is_amid = self._arriving is not None or not self.connection.is_idle
        # In the middle of a message the peer has `idle_s` for each piece, however long the whole takes.
        seconds = self.timeouts.idle_s if is_amid else deadline - now
        if seconds <= 0:
            raise TimeoutError
        try:
            self._socket.settimeout(seconds if total is None else min(seconds, self._begun + total - now))
            count = self._socket.recv_into(self.connection)
        except TimeoutError:
            if not is_amid:
                raise
            self.abort(NetworkError("the peer was silent for too long in the middle of a message"))
            self._check()
            return
        except OSError:
            count = 0
        if count:
            self.connection.received(count)
        else:
            self.connection.disconnected()
        self._advance()
        if not count:
            self._end(AssociationAborted("the connection was lost"))
        if self.error is not None:
            raise self.error

    def _advance(self) -> None:
        connection = self.connection
        while (event := connection.next_event()) is not None:
            match event:
                case Event.DataSet(_, piece, last):
                    self._data(memoryview(piece), is_last=last)
                case Event.Command(context, command, has_data_set):
                    self._arrived(context, command, has_data_set=has_data_set)
                case Event.Accepted():
                    self.accepted = event
                case Event.ReleaseRequested():
                    connection.confirm_release()
                    self._end(NetworkError("the association is released"))
                case Event.ReleaseCollision() if connection.is_requestor:
                    connection.confirm_release()
                case _:
                    error = ending_of(event)
                    if error is not None:
                        self._end(error)
        if connection.has_output:
            self._write([connection.take_output()])

    def _arrived(self, context: int, command: dict[str | int, Any], *, has_data_set: bool) -> None:
        negotiated = self.connection.context(context)
        if negotiated is None:  # the core lets none through
            return
        message = Message(negotiated, command)
        box: Box | None = self._requests
        if message.is_response:
            answered = command.get("MessageIDBeingRespondedTo")
            box = self._boxes.get(answered) if isinstance(answered, int) else None
            if box is not None and isinstance(answered, int) and kind_of(command.get("Status", 0)) != "pending":
                del self._boxes[answered]
                box.open.discard(answered)
        elif box is self._requests_box and len(box.messages) >= _MOST_REQUESTS:
            raise self._broken("the peer sent requests that nobody waits for")
        if has_data_set:
            self._arriving = _Arriving(message, box)
            if box is not None and not message.is_response and box.sinks is not None:
                self._arriving.receive = box.sinks
        elif box is not None:
            box.messages.append(message)

    def _data(self, piece: memoryview, *, is_last: bool) -> None:
        arriving = self._arriving
        if arriving is None:
            return
        box, message = arriving.box, arriving.message
        if box is not None:
            if arriving.receive is not None and arriving.receive.sinks is not None:
                self._into(arriving, arriving.receive, piece, is_last=is_last)
            else:
                if len(arriving.gathered) + len(piece) > self._most:
                    raise self._broken(f"a data set of a message is longer than {self._most} bytes")
                arriving.gathered += piece
                if is_last:
                    message.data = bytes(arriving.gathered)
                    box.waiting += len(message.data)
        if is_last:
            self._arriving = None
            if box is not None:
                box.messages.append(message)

    def _into(self, arriving: _Arriving, receive: Receive, piece: memoryview, *, is_last: bool) -> None:
        """Have a sink take a piece. An error of the sink loses the rest of the data set, not the association."""
        message = arriving.message
        if isinstance(message.result, Exception) or receive.sinks is None:
            return
        try:
            if arriving.sink is None:
                arriving.sink = bounded(receive.sinks, self._most_of_sinks, self._exceeded)(message)
            arriving.sink.write(piece)
            if is_last:
                message.result = arriving.sink.finish()
        except Exception as error:
            if self.error is not None:  # more than is taken: that was the end
                raise
            message.result = error
        finally:
            if arriving.sink is not None and (is_last or isinstance(message.result, Exception)):
                arriving.sink.discard()
                arriving.sink = None

    def _exceeded(self, error: LimitError) -> None:
        raise self._broken(error.message)

    def _broken(self, why: str) -> RemoteProtocolError:
        error = RemoteProtocolError(why)
        self.abort(error)
        return error

    # -- the end -------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        if self.error is not None:
            raise self.error

    def _end(self, error: NetworkError) -> None:
        self.error = self.error or error
        if self._arriving is not None and self._arriving.sink is not None:
            self._arriving.sink.discard()
            self._arriving.sink = None

    def establish(self) -> Event.Accepted:
        """Ask for the association, and return what the peer answered.

        Raises
        ------
        NetworkError
            It did not accept.
        """
        self.connection.connected()
        self._write([self.connection.take_output()])
        deadline = time.monotonic() + self.timeouts.association_s
        while self.accepted is None:
            try:
                self._pump(deadline)
            except TimeoutError:
                seconds = f"{self.timeouts.association_s:g} seconds"
                self.abort(NetworkError(f"the peer did not answer the request for an association within {seconds}"))
                self._check()
        return self.accepted

    def abort(self, error: NetworkError) -> None:
        """Abort the association."""
        self._end(error)
        if not self.connection.closed:
            try:
                self.connection.abort()
                self._socket.settimeout(1.0)
                self._socket.sendall(self.connection.take_output())
            except (OSError, LocalProtocolError):
                self.connection.disconnected()
        self.close()

    def release(self) -> None:
        """Release the association, and close the socket."""
        deadline = time.monotonic() + self.timeouts.association_s
        try:
            while self._boxes and self.error is None:  # what winds up
                self._pump(deadline)
            if self.error is None and not self.connection.closed:
                self.connection.release()
                self._write([self.connection.take_output()])
                while not self.connection.closed:
                    self._pump(deadline)
        except (NetworkError, TimeoutError):
            pass
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._end(AssociationAborted("the association is closed"))
        self._socket.close()


def _behind(buffers: list[Buffer], sent: int) -> list[Buffer]:
    """Return what is left of buffers of which so many bytes went."""
    for at, buffer in enumerate(buffers):
        if sent < len(buffer):
            return [memoryview(buffer)[sent:], *buffers[at + 1 :]]
        sent -= len(buffer)
    return []
