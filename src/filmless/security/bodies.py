"""Bodies of requests: counted as they come, and not waited for for ever."""

import asyncio
from typing import Any

from filmless.errors import LimitError
from filmless.security.limits import Limits
from filmless.security.refusal import Receive, Refusal, Scope, Send, refuse

__all__ = ["BoundedBodies"]


class BoundedBodies:
    """An ASGI application before another: counts the bytes of bodies, whatever a request says of its length.

    Parameters
    ----------
    app
        What lies behind. It gets a `LimitError` for the piece that is too much; the answer is 413 whatever it makes
        of that.
    limits
        ``body_bytes`` and ``idle_s``.
    """

    def __init__(self, app: Any, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._check_length(scope)
        except Refusal as refusal:
            await refuse(refusal, scope, send)
            return
        body = _Body(self._limits, receive, send)
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if body.refusal is None:
                raise
        if body.refusal is not None and not body.is_answered:
            await refuse(body.refusal, scope, send)

    def _check_length(self, scope: Scope) -> None:
        most = self._limits.body_bytes
        lengths = {value for name, value in scope["headers"] if name == b"content-length"}
        if not lengths:
            return
        value = lengths.pop()
        if lengths or not value.isdigit() or len(value) > 20:
            raise Refusal("Content-Length is no number", status=400, reason="length")
        if most is not None and int(value) > most:
            raise _too_long(most)


class _Body:
    """The body of one request, and whether its answer has begun."""

    def __init__(self, limits: Limits, receive: Receive, send: Send) -> None:
        self._limits, self._receive, self._send = limits, receive, send
        self._count = 0
        self._is_whole = False
        self.refusal: Refusal | None = None
        self.is_answered = False

    async def receive(self) -> Any:
        if self.refusal is not None:
            return {"type": "http.disconnect"}
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout(self._limits.idle_s):
                message = await self._receive()
        except TimeoutError:
            self.refusal = Refusal("the body of the request stopped coming", status=408, reason="idle")
            raise LimitError(self.refusal.message, limit="idle_s") from None
        self._is_whole = not message.get("more_body", False)
        self._count += len(message.get("body", b""))
        most = self._limits.body_bytes
        if most is not None and self._count > most:
            self.refusal = _too_long(most)
            raise LimitError(self.refusal.message, limit="body_bytes", value=most)
        return message

    async def send(self, message: Any) -> None:
        if self.refusal is not None and not self.is_answered:
            return  # an answer that the application makes of our error: ours takes its place
        self.is_answered = True
        await self._send(message)


def _too_long(most: int) -> Refusal:
    return Refusal(f"the body of the request is longer than {most} bytes", status=413, reason="body")
