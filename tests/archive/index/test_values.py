"""Dates and times as they are compared."""

import pytest

from filmless.archive.index.values import Span, spans, stored, stored_date, stored_time
from filmless.errors import ValueRepresentationError


@pytest.mark.parametrize(
    ("vr", "text", "low", "high"),
    [
        ("DA", "20200229", "20200229", "20200229"),
        ("DA", "2020.02.29-", "20200229", "9:"),
        ("TM", "07", "070000000000", "075959999999"),
        ("TM", "07:30:15.5", "073015500000", "073015599999"),
        ("TM", "-0730", "0", "073059999999"),
        ("DT", "2020", "20200101000000000000", "20201231235959999999"),
        ("DT", "202002-2021", "20200201000000000000", "20211231235959999999"),
        ("DT", "20200101000000+0100", "20191231230000000000", "20191231230000999999"),
        ("DT", "20200101-0500", "20200101050000000000", "20200102045959999999"),
        ("DT", "20200101-0500-20200102-0500", "20200101050000000000", "20200103045959999999"),
        ("DT", "-20200101-0500", "0", "20200102045959999999"),
    ],
)
def test_keys_are_spans(vr: str, text: str, low: str, high: str) -> None:
    assert spans(vr, text) == [Span(low, high)]


@pytest.mark.parametrize("vr", ["DA", "TM", "DT"])
@pytest.mark.parametrize(
    "text", ["x", "-", "", "1", "2020010", "20200101-20200102-20200103", "١٢٣٤٥٦٧٨", "2020-01-01-02"]
)
def test_what_is_none_is_refused(vr: str, text: str) -> None:
    with pytest.raises(ValueRepresentationError):
        spans(vr, text)


def test_stored_values() -> None:
    assert stored_date("20200101 ") == "20200101"
    assert [stored_date(value) for value in ("2020", None, "", 20200101.5, "x" * 100_000)] == [""] * 5
    assert stored_time("235960") == "235960000000"
    assert [stored_time(value) for value in ("2", None, "12:", "1234567")] == [""] * 4
    assert stored("DT", "0001+1400") == "00010101000000000000"  # before the first year there is nothing
    assert stored("DT", "20200230") == "20200230000000000000"
