"""Why a request is not let in, as an answer and for the audit."""

import json
from collections.abc import Iterable
from typing import Any, Final

from filmless.errors import DicomWebError

__all__ = ["Headers", "Receive", "Refusal", "Scope", "Send", "refuse"]

Scope = Any  # ASGI's own: a mutable mapping of everything there is
Receive = Any
Send = Any
Headers = list[tuple[bytes, bytes]]

#: What is said of a refusal in the scope, for the audit.
REASON: Final = "filmless.refusal"


class Refusal(DicomWebError):  # noqa: N818 - what it is, to who asked
    """A request that is not let in.

    Parameters
    ----------
    message
        What is wrong.
    status
        The status code.
    reason
        A word for the audit.
    headers
        What the answer has beside.
    is_guess
        Whether it was a try with a wrong key or token, of which nobody has many.
    hint
        What to do about it.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        reason: str,
        headers: Iterable[tuple[bytes, bytes]] = (),
        is_guess: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, status=status, hint=hint)
        self.reason = reason
        self.headers = tuple(headers)
        self.is_guess = is_guess


async def refuse(refusal: Refusal, scope: Scope, send: Send) -> None:
    """Answer with a refusal as JSON. The connection ends when there is a body, which nobody will read."""
    scope[REASON] = refusal.reason
    content = {"error": refusal.message} | ({"hint": refusal.hint} if refusal.hint else {})
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        *refusal.headers,
    ]
    if any(name in (b"content-length", b"transfer-encoding") and value != b"0" for name, value in scope["headers"]):
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
