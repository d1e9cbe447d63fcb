"""One end of an association on an asyncio transport: what SCU and SCP stand on."""

import asyncio
from typing import Any, cast

from filmless._core import AssociateAccept, Connection, Event, Reject
from filmless.dimse.endings import ending_of
from filmless.dimse.incoming import Incoming
from filmless.dimse.mailbox import Mailbox
from filmless.dimse.messages import CANCEL, RESPONSE
from filmless.dimse.steps import Buffer, Message, Payload
from filmless.dimse.timeouts import Timeouts
from filmless.errors import AssociationAborted, LocalProtocolError, NetworkError

__all__ = ["Link"]

_HIGH, _LOW = 4 << 20, 1 << 20
"""Bytes of data sets that wait for their consumer: above the first nothing more is read until the second is reached."""

_WRITE_HIGH = 1 << 20


class Link(asyncio.BufferedProtocol):
    """Moves bytes between a transport and the core's connection, and messages between that and tasks.

    Parameters
    ----------
    connection
        The core's end of the association.
    timeouts
        How long the peer is waited for.

    Attributes
    ----------
    requests
        Messages of the peer that are no answers. One task takes them.
    happenings
        What happens to the association as a whole, as events of the core: requested, accepted, release…
    """

    def __init__(self, connection: Connection, *, timeouts: Timeouts) -> None:
        self.connection, self.timeouts = connection, timeouts
        self.requests: Mailbox[Incoming] = Mailbox()
        self.happenings: Mailbox[Event] = Mailbox()
        self.error: NetworkError | None = None
        self._answers: dict[int, Mailbox[Incoming]] = {}
        self._request_box: Mailbox[Incoming] | None = None
        self._performing: dict[int, Incoming] = {}
        self._current: Incoming | None = None
        self._held = 0
        self._next_id = 0
        self._sending = asyncio.Lock()
        self._writable = asyncio.Event()
        self._writable.set()
        self._gone = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard = self._begun = 0.0

    # -- the transport -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin on a transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_WRITE_HIGH)
        self._heard = self._begun = asyncio.get_running_loop().time()
        if self.connection.is_requestor:
            self.connection.connected()
        self._flush()
        self._watch()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio calls it so
        """Have bytes put right into the core's buffer."""
        return memoryview(self.connection)

    def buffer_updated(self, nbytes: int) -> None:
        """Understand what came."""
        self._heard = asyncio.get_running_loop().time()
        self.connection.received(nbytes)
        self._advance()

    def eof_received(self) -> bool:
        """Let the transport close: `connection_lost` follows."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the core knows better
        """Tell everyone that it is over."""
        self.connection.disconnected()
        self._advance()
        self._end(AssociationAborted("the connection was lost"))
        if self._timer is not None:
            self._timer.cancel()
        self._writable.set()
        self._gone.set()

    def pause_writing(self) -> None:
        """Have senders wait."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Have senders go on."""
        self._writable.set()

    # -- what comes in -------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        while (event := self.connection.next_event()) is not None:
            match event:
                case Event.DataSet(_, piece, last):
                    self._data(memoryview(piece), is_last=last)
                case Event.Command(context, command, has_data_set):
                    self._arrived(context, command, has_data_set=has_data_set)
                case _:
                    self._happened(event)
        self._flush()

    def _arrived(self, context: int, command: dict[str | int, Any], *, has_data_set: bool) -> None:
        negotiated = self.connection.context(context)
        if negotiated is None:  # the core lets none through
            return
        incoming = Incoming(Message(negotiated, command), has_data_set=has_data_set, taken=self._taken)
        self._current = incoming if has_data_set else None
        field, answered = command["CommandField"], command.get("MessageIDBeingRespondedTo")
        if field == CANCEL:
            if answered in self._performing:
                self._performing[answered].cancelled.set()
        elif field & RESPONSE:
            # An answer to what nobody asked, or no longer waits for, is dropped as it comes.
            if answered in self._answers:
                self._answers[answered].put(incoming)
            else:
                self._current = None
        else:
            self._performing[command.get("MessageID", 0)] = incoming
            (self._request_box or self.requests).put(incoming)

    def _data(self, piece: memoryview, *, is_last: bool) -> None:
        current = self._current
        if current is None:
            return
        self._held += len(piece)
        current.pieces.put((piece, is_last))
        if self._held > _HIGH and self._transport is not None:
            self._transport.pause_reading()

    def _taken(self, count: int) -> None:
        was_high = self._held > _HIGH
        self._held -= count
        if was_high or (self._held <= _LOW and count):
            self._resume_reading()

    def _resume_reading(self) -> None:
        if self._held <= _LOW and self._transport is not None and not self._transport.is_closing():
            self._heard = asyncio.get_running_loop().time()  # it was us who did not listen
            self._transport.resume_reading()

    def _happened(self, event: Event) -> None:
        match event:
            case Event.ReleaseRequested():
                self.connection.confirm_release()
                self._end(NetworkError("the association is released"))
            case Event.ReleaseCollision() if self.connection.is_requestor:
                self.connection.confirm_release()
            case Event.Released() if not self.connection.closed:  # the acceptor confirms last (PS3.8 7.2.2)
                self.connection.confirm_release()
        error = ending_of(event)
        self.happenings.put(event)
        if error is not None:
            self._end(error)

    def _end(self, error: NetworkError) -> None:
        """Tell everyone who waits that nothing more will come."""
        self.error = self.error or error
        boxes: list[Mailbox[Any]] = [self.requests, self.happenings, *self._answers.values()]
        if self._request_box is not None:
            boxes.append(self._request_box)
        if self._current is not None:
            boxes.append(self._current.pieces)
        for box in boxes:
            box.end(self.error)

    # -- what goes out -------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        transport = self._transport
        if transport is None:
            return
        output = self.connection.take_output()
        if output:
            transport.write(output)
        if self.connection.closed:
            transport.close()

    def next_id(self) -> int:
        """Return a Message ID that is not in use."""
        while True:
            self._next_id = self._next_id % 0xFFFF + 1
            if self._next_id not in self._answers:
                return self._next_id

    def settled(self, message_id: int) -> None:
        """Note that a request of ours has its last answer, which may still be waiting to be taken."""
        self._answers.pop(message_id, None)

    def answers_to(self, message_id: int, box: Mailbox[Incoming]) -> None:
        """Have answers to a request put into a box, from now on; `forget` it in the end."""
        self._answers[message_id] = box
        if self.error is not None:
            box.end(self.error)

    def requests_to(self, box: Mailbox[Incoming] | None) -> None:
        """Have requests of the peer put into a box, as C-STORE that come with a C-GET; None for `requests` again."""
        self._request_box = box

    def forget(self, message_id: int) -> None:
        """Have what still comes in answer to a request dropped."""
        self._answers.pop(message_id, None)

    def performed(self, message_id: int) -> None:
        """Note that a request of the peer is answered."""
        self._performing.pop(message_id, None)

    async def send(self, context: int, command: dict[str | int, Any], data: Buffer | Payload | None = None) -> None:
        """Send a message: the whole of it before the next one (PS3.8 E.1).

        Raises
        ------
        NetworkError
            The association has ended.
        """
        async with self._sending:
            self._check()
            self.connection.send_command(context, command, data is not None)
            if data is None:
                self._flush()
            elif isinstance(data, bytes | bytearray | memoryview):
                await self._send_piece(context, memoryview(data), is_last=True)
            else:
                await self._send_payload(context, data)
            await self._writable.wait()

    async def _send_payload(self, context: int, payload: Payload) -> None:
        # One piece ahead, since what is last has to be said with it.
        pieces = iter(payload.pieces())
        piece = await asyncio.to_thread(next, pieces, None)
        while piece is not None:
            following = await asyncio.to_thread(next, pieces, None)
            await self._send_piece(context, memoryview(piece), is_last=following is None)
            piece = following

    async def _send_piece(self, context: int, piece: memoryview, *, is_last: bool) -> None:
        transport = self._check()
        buffers: list[Buffer] = [self.connection.take_output()]
        step, at = self.connection.payload_limit, 0
        for header in self.connection.data_headers(context, len(piece), is_last):
            buffers += (header, piece[at : at + step])
            at += step
        transport.writelines(buffers)
        await self._writable.wait()

    def _check(self) -> asyncio.Transport:
        if self.error is not None:
            raise self.error
        if self._transport is None or self._transport.is_closing():
            raise LocalProtocolError("the association is closed")
        return self._transport

    # -- time and the end ----------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Look at the clock when the next limit is due: once a limit, not once a message."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        artim = self.connection.deadline(now)
        if artim is not None and artim <= now and self.connection.expire(now):
            self._end(NetworkError("the peer let the time pass in which an association begins or ends"))
            self._flush()
            return
        idle = self._heard + self.timeouts.idle_s
        total = None if self.timeouts.total_s is None else self._begun + self.timeouts.total_s
        if idle <= now or (total is not None and total <= now):
            self.abort(
                NetworkError("the peer was silent for too long" if idle <= now else "the association took too long")
            )
            return
        due = min(time for time in (artim, idle, total) if time is not None)
        self._timer = loop.call_at(due, self._watch)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the peer."""
        name = None if self._transport is None else self._transport.get_extra_info("peername")
        return (str(name[0]), int(name[1])) if isinstance(name, tuple) else ("", 0)

    def accept(self, accept: AssociateAccept) -> None:
        """Accept the association that was requested."""
        self.connection.accept(accept)
        self._flush()

    def reject(self, reject: Reject) -> None:
        """Reject the association that was requested. The peer is to close the connection, ARTIM sees to it."""
        self.connection.reject(reject)
        self._flush()
        self._watch_now()

    def abort(self, error: NetworkError) -> None:
        """Abort the association; who waits for something gets the error."""
        self._end(error)
        if not self.connection.closed:
            try:
                self.connection.abort()
            except LocalProtocolError:
                self.connection.disconnected()
            self._flush()
        if self._transport is not None:
            self._transport.close()

    async def release(self) -> None:
        """Release the association, and wait until the transport is closed."""
        if self.error is None and not self.connection.closed:
            self.connection.release()
            self._flush()
            self._watch_now()
        await self._gone.wait()

    def _watch_now(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._watch()

    async def next_of(self, box: Mailbox[Incoming]) -> Incoming:
        """Take the next message of a box; the peer has `response_s` for it.

        Raises
        ------
        NetworkError
            The association ended, or nothing came.
        """
        if not len(box):
            try:
                async with asyncio.timeout(self.timeouts.response_s):
                    return await box.get()
            except TimeoutError:
                error = NetworkError(f"the peer did not answer within {self.timeouts.response_s:g} seconds")
                self.abort(error)
                raise error from None
        return await box.get()

    async def closed(self) -> None:
        """Wait until the transport is closed."""
        await self._gone.wait()
