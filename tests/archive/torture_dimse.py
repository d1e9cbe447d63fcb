"""The torture's DIMSE side: an SCP on an archive, and senders that are sockets and the core, and nothing else."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

from filmless._core import AssociateRequest, Connection, Event, ProposedContext, UserInformation
from filmless.dimse.part10 import head
from filmless.file import read

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
NAME = "TORTURE"


class Gone(OSError):
    """The server is not there any more."""


class Associated:
    """C-STORE, on one association."""

    deletes = False

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        request = AssociateRequest(
            called_ae_title="FILMLESS",
            calling_ae_title=NAME,
            contexts=[ProposedContext(1, CT, [EXPLICIT])],
            user=UserInformation(),
        )
        self._connection = Connection.requestor(request)
        self._socket = socket.create_connection((host, int(port)))
        self._message_id = 0
        self._connection.connected()
        self._socket.sendall(self._connection.take_output())
        assert isinstance(self._next(), Event.Accepted)

    @staticmethod
    def as_stored(data: bytes) -> bytes:
        """Return the file that the archive makes of a data set that comes over the network."""
        ds = read(data)
        return head(ds.SOPClassUID, ds.SOPInstanceUID, EXPLICIT, sender=NAME) + data[_behind_meta(data) :]

    def store(self, data: bytes, *, is_other: bool) -> str:
        """Store one instance."""
        ds, view = read(data), memoryview(data)[_behind_meta(data) :]
        self._message_id = self._message_id % 0xFFFF + 1
        command: dict[str | int, object] = {
            "CommandField": 0x0001,
            "MessageID": self._message_id,
            "AffectedSOPClassUID": ds.SOPClassUID,
            "AffectedSOPInstanceUID": ds.SOPInstanceUID,
            "Priority": 0,
        }
        self._connection.send_command(1, command, True)
        step = self._connection.payload_limit
        pieces = [self._connection.take_output()]
        for number, header in enumerate(self._connection.data_headers(1, len(view), True)):
            pieces += (header, bytes(view[number * step : (number + 1) * step]))
        self._socket.sendall(b"".join(pieces))
        event = self._next()
        assert isinstance(event, Event.Command)
        assert event.command["Status"] == 0, event.command
        assert event.command["MessageIDBeingRespondedTo"] == self._message_id
        return "quarantined" if is_other else "stored"

    def delete(self, number: int) -> None:
        """DIMSE has no such thing."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def _next(self) -> Event:
        while (event := self._connection.next_event()) is None:
            data = self._socket.recv(1 << 16)
            if not data:
                raise Gone
            self._connection.receive(data)
        return event


def _behind_meta(data: bytes) -> int:
    return 144 + int.from_bytes(data[140:144], "little")


async def listen(folder: Path, ready: Callable[[str], None]) -> None:
    """Serve an archive, for ever."""
    from filmless.archive import Archive
    from filmless.dimse import Scp
    from filmless.dimse.services.storage import storage

    with Archive(folder) as archive:
        async with Scp("FILMLESS", [storage(archive)]).listen() as port:
            ready(f"127.0.0.1:{port}")
            await asyncio.get_running_loop().create_future()


async def try_once(folder: Path, send: Callable[[Associated], None]) -> None:
    """Serve an archive while somebody sends."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(listen(folder, ready.set_result))

    def talk(address: str) -> None:
        door = Associated(address)
        try:
            send(door)
        finally:
            door.close()

    try:
        await asyncio.to_thread(talk, await ready)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
