"""Where an SCP listens: connections that come in, how many of them there may be, and how they are stopped."""

import asyncio
import errno
import socket
import ssl
from collections import Counter, OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from filmless._core import Connection
from filmless.dimse.link import Link
from filmless.dimse.scp.serving import Composition, Serving
from filmless.errors import NetworkError

__all__ = ["Listener"]

_EXHAUSTED: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_AGAIN_S: Final = 0.1


class Listener:
    """Takes connections in, and serves each in a task.

    Parameters
    ----------
    scp
        What the SCP is.
    sockets
        Where it listens. They are closed at the end.
    tls
        TLS; None speaks plainly.
    """

    def __init__(self, scp: Composition, sockets: Sequence[socket.socket], tls: ssl.SSLContext | None) -> None:
        self._scp, self._sockets, self._tls = scp, tuple(sockets), tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting: list[asyncio.Task[None]] = []
        self._servings: set[Serving] = set()
        # Connections without an association, the oldest first.
        self._half_open: OrderedDict[Link, socket.socket] = OrderedDict()
        self._associations: Counter[str] = Counter()
        self._count = 0

    def start(self) -> None:
        """Begin to listen."""
        for one in self._sockets:
            one.setblocking(False)
            self._accepting.append(asyncio.create_task(self._accept(one)))

    async def stop(self, grace_s: float) -> None:
        """Take no more connections; let what is being answered be finished, for so many seconds, and abort the rest."""
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        for one in self._sockets:
            one.close()
        for serving in tuple(self._servings):
            serving.stop()
        if any(serving.is_busy for serving in self._servings):
            await asyncio.wait(self._tasks, timeout=grace_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._close_oldest(max(1, len(self._half_open) // 8))
                # A connection that went before it was taken is no reason to wait.
                await asyncio.sleep(0 if error.errno == errno.ECONNABORTED else _AGAIN_S)
                continue
            task = loop.create_task(self._serve(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(0)  # one at a time: who is connected is served meanwhile

    def _close_oldest(self, count: int = 1) -> None:
        for _ in range(min(count, len(self._half_open))):
            link, connection = self._half_open.popitem(last=False)
            link.abort(NetworkError("there are too many connections"))
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)

    async def _serve(self, connection: socket.socket) -> None:
        limits = self._scp.limits
        link = Link(
            Connection.acceptor(limits.upper_layer),
            timeouts=limits.timeouts,
            waiting_bytes=limits.waiting_bytes,
            lost_bytes=limits.lost_bytes,
        )
        serving = Serving(link, self._scp, lambda: self._admit(link))
        self._half_open[link] = connection
        if len(self._half_open) > limits.half_open:
            self._close_oldest()
        try:
            if await self._connect(link, connection):
                self._servings.add(serving)
                await serving.run()
        finally:
            self._servings.discard(serving)
            self._leave(link)

    async def _connect(self, link: Link, connection: socket.socket) -> bool:
        """Have a transport on a connection; whether there is one."""
        limits = self._scp.limits
        times = (
            {}
            if self._tls is None
            else {"ssl_handshake_timeout": limits.association_s, "ssl_shutdown_timeout": limits.linger_s}
        )
        try:
            address = str(connection.getpeername()[0])
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(lambda: link, connection, ssl=self._tls, **times)
        except (OSError, TimeoutError) as error:  # what comes is no TLS, or it went
            if isinstance(error, ssl.SSLError):
                reason = (error.reason or "it failed").replace("_", " ").lower()
                self._scp.auditing.unheard(address, f"TLS: {reason}")
            connection.close()
            return False
        except BaseException:
            connection.close()
            raise
        return True

    def _admit(self, link: Link) -> bool:
        """Whether there is room for an association; it is counted then."""
        limits, address = self._scp.limits, link.address[0]
        self._half_open.pop(link, None)
        if self._count >= limits.associations or self._associations[address] >= limits.associations_per_address:
            return False
        self._count += 1
        self._associations[address] += 1
        link.is_counted = True
        return True

    def _leave(self, link: Link) -> None:
        self._half_open.pop(link, None)
        if link.is_counted:
            self._count -= 1
            address = link.address[0]
            self._associations[address] -= 1
            if not self._associations[address]:
                del self._associations[address]
