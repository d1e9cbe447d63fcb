"""The server as an application entity of DIMSE: its services, and where it listens."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

from filmless.archive import Archive
from filmless.dimse import Scp
from filmless.dimse.scp.access import Access, AccessOptions
from filmless.errors import SecurityError
from filmless.security import Audit, Authenticator, check_binding, server_tls
from filmless.security.addresses import is_loopback
from filmless.security.options import TlsOptions
from filmless.server.listening import StartError, listen
from filmless.server.logs import Log, where_raised
from filmless.server.metrics import Metrics
from filmless.server.observing_associations import AssociationObserver
from filmless.server.services import offered
from filmless.server.settings.dimse import Dimse
from filmless.server.settings.tree import Settings

__all__ = ["Entity", "access_of", "tls_of"]

_AGAIN_S: Final = 1.0


class Entity:
    """An application entity that runs on the event loop of the web server.

    Parameters
    ----------
    settings
        Those of the server.
    archive
        Of which it is.
    audit
        Where associations and operations are noted.
    metrics
        Where they are counted.
    log
        Where it tells of itself.
    authenticator
        Knows API keys, tokens and certificates.

    Attributes
    ----------
    offered
        What it can do.

    Raises
    ------
    DicomError
        It would be open to everyone, or its certificate cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        archive: Archive,
        *,
        audit: Audit,
        metrics: Metrics,
        log: Log,
        authenticator: Authenticator,
    ) -> None:
        self._settings, self._log = settings, log
        options = settings.dimse.tls
        self._tls = None if options is None else tls_of(options, "dimse.tls")
        access = access_of(settings, authenticator)
        _check(settings.dimse, access, self._tls, log)
        self.offered = offered(settings, archive)
        if settings.dimse.worklist is None:
            self.offered.worklist.folder.mkdir(exist_ok=True)
        elif not settings.dimse.worklist.is_dir():
            raise StartError("`dimse.worklist` is not there", path=settings.dimse.worklist)
        self._scp = Scp(
            settings.dimse.ae_title,
            self.offered.services,
            access=access,
            limits=settings.dimse.limits,
            audit=audit,
            observer=AssociationObserver(metrics=metrics, log=log),
        )
        self._sockets: list[socket.socket] = []
        self._running: AsyncExitStack | None = None

    def bind(self) -> list[socket.socket]:
        """Take the port, before anything is begun; the caller closes the sockets."""
        dimse = self._settings.dimse
        self._sockets = listen(dimse.host, dimse.port or 0, flag="--dimse")
        return self._sockets

    @property
    def is_listening(self) -> bool:
        """Whether associations are taken in."""
        return self._running is not None

    def reached(self) -> dict[str, Any]:
        """Tell by what peers reach it, for JSON: ``aeTitle`` and, once it is bound, ``port``."""
        port = self._sockets[0].getsockname()[1] if self._sockets else self._settings.dimse.port
        return {"aeTitle": self._settings.dimse.ae_title, "port": port}

    async def start(self) -> None:
        """Take associations in."""
        stack = AsyncExitStack()
        for work in self.offered.work:
            await stack.enter_async_context(_running(work, self._log))
        await stack.enter_async_context(
            self._scp.listen(sockets=self._sockets, tls=self._tls, grace_s=self._settings.stop_s)
        )
        self._running = stack

    async def stop(self) -> None:
        """Take no more in, let what is being answered finish, and abort what is left."""
        running, self._running = self._running, None
        if running is not None:
            await running.aclose()


def tls_of(options: TlsOptions, key: str) -> ssl.SSLContext:
    """Make the context of a listener, or say which key of the configuration it cannot be made with."""
    try:
        return server_tls(options)
    except SecurityError as error:
        named = [name for name in ("certificate", "key", "authorities") if str(getattr(options, name)) == error.path]
        if named:
            error.message = f"`{key}.{named[0]}`: {error.message}"
        raise


@asynccontextmanager
async def _running(work: Callable[[], Coroutine[Any, Any, None]], log: Log) -> AsyncIterator[None]:
    """Do something beside, for as long as ``async with`` lasts, and again should it fail."""

    async def again() -> None:
        while True:
            try:
                await work()
            except Exception as error:  # noqa: BLE001 - reports and notices go on
                name = getattr(work, "__qualname__", "work")
                log.error("a task failed", task=name, **where_raised(error))  # noqa: TRY400 - without its text
            await asyncio.sleep(_AGAIN_S)

    task = asyncio.create_task(again())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def access_of(settings: Settings, authenticator: Authenticator) -> Access:
    """Return who may call: what the settings list, known peers, and whom the web side knows."""
    dimse = settings.dimse
    known = [caller for peer in settings.peers.values() if (caller := peer.caller) is not None]
    options = AccessOptions(
        called_ae_titles=dimse.also_called,
        callers=(*known, *dimse.callers),
        users=dimse.users,
        identity=dimse.identity,
        failures=settings.security.failures,
    )
    return Access(options, authenticator=authenticator)


def _check(dimse: Dimse, access: Access, tls: ssl.SSLContext | None, log: Log) -> None:
    """Refuse to be open to everyone in the network; warn of what can be read on the way."""
    hint = (
        "`dimse.callers` lists who may call, by AE title and address; `dimse.identity` and `dimse.tls` can ask for more"
    )
    check_binding(dimse.host, authenticated=access.is_authenticated(tls), hint=hint)
    if tls is None and not is_loopback(dimse.host):
        hint = "`dimse.tls` has a certificate"
        log.warning("what is listened to beyond this machine is not encrypted", host=dimse.host, hint=hint)
