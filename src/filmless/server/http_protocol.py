"""uvicorn's protocol with bounds: how long a request's head may be, in bytes and in seconds."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["bounded_protocol"]


def bounded_protocol(*, head_bytes: int, head_s: float) -> type[HttpToolsProtocol]:
    """Make a protocol class with these bounds, as uvicorn takes it.

    Parameters
    ----------
    head_bytes
        Of request line and headers; more is answered 431.
    head_s
        Seconds from the first byte of a head to its last, and from a connection to its first.
    """

    class Bounded(_Bounded):
        limit = head_bytes
        patience = head_s

    return Bounded


class _Bounded(HttpToolsProtocol):
    limit: int
    patience: float

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head = 0  # bytes that came before the end of a head
        self._in_head = True
        self._timer: asyncio.TimerHandle | None = None
        self._is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            if self._head > self.limit:
                self._refuse()
            elif self._head and self._timer is None:
                self._wait()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_waiting()
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self.limit:
            self._is_refused = True
            raise ValueError  # the parser stops, and asks for the answer below
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._head = True, 0

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        if self._is_refused:
            self._refuse()
        else:
            self._answer(HTTPStatus.BAD_REQUEST, "this is no HTTP request")

    def _refuse(self) -> None:
        self._is_refused = True
        error = f"the head of the request is longer than {self.limit} bytes"
        self._answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, error)

    def _answer(self, status: HTTPStatus, error: str) -> None:
        body = json.dumps({"error": error}).encode()
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.patience, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
