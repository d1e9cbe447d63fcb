"""The server as an application entity of DIMSE: its services, and where it listens."""

import socket
import ssl
from contextlib import AsyncExitStack
from pathlib import Path

from filmless.archive import Archive
from filmless.dimse import Scp
from filmless.dimse.scp.service import Service
from filmless.dimse.services.storage import storage
from filmless.dimse.services.verification import verification
from filmless.dimse.services.worklist import worklist
from filmless.dimse.services.worklist_items import WorklistFolder
from filmless.errors import SecurityError
from filmless.security import check_binding, server_tls
from filmless.security.addresses import is_loopback
from filmless.security.options import TlsOptions
from filmless.server.listening import StartError, listen
from filmless.server.logs import Log
from filmless.server.settings.dimse import Dimse
from filmless.server.settings.tree import Settings

__all__ = ["Entity", "services_of", "tls_of"]


class Entity:
    """An application entity that runs on the event loop of the web server.

    Parameters
    ----------
    settings
        Those of the server.
    archive
        Of which it is.
    log
        Where it tells of itself.

    Attributes
    ----------
    services
        What it can do.

    Raises
    ------
    DicomError
        It would be open to everyone, or its certificate cannot be read.
    """

    def __init__(self, settings: Settings, archive: Archive, *, log: Log) -> None:
        self._settings = settings
        _check(settings.dimse, log)
        options = settings.dimse.tls
        self._tls = None if options is None else tls_of(options, "dimse.tls")
        if settings.dimse.worklist is None:
            _worklist(settings).mkdir(exist_ok=True)
        elif not settings.dimse.worklist.is_dir():
            raise StartError("`dimse.worklist` is not there", path=settings.dimse.worklist)
        self.services = services_of(settings, archive)
        self._scp = Scp(settings.dimse.ae_title, self.services)
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

    async def start(self) -> None:
        """Take associations in."""
        stack = AsyncExitStack()
        await stack.enter_async_context(
            self._scp.listen(sockets=self._sockets, tls=self._tls, grace_s=self._settings.stop_s)
        )
        self._running = stack

    async def stop(self) -> None:
        """Take no more in, let what is being answered finish, and abort what is left."""
        running, self._running = self._running, None
        if running is not None:
            await running.aclose()


def services_of(settings: Settings, archive: Archive) -> list[Service]:
    """Make the services of the settings, on an archive; none without a listener."""
    dimse = settings.dimse
    if not dimse.is_on:
        return []
    items = WorklistFolder(_worklist(settings))
    return [
        verification(),
        worklist(items),
        storage(archive, unknown=dimse.unknown_sop_classes),
    ]


def _worklist(settings: Settings) -> Path:
    return settings.dimse.worklist or settings.data / "worklist"


def tls_of(options: TlsOptions, key: str) -> ssl.SSLContext:
    """Make the context of a listener, or say which key of the configuration it cannot be made with."""
    try:
        return server_tls(options)
    except SecurityError as error:
        named = [name for name in ("certificate", "key", "authorities") if str(getattr(options, name)) == error.path]
        if named:
            error.message = f"`{key}.{named[0]}`: {error.message}"
        raise


def _check(dimse: Dimse, log: Log) -> None:
    """Refuse to be open to everyone in the network; warn of what can be read on the way."""
    is_known = dimse.tls is not None and dimse.tls.client_certificates == "required"
    try:
        check_binding(dimse.host, authenticated=is_known)
    except SecurityError as error:
        error.hint = '`dimse.tls` with `client_certificates = "required"` says who calls; or listen on 127.0.0.1'
        raise
    if dimse.tls is None and not is_loopback(dimse.host):
        hint = "`dimse.tls` has a certificate"
        log.warning("what is listened to beyond this machine is not encrypted", host=dimse.host, hint=hint)
