"""Modality performed procedure steps, as pynetdicom says them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset as PydicomDataset
from pynetdicom import AE, evt
from pynetdicom.association import Association

from filmless.archive import Archive
from filmless.dimse.services.availability import availability
from filmless.dimse.services.commitment import PUSH_MODEL, StorageCommitment
from filmless.dimse.services.mpps import performed_procedure_steps
from filmless.dimse.services.notifying import AVAILABILITY
from filmless.dimse.services.performed_steps import PerformedStep, PerformedSteps
from filmless.dimse.services.query import query
from filmless.dimse.services.worklist import worklist
from filmless.dimse.services.worklist_items import WorklistFolder

from .ris_files import WITH_PYNETDICOM, WORKLIST, item, put, serving

pytestmark = WITH_PYNETDICOM

STUDY_FIND, IMPLICIT, JPEG = "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50"
STEP, RETRIEVE = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.3.1.2.3.4"
UID = "1.2.826.0.1.3680043.2.7.1"


def begun(number: int = 1, **values: Any) -> PydicomDataset:
    scheduled = PydicomDataset()
    scheduled.StudyInstanceUID = f"1.2.826.0.1.3680043.2.1.{number}"
    scheduled.ScheduledProcedureStepID = f"S{number}"
    ds = PydicomDataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ScheduledStepAttributesSequence = [scheduled]
    ds.PatientName, ds.PatientID = "Müller^Jörg", f"P{number}"
    ds.PerformedProcedureStepID, ds.PerformedStationAETitle, ds.Modality = "PPS1", "CT1", "CT"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20260131", "103500"
    ds.PerformedProcedureStepStatus = "IN PROGRESS"
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def ended(status: str = "COMPLETED") -> PydicomDataset:
    series = PydicomDataset()
    series.ProtocolName, series.SeriesInstanceUID = "HEAD", "1.2.3.4"
    ds = PydicomDataset()
    ds.PerformedProcedureStepStatus = status
    ds.PerformedProcedureStepEndDate, ds.PerformedProcedureStepEndTime = "20260131", "110000"
    ds.PerformedSeriesSequence = [series]
    return ds


def without(ds: PydicomDataset, keyword: str) -> PydicomDataset:
    delattr(ds, keyword)
    return ds


@pytest.fixture
def told() -> list[PerformedStep]:
    return []


@pytest.fixture
def modality(tmp_path: Path, told: list[PerformedStep]) -> Iterator[Association]:
    """An association of pynetdicom to our services."""
    steps = PerformedSteps(tmp_path / "performed")
    put(tmp_path / "worklist", "1.wl", item(1))
    put(tmp_path / "worklist", "2.wl", item(2))
    services = performed_procedure_steps(steps, told=told.append)
    with serving(*services, worklist(WorklistFolder(tmp_path / "worklist"), progress=steps.progress)) as port:
        ae = AE()
        for uid in (STEP, RETRIEVE, WORKLIST):
            ae.add_requested_context(uid)
        association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
        assert association.is_established
        yield association
        association.release()


def commands_to(association: Association) -> list[PydicomDataset]:
    """The command sets of the answers from here on: what pynetdicom returns of them is a part."""
    commands: list[PydicomDataset] = []
    association.bind(evt.EVT_DIMSE_RECV, lambda event: commands.append(event.message.command_set))
    return commands


def test_a_step_begins_and_ends(modality: Association, told: list[PerformedStep], tmp_path: Path) -> None:
    assert modality.send_n_create(begun(), STEP, UID)[0].Status == 0
    assert modality.send_n_create(begun(), STEP, UID)[0].Status == 0x0111

    more = PydicomDataset()
    more.PerformedProcedureStepDescription = "Head"
    assert modality.send_n_set(more, STEP, UID)[0].Status == 0
    status, found = modality.send_n_get([], RETRIEVE, UID)
    assert status.Status == 0
    assert (found.PatientName, found.PerformedProcedureStepDescription) == ("Müller^Jörg", "Head")
    assert found.PerformedProcedureStepStatus == "IN PROGRESS"

    assert modality.send_n_set(ended(), STEP, UID)[0].Status == 0
    status, _ = modality.send_n_set(more, STEP, UID)
    assert (status.Status, status.ErrorID) == (0x0110, 0xA506)
    assert [step.status for step in told] == ["IN PROGRESS", "IN PROGRESS", "COMPLETED"]

    again = PerformedSteps(tmp_path / "performed")  # as after a restart
    assert again.steps() == [told[-1]]
    assert again.get(UID).PerformedSeriesSequence[0].ProtocolName == "HEAD"


def test_attributes_that_are_asked_for(modality: Association) -> None:
    modality.send_n_create(begun(), STEP, UID)
    status, found = modality.send_n_get([0x00100020, 0x00080060], RETRIEVE, UID)
    assert status.Status == 0
    assert {element.keyword for element in found} == {"SpecificCharacterSet", "PatientID", "Modality"}
    assert modality.send_n_get([0x00100020, 0x00104000], RETRIEVE, UID)[0].Status == 0x0001


@pytest.mark.parametrize(
    ("ds", "status", "tag"),
    [
        (without(begun(), "Modality"), 0x0120, 0x00080060),
        (begun(PerformedStationAETitle=""), 0x0121, 0x00400241),
        (begun(ScheduledStepAttributesSequence=[]), 0x0121, 0x00400270),
        (begun(ScheduledStepAttributesSequence=[PydicomDataset()]), 0x0120, 0x0020000D),
        (begun(PerformedProcedureStepStatus="COMPLETED"), 0x0106, 0x00400252),
    ],
)
def test_what_cannot_be_created(modality: Association, ds: PydicomDataset, status: int, tag: int) -> None:
    commands = commands_to(modality)
    modality.send_n_create(ds, STEP, UID)
    assert (commands[0].Status, commands[0].AttributeIdentifierList) == (status, tag)
    assert modality.send_n_get([], RETRIEVE, UID)[0].Status == 0x0112


@pytest.mark.parametrize(
    ("ds", "status"),
    [
        (without(ended(), "PerformedProcedureStepEndDate"), 0x0121),
        (without(ended(), "PerformedSeriesSequence"), 0x0121),
        (without(ended("DISCONTINUED"), "PerformedSeriesSequence"), 0),
        (begun(PerformedProcedureStepStatus="PERHAPS"), 0x0106),
        (begun(PatientID="another"), 0x0107),
        (begun(), 0),  # the same again
    ],
)
def test_what_can_be_changed(modality: Association, ds: PydicomDataset, status: int) -> None:
    modality.send_n_create(begun(), STEP, UID)
    answer, _ = modality.send_n_set(ds, STEP, UID)
    assert answer.Status == status
    _, found = modality.send_n_get([], RETRIEVE, UID)
    assert found.PatientID == "P1"


def test_no_compressed_transfer_syntax_is_accepted(tmp_path: Path) -> None:
    """There are no pixels in what these services speak of; the first one that fits is taken."""
    with Archive(tmp_path / "archive") as archive:
        steps, folder = PerformedSteps(tmp_path / "performed"), WorklistFolder(tmp_path / "worklist")
        others = (availability(), StorageCommitment(archive).service, query(archive))
        with serving(*performed_procedure_steps(steps), worklist(folder), *others) as port:
            ae = AE()
            for sop_class in (STEP, RETRIEVE, WORKLIST, AVAILABILITY, PUSH_MODEL, STUDY_FIND):
                ae.add_requested_context(sop_class, [JPEG, IMPLICIT])
            ae.add_requested_context(STEP, JPEG)
            association = ae.associate("127.0.0.1", port, ae_title="FILMLESS")
            accepted = [context.transfer_syntax for context in association.accepted_contexts]
            association.release()
    assert accepted == [[IMPLICIT]] * 6


def test_steps_that_are_not_there(modality: Association, tmp_path: Path) -> None:
    assert modality.send_n_set(ended(), STEP, "1.2.3")[0].Status == 0x0112
    assert modality.send_n_get([], RETRIEVE, "1.2.3")[0].Status == 0x0112
    assert not (tmp_path / "performed").exists()


def test_without_a_uid_it_gets_one(modality: Association) -> None:
    commands = commands_to(modality)
    assert modality.send_n_create(begun(), STEP, None)[0].Status == 0
    assert modality.send_n_get([], RETRIEVE, commands[0].AffectedSOPInstanceUID)[0].Status == 0


def test_the_worklist_follows(modality: Association) -> None:
    def offered() -> dict[str, str]:
        step = PydicomDataset()
        step.ScheduledProcedureStepStatus = ""
        ds = PydicomDataset()
        ds.PatientID, ds.ScheduledProcedureStepSequence = "", [step]
        found = [answer for _, answer in modality.send_c_find(ds, WORKLIST) if answer is not None]
        return {one.PatientID: one.ScheduledProcedureStepSequence[0].ScheduledProcedureStepStatus for one in found}

    assert offered() == {"P1": "", "P2": ""}
    modality.send_n_create(begun(), STEP, UID)
    assert offered() == {"P1": "STARTED", "P2": ""}
    modality.send_n_set(ended(), STEP, UID)
    assert offered() == {"P2": ""}


def test_a_damaged_file_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "0123.dcm").write_bytes(b"nothing")
    assert PerformedSteps(tmp_path).steps() == []
    assert "0123.dcm" in caplog.text
