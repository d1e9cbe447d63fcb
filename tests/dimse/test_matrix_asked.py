"""We are asked: every operation at `filmless serve --dimse`, by DCMTK, pynetdicom and Orthanc, plainly and over TLS.

`matrix.py` says which peer has what, and where the rest is tried.
"""

import os
import queue
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.association import Association

import filmless
from filmless.dimse import Scp
from filmless.dimse.scp.request import Request
from filmless.file import write
from tests.orthanc import Orthanc, orthanc
from tests.server.conftest import Started, until

from .afterwards import Afterwards
from .answering import (
    COMMITMENT,
    COMMITMENT_INSTANCE,
    CT,
    EXPLICIT,
    FILM_SESSION,
    IMPLICIT,
    LONG_S,
    PATIENT,
    SR,
    STEP,
    STEP_RETRIEVE,
    STUDY,
    VERIFICATION,
    WORKLIST,
    dcmtk_tls,
    our_server_tls,
    their_tls,
    tls_of_caller,
)
from .dcmtk import dcmtk
from .identifiers import identifier
from .people import five_people
from .receiving import free_port, running
from .ris_files import WITH_PYNETDICOM, item, put
from .serving import serving_scp
from .talking import Authority

#: Else delayed acknowledgements hold DCMTK up.
QUICK = {**os.environ, "TCP_NODELAY": "1"}

pytestmark = WITH_PYNETDICOM


#: For programs of DCMTK 3.6.7 without TLS: dcmsend, getscu, movescu.
PLAINLY = pytest.mark.parametrize("authority", ["plain"], indirect=True)


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


@dataclass
class Ours:
    """`filmless serve --dimse`, and who it knows."""

    server: Started
    authority: Authority | None
    there: int
    orthanc: int
    folder: Path

    @property
    def port(self) -> int:
        return self.server.dimse_port

    def tool(self, name: str, *arguments: object, files: Sequence[Path] = ()) -> str:
        """Run a program of DCMTK at it; what it says."""
        command = [dcmtk(name), "-v", *dcmtk_tls(self.authority, "ct"), *arguments]
        command += ["-aet", "WS", "-aec", "FILMLESS", "127.0.0.1", self.port, *files]
        done = subprocess.run(
            [*map(str, command)], capture_output=True, text=True, timeout=LONG_S, check=False, env=QUICK
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @contextmanager
    def associated(self, *contexts: Any, calling: str = "WS", **options: Any) -> Iterator[Association]:
        """Open an association of pynetdicom's."""
        tls = tls_of_caller(self.authority)
        association = AE(calling).associate(
            "127.0.0.1",
            self.port,
            contexts=list(contexts),
            ae_title="FILMLESS",
            tls_args=None if tls is None else (tls, "127.0.0.1"),
            **options,
        )
        assert association.is_established
        try:
            yield association
        finally:
            association.release()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five studies of three instances."""
    where, made = tmp_path_factory.mktemp("files"), []
    for ds in five_people():
        del ds["DataSetTrailingPadding"]  # DCMTK leaves it out
        made.append(where / f"{ds.SOPInstanceUID}.dcm")
        write(ds, made[-1])
    return made


@pytest.fixture(scope="module")
def ours(authority: Authority | None, files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    folder = tmp_path_factory.mktemp("ours")
    for number in range(1, 6):
        put(folder / "worklist", f"{number}.wl", item(number))
    there, of_orthanc = free_port(), free_port()
    lines = [f'data = "{folder / "data"}"', "[dimse]", "port = 0", f'worklist = "{folder / "worklist"}"']
    extra = ""
    if authority is not None:
        at = authority.folder
        lines += [
            "[dimse.tls]",
            f'certificate = "{at / "server.pem"}"',
            f'authorities = "{authority.certificate}"',
            'client_certificates = "required"',
        ]
        extra = f'tls = true\nca_file = "{authority.certificate}"\ncertificate = "{at / "ct.pem"}"'
    for name, port in (("THERE", there), ("ORTHANC", of_orthanc)):
        lines += [f"[peers.{name.lower()}]", f'ae_title = "{name}"', 'host = "127.0.0.1"', f"port = {port}", extra]
    config = folder / "filmless.toml"
    config.write_text("\n".join(lines))
    server = Started("--config", config, "--dimse", 0)
    try:
        server.ready()
        yield Ours(server, authority, there, of_orthanc, folder)
    finally:
        server.end()


@pytest.fixture(scope="module")
def filled(ours: Ours, files: list[Path]) -> Ours:
    """It has the five studies, which storescu sent."""
    ours.tool("storescu", files=files)
    return ours


def unchanged(paths: list[Path], files: list[Path]) -> None:
    """Check that what came is what was sent, element by element, with other eyes than ours."""
    came = {str(ds.SOPInstanceUID): ds for ds in map(pydicom.dcmread, paths)}
    assert came == {str(ds.SOPInstanceUID): ds for ds in map(pydicom.dcmread, files)}


def p1(files: list[Path]) -> list[Path]:
    return [path for path in files if path.name.startswith("1.2.1.")]


def test_echoscu_and_storescu(filled: Ours, files: list[Path]) -> None:
    assert "Received Echo Response (Success)" in filled.tool("echoscu")
    assert filled.tool("storescu", files=files).count("Received Store Response (Success)") == len(files)


@PLAINLY
def test_dcmsend(filled: Ours, files: list[Path]) -> None:
    assert "with status SUCCESS  : 15" in filled.tool("dcmsend", files=files)


KEYS = {
    "patient": (["-P", "QueryRetrieveLevel=PATIENT", "PatientID=P1", "PatientName"], 1),
    "study of a patient": (["-P", "QueryRetrieveLevel=STUDY", "PatientID=P1", "StudyInstanceUID"], 1),
    "study": (["-S", "QueryRetrieveLevel=STUDY", "PatientName=Doe*", "StudyInstanceUID"], 2),
    "series": (["-S", "QueryRetrieveLevel=SERIES", "StudyInstanceUID=1.2.1", "SeriesInstanceUID"], 2),
    "image": (["-S", "QueryRetrieveLevel=IMAGE", "StudyInstanceUID=1.2.1", "SeriesInstanceUID=1.2.1.2",
               "SOPInstanceUID"], 2),
    "worklist": (["-W", "PatientID", "ScheduledProcedureStepSequence[0].Modality=CT"], 5),
}  # fmt: skip


@pytest.mark.parametrize("what", KEYS)
def test_findscu(filled: Ours, what: str, tmp_path: Path) -> None:
    (model, *keys), count = KEYS[what]
    said = filled.tool("findscu", model, *(part for key in keys for part in ("-k", key)), "-X", "-od", tmp_path)
    assert "Received Final Find Response (Success)" in said
    assert len(list(tmp_path.iterdir())) == count


def test_findscu_cancels(authority: Authority | None) -> None:
    """At a handler without an end, since a server may have answered all before the C-CANCEL comes."""
    scp = Scp("FILMLESS")
    ended: queue.SimpleQueue[bool] = queue.SimpleQueue()

    @scp.on_find
    async def find(request: Request) -> Any:
        ds = filmless.Dataset(
            {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2.3", "PatientComments": "x" * 10_000}
        )
        try:
            while True:
                yield ds
        finally:
            ended.put(request.is_cancelled)

    with serving_scp(scp, tls=our_server_tls(authority)) as port:
        command = [dcmtk("findscu"), "-v", *dcmtk_tls(authority, "ct"), "--cancel", 3, "-S"]
        command += ["-k", "QueryRetrieveLevel=STUDY", "-aec", "FILMLESS", "127.0.0.1", port]
        done = subprocess.run(
            [*map(str, command)], capture_output=True, text=True, timeout=LONG_S, check=False, env=QUICK
        )
    assert "Received Final Find Response (Cancel" in done.stdout + done.stderr
    assert ended.get(timeout=LONG_S)


@PLAINLY
def test_getscu(filled: Ours, files: list[Path], tmp_path: Path) -> None:
    for model, keys in (("-S", ["StudyInstanceUID=1.2.1"]), ("-P", ["PatientID=P1", "StudyInstanceUID=1.2.1"])):
        into = tmp_path / model
        into.mkdir()
        asked = [part for key in ("QueryRetrieveLevel=STUDY", *keys) for part in ("-k", key)]
        filled.tool("getscu", model, "-od", into, "+B", *asked)
        unchanged(list(into.iterdir()), p1(files))


@PLAINLY
def test_movescu_to_storescp(filled: Ours, files: list[Path], tmp_path: Path) -> None:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.1")
    with running([dcmtk("storescp"), "-aet", "THERE", "+B", "-od", tmp_path, str(filled.there)], filled.there):
        assert "Received Final Move Response (Success)" in filled.tool("movescu", "-S", "-aem", "THERE", *keys)
    unchanged(list(tmp_path.iterdir()), p1(files))


def test_what_is_moved_reaches_storescp(filled: Ours, files: list[Path], tmp_path: Path) -> None:
    command = [dcmtk("storescp"), "-aet", "THERE", *dcmtk_tls(filled.authority, "server"), "+B", "-od", tmp_path]
    asked = identifier("STUDY", StudyInstanceUID="1.2.1")
    with (
        running([*map(str, command), str(filled.there)], filled.there),
        filled.associated(build_context(STUDY[1])) as association,
    ):
        *_, (status, _) = association.send_c_move(asked, "THERE", STUDY[1])
    assert (status.Status, status.NumberOfCompletedSuboperations) == (0, 3)
    unchanged(list(tmp_path.iterdir()), p1(files))


def test_pynetdicom_stores_finds_and_retrieves(filled: Ours, files: list[Path]) -> None:
    got: dict[str, Dataset] = {}

    def keep(event: evt.Event) -> int:
        got[event.request.AffectedSOPInstanceUID] = event.dataset
        return 0

    contexts = [build_context(uid) for uid in (VERIFICATION, *PATIENT, *STUDY, WORKLIST)]
    storage = [build_context(uid, EXPLICIT) for uid in (CT, SR)]
    roles = [build_role(uid, scu_role=True, scp_role=True) for uid in (CT, SR)]
    sent = {str(ds.SOPInstanceUID): ds for ds in map(pydicom.dcmread, p1(files))}
    with (
        ExitStack() as stack,
        filled.associated(*contexts, *storage, ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, keep)]) as association,
    ):
        assert association.send_c_echo().Status == 0
        assert {association.send_c_store(ds).Status for ds in sent.values()} == {0}
        for model, level, keys, count in (
            (PATIENT, "PATIENT", {"PatientID": "P1"}, 1),
            (PATIENT, "STUDY", {"PatientID": "P1", "StudyInstanceUID": ""}, 1),
            (STUDY, "STUDY", {"PatientName": "Doe*"}, 2),
            (STUDY, "SERIES", {"StudyInstanceUID": "1.2.1"}, 2),
            (STUDY, "IMAGE", {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.2"}, 2),
        ):
            *answers, (status, _) = association.send_c_find(identifier(level, **keys), model[0])
            assert (status.Status, len(answers)) == (0, count)
        *answers, (status, _) = association.send_c_find(identifier(None, PatientID="P3"), WORKLIST)
        assert (status.Status, len(answers)) == (0, 1)
        *_, (status, _) = association.send_c_get(identifier("STUDY", StudyInstanceUID="1.2.1"), STUDY[2])
        assert (status.Status, status.NumberOfCompletedSuboperations) == (0, 3)
        assert got == sent

        # What comes back is stored at the destination, in an association of its own.
        got.clear()
        ae = AE("THERE")
        ae.supported_contexts = storage
        tls = their_tls(filled.authority)
        there = ae.start_server(
            ("127.0.0.1", filled.there), block=False, evt_handlers=[(evt.EVT_C_STORE, keep)], ssl_context=tls
        )
        stack.callback(there.shutdown)
        *_, (status, _) = association.send_c_move(identifier("STUDY", StudyInstanceUID="1.2.1"), "THERE", STUDY[1])
        assert (status.Status, status.NumberOfCompletedSuboperations) == (0, 3)
        assert got == sent
        *_, (status, _) = association.send_c_move(identifier("STUDY", StudyInstanceUID="1.2.1"), "NOBODY", STUDY[1])
        assert status.Status == 0xA801


def test_pynetdicom_cancels(filled: Ours) -> None:
    """The first instance is answered after the C-CANCEL is sent: what is left is not sent."""
    cancelled = []
    roles = [build_role(uid, scu_role=True, scp_role=True) for uid in (CT, SR)]

    def cancel(event: evt.Event) -> int:
        if not cancelled:
            event.assoc.send_c_cancel(7, query_model=STUDY[2])
        cancelled.append(event.request.AffectedSOPInstanceUID)
        return 0

    contexts = [build_context(uid) for uid in (*STUDY, CT, SR)]
    with filled.associated(*contexts, ext_neg=roles, evt_handlers=[(evt.EVT_C_STORE, cancel)]) as association:
        asked = identifier("STUDY", StudyInstanceUID=[f"1.2.{number}" for number in range(1, 6)])
        *_, (status, _) = association.send_c_get(asked, STUDY[2], msg_id=7)
        assert status.Status == 0xFE00
        assert status.NumberOfCompletedSuboperations == len(cancelled)
        assert status.NumberOfRemainingSuboperations == 15 - len(cancelled) > 0


def test_pynetdicom_performs_a_step(filled: Ours) -> None:
    scheduled = Dataset()
    scheduled.StudyInstanceUID, scheduled.ScheduledProcedureStepID = "1.2.826.0.1.3680043.2.1.1", "S1"
    begin = Dataset()
    begin.ScheduledStepAttributesSequence = [scheduled]
    begin.PatientName, begin.PatientID = "Doe^Jane1", "P1"
    begin.PerformedProcedureStepID, begin.PerformedStationAETitle, begin.Modality = "PPS1", "CT1", "CT"
    begin.PerformedProcedureStepStartDate, begin.PerformedProcedureStepStartTime = "20260131", "103500"
    begin.PerformedProcedureStepStatus = "IN PROGRESS"
    series = Dataset()
    series.ProtocolName, series.SeriesInstanceUID = "HEAD", "1.2.1.1"
    end = Dataset()
    end.PerformedProcedureStepStatus = "COMPLETED"
    end.PerformedProcedureStepEndDate, end.PerformedProcedureStepEndTime = "20260131", "110000"
    end.PerformedSeriesSequence = [series]
    with filled.associated(build_context(STEP), build_context(STEP_RETRIEVE)) as association:
        status, _ = association.send_n_create(begin, STEP, "1.2.9.1")
        assert status.Status == 0
        status, _ = association.send_n_set(end, STEP, "1.2.9.1")
        assert status.Status == 0
        status, ds = association.send_n_get([(0x0040, 0x0252)], STEP_RETRIEVE, "1.2.9.1")
        assert (status.Status, ds.PerformedProcedureStepStatus) == (0, "COMPLETED")
        assert association.send_n_delete(STEP, "1.2.9.1").Status == 0x0211, "no service has that"


def test_pynetdicom_has_instances_committed(filled: Ours) -> None:
    reports: queue.SimpleQueue[tuple[int, Dataset]] = queue.SimpleQueue()
    afterwards = Afterwards()

    def told(event: evt.Event) -> tuple[int, None]:
        afterwards.do(reports.put, (event.event_type, event.event_information))
        return 0, None

    wanted = Dataset()
    wanted.TransactionUID = "1.2.3.4"
    wanted.ReferencedSOPSequence = []
    for sop_class, uid in ((CT, "1.2.1.1.1"), (CT, "1.2.77")):
        one = Dataset()
        one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = sop_class, uid
        wanted.ReferencedSOPSequence.append(one)
    handlers = [(evt.EVT_N_EVENT_REPORT, told), afterwards.handler]
    with filled.associated(build_context(COMMITMENT), evt_handlers=handlers) as association:
        status, _ = association.send_n_action(wanted, 1, COMMITMENT, COMMITMENT_INSTANCE)
        assert status.Status == 0
        event, ds = reports.get(timeout=LONG_S)
    assert (event, ds.TransactionUID) == (2, "1.2.3.4")
    assert [one.ReferencedSOPInstanceUID for one in ds.ReferencedSOPSequence] == ["1.2.1.1.1"]
    assert [one.ReferencedSOPInstanceUID for one in ds.FailedSOPSequence] == ["1.2.77"]


def test_pynetdicom_asks_handlers(authority: Authority | None) -> None:
    """What no service of the archive answers: N-DELETE, N-ACTION and N-EVENT-REPORT to handlers of one's own."""
    scp, seen = Scp("FILMLESS"), []

    @scp.on_n_delete(FILM_SESSION)
    def delete(request: Request) -> None:
        seen.append(("delete", request.sop_instance_uid))

    @scp.on_n_action(FILM_SESSION)
    def act(request: Request) -> None:
        seen.append(("action", request.command["ActionTypeID"]))

    @scp.on_n_event_report(COMMITMENT)
    def report(request: Request) -> None:
        seen.append(("report", request.command["EventTypeID"]))

    tls = tls_of_caller(authority)
    with serving_scp(scp, tls=our_server_tls(authority)) as port:
        association = AE().associate(
            "127.0.0.1",
            port,
            ae_title="FILMLESS",
            contexts=[build_context(FILM_SESSION, IMPLICIT), build_context(COMMITMENT, IMPLICIT)],
            ext_neg=[build_role(COMMITMENT, scp_role=True)],
            tls_args=None if tls is None else (tls, "127.0.0.1"),
        )
        assert association.is_established
        assert association.send_n_action(None, 1, FILM_SESSION, "1.2.3")[0].Status == 0
        assert association.send_n_delete(FILM_SESSION, "1.2.3").Status == 0
        assert association.send_n_event_report(Dataset(), 1, COMMITMENT, COMMITMENT_INSTANCE)[0].Status == 0
        association.release()
    assert seen == [("action", 1), ("delete", "1.2.3"), ("report", 1)]


@pytest.fixture(scope="module")
def there(
    filled: Ours, peer: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Orthanc, httpx.Client]]:
    """An Orthanc that knows us, and we it."""
    with (
        orthanc(
            peer("Orthanc"),
            tmp_path_factory.mktemp("orthanc"),
            modalities={"us": ("FILMLESS", filled.port)},
            tls=filled.authority,
            port=filled.orthanc,
        ) as running_there,
        httpx.Client(base_url=running_there.url, timeout=LONG_S) as http,
    ):
        yield running_there, http


def test_orthanc_asks(filled: Ours, there: tuple[Orthanc, httpx.Client], files: list[Path]) -> None:
    _, http = there

    def ask(path: str, **body: Any) -> Any:
        return http.post(path, json=body).raise_for_status().json()

    ask("/modalities/us/echo")
    for level, query, count in (
        ("Patient", {"PatientID": "P1"}, 1),
        ("Study", {"PatientName": "Doe*"}, 2),
        ("Series", {"StudyInstanceUID": "1.2.1"}, 2),
        ("Instance", {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.2"}, 2),
    ):
        found = ask("/modalities/us/query", Level=level, Query=query)["ID"]
        assert len(http.get(f"/queries/{found}/answers").json()) == count, level
    assert len(http.post("/modalities/us/find-worklist", json={"PatientID": "P3"}).raise_for_status().json()) == 1

    found = ask("/modalities/us/query", Level="Study", Query={"PatientID": "P1"})["ID"]
    ask(f"/queries/{found}/retrieve", TargetAet="ORTHANC", Synchronous=True)
    instances = http.get("/instances").json()
    came = [pydicom.dcmread(BytesIO(http.get(f"/instances/{one}/file").content)) for one in instances]
    assert {str(ds.SOPInstanceUID): ds for ds in came} == {
        str(ds.SOPInstanceUID): ds for ds in map(pydicom.dcmread, p1(files))
    }

    changed = pydicom.dcmread(files[0])
    changed.SOPInstanceUID = changed.file_meta.MediaStorageSOPInstanceUID = "1.2.1.1.77"
    buffer = BytesIO()
    changed.save_as(buffer)
    one = http.post("/instances", content=buffer.getvalue()).raise_for_status().json()["ID"]
    stored = ask("/modalities/us/store", Resources=[one], Synchronous=True, StorageCommitment=True)
    assert stored["FailedInstancesCount"] == 0
    transaction = stored["StorageCommitmentTransactionUID"]
    report = until(
        lambda: (now := http.get(f"/storage-commitment/{transaction}").json())["Status"] != "Pending" and now,
        "the report of the commitment",
    )
    assert report["Status"] == "Success", report
    wanted = ask("/modalities/us/storage-commitment", DicomInstances=[[CT, "1.2.1.1.77"], [CT, "1.2.77"]])["ID"]
    report = until(
        lambda: (now := http.get(f"/storage-commitment/{wanted}").json())["Status"] != "Pending" and now,
        "the second report",
    )
    assert report["Status"] == "Failure"
    assert [one["SOPInstanceUID"] for one in report["Failures"]] == ["1.2.77"]
