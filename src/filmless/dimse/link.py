"""One end of an association on an asyncio transport: what SCU and SCP stand on."""

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any, Final, cast

from filmless._core import AssociateAccept, Connection, Event, Reject
from filmless.dimse.endings import ending_of
from filmless.dimse.inbox import Inbox
from filmless.dimse.incoming import Incoming
from filmless.dimse.mailbox import Mailbox
from filmless.dimse.messages import CANCEL, RESPONSE, is_addressed
from filmless.dimse.outlet import Outlet
from filmless.dimse.status import is_final
from filmless.dimse.steps import Begun, Buffer, Payload
from filmless.dimse.timeouts import Timeouts
from filmless.dimse.watch import Watch
from filmless.errors import AssociationAborted, LocalProtocolError, NetworkError, RemoteProtocolError

__all__ = ["Link"]

_WRITE_HIGH: Final = 1 << 20


class Link(asyncio.BufferedProtocol):
    """Moves bytes between a transport and the core's connection, and messages between that and tasks.

    Parameters
    ----------
    connection
        The core's end of the association.
    timeouts
        How long the peer is waited for.
    waiting_bytes
        Bytes of data sets that wait for their consumer: above, nothing is read until a quarter of them is left.
    lost_bytes
        Bytes of a data set that are dropped because nobody takes them: a peer that sends more is aborted.

    Attributes
    ----------
    happenings
        What happens to the association as a whole, as events of the core: requested, accepted, release…
    error
        Why the association is over; None as long as it is not.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        timeouts: Timeouts,
        waiting_bytes: int = 4 << 20,
        lost_bytes: int | None = None,
    ) -> None:
        self.connection, self.timeouts, self.lost_bytes = connection, timeouts, lost_bytes
        self.happenings: Mailbox[Event] = Mailbox()
        self.error: NetworkError | None = None
        self.address: tuple[str, int] = ("", 0)
        self.certificate: bytes | None = None
        self.is_counted = False
        self._waits: dict[Mailbox[Incoming], float] = {}
        self._inbox = Inbox(waiting_bytes, self._room_changed, self._waits.keys())
        self._next_id = 0
        self._sending = asyncio.Lock()
        self._outlet = Outlet(connection, self._check, self._wrote)
        self._gone = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._watch = Watch(timeouts, self._loop.time())
        # Until when the peer has to answer the request for an association or for its release, or to close.
        self._due: float | None = None

    @property
    def requests(self) -> Mailbox[Incoming]:
        """Messages of the peer that are no answers. One task takes them."""
        return self._inbox.requests

    # -- the transport -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin on a transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_WRITE_HIGH)
        name = transport.get_extra_info("peername")
        if isinstance(name, tuple):
            self.address = (str(name[0]), int(name[1]))
        secure = transport.get_extra_info("ssl_object")
        if isinstance(secure, ssl.SSLObject):
            self.certificate = secure.getpeercert(binary_form=True)
        now = self._loop.time()
        self._watch = Watch(self.timeouts, now)
        if self.connection.is_requestor:
            self.connection.connected()
            self._due = now + self.timeouts.association_s
        self._flush()
        self._look()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio calls it so
        """Have bytes put right into the core's buffer."""
        return memoryview(self.connection)

    def buffer_updated(self, nbytes: int) -> None:
        """Understand what came."""
        watch, now = self._watch, self._loop.time()
        watch.active = now
        watch.received += nbytes
        self.connection.received(nbytes)
        something = self._advance()
        watch.note_amid(now, is_amid=not something or not self.connection.is_idle)

    def eof_received(self) -> bool:
        """Let the transport close: `connection_lost` follows."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the core knows better
        """Tell everyone that it is over."""
        self.connection.disconnected()
        self._advance()
        self._transport = None
        self._end(AssociationAborted("the connection was lost"))
        if self._timer is not None:
            self._timer.cancel()
        self._outlet.writable.set()
        self._gone.set()

    def pause_writing(self) -> None:
        """Have senders wait."""
        self._outlet.writable.clear()

    def resume_writing(self) -> None:
        """Have senders go on."""
        self._outlet.writable.set()

    # -- what comes in -------------------------------------------------------------------------------------------

    def _advance(self) -> bool:
        """Take what the core has understood; return whether there was something."""
        something = False
        while (event := self.connection.next_event()) is not None:
            something = True
            match event:
                case Event.DataSet(_, piece, last):
                    self._inbox.data(memoryview(piece), is_last=last)
                    if self.lost_bytes is not None and self._inbox.lost > self.lost_bytes:
                        self.abort(RemoteProtocolError("the peer went on with a data set that nobody takes"))
                case Event.Command(context, command, has_data_set):
                    negotiated = self.connection.context(context)
                    if not is_addressed(command):
                        self.abort(RemoteProtocolError("the peer sent a command without a single Message ID or status"))
                    elif negotiated is not None:  # the core lets no other through
                        self._inbox.arrived(negotiated, command, has_data_set=has_data_set)
                case _:
                    self._happened(event)
        self._flush()
        return something

    def _room_changed(self, is_full: bool) -> None:
        """Stop reading when what waits for its consumer is too much, and go on when it is less."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if not is_full:
            self._watch.listens_again(self._loop.time())
            transport.resume_reading()
        elif self.connection.is_requestor and self._inbox.is_unwanted:
            # Nobody here will take what the peer asks for.
            self.abort(RemoteProtocolError("the peer sent requests that nobody waits for"))
        else:
            transport.pause_reading()

    def _happened(self, event: Event) -> None:
        match event:
            case Event.Accepted():
                self._due = None
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
        """Tell everyone who waits that nothing more will come, and give the peer a little time to close."""
        if self.error is not None:
            return
        self.error = error
        self.happenings.end(error)
        self._inbox.end(error)
        self._close_by(self.timeouts.linger_s)

    # -- what goes out -------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        transport = self._transport
        if transport is None:
            return
        output = self.connection.take_output()
        if output and not transport.is_closing():
            self._watch.written += len(output)
            transport.write(output)
        if self.connection.closed:
            transport.close()

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes that came, and that went."""
        return self._watch.received, self._watch.written

    def is_awaited(self, message_id: int) -> bool:
        """Whether an answer to a request of ours is to come."""
        return self._inbox.is_awaited(message_id)

    def next_id(self) -> int:
        """Return a Message ID that is not in use."""
        while True:
            self._next_id = self._next_id % 0xFFFF + 1
            if not self._inbox.is_awaited(self._next_id):
                return self._next_id

    def answers_to(self, message_id: int, box: Mailbox[Incoming]) -> None:
        """Have answers to a request put into a box, from now on; `forget` it in the end."""
        self._inbox.answers_to(message_id, box)
        if self.error is not None:
            box.end(self.error)

    def requests_to(self, box: Mailbox[Incoming] | None) -> None:
        """Have requests of the peer put into a box, as C-STORE that come with a C-GET; None for `requests` again."""
        self._inbox.requests_to(box)
        if box is not None and self.error is not None:
            box.end(self.error)

    def settled(self, message_id: int) -> None:
        """Note that a request of ours has its last answer, which may still be waiting to be taken."""
        self._inbox.settled(message_id)

    def forget(self, message_id: int) -> None:
        """Have what still comes in answer to a request dropped."""
        self._inbox.forget(message_id)

    def performed(self, message_id: int) -> None:
        """Note that a request of the peer is answered; `send` does so with the last response."""
        if self._inbox.performing.pop(message_id, None) is not None:
            self._watch.active = self._loop.time()

    async def send(
        self,
        context: int,
        command: dict[str | int, Any],
        data: Buffer | Payload | None = None,
        *,
        answers: Mailbox[Incoming] | None = None,
    ) -> None:
        """Send a message: the whole of it before the next one (PS3.8 E.1).

        Parameters
        ----------
        context, command, data
            The message.
        answers
            As of `answers_to`, from when it is certain that the request goes.

        Raises
        ------
        NetworkError
            The association has ended.
        """
        async with self._sending:
            self._check()
            ready: Buffer | Begun | None
            if data is None or isinstance(data, bytes | bytearray | memoryview):
                ready = data
            else:
                ready = await asyncio.to_thread(Begun, data)
                self._check()
            self.connection.send_command(context, command, ready is not None)
            if answers is not None:
                self.answers_to(command["MessageID"], answers)
            if ready is None:
                self._flush()
            else:
                await self._send_data(context, ready)
            if command["CommandField"] & RESPONSE and is_final(command.get("Status")):
                self.performed(command.get("MessageIDBeingRespondedTo") or 0)
            await self._outlet.wait()

    def cancel(self, context: int, message_id: int) -> None:
        """Send C-CANCEL for a request, unless a message is just going out."""
        if self.error is None and not self._sending.locked():
            self.connection.send_command(
                context, {"CommandField": CANCEL, "MessageIDBeingRespondedTo": message_id}, False
            )
            self._flush()

    async def send_all(self, context: int, messages: Iterable[tuple[dict[str | int, Any], bytes]]) -> None:
        """Send short messages with data sets, none of them the last answer to a request, in one write.

        Raises
        ------
        NetworkError
            The association has ended.
        """
        async with self._sending:
            self._check()
            self._outlet.write_all(context, messages)
            await self._outlet.wait()

    async def _send_data(self, context: int, data: Buffer | Begun) -> None:
        try:
            if isinstance(data, Begun):
                await self._outlet.write_payload(context, data)
            else:
                await self._outlet.write_piece(context, memoryview(data), is_last=True)
        except BaseException:  # a message that is not whole cannot be followed by another
            self.abort(NetworkError("a message could not be sent to its end"))
            raise

    def _wrote(self, count: int) -> None:
        self._watch.written += count

    def _check(self) -> asyncio.Transport:
        if self.error is not None:
            raise self.error
        if self._transport is None or self._transport.is_closing():
            raise LocalProtocolError("the association is closed")
        return self._transport

    # -- time and the end ----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Look at the clock when the next limit is due: once a limit, not once a message."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is None:
            return
        now = self._loop.time()
        if self.error is None and (wrong := self._overdue(now)) is not None:
            self.abort(NetworkError(wrong))
            return
        if self._due is not None and self._due <= now:
            self._transport.abort()
            return
        limits = [self._due]
        if self.error is None:
            limits += [now + self._watch.step_s(), self.connection.deadline(now)]
            limits += [limit for limit, _ in self._limits()]
        self._timer = self._loop.call_at(max(now, min(one for one in limits if one is not None)), self._look)

    def _limits(self) -> list[tuple[float, str]]:
        is_idle = not self.connection.is_requestor and not self._inbox.performing and not self._inbox.awaits
        return self._watch.limits(waiting_since=min(self._waits.values(), default=None), is_idle=is_idle)

    def _overdue(self, now: float) -> str | None:
        """Return what the peer did not do in time."""
        artim = self.connection.deadline(now)
        if artim is not None and artim <= now and self.connection.expire(now):
            return "the peer let the time pass in which an association begins or ends"
        if self._due is not None and self._due <= now:
            return "the peer did not answer the request for an association, or for its release, in time"
        for limit, wrong in self._limits():
            if limit <= now:
                return wrong
        pending = 0 if self._transport is None else self._transport.get_write_buffer_size()
        return self._watch.slow(now, pending=pending, listening=not self._inbox.is_full)

    def _close_by(self, seconds: float) -> None:
        self._due = self._loop.time() + seconds
        if self._transport is not None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._due, self._look)

    def accept(self, accept: AssociateAccept) -> None:
        """Accept the association that was requested."""
        self.connection.accept(accept)
        self._flush()

    def reject(self, reject: Reject) -> None:
        """Reject the association that was requested. The peer is to close the connection."""
        self.connection.reject(reject)
        self._flush()
        self._end(NetworkError("the association is rejected"))

    def abort(self, error: NetworkError) -> None:
        """Abort the association; who waits for something gets the error."""
        if self.error is not None:  # the peer is told already, or is gone
            return
        self._end(error)
        if not self.connection.closed:
            try:
                self.connection.abort()
            except LocalProtocolError:
                self.connection.disconnected()
        self._flush()
        if self._inbox.is_full and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()  # to see the peer close

    async def release(self) -> None:
        """Release the association, and wait until the transport is closed."""
        if self.error is None and not self.connection.closed:
            self.connection.release()
            self._flush()
            self._close_by(self.timeouts.association_s)
        try:
            await self._gone.wait()
        except asyncio.CancelledError:  # nobody waits any more: the transport is not left open
            self.abort(NetworkError("the association was given up"))
            self.drop()
            raise

    def drop(self) -> None:
        """Close the transport at once, whether or not the peer has closed it."""
        if self._transport is not None:
            self._transport.abort()

    async def next_of(self, box: Mailbox[Incoming]) -> Incoming:
        """Take the next message of a box; the peer has `response_s` for it.

        Raises
        ------
        NetworkError
            The association ended, or nothing came.
        """
        if len(box):
            return await box.get()
        self._waits[box] = self._loop.time()
        self._inbox.want()
        try:
            return await box.get()
        finally:
            del self._waits[box]

    async def closed(self) -> None:
        """Wait until the transport is closed."""
        await self._gone.wait()
