"""C-MOVE to a listener of our own: how to fetch from a peer that has no C-GET (PS3.4 C.4.2)."""

import asyncio
import os
import ssl
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager

from filmless.dataset import Dataset
from filmless.dimse.identifiers import Root
from filmless.dimse.operations.retrieving import SubOperations, require_all
from filmless.dimse.peer import Peer
from filmless.dimse.scp.access import Access
from filmless.dimse.scp.scp import Scp
from filmless.dimse.services.folder import FolderOptions, Received, folder
from filmless.dimse.services.verification import verification
from filmless.errors import DimseStatusError

__all__ = ["MoveDestination", "move_destination"]


class MoveDestination:
    """Where peers send to. `move_destination` gives one.

    Attributes
    ----------
    ae_title, port
        By which the peers have to know it.
    """

    def __init__(self, ae_title: str, port: int, came: deque[Received]) -> None:
        self.ae_title, self.port, self._came = ae_title, port, came
        self._turn = asyncio.Lock()

    async def fetch(
        self,
        peer: Peer,
        what: str | Dataset,
        series: str | None = None,
        instance: str | None = None,
        *,
        root: Root | None = None,
        progress: Callable[[SubOperations], None] | None = None,
    ) -> AsyncGenerator[Received, None]:
        """Have a study, series or instance sent here: as `Peer.get`, by C-MOVE. One at a time, others wait.

        Parameters
        ----------
        peer
            Who has it.
        what, series, instance, root, progress
            As of `Peer.get`.

        Yields
        ------
        Received
            Each that came, whenever the peer tells how far it is.

        Raises
        ------
        DimseStatusError
            The peer failed, as when it does not know this destination, or could not send all of it; what could be sent
            came before.

        DICOM
        -----
        PS3.7 9.1.4, PS3.4 C.4.2
        """
        async with self._turn:
            self._came.clear()
            failed: DimseStatusError | None = None
            try:
                async with aclosing(peer.move(what, series, instance, destination=self.ae_title, root=root)) as steps:
                    async for counts in steps:
                        if progress is not None:
                            progress(counts)
                        while self._came:
                            yield self._came.popleft()
                        if counts.is_last:
                            require_all(counts)
            except DimseStatusError as error:
                failed = error
            while self._came:
                yield self._came.popleft()
            if failed is not None:
                raise failed


@asynccontextmanager
async def move_destination(
    into: str | os.PathLike[str],
    *,
    ae_title: str,
    port: int,
    host: str = "127.0.0.1",
    access: Access | None = None,
    tls: ssl.SSLContext | None = None,
    options: FolderOptions | None = None,
    on_received: Callable[[Received], None] | None = None,
) -> AsyncIterator[MoveDestination]:
    """Listen while ``async with`` lasts, so that a peer without C-GET can send by C-MOVE.

    Parameters
    ----------
    into
        The folder that instances are written to.
    ae_title, port
        By which the peer knows this machine.
    host
        The address to listen at: an empty text is all of them.
    access
        Who may send; by default who is on this machine.
    tls
        A context of `ssl`, as `filmless.security.server_tls` makes one.
    options
        How files are put there; by default all in one folder.
    on_received
        Called with each instance before its sender is told, in the thread that wrote it.

    Returns
    -------
    MoveDestination
        Its `fetch` has instances sent.

    Raises
    ------
    OSError
        It cannot listen there.

    DICOM
    -----
    PS3.4 C.4.2
    """
    came: deque[Received] = deque()

    def received(one: Received) -> None:
        came.append(one)
        if on_received is not None:
            on_received(one)

    service = folder(into, options=options or FolderOptions(layout="flat"), on_received=received)
    scp = Scp(ae_title, [verification(), service], access=access)
    async with scp.listen(host, port, tls=tls) as found:
        yield MoveDestination(ae_title, found, came)
