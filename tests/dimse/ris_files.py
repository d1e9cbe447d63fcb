"""Worklist items, and a server of services in a thread, for SCUs that block."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from filmless.dataset import Dataset
from filmless.dimse import Scp
from filmless.dimse.scp.service import Service
from filmless.file import write

WORKLIST = "1.2.840.10008.5.1.4.31"

#: pynetdicom leaves its socket open when we were first to close; asyncio's sockets have a protocol number.
WITH_PYNETDICOM = pytest.mark.filterwarnings(
    r"ignore:Exception ignored in. <socket.socket fd=\d+, family=2, type=1, proto=0,"
    ":pytest.PytestUnraisableExceptionWarning"
)


def item(number: int, **values: Any) -> Dataset:
    """A worklist entry as DCMTK takes it; values by keyword are of the entry or of its step, whichever has them."""
    step = Dataset(
        {
            "Modality": "CT",
            "RequestedContrastAgent": "",
            "ScheduledStationAETitle": "CT1",
            "ScheduledProcedureStepStartDate": "20260131",
            "ScheduledProcedureStepStartTime": "103000",
            "ScheduledPerformingPhysicianName": "Roe^Richard",
            "ScheduledProcedureStepDescription": "Head",
            "ScheduledProcedureStepID": f"S{number}",
            "ScheduledStationName": "ROOM1",
            "ScheduledProcedureStepLocation": "BASEMENT",
            "ScheduledProtocolCodeSequence": [
                Dataset({"CodeValue": "P1", "CodingSchemeDesignator": "99X", "CodeMeaning": "Head plain"})
            ],
            "PreMedication": "",
        }
    )
    ds = Dataset(
        {
            "SpecificCharacterSet": "ISO_IR 100",
            "AccessionNumber": f"A{number}",
            "ReferringPhysicianName": "Smith^John",
            "ReferencedStudySequence": [],
            "ReferencedPatientSequence": [],
            "PatientName": f"Doe^Jane{number}",
            "PatientID": f"P{number}",
            "PatientBirthDate": "19700102",
            "PatientSex": "F",
            "PatientWeight": "70",
            "MedicalAlerts": "",
            "Allergies": "",
            "PregnancyStatus": 4,
            "StudyInstanceUID": f"1.2.826.0.1.3680043.2.1.{number}",
            "RequestingPhysician": "Smith^John",
            "RequestedProcedureDescription": "CT head",
            "RequestedProcedureCodeSequence": [
                Dataset({"CodeValue": "R1", "CodingSchemeDesignator": "99X", "CodeMeaning": "CT head"})
            ],
            "AdmissionID": "ADM1",
            "SpecialNeeds": "",
            "CurrentPatientLocation": "",
            "PatientState": "",
            "RequestedProcedureID": f"RP{number}",
            "RequestedProcedurePriority": "ROUTINE",
            "PatientTransportArrangements": "",
            "ConfidentialityConstraintOnPatientDataDescription": "",
        }
    )
    for keyword, value in values.items():
        (ds if keyword in ds else step)[keyword] = value
    ds["ScheduledProcedureStepSequence"] = [step]
    return ds


def put(folder: Path, name: str, ds: Dataset) -> Path:
    """Write an item as a file of DICOM."""
    folder.mkdir(parents=True, exist_ok=True)
    ds.file_meta = Dataset(
        {
            "MediaStorageSOPClassUID": WORKLIST,
            "MediaStorageSOPInstanceUID": "1.2.3",
            "TransferSyntaxUID": "1.2.840.10008.1.2.1",
        }
    )
    write(ds, folder / name, transfer_syntax="ExplicitVRLittleEndian")
    return folder / name


@contextmanager
def serving(*services: Service) -> Iterator[int]:
    """Serve in a thread; give the port."""
    ready, port = threading.Event(), [0]
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with Scp("FILMLESS", services).listen() as port[0]:
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield port[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
