"""C-MOVE on an archive, asked by pynetdicom and DCMTK, to pynetdicom, DCMTK and ourselves."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset as PydicomDataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelMove as MOVE

from filmless.archive import Archive
from filmless.dimse.scp.request import Request
from filmless.dimse.services.destinations import Destination
from filmless.dimse.services.move import move
from filmless.dimse.timeouts import Timeouts
from filmless.file import read
from filmless.security import Audit

from .dcmtk import dcmtk
from .identifiers import identifier
from .receiving import EXPLICIT, IMPLICIT, pynetdicom_scp, storescp
from .serving import serving

CT = "1.2.840.10008.5.1.4.1.1.2"
WHOLE = identifier("STUDY", StudyInstanceUID="1.2.1")


def _data_set(content: bytes) -> bytes:
    return content[144 + int.from_bytes(content[140:144], "little") :]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, pydicom_files: list[Path]) -> Iterator[Archive]:
    """An archive of a study of four instances of CT_small.dcm."""
    source = read(next(path for path in pydicom_files if path.name == "CT_small.dcm"))
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        for number in range(1, 5):
            ds = source.copy()
            ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.1", "1.2.1.1"
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.1.1.{number}"
            archive.store(ds)
        yield archive


def moved(
    archive: Archive, there: int, *, to: str = "THERE", what: PydicomDataset = WHOLE, **options: Any
) -> tuple[list[PydicomDataset], PydicomDataset | None]:
    """Have instances moved to a port of loopback; return the statuses, and the last identifier."""
    destinations = {"THERE": Destination("127.0.0.1", there, timeouts=Timeouts(response_s=20))}
    with serving([move(archive, destinations, pending_s=0)], **options) as port:
        ae = AE("ASKING")
        ae.add_requested_context(MOVE)
        association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
        assert association.is_established
        answers = list(association.send_c_move(what, to, MOVE, msg_id=5))
        association.release()
    return [status for status, _ in answers], answers[-1][1]


def test_move(archive: Archive) -> None:
    with pynetdicom_scp([(CT, [EXPLICIT])]) as received:
        statuses, _ = moved(archive, received.port)
    assert [status.Status for status in statuses] == [0xFF00] * (len(statuses) - 1) + [0]
    assert statuses[-1].NumberOfCompletedSuboperations == 4
    assert received.originators == {("ASKING", 5)}
    assert received.instances == {
        entry.instance_uid: (EXPLICIT, _data_set(archive.read(entry))) for entry in archive.entries("1.2.1")
    }


def test_the_audit_has_who_was_sent_to(archive: Archive, tmp_path: Path) -> None:
    with Audit(tmp_path / "audit.jsonl") as audit, pynetdicom_scp([(CT, [EXPLICIT])]) as received:
        moved(archive, received.port, audit=audit)
        moved(archive, received.port, to="DOE JANE", audit=audit)
    lines = map(json.loads, (tmp_path / "audit.jsonl").read_text().splitlines())
    found = [(one["status"], one.get("sent_to"), one.get("sent")) for one in lines if one["operation"] == "C-MOVE"]
    assert found == [("0000", "THERE", 4), ("A801", None, None)]
    assert "JANE" not in (tmp_path / "audit.jsonl").read_text()


def test_move_in_what_the_destination_takes(archive: Archive) -> None:
    with pynetdicom_scp([(CT, [IMPLICIT])]) as received:
        statuses, _ = moved(archive, received.port)
    assert statuses[-1].Status == 0
    assert {transfer_syntax for transfer_syntax, _ in received.instances.values()} == {IMPLICIT}


def test_unknown_destination(archive: Archive) -> None:
    [status], _ = moved(archive, 1, to="ELSEWHERE")
    assert status.Status == 0xA801


def test_nobody_listens(archive: Archive) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and not listening
        statuses, failed = moved(archive, taken.getsockname()[1])
    assert (statuses[-1].Status, statuses[-1].NumberOfFailedSuboperations) == (0xA702, 4)
    assert failed is not None
    assert len(failed.FailedSOPInstanceUIDList) == 4


def test_destination_takes_nothing_of_it(archive: Archive) -> None:
    with pynetdicom_scp([("1.2.840.10008.5.1.4.1.1.4", [EXPLICIT])]) as received:
        statuses, _ = moved(archive, received.port)
    assert (statuses[-1].Status, statuses[-1].NumberOfFailedSuboperations) == (0xA702, 4)


def test_destination_refuses_one(archive: Archive) -> None:
    with pynetdicom_scp(
        [(CT, [EXPLICIT])], status=lambda event: 0xA700 if event.request.AffectedSOPInstanceUID == "1.2.1.1.2" else 0
    ) as received:
        statuses, failed = moved(archive, received.port)
    assert (statuses[-1].Status, statuses[-1].NumberOfCompletedSuboperations) == (0xB000, 3)
    assert failed is not None
    assert failed.FailedSOPInstanceUIDList == "1.2.1.1.2"


def test_destination_aborts(archive: Archive) -> None:
    def abort(event: evt.Event) -> int:
        if event.request.AffectedSOPInstanceUID == "1.2.1.1.3":
            event.assoc.abort()
        return 0

    with pynetdicom_scp([(CT, [EXPLICIT])], status=abort) as received:
        statuses, failed = moved(archive, received.port)
    assert (statuses[-1].Status, statuses[-1].NumberOfCompletedSuboperations) == (0xB000, 3)
    assert failed is not None
    assert failed.FailedSOPInstanceUIDList == "1.2.1.1.3"


def test_destination_that_always_aborts_is_not_asked_for_ever(archive: Archive) -> None:
    def abort(event: evt.Event) -> int:
        event.assoc.abort()
        return 0

    with pynetdicom_scp([(CT, [EXPLICIT])], status=abort) as received:
        statuses, failed = moved(archive, received.port)
    assert (statuses[-1].Status, statuses[-1].NumberOfFailedSuboperations) == (0xA702, 4)
    assert failed is not None
    assert len(failed.FailedSOPInstanceUIDList) == 4
    assert len(received.instances) == 3


def test_cancel(archive: Archive) -> None:
    requests: list[Request] = []
    came = threading.Event()

    def wait(_: evt.Event) -> int:
        if came.is_set():  # the second one is answered when the cancel has come
            deadline = time.monotonic() + 20
            while not requests[0].is_cancelled and time.monotonic() < deadline:
                time.sleep(0)
        came.set()
        return 0

    with pynetdicom_scp([(CT, [EXPLICIT])], status=wait) as received:
        service = move(archive, {"THERE": Destination("127.0.0.1", received.port)}, pending_s=0)

        async def answer(request: Request) -> None:
            requests.append(request)
            await service.handlers["C-MOVE"](request)

        with serving([replace(service, handlers={"C-MOVE": answer})]) as port:
            ae = AE("ASKING")
            ae.add_requested_context(MOVE)
            association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
            statuses = []
            for status, _ in association.send_c_move(WHOLE, "THERE", MOVE, msg_id=5):
                statuses.append(status)
                if len(statuses) == 1:
                    association.send_c_cancel(5, query_model=MOVE)
            association.release()
    assert statuses[-1].Status == 0xFE00
    assert statuses[-1].NumberOfRemainingSuboperations == 2
    assert len(received.instances) == statuses[-1].NumberOfCompletedSuboperations == 2


def test_movescu_to_storescp(archive: Archive, tmp_path: Path) -> None:
    with storescp(tmp_path) as there, serving([move(archive, {"THERE": Destination("127.0.0.1", there)})]) as port:
        subprocess.run(
            [dcmtk("movescu"), "-aec", "FILMLESS", "-aem", "THERE", "-S", "-k", "QueryRetrieveLevel=STUDY",
             "-k", "StudyInstanceUID=1.2.1", "127.0.0.1", str(port)], check=True, timeout=60,
        )  # fmt: skip
    came = sorted(_data_set(path.read_bytes()) for path in tmp_path.iterdir())
    assert came == sorted(_data_set(archive.read(entry)) for entry in archive.entries("1.2.1"))
