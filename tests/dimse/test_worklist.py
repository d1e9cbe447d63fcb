"""The modality worklist: the same answers as DCMTK's `wlmscpfs` on the same folder, and what pynetdicom gets."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from filmless.dimse.services.worklist import worklist
from filmless.dimse.services.worklist_items import WorklistFolder
from filmless.file import read

from .ris_files import item, put, serving

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


@pytest.fixture(scope="module")
def dcmtk(peer: Callable[[str], str]) -> Callable[[str], str]:
    """Find a program of DCMTK: pynetdicom has scripts of the same names, next to Python."""
    path = os.pathsep.join(one for one in os.get_exec_path() if Path(one) != Path(sys.executable).parent)
    return lambda name: shutil.which(name, path=path) or peer(name)


@pytest.fixture
def wlmscpfs(dcmtk: Callable[[str], str], tmp_path: Path) -> Iterator[tuple[Path, int]]:
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
            [dcmtk("wlmscpfs"), "-csk", "-dfp", str(tmp_path), str(port)], stdout=log, stderr=log
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
    wlmscpfs: tuple[Path, int], dcmtk: Callable[[str], str], tmp_path: Path
) -> None:
    folder, other = wlmscpfs
    program = dcmtk("findscu")
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
