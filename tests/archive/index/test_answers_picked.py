"""Rows of the index as answers: what is picked as it stands is what reading it gives."""

import json
from itertools import product
from typing import Any

import pytest

from filmless.archive.index.answers import Answers
from filmless.archive.index.columns import dumped
from filmless.archive.query import Key, Level, Query

_PATIENT: dict[str, Any] = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Jörg", "Ideographic": "山田"}]}}
_STUDY: dict[str, Any] = {
    "00080020": {"vr": "DA", "Value": ["20260101"]},
    "00080090": {"vr": "PN"},
    "00081030": {"vr": "LO", "Value": ['a "quoted" {text}]', None, "b"]},
    "00081032": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["A"]}}, {}]},
    "00101020": {"vr": "DS", "Value": [1.5, 1e30, -2]},
    "0020000D": {"vr": "UI", "Value": ["1.2"]},
}
_SERIES: dict[str, Any] = {"00080060": {"vr": "CS", "Value": ["CT"]}, "0020000E": {"vr": "UI", "Value": ["1.2.3"]}}
_INSTANCE: dict[str, Any] = {
    "00080018": {"vr": "UI", "Value": ["1.2.3.4"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "X"}]},
}
_WIDTH = {"study": 7, "series": 11, "instance": 14}


def _row(level: str, study: dict[str, Any] = _PATIENT | _STUDY) -> tuple[Any, ...]:
    of_study = (1, "1.2", "CT\\MR", "", 2, 30, dumped(study))
    of_series = (2, "1.2.3", 29, dumped(_SERIES))
    whole = (*of_study, *of_series, 3, "1.2.3.4", dumped(_INSTANCE))
    return (1, dumped(_PATIENT)) if level == "patient" else whole[: _WIDTH[level]]


class _Counts:
    """A database that answers how much a patient has."""

    def rows(self, sql: str, values: Any) -> list[tuple[int, ...]]:
        """Return studies, series and instances."""
        assert "count(*)" in sql
        return [(3, 4, 5)]


def _answers(query: Query) -> Answers:
    return Answers(_Counts(), query, ())  # type: ignore[arg-type] # all that is asked of it


_ASKED = {
    "patient": (0x0010_0010, 0x0010_0040, 0x0020_1200),
    "study": (0x0010_0010, 0x0008_0061, 0x0010_1020, 0x0008_1032, 0x0020_000D, 0x0020_1206),
    "series": (0x0020_000D, 0x0008_0060, 0x0020_000E, 0x0020_1209, 0x0018_0015),
    "instance": (0x0020_000D, 0x0020_000E, 0x0008_0018, 0x0010_0010, 0x0020_1209),
}


def _queries() -> list[Query]:
    chosen: list[Query] = []
    levels: tuple[Level, ...] = ("patient", "study", "series", "instance")
    for level, exact, everything, url in product(levels, (False, True), (False, True), (None, 'https://x/"d"/')):
        if everything and level == "instance":  # that looks into headers
            continue
        asked = tuple(Key((tag,), "1.2" if tag >> 16 == 0x20 else "") for tag in _ASKED[level])
        chosen += [
            Query(level, keys, exact=exact, include_all=everything, retrieve_url=url) for keys in ((), asked, asked[:1])
        ]
    return chosen


@pytest.mark.parametrize("query", _queries(), ids=lambda query: query.level)
def test_an_answer_that_is_picked_is_the_one_that_is_read(query: Query) -> None:
    """Byte for byte."""
    answers = _answers(query)
    assert answers.row(_row(query.level)) == answers.read(_row(query.level))


@pytest.mark.parametrize("text", ['C:\\x "y"', "\x1b", "\u2028", "😀", "\\ud800", "end\\"])
def test_what_is_spelt_with_a_backslash_is_read(text: str) -> None:
    """Another writer of JSON may spell it in another way."""
    query = Query("study", (Key((0x0008_1030,), ""), Key((0x0008_0050,), "")), exact=True)
    answers = _answers(query)
    row = _row("study", {"00081030": {"vr": "LO", "Value": [text]}})
    found = answers.row(row)
    assert found == answers.read(row)
    assert json.loads(found.json)["00081030"]["Value"] == [text]


def test_a_text_that_is_not_compact_says_the_same() -> None:
    """It is picked as it stands."""
    answers = _answers(Query("study"))
    row = (*_row("study")[:6], json.dumps(_PATIENT | _STUDY, indent=1))
    assert json.loads(answers.row(row).json) == json.loads(answers.read(row).json)
