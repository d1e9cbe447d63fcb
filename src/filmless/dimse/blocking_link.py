"""One end of an association on a plain socket: what the blocking driver does its steps on."""

import contextlib
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from filmless._core import Connection, Event
from filmless.dimse.blocking_boxes import Arriving, Box
from filmless.dimse.blocking_socket import BlockingSocket
from filmless.dimse.driving import C_GET, CANCELLED, LARGEST_IDENTIFIER, LARGEST_INSTANCE, busy
from filmless.dimse.endings import ending_of
from filmless.dimse.inbox import left_lying
from filmless.dimse.messages import CANCEL, is_addressed
from filmless.dimse.sinks import bounded
from filmless.dimse.status import is_final
from filmless.dimse.steps import Begun, Buffer, Message, Payload, Receive, Send
from filmless.dimse.timeouts import Timeouts
from filmless.errors import AssociationAborted, LimitError, LocalProtocolError, NetworkError, RemoteProtocolError

__all__ = ["BlockingLink"]

_MOST_WAITING: Final = 4 << 20
"""Bytes of answers that wait for an operation which is not being gone through."""
_MOST_REQUESTS: Final = 32


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
        self.address: tuple[str, int] = ("", 0)
        with contextlib.suppress(OSError):  # the peer may have gone
            name = sock.getpeername()
            if isinstance(name, tuple):
                self.address = (str(name[0]), int(name[1]))
        self._socket = BlockingSocket(sock, connection, timeouts)
        self._is_writing = False
        self._most, self._most_of_sinks = max_identifier_bytes, max_instance_bytes
        self._boxes: dict[int, Box] = {}
        self._requests_box = Box()
        self._requests = self._requests_box
        self._arriving: Arriving | None = None
        self._next_id = 0

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

    def begin(self, step: Send, box: Box) -> None:
        """Wait until the peer takes another request, and have its answers put into a box."""
        message_id = step.command["MessageID"]
        try:
            self._until(self._has_room, self.timeouts.response_s)
        except TimeoutError:
            raise busy(self.window, self.timeouts.response_s) from None
        self._boxes[message_id] = box
        box.open[message_id] = step.context, step.command["CommandField"]

    def _has_room(self) -> bool:
        if len(self._boxes) >= self.window and any(one.waiting > _MOST_WAITING for one in self._boxes.values()):
            raise busy(self.window, 0)
        return len(self._boxes) < self.window

    def unsent(self, message_id: int, box: Box) -> None:
        """Note that a request never went: no answer will come."""
        self._boxes.pop(message_id, None)
        box.open.pop(message_id, None)

    def end(self, box: Box) -> None:
        """Forget an operation. What still comes for it is dropped; the peer works for it until its last answer."""
        box.end()
        if self._requests is box:
            self._requests = self._requests_box
        if self._arriving is not None and self._arriving.box is box:
            self._arriving.let_go()
        for message_id, (context, field) in box.open.items():
            if self.error is not None:
                return
            if field == C_GET:  # what it sends would wait for answers that nobody gives
                self.abort(NetworkError("a retrieval was given up"))
            elif field in CANCELLED:
                with suppress(NetworkError):
                    self.send(context, {"CommandField": CANCEL, "MessageIDBeingRespondedTo": message_id}, None)

    def send(self, context: int, command: dict[str | int, Any], data: Buffer | Payload | None) -> None:
        """Send a message.

        Raises
        ------
        NetworkError
            The association has ended.
        """
        self._check()
        ready = data if data is None or isinstance(data, bytes | bytearray | memoryview) else Begun(data)
        self.connection.send_command(context, command, ready is not None)
        try:
            if ready is None:
                self._write([self.connection.take_output()])
            elif isinstance(ready, Begun):
                self._send_payload(context, ready)
            else:
                self._send_piece(context, memoryview(ready), is_last=True)
        except NetworkError:
            raise
        except BaseException:  # a message that is not whole cannot be followed by another
            self.abort(NetworkError("a message could not be sent to its end"))
            raise

    def _send_payload(self, context: int, begun: Begun) -> None:
        piece: Buffer | None = begun.first
        while piece is not None:
            following = next(begun.rest, None)
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
            self._requests, box.sinks = box, step.sinks
            while self._requests_box.messages and not step.sinks:
                box.put(self._requests_box.take())
        seconds = self.timeouts.response_s if step.within_s is None else step.within_s
        try:
            self._until(lambda: bool(box.messages) or box.is_dropped, seconds, box)
        except TimeoutError:
            if step.within_s is not None:
                return None
            error = NetworkError(f"the peer did not answer within {seconds:g} seconds")
            self.abort(error)
            raise error from None
        except NetworkError:
            if not box.messages:  # what came with the end, and before it, counts
                raise
        if box.is_dropped:
            box.is_dropped = False
            raise left_lying()
        return box.take()

    # -- the socket ----------------------------------------------------------------------------------------------

    def _write(self, buffers: list[Buffer]) -> None:
        self._is_writing = True
        try:
            self._socket.write(buffers, self._meanwhile)
        except NetworkError as error:
            self.abort(error)
            raise self.error or error from None
        except OSError as error:
            self._lost()
            raise self.error or error from None
        finally:
            self._is_writing = False

    def _meanwhile(self) -> None:
        """Take what the peer sends while it reads nothing: it may wait for that before it reads on."""
        self._take_in()
        self._check()

    def _lost(self) -> None:
        """Say why: the peer may have told it before it closed."""
        try:
            while self._socket.read():
                self._advance()
        except NetworkError:
            pass
        self._end(AssociationAborted("the connection was lost"))

    def _until(self, is_done: Callable[[], bool], seconds: float, box: Box | None = None) -> None:
        """Take what comes until something is so.

        Raises
        ------
        TimeoutError
            It is not in that time, nor is a message for the box on its way, however long the whole of it takes.
        NetworkError
            The association ended.
        """
        deadline, is_first = time.monotonic() + seconds, True
        self._socket.began()
        while not is_done():
            self._check()
            left = deadline - time.monotonic()
            is_coming = box is not None and self._arriving is not None and self._arriving.box is box
            if left <= 0 and not is_coming and not is_first:
                raise TimeoutError
            is_first = False
            if not self._take_in():
                try:
                    self._socket.wait(self.timeouts.stall_s if is_coming else max(left, 0))
                except NetworkError as error:
                    self.abort(error)
                    raise

    def _take_in(self) -> bool:
        """Read once, and understand what came; return whether something did."""
        count = self._socket.read()
        if count is None:
            return False
        if count:
            self.connection.received(count)
        else:
            self.connection.disconnected()
        try:
            something = self._advance()
        except NetworkError:
            raise
        except BaseException:  # what came is half taken: it cannot be gone on with
            self.abort(NetworkError("a message could not be taken to its end"))
            raise
        if not count:
            self._end(AssociationAborted("the connection was lost"))
        self._socket.note_amid(is_amid=not something or not self.connection.is_idle)
        return True

    def _advance(self) -> bool:
        """Take what the core has understood; return whether there was something."""
        connection, something = self.connection, False
        while (event := connection.next_event()) is not None:
            something = True
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
        # In the middle of a message of ours nothing else can be said.
        while connection.has_output and not self._is_writing:
            self._write([connection.take_output()])
        return something

    def _arrived(self, context: int, command: dict[str | int, Any], *, has_data_set: bool) -> None:
        negotiated = self.connection.context(context)
        if negotiated is None:  # the core lets none through
            return
        if not is_addressed(command):
            raise self._broken("the peer sent a command without a single Message ID or status")
        message = Message(negotiated, command)
        box: Box | None = self._requests
        if message.is_response:
            answered = command.get("MessageIDBeingRespondedTo")
            box = self._boxes.get(answered) if isinstance(answered, int) else None
            if box is not None and isinstance(answered, int) and is_final(command.get("Status")):
                del self._boxes[answered]
                box.open.pop(answered, None)
        elif box is self._requests_box and (len(box.messages) >= _MOST_REQUESTS or box.waiting > _MOST_WAITING):
            raise self._broken("the peer sent requests that nobody waits for")
        arriving = Arriving(message, None if box is None or box.is_over else box)
        if not has_data_set:
            arriving.arrived()
            return
        self._arriving = arriving
        if box is not None and not message.is_response and box.sinks is not None:
            arriving.sinks = bounded(box.sinks, self._most_of_sinks, self._exceeded)

    def _data(self, piece: memoryview, *, is_last: bool) -> None:
        arriving = self._arriving
        if arriving is None:
            return
        arriving.came += len(piece)
        if arriving.came > self._most_of_sinks:  # whoever takes it, or nobody: it may have no end
            raise self._broken("the peer sends an instance larger than is taken")
        if arriving.sinks is not None:
            arriving.into(piece, is_last=is_last)
            self._check()  # more than is taken
        elif not arriving.gather(piece, self._most):
            raise self._broken(f"a data set of a message is longer than {self._most} bytes")
        if is_last:
            self._arriving = None
            arriving.arrived()

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
        if self._arriving is not None:
            self._arriving.let_go()

    def establish(self) -> Event.Accepted:
        """Ask for the association, and return what the peer answered.

        Raises
        ------
        NetworkError
            It did not accept.
        """
        self.connection.connected()
        self._write([self.connection.take_output()])
        seconds = self.timeouts.association_s
        try:
            self._until(lambda: self.accepted is not None, seconds)
        except TimeoutError:
            late = NetworkError(f"the peer did not answer the request for an association within {seconds:g} seconds")
            self.abort(late)
            raise late from None
        if self.accepted is None:  # not so
            raise NetworkError("the peer did not answer the request for an association")
        return self.accepted

    def abort(self, error: NetworkError) -> None:
        """Abort the association."""
        is_first = self.error is None
        self._end(error)
        if is_first and not self.connection.closed:
            try:
                self.connection.abort()
                self._socket.part(self.connection.take_output())
            except LocalProtocolError:
                self.connection.disconnected()
        self.close()

    def release(self) -> None:
        """Release the association, and close the socket."""
        seconds = self.timeouts.association_s
        try:
            self._check()
            self._until(lambda: not self._boxes, seconds)  # what winds up
            self.connection.release()
            self._write([self.connection.take_output()])
            self._until(lambda: self.connection.closed, seconds)
        except TimeoutError:
            self.abort(NetworkError("an operation, or the release, did not end"))
        except NetworkError:
            pass
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._end(AssociationAborted("the association is closed"))
        self._socket.close()
