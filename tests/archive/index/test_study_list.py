"""What a list of studies finds, in either database: words as they are, and with wildcards."""

from typing import Any

import pytest

from filmless.archive.index.index import Index
from filmless.archive.index.study_list import StudyList, count_studies, list_studies

from .made import data_set, placed

PEOPLE = [
    ("Smith^Ann", "P-1", "CT Thorax", "CT"),
    ("Jasmin^José", "P-20", "Knee_left", "MR"),
    ("Roe", "100%", "", "CR"),
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "123"),
        ({"text": "smi"}, "12"),
        ({"text": "jose"}, "2"),
        ({"text": "smi*"}, "1"),
        ({"text": "*min"}, "2"),
        ({"text": "*"}, "123"),
        ({"text": "jos? *"}, "2"),
        ({"patient": "Smith^A*"}, "1"),
        ({"patient_id": "P-?"}, "1"),
        ({"patient_id": "?00%"}, "3"),
        ({"description": "knee?left"}, "2"),
        ({"description": "*_*"}, "2"),
        ({"modality": "C*"}, "13"),
        ({"modality": "C"}, ""),
    ],
    ids=str,
)
def test_what_a_list_finds(index: Index, wanted: dict[str, Any], found: str) -> None:
    sets = []
    for number, (name, patient, description, modality) in enumerate(PEOPLE, 1):
        values = {"PatientName": name, "PatientID": patient, "StudyDescription": description, "Modality": modality}
        sets.append(data_set(number, 1, 1, SpecificCharacterSet="ISO_IR 192", **values))
    index.add(placed(*sets))
    rows = list_studies(index.database, StudyList(**wanted))
    assert "".join(sorted(row.uid[-1] for row in rows)) == found
    assert count_studies(index.database, StudyList(**wanted)) == len(found)
