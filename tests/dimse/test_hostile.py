"""What is sent to an SCP to hurt it: each is cut or answered at once, and the next C-ECHO is."""

import asyncio
import gc
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from filmless._core import Event, UserIdentity, encode_command
from filmless.dataset import Dataset
from filmless.dimse import Scp, connect
from filmless.dimse.link import Link
from filmless.dimse.scp.access import Access, AccessOptions, UserOptions
from filmless.dimse.scp.limits import ScpLimits
from filmless.dimse.scp.passcodes import digest_of
from filmless.dimse.scp.request import Request

from .talking import (
    CT,
    IMPLICIT,
    STUDY_FIND,
    VERIFICATION,
    Raw,
    at_once,
    echo_bytes,
    p_data,
    request_bytes,
    store_bytes,
    talk,
)


def entity(**limits: Any) -> Scp:
    scp = Scp("FILMLESS", limits=ScpLimits(linger_s=0.2, **limits))

    @scp.on_store
    async def store(asking: Request) -> None:
        await asking.dataset()

    @scp.on_find
    async def find(asking: Request) -> None:
        await asking.dataset()
        while not asking.is_cancelled:
            await asyncio.sleep(0)
        await asking.respond(0xFE00)

    return scp


async def is_alive(port: int) -> None:
    async with asyncio.timeout(10), connect(f"FILMLESS@127.0.0.1:{port}") as peer:
        await peer.echo()


def item(kind: int, value: bytes, *, length: int | None = None) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value) if length is None else length) + value


def asking(*items: bytes, length: int | None = None) -> bytes:
    """Return an A-ASSOCIATE-RQ made by hand."""
    context = item(0x10, b"1.2.840.10008.3.1.1.1")
    body = struct.pack(">HH", 1, 0) + b"FILMLESS".ljust(16) + b"SCU".ljust(16) + bytes(32) + context + b"".join(items)
    return struct.pack(">BBI", 1, 0, len(body) if length is None else length) + body


def proposing(number: int) -> bytes:
    inner = item(0x30, VERIFICATION.encode()) + item(0x40, IMPLICIT.encode())
    return item(0x20, bytes([number, 0, 0, 0]) + inner)


USER = item(0x50, item(0x51, struct.pack(">I", 16384)) + item(0x52, b"1.2.3"))
HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(200)

BEFORE: dict[str, bytes] = {
    "request of 4 GiB": asking(proposing(1), USER, length=0xFFFFFFFF),
    "data of 4 GiB": b"\4\0\xff\xff\xff\xff" + bytes(1000),
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tls hello": HELLO,
    "zeros": bytes(10_000),
    "noise": bytes(range(256)) * 40,
    "data before a request": echo_bytes(),
    "release before a request": b"\5\0\0\0\0\4\0\0\0\0",
    "an item past the end": asking(item(0x20, b"\1\0\0\0", length=60_000), USER),
    "16,000 sub-items that lie": asking(
        proposing(1), item(0x50, item(0x51, b"", length=65_535) * 16_000, length=64_000)
    ),
    "many sub-items": asking(proposing(1), item(0x50, item(0x56, b"\0\x011") * 9_000)),
    "more than 128 contexts": asking(*[proposing(number % 256) for number in range(1, 600, 2)], USER),
    "a context twice": asking(proposing(1), proposing(1), USER),
    "an even context": asking(proposing(2), USER),
    "maximum length 1": asking(proposing(1), item(0x50, item(0x51, struct.pack(">I", 1)))),
    "maximum length 6": asking(proposing(1), item(0x50, item(0x51, struct.pack(">I", 6)))),
    "maximum length 7": asking(proposing(1), item(0x50, item(0x51, struct.pack(">I", 7)))),
    "identity that lies": asking(proposing(1), item(0x50, item(0x58, b"\2\1\xff\xff"))),
}

AFTER: dict[str, bytes] = {
    "data of 4 GiB": b"\4\0\xff\xff\xff\xff" + bytes(1000),
    "another request": request_bytes(),
    "value of length 0": b"\4\0\0\0\0\4\0\0\0\0",
    "value of length 1": b"\4\0\0\0\0\5\0\0\0\1\1",
    "value beyond its PDU": b"\4\0\0\0\0\x08\0\0\1\0\1\3\0\0",
    "unknown context": echo_bytes(context=99),
    "even context": echo_bytes(context=2),
    "data without command": p_data(1, bytes(100), command=False),
    "command that is none": p_data(1, b"\xff" * 100, command=True),
    "command without end": p_data(1, bytes(16_000), command=True, last=False) * 100,
    "empty fragments": p_data(1, b"", command=True, last=False) * 1000,
    "a command inside a data set": store_bytes(context=3) + echo_bytes(),
    "another context inside a data set": store_bytes(context=3) + p_data(1, b"", command=False),
    "unknown PDU": b"\x42\0\0\0\0\4\0\0\0\0",
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("attack", BEFORE)
def test_before_an_association(attack: str) -> None:
    async def main() -> None:
        async with entity().listen() as port:

            async def one() -> float:
                raw = await Raw.at(port)
                raw.send(BEFORE[attack])
                return await raw.cut()

            await at_once(one)
            await is_alive(port)

    talk(main())


@pytest.mark.parametrize("attack", AFTER)
def test_in_an_association(attack: str) -> None:
    async def main() -> None:
        async with entity().listen() as port:

            async def one() -> float:
                raw = await Raw.at(port)
                assert isinstance(await raw.associate((VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT])), Event.Accepted)
                raw.send(AFTER[attack])
                return await raw.cut(b"\7")  # A-ABORT

            await at_once(one)
            await is_alive(port)

    talk(main())


def test_plain_bytes_where_tls_is_spoken(tmp_path: Any, peer: Callable[[str], str]) -> None:
    from filmless.security import server_tls
    from filmless.security.options import TlsOptions

    from .talking import Authority

    authority = Authority(tmp_path, peer("openssl"))
    authority.make("ca", "/CN=Test authority")
    tls = server_tls(TlsOptions(certificate=authority.make("server", "/CN=localhost")))

    async def main() -> None:
        async with entity(association_s=0.3).listen(tls=tls) as port:

            async def one(data: bytes) -> float:
                raw = await Raw.at(port)
                raw.send(data)
                return await raw.cut()

            for data in (request_bytes(), b"GET / HTTP/1.1\r\n\r\n", HELLO, b""):
                await at_once(partial(one, data))

    talk(main())


@pytest.mark.parametrize("user", [{"maximum_length": 0}, {"maximum_length": 8}, {"maximum_length": 0xFFFFFFFF}])
def test_maximum_lengths_that_can_be(user: dict[str, Any]) -> None:
    async def main() -> None:
        async with entity().listen() as port:
            raw = await Raw.at(port)
            await raw.associate(**user)
            raw.send(echo_bytes())
            event: Any = await raw.event()
            assert event.command["Status"] == 0
            await raw.close()

    talk(main())


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4, 5, 6, 255])
def test_user_identities_of_64_kb_and_unknown_kinds(kind: int) -> None:
    access = Access(AccessOptions(users=(UserOptions(name="ann", passcode=digest_of("x")),)))

    async def main() -> None:
        async with Scp("FILMLESS", access=access).listen() as port:
            raw = await Raw.at(port)
            who = UserIdentity(kind, b"\xff" * 30_000, b"x" * 30_000, True)
            assert isinstance(await raw.associate(identity=who), Event.Rejected)
            await raw.close()

    talk(main())


def test_storms_of_cancels() -> None:
    cancel = encode_command({"CommandField": 0x0FFF, "MessageIDBeingRespondedTo": 7}, False)
    stray = encode_command({"CommandField": 0x0FFF, "MessageIDBeingRespondedTo": 9}, False)
    find = {"CommandField": 0x20, "MessageID": 7, "Priority": 0, "AffectedSOPClassUID": STUDY_FIND}
    asked = p_data(3, encode_command(find, True), command=True) + p_data(3, b"", command=False)

    async def main() -> None:
        async with entity().listen() as port:
            raw = await Raw.at(port)
            await raw.associate((VERIFICATION, [IMPLICIT]), (STUDY_FIND, [IMPLICIT]))
            raw.send(p_data(3, stray, command=True) * 5_000 + asked + p_data(3, cancel, command=True) * 5_000)
            raw.send(echo_bytes())
            events: list[Any] = [await raw.event(), await raw.event()]
            assert [one.command["Status"] for one in events] == [0xFE00, 0]
            await raw.close()

    talk(main())


# -- faults --------------------------------------------------------------------------------------------------------

STREAM = [
    request_bytes((VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT])),
    echo_bytes(),
    store_bytes(2, context=3),
    p_data(3, bytes(300), command=False, last=False),
    p_data(3, bytes(300), command=False),
    echo_bytes(3),
    b"\5\0\0\0\0\4\0\0\0\0",
]
ABORT = b"\7\0\0\0\0\4\0\0\0\0"


def cuts() -> list[int]:
    """Where the stream is cut: at every fragment, before, in and behind its headers."""
    found, at = {0}, 0
    for fragment in STREAM:
        found |= {at + step for step in (1, 5, 6, 7, 11, 12, 13, len(fragment) // 2, len(fragment) - 1, len(fragment))}
        at += len(fragment)
    return sorted(one for one in found if one <= at)


@pytest.mark.parametrize("fault", ["close", "reset", "abort", "stall"])
def test_faults_at_every_fragment(fault: str) -> None:
    stream = b"".join(STREAM)

    async def one(port: int, cut: int) -> None:
        raw = await Raw.at(port)
        raw.send(stream[:cut])
        if fault == "abort":
            raw.send(ABORT)
        if fault == "reset":
            await raw.writer.drain()
            sock = raw.writer.transport.get_extra_info("socket")
            sock.setsockopt(*LINGER)
        if fault == "close":
            raw.writer.write_eof()
        if fault != "reset":
            async with asyncio.timeout(10):
                await raw.ended()
        await raw.close()

    def links() -> int:
        gc.collect()
        return sum(isinstance(found, Link) for found in gc.get_objects())

    async def main() -> None:
        async with entity(association_s=0.3, stall_s=0.15, idle_s=0.3).listen() as port:
            await asyncio.gather(*(one(port, cut) for cut in cuts()))
            await is_alive(port)
            async with asyncio.timeout(60):
                while links():
                    await asyncio.sleep(0.01)

    gc.collect()
    gc.freeze()  # what others left does not count, nor is it looked at each time
    try:
        talk(main())
    finally:
        gc.unfreeze()


def _linger() -> tuple[int, int, bytes]:
    import socket

    return socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


LINGER = _linger()


# -- crowds --------------------------------------------------------------------------------------------------------


def most_connections() -> int:
    """How many connections this process may have both ends of."""
    if sys.platform == "win32":
        return 200
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4_500
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(2_000, (soft if soft != resource.RLIM_INFINITY else wanted) // 2 - 100)


@pytest.mark.parametrize("is_silent", [True, False], ids=["half open", "a byte at a time"])
def test_honest_peers_in_a_crowd(is_silent: bool) -> None:
    count = most_connections()

    async def main() -> list[float]:
        loop, times = asyncio.get_running_loop(), []
        async with entity(half_open=2 * count).listen() as port:
            crowd: list[Raw] = []
            for start in range(0, count, 100):
                crowd += await asyncio.gather(*(Raw.at(port) for _ in range(start, min(start + 100, count))))
            data = request_bytes()

            async def drip() -> None:
                for byte in data:
                    for at, one in enumerate(crowd):
                        one.send(bytes([byte]))
                        if at % 20 == 19:
                            await asyncio.sleep(1 / (count / 20))  # each a byte in a second

            dripping = None if is_silent else asyncio.create_task(drip())
            for _ in range(20):
                began = loop.time()
                await is_alive(port)
                times.append(loop.time() - began)
            if dripping is not None:
                dripping.cancel()
            for one in crowd:
                one.writer.transport.abort()
            await asyncio.gather(*(one.close() for one in crowd))
        return times

    times = sorted(talk(main()))
    assert times[len(times) // 2] < 0.25


@pytest.mark.parametrize("is_silent", [True, False], ids=["half open", "a byte at a time"])
def test_honest_stores_in_a_crowd(is_silent: bool) -> None:
    """How fast they are beside a crowd is measured: `python -m benchmarks dimse-crowds`."""
    count, stored, sent = most_connections(), list[str](), 50
    scp = Scp("FILMLESS", limits=ScpLimits(half_open=2 * count))

    @scp.on_store
    async def store(asking: Request) -> None:
        stored.append((await asking.dataset()).SOPInstanceUID)

    async def main() -> None:
        async with scp.listen() as port:
            crowd: list[Raw] = []
            for start in range(0, count, 100):
                crowd += await asyncio.gather(*(Raw.at(port) for _ in range(start, min(start + 100, count))))
            request = request_bytes()

            async def drip() -> None:
                for byte in request[:-1]:
                    for at, one in enumerate(crowd):
                        one.send(bytes([byte]))
                        if at % 20 == 19:
                            await asyncio.sleep(0)

            dripping = None if is_silent else asyncio.create_task(drip())
            sources = [
                Dataset({"SOPClassUID": CT, "SOPInstanceUID": f"1.2.{number}", "PixelData": bytes(100_000)})
                for number in range(sent)
            ]
            async with connect(f"FILMLESS@127.0.0.1:{port}", sop_classes=CT) as peer:
                report = await peer.store(sources)
            assert (len(report.stored), report.failed) == (sent, [])
            if dripping is not None:
                dripping.cancel()
            for one in crowd:
                one.writer.transport.abort()
            await asyncio.gather(*(one.close() for one in crowd))

    talk(main())
    assert sorted(stored) == sorted(f"1.2.{number}" for number in range(sent))


def test_the_oldest_of_too_many_connections_is_closed() -> None:
    async def main() -> None:
        async with entity(half_open=3).listen() as port:
            crowd = [await Raw.at(port) for _ in range(3)]
            await is_alive(port)
            async with asyncio.timeout(10):
                assert await crowd[0].ended() == b""
            crowd[2].send(request_bytes())
            assert (await crowd[2].reader.read(1)) == b"\2"
            for one in crowd:
                await one.close()

    talk(main())


LOW = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))
from filmless.dimse import Scp
Scp("FILMLESS").run(port=0, started=lambda port: print(port, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_honest_peers_when_the_system_has_no_more_sockets() -> None:
    async def main(port: int) -> None:
        crowd = [await Raw.at(port) for _ in range(120)]
        for _ in range(3):
            await is_alive(port)
        for one in crowd:
            await one.close()
        await is_alive(port)

    with subprocess.Popen(
        [sys.executable, "-c", LOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as scp:
        try:
            assert scp.stdout is not None
            talk(main(int(scp.stdout.readline())))
            scp.terminate()
            assert scp.communicate(timeout=20)[1] == ""
        finally:
            scp.kill()


@pytest.mark.parametrize("limits", [{"associations": 2}, {"associations_per_address": 2}])
def test_associations_at_a_time(limits: dict[str, int]) -> None:
    async def main() -> None:
        async with entity(**limits).listen() as port:
            crowd = [await Raw.at(port) for _ in range(3)]
            events = [await one.associate() for one in crowd]
            assert [type(one) for one in events] == [Event.Accepted, Event.Accepted, Event.Rejected]
            reject = events[2].reject  # type: ignore[union-attr]
            assert (reject.result, reject.source, reject.reason) == (2, 3, 1)
            await crowd[0].release()
            async with asyncio.timeout(10):
                await crowd[0].ended()
            await is_alive(port)
            for one in crowd:
                await one.close()

    talk(main())
