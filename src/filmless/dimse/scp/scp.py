"""The SCP: takes associations in, and hands their requests to its services and handlers."""

import asyncio
import signal
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from filmless.dimse.scp.auditing import Auditing, Observer
from filmless.dimse.scp.dispatch import Dispatch
from filmless.dimse.scp.limits import ScpLimits
from filmless.dimse.scp.listening import Listener
from filmless.dimse.scp.registering import Registering
from filmless.dimse.scp.service import Service
from filmless.dimse.scp.serving import Composition
from filmless.dimse.services.verification import verification
from filmless.errors import NetworkError

if TYPE_CHECKING:
    from filmless.dimse.scp.access import Access
    from filmless.security import Audit

__all__ = ["Scp"]

_HINT = "list who may call, by AE title and address, or ask for client certificates or user identity; or listen on \
127.0.0.1"


class Scp(Registering):
    """An application entity that is asked.

    Parameters
    ----------
    ae_title
        Who it is.
    services
        What it can do, beside the handlers that are given with ``@scp.on_…``.
    access
        Who may ask; without it everyone on this machine, and nobody else.
    limits
        What peers may cost.
    audit
        Where a line for each association and operation goes.
    observer
        Who is told of them, too, as for metrics.

    Notes
    -----
    A handler is given a `Request`. It is a coroutine or an asynchronous generator; a plain function or generator runs
    in a thread, and the methods of its request wait instead of being awaited. What it returns is the answer: nothing
    for success, a status, a data set, or both as ``(status, data set)``. Of C-FIND each match is yielded. A
    `DimseStatusError` becomes the answer with its status. Of what else it raises the peer is told as a processing
    failure, and the logger ``filmless.dimse`` where it came from; at the level of debug with its words, which may be a
    patient's.

    DICOM
    -----
    PS3.7 9, 10, PS3.8 7

    Examples
    --------
    >>> import asyncio
    >>> from filmless.dimse import Scp, connect
    >>> scp = Scp("DEMO")
    >>> @scp.on_echo
    ... async def echo(request):
    ...     print(request.association.calling_ae_title)
    >>> async def talk():
    ...     async with scp.listen() as port, connect(f"DEMO@127.0.0.1:{port}", calling_ae_title="CT-1") as peer:
    ...         await peer.echo()
    >>> asyncio.run(talk())
    CT-1
    """

    def __init__(
        self,
        ae_title: str,
        services: Sequence[Service] = (),
        *,
        access: "Access | None" = None,
        limits: ScpLimits | None = None,
        audit: "Audit | None" = None,
        observer: Observer | None = None,
    ) -> None:
        super().__init__()
        if not 0 < len(ae_title.strip()) <= 16 or not ae_title.isascii() or "\\" in ae_title:
            raise ValueError(f"an AE title has 1 to 16 characters of ASCII, and no backslash: `{ae_title[:64]}`")
        self.ae_title, self._given = ae_title.strip(), tuple(services)
        self._access, self._limits, self._audit = access, limits or ScpLimits(), audit
        self._observer = observer

    @asynccontextmanager
    async def listen(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        sockets: Sequence[socket.socket] = (),
        grace_s: float = 10.0,
    ) -> AsyncIterator[int]:
        """Listen while ``async with`` lasts; give the port.

        Parameters
        ----------
        host
            Name or address; ``"0.0.0.0"`` or ``"::"`` for all of the machine.
        port
            Where; 0 takes a free one.
        tls
            TLS, see `filmless.security.server_tls`; None speaks plainly.
        sockets
            Bound sockets to listen on instead; they are closed in the end.
        grace_s
            Seconds that requests which are being answered may take to finish in the end. Other associations are
            aborted at once. Threads of handlers have the ``threads_s`` of the limits beyond that.

        Raises
        ------
        SecurityError
            Others than this machine could come in, and nothing says who they are.
        NetworkError
            The address cannot be listened at.
        """
        from filmless.dimse.scp.access import Access
        from filmless.security import check_binding

        access = self._access or Access()
        found = list(sockets)
        if not sockets:
            check_binding(host, authenticated=access.is_authenticated(tls), hint=_HINT)
            found = await _bound(host, port)
        for one in sockets:
            check_binding(str(one.getsockname()[0]), authenticated=access.is_authenticated(tls), hint=_HINT)
            one.listen(socket.SOMAXCONN)
        # Data sets go to their sinks in threads of their own: handlers that wait for them, or seek for long, must not
        # be what they wait for.
        threads, sinks = (
            ThreadPoolExecutor(self._limits.threads, thread_name_prefix=f"scp-{self.ae_title}-{what}")
            for what in ("handlers", "sinks")
        )
        # Verification is answered by everyone (PS3.4 A): last, so that a handler goes before.
        dispatch = Dispatch([*self._given, *self.registered(), verification()])
        auditing = Auditing(self._audit, self._observer)
        scp = Composition(self.ae_title, dispatch, self._limits, access, auditing, threads, sinks)
        listener = Listener(scp, found, tls)
        listener.start()
        try:
            yield int(found[0].getsockname()[1])
        finally:
            await listener.stop(grace_s)
            await _ended(threads, sinks, within_s=self._limits.threads_s)

    def run(
        self,
        host: str = "127.0.0.1",
        port: int = 11_112,
        *,
        tls: ssl.SSLContext | None = None,
        sockets: Sequence[socket.socket] = (),
        started: Callable[[int], Any] | None = None,
    ) -> None:
        """Listen until the program is interrupted (SIGINT, SIGTERM), from a program that is not asynchronous.

        Parameters
        ----------
        host, port, tls, sockets
            As of `listen`.
        started
            Called with the port, once it listens.
        """

        async def serve() -> None:
            stopped = asyncio.Event()
            with suppress(NotImplementedError, RuntimeError):  # Windows, or not the main thread
                for number in (signal.SIGINT, signal.SIGTERM):
                    asyncio.get_running_loop().add_signal_handler(number, stopped.set)
            async with self.listen(host, port, tls=tls, sockets=sockets) as found:
                if started is not None:
                    started(found)
                await stopped.wait()

        with suppress(KeyboardInterrupt):
            asyncio.run(serve())


async def _ended(*pools: ThreadPoolExecutor, within_s: float) -> None:
    """Wait until threads have ended, for a while: one that hangs must not hold up the rest of the program."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for pool in pools:
        pool.shutdown(wait=False, cancel_futures=True)

    def wait() -> None:
        for pool in pools:
            pool.shutdown()
        with suppress(RuntimeError):  # the loop is closed by now
            loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait, name="scp-ending", daemon=True).start()
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await over.wait()


async def _bound(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen at all addresses of a host."""
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []
    try:
        found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            # A free port is the same one of all addresses.
            place = (address[0], sockets[0].getsockname()[1], *address[2:]) if sockets and port == 0 else address
            sockets.append(_listening(family, place))
    except OSError as error:
        for one in sockets:
            one.close()
        what = (error.strerror or str(error)).lower()
        raise NetworkError(f"cannot listen at {host or 'all addresses'} port {port}: {what}") from None
    return sockets


def _listening(family: int, address: Any) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_REUSEPORT"):  # on Windows the option that is for this means something else
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and hasattr(socket, "IPV6_V6ONLY"):
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
        one.listen(socket.SOMAXCONN)
    except BaseException:
        one.close()
        raise
    return one
