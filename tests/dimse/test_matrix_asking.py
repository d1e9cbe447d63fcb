"""We ask: every operation at DCMTK's, pynetdicom's and Orthanc's SCPs, plainly and over TLS.

`matrix.py` says which peer has what, and where the rest is tried.
"""

import queue
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from pydicom import dcmread

from filmless._core import RoleSelection
from filmless.dataset import Dataset
from filmless.dimse import BlockingPeer, Scp, connect_blocking, plan
from filmless.dimse.scp.request import Request
from filmless.dimse.services.folder import folder
from filmless.dimse.services.verification import verification
from filmless.errors import DimseStatusError
from filmless.file import read, write
from tests.orthanc import orthanc

from .answering import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    CT,
    FILM_SESSION,
    STEP,
    STEP_RETRIEVE,
    There,
    answering_everything,
    dcmtk_tls,
    our_server_tls,
    our_tls,
    their_tls,
)
from .archives import dcmqrscp
from .dcmtk import dcmtk
from .people import five_people
from .receiving import free_port, running
from .ris_files import WITH_PYNETDICOM, item, put
from .serving import serving_scp
from .talking import Authority

pytestmark = WITH_PYNETDICOM

STATUS = "PerformedProcedureStepStatus"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory, peer: Callable[[str], str]) -> Authority:
    made = Authority(tmp_path_factory.mktemp("ca"), peer("openssl"))
    made.make("ca", "/CN=Test authority")
    made.make("server", "/CN=localhost")
    made.make("ct", "/O=Hospital/CN=ct-1")
    return made


@pytest.fixture(scope="module", params=["plain", "tls"])
def authority(request: pytest.FixtureRequest, certificates: Authority) -> Authority | None:
    return certificates if request.param == "tls" else None


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three instances of one study, in two series."""
    where, made = tmp_path_factory.mktemp("files"), []
    for ds in five_people():
        if ds.PatientID == "P1":
            del ds["DataSetTrailingPadding"]  # DCMTK leaves it out
            made.append(where / f"{ds.SOPInstanceUID}.dcm")
            write(ds, made[-1])
    return made


@contextmanager
def asking(there: There, calling: str = "WS", **options: object) -> Iterator[BlockingPeer]:
    with connect_blocking(there.address, tls=there.tls, calling_ae_title=calling, **options) as peer:  # type: ignore[arg-type]
        yield peer


def sent_to_us(into: Path, *, port: int = 0, tls: ssl.SSLContext | None = None) -> AbstractContextManager[int]:
    """Listen as MOVER, for what a peer sends."""
    return serving_scp(Scp("MOVER", [verification(), folder(into)]), port=port, tls=tls)


def uids(where: Path) -> set[str]:
    return {str(read(path).SOPInstanceUID) for path in where.rglob("*") if path.is_file()}


def unchanged(where: Path, files: list[Path]) -> None:
    """Check that what came is what was stored, element by element, with other eyes than ours."""
    came = {str(ds.SOPInstanceUID): ds for ds in map(dcmread, filter(Path.is_file, where.rglob("*")))}
    assert came == {str(ds.SOPInstanceUID): ds for ds in map(dcmread, files)}


def found(peer: BlockingPeer, level: str, **keys: object) -> list[Dataset]:
    return list(peer.find(level=level, **keys))  # type: ignore[arg-type]


def finds(peer: BlockingPeer) -> None:
    """Ask at each level of both models for the study of P1."""
    assert [str(ds.PatientName) for ds in found(peer, "patient", PatientID="P1")] == ["Doe^Jane"]
    assert [ds.StudyInstanceUID for ds in found(peer, "study", PatientName="Doe*")] == ["1.2.1"]
    assert [ds.StudyInstanceUID for ds in found(peer, "study", PatientID="P1", root="patient")] == ["1.2.1"]
    assert [ds.StudyInstanceUID for ds in found(peer, "study", PatientName="Nobody*")] == []
    series = found(peer, "series", StudyInstanceUID="1.2.1")
    assert {(ds.SeriesInstanceUID, ds.Modality) for ds in series} == {("1.2.1.1", "CT"), ("1.2.1.2", "SR")}
    images = found(peer, "image", StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.1.2")
    assert {ds.SOPInstanceUID for ds in images} == {"1.2.1.2.1", "1.2.1.2.2"}


def retrieves(peer: BlockingPeer, into: Path, moved: Path, files: list[Path]) -> None:
    """Get and move the study, a series, an instance, and to one that is not known."""
    (into / "all").mkdir(parents=True)
    assert len(list(peer.get("1.2.1", into=into / "all"))) == 3
    unchanged(into / "all", files)
    assert {ds.SOPInstanceUID for ds in peer.get("1.2.1", "1.2.1.2")} == {"1.2.1.2.1", "1.2.1.2.2"}
    assert [ds.SOPInstanceUID for ds in peer.get("1.2.1", "1.2.1.2", "1.2.1.2.2")] == ["1.2.1.2.2"]
    *_, last = peer.move("1.2.1", "1.2.1.2", destination="MOVER")
    assert (last.completed, last.failed) == (2, 0)
    assert uids(moved) == {"1.2.1.2.1", "1.2.1.2.2"}
    *_, last = peer.move("1.2.1", destination="MOVER")
    assert (last.completed, last.failed) == (3, 0)
    unchanged(moved, files)
    with pytest.raises(DimseStatusError):
        list(peer.move("1.2.1", destination="NOBODY"))


def test_storescp(authority: Authority | None, files: list[Path], tmp_path: Path) -> None:
    port = free_port()
    shown = dcmtk_tls(authority, "server")
    with running([dcmtk("storescp"), "-aet", "THERE", *shown, "+B", "-od", tmp_path, str(port)], port):
        [group] = plan(files)
        with asking(There("THERE", port, our_tls(authority)), contexts=group.contexts) as peer:
            assert len(peer.store(files).stored) == 3
        with asking(There("THERE", port, our_tls(authority)), sop_classes=["Verification"]) as peer:
            peer.echo()
    unchanged(tmp_path, files)


def test_dcmqrscp(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "qr").mkdir()
    with (
        sent_to_us(tmp_path / "moved") as mover,
        dcmqrscp(tmp_path / "qr", mover=mover) as port,
        asking(There("DCMQRSCP", port), "MOVER") as peer,
    ):
        peer.echo()
        assert len(peer.store(files).stored) == 3
        finds(peer)
        retrieves(peer, tmp_path / "got", tmp_path / "moved", files)
        peer.echo()
        # It looks for a C-CANCEL between two answers; whether it sees one in time is its own matter.
        assert len(list(peer.find(level="image", StudyInstanceUID="1.2.1", SeriesInstanceUID="1.2.1.2", limit=1))) == 1
        peer.echo()


def test_wlmscpfs(tmp_path: Path) -> None:
    there = tmp_path / "THERE"
    for number in range(1, 41):
        put(there, f"{number}.wl", item(number))
    (there / "lockfile").touch()
    port = free_port()
    with (
        running([dcmtk("wlmscpfs"), "-dfp", tmp_path, "-dfr", str(port)], port),
        asking(There("THERE", port), sop_classes=["Verification", "ModalityWorklistInformationModelFind"]) as peer,
    ):
        peer.echo()
        [one] = peer.find(level="worklist", PatientID="P7")
        assert (str(one.PatientName), one.ScheduledProcedureStepSequence[0].Modality) == ("Doe^Jane7", "CT")
        assert len(list(peer.find(level="worklist"))) == 40
        assert len(list(peer.find(level="worklist", limit=2))) == 2  # it is cancelled
        peer.echo()


def test_pynetdicom(authority: Authority | None, files: list[Path], tmp_path: Path) -> None:
    instances = [dcmread(path) for path in files]
    names = ["Verification", CT, STEP, STEP_RETRIEVE, COMMITMENT, FILM_SESSION, "ModalityWorklistInformationModelFind"]
    names += [f"{root}QueryRetrieveInformationModel{end}" for root in ("StudyRoot", "PatientRoot")
              for end in ("Find", "Move", "Get")]  # fmt: skip
    with (
        sent_to_us(tmp_path / "moved") as mover,
        answering_everything(instances, their_tls(authority), mover) as there,
        asking(There("THERE", there.port, our_tls(authority)), sop_classes=names) as peer,
    ):
        peer.echo()
        assert len(peer.store(files).stored) == 3
        for level in ("patient", "study", "series", "image", "worklist"):
            assert len(list(peer.find(level=level))) == 3
        assert [level for name, level in there.seen if name == "C-FIND"] == [
            "PATIENT", "STUDY", "SERIES", "IMAGE", "worklist",
        ]  # fmt: skip
        assert {ds.SOPInstanceUID for ds in peer.get("1.2.1")} == {ds.SOPInstanceUID for ds in instances}
        *_, last = peer.move("1.2.1", destination="MOVER")
        assert last.completed == 3
        unchanged(tmp_path / "moved", files)
        with pytest.raises(DimseStatusError, match="A801"):
            list(peer.move("1.2.1", destination="NOBODY"))

        for cancelled in (
            peer.find(PatientID="ENDLESS"),
            peer.get("1.9"),
            peer.move("1.9", destination="MOVER"),
        ):
            there.cancelled.clear()
            for _ in cancelled:
                break
            cancelled.close()  # type: ignore[attr-defined]
            assert there.cancelled.wait(30), cancelled
        peer.echo()

        step = Dataset({STATUS: "IN PROGRESS"})
        assert peer.n_create(STEP, "1.2.3", step).dataset == step
        assert peer.n_set(STEP, "1.2.3", Dataset({STATUS: "COMPLETED"})).dataset[STATUS].value == "COMPLETED"
        assert peer.n_get(STEP_RETRIEVE, "1.2.3", [STATUS]).dataset == step
        assert ("attributes", [0x00400252]) in there.seen
        assert peer.n_create(FILM_SESSION, "1.2.4").status == 0
        assert peer.n_action(FILM_SESSION, "1.2.4", 1).status == 0
        assert peer.n_delete(FILM_SESSION, "1.2.4").status == 0
        normalized = [(name, uid) for name, uid in there.seen if name.startswith("N-")]
        assert normalized == [
            ("N-CREATE", "1.2.3"), ("N-SET", "1.2.3"), ("N-GET", "1.2.3"),
            ("N-CREATE", "1.2.4"), ("N-ACTION", "1.2.4"), ("N-DELETE", "1.2.4"),
        ]  # fmt: skip
        transaction = peer.request_commitment([(CT, "1.2.1.1.1")])
        report = next(peer.events(within_s=30))
        assert (report.event_type_id, report.sop_instance) == (1, COMMITMENT_INSTANCE)
        assert report.dataset is not None
        assert report.dataset.TransactionUID == transaction


def test_events_that_we_report_to_pynetdicom(authority: Authority | None) -> None:
    """Who manages the instance reports as SCP: that is the only role that is asked for."""
    with answering_everything([], their_tls(authority), 1) as there:
        at = There("THERE", there.port, our_tls(authority))
        role = RoleSelection(COMMITMENT, scu=False, scp=True)
        with asking(at, sop_classes=[COMMITMENT], roles=[role]) as peer:
            told = Dataset({"TransactionUID": "1.2.3"})
            assert peer.n_event_report(COMMITMENT, COMMITMENT_INSTANCE, 1, told).status == 0
    assert there.seen == [("N-EVENT-REPORT", COMMITMENT_INSTANCE)]


def test_orthanc(authority: Authority | None, files: list[Path], tmp_path: Path, peer: Callable[[str], str]) -> None:
    reports: queue.SimpleQueue[tuple[int, Dataset]] = queue.SimpleQueue()
    port = free_port()
    scp = Scp("MOVER", [verification(), folder(tmp_path / "moved")])

    @scp.on_n_event_report(COMMITMENT)
    def report(request: Request) -> None:
        reports.put((request.command["EventTypeID"], request.dataset()))

    (tmp_path / "orthanc").mkdir()
    put(tmp_path / "worklist", "1.wl", item(1))
    put(tmp_path / "worklist", "2.wl", item(2))
    with (
        serving_scp(scp, port=port, tls=our_server_tls(authority)),
        orthanc(
            peer("Orthanc"),
            tmp_path / "orthanc",
            modalities={"us": ("MOVER", port)},
            tls=authority,
            worklist=tmp_path / "worklist",
        ) as there,
    ):
        at = There("ORTHANC", there.port, our_tls(authority))
        [group] = plan(files)
        with asking(at, "MOVER", contexts=group.contexts) as other:
            assert len(other.store(files).stored) == 3
        with asking(at, "MOVER") as other:
            other.echo()
            finds(other)
            retrieves(other, tmp_path / "got", tmp_path / "moved", files)
            [one] = other.find(level="worklist", PatientID="P2")
            assert str(one.PatientName) == "Doe^Jane2"
            other.echo()
        with asking(at, "MOVER", sop_classes=[COMMITMENT]) as other:
            transaction = other.request_commitment([(CT, "1.2.1.1.1"), (CT, "1.2.9")])
        event, ds = reports.get(timeout=30)
        assert (event, ds.TransactionUID) == (2, transaction)
        assert [one.ReferencedSOPInstanceUID for one in ds.ReferencedSOPSequence] == ["1.2.1.1.1"]
        assert [one.ReferencedSOPInstanceUID for one in ds.FailedSOPSequence] == ["1.2.9"]
