"""Options of a wrong type, and values that are odd."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from filmless.convert import to_dicom
from filmless.convert.header import HeaderRules
from filmless.errors import ConversionError

from .made import picture

_PICTURE = np.zeros((3, 4), np.uint8)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("sop_class", 5, "sop_class is a int, expected a text"),
        ("now", "x", "now is a str, expected a datetime"),
        ("now", dt.datetime.min, "now is too near"),  # noqa: DTZ901 - one of no zone is meant
        ("name_pattern", 5, "name_pattern is a int, expected a text"),
        ("uid_root", 5, "uid_root is a int, expected a text"),
        ("study", 5, "study is a int, expected a text"),
        ("series", None, "series is a NoneType, expected a text"),
        ("table", 5, "table is a int, expected a path"),
        ("table_encoding", 5, "table_encoding is a int"),
        ("table_delimiter", 5, "table_delimiter is a int"),
        ("table_key", 5, "table_key is a int"),
        ("worklist_match", 5, "worklist_match is a int, expected a mapping"),
        ("values", 5, "values is a int, expected a mapping"),
        ("run", 5, "run is a int"),
    ],
)
def test_options_of_a_wrong_type(option: str, value: Any, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        to_dicom(_PICTURE, **{option: value})


@pytest.mark.parametrize(
    ("name", "is_told"),
    [("Geheim, Hans", True), ("Geheim^Hans", False), ("Geheim^Hans, MD", False), ("Geheim", False)],
)
def test_a_name_with_a_comma(name: str, is_told: bool) -> None:
    notices: list[Any] = []
    ds = HeaderRules(values={"PatientName": name, "StudyDescription": "a, b"}).data_set(picture(), notices=notices)
    assert ds.PatientName == name
    assert [notice.code for notice in notices] == ["name-with-comma"] * is_told
    assert "Geheim" not in str(notices)


def test_names_with_a_comma_in_lists_and_items() -> None:
    notices: list[Any] = []
    values = {"OtherPatientNames": ["A^B", "C, D"], "OtherPatientIDsSequence[0].PatientID": "1, 2"}
    values["RequestAttributesSequence[0].RequestingPhysician"] = "E, F"
    HeaderRules(values=values).data_set(picture(), notices=notices)
    assert sorted(str(notice).partition(" has")[0].split()[-1] for notice in notices) == [
        "OtherPatientNames",
        "RequestingPhysician",
    ]
