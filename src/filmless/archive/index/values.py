"""Dates and times as they are compared: digits of one length, whose order is that of time; keys as spans of them."""

import re
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from filmless import _core
from filmless.errors import ValueRepresentationError

__all__ = ["FIRST", "LAST", "NO_NUMBER", "Span", "spans", "stored", "stored_date", "stored_time"]

FIRST: Final = "0"  # before every value, behind an empty one
LAST: Final = "9:"  # behind every value

NO_NUMBER: Final = 1 << 40
"""The number of a series or instance that has none: it is sorted last. An IS has 32 bits."""

_DATE: Final = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)")  # with dots in ACR-NEMA
_TIME: Final = re.compile(r"(\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6}))?)?)?")
_DATE_TIME: Final = re.compile(r"(\d{4}(?:\d\d){0,5})(?:\.(\d{1,6}))?([+-](?:0\d|1[0-4])[0-5]\d)?")
_WHAT: Final = {"DA": "date", "TM": "time", "DT": "date and time"}

_EXAMPLE: Final = {"DA": "20240131", "TM": "1030", "DT": "20240131103000"}


class Span(NamedTuple):
    """From when to when, both included."""

    low: str
    high: str


def stored_date(value: Any) -> str:
    """Return a DA as eight digits; nothing when it is no date.

    Examples
    --------
    >>> stored_date("1997.04.24")
    '19970424'
    """
    found = _DATE.fullmatch(str(value or "").strip())
    return "".join(found.groups()) if found and found[0].isascii() else ""


def stored_time(value: Any) -> str:
    """Return a TM as twelve digits; nothing when it is no time.

    Examples
    --------
    >>> stored_time("1030")
    '103000000000'
    """
    span = _time(str(value or "").strip())
    return span.low if span else ""


def stored(vr: str, value: Any) -> str:
    """Return a value of DA, TM or DT as digits; nothing when it is none."""
    if vr == "DA":
        return stored_date(value)
    if vr == "TM":
        return stored_time(value)
    span = _date_time(str(value or "").strip())
    return span.low if span else ""


def spans(vr: str, text: str, *, tag: int | None = None) -> list[Span]:
    """Return what a key of DA, TM or DT asks for: each value is a moment, as exact as it is written, or a range.

    Raises
    ------
    ValueRepresentationError
        It is neither.

    DICOM
    -----
    PS3.4 C.2.2.2.1 and C.2.2.2.5

    Examples
    --------
    >>> spans("TM", "1030-11")
    [Span(low='103000000000', high='115959999999')]
    >>> spans("DA", "-20200131")
    [Span(low='0', high='20200131')]
    """
    found = []
    for part in text.split("\\"):
        span = _span(vr, part.strip())
        if span is None:
            example = _EXAMPLE[vr]
            raise ValueRepresentationError(
                f"{_name(tag)} is neither a {_WHAT[vr]} nor a range of them",
                tag=tag,
                hint=f"expected one as {example}, or a range as {example}-, -{example} or {example}-{example}",
            )
        found.append(span)
    return found


def _name(tag: int | None) -> str:
    entry = None if tag is None else _core.dictionary_entry(tag)
    return f"the key {entry[3]}" if entry and entry[3] else "the key"


def _span(vr: str, text: str) -> Span | None:
    one = _moment(vr, text)
    if one:
        return one
    # The hyphen of a DT may be the sign of an offset from UTC, too: every hyphen is tried.
    for place in [found.start() for found in re.finditer("-", text)][:4]:
        before, after = text[:place].strip(), text[place + 1 :].strip()
        if not before and not after:
            return None
        low = _moment(vr, before) if before else Span(FIRST, FIRST)
        high = _moment(vr, after) if after else Span(LAST, LAST)
        if low and high:
            return Span(low.low, high.high)
    return None


def _moment(vr: str, text: str) -> Span | None:
    if vr == "DA":
        date = stored_date(text)
        return Span(date, date) if date else None
    return _time(text) if vr == "TM" else _date_time(text)


def _time(text: str) -> Span | None:
    found = _TIME.fullmatch(text)
    if not found or not text.isascii():
        return None
    hour, minute, second, fraction = found.groups()
    low = hour + (minute or "00") + (second or "00") + (fraction or "").ljust(6, "0")
    return Span(low, hour + (minute or "59") + (second or "59") + (fraction or "").ljust(6, "9"))


def _date_time(text: str) -> Span | None:
    """Return a DT as twenty digits of UTC; without an offset as if it were UTC."""
    found = _DATE_TIME.fullmatch(text)
    if not found or not text.isascii():
        return None
    digits, fraction, offset = found[1], found[2] or "", found[3]
    low = (digits + "00000101000000"[len(digits) :]) + fraction.ljust(6, "0")
    high = (digits + "99991231235959"[len(digits) :]) + fraction.ljust(6, "9")
    if not offset:
        return Span(low, high)
    minutes = (int(offset[1:3]) * 60 + int(offset[3:])) * (-1 if offset[0] == "-" else 1)
    return Span(_shifted(low, -minutes), _shifted(high, -minutes))


def _shifted(digits: str, minutes: int) -> str:
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S%f") + timedelta(minutes=minutes)  # noqa: DTZ007 - of UTC
    except (ValueError, OverflowError):  # 31 February
        return digits
    return f"{moment:%Y}".zfill(4) + f"{moment:%m%d%H%M%S%f}"
