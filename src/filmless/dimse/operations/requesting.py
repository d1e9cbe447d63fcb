"""What all operations have in common: a request, and its answer."""

from collections.abc import Generator
from typing import Any

from filmless.dimse.messages import MESSAGES
from filmless.dimse.status import describe, kind_of
from filmless.dimse.steps import Buffer, Message, Payload, Receive, Send
from filmless.errors import DimseStatusError, RemoteProtocolError

__all__ = ["answered", "ask", "request_of"]


def request_of(name: str, message_id: int, **fields: object) -> dict[str | int, Any]:
    """Return the command of a request; ``fields`` are its elements by keyword."""
    command: dict[str | int, Any] = {"CommandField": MESSAGES[name].field, "MessageID": message_id}
    command.update(fields)
    return command


def answered(message: Message, name: str) -> Message:
    """Return an answer of success or warning.

    Raises
    ------
    DimseStatusError
        Its status is one of failure.
    """
    if kind_of(message.status) in {"failure", "cancel"}:
        raise DimseStatusError(f"the peer answers {name} with status {describe(message.status)}", status=message.status)
    return message


def ask(
    context: int, command: dict[str | int, Any], data: Buffer | Payload | None = None
) -> Generator[Send | Receive, Any, Message]:
    """Send a request, and return its one answer."""
    yield Send(context, command, data)
    message: Message = yield Receive()
    if not message.is_response or message.command["CommandField"] & 0x7FFF != command["CommandField"]:
        raise RemoteProtocolError("the peer answers a request with another message than its response")
    return message
