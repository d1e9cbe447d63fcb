"""The asynchronous driver: does the steps of an operation on a link."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Final, TypeVar

from filmless.dimse.inbox import left_lying
from filmless.dimse.incoming import Incoming
from filmless.dimse.link import Link
from filmless.dimse.mailbox import Mailbox
from filmless.dimse.messages import CANCEL, MESSAGES, RESPONSE
from filmless.dimse.sinks import bounded
from filmless.dimse.status import is_final
from filmless.dimse.steps import Abort, Call, Give, Message, Operation, Pause, Receive, Send, Step, Stopped
from filmless.errors import DicomError, LimitError, LocalProtocolError, NetworkError, RemoteProtocolError

__all__ = ["CANCELLED", "C_GET", "LARGEST_IDENTIFIER", "LARGEST_INSTANCE", "Window", "busy", "run"]

_T = TypeVar("_T")

C_GET: Final = MESSAGES["C-GET"].field
CANCELLED: Final = {MESSAGES[name].field for name in ("C-FIND", "C-MOVE")}

LARGEST_INSTANCE = 16 << 30
"""Bytes of a data set that goes into a sink."""

LARGEST_IDENTIFIER = 16 << 20
"""Bytes of a data set that is taken into memory: identifiers and the data sets of N-services."""


def busy(size: int, seconds: float) -> LocalProtocolError:
    """Return what is raised when an operation waits in vain for others on the same association."""
    return LocalProtocolError(
        f"the peer agreed to {size} operation(s) at a time, and those before did not end within {seconds:g} seconds",
        hint="go through the answers of the one before first, as with `list`, or open another association",
    )


class Window:
    """How many requests may be without their last answer at a time (PS3.7 D.3.3.3)."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._free = asyncio.Semaphore(size)

    async def take(self, seconds: float) -> None:
        """Wait until there is room for one more.

        Raises
        ------
        LocalProtocolError
            There is none in that time.
        """
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError:
            raise busy(self.size, seconds) from None

    def give(self) -> None:
        """Make room: the last answer came."""
        self._free.release()

    async def emptied(self, seconds: float) -> bool:
        """Wait until nothing is under way; return whether that is so."""
        try:
            async with asyncio.timeout(seconds):
                for _ in range(self.size):
                    await self._free.acquire()
        except TimeoutError:
            return False
        return True


class _Box(Mailbox[Incoming]):
    """Where the answers of an operation come; it knows which requests have no last answer yet."""

    __slots__ = ("_forget", "_window", "open")

    def __init__(self, window: Window | None) -> None:
        super().__init__()
        self._window, self.open = window, set[int]()
        self._forget: Callable[[int], None] | None = None

    def put(self, item: Incoming) -> None:
        command = item.message.command
        is_last = bool(command["CommandField"] & RESPONSE) and is_final(command.get("Status"))
        if is_last:
            self.close(command["MessageIDBeingRespondedTo"])
        if self._forget is None:
            super().put(item)
            return
        item.abandon()
        if self.taken is not None:
            self.taken(1)
        if is_last:
            self._forget(command["MessageIDBeingRespondedTo"])

    def end(self, error: BaseException) -> None:
        super().end(error)
        if self._forget is not None:
            for message_id in list(self.open):
                self.close(message_id)

    def leave(self, forget: Callable[[int], None]) -> None:
        """Drop what is here and what still comes: nobody takes it. The peer works for it until its last answer."""
        self._forget = forget
        for incoming in self.drain():
            incoming.abandon()

    def close(self, message_id: int) -> None:
        if message_id in self.open:
            self.open.discard(message_id)
            if self._window is not None:
                self._window.give()


async def run(
    link: Link,
    operation: Operation[_T],
    *,
    window: Window | None = None,
    max_identifier_bytes: int = LARGEST_IDENTIFIER,
    max_instance_bytes: int = LARGEST_INSTANCE,
) -> AsyncGenerator[_T, None]:
    """Do an operation; give what it gives. When the caller wants no more, the operation winds up.

    Parameters
    ----------
    link
        The association.
    operation
        What to do.
    window
        Shared by all operations on the link, when more than one is possible.
    max_identifier_bytes, max_instance_bytes
        How much of a data set is taken into memory, and into a sink. A peer that sends more is given up.
    """
    driver = _Driver(link, window, max_identifier_bytes, max_instance_bytes)
    try:
        step: Step[_T] | None = next(operation)
        while step is not None:
            match step:
                case Give(item):
                    try:
                        yield item
                    except GeneratorExit:
                        await driver.wind_up(operation)
                        raise
                    step = operation.send(None)
                case _:
                    step = await driver.advance(operation, step)
    except StopIteration:
        return
    except RemoteProtocolError as error:
        link.abort(error)
        raise
    finally:
        operation.close()
        driver.close()


class _Driver:
    """What one operation has in hand: where its answers come, and whether it takes requests."""

    def __init__(self, link: Link, window: Window | None, most: int, most_of_sinks: int) -> None:
        self._link, self._window, self._most, self._most_of_sinks = link, window, most, most_of_sinks
        self._loop = asyncio.get_running_loop()
        self._box = _Box(window)
        self._box.overflowed = self._overflowed
        # Presentation context and command of what was asked, by Message ID.
        self._asked: dict[int, tuple[int, int]] = {}
        self._takes_requests = False

    async def advance(self, operation: Operation[_T], step: Step[_T]) -> Step[_T] | None:
        """Do a step, and return the next one; None behind the last."""
        try:
            try:
                answer = await self._do(step)
            except Exception as error:  # noqa: BLE001 - the operation decides what an error means
                return operation.throw(error)
            return operation.send(answer)
        except StopIteration:  # a coroutine cannot raise StopIteration
            return None

    async def wind_up(self, operation: Operation[_T]) -> None:
        try:
            step: Step[_T] | None = operation.throw(Stopped())
            while step is not None:
                step = operation.send(None) if isinstance(step, Give) else await self.advance(operation, step)
        except (StopIteration, Stopped):
            return
        except DicomError as error:  # there is nobody to tell: what it was for is not wanted any more
            if isinstance(error, RemoteProtocolError):
                self._link.abort(error)

    async def _do(self, step: Step[_T]) -> Message | None:
        match step:
            case Receive():
                return await self._receive(step)
            case Send():
                await self._send(step)
            case Call(function):
                result: Message | None = await asyncio.to_thread(function)
                return result
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Abort(error):
                self._link.abort(error)
        return None

    async def _send(self, step: Send) -> None:
        message_id, link = step.command.get("MessageID"), self._link
        if step.command["CommandField"] == CANCEL and step.command["MessageIDBeingRespondedTo"] not in self._box.open:
            return  # the last answer is here: another operation may be under way, and peers take it for that one's
        if isinstance(message_id, int) and message_id not in self._asked:
            if link.error is not None:
                raise link.error
            if self._window is not None:
                await self._window.take(link.timeouts.response_s)
            self._asked[message_id] = step.context, step.command["CommandField"]
            self._box.open.add(message_id)
            try:
                await link.send(step.context, step.command, step.data, answers=self._box)
            except Exception:
                if not link.is_awaited(message_id):  # it never went
                    del self._asked[message_id]
                    self._box.close(message_id)
                raise
        else:
            await link.send(step.context, step.command, step.data)

    async def _receive(self, step: Receive) -> Message | None:
        link = self._link
        if (step.requests or step.sinks is not None) and not self._takes_requests:
            self._takes_requests = True
            link.requests_to(self._box)
        if step.within_s is None:
            incoming = await link.next_of(self._box)
        else:
            try:
                async with asyncio.timeout(step.within_s):
                    incoming = await self._box.get()
            except TimeoutError:
                return None
        try:
            return await self._taken(incoming, step)
        except BaseException:  # nobody takes the rest
            incoming.abandon()
            raise

    async def _taken(self, incoming: Incoming, step: Receive) -> Message:
        link, message = self._link, incoming.message
        if message.is_response:
            message_id = message.command["MessageIDBeingRespondedTo"]
            if message_id not in self._box.open:
                self._asked.pop(message_id, None)
                link.settled(message_id)
        try:
            if not message.is_response and step.sinks is not None and incoming.has_data_set:
                most = self._most_of_sinks
                return await incoming.into(bounded(step.sinks, most, self._exceeded), most=most)
            return await incoming.collect(self._most)
        except LimitError as error:  # the rest may have no end
            link.abort(RemoteProtocolError(error.message))
            raise

    def _exceeded(self, error: LimitError) -> None:
        self._loop.call_soon_threadsafe(self._link.abort, RemoteProtocolError(error.message))

    def _overflowed(self) -> None:
        self._box.end(left_lying())
        self._box.leave(self._link.forget)

    def close(self) -> None:
        """Let go. What the peer still works for stays in the window until its last answer (PS3.7 D.3.3.3)."""
        link, box = self._link, self._box
        if self._takes_requests:
            link.requests_to(None)
        box.leave(link.forget)
        for message_id, (context, field) in self._asked.items():
            if message_id not in box.open or link.error is not None or not link.is_awaited(message_id):
                box.close(message_id)
                link.forget(message_id)
            elif field == C_GET:  # what it sends would wait for answers that nobody gives
                link.abort(NetworkError("a retrieval was given up"))
            elif field in CANCELLED:
                link.cancel(context, message_id)
