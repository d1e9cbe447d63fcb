"""Links: what waits, what is dropped, and which peers are cut."""

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from filmless import Dataset
from filmless._core import Connection, Event, OperationsWindow
from filmless.dimse import Scp, Timeouts
from filmless.dimse.link import Link
from filmless.dimse.mailbox import Mailbox
from filmless.dimse.scp.limits import ScpLimits
from filmless.dimse.scp.request import Request
from filmless.dimse.watch import Watch
from filmless.errors import NetworkError, RemoteProtocolError

from .talking import CT, IMPLICIT, STUDY_FIND, VERIFICATION, Raw, echo_bytes, p_data, request, store_bytes, talk

BOTH = ((VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT]))
PIECE = p_data(3, bytes(60_000), command=False, last=False)
LAST = p_data(3, bytes(10), command=False)


async def status_of(raw: Raw) -> int:
    event = await raw.event()
    assert isinstance(event, Event.Command), event
    return int(event.command["Status"])


async def is_cut(raw: Raw) -> bool:
    """Whether the association is aborted and the connection closed, before long."""
    try:
        async with asyncio.timeout(10):
            while (event := await raw.event()) is not None:
                assert isinstance(event, Event.Aborted | Event.ProviderAborted)
    except ConnectionError:
        pass
    finally:
        await raw.close()
    return True


def holding() -> tuple[Scp, Any]:
    """An SCP whose C-STORE wait before they take the data set; C-STORE 1 does not take it at all."""
    scp, gate = Scp("FILMLESS", limits=ScpLimits(waiting_bytes=200_000)), {}

    @scp.on_store
    async def store(asking: Request) -> None:
        gate["link"] = asking.association.link
        if asking.command["MessageID"] == 1:
            return
        await gate["open"].wait()
        await asking.dataset(limit=1 << 30)

    return scp, gate


def storing(**limits: Any) -> Scp:
    """An SCP that takes what is stored."""
    scp = Scp("FILMLESS", limits=ScpLimits(linger_s=0.05, **limits))

    @scp.on_store
    async def store(asking: Request) -> None:
        await asking.dataset()

    return scp


# -- back-pressure -------------------------------------------------------------------------------------------------


def test_what_nobody_takes_is_not_read() -> None:
    scp, gate = holding()

    async def main() -> None:
        gate["open"] = asyncio.Event()
        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate(*BOTH)
            raw.send(store_bytes(2, context=3))
            for _ in range(400):  # 24 MB: more than the buffers of the system
                raw.send(PIECE)
            raw.send(LAST + echo_bytes(3))
            while "link" not in gate or not gate["link"]._inbox.is_full:
                await asyncio.sleep(0)
            assert gate["link"]._inbox.held <= 200_000 + (1 << 20)
            gate["open"].set()
            assert [await status_of(raw), await status_of(raw)] == [0, 0]
            assert gate["link"]._inbox.held == 0
            await raw.close()

    talk(main())


def test_what_is_answered_before_it_came_is_dropped() -> None:
    scp, gate = holding()

    async def main() -> None:
        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate(*BOTH)
            raw.send(store_bytes(1, context=3) + PIECE)
            assert await status_of(raw) == 0
            for _ in range(100):
                raw.send(PIECE)
            raw.send(LAST + echo_bytes(2))
            assert await status_of(raw) == 0
            assert gate["link"]._inbox.held == 0
            await raw.close()

    talk(main())


@pytest.mark.parametrize("window", [None, OperationsWindow(0, 1)])
def test_requests_that_come_all_at_once(window: OperationsWindow | None) -> None:
    count, seen = 500, []
    scp = Scp("FILMLESS")

    @scp.on_echo
    async def echo(asking: Request) -> None:
        seen.append(asking.association.link._inbox.queued)

    async def main() -> set[int]:
        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate(operations_window=window)
            raw.send(b"".join(echo_bytes(number) for number in range(1, count + 1)))
            found = set()
            for _ in range(count):
                event: Any = await raw.event()
                assert event.command["Status"] == 0
                found.add(event.command["MessageIDBeingRespondedTo"])
            await raw.close()
        return found

    assert talk(main()) == set(range(1, count + 1))
    assert len(seen) == count


class Unreadable:
    """A data set whose end cannot be read."""

    def pieces(self) -> Iterable[bytes]:
        yield bytes(10)
        yield bytes(10)
        raise OSError("the disk is gone")


class Empty:
    """A data set of nothing."""

    def pieces(self) -> Iterable[bytes]:
        return iter(())


def test_a_message_that_ends_in_the_middle_ends_the_association() -> None:
    errors: list[Any] = []
    scp = Scp("FILMLESS")

    @scp.on_find
    async def find(asking: Request) -> None:
        link = asking.association.link
        await link.send(1, {"CommandField": 0x8020, "Status": 0xFF00, "MessageIDBeingRespondedTo": 1}, Empty())
        try:
            await link.send(1, {"CommandField": 0x8020, "Status": 0xFF00, "MessageIDBeingRespondedTo": 1}, Unreadable())
        except OSError as error:
            errors.append(error)
        with pytest.raises(NetworkError, match="to its end"):
            await asking.respond(0)

    async def main() -> list[Any]:
        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate((STUDY_FIND, [IMPLICIT]))
            raw.send(find_bytes())
            events = [await raw.event() for _ in range(4)]
            await raw.close()
        return events

    events = talk(main())
    assert [type(event) for event in events] == [Event.Command, Event.DataSet, Event.Command, Event.Aborted]
    assert (len(events[1].piece), events[1].last) == (0, True)
    assert len(errors) == 1


def find_bytes() -> bytes:
    from filmless._core import encode_command

    command = {"CommandField": 0x20, "MessageID": 1, "Priority": 0, "AffectedSOPClassUID": STUDY_FIND}
    return p_data(1, encode_command(command, True), command=True) + p_data(1, b"", command=False)


# -- peers that are cut --------------------------------------------------------------------------------------------


def test_a_peer_that_never_reads_is_cut() -> None:
    held: list[int] = []
    over = threading.Event()
    scp = Scp("FILMLESS", limits=ScpLimits(stall_s=0.3, linger_s=0.1))

    @scp.on_find
    async def find(asking: Request) -> AsyncIterator[Dataset]:
        ds = Dataset()
        ds.PatientComments = "x" * 10_000
        transport: Any = asking.association.link._transport
        try:
            while True:
                held.append(transport.get_write_buffer_size())
                yield ds
        finally:
            over.set()

    async def main() -> None:
        async with scp.listen() as port:
            raw = await Raw.at(port, limit=1000)
            await raw.associate((STUDY_FIND, [IMPLICIT]))
            raw.writer.transport.pause_reading()  # type: ignore[attr-defined]
            raw.send(find_bytes())
            async with asyncio.timeout(20):
                while not over.is_set():
                    await asyncio.sleep(0.01)
            await raw.close()

    talk(main())
    assert max(held) < 4 << 20


LIMITS: dict[str, tuple[dict[str, Any], list[bytes]]] = {
    "silent in a PDU": ({"stall_s": 0.1}, [echo_bytes()[:20]]),
    "silent in a data set": ({"stall_s": 0.1}, [store_bytes(1, context=3) + PIECE]),
    "silent after a command": ({"stall_s": 0.1}, [store_bytes(1, context=3)]),
    "idle": ({"idle_s": 0.1}, [echo_bytes()]),
    "idle from the beginning": ({"idle_s": 0.1}, []),
    "too long": ({"total_s": 0.2}, [echo_bytes()] * 1000),
}


@pytest.mark.parametrize("limits", LIMITS)
def test_who_does_nothing_or_too_little_is_cut(limits: str) -> None:
    scp = storing(**LIMITS[limits][0])

    async def main() -> None:
        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate(*BOTH)

            async def feed() -> None:
                for data in LIMITS[limits][1]:
                    raw.send(data)
                    await asyncio.sleep(0.005)

            feeding = asyncio.create_task(feed())
            async with asyncio.timeout(10):
                while isinstance(event := await raw.event(), Event.Command):
                    pass
            assert isinstance(event, Event.Aborted)
            feeding.cancel()
            assert await is_cut(raw)

    talk(main())


def test_a_byte_at_a_time_is_too_slow() -> None:
    scp = Scp("FILMLESS", limits=ScpLimits(stall_s=0.2, pace_bytes_s=1000, linger_s=0.05))

    async def main() -> None:
        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate()

            async def feed() -> None:
                while True:
                    for byte in echo_bytes():
                        raw.send(bytes([byte]))
                        await asyncio.sleep(0.02)

            feeding = asyncio.create_task(feed())
            assert await is_cut(raw)
            feeding.cancel()

    talk(main())


def test_a_peer_that_waits_for_its_answer_is_not_idle() -> None:
    scp = Scp("FILMLESS", limits=ScpLimits(idle_s=0.1, stall_s=0.1, linger_s=0.05))

    @scp.on_echo
    async def echo(_: Request) -> None:
        await asyncio.sleep(0.5)

    async def main() -> None:
        async with scp.listen() as port:
            raw = await Raw.at(port)
            await raw.associate()
            raw.send(echo_bytes())
            assert await status_of(raw) == 0
            assert await is_cut(raw)

    talk(main())


@pytest.mark.parametrize("data", [b"", b"\1", b"\1\0\0\0\1\0\0\1"])
def test_who_requests_no_association_is_cut(data: bytes) -> None:
    async def main() -> None:
        async with Scp("FILMLESS", limits=ScpLimits(association_s=0.1)).listen() as port:
            raw = await Raw.at(port)
            raw.send(data)
            async with asyncio.timeout(10):
                await raw.ended()
            await raw.close()

    talk(main())


def test_who_stays_after_the_end_is_cut() -> None:
    async def main() -> None:
        limits = ScpLimits(linger_s=0.1)
        async with Scp("FILMLESS", limits=limits).listen() as port:
            rejected, released = await Raw.at(port), await Raw.at(port)
            assert isinstance(await rejected.associate(called="OTHER"), Event.Rejected)
            await released.associate()
            released.send(b"\5\0\0\0\0\4\0\0\0\0")
            async with asyncio.timeout(10):
                await rejected.ended()
                await released.ended()
            await rejected.close()
            await released.close()

    talk(main())


# -- a requestor's end ---------------------------------------------------------------------------------------------


async def linked(use: Any, *data: bytes, **timeouts: Any) -> None:
    """Have a link to a peer that accepts, sends some bytes after the first request, and answers nothing."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection.acceptor()
        while True:
            got = await reader.read(65536)
            if not got:
                break
            connection.receive(got)
            while (event := connection.next_event()) is not None:
                match event:
                    case Event.Requested(asked) if asked.called_ae_title == "FILMLESS":
                        from filmless._core import Acceptable, Policy, UserInformation

                        policy = Policy([Acceptable(VERIFICATION), Acceptable(CT)])
                        connection.accept(connection.answer(policy, UserInformation()))
                        writer.write(connection.take_output())
                    case Event.Command():
                        for one in data:
                            writer.write(one)
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    async with server:
        title = timeouts.pop("called", "FILMLESS")
        link = Link(Connection.requestor(request(*BOTH, called=title)), timeouts=Timeouts(linger_s=0.1, **timeouts))
        port = server.sockets[0].getsockname()[1]
        await asyncio.get_running_loop().create_connection(lambda: link, "127.0.0.1", port)
        await use(link)
        link.abort(NetworkError("the test is over"))
        await link.closed()
    await asyncio.sleep(0)


async def echo(link: Link) -> Any:
    await link.happenings.get()
    box: Mailbox[Any] = Mailbox()
    link.answers_to(1, box)
    await link.send(1, {"CommandField": 0x30, "MessageID": 1, "AffectedSOPClassUID": VERIFICATION})
    return await link.next_of(box)


def test_a_peer_that_does_not_answer() -> None:
    async def use(link: Link) -> None:
        with pytest.raises(NetworkError, match="did not answer within"):
            await echo(link)

    talk(linked(use, response_s=0.1))


def test_a_peer_that_does_not_answer_the_request_for_an_association() -> None:
    async def use(link: Link) -> None:
        with pytest.raises(NetworkError, match="in time"):
            await link.happenings.get()

    talk(linked(use, association_s=0.1, called="NOBODY"))


def test_a_peer_that_asks_instead_of_answering() -> None:
    async def use(link: Link) -> None:
        with pytest.raises(RemoteProtocolError, match="nobody waits"):
            await echo(link)

    talk(linked(use, b"".join(echo_bytes(number) for number in range(1, 100))))


def test_answers_to_what_nobody_asked_are_dropped() -> None:
    from filmless._core import encode_command

    stray = {"CommandField": 0x8020, "MessageIDBeingRespondedTo": 9, "Status": 0xFF00}
    answer = {"CommandField": 0x8030, "MessageIDBeingRespondedTo": 1, "Status": 0}
    data = [p_data(3, encode_command(stray, True), command=True), *[PIECE] * 100, LAST]

    async def use(link: Link) -> None:
        incoming = await echo(link)
        assert incoming.message.status == 0
        assert link._inbox.held == 0

    talk(linked(use, *data, p_data(1, encode_command(answer, False), command=True)))


def test_answers_that_come_too_fast_are_not_read() -> None:
    from filmless._core import encode_command

    answer = {"CommandField": 0x8030, "MessageIDBeingRespondedTo": 1, "Status": 0xFF00}
    flood = p_data(1, encode_command(answer, False), command=True) * 50_000

    async def use(link: Link) -> None:
        await link.happenings.get()
        box: Mailbox[Any] = Mailbox()
        link.answers_to(1, box)
        await link.send(1, {"CommandField": 0x30, "MessageID": 1, "AffectedSOPClassUID": VERIFICATION})
        most = 0
        for _ in range(50_000):
            assert (await link.next_of(box)).message.status == 0xFF00
            most = max(most, len(box))
        assert most < 5_000  # what comes by one read of the socket, and a little
        assert link._inbox.queued == 0

    talk(linked(use, flood))


def test_what_is_forgotten_waits_no_more() -> None:
    from filmless._core import encode_command

    answer = {"CommandField": 0x8020, "MessageIDBeingRespondedTo": 1, "Status": 0xFF00}
    data = [p_data(3, encode_command(answer, True), command=True), *[PIECE] * 200, LAST]

    async def use(link: Link) -> None:
        await echo(link)
        while not link._inbox.is_full:
            await asyncio.sleep(0)
        link.forget(1)
        assert link._inbox.held == 0
        assert not link._inbox.is_full

    talk(linked(use, *data))


# -- nothing is left -----------------------------------------------------------------------------------------------


def test_nothing_is_left_of_associations_that_are_over() -> None:
    ways = ("release", "close", "abort", "half")

    async def one(port: int, way: str) -> None:
        raw = await Raw.at(port)
        await raw.associate(*BOTH)
        raw.send(echo_bytes() + store_bytes(2, context=3) + (PIECE if way == "half" else LAST))
        assert await status_of(raw) == 0
        if way == "release":
            assert await status_of(raw) == 0
            await raw.release()
        elif way == "abort":
            raw.send(b"\7\0\0\0\0\4\0\0\0\0")
        await raw.close()

    async def main() -> int:
        async with storing().listen() as port:

            async def many(count: int) -> None:
                for start in range(0, count, 20):
                    await asyncio.gather(*(one(port, ways[at % 4]) for at in range(start, start + 20)))

            await many(40)
            gc.collect()
            gc.freeze()  # what others left does not count, nor is it looked at each time
            tracemalloc.start()
            try:
                before = tracemalloc.get_traced_memory()[0]
                await many(500)
                async with asyncio.timeout(60):  # the last of them are still being closed
                    while any(isinstance(found, Link) for found in gc.get_objects()):
                        await asyncio.sleep(0.01)
                        gc.collect()
                return tracemalloc.get_traced_memory()[0] - before
            finally:
                tracemalloc.stop()
                gc.unfreeze()

    assert talk(main()) < 300_000


def test_a_watch_counts_what_is_slow() -> None:
    watch = Watch(Timeouts(stall_s=10, pace_bytes_s=100), 0.0)
    watch.note_amid(1.0, is_amid=True)
    watch.received += 10
    assert watch.slow(9.0, pending=0, listening=True) is None
    assert watch.slow(10.0, pending=0, listening=True) is None  # it began within the window
    watch.received += 1000
    assert watch.slow(20.0, pending=0, listening=True) is None
    watch.received += 999
    assert watch.slow(30.0, pending=0, listening=False) is None  # we did not listen
    watch.received += 999
    assert watch.slow(40.0, pending=0, listening=True) is not None
    watch.note_amid(41.0, is_amid=False)
    watch.written += 5000
    assert watch.slow(50.0, pending=5000, listening=True) is None
    assert watch.slow(60.0, pending=4000, listening=True) is None
    assert watch.slow(70.0, pending=3001, listening=True) is not None
