"""The modality worklist: the same answers as DCMTK's `wlmscpfs` on the same folder, and what pynetdicom gets."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset as PydicomDataset
from pynetdicom import AE
from pynetdicom.association import Association

from filmless.dimse.services.worklist import worklist
from filmless.dimse.services.worklist_items import WorklistFolder
from filmless.file import read

from .ris_files import WITH_PYNETDICOM, WORKLIST, item, put, serving

pytestmark = WITH_PYNETDICOM

STEP = "ScheduledProcedureStepSequence[0]"
RETURNED = ["PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", f"{STEP}.ScheduledProcedureStepID"]


def fill(folder: Path) -> None:
    """Items that differ in what is asked for."""
    put(folder, "1.wl", item(1, Modality="CT"))
    put(folder, "2.wl", item(2, Modality="MR", ScheduledStationAETitle="MR1", PatientName="Müller^Jörg"))
    put(folder, "3.wl", item(3, Modality="CT", ScheduledProcedureStepStartDate="20260201"))
    put(folder, "4.wl", item(4, Modality="US", ScheduledProcedureStepStartTime="1545", PatientName="Roe^Ann"))
    put(folder, "5.wl", item(5, Modality="CT", ScheduledStationAETitle=["CT1", "CT2"], PatientSex="M"))
    put(folder, "6.wl", item(6, ScheduledProcedureStepStartDate="20260228", ScheduledProcedureStepStartTime="080000"))


@pytest.fixture
def wlmscpfs(peer: Callable[[str], str], tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """DCMTK's SCP: the folder of its items, and its port."""
    folder = tmp_path / "DCMTK"
    fill(folder)
    (folder / "lockfile").touch()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path / "wlmscpfs.log").open("wb")
    with (
        log,
        subprocess.Popen(
            [peer("wlmscpfs"), "-csk", "-dfp", str(tmp_path), str(port)], stdout=log, stderr=log
        ) as process,
    ):
        end, waiting = time.monotonic() + 20, threading.Event()
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < end, "wlmscpfs does not listen"
                waiting.wait(0.05)
        try:
            yield folder, port
        finally:
            process.terminate()


def findscu(program: str, called: str, port: int, keys: list[str], into: Path) -> list[dict[str, Any]]:
    """What `findscu -W` gets, as DICOM JSON without what is about the encoding."""
    into.mkdir()
    names = {key.partition("=")[0] for key in keys}
    asked = [*keys, *(name for name in RETURNED if name not in names)]
    arguments = [part for key in asked for part in ("-k", key)]
    done = subprocess.run(
        [program, "-W", "-X", "-od", str(into), "-aec", called, *arguments, "127.0.0.1", str(port)],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(read(path).to_json()) for path in into.iterdir()]
    return sorted(({k: v for k, v in one.items() if k != "00080005"} for one in found), key=json.dumps)


QUERIES = [
    [],
    [f"{STEP}.Modality=CT"],
    [f"{STEP}.Modality=*"],
    [f"{STEP}.ScheduledStationAETitle=CT1"],
    [f"{STEP}.ScheduledStationAETitle=CT2"],
    [f"{STEP}.ScheduledStationAETitle=MR1", f"{STEP}.Modality=CT"],
    ["PatientName=Doe^Jane1"],
    ["PatientName=Doe*"],
    ["PatientName=*Ann"],
    ["PatientName=D?e^*"],
    ["PatientID=P2"],
    ["PatientSex=M"],
    ["AccessionNumber=A3"],
    ["AccessionNumber=nothing"],
    ["RequestedProcedureID=RP5"],
    [f"{STEP}.ScheduledProcedureStepStartDate=20260131"],
    [f"{STEP}.ScheduledProcedureStepStartDate=20260201-"],
    [f"{STEP}.ScheduledProcedureStepStartDate=-20260131"],
    [f"{STEP}.ScheduledProcedureStepStartDate=20260131-20260201", f"{STEP}.Modality=CT"],
    [f"{STEP}.ScheduledProcedureStepStartTime=1545"],
    [f"{STEP}.ScheduledProcedureStepStartTime=1200-"],
    [f"{STEP}.ScheduledPerformingPhysicianName=Roe*"],
    ["PatientBirthDate", "RequestedProcedureDescription", "MedicalAlerts", f"{STEP}.ScheduledStationName"],
    ["ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence[0].CodeValue"],
    ["ReferencedStudySequence"],
]


#: Where the Standard has it our way: DCMTK compares codes and Patient IDs whole, and does not match by study and step.
DIFFERENT = {
    f"{STEP}.Modality=C?": 4,
    "PatientID=P*": 6,
    "StudyInstanceUID=1.2.826.0.1.3680043.2.1.4": 1,
    f"{STEP}.ScheduledProcedureStepID=S6": 1,
}


def test_the_answers_are_those_of_wlmscpfs(
    wlmscpfs: tuple[Path, int], peer: Callable[[str], str], tmp_path: Path
) -> None:
    folder, other = wlmscpfs
    program = peer("findscu")
    with serving(worklist(WorklistFolder(folder))) as port, ThreadPoolExecutor(8) as pool:
        ours = [
            pool.submit(findscu, program, "FILMLESS", port, keys, tmp_path / f"{n}") for n, keys in enumerate(QUERIES)
        ]
        theirs = [
            pool.submit(findscu, program, "DCMTK", other, keys, tmp_path / f"-{n}") for n, keys in enumerate(QUERIES)
        ]
        other_way = {
            key: pool.submit(findscu, program, "FILMLESS", port, [key], tmp_path / key.partition("=")[0])
            for key in DIFFERENT
        }
        for keys, own, their in zip(QUERIES, ours, theirs, strict=True):
            assert own.result() == their.result(), keys
        for key, found in other_way.items():
            assert len(found.result()) == DIFFERENT[key], key
    assert {len(found.result()) for found in ours} == {0, 1, 2, 3, 4, 5, 6}


def asked(**values: Any) -> PydicomDataset:
    """An identifier; keys of the step begin with a small letter."""
    step, ds = PydicomDataset(), PydicomDataset()
    for keyword, value in values.items():
        setattr(step if keyword[0].islower() else ds, keyword[0].upper() + keyword[1:], value)
    ds.ScheduledProcedureStepSequence = [step]
    return ds


@contextmanager
def association(port: int) -> Iterator[Association]:
    """An association of pynetdicom for the worklist."""
    ae = AE()
    ae.add_requested_context(WORKLIST)
    found = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
    assert found.is_established
    yield found
    found.release()


def answers(found: Association, identifier: PydicomDataset) -> tuple[int, list[PydicomDataset]]:
    """The last status, and the identifiers that came with the others."""
    rows = [(status.Status, ds) for status, ds in found.send_c_find(identifier, WORKLIST)]
    assert all(status == 0xFF00 for status, _ in rows[:-1])
    return rows[-1][0], [ds for _, ds in rows[:-1]]


@pytest.fixture
def scu(tmp_path: Path) -> Iterator[Association]:
    """pynetdicom, associated to our worklist."""
    fill(tmp_path)
    with serving(worklist(WorklistFolder(tmp_path))) as port, association(port) as found:
        yield found


@pytest.mark.parametrize(
    ("values", "patients"),
    [
        ({"PatientName": "DOE*"}, "1356"),  # names without regard to case and accents
        ({"PatientName": "muller^*"}, "2"),
        ({"scheduledProcedureStepStartDate": "20260131-20260201", "scheduledProcedureStepStartTime": "1200-0900"}, "4"),
        ({"scheduledProcedureStepStartDate": "20260131-", "scheduledProcedureStepStartTime": "1600-"}, "36"),
        ({"StudyInstanceUID": ["1.2.826.0.1.3680043.2.1.2", "1.2.826.0.1.3680043.2.1.4"]}, "24"),
        ({"PregnancyStatus": 4}, "123456"),
        ({"PregnancyStatus": 1}, ""),
        ({"scheduledStationAETitle": "CT2", "modality": "CT"}, "5"),
        ({"modality": "C"}, ""),
    ],
)
def test_matching(scu: Association, values: dict[str, Any], patients: str) -> None:
    status, found = answers(scu, asked(**{"PatientID": "", **values}))
    assert status == 0
    assert sorted(ds.PatientID for ds in found) == [f"P{number}" for number in patients]


def test_answers_have_what_was_asked_and_nothing_else(scu: Association) -> None:
    identifier = asked(PatientID="P2", PatientName="", modality="", OtherPatientIDs="")
    nested = PydicomDataset()
    nested.CodeMeaning = ""
    identifier.ScheduledProcedureStepSequence[0].ScheduledProtocolCodeSequence = [nested]
    identifier.RequestedProcedureCodeSequence = []  # all of it
    identifier.ReferencedStudySequence = [PydicomDataset()]
    _, [found] = answers(scu, identifier)
    assert found.SpecificCharacterSet == "ISO_IR 100"
    assert found.PatientName == "Müller^Jörg"
    assert {element.keyword for element in found} == {
        *("SpecificCharacterSet", "PatientID", "PatientName", "OtherPatientIDs", "RequestedProcedureCodeSequence"),
        *("ReferencedStudySequence", "ScheduledProcedureStepSequence"),
    }
    assert not found.OtherPatientIDs
    [step] = found.ScheduledProcedureStepSequence
    assert {element.keyword for element in step} == {"Modality", "ScheduledProtocolCodeSequence"}
    assert [element.keyword for element in step.ScheduledProtocolCodeSequence[0]] == ["CodeMeaning"]
    assert found.RequestedProcedureCodeSequence[0].CodeValue == "R1"


@pytest.mark.parametrize(
    ("peers", "answered"), [("ISO_IR 100", "ISO_IR 100"), ("ISO_IR 101", "ISO_IR 101"), ("", None)]
)
def test_items_in_utf8_are_answered_in_the_character_set_of_who_asks(
    tmp_path: Path, peers: str, answered: str | None
) -> None:
    ds = item(1, PatientName="Müller^Jörg")
    del ds["SpecificCharacterSet"]
    (tmp_path / "1.json").write_text(ds.to_json(), encoding="utf-8")
    identifier = asked(PatientID="", PatientName="M*ller*")
    if peers:
        identifier.SpecificCharacterSet = peers
    with serving(worklist(WorklistFolder(tmp_path))) as port, association(port) as found:
        _, [ds] = answers(found, identifier)
    assert ds.get("SpecificCharacterSet") == (answered or "ISO_IR 192")
    assert ds.PatientName == "Müller^Jörg"


def test_cancel(tmp_path: Path) -> None:
    for number in range(500):
        put(tmp_path, f"{number}.wl", item(number))
    with serving(worklist(WorklistFolder(tmp_path))) as port, association(port) as found:
        rows = []
        for status, ds in found.send_c_find(asked(PatientID=""), WORKLIST, msg_id=7):
            if not rows:
                found.send_c_cancel(7, query_model=WORKLIST)
            rows.append(status.Status)
            del ds
        assert rows[-1] in {0xFE00, 0}
        assert rows[:-1] == [0xFF00] * (len(rows) - 1)


def test_more_matches_than_are_answered(tmp_path: Path) -> None:
    fill(tmp_path)
    with serving(worklist(WorklistFolder(tmp_path), most_answers=4)) as port, association(port) as found:
        status, rows = answers(found, asked(PatientID=""))
    assert (status, len(rows)) == (0xA700, 4)


def hostile() -> Iterator[tuple[str, PydicomDataset, int]]:
    """Identifiers that are refused, and that are answered without taking long."""
    deep = PydicomDataset()
    for _ in range(20):
        outer = PydicomDataset()
        outer.ScheduledProtocolCodeSequence = [deep]
        deep = outer
    yield "deep", deep, 0xA900
    many = PydicomDataset()
    for number in range(3000):
        many.add_new(0x00091000 + number, "LO", "x")
    yield "many keys", many, 0xA700
    items = PydicomDataset()
    items.ScheduledProcedureStepSequence = [PydicomDataset(), PydicomDataset()]
    yield "two items", items, 0xA900
    yield "no date", asked(scheduledProcedureStepStartDate="yesterday"), 0xA900
    yield "long pattern", asked(PatientName="*?" * 10_000), 0
    yield "long list", asked(StudyInstanceUID=["1.2.3"] * 200_000), 0xA700
    empty = PydicomDataset()
    empty.ScheduledProcedureStepSequence = []
    yield "nothing asked", empty, 0


@pytest.mark.filterwarnings("ignore::UserWarning")  # of pydicom: these are no values
def test_identifiers_that_nobody_means(scu: Association) -> None:
    for name, identifier, status in hostile():
        assert answers(scu, identifier)[0] == status, name
    assert len(answers(scu, asked(PatientID=""))[1]) == 6  # and it goes on
