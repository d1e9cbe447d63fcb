"""Worklist entries, as IHE's Scheduled Workflow carries them into images."""

import datetime as dt
import json
from dataclasses import replace

import pytest

from filmless.convert.header import HeaderRules
from filmless.dataset import Dataset
from filmless.errors import ConversionError

from .made import DOCUMENTS, picture


def entry(accession: str = "A1", **rest) -> Dataset:
    step = Dataset(
        {
            "Modality": "ES",
            "ScheduledProcedureStepID": "S1",
            "ScheduledProcedureStepDescription": "Gastroscopy",
            "ScheduledPerformingPhysicianName": "Doc^Tor",
            "ScheduledStationAETitle": "SCOPE",
            "ScheduledProtocolCodeSequence": [
                Dataset({"CodeValue": "1", "CodingSchemeDesignator": "99X", "CodeMeaning": "Protocol"})
            ],
        }
    )
    return Dataset(
        {
            "PatientName": "Doe^Jane",
            "PatientID": "42",
            "PatientBirthDate": "19700101",
            "PatientSex": "F",
            "AccessionNumber": accession,
            "StudyInstanceUID": "1.2.3",
            "RequestedProcedureID": "R1",
            "RequestedProcedureDescription": "Upper GI",
            "ReferringPhysicianName": "Ref^Er",
            "AdmissionID": "",
            "ScheduledProcedureStepSequence": [step],
            **rest,
        }
    )


def test_the_mapping(tmp_path, errors_of):
    now = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    rules = HeaderRules(worklist=entry(), now=now)
    ds = rules.data_set(picture(samples=3))
    assert (str(ds.PatientName), ds.PatientID, ds.PatientSex) == ("Doe^Jane", "42", "F")
    assert (ds.AccessionNumber, ds.StudyInstanceUID, ds.StudyID) == ("A1", "1.2.3", "R1")
    assert (ds.StudyDescription, str(ds.ReferringPhysicianName)) == ("Upper GI", "Ref^Er")
    assert (ds.Modality, ds.SOPClassUID.name) == ("ES", "VL Endoscopic Image Storage")
    assert (ds.PerformedProcedureStepID, ds.PerformedProcedureStepDescription) == ("S1", "Gastroscopy")
    assert ds.PerformedProtocolCodeSequence[0].CodeValue == "1"
    assert len(ds.PerformedProcedureStepStartDate) == 8
    assert ds.PerformingPhysicianName == "Doc^Tor"
    request = ds.RequestAttributesSequence[0]
    assert (request.ScheduledProcedureStepID, request.RequestedProcedureID) == ("S1", "R1")
    assert request.ScheduledProtocolCodeSequence[0].CodeMeaning == "Protocol"
    assert "ScheduledProcedureStepSequence" not in ds
    assert "AdmissionID" not in ds
    ds.save_as(tmp_path / "a.dcm")
    rules.data_set(DOCUMENTS["PDF"]).save_as(tmp_path / "b.dcm")
    assert errors_of([tmp_path / "a.dcm", tmp_path / "b.dcm"]) == {"a.dcm": [], "b.dcm": []}


def test_choosing_one(tmp_path):
    entries = [entry("A1"), entry("A2", PatientID="43")]
    match = {"AccessionNumber": "A2", "ScheduledProcedureStepSequence[0].Modality": "ES"}
    assert HeaderRules(worklist=entries, worklist_match=match).data_set(picture()).PatientID == "43"
    path = tmp_path / "worklist.json"
    path.write_text(json.dumps([json.loads(one.to_json()) for one in entries]), "utf-8")
    assert HeaderRules(worklist=path, worklist_match=match).data_set(picture()).PatientID == "43"
    folder = tmp_path / "entries"
    folder.mkdir()
    for number, one in enumerate(entries):
        one.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
        (folder / f"{number}.json").write_text(one.to_json(), "utf-8")
    assert HeaderRules(worklist=folder, worklist_match=match).data_set(picture()).PatientID == "43"
    rules = HeaderRules(worklist=iter(entries), worklist_match=match)
    assert replace(rules, study="folder").data_set(picture()).PatientID == "43"
    assert HeaderRules(worklist={"PatientID": "44"}).data_set(picture()).PatientID == "44"


@pytest.mark.parametrize(
    ("worklist", "match", "message"),
    [
        ([entry("A1"), entry("A2")], None, "worklist has 2 entries, expected one"),
        ([entry("A1"), entry("A2")], {"AccessionNumber": "SECRET"}, "no entry with this AccessionNumber"),
        ([entry("A1"), entry("A1")], {"AccessionNumber": "A1"}, "2 entries with this AccessionNumber"),
        ([entry("A1")], {"AccesionNumber": "A1"}, "`AccesionNumber` is no keyword.*: worklist_match"),
        ([], None, "worklist has no entry"),
        ([entry(ScheduledProcedureStepSequence=[Dataset(), Dataset()])], None, "2 scheduled procedure steps"),
        ([entry(PatientBirthDate="19700230")], None, "PatientBirthDate is wrong.*: worklist"),
        ([{"PatientNmae": "x"}], None, "an entry is no data set"),
        (None, {"AccessionNumber": "A1"}, "worklist_match needs a worklist"),
        ([5], None, "worklist is a list, expected"),
        (5, None, "worklist is a int, expected"),
    ],
)
def test_what_is_refused(worklist, match, message):
    with pytest.raises(ConversionError, match=message) as caught:
        HeaderRules(worklist=worklist, worklist_match=match)
    assert "SECRET" not in str(caught.value)
