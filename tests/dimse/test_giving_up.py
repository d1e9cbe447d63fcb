"""Operations that are given up, or fail, in the middle: nothing is left, and the association goes on where it can."""

import asyncio
import contextlib
import gc
import os
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from filmless._core import Acceptable
from filmless.dataset import Dataset
from filmless.dimse import Scp, connect, connect_blocking
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.sending import ReadAhead
from filmless.dimse.services.verification import verification
from filmless.dimse.sources import FilePart
from filmless.dimse.status import CANCELLED, PENDING, SUCCESS
from filmless.dimse.uids import STUDY_ROOT
from filmless.errors import NetworkError
from filmless.file import read, write

from .asked import Way, both_ways, opened
from .serving import serving_scp
from .talking import talk

STUDY = Dataset({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2.3"})


async def cancelled(request: Request) -> None:
    """Wait until the peer wants no more."""
    await asyncio.wait_for(request._incoming.cancelled.wait(), 20)


class Finding:
    """An SCP that answers C-FIND until it is told to stop."""

    def __init__(self, *, answers: int = 1) -> None:
        self.scp, self.answers = Scp("FILMLESS", [verification()]), answers
        self.begun, self.cancelled = 0, 0

        @self.scp.on_find
        async def find(request: Request) -> AsyncIterator[Dataset]:
            self.begun += 1
            for _ in range(self.answers):
                yield STUDY
            await cancelled(request)
            self.cancelled += 1


@contextlib.contextmanager
def complaints() -> Iterator[list[dict[str, Any]]]:
    """Gather what the event loop complains of."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))
    yield found


def test_a_query_that_is_given_up_by_time_is_cancelled() -> None:
    async def main() -> None:
        finding = Finding()
        async with finding.scp.listen() as port, connect(f"FILMLESS@127.0.0.1:{port}") as peer:
            with pytest.raises(TimeoutError):  # noqa: PT012
                async with asyncio.timeout(0.2):
                    async for _ in peer.find():
                        pass
            await peer.echo()  # with room for one operation, it has to wait for the query's last answer
        assert (finding.begun, finding.cancelled) == (1, 1)

    talk(main())


def test_a_retrieval_that_is_given_up_by_time_ends_the_association() -> None:
    """What the peer goes on to send would wait for answers that nobody gives."""

    async def get(request: Request) -> None:
        await request.respond(PENDING, NumberOfRemainingSuboperations=9)
        await asyncio.wait_for(request.association.link.closed(), 20)

    scp = Scp("FILMLESS", [Service((Acceptable(STUDY_ROOT[2]),), {"C-GET": get}), verification()])

    async def main() -> None:
        async with scp.listen() as port, connect(f"FILMLESS@127.0.0.1:{port}") as peer:
            with pytest.raises(TimeoutError):  # noqa: PT012
                async with asyncio.timeout(0.2):
                    async for _ in peer.get("1.2.3"):
                        pass
            with pytest.raises(NetworkError, match="a retrieval was given up"):
                await peer.echo()

    talk(main())


def test_a_generator_that_outlives_its_association_says_nothing() -> None:
    async def main() -> None:
        finding = Finding()
        with complaints() as found:
            async with finding.scp.listen() as port:
                kept: list[Any] = []
                with pytest.raises(LookupError):  # noqa: PT012
                    async with connect(f"FILMLESS@127.0.0.1:{port}") as peer:
                        kept.append(peer.find())
                        await anext(kept[0])
                        raise LookupError
                before = asyncio.all_tasks()
                kept.clear()
                gc.collect()
                await asyncio.sleep(0)
                closing = asyncio.all_tasks() - before
                assert closing, "the event loop ends generators that are forgotten"
                await asyncio.wait(closing, timeout=5)
            gc.collect()
        assert not found

    talk(main())


def test_a_blocking_generator_that_outlives_its_association_says_nothing() -> None:
    finding = Finding()
    with serving_scp(finding.scp) as port:
        with pytest.raises(LookupError), connect_blocking(f"FILMLESS@127.0.0.1:{port}") as peer:  # noqa: PT012
            kept: Any = peer.find()
            next(kept)
            raise LookupError
        kept.close()


def test_cancelled_while_leaving_closes_the_connection() -> None:
    async def main() -> None:
        finding = Finding()
        async with finding.scp.listen() as port:
            entered, peers = asyncio.Event(), list[Any]()

            async def leave() -> None:
                async with connect(f"FILMLESS@127.0.0.1:{port}") as peer:
                    found: Any = peer.find()
                    await anext(found)
                    peers.extend([peer, found])
                    entered.set()

            task = asyncio.create_task(leave())
            await entered.wait()
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            link = peers[0].association.link
            await asyncio.wait_for(link.closed(), 5)
            await peers[1].aclose()

    talk(main())


@both_ways
def test_a_retrieval_whose_progress_fails_is_cancelled(way: Way) -> None:
    seen: list[str] = []

    async def get(request: Request) -> None:
        await request.respond(PENDING, NumberOfRemainingSuboperations=9)
        await cancelled(request)
        seen.append("cancelled")
        await request.respond(CANCELLED)

    scp = Scp("FILMLESS", [Service((Acceptable(STUDY_ROOT[2]),), {"C-GET": get}), verification()])

    def progress(_: object) -> None:
        raise LookupError

    with serving_scp(scp) as port, opened(way, f"FILMLESS@127.0.0.1:{port}") as peer:
        with pytest.raises(LookupError):
            list(peer.get("1.2.3", progress=progress))
        peer.echo()
    assert seen == ["cancelled"]


@both_ways
def test_a_store_whose_progress_fails_leaves_an_association_that_works(way: Way, pydicom_files: list[Path]) -> None:
    ct = next(path for path in pydicom_files if path.name == "CT_small.dcm")
    scp = Scp("FILMLESS", [verification()])

    @scp.on_store
    async def store(_: Request) -> int:
        return SUCCESS

    def progress(_: object) -> None:
        raise LookupError

    with serving_scp(scp) as port, opened(way, f"FILMLESS@127.0.0.1:{port}") as peer:
        with pytest.raises(LookupError):
            peer.store([ct] * 20, progress=progress)
        peer.echo()
        assert len(peer.store(ct).stored) == 1


@both_ways
def test_a_file_that_goes_while_it_is_sent_leaves_a_whole_report(
    way: Way, pydicom_files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ct = next(path for path in pydicom_files if path.name == "CT_small.dcm")
    ds = read(ct)
    large = tmp_path / "large.dcm"
    ds.PixelData = bytes(3 << 20)
    write(ds, large)
    scp = Scp("FILMLESS", [verification()])

    @scp.on_store
    async def store(request: Request) -> int:
        await request.dataset()
        return SUCCESS

    begin = FilePart.pieces

    def cut(self: FilePart) -> Iterator[Any]:
        for piece in begin(self):
            os.truncate(self.path, 2 << 20)
            yield piece

    def gone(self: FilePart) -> Iterator[Any]:
        Path(self.path).unlink()
        yield from begin(self)

    with serving_scp(scp) as port:
        monkeypatch.setattr(FilePart, "pieces", cut)
        with pytest.raises(NetworkError), opened(way, f"FILMLESS@127.0.0.1:{port}") as peer:  # noqa: PT012
            report = peer.store([ct, large, ct, ct])
            assert len(report.stored) + len(report.failed) == 4
            [broken] = [one for one in report.failed if one.source == str(large)]
            assert broken.error == "the file was cut off while it was sent"
            assert all(one.unanswered for one in report.failed if one is not broken)
            peer.echo()
        write(ds, large)
        monkeypatch.setattr(FilePart, "pieces", gone)
        with opened(way, f"FILMLESS@127.0.0.1:{port}") as peer:  # nothing of it was sent: the association goes on
            report = peer.store([ct, large, ct])
            assert [one.error for one in report.failed] == ["no such file or directory"]
            assert len(report.stored) == 2
            peer.echo()


def test_an_iterable_that_fails_is_told_however_late_it_is_looked_at() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("gone")

    ahead: ReadAhead[int, int] = ReadAhead(items(), lambda item: item)
    while ahead.ready() is None:
        ahead.wait()
    assert ahead.wait(5)
    while not ahead._is_over:
        ahead.wait()
    assert not ahead.is_done, "an error is still to be told"
    with pytest.raises(LookupError):
        ahead.ready()


def test_what_is_ready_is_bounded_by_what_it_holds() -> None:
    made: list[int] = []
    third = threading.Event()

    def work(item: int) -> int:
        made.append(item)
        if item == 3:
            third.set()
        return item

    ahead: ReadAhead[int, int] = ReadAhead(range(1, 9), work, weigh=lambda _: 60, most=100)
    assert ahead.ready() is None
    while len(ahead._ready) < 2:
        ahead.wait()
    assert not third.wait(0.1)
    assert made == [1, 2]
    assert ahead.ready() == 1
    assert third.wait(5)
    ahead.close()
