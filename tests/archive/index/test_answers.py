"""What an answer holds: PS3.18 Tables 10.6.3-3 to -5."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from filmless.archive.index.index import Index
from filmless.archive.query import Level, Query
from filmless.dataset import Dataset

from .made import data_set, keys, path, placed


@pytest.fixture
def filled(index: Index) -> Iterator[Index]:
    """A study of two series, with little in it."""
    item = Dataset()
    item.RequestedProcedureID = "R"
    index.add(
        placed(
            data_set(
                1, 1, 1, PatientName="Dœ^Jane", KVP=120, Rows=2, PixelData=bytes(4000), SeriesDescription="d",
                RequestAttributesSequence=[item], AccessionNumber="1",
            ),
            data_set(1, 1, 2, KVP=100),
            data_set(1, 2, 1, Modality="MR"),
        )
    )  # fmt: skip
    return index


def _answers(index: Index, level: Level, pairs: dict[str, str] | None = None, **options: Any) -> list[dict[str, Any]]:
    found = []
    for row in index.search(Query(level, keys(pairs or {}), **options)).rows:
        answer = json.loads(row.json)
        assert list(answer) == sorted(answer)
        assert Dataset.from_json(row.json.decode())
        assert row.json.decode()
        found.append(answer)
    return found


def _name(keyword: str) -> str:
    return f"{path(keyword)[0]:08X}"


STUDY = {"StudyDate", "StudyTime", "AccessionNumber", "InstanceAvailability", "ModalitiesInStudy", "PatientName",
         "ReferringPhysicianName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID",
         "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"}  # fmt: skip
SERIES = {"InstanceAvailability", "Modality", "SeriesInstanceUID", "SeriesNumber", "NumberOfSeriesRelatedInstances"}
INSTANCE = {"InstanceAvailability", "SOPClassUID", "SOPInstanceUID", "InstanceNumber"}


def test_a_study_has_the_attributes_of_its_table(filled: Index) -> None:
    (answer,) = _answers(filled, "study")
    assert set(answer) == {_name(keyword) for keyword in STUDY}
    assert answer[_name("StudyDate")] == {"vr": "DA"}
    assert answer[_name("ModalitiesInStudy")] == {"vr": "CS", "Value": ["CT", "MR"]}
    assert answer[_name("NumberOfStudyRelatedInstances")] == {"vr": "IS", "Value": [3]}
    assert answer[_name("PatientName")] == {"vr": "PN", "Value": [{"Alphabetic": "Dœ^Jane"}]}
    assert answer[_name("InstanceAvailability")] == {"vr": "CS", "Value": ["ONLINE"]}


def test_a_series_has_those_of_its_study_unless_it_was_named(filled: Index) -> None:
    known = {"SeriesDescription", "RequestAttributesSequence"}
    everywhere, other = _answers(filled, "series")
    assert set(everywhere) == {_name(keyword) for keyword in STUDY | SERIES | known}
    assert set(other) == {_name(keyword) for keyword in STUDY | SERIES}
    named, _ = _answers(filled, "series", {"StudyInstanceUID": "1.2.1"})
    assert set(named) == {_name(keyword) for keyword in SERIES | known | {"StudyInstanceUID"}}
    assert named[_name("NumberOfSeriesRelatedInstances")]["Value"] == [2]


def test_an_instance_has_those_of_what_was_not_named(filled: Index) -> None:
    first, *_ = _answers(filled, "instance")
    assert {_name(keyword) for keyword in STUDY | SERIES | INSTANCE | {"Rows"}} <= set(first)
    first, *_ = _answers(filled, "instance", {"StudyInstanceUID": "1.2.1"})
    assert set(first) >= {_name(keyword) for keyword in SERIES | INSTANCE | {"Rows"}}
    assert _name("PatientName") not in first
    uids = {"StudyInstanceUID": "1.2.1", "SeriesInstanceUID": "1.2.1.1"}
    first, second = _answers(filled, "instance", uids)
    assert set(first) == {_name(keyword) for keyword in INSTANCE | set(uids) | {"Rows"}}
    assert set(second) == {_name(keyword) for keyword in INSTANCE | set(uids)}


def test_keys_and_what_is_included_are_answered(filled: Index) -> None:
    (answer,) = _answers(filled, "study", {"KVP": "100"}, include=frozenset({path("PatientAge"), path("Rows")}))
    assert answer[_name("KVP")] == {"vr": "DS", "Value": [120]}  # of the first instance
    assert answer[_name("PatientAge")] == {"vr": "AS"}
    assert answer[_name("Rows")]["Value"] == [2]
    first, second, third = _answers(filled, "instance", include=frozenset({path("KVP"), path("PixelData")}))
    assert [each[_name("KVP")].get("Value") for each in (first, second, third)] == [[120], [100], None]
    assert "BulkDataURI" not in json.dumps(first)


def test_everything_is_answered_but_bulk_data(filled: Index) -> None:
    first, *_ = _answers(filled, "instance", include_all=True)
    assert {_name(keyword) for keyword in STUDY | SERIES | INSTANCE | {"Rows", "KVP"}} <= set(first)
    assert _name("PixelData") not in first
    (study,) = _answers(filled, "study", include_all=True)
    assert {_name(keyword) for keyword in STUDY | {"SOPClassesInStudy"}} <= set(study)
    assert _name("Modality") not in study


def test_retrieve_urls_lead_to_the_row(filled: Index) -> None:
    url = "https://host/dicom-web/"
    ends = {
        "study": "/studies/1.2.1",
        "series": "/studies/1.2.1/series/1.2.1.1",
        "instance": "/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1",
    }
    for level, end in ends.items():
        first, *_ = _answers(filled, level, retrieve_url=url)  # type: ignore[arg-type]
        assert first[_name("RetrieveURL")] == {"vr": "UR", "Value": ["https://host/dicom-web" + end]}
    assert _name("RetrieveURL") not in _answers(filled, "study", {"RetrieveURL": ""})[0]
