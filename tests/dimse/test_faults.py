"""Peers that abort, reset and stall at every fragment of every operation that we ask for."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from filmless import Dataset, read
from filmless.dimse import Scp, Timeouts, connect, connect_blocking
from filmless.dimse.operations.store import StoreReport
from filmless.dimse.scp.request import Request
from filmless.errors import NetworkError

from ..archive.made import instance_maker, uid_of
from .faulty import Kind, Line, cuts
from .sending import behind_meta
from .talking import CT, STUDY_FIND, VERIFICATION, talk

STUDY_MOVE, STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.2", "1.2.840.10008.5.1.4.1.2.2.3"
MPPS, COMMITMENT = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.20.1"
CLASSES = [VERIFICATION, CT, STUDY_FIND, STUDY_MOVE, STUDY_GET, MPPS, COMMITMENT]
PATIENT = Timeouts(linger_s=0.1)
IMPATIENT = Timeouts(association_s=0.8, response_s=0.8, stall_s=0.4, idle_s=0.8, linger_s=0.1)
LONGEST_S = 10
"""More than all limits together, for a machine that is busy."""

make = instance_maker(size=20_000)
FILES = [make(number) for number in range(3)]
UIDS = {uid_of(number) for number in range(3)}


def entity() -> Scp:
    scp = Scp("FILMLESS")

    @scp.on_store
    async def store(request: Request) -> None:
        await request.dataset()

    @scp.on_find
    async def find(_: Request) -> AsyncIterator[Any]:
        for number in range(3):
            ds = Dataset()
            ds.QueryRetrieveLevel, ds.StudyInstanceUID = "STUDY", f"1.2.{number}"
            yield ds

    @scp.on_get
    async def get(_: Request) -> AsyncIterator[Any]:
        for file in FILES:
            yield read(file)

    @scp.on_move
    async def move(request: Request) -> int:
        await request.respond(0xFF00, NumberOfCompletedSuboperations=1)
        return 0

    @scp.on_n_set(MPPS)
    async def change(request: Request) -> Dataset | None:
        return await request.dataset()

    @scp.on_n_action(COMMITMENT)
    async def commit(request: Request) -> None:
        await request.dataset()

    return scp


def step() -> Dataset:
    ds = Dataset()
    ds.PerformedProcedureStepStatus = "IN PROGRESS"
    return ds


OPERATIONS: dict[str, Callable[[Any, Path], Any]] = {
    "echo": lambda peer, _: peer.echo(),
    "store": lambda peer, _: peer.store(FILES, retries=0),
    "find": lambda peer, _: peer.find(PatientName="*"),
    "get": lambda peer, folder: peer.get("1.2", into=folder),
    "get into memory": lambda peer, _: peer.get("1.2"),
    "move": lambda peer, _: peer.move("1.2", destination="THERE"),
    "n_set": lambda peer, _: peer.n_set(MPPS, "1.2.3", step()),
    "commitment": lambda peer, _: peer.request_commitment([(CT, "1.2.3")]),
}


async def asynchronously(port: int, name: str, folder: Path, timeouts: Timeouts) -> Any:
    async with connect(f"FILMLESS@127.0.0.1:{port}", sop_classes=CLASSES, timeouts=timeouts) as peer:
        asked = OPERATIONS[name](peer, folder)
        return [one async for one in asked] if hasattr(asked, "__aiter__") else await asked


def blocking(port: int, name: str, folder: Path, timeouts: Timeouts) -> Any:
    with connect_blocking(f"FILMLESS@127.0.0.1:{port}", sop_classes=CLASSES, timeouts=timeouts) as peer:
        asked = OPERATIONS[name](peer, folder)
        return list(asked) if hasattr(asked, "__next__") else asked


def are_whole(folder: Path) -> None:
    """Whether there is no half file in a folder."""
    for path in folder.iterdir():
        assert behind_meta(path.read_bytes()) in {behind_meta(file) for file in FILES}
        assert path.suffix == ".dcm"


def told_right(report: StoreReport, line: Line, kind: Kind) -> None:
    """Whether each is told of once, and exactly what was acknowledged is stored."""
    stored = {one.instance_uid for one in report.stored}
    acknowledged = {uid for uid, status in line.statuses().items() if status == 0}
    # What came right before a reset may be lost on the way.
    assert stored <= acknowledged if kind == "reset" else stored == acknowledged
    failed = [int(one.source.removeprefix("source ")) - 1 for one in report.failed]
    assert sorted([uid_of(number) for number in failed] + list(stored)) == sorted(UIDS)
    assert all(one.unanswered for one in report.failed)


async def nothing_left(before: set[Any]) -> None:
    """Wait until the tasks of associations that are over have ended."""
    async with asyncio.timeout(LONGEST_S):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


@pytest.mark.parametrize("way", [asynchronously, blocking])
@pytest.mark.parametrize("kind", ["close", "reset", "abort", "stall"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_faults_at_every_fragment(name: str, kind: Kind, way: Callable[..., Any], tmp_path: Path) -> None:
    timeouts = IMPATIENT if kind == "stall" else PATIENT

    async def ask(pool: ThreadPoolExecutor, port: int, line: Line, folder: Path) -> Any:
        folder.mkdir()
        async with line.to(port) as between, asyncio.timeout(LONGEST_S):
            if way is asynchronously:
                return await way(between, name, folder, timeouts)
            return await asyncio.get_running_loop().run_in_executor(pool, way, between, name, folder, timeouts)

    async def one(pool: ThreadPoolExecutor, port: int, line: Line, folder: Path) -> None:
        found = None
        with suppress(NetworkError):
            found = await ask(pool, port, line, folder)
        if found is not None and name == "store":
            told_right(found, line, kind)
        elif found is not None and name == "get":
            assert len(found) == len(list(folder.iterdir())) == 3
        are_whole(folder)

    async def main() -> None:
        before = asyncio.all_tasks()
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(entity().listen(grace_s=0))
            pool = stack.enter_context(ThreadPoolExecutor(64))
            honest = Line()
            await ask(pool, port, honest, tmp_path / "honest")
            # How an association begins is the same for all.
            behind = 0 if name == "echo" else 1
            lines = [Line(kind, back=at) for at in cuts(bytes(honest.came), kind, behind=behind)]
            lines += [Line(kind, there=at) for at in cuts(bytes(honest.went), kind, behind=behind)]
            await asyncio.gather(*(one(pool, port, line, tmp_path / str(at)) for at, line in enumerate(lines)))
        await nothing_left(before)

    gc.collect()
    files, threads = open_files(), set(threading.enumerate())
    talk(main())
    gc.collect()
    assert open_files() <= files
    assert {one for one in threading.enumerate() if not one.daemon} <= threads
