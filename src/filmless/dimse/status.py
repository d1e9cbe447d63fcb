"""Statuses of responses: what kind they are, and their words."""

from typing import Final, Literal

__all__ = ["CANCELLED", "NOT_AUTHORIZED", "PENDING", "SUCCESS", "Kind", "describe", "is_final", "kind_of"]

SUCCESS: Final = 0x0000
PENDING: Final = 0xFF00
CANCELLED: Final = 0xFE00
NOT_AUTHORIZED: Final = 0x0124

Kind = Literal["success", "pending", "cancel", "warning", "failure"]

_WARNINGS: Final = {0x0001, 0x0107, 0x0116}

_WORDS: Final = {
    0x0000: "success",
    0x0105: "no such attribute",
    0x0106: "invalid attribute value",
    0x0107: "attribute list error",
    0x0110: "processing failure",
    0x0111: "duplicate SOP instance",
    0x0112: "no such SOP instance",
    0x0113: "no such event type",
    0x0114: "no such argument",
    0x0115: "invalid argument value",
    0x0116: "attribute value out of range",
    0x0117: "invalid SOP instance",
    0x0118: "no such SOP class",
    0x0119: "class-instance conflict",
    0x0120: "missing attribute",
    0x0121: "missing attribute value",
    0x0122: "SOP class not supported",
    0x0123: "no such action type",
    0x0124: "not authorized",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0212: "mistyped argument",
    0x0213: "resource limitation",
    0xA701: "out of resources: matches cannot be counted",
    0xA702: "out of resources: sub-operations cannot be performed",
    0xA801: "move destination unknown",
    0xB000: "coercion of data elements, or sub-operations that failed",
    0xB006: "elements discarded",
    0xB007: "the data set does not match the SOP class",
    0xFE00: "cancelled",
    0xFF00: "pending",
    0xFF01: "pending, without support for some optional keys",
}

_RANGES: Final = (
    (0xA700, 0xA7FF, "out of resources"),
    (0xA900, 0xA9FF, "the data set does not match the SOP class"),
    (0xC000, 0xCFFF, "cannot be understood, or unable to process"),
)


def kind_of(status: int) -> Kind:
    """Return what kind of status a number is.

    DICOM
    -----
    PS3.7 C, PS3.4 B.2.3, C.4

    Examples
    --------
    >>> kind_of(0x0000), kind_of(0xFF01), kind_of(0xB007), kind_of(0xA700)
    ('success', 'pending', 'warning', 'failure')
    """
    if status == SUCCESS:
        return "success"
    if status in {0xFF00, 0xFF01}:
        return "pending"
    if status == CANCELLED:
        return "cancel"
    return "warning" if status in _WARNINGS or status >> 12 == 0xB else "failure"


def is_final(status: int | None) -> bool:
    """Whether a response with a status is the last of its operation."""
    return status not in (0xFF00, 0xFF01)


def describe(status: int) -> str:
    """Return the number and the words of a status.

    Examples
    --------
    >>> describe(0xA801)
    '0xA801 (move destination unknown)'
    """
    words = _WORDS.get(status) or next((text for low, high, text in _RANGES if low <= status <= high), kind_of(status))
    return f"0x{status:04X} ({words})"
