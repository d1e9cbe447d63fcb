"""The messages of DIMSE as one table: which command has which elements and data set, and how it is answered."""

from typing import Any, Final, Literal, NamedTuple

__all__ = ["BY_FIELD", "CANCEL", "MESSAGES", "RESPONSE", "MessageType", "is_addressed", "response_to"]

RESPONSE: Final = 0x8000
"""The bit of Command Field that tells a response from a request."""

CANCEL: Final = 0x0FFF
"""Command Field of C-CANCEL-RQ, which has no response of its own (PS3.7 9.3.2.3)."""

DataSet = Literal["always", "never", "may"]


class MessageType(NamedTuple):
    """A row: a request and its response.

    Attributes
    ----------
    name
        As the Standard has it: ``"C-STORE"``.
    field
        Command Field of the request.
    sop_class, sop_instance
        The elements that name the SOP class and instance in the request; empty when there is none. In the response the
        names begin with Affected.
    required
        Further elements that a request has to have.
    request_data, response_data
        Whether a data set follows. Of a response: when its status is one of success, warning or pending.
    """

    name: str
    field: int
    sop_class: str
    sop_instance: str
    required: tuple[str, ...]
    request_data: DataSet
    response_data: DataSet


_AFFECTED = ("AffectedSOPClassUID", "AffectedSOPInstanceUID")
_REQUESTED = ("RequestedSOPClassUID", "RequestedSOPInstanceUID")

MESSAGES: Final[dict[str, MessageType]] = {
    row.name: row
    for row in (
        MessageType("C-STORE", 0x0001, *_AFFECTED, ("Priority",), "always", "never"),
        MessageType("C-GET", 0x0010, _AFFECTED[0], "", ("Priority",), "always", "may"),
        MessageType("C-FIND", 0x0020, _AFFECTED[0], "", ("Priority",), "always", "may"),
        MessageType("C-MOVE", 0x0021, _AFFECTED[0], "", ("Priority", "MoveDestination"), "always", "may"),
        MessageType("C-ECHO", 0x0030, _AFFECTED[0], "", (), "never", "never"),
        MessageType("N-EVENT-REPORT", 0x0100, *_AFFECTED, ("EventTypeID",), "may", "may"),
        MessageType("N-GET", 0x0110, *_REQUESTED, (), "never", "may"),
        MessageType("N-SET", 0x0120, *_REQUESTED, (), "always", "may"),
        MessageType("N-ACTION", 0x0130, *_REQUESTED, ("ActionTypeID",), "may", "may"),
        MessageType("N-CREATE", 0x0140, _AFFECTED[0], "", (), "may", "may"),
        MessageType("N-DELETE", 0x0150, *_REQUESTED, (), "never", "never"),
    )
}
"""PS3.7 9.3, 10.3 and E.1, by name. N-CREATE may name an instance and need not, so that it is not in its row."""

BY_FIELD: Final = {row.field: row for row in MESSAGES.values()}
"""The same by the Command Field of the request."""


def response_to(command: dict[str | int, Any], status: int, **fields: object) -> dict[str | int, Any]:
    """Return the command of a response: what it repeats of the request, and its status.

    Parameters
    ----------
    command
        Of the request.
    status
        See `filmless.dimse.status`.
    **fields
        Further elements by keyword; None leaves one out.

    DICOM
    -----
    PS3.7 9.3, 10.3

    Examples
    --------
    >>> request = {"CommandField": 0x0030, "MessageID": 7, "AffectedSOPClassUID": "1.2.840.10008.1.1"}
    >>> response_to(request, 0x0000)["MessageIDBeingRespondedTo"]
    7
    """
    answer: dict[str | int, Any] = {
        "CommandField": command["CommandField"] | RESPONSE,
        "MessageIDBeingRespondedTo": command.get("MessageID"),
        "Status": status,
    }
    for name in (*_AFFECTED, *_REQUESTED):
        if name in command:
            answer[name.replace("Requested", "Affected")] = command[name]
    for name in ("EventTypeID", "ActionTypeID"):
        if name in command:
            answer[name] = command[name]
    answer.update(fields)
    return answer


def is_addressed(command: dict[str | int, Any]) -> bool:
    """Whether the elements by which a command finds its way are numbers: a peer may send several, or text."""
    names = ("CommandField", "MessageID", "MessageIDBeingRespondedTo", "Status")
    return all(command.get(name) is None or isinstance(command[name], int) for name in names)
