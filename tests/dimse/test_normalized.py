"""The DIMSE-N services at pynetdicom's SCPs, awaited and blocking."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydicom.dataset import Dataset as PydicomDataset
from pynetdicom import AE, evt

from filmless.dataset import Dataset
from filmless.dimse import Scp
from filmless.dimse.uids import MPPS, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE
from filmless.errors import DimseStatusError

from .asked import Way, both_ways, opened
from .serving import serving_scp

FILM_SESSION = "1.2.840.10008.5.1.1.1"


@contextmanager
def managing(*sop_classes: str, **handlers: Any) -> Iterator[str]:
    """Run an SCP of pynetdicom's; gives its address."""
    ae = AE("THERE")
    for name in sop_classes:
        ae.add_supported_context(name)
    events = [(getattr(evt, f"EVT_{name}"), handler) for name, handler in handlers.items()]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=events)
    assert server is not None
    try:
        yield f"THERE@127.0.0.1:{server.socket.getsockname()[1]}"
    finally:
        server.shutdown()


@both_ways
def test_a_performed_procedure_step_begins_and_ends(way: Way) -> None:
    steps: dict[str, dict[str, str]] = {}

    def create(event: evt.Event) -> tuple[int, PydicomDataset | None]:
        uid = event.request.AffectedSOPInstanceUID or "1.2.3.4"
        if uid in steps:
            return 0x0111, None
        steps[uid] = {"status": event.attribute_list.PerformedProcedureStepStatus}
        event.request.AffectedSOPInstanceUID = uid
        return 0, event.attribute_list

    def change(event: evt.Event) -> tuple[int, PydicomDataset | None]:
        steps[event.request.RequestedSOPInstanceUID]["status"] = event.modification_list.PerformedProcedureStepStatus
        return 0, event.modification_list

    def tell(event: evt.Event) -> tuple[int, PydicomDataset]:
        ds = PydicomDataset()
        ds.PerformedProcedureStepStatus = steps[event.request.RequestedSOPInstanceUID]["status"]
        asked.append(event.attribute_identifiers)
        return 0, ds

    asked: list[Any] = []
    ds = Dataset()
    with (
        managing(MPPS, N_CREATE=create, N_SET=change, N_GET=tell) as address,
        opened(way, address, sop_classes=[MPPS]) as peer,
    ):
        ds.PerformedProcedureStepStatus = "IN PROGRESS"
        answer = peer.n_create(MPPS, "1.2.3", ds)
        assert answer.status == 0
        assert answer.dataset.PerformedProcedureStepStatus == "IN PROGRESS"
        with pytest.raises(DimseStatusError, match="0x0111"):
            peer.n_create(MPPS, "1.2.3", ds)
        ds.PerformedProcedureStepStatus = "COMPLETED"
        assert peer.n_set(MPPS, "1.2.3", ds).status == 0
        got = peer.n_get(MPPS, "1.2.3", ["PerformedProcedureStepStatus", "PatientID"])
        assert got.dataset.PerformedProcedureStepStatus == "COMPLETED"
        assert [int(tag) for tag in asked[0]] == [0x0040_0252, 0x0010_0020]
    assert steps == {"1.2.3": {"status": "COMPLETED"}}


@both_ways
def test_a_film_session_is_deleted(way: Way) -> None:
    deleted: list[str] = []

    def remove(event: evt.Event) -> int:
        deleted.append(event.request.RequestedSOPInstanceUID)
        return 0

    with managing(FILM_SESSION, N_DELETE=remove) as address, opened(way, address, sop_classes=[FILM_SESSION]) as peer:
        assert peer.n_delete(FILM_SESSION, "1.2.3").status == 0
    assert deleted == ["1.2.3"]


@both_ways
def test_storage_commitment_on_the_same_association(way: Way) -> None:
    committed: list[tuple[str, str]] = []

    def act(event: evt.Event) -> tuple[int, None]:
        information = event.action_information
        committed.extend(
            (i.ReferencedSOPClassUID, i.ReferencedSOPInstanceUID) for i in information.ReferencedSOPSequence
        )

        def report() -> None:
            ds = PydicomDataset()
            ds.TransactionUID = information.TransactionUID
            ds.ReferencedSOPSequence = information.ReferencedSOPSequence
            event.assoc.send_n_event_report(ds, 1, STORAGE_COMMITMENT, STORAGE_COMMITMENT_INSTANCE)

        threads.append(threading.Timer(0.05, report))
        threads[-1].start()
        return 0, None

    threads: list[threading.Thread] = []
    with (
        managing(STORAGE_COMMITMENT, N_ACTION=act) as address,
        opened(way, address, sop_classes=[STORAGE_COMMITMENT]) as peer,
    ):
        transaction = peer.request_commitment([("1.2", "1.2.3")])
        event = next(iter(peer.events(within_s=10)))
        assert list(peer.events(within_s=0.01)) == []
    for thread in threads:
        thread.join()
    assert committed == [("1.2", "1.2.3")]
    assert (event.sop_class, event.event_type_id) == (STORAGE_COMMITMENT, 1)
    assert event.dataset.TransactionUID == transaction


@both_ways
def test_sop_classes_are_named_by_keyword_too(way: Way) -> None:
    """What `Peer` has methods for is proposed when nothing is said."""
    scp, steps = Scp("THERE"), dict[str, str]()

    @scp.on_n_create("ModalityPerformedProcedureStep")
    def create(request: Any) -> None:
        steps[request.sop_instance_uid] = request.dataset().PerformedProcedureStepStatus

    @scp.on_n_action("StorageCommitmentPushModel")
    async def act(request: Any) -> None:
        steps["commit"] = (await request.dataset()).ReferencedSOPSequence[0].ReferencedSOPClassUID

    ds = Dataset()
    ds.PerformedProcedureStepStatus = "IN PROGRESS"
    with serving_scp(scp) as port, opened(way, f"THERE@127.0.0.1:{port}") as peer:
        assert peer.n_create("ModalityPerformedProcedureStep", "1.2.3", ds).status == 0
        peer.request_commitment([("CTImageStorage", "1.2.4")])
        with pytest.raises(ValueError, match="no keyword of a SOP class"):
            peer.n_create("ModalityPerformed", "1.2.3", ds)
    assert steps == {"1.2.3": "IN PROGRESS", "commit": "1.2.840.10008.5.1.4.1.1.2"}
    with pytest.raises(ValueError, match="no keyword of a SOP class"):
        scp.on_n_set("CTImageStore")(create)
