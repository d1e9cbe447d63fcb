"""The DIMSE-N services: operations on an instance that the peer manages, and its reports of events (PS3.7 10.1)."""

from dataclasses import dataclass
from typing import Any, Final

from filmless.dataset import Dataset
from filmless.dimse.messages import MESSAGES, response_to
from filmless.dimse.operations.requesting import answered, ask, request_of, response_of
from filmless.dimse.status import SUCCESS
from filmless.dimse.steps import Buffer, Give, Operation, Receive, Send, Stopped

__all__ = ["Answer", "EventReport", "event_reports", "normalized"]

_UNRECOGNIZED_OPERATION: Final = 0x0211


@dataclass(frozen=True, slots=True)
class Answer:
    """What a peer answers to an operation on an instance.

    Attributes
    ----------
    status
        Of success or warning.
    sop_instance
        The instance that it is about, as it may be named by the peer in N-CREATE.
    dataset
        Attributes or action reply; None without.
    """

    status: int
    sop_instance: str | None
    dataset: Dataset | None


@dataclass(frozen=True, slots=True)
class EventReport:
    """An event that a peer reports (N-EVENT-REPORT).

    Attributes
    ----------
    sop_class, sop_instance
        Whose event it is.
    event_type_id
        Which.
    dataset
        What it brings; None without.
    """

    sop_class: str
    sop_instance: str
    event_type_id: int
    dataset: Dataset | None


def normalized(
    name: str, context: int, message_id: int, *, data: Buffer | None = None, **fields: Any
) -> Operation[Answer]:
    """Ask one of the operations, and give the answer."""
    command = request_of(name, message_id, **{key: value for key, value in fields.items() if value is not None})
    message = answered(response_of((yield from ask(context, command, data)), name), name)
    uid = message.command.get("AffectedSOPInstanceUID")
    yield Give(Answer(message.status, uid if isinstance(uid, str) else None, message.dataset))


def event_reports(seconds: float) -> Operation[EventReport]:
    """Give the events that the peer reports, and confirm each; end when none comes in that time."""
    while True:
        message = yield Receive(requests=True, within_s=seconds)
        if message is None:
            return
        if message.command["CommandField"] != MESSAGES["N-EVENT-REPORT"].field:
            yield Send(message.context.id, response_to(message.command, _UNRECOGNIZED_OPERATION))
            continue
        command = message.command
        report = EventReport(
            str(command.get("AffectedSOPClassUID", "")),
            str(command.get("AffectedSOPInstanceUID", "")),
            int(command.get("EventTypeID", 0)),
            message.dataset,
        )
        yield Send(message.context.id, response_to(command, SUCCESS))
        try:
            yield Give(report)
        except Stopped:
            return
