"""Queries beside slow readers: what is read ahead, and how many read the index at a time."""

import asyncio
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from filmless.archive import Archive, Query
from filmless.archive.query import Row
from filmless.dimse import Scp, connect
from filmless.dimse.services.query import query
from filmless.errors import DimseStatusError

from .people import five_people


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "archive") as made:
        for ds in five_people():
            made.store(ds)
        yield made


@contextmanager
def counted(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count how many streams of rows are open at a time: each is a connection to PostgreSQL."""
    now, most, lock, rows = [0], [0], threading.Lock(), archive.rows

    def counting(query: Query) -> Generator[Row]:
        found = rows(query)
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            yield from found
        finally:
            found.close()
            with lock:
                now[0] -= 1

    with monkeypatch.context() as patch:
        patch.setattr(archive, "rows", counting)
        yield most
    assert now == [0]


@pytest.mark.parametrize("ahead", [1 << 20, 1])
def test_slow_readers_do_not_keep_the_index_from_others(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    """A few connections are enough for any number of queries: what is read ahead needs none."""

    async def answers(port: int, gate: asyncio.Event, begun: asyncio.Event) -> int:
        async with connect(f"FILMLESS@127.0.0.1:{port}") as peer:
            count = 0
            async for _ in peer.find(PatientID="P*"):
                count += 1
                begun.set()
                await gate.wait()
            return count

    async def main() -> list[int]:
        gates = [asyncio.Event() for _ in range(6)]
        async with Scp("FILMLESS", [query(archive, reading=2, ahead_bytes=ahead)]).listen() as port:
            begun = [asyncio.Event() for _ in gates]
            tasks = [asyncio.create_task(answers(port, *both)) for both in zip(gates, begun, strict=True)]
            # None goes on before the last has begun; where nothing is read ahead, two have to before the next can.
            if ahead > 1:
                await asyncio.gather(*(one.wait() for one in begun))
            for gate in gates:
                gate.set()
            return await asyncio.gather(*tasks)

    with counted(archive, monkeypatch) as most:
        found = asyncio.run(asyncio.wait_for(main(), 60))
    assert len(set(found)) == 1
    assert found[0] > 2
    assert 0 < most[0] <= 2


def test_a_query_that_waits_too_long_for_others_is_told(archive: Archive) -> None:
    async def main() -> None:
        service = query(archive, reading=1, ahead_bytes=0, timeout_s=0.2)
        held = service.handlers["C-FIND"].__self__.reading  # type: ignore[attr-defined]
        async with Scp("FILMLESS", [service]).listen() as port, connect(f"FILMLESS@127.0.0.1:{port}") as peer:
            await held.acquire()
            with pytest.raises(DimseStatusError, match="A700"):
                [one async for one in peer.find(PatientID="P*")]
            held.release()
            assert [one async for one in peer.find(PatientID="P*")]

    asyncio.run(asyncio.wait_for(main(), 60))
