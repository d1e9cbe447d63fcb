"""Instance availability, and events of performed steps: told to us by pynetdicom, and told by us to it."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset as PydicomDataset
from pynetdicom import AE, evt
from pynetdicom.association import Association

from filmless.archive import Archive
from filmless.dataset import Dataset
from filmless.dimse.services.availability import Availability, Notified, availability, availability_of
from filmless.dimse.services.mpps import step_notice
from filmless.dimse.services.notifying import AVAILABILITY, STEP_NOTIFICATION, Notice, Notifier, notifying_to
from filmless.dimse.services.performed_steps import PerformedStep
from filmless.errors import NotFoundError

from .afterwards import Afterwards
from .ris_files import WITH_PYNETDICOM, serving

pytestmark = WITH_PYNETDICOM

STUDY = "1.2.826.0.1.3680043.2.1.1"


def instance(number: int, series: str = "1.2.3") -> Dataset:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SOPInstanceUID": f"{series}.{number}"})
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.PatientID = STUDY, series, "42"
    return ds


def notification() -> PydicomDataset:
    one, series, ds = PydicomDataset(), PydicomDataset(), PydicomDataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.1"
    one.InstanceAvailability, one.RetrieveAETitle = "ONLINE", "PACS"
    series.SeriesInstanceUID, series.ReferencedSOPSequence = "1.2.3", [one]
    ds.StudyInstanceUID, ds.ReferencedSeriesSequence = STUDY, [series]
    ds.ReferencedPerformedProcedureStepSequence = []
    return ds


@pytest.fixture
def told() -> list[Notified]:
    return []


@pytest.fixture
def teller(told: list[Notified]) -> Iterator[Association]:
    """pynetdicom, which tells us."""
    with serving(availability(told.append)) as port:
        ae = AE()
        ae.add_requested_context(AVAILABILITY)
        association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
        assert association.is_established
        yield association
        association.release()


def test_we_are_told(teller: Association, told: list[Notified]) -> None:
    assert teller.send_n_create(notification(), AVAILABILITY, "1.2.3")[0].Status == 0
    assert teller.send_n_create(notification(), AVAILABILITY, None)[0].Status == 0
    assert told == [Notified(STUDY, {"ONLINE": 1}, "PYNETDICOM")] * 2


def test_what_is_no_notification(teller: Association, told: list[Notified]) -> None:
    ds = notification()
    ds.StudyInstanceUID = ""
    assert teller.send_n_create(ds, AVAILABILITY, "1.2.3")[0].Status == 0x0121
    del ds.StudyInstanceUID
    assert teller.send_n_create(ds, AVAILABILITY, "1.2.3")[0].Status == 0x0120
    assert told == []


@contextmanager
def listening(port: int = 0, *, status: int = 0) -> Iterator[tuple[int, list[tuple[Any, ...]], threading.Event]]:
    """pynetdicom, which is told: its port, what it heard, and whether it heard something."""
    heard: list[tuple[Any, ...]] = []
    some, afterwards = threading.Event(), Afterwards()

    def create(event: Any) -> tuple[int, None]:
        heard.append(("N-CREATE", event.attribute_list))
        afterwards.do(some.set)
        return status, None

    def happened(event: Any) -> tuple[int, None]:
        heard.append(("N-EVENT-REPORT", event.request.AffectedSOPInstanceUID, event.event_type))
        afterwards.do(some.set)
        return status, None

    ae = AE("RIS")
    ae.add_supported_context(AVAILABILITY)
    ae.add_supported_context(STEP_NOTIFICATION, scu_role=True, scp_role=True)
    handlers = [(evt.EVT_N_CREATE, create), (evt.EVT_N_EVENT_REPORT, happened), afterwards.handler]
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    try:
        yield server.socket.getsockname()[1], heard, some
    finally:
        server.shutdown()


def notifier_to(*ports: int, **options: Any) -> Notifier:
    def opening(port: int) -> Callable[[], Any]:
        return lambda: notifying_to(f"RIS@127.0.0.1:{port}", calling_ae_title="FILMLESS")

    return Notifier({f"ris-{n}": opening(port) for n, port in enumerate(ports)}, **options)


async def while_running(notifier: Notifier, *others: Any, until: threading.Event, then: Callable[[], Any]) -> None:
    tasks = [asyncio.create_task(one) for one in (notifier.run(), *others)]
    await asyncio.sleep(0)
    try:
        await asyncio.to_thread(then)
        assert await asyncio.to_thread(until.wait, 10)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_peers_are_told_of_a_study_once_it_is_quiet(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive, listening() as (port, heard, some):
        notifier = notifier_to(port)

        async def talk() -> None:
            notices = Availability(archive, notifier, ae_title="FILMLESS", quiet_s=0.3)
            archive.tell_outcomes(lambda outcome, _: notices.arrived(outcome))

            def store() -> None:
                for series in ("1.2.3", "1.2.4"):
                    for number in range(3):
                        archive.store(instance(number, series))

            await while_running(notifier, notices.run(), until=some, then=store)

        asyncio.run(talk())
    [(message, ds)] = heard
    assert (message, ds.StudyInstanceUID) == ("N-CREATE", STUDY)
    references = [one for series in ds.ReferencedSeriesSequence for one in series.ReferencedSOPSequence]
    assert {one.ReferencedSOPInstanceUID for one in references} == {f"1.2.{s}.{n}" for s in (3, 4) for n in range(3)}
    assert {(one.InstanceAvailability, one.RetrieveAETitle) for one in references} == {("ONLINE", "FILMLESS")}


def test_a_study_that_is_not_there(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive, pytest.raises(NotFoundError):
        availability_of(archive, STUDY, ae_title="FILMLESS")


def test_events_of_performed_steps() -> None:
    steps = [PerformedStep("1.2.3", status, ("", ""), "42", frozenset()) for status in ("IN PROGRESS", "COMPLETED")]
    with listening() as (port, heard, _), listening() as (other, more, _):
        notifier = notifier_to(port, other)
        done = threading.Event()

        async def talk() -> None:
            def tell() -> None:
                for step in steps:
                    notifier.tell(step_notice(step))
                while not len(heard) == len(more) == 2:
                    threading.Event().wait(0.01)
                done.set()

            await while_running(notifier, until=done, then=tell)

        asyncio.run(talk())
    assert heard == more == [("N-EVENT-REPORT", "1.2.3", 1), ("N-EVENT-REPORT", "1.2.3", 2)]


def test_a_peer_that_is_not_there_yet_is_told_later(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    notifier = notifier_to(port, attempts=50, first_delay_s=0.05, longest_delay_s=0.05)
    step = PerformedStep("1.2.3", "COMPLETED", ("", ""), "42", frozenset())

    async def talk() -> None:
        task = asyncio.create_task(notifier.run())
        notifier.tell(step_notice(step))
        while "a notice to ris-0 failed" not in caplog.text:
            await asyncio.sleep(0.01)
        with listening(port) as (_, heard, some):
            assert await asyncio.to_thread(some.wait, 10)
            assert heard == [("N-EVENT-REPORT", "1.2.3", 2)]
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(talk())


def test_what_a_peer_does_not_want_is_not_told_again(caplog: pytest.LogCaptureFixture) -> None:
    step = PerformedStep("1.2.3", "COMPLETED", ("", ""), "42", frozenset())
    with listening(status=0x0110) as (port, heard, some):
        notifier = notifier_to(port, first_delay_s=0.01)

        async def talk() -> None:
            def tell() -> None:
                notifier.tell(step_notice(step))
                while "does not take a notice" not in caplog.text:
                    threading.Event().wait(0.01)

            await while_running(notifier, until=some, then=tell)

        asyncio.run(talk())
    assert len(heard) == 1


def test_a_notice_that_cannot_be_made_does_not_keep_others(caplog: pytest.LogCaptureFixture) -> None:
    def made() -> Dataset:
        raise OSError("Doe^Jane")

    with listening() as (port, heard, some):
        notifier = notifier_to(port)

        async def talk() -> None:
            def tell() -> None:
                notifier.tell(Notice("N-CREATE", AVAILABILITY, "1.2", {}, made))
                notifier.tell(step_notice(PerformedStep("1.2.3", "COMPLETED", ("", ""), "42", frozenset())))

            await while_running(notifier, until=some, then=tell)

        asyncio.run(talk())
    assert heard == [("N-EVENT-REPORT", "1.2.3", 2)]
    assert "OSError" in caplog.text
    assert "Jane" not in caplog.text


def test_more_notices_than_may_wait(caplog: pytest.LogCaptureFixture) -> None:
    notifier = notifier_to(1, most_waiting=2)
    for number in range(3):
        notifier.tell(step_notice(PerformedStep(f"1.2.{number}", "COMPLETED", ("", ""), "42", frozenset())))
    assert "too many wait" in caplog.text
