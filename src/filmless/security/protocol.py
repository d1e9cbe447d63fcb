"""HTTP as uvicorn speaks it, with what uvicorn leaves out: bounds on heads, and certificates of callers."""

import asyncio
import ssl
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from filmless.security.limits import Limits

__all__ = ["BoundedProtocol"]

_JOINED: Final = 64 << 10  # bytes of a body that are copied behind its head
_REFUSAL: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """Ends a connection whose bytes lead to nothing, or whose head does not come.

    Attributes
    ----------
    limits
        How long a head may be, and how long it may take.
    """

    limits: ClassVar[Limits] = Limits()

    _barren = 0
    _has_advanced = False
    _in_head = True
    _late: asyncio.TimerHandle | None = None
    _tls: dict[str, Any] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._tls = _tls_of(transport)
        self._late = self.loop.call_later(self.limits.idle_s, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._not_late()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count bytes that are no body: heads, extensions of chunks and trailers alike have to come to an end."""
        self._has_advanced = False
        super().data_received(data)
        self._barren = 0 if self._has_advanced else self._barren + len(data)
        if self._barren > self.limits.url_bytes + self.limits.header_bytes and not self.transport.is_closing():
            if self._in_head and self._is_idle():
                self.transport.write(_REFUSAL)
            self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._in_head = True
        if self._tls is not None:
            self.scope["extensions"] = {"tls": self._tls}  # type: ignore[dict-item]  # uvicorn knows no values
        if self._late is None:
            self._late = self.loop.call_later(self.limits.idle_s, self.transport.close)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer is none: it comes after everything was decided."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End a head."""
        self._not_late()
        self._in_head = False
        self._has_advanced = True
        super().on_headers_complete()
        cycle: Any = self.cycle  # none where the head asks for another protocol, whatever uvicorn's types say
        # Behind the head of an answer to HEAD nothing is written.
        if cycle is not None and not cycle.response_started and cycle.scope["method"] != "HEAD":
            cycle.transport = _Joining(self.transport, cycle)

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body: as it is, where uvicorn copies it twice, unless one waits to be taken."""
        self._has_advanced = True
        cycle: Any = self.cycle
        if cycle.body or not isinstance(body, bytes):
            super().on_body(body)
        elif not cycle.response_complete:
            cycle.body = body
            cycle.message_event.set()

    def on_message_complete(self) -> None:
        """End a request."""
        self._has_advanced = True
        super().on_message_complete()

    def _is_idle(self) -> bool:
        cycle: Any = self.cycle  # None before the first request, whatever uvicorn's types say
        return cycle is None or cycle.response_complete

    def _not_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class _Joining:
    """The transport of one answer: its head goes with the beginning of its body, in one call and one packet.

    A call that wakes the peer can have it run in our place, and holds the interpreter meanwhile.
    """

    def __init__(self, transport: asyncio.Transport, cycle: Any) -> None:
        self._transport, self._cycle = transport, cycle
        self._head: bytes | None = None

    def write(self, data: bytes) -> None:
        if self._head is None and self._cycle.response_started:
            self._head = data
        elif self._head:
            head, self._head = self._head, b""
            if len(data) <= _JOINED:
                self._transport.write(head + data)
            else:
                self._transport.writelines([head, data])
        else:
            self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._transport.close()


def _tls_of(transport: asyncio.Transport) -> Any:
    """Return what ASGI's TLS extension says of a connection."""
    connection = transport.get_extra_info("ssl_object")
    if connection is None:
        return None
    shown = connection.getpeercert(binary_form=True)
    chain = [ssl.DER_cert_to_PEM_cert(shown)] if shown else []
    return {"client_cert_chain": chain, "client_cert_name": None, "client_cert_error": None}
