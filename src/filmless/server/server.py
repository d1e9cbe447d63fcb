"""The server: made of what it is told, and run until it is stopped."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType, TracebackType
from typing import NamedTuple, Self, TextIO

import uvicorn

from filmless.security import http_protocol
from filmless.server.composing import Composed, compose
from filmless.server.entity import Entity
from filmless.server.listening import listen, places
from filmless.server.logs import make_log, with_library_logs
from filmless.server.looking import Looked
from filmless.server.settings.tree import Settings
from filmless.server.shown import Shown

__all__ = ["Addresses", "Server"]

_PATIENCE_S = 5.0
_FLUSH_S = 0.1
_SIGNALS = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]


class Addresses(NamedTuple):
    """Where a server is reached, one an address.

    Attributes
    ----------
    urls
        By HTTP, without a slash at the end.
    dimse
        By DIMSE, as ``AE@host:port``.
    """

    urls: list[str]
    dimse: list[str]

    @property
    def dicom_web(self) -> str:
        """The root of the DICOMweb service, at the first address."""
        return f"{self.urls[0]}/dicom-web"


class Server:
    """A server. `run` it in the main thread of a program, or use it with ``with``: then it runs in a thread of its own.

    Parameters
    ----------
    settings
        What it is told.
    log_stream
        Where its log goes; by default standard error.
    shown
        Files that are shown where they lie, read-only, instead of what is in the archive; `data` then is a folder for
        the time of the server. DIMSE is off.
    tell
        Called, from a thread, with how far they are looked at.

    Raises
    ------
    DicomError
        It cannot start: the port is in use, the data folder is another server's or cannot be written to, others could
        reach what is open to everyone, or the index does not answer.

    Examples
    --------
    >>> from filmless.server import Server, read_settings
    >>> settings = read_settings(given={"data": "archive", "http.port": 0, "logs.level": "error"})
    >>> with Server(settings) as server:
    ...     server.addresses.dicom_web
    'http://127.0.0.1:.../dicom-web'
    """

    def __init__(
        self,
        settings: Settings,
        *,
        log_stream: TextIO | None = None,
        shown: Shown | None = None,
        tell: Callable[[Looked], None] | None = None,
    ) -> None:
        self.settings = settings
        self._log = make_log(settings.logs, log_stream or sys.stderr)
        self._thread: threading.Thread | None = None
        with ExitStack() as stack:
            self._composed: Composed = compose(settings, log=self._log, stack=stack, shown=shown, tell=tell)
            self._sockets = listen(settings.http.host, settings.http.port)
            for one in self._sockets:
                stack.callback(one.close)
            entity = self._composed.entity
            for one in (dimse := [] if entity is None else entity.bind()):
                stack.callback(one.close)
            self._stack = stack.pop_all()
        scheme = "http" if self._composed.tls is None else "https"
        called = [f"{settings.dimse.ae_title}@{place}" for place in places(dimse)]
        self.addresses = Addresses([f"{scheme}://{place}" for place in places(self._sockets)], called)

    def run(self, *, ready: Callable[[Addresses], None] | None = None) -> None:
        """Serve until a signal says to stop; what is being answered is finished, and a second signal ends at once.

        Parameters
        ----------
        ready
            Called when requests are answered.
        """
        self._serve(ready or (lambda _: None), with_signals=True)

    def stop(self) -> None:
        """Stop serving: no new requests, those that are being answered finish. From any thread."""
        self._uvicorn.should_exit = True

    def close(self) -> None:
        """Let go of everything."""
        self._stack.close()

    def __enter__(self) -> Self:
        started = threading.Event()
        options = {"ready": lambda _: started.set(), "with_signals": False}
        self._thread = threading.Thread(target=self._serve, kwargs=options, name="filmless server")
        self._thread.start()
        while not started.wait(0.05):
            if not self._thread.is_alive():
                raise RuntimeError("the server ended before it was ready; its log says why")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()
        self.close()

    def _serve(self, ready: Callable[[Addresses], None], *, with_signals: bool) -> None:
        http = self.settings.http
        config = uvicorn.Config(
            self._composed.application,
            http=http_protocol(self.settings.limits),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=http.connections,
            timeout_keep_alive=max(1, round(http.idle_s)),
            timeout_graceful_shutdown=max(1, round(self.settings.stop_s)),
        )
        config.load()
        config.ssl = self._composed.tls
        self._uvicorn = _Uvicorn(
            config, self._composed.entity, lambda: self._is_ready(ready), with_signals=with_signals
        )
        activities = self._composed.activities
        try:
            with with_library_logs(self._log), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(self._uvicorn.serve(self._sockets))
        finally:
            self._log.info("stopping")
            for activity in activities:
                activity.ask_to_stop()
            until = time.monotonic() + _PATIENCE_S  # with all of them
            for activity in activities:
                activity.stop(max(0.0, until - time.monotonic()))
            self.close()
            self._log.info("stopped")

    def _is_ready(self, ready: Callable[[Addresses], None]) -> None:
        for activity in self._composed.activities:
            activity.start()
        self._log.info("ready", urls=self.addresses.urls, dimse=self.addresses.dimse)
        ready(self.addresses)
        notify("READY=1")


class _Uvicorn(uvicorn.Server):
    """uvicorn, with signals as a service manager wants them, and an application entity on its event loop."""

    def __init__(
        self, config: uvicorn.Config, entity: Entity | None, ready: Callable[[], None], *, with_signals: bool
    ) -> None:
        super().__init__(config)
        self._entity, self._ready, self._with_signals = entity, ready, with_signals

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._entity is not None:
            await self._entity.start()
        # What is told when the server is ready may write to a file or a slow pipe.
        await asyncio.to_thread(self._ready)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        before = {one: signal.signal(one, self._asked) for one in _SIGNALS} if self._with_signals else {}
        try:
            await self._serve(sockets)
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stopping = None if self._entity is None else asyncio.create_task(self._entity.stop())  # both at a time
        await super().shutdown(sockets)
        if tasks := list(self.server_state.tasks):
            await asyncio.wait(tasks, timeout=_PATIENCE_S)  # they were cancelled, and say so to who waits
        if self.server_state.connections:
            await asyncio.sleep(_FLUSH_S)
        for connection in list(self.server_state.connections):
            # Who does not read what it was sent would keep the loop from ending, for as long as it likes.
            connection.transport.abort()
        if stopping is not None:
            await stopping

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        if self.should_exit:
            # Nothing that was acknowledged needs a tidy end.
            os._exit(128 + number)
        self.should_exit = True
        notify("STOPPING=1")


def notify(state: str) -> None:
    """Tell the service manager, where it asked to be told (systemd's ``Type=notify``)."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if sys.platform == "win32" or not path.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        try:
            channel.connect("\0" + path[1:] if path.startswith("@") else path)
            channel.sendall(state.encode())
        except OSError:
            return  # it has gone: nobody to tell
