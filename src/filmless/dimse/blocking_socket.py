"""A plain socket with a clock: what a blocking association is written to and read from."""

import selectors
import socket
import ssl
import time
from collections.abc import Callable
from typing import Final

from filmless._core import Connection
from filmless.dimse.steps import Buffer
from filmless.dimse.timeouts import Timeouts
from filmless.dimse.watch import Watch
from filmless.errors import NetworkError

__all__ = ["BlockingSocket"]

_MOST_BUFFERS: Final = 512
"""Given to the system in one call: it takes 1024 at most."""
_RECORD: Final = 16 << 10
"""Of TLS: what is handed over at once, so that it is seen to go."""


class BlockingSocket:
    """Waits for a peer as long as it keeps pace, and takes what comes while it takes nothing.

    Parameters
    ----------
    sock
        Connected; closed by `close`.
    connection
        The core's end of the association: what comes is put into its space.
    timeouts
        How long the peer is waited for.
    """

    def __init__(self, sock: socket.socket, connection: Connection, timeouts: Timeouts) -> None:
        self._socket, self._connection, self._timeouts = sock, connection, timeouts
        sock.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(sock, selectors.EVENT_READ)
        # With TLS, the socket has a protocol of its own around each piece.
        self._is_secure = isinstance(sock, ssl.SSLSocket)
        self._gathers = hasattr(sock, "sendmsg") and not self._is_secure
        self._wanted = 0  # by TLS, to go on in the other direction
        self._watch = Watch(timeouts, time.monotonic())

    def began(self) -> None:
        """Note that the peer is waited for from now on: what it did not do before was not waited for."""
        now = time.monotonic()
        self._watch.listens_again(now)
        self._watch.begin(now)

    def note_amid(self, *, is_amid: bool) -> None:
        """Note whether a message of the peer is half here."""
        self._watch.note_amid(time.monotonic(), is_amid=is_amid)

    def read(self) -> int | None:
        """Take what is there, into the connection; return how many bytes, 0 at the end, and None when nothing is."""
        self._wanted = 0
        try:
            count = self._socket.recv_into(self._connection)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except ssl.SSLWantWriteError:
            self._wanted = selectors.EVENT_WRITE
            return None
        except OSError:
            return 0
        self._watch.received += count
        return count

    def write(self, buffers: list[Buffer], meanwhile: Callable[[], object]) -> None:
        """Write all of some buffers.

        Parameters
        ----------
        buffers
            What is written.
        meanwhile
            Called when the peer takes nothing and something of it is here: it may have to be read first.

        Raises
        ------
        NetworkError
            The peer takes too little.
        OSError
            The connection is lost.
        """
        if not self._gathers:
            buffers = [b"".join(buffers)]
        watch, is_waiting = self._watch, False
        left = sum(map(len, buffers))
        watch.written += left
        while left:
            sent = self._send(buffers)
            if sent:
                buffers, left = _behind(buffers, sent), left - sent
                continue
            now = time.monotonic()
            if not is_waiting:
                is_waiting = True
                watch.begin(now, pending=left)
            self._keep_pace(now, pending=left)
            if self._wait(selectors.EVENT_READ | (self._wanted or selectors.EVENT_WRITE), watch.step_s()):
                meanwhile()

    def _send(self, buffers: list[Buffer]) -> int:
        self._wanted = 0
        try:
            if self._gathers:
                return self._socket.sendmsg(buffers[:_MOST_BUFFERS])
            return self._socket.send(memoryview(buffers[0])[: _RECORD if self._is_secure else None])
        except (BlockingIOError, ssl.SSLWantWriteError):
            return 0
        except ssl.SSLWantReadError:
            self._wanted = selectors.EVENT_READ
            return 0

    def wait(self, seconds: float) -> None:
        """Wait until something comes, or so long.

        Raises
        ------
        NetworkError
            The peer is too slow in the middle of a message, or the association took too long.
        """
        self._keep_pace(time.monotonic(), pending=0)
        self._wait(self._wanted or selectors.EVENT_READ, min(seconds, self._watch.step_s()))

    def _wait(self, events: int, seconds: float) -> bool:
        """Wait; return whether there is something to read."""
        total = self._timeouts.total_s
        if total is not None:
            seconds = min(seconds, self._watch.begun + total - time.monotonic())
        self._selector.modify(self._socket, events)
        found = self._selector.select(max(seconds, 0.0))
        return any(ready & selectors.EVENT_READ for _, ready in found)

    def _keep_pace(self, now: float, *, pending: int) -> None:
        for limit, wrong in self._watch.limits(waiting_since=None, is_idle=False):
            if limit <= now:
                raise NetworkError(wrong)
        wrong_pace = self._watch.slow(now, pending=pending, listening=not pending)
        if wrong_pace is not None:
            raise NetworkError(wrong_pace)

    def part(self, last: bytes) -> None:
        """Send what is last if the peer takes it, and give it a little time to take it and close."""
        deadline = time.monotonic() + self._timeouts.linger_s
        try:
            self._socket.settimeout(self._timeouts.linger_s)
            self._socket.sendall(last)
            self._socket.shutdown(socket.SHUT_WR)
            # What is closed while something of the peer was not read is reset, and what was last is lost.
            while (left := deadline - time.monotonic()) > 0:
                self._socket.settimeout(left)
                if not self._socket.recv(1 << 16):
                    break
        except (OSError, ValueError):  # ValueError: TLS that is over already
            pass

    def close(self) -> None:
        """Close the socket."""
        self._selector.close()
        self._socket.close()


def _behind(buffers: list[Buffer], sent: int) -> list[Buffer]:
    """Return what is left of buffers of which so many bytes went."""
    for at, buffer in enumerate(buffers):
        if sent < len(buffer):
            return [memoryview(buffer)[sent:], *buffers[at + 1 :]]
        sent -= len(buffer)
    return []
