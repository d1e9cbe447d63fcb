"""C-GET and C-MOVE on an archive, asked by pynetdicom and DCMTK."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydicom.dataset import Dataset as PydicomDataset
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import (
    CompositeInstanceRootRetrieveGet as COMPOSITE,
)
from pynetdicom.sop_class import (
    PatientRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelGet,
)

from filmless._core import Event, OperationsWindow, RoleSelection, encode_command
from filmless.archive import Archive
from filmless.dataset import Dataset
from filmless.dimse import Scp
from filmless.dimse.part10 import dataset_of
from filmless.dimse.scp.access import Access, AccessOptions, CallerOptions
from filmless.dimse.services.get import get
from filmless.file import encode, read
from filmless.pixels import decode, transcode

from .dcmtk import dcmtk
from .identifiers import identifier as asked
from .serving import serving
from .talking import Raw, p_data

PATIENT, STUDY = PatientRootQueryRetrieveInformationModelGet, StudyRootQueryRetrieveInformationModelGet
CT, EXPLICIT, IMPLICIT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"


def _data_set(path: Path | bytes) -> bytes:
    """Return what is behind the file meta information, by its group length."""
    content = path if isinstance(path, bytes) else path.read_bytes()
    return content[144 + int.from_bytes(content[140:144], "little") :]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, pydicom_files: list[Path]) -> Iterator[Archive]:
    """An archive of CT_small.dcm as two series of two instances each."""
    source = read(next(path for path in pydicom_files if path.name == "CT_small.dcm"))
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        for series in (1, 2):
            for instance in (1, 2):
                ds = source.copy()
                ds.PatientID, ds.StudyInstanceUID, ds.SeriesInstanceUID = "P1", "1.2.1", f"1.2.1.{series}"
                ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.1.{series}.{instance}"
                archive.store(ds)
        yield archive


@pytest.fixture(scope="module")
def port(archive: Archive) -> Iterator[int]:
    """The port of an SCP on it."""
    with serving([get(archive, pending_s=0)]) as port:
        yield port


@pytest.mark.parametrize(("performed", "together"), [(1, 1), (2, 2)])
def test_no_more_is_asked_of_the_requestor_at_a_time_than_it_performs(
    archive: Archive, performed: int, together: int
) -> None:
    """Two C-GET at a time, of a requestor that performs so many operations (PS3.7 D.3.3.3)."""

    async def talk() -> int:
        async with Scp("FILMLESS", [get(archive, pending_s=60)]).listen() as port:
            raw = await Raw.at(port)
            await raw.associate(
                (STUDY, [EXPLICIT]), (CT, [EXPLICIT]), operations_window=OperationsWindow(2, performed),
                roles=(RoleSelection(CT, scu=False, scp=True),),
            )  # fmt: skip
            ds = Dataset({"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2.1"})
            for number in (1, 2):
                command = {"CommandField": 0x10, "MessageID": number, "AffectedSOPClassUID": STUDY, "Priority": 0}
                raw.send(p_data(1, encode_command(command, True), command=True))
                raw.send(p_data(1, encode(ds, transfer_syntax=EXPLICIT, part10=False), command=False))
            asked = 0
            with suppress(TimeoutError):
                while True:
                    event = await asyncio.wait_for(raw.event(), 0.5)
                    asked += isinstance(event, Event.Command) and event.command["CommandField"] == 1
            await raw.close()
            return asked

    assert asyncio.run(talk()) == together


def fetch(
    port: int, ds: PydicomDataset, *, model: str = STUDY, syntaxes: tuple[str, ...] = (EXPLICIT, IMPLICIT),
    status: int = 0, classes: tuple[str, ...] = (CT,),
) -> tuple[dict[str, tuple[str, bytes]], list[PydicomDataset], PydicomDataset | None]:  # fmt: skip
    """Get; return what came by UID, the statuses, and the last identifier."""
    came: dict[str, tuple[str, bytes]] = {}

    def store(event: evt.Event) -> int:
        came[event.request.AffectedSOPInstanceUID] = event.context.transfer_syntax, event.request.DataSet.getvalue()
        return status

    ae = AE("PYNETDICOM")
    ae.add_requested_context(model)
    for sop_class in classes:
        ae.add_requested_context(sop_class, list(syntaxes))
    roles = [build_role(sop_class, scp_role=True) for sop_class in classes]
    association = ae.associate(
        "127.0.0.1", port, ae_title="FILMLESS", ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, store)]
    )
    assert association.is_established
    answers = list(association.send_c_get(ds, model))
    association.release()
    return came, [status for status, _ in answers], answers[-1][1]


@pytest.mark.parametrize(
    ("identifier", "model", "count"),
    [
        (asked("PATIENT", PatientID="P1"), PATIENT, 4),
        (asked("STUDY", StudyInstanceUID="1.2.1"), STUDY, 4),
        (asked("STUDY", PatientID="P1", StudyInstanceUID=["1.2.1", "1.2.9"]), PATIENT, 4),
        (asked("SERIES", StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.1.2"), STUDY, 2),
        (asked("SERIES", SeriesInstanceUID=["1.2.1.2", "1.2.1.1"]), STUDY, 4),
        (asked("IMAGE", StudyInstanceUID="1.2.1", SOPInstanceUID=["1.2.1.1.1", "1.2.1.2.2"]), STUDY, 2),
        (asked("IMAGE", SOPInstanceUID="1.2.1.1.1"), STUDY, 1),
        (asked("STUDY", PatientID="P2", StudyInstanceUID="1.2.1"), PATIENT, 0),
        (asked("STUDY", StudyInstanceUID="1.2.3"), STUDY, 0),
    ],
)
def test_get(port: int, archive: Archive, identifier: PydicomDataset, model: str, count: int) -> None:
    came, statuses, _ = fetch(port, identifier, model=model)
    assert statuses[-1].Status == 0x0000
    assert statuses[-1].NumberOfCompletedSuboperations == count == len(came)
    stored = {entry.instance_uid: entry for entry in archive.entries("1.2.1")}
    for uid, (transfer_syntax, data) in came.items():
        assert transfer_syntax == EXPLICIT
        assert data == _data_set(archive.read(stored[uid]))
    assert [status.NumberOfRemainingSuboperations for status in statuses[:-1]] == list(range(count - 1, 0, -1))


@pytest.mark.parametrize(
    "identifier",
    [
        asked("STUDY"),
        asked("STUDY", StudyInstanceUID=""),
        asked("STUDY", StudyInstanceUID="*"),
        asked("IMAGE", StudyInstanceUID="1.2.1"),
        asked("PATIENT", PatientID="*"),
        asked("PATIENT", PatientID="P?"),
        asked("FRAME", SOPInstanceUID="1.2.1.1.1"),
    ],
)
def test_nobody_is_given_the_whole_archive(port: int, identifier: PydicomDataset) -> None:
    came, [status], _ = fetch(port, identifier, model=PATIENT)
    assert (came, status.Status) == ({}, 0xA900)


def test_transcoded_where_the_peer_does_not_take_what_is_stored(port: int, archive: Archive) -> None:
    came, statuses, _ = fetch(port, asked("IMAGE", SOPInstanceUID="1.2.1.1.1"), syntaxes=(IMPLICIT,))
    assert statuses[-1].Status == 0
    transfer_syntax, data = came["1.2.1.1.1"]
    assert transfer_syntax == IMPLICIT
    assert data != _data_set(archive.read(archive.entries("1.2.1", "1.2.1.1", "1.2.1.1.1")[0]))


@pytest.mark.parametrize("stored", ["JPEGLSLossless", "RLELossless", "JPEG2000Lossless", "JPEGBaseline8Bit"])
def test_compressed_instances_are_sent_as_they_are_or_decoded(
    tmp_path: Path, pydicom_files: list[Path], stored: str
) -> None:
    source = read(next(path for path in pydicom_files if path.name == "SC_rgb_rle.dcm"))
    ds = transcode(source, stored, new_instance=False)
    sop_class, uid = str(ds.SOPClassUID), str(ds.SOPInstanceUID)
    with Archive(tmp_path) as archive, serving([get(archive)]) as port:
        archive.store(ds)
        asked_for = asked("IMAGE", SOPInstanceUID=uid)
        syntax = str(ds.file_meta.TransferSyntaxUID)
        came, _, _ = fetch(port, asked_for, syntaxes=(syntax,), classes=(sop_class,))
        assert came[uid] == (syntax, _data_set(encode(ds)))
        came, _, _ = fetch(port, asked_for, syntaxes=(IMPLICIT,), classes=(sop_class,))
        syntax, data = came[uid]
        assert syntax == IMPLICIT
        assert (decode(dataset_of(data, IMPLICIT)) == decode(ds)).all()
        came, statuses, _ = fetch(port, asked_for, syntaxes=("1.2.840.10008.1.2.4.81",), classes=(sop_class,))
        assert (came, statuses[-1].Status) == ({}, 0xA702)


def test_composite_instance_root(port: int) -> None:
    came, statuses, _ = fetch(port, asked("IMAGE", SOPInstanceUID=["1.2.1.1.1", "1.2.1.2.2"]), model=COMPOSITE)
    assert (set(came), statuses[-1].Status) == ({"1.2.1.1.1", "1.2.1.2.2"}, 0)
    _, [status], _ = fetch(port, asked("STUDY", StudyInstanceUID="1.2.1"), model=COMPOSITE)
    assert status.Status == 0xA900


def test_what_is_not_in_sight_is_not_there(archive: Archive) -> None:
    ward = CallerOptions(ae_titles=("PYNETDICOM",), addresses=("127.0.0.1",), patients=frozenset({"P9"}))
    with serving([get(archive)], access=Access(AccessOptions(callers=(ward,)))) as port:
        came, statuses, _ = fetch(port, asked("IMAGE", SOPInstanceUID="1.2.1.1.1"))
    assert (came, statuses[-1].Status) == ({}, 0)


def test_what_the_peer_does_not_take_failed(port: int) -> None:
    came, [*_, status], failed = fetch(
        port, asked("STUDY", StudyInstanceUID="1.2.1"), classes=("1.2.840.10008.5.1.4.1.1.4",)
    )
    assert (came, status.Status, status.NumberOfFailedSuboperations) == ({}, 0xA702, 4)
    assert failed is not None
    assert len(failed.FailedSOPInstanceUIDList) == 4


def test_what_is_only_lossy_there_is_not_sent(port: int) -> None:
    came, statuses, _ = fetch(
        port, asked("STUDY", StudyInstanceUID="1.2.1"), syntaxes=("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.81")
    )
    assert (came, statuses[-1].Status) == ({}, 0xA702)


def test_warnings_and_failures_of_the_peer(port: int) -> None:
    for status, counted, last in ((0xB000, "Warning", 0xB000), (0xA700, "Failed", 0xA702)):
        _, statuses, _ = fetch(port, asked("STUDY", StudyInstanceUID="1.2.1"), status=status)
        assert statuses[-1].Status == last
        assert statuses[-1][f"NumberOf{counted}Suboperations"].value == 4


def test_getscu(port: int, archive: Archive, tmp_path: Path) -> None:
    subprocess.run(
        [dcmtk("getscu"), "-aec", "FILMLESS", "-S", "+B", "-od", tmp_path, "-k", "QueryRetrieveLevel=STUDY",
         "-k", "StudyInstanceUID=1.2.1", "127.0.0.1", str(port)], check=True, timeout=60,
    )  # fmt: skip
    came = sorted(_data_set(path) for path in tmp_path.iterdir())
    assert came == sorted(_data_set(archive.read(entry)) for entry in archive.entries("1.2.1"))
