"""Answering that a request is refused, and why."""

from typing import Any, Final

from filmless.dimse.scp.request import Request
from filmless.errors import DicomError

__all__ = ["error_comment", "refuse"]

_COMMENT: Final = 64  # letters of an LO


def error_comment(text: str) -> str:
    """Return a text as it may stand in Error Comment (0000,0902)."""
    return text.encode("ascii", "replace").decode().replace("\\", "/")[:_COMMENT]


async def refuse(request: Request, status: int, error: DicomError) -> None:
    """Answer with a status of failure, and say what about: a message of ours has no value of a patient."""
    fields: dict[str, Any] = {"ErrorComment": error_comment(error.message)}
    if error.tag is not None:
        fields["OffendingElement"] = [int(error.tag)]
    await request.respond(status, **fields)
