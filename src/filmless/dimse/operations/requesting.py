"""What all operations have in common: a request, and its answers."""

from collections.abc import Generator
from typing import Any, Final

from filmless.dimse.messages import BY_FIELD, CANCEL, MESSAGES, RESPONSE
from filmless.dimse.status import describe, kind_of
from filmless.dimse.steps import Buffer, Call, Message, Pause, Payload, Receive, Send
from filmless.errors import DimseStatusError, RemoteProtocolError

__all__ = ["Asked", "answered", "ask", "cancel", "final", "request_of", "response_of"]

Asked = Generator[Send | Receive | Call | Pause, Any, Message]

_MOST_AFTER_CANCEL: Final = 10_000
_LONGEST_COMMENT: Final = 64


def request_of(name: str, message_id: int, **fields: object) -> dict[str | int, Any]:
    """Return the command of a request; ``fields`` are its elements by keyword."""
    command: dict[str | int, Any] = {"CommandField": MESSAGES[name].field, "MessageID": message_id}
    command.update(fields)
    return command


def response_of(message: Message, name: str) -> Message:
    """Return a message that is a response of this operation, and has a status.

    Raises
    ------
    RemoteProtocolError
        It is another one, or has none.
    """
    if message.command["CommandField"] != MESSAGES[name].field | RESPONSE:
        raise RemoteProtocolError(f"the peer answers {name} with another message than its response")
    _ = message.status
    return message


def final(message: Message, name: str) -> Message:
    """Return a message that is the one response of an operation.

    Raises
    ------
    RemoteProtocolError
        It is another one, has no status, or is not the last.
    """
    if kind_of(response_of(message, name).status) == "pending":
        raise RemoteProtocolError(f"the peer answers {name} with a status that it does not have: pending")
    return message


def answered(message: Message, name: str) -> Message:
    """Return an answer of success or warning.

    Raises
    ------
    DimseStatusError
        Its status is one of failure.
    """
    if kind_of(message.status) in {"failure", "cancel"}:
        raise DimseStatusError(
            f"the peer answers {name} with status {describe(message.status)}",
            status=message.status,
            hint=_comment(message),
        )
    return message


def _comment(message: Message) -> str | None:
    """Return what the peer says of a failure (Error Comment). It is no part of an error's message: that is logged."""
    comment = message.command.get("ErrorComment")
    if not isinstance(comment, str) or not comment.strip():
        return None
    printable = "".join(letter if letter.isprintable() else "?" for letter in comment.strip()[:_LONGEST_COMMENT])
    return f"the peer says: {printable}"


def ask(context: int, command: dict[str | int, Any], data: Buffer | Payload | None = None) -> Asked:
    """Send a request, and return its one answer."""
    yield Send(context, command, data)
    return final((yield Receive()), BY_FIELD[command["CommandField"]].name)


def cancel(context: int, message_id: int, name: str) -> Generator[Send | Receive, Any, Message]:
    """Send C-CANCEL, take the answers that are on their way, and return the last (PS3.7 9.3.2.3).

    Raises
    ------
    RemoteProtocolError
        The peer goes on as if nothing were.
    """
    yield Send(context, {"CommandField": CANCEL, "MessageIDBeingRespondedTo": message_id})
    for _ in range(_MOST_AFTER_CANCEL):
        message = response_of((yield Receive()), name)
        if kind_of(message.status) != "pending":
            return message
    raise RemoteProtocolError(f"the peer goes on with {name} that was cancelled")
