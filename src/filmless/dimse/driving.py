"""The asynchronous driver: does the steps of an operation on a link."""

from collections.abc import AsyncIterator
from typing import TypeVar

from filmless.dimse.incoming import Incoming
from filmless.dimse.link import Link
from filmless.dimse.mailbox import Mailbox
from filmless.dimse.steps import Give, Message, Operation, Receive, Send, Step, Stopped

__all__ = ["LARGEST_IDENTIFIER", "run"]

_T = TypeVar("_T")

LARGEST_IDENTIFIER = 16 << 20
"""Bytes of a data set that is taken into memory: identifiers and the data sets of N-services."""


async def run(link: Link, operation: Operation[_T]) -> AsyncIterator[_T]:
    """Do an operation; give what it gives. When the caller wants no more, the operation winds up."""
    driver = _Driver(link)
    try:
        step = next(operation)
        while True:
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
    finally:
        operation.close()
        driver.close()


class _Driver:
    """What one operation has in hand: where its answers come, and whether it takes requests."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._mine: set[int] = set()
        self._box: Mailbox[Incoming] = Mailbox()

    async def advance(self, operation: Operation[_T], step: Step[_T]) -> Step[_T]:
        """Do a step, and return the next one."""
        try:
            answer = await self._do(step)
        except Exception as error:  # noqa: BLE001 - the operation decides what an error means
            return operation.throw(error)
        return operation.send(answer)

    async def wind_up(self, operation: Operation[_T]) -> None:
        try:
            step = operation.throw(Stopped())
            while True:
                step = operation.send(None) if isinstance(step, Give) else await self.advance(operation, step)
        except (StopIteration, Stopped):
            return

    async def _do(self, step: Step[_T]) -> Message | None:
        link = self._link
        if isinstance(step, Send):
            message_id = step.command.get("MessageID")
            if isinstance(message_id, int) and message_id not in self._mine:
                self._mine.add(message_id)
                link.answers_to(message_id, self._box)
            await link.send(step.context, step.command, step.data)
            return None
        sinks = step.sinks if isinstance(step, Receive) else None
        if sinks is not None:
            link.requests_to(self._box)
        incoming = await link.next_of(self._box)
        if sinks is not None and not incoming.message.is_response and incoming.has_data_set:
            return await incoming.into(sinks)
        return await incoming.collect(LARGEST_IDENTIFIER)

    def close(self) -> None:
        for message_id in self._mine:
            self._link.forget(message_id)
        self._link.requests_to(None)
