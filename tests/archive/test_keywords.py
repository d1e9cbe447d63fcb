"""Searching by keywords."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from itertools import count
from typing import Any

import pytest

from filmless.archive import Archive, Key, Query
from filmless.archive.keywords import text_of
from filmless.errors import FormatError, LimitError

from .made import uid_of

Make = Callable[..., bytes]
NAME, MODALITIES = 0x0010_0010, 0x0008_0061


def test_an_archive_is_searched_by_keywords(archive: Archive, make: Make) -> None:
    for number in range(3):
        archive.store(make(number, study=number))
    studies = [uid_of(number, level=1) for number in range(3)]
    found = archive.search("study", StudyInstanceUID=studies[:2], ModalitiesInStudy="MR,CT", include="Manufacturer")
    assert sorted(str(row.dataset.StudyInstanceUID) for row in found.rows) == studies[:2]
    assert all("Manufacturer" in row.dataset for row in found.rows)
    assert archive.search("instance", limit=2).more
    assert archive.search("study", PatientName="nobody").rows == []
    asked = Query.of("study", include=["all", "Manufacturer"], PatientName="Doe*", fuzzy=True, limit=3, offset=1)
    assert asked == Query(
        "study", (Key((NAME,), "Doe*"),), frozenset({(0x0008_0070,)}), include_all=True, fuzzy=True, limit=3, offset=1
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"PatinetName": "Doe*"}, "did you mean PatientName"),
        ({"include": "Nothing", "PatientID": "1"}, "no keyword"),
        ({"PatientID": None}, "None is no value"),
        ({"StudyInstanceUID": []}, "empty"),
    ],
)
def test_what_would_find_everybody_is_refused(archive: Archive, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        archive.search("study", **wrong)


def test_a_query_stands_alone(archive: Archive) -> None:
    with pytest.raises(TypeError, match="keywords"):
        archive.search(Query("study"), PatientID="1")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Key.of("PatientName=Doe*"), Key((NAME,), "Doe*")),
        (Key.of("0010,0010=a=b,c"), Key((NAME,), "a=b,c")),
        (Key.of("00100010", ""), Key((NAME,), "")),
        (Key.of((NAME,), "Doe*"), Key((NAME,), "Doe*")),
        (Key.of("ModalitiesInStudy=CT,MR"), Key((MODALITIES,), "CT\\MR")),
        (Key.of("ModalitiesInStudy", ["CT", "MR"]), Key((MODALITIES,), "CT\\MR")),
        (Key.of("RequestAttributesSequence.ScheduledProcedureStepID=S"), Key((0x0040_0275, 0x0040_0009), "S")),
    ],
)
def test_keys(key: Key, expected: Key) -> None:
    assert key == expected


def test_keys_that_are_none() -> None:
    for text in ("PatientName", "Nothing=1", ".".join(["RequestAttributesSequence"] * 9) + "=1"):
        with pytest.raises(FormatError):
            Key.of(text)


def test_texts_of_values() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert [text_of(one) for one in (moment, date(2026, 1, 2), time(3, 4, 5), 7)] == [
        "20260102030405",
        "20260102",
        "030405",
        "7",
    ]


@pytest.mark.parametrize("level", ["study", "instance"])
def test_a_search_of_headers_ends(archive: Archive, make: Make, level: Any) -> None:
    for number in range(3):
        archive.store(make(number))
    assert archive.search(level, KVP="1234", timeout_s=60).rows == []
    with pytest.raises(LimitError, match="took longer than 0 s") as caught:
        archive.search(level, KVP="1234", timeout_s=0)
    assert (caught.value.limit, caught.value.hint is not None) == ("timeout_s", True)
    asked = count()
    with pytest.raises(LimitError, match="stopped"):
        archive.index.search(Query(level, (Key.of("KVP=1234"),), stopped=lambda: next(asked) == 2))
    assert next(asked) == 3  # it is looked at between rows, and none is looked at afterwards
