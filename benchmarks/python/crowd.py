"""``python -m benchmarks.python.crowd PORT silent|dripping COUNT``: peers that hold connections, and ask for nothing.

Silent ones say nothing; dripping ones send a request for an association, a byte in a second. Who is cut comes again.
Prints a line when all are connected, and goes on until standard input ends.
"""

import asyncio
import resource
import struct
import sys

_STEPS = 50


def _request() -> bytes:
    """Return an A-ASSOCIATE-RQ for verification."""

    def item(kind: int, value: bytes) -> bytes:
        return struct.pack(">BBH", kind, 0, len(value)) + value

    inner = item(0x30, b"1.2.840.10008.1.1") + item(0x40, b"1.2.840.10008.1.2")
    items = item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, bytes([1, 0, 0, 0]) + inner)
    items += item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3"))
    body = struct.pack(">HH", 1, 0) + b"BENCH".ljust(16) + b"CROWD".ljust(16) + bytes(32) + items
    return struct.pack(">BBI", 1, 0, len(body)) + body


class _Peer(asyncio.Protocol):
    def __init__(self, cut: "asyncio.Queue[_Peer]") -> None:
        self._cut, self.sent = cut, 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - it comes again in any case
        self._cut.put_nowait(self)


async def _crowd(port: int, count: int, *, is_dripping: bool) -> None:
    loop, cut, peers = asyncio.get_running_loop(), asyncio.Queue[_Peer](), set[_Peer]()

    async def come() -> None:
        _, peer = await loop.create_connection(lambda: _Peer(cut), "127.0.0.1", port)
        peers.add(peer)

    async def come_again() -> None:
        while True:
            peers.discard(await cut.get())
            await come()

    async def drip() -> None:
        request = _request()[:-1]
        while True:
            for step in range(_STEPS):
                for peer in list(peers)[step::_STEPS]:
                    if peer.transport is not None and peer.sent < len(request):
                        peer.transport.write(request[peer.sent : peer.sent + 1])
                        peer.sent += 1
                await asyncio.sleep(1 / _STEPS)

    for start in range(0, count, 100):
        await asyncio.gather(*(come() for _ in range(min(100, count - start))))
    tasks = [asyncio.create_task(come_again())]
    if is_dripping:
        tasks.append(asyncio.create_task(drip()))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()


def main(port: str, kind: str, count: str) -> None:
    """Be a crowd."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_crowd(int(port), int(count), is_dripping=kind == "dripping"))


if __name__ == "__main__":
    main(*sys.argv[1:])
