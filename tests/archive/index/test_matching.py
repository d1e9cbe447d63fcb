"""Matching of data sets as DICOM JSON. That it says what SQL says is in test_search.py."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.archive.matching import Criteria, collapsed, glob
from filmless.archive.query import Key

from .made import keys


def _plain(pattern: str, text: str) -> bool:
    places = {0}
    for letter in pattern:
        if letter == "*":
            places = set(range(min(places, default=len(text) + 1), len(text) + 1))
        else:
            places = {p + 1 for p in places if p < len(text) and letter in {"?", text[p]}}
    return len(text) in places


@given(st.text("ab*?\n.[", max_size=10), st.text("ab\n.[", max_size=10))
def test_globs(pattern: str, text: str) -> None:
    assert glob(pattern)(text) == _plain(pattern, text) == _plain(collapsed(pattern), text)


def test_globs_do_not_go_back() -> None:
    start = time.process_time()
    assert not glob("*a" * 500 + "b")("a" * 10_000)
    assert not glob("*?" * 100_000)("a" * 1000)
    assert glob("*a?" * 300 + "*")("a" * 1000)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("element", "text", "expected"),
    [
        ({"vr": "US", "Value": [512, 256]}, "256", True),
        ({"vr": "FD", "Value": [0.5]}, ".5", True),
        ({"vr": "OB", "InlineBinary": "AA=="}, "AA==", False),
        ({"vr": "OB", "InlineBinary": "AA=="}, '""', False),
        ({"vr": "OB", "InlineBinary": "AA=="}, "*", True),
        ({"vr": "AT", "Value": ["00100020"]}, "00100020", True),
        ({"vr": "LT", "Value": ["a\\b"]}, "a\\?", True),
        ({"vr": "LO", "Value": [None, "b"]}, "b", True),
        ({"vr": "LO"}, '""', True),
        ({"vr": "LO", "Value": [None]}, '""\\x', True),
        ({"vr": "PN", "Value": [{"Alphabetic": "Doe^J"}]}, "DOE^?", True),
        ({"vr": "DA", "Value": ["20200101", "20210101"]}, "2021.01.01", True),
        ({"vr": "SQ", "Value": [{}]}, "x", False),
        ({"vr": "CS", "Value": ["a"]}, "A", False),
    ],
)
def test_values_of_private_attributes_match_by_their_own_kind(
    element: dict[str, object], text: str, expected: bool
) -> None:
    assert Criteria([Key((0x0009_1001,), text)]).accept({"00091001": element}) is expected


def test_damaged_json_does_not_match_and_does_not_fail() -> None:
    criteria = Criteria(keys({"RequestAttributesSequence.ScheduledProcedureStepID": "1", "KVP": "1"}))
    for odd in (
        {},
        {"00400275": {"vr": "SQ"}, "00180060": {"vr": "DS", "Value": [1]}},
        {"00400275": {"Value": ["x", None]}},
    ):
        assert not criteria.accept(odd)
    assert Criteria(keys({"KVP": "1\\x"})).accept({"00180060": {"vr": "DS", "Value": ["1.0"]}})
    assert Criteria([]).accept({})
