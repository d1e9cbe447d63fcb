"""A line between a peer and an SCP that breaks at a byte."""

import asyncio
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from filmless._core import decode_command

ABORT = b"\7\0\0\0\0\4\0\0\0\0"
LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)

Kind = Literal["close", "reset", "abort", "stall"]


@dataclass
class Line:
    """A connection through which bytes go, up to one of them.

    Attributes
    ----------
    kind
        What happens there.
    there, back
        At which byte on the way to the SCP, and on the way back; None never.
    went, came
        What was passed on, on the way to the SCP and back.
    """

    kind: Kind = "close"
    there: int | None = None
    back: int | None = None
    went: bytearray = field(default_factory=bytearray)
    came: bytearray = field(default_factory=bytearray)

    @asynccontextmanager
    async def to(self, port: int) -> AsyncIterator[int]:
        """Listen, for one connection; gives the port."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            serving = asyncio.create_task(self._serve(server, port))
            try:
                yield server.getsockname()[1]
            finally:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)

    async def _serve(self, server: socket.socket, port: int) -> None:
        accepted, _ = await asyncio.get_running_loop().sock_accept(server)
        with accepted:
            accepted.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=accepted)
            scp_reader, scp_writer = await asyncio.open_connection("127.0.0.1", port)
            ways = [
                asyncio.create_task(self._pass(reader, scp_writer, self.went, self.there)),
                asyncio.create_task(self._pass(scp_reader, writer, self.came, self.back)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                if self._is_broken() and self.kind != "stall":
                    for way in ways:
                        way.cancel()
                    self._break(writer)
                else:  # one side closed, or nobody does anything any more
                    await asyncio.wait(ways)
                    await asyncio.get_running_loop().create_future()
            finally:
                for one in (writer, scp_writer):
                    one.close()
                for way in ways:
                    way.cancel()
                with suppress(asyncio.CancelledError):  # nobody is there any more
                    await asyncio.wait(ways)
                for one in (writer, scp_writer):
                    one.transport.abort()

    def _is_broken(self) -> bool:
        ways = ((self.went, self.there), (self.came, self.back))
        return any(limit is not None and len(passed) >= limit for passed, limit in ways)

    def _break(self, writer: asyncio.StreamWriter) -> None:
        if self.kind == "abort":
            writer.write(ABORT)
        elif self.kind == "reset":
            writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
            writer.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passed: bytearray, limit: int | None
    ) -> None:
        while limit is None or len(passed) < limit:
            try:
                data = await reader.read(4096 if limit is None else min(4096, limit - len(passed)))
                if not data:
                    return
                passed += data
                writer.write(data)
                await writer.drain()
            except ConnectionError:
                return
        if self.kind == "stall":
            await asyncio.get_running_loop().create_future()

    def statuses(self) -> dict[str, int]:
        """Return the statuses that came back for instances, whole, by UID."""
        found = {}
        for start, end in pdus(bytes(self.came)):
            if self.came[start] == 4:
                command = decode_command(bytes(self.came[start + 12 : end]))
                if command["CommandField"] == 0x8001:
                    found[command["AffectedSOPInstanceUID"]] = command["Status"]
        return found


def pdus(stream: bytes) -> list[tuple[int, int]]:
    """Return where the PDUs of a stream that are whole begin and end."""
    found, at = [], 0
    while at + 6 <= len(stream):
        end = at + 6 + int.from_bytes(stream[at + 2 : at + 6], "big")
        if end > len(stream):
            break
        found.append((at, end))
        at = end
    return found


def cuts(stream: bytes, kind: Kind, *, behind: int = 0) -> list[int]:
    """Return where to cut a stream: between PDUs, in their headers and in their middle, behind the first of them.

    Of PDUs that look alike, as those of several instances, the first and the last are cut inside.
    """
    found = {0} if behind == 0 else set()
    alike: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for start, end in pdus(stream)[behind:]:
        found.add(end)
        alike.setdefault((stream[start], end - start), []).append((start, end))
    if kind == "abort":  # in the middle of another PDU it would be a part of that
        return sorted(found)
    for same in alike.values():
        for start, end in {same[0], same[-1]}:
            found |= {start + 3, start + 8, (start + end) // 2, end - 1}
    return sorted(found)
