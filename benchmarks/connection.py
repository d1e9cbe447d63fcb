"""A bare HTTP/1.1 client that keeps its connection: what a server is measured with must cost as little as can be."""

import socket
from types import TracebackType
from typing import NamedTuple, Self

from .session import PeerError

_PIECE = 1 << 20


class Answer(NamedTuple):
    """What came back: the body only as its length, unless it was asked for."""

    status: int
    length: int
    body: bytes


class Connection:
    """One connection, requests one after the other."""

    def __init__(self, port: int) -> None:
        self._buffer = bytearray(_PIECE)
        self._port = port
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def request(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        *pieces: bytes | memoryview,
        keep: bool = False,
    ) -> Answer:
        """Send a request, and take the whole answer in; with ``keep`` the body, too."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        if pieces:
            head += f"Content-Length: {sum(map(len, pieces))}\r\n"
        self._socket.sendall(head.encode() + b"\r\n")
        for piece in pieces:
            self._socket.sendall(piece)
        status, fields = self._head()
        if fields.get("transfer-encoding") == "chunked":
            length, body = self._chunked(keep)
        elif "content-length" in fields:
            length = int(fields["content-length"])
            body = self._body(length, keep)
        else:
            length, body = self._to_the_end(keep)
        return Answer(status, length, body)

    def _head(self) -> tuple[int, dict[str, str]]:
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._received()
        self._rest = data[end + 4 :]
        first, *lines = data[:end].decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        return int(first.split()[1]), {name.lower(): value.strip() for name, value in pairs}

    def _received(self) -> bytes:
        count = self._socket.recv_into(self._buffer)
        if not count:
            raise PeerError("closed the connection")
        return bytes(memoryview(self._buffer)[:count])

    def _body(self, length: int, keep: bool) -> bytes:
        """Take so many bytes; only what is kept is copied."""
        kept = [self._rest[:length]]
        left = length - len(kept[0])
        self._rest = self._rest[length:]
        view = memoryview(self._buffer)
        while left:
            count = self._socket.recv_into(view[: min(left, _PIECE)])
            if not count:
                raise PeerError("closed the connection")
            left -= count
            if keep:
                kept.append(bytes(view[:count]))
        return b"".join(kept) if keep else b""

    def _chunked(self, keep: bool) -> tuple[int, bytes]:
        kept, total = [], 0
        while True:
            while (end := self._rest.find(b"\r\n")) < 0:
                self._rest += self._received()
            size = int(self._rest[:end].split(b";")[0], 16)
            self._rest = self._rest[end + 2 :]
            kept.append(self._body(size, keep))
            total += size
            self._body(2, keep=True)
            if not size:
                return total, b"".join(kept)

    def _to_the_end(self, keep: bool) -> tuple[int, bytes]:
        """Take what comes until the other side closes, and connect again."""
        kept, total = [self._rest], len(self._rest)
        while count := self._socket.recv_into(self._buffer):
            total += count
            if keep:
                kept.append(bytes(memoryview(self._buffer)[:count]))
        self.close()
        self._connect()
        return total, b"".join(kept) if keep else b""

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
