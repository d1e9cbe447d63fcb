"""Storage commitment: what is reported, where, and that it outlives a restart."""

import asyncio
import os
import queue
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt

from filmless.archive import Archive
from filmless.dimse import Scp
from filmless.dimse.services.commitment import PUSH_MODEL, StorageCommitment, reporting_to

from ..archive.made import instance_maker, uid_of
from .afterwards import Afterwards
from .sending import CT

make = instance_maker()
INSTANCE = "1.2.840.10008.1.20.1.1"
MR = "1.2.840.10008.5.1.4.1.1.4"


def request_of(*references: tuple[str, str], transaction: str = "1.2.3.4") -> Dataset:
    ds = Dataset()
    ds.TransactionUID = transaction
    ds.ReferencedSOPSequence = []
    for sop_class, instance in references:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
        ds.ReferencedSOPSequence.append(item)
    return ds


Reports = queue.SimpleQueue[tuple[int, Dataset]]


def told(reports: Reports) -> list[tuple[Any, Callable[..., Any]]]:
    afterwards = Afterwards()

    def take(event: Any) -> tuple[int, None]:
        afterwards.do(reports.put, (event.request.EventTypeID, event.event_information))
        return 0, None

    return [(evt.EVT_N_EVENT_REPORT, take), afterwards.handler]


def ask(port: int, ds: Dataset | None, reports: Reports | None, *, instance: str = INSTANCE, action: int = 1) -> int:
    """Ask for commitment; wait for the report on this association if there is to be one."""
    ae = AE("SCANNER")
    ae.add_requested_context(PUSH_MODEL)
    handlers: list[Any] = []
    waiting: Reports = queue.SimpleQueue()
    if reports is not None:
        handlers = told(waiting)
    association = ae.associate("127.0.0.1", port, ae_title="FILMLESS", evt_handlers=handlers)
    assert association.is_established
    try:
        status, _ = association.send_n_action(ds, action, PUSH_MODEL, instance)
        if reports is not None:
            reports.put(waiting.get(timeout=10))
        return int(status.Status)
    finally:
        association.release()


@asynccontextmanager
async def serving(commitment: StorageCommitment) -> AsyncIterator[int]:
    task = asyncio.create_task(commitment.run())
    try:
        async with Scp("FILMLESS", [commitment.service]).listen() as port:
            yield port
        async with asyncio.timeout(10):
            await asyncio.gather(*commitment._jobs.values())
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@contextmanager
def scanner(reports: Reports, port: int = 0) -> Iterator[int]:
    """A peer that listens for reports."""
    ae = AE("SCANNER")
    ae.add_supported_context(PUSH_MODEL, scu_role=False, scp_role=True)
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=told(reports))
    try:
        yield server.socket.getsockname()[1]
    finally:
        server.shutdown()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "archive") as opened:
        for number in (1, 2, 3):
            opened.store(make(number))
        yield opened


def references(ds: Dataset, keyword: str) -> list[tuple[str, str, int | None]]:
    return [
        (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID, item.get("FailureReason"))
        for item in ds.get(keyword, [])
    ]


def test_on_the_same_association(archive: Archive) -> None:
    reports: Reports = queue.SimpleQueue()

    async def talk() -> int:
        async with serving(StorageCommitment(archive)) as port:
            return await asyncio.to_thread(ask, port, request_of((CT, uid_of(1)), (CT, uid_of(2))), reports)

    assert asyncio.run(talk()) == 0
    event, report = reports.get_nowait()
    assert event == 1
    assert report.TransactionUID == "1.2.3.4"
    assert report.RetrieveAETitle == "FILMLESS"
    assert references(report, "ReferencedSOPSequence") == [(CT, uid_of(1), None), (CT, uid_of(2), None)]
    assert "FailedSOPSequence" not in report
    assert list((archive.folder / "commitment").iterdir()) == []


def test_what_is_not_kept_is_not_committed(archive: Archive) -> None:
    """Lost, of another SOP class, altered behind the archive's back, cut short: each has its reason."""
    reports: Reports = queue.SimpleQueue()
    paths = {}
    for entry in archive.entries(uid_of(0, level=1)):
        path = archive.path(entry)
        assert path is not None
        paths[entry.instance_uid] = Path(path)
    data = bytearray(paths[uid_of(2)].read_bytes())
    data[-1] ^= 1
    paths[uid_of(2)].write_bytes(data)
    os.truncate(paths[uid_of(3)], 2000)
    asked = [(CT, uid_of(1)), (MR, uid_of(1)), (CT, uid_of(2)), (CT, uid_of(3)), (CT, uid_of(99))]

    async def talk() -> int:
        async with serving(StorageCommitment(archive)) as port:
            return await asyncio.to_thread(ask, port, request_of(*asked), reports)

    assert asyncio.run(talk()) == 0
    event, report = reports.get_nowait()
    assert event == 2
    assert references(report, "ReferencedSOPSequence") == [(CT, uid_of(1), None)]
    assert references(report, "FailedSOPSequence") == [
        (MR, uid_of(1), 0x0119),
        (CT, uid_of(2), 0x0110),
        (CT, uid_of(3), 0x0110),
        (CT, uid_of(99), 0x0112),
    ]


@pytest.mark.parametrize("wanted", [True, False])
def test_on_a_new_association(archive: Archive, wanted: bool) -> None:
    """The peer is gone when the report is there, or its place is on an association of its own anyway."""
    reports: Reports = queue.SimpleQueue()

    async def talk(listening: int) -> tuple[int, tuple[int, Dataset]]:
        commitment = StorageCommitment(
            archive,
            peers=lambda name: reporting_to(f"{name}@127.0.0.1:{listening}", calling_ae_title="FILMLESS"),
            on_same_association=wanted,
        )
        released = asyncio.Event()
        if wanted:  # the report waits until the peer has released
            verify, loop = commitment._verify, asyncio.get_running_loop()

            def late(pending):
                asyncio.run_coroutine_threadsafe(released.wait(), loop).result()
                return verify(pending)

            commitment._verify = late  # type: ignore[method-assign]
        async with serving(commitment) as port:
            status = await asyncio.to_thread(ask, port, request_of((CT, uid_of(1))), None)
            released.set()
            return status, await asyncio.to_thread(reports.get, timeout=10)

    with scanner(reports) as listening:
        status, (event, report) = asyncio.run(talk(listening))
    assert (status, event) == (0, 1)
    assert references(report, "ReferencedSOPSequence") == [(CT, uid_of(1), None)]


def test_a_report_outlives_a_restart(archive: Archive) -> None:
    reports: Reports = queue.SimpleQueue()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = taken.getsockname()[1]  # bound and not listening
        failed = asyncio.Event()

        def peers(name: str):
            if failed_once:
                failed.set()
            failed_once.append(name)
            return reporting_to(f"{name}@127.0.0.1:{nobody}", calling_ae_title="FILMLESS")

        failed_once: list[str] = []

        async def unreachable() -> None:
            commitment = StorageCommitment(archive, peers=peers, on_same_association=False, first_delay_s=0)
            async with Scp("FILMLESS", [commitment.service]).listen() as port:
                task = asyncio.create_task(commitment.run())
                await asyncio.to_thread(ask, port, request_of((CT, uid_of(1))), None)
                async with asyncio.timeout(10):
                    await failed.wait()
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

        asyncio.run(unreachable())
    [kept] = (archive.folder / "commitment").iterdir()
    assert kept.suffix == ".json"
    assert set(kept.stem) <= set("0123456789abcdef")

    async def again(listening: int) -> tuple[int, Dataset]:
        commitment = StorageCommitment(
            archive, peers=lambda name: reporting_to(f"{name}@127.0.0.1:{listening}", calling_ae_title="FILMLESS")
        )
        async with serving(commitment):
            return await asyncio.to_thread(reports.get, timeout=10)

    with scanner(reports) as listening:
        event, report = asyncio.run(again(listening))
    assert event == 1
    assert report.TransactionUID == "1.2.3.4"


def test_a_peer_that_nobody_can_reach_is_given_up(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    async def talk() -> None:
        commitment = StorageCommitment(archive, on_same_association=False)
        async with serving(commitment) as port:
            await asyncio.to_thread(ask, port, request_of((CT, uid_of(1))), None)

    asyncio.run(talk())
    assert list((archive.folder / "commitment").iterdir()) == []
    assert "given up" in caplog.text


def test_what_fails_unexpectedly_is_kept_and_others_go_on(
    archive: Archive, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def peers(_: str) -> None:
        raise RuntimeError("Doe^Jane")

    async def talk() -> None:
        commitment = StorageCommitment(archive, peers=peers, on_same_association=False, most_references=2)
        monkeypatch.setattr(commitment._folder, "all", lambda: (_ for _ in ()).throw(PermissionError(13, "no")))
        async with serving(commitment) as port:
            for transaction in ("1.2", "1.3", "1.4"):
                ds = request_of((CT, uid_of(1)), transaction=transaction)
                assert await asyncio.to_thread(ask, port, ds, None) == 0
                while commitment._jobs or commitment._new.qsize():
                    await asyncio.sleep(0.01)

    asyncio.run(talk())
    assert len(list((archive.folder / "commitment").iterdir())) == 3
    assert "RuntimeError" in caplog.text
    assert "Jane" not in caplog.text


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_requests_that_are_refused(archive: Archive) -> None:
    empty = Dataset()
    empty.TransactionUID = "1.2"
    cases = [
        ({"ds": request_of((CT, uid_of(1))), "instance": "1.2.3"}, 0x0112),
        ({"ds": request_of((CT, uid_of(1))), "action": 2}, 0x0123),
        ({"ds": empty}, 0x0120),
        ({"ds": None}, 0x0120),
        ({"ds": request_of((CT, uid_of(1)), transaction="1.2.3/../..")}, 0x0115),
    ]

    async def talk() -> list[int]:
        async with serving(StorageCommitment(archive)) as port:
            statuses = [await asyncio.to_thread(ask, port, reports=None, **case) for case, _ in cases]  # type: ignore[arg-type]
        async with serving(StorageCommitment(archive, most_pending=0)) as port:
            statuses.append(await asyncio.to_thread(ask, port, request_of((CT, uid_of(1))), None))
        async with serving(StorageCommitment(archive, most_references=1)) as port:
            two = request_of((CT, uid_of(1)), (CT, uid_of(2)))
            statuses.append(await asyncio.to_thread(ask, port, two, None))
        return statuses

    assert asyncio.run(talk()) == [*(status for _, status in cases), 0x0213, 0x0213]
    assert not (archive.folder / "commitment").exists()


def test_what_is_out_of_sight_is_not_there(archive: Archive) -> None:
    from filmless.dimse.scp.service import Service
    from filmless.security import Principal

    reports: Reports = queue.SimpleQueue()

    def talk(principal: Principal) -> int:
        commitment = StorageCommitment(archive)
        handler = commitment.service.handlers["N-ACTION"]

        async def known(request) -> None:
            request.association.principal = principal
            await handler(request)

        commitment.service = Service(commitment.service.accepted, {"N-ACTION": known})

        async def serve() -> int:
            async with serving(commitment) as port:
                wanted = reports if principal.may("write") else None
                return await asyncio.to_thread(ask, port, request_of((CT, uid_of(1))), wanted)

        return asyncio.run(serve())

    assert talk(Principal("x", frozenset({"read"}))) == 0x0124
    assert talk(Principal("x", frozenset({"write"}), frozenset({"somebody else"}))) == 0
    event, report = reports.get_nowait()
    assert event == 2
    assert references(report, "FailedSOPSequence") == [(CT, uid_of(1), 0x0112)]
