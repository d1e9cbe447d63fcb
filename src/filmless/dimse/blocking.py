"""The blocking driver: does the steps of an operation one after the other, on a plain socket."""

import time
from collections.abc import Generator
from typing import Any, TypeVar

from filmless.dimse.blocking_boxes import Box
from filmless.dimse.blocking_link import BlockingLink
from filmless.dimse.messages import CANCEL
from filmless.dimse.steps import Abort, Call, Give, Operation, Pause, Receive, Send, Step, Stopped
from filmless.errors import DicomError, RemoteProtocolError

__all__ = ["run"]

_T = TypeVar("_T")


def run(link: BlockingLink, operation: Operation[_T]) -> Generator[_T, None, None]:
    """Do an operation; give what it gives. When the caller wants no more, the operation winds up."""
    box = Box()
    try:
        step = next(operation)
        while True:
            if isinstance(step, Give):
                try:
                    yield step.item
                except GeneratorExit:
                    _wind_up(link, box, operation)
                    raise
                step = operation.send(None)
            else:
                step = _advance(link, box, operation, step)
    except StopIteration:
        return
    except RemoteProtocolError as error:
        link.abort(error)
        raise
    finally:
        operation.close()
        link.end(box)


def _advance(link: BlockingLink, box: Box, operation: Operation[_T], step: Step[_T]) -> Step[_T]:
    """Do a step, and return the next one."""
    answer: object = None
    try:
        match step:
            case Receive():
                answer = link.receive(box, step)
            case Send(context, command, data) if _is_late(command, box):
                pass  # the last answer is here: another operation may be under way, and peers take it for that one's
            case Send(context, command, data):
                message_id = command.get("MessageID")
                sent = Send(context, command, data)
                if isinstance(message_id, int) and message_id not in box.open:
                    link.begin(sent, box)
                _send(link, box, sent)
            case Call(function):
                answer = function()
            case Pause(seconds):
                time.sleep(seconds)
            case Abort(error):
                link.abort(error)
    except Exception as error:  # noqa: BLE001 - the operation decides what an error means
        return operation.throw(error)
    return operation.send(answer)


def _send(link: BlockingLink, box: Box, step: Send) -> None:
    try:
        link.send(step.context, step.command, step.data)
    except Exception:
        message_id = step.command.get("MessageID")
        if link.error is None and isinstance(message_id, int):  # what fails half-way ends the association
            link.unsent(message_id, box)
        raise


def _is_late(command: dict[str | int, Any], box: Box) -> bool:
    return command["CommandField"] == CANCEL and command["MessageIDBeingRespondedTo"] not in box.open


def _wind_up(link: BlockingLink, box: Box, operation: Operation[_T]) -> None:
    try:
        step = operation.throw(Stopped())
        while True:
            step = operation.send(None) if isinstance(step, Give) else _advance(link, box, operation, step)
    except (StopIteration, Stopped):
        return
    except DicomError as error:  # there is nobody to tell: what it was for is not wanted any more
        if isinstance(error, RemoteProtocolError):
            link.abort(error)
