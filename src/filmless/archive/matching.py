"""Whether a data set, as DICOM JSON, matches keys: what the index does in SQL, for attributes that have no column.

PS3.4 C.2.2.2, PS3.18 8.3.4.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from filmless import _core
from filmless.archive.index.names import FoldedName, name_patterns, words
from filmless.archive.index.values import FIRST, LAST, Span, spans, stored
from filmless.archive.query import Key

__all__ = [
    "EMPTY",
    "PAIRS",
    "Criteria",
    "alternatives",
    "collapsed",
    "combined_span",
    "glob",
    "is_universal",
    "is_wild",
    "vr_of",
]

EMPTY: Final = '""'
"""What matches an attribute that is empty or absent: empty value matching, PS3.4 C.2.2.2.7."""

_Test = Callable[[list[Any]], bool]

_NUMBERS: Final = {"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"}
_WILD: Final = {"AE", "AS", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
_WHOLE: Final = {"LT", "ST", "UR", "UT"}  # a backslash is text in them

#: Dates and the times that belong to them: two ranges are one range of moments (PS3.4 C.2.2.2.5).
PAIRS: Final = {
    0x0008_0012: 0x0008_0013,
    0x0008_0020: 0x0008_0030,
    0x0008_0021: 0x0008_0031,
    0x0008_0022: 0x0008_0032,
    0x0008_0023: 0x0008_0033,
    0x0010_0030: 0x0010_0032,
    0x0040_0002: 0x0040_0003,
    0x0040_0004: 0x0040_0005,
    0x0040_0244: 0x0040_0245,
    0x0040_0250: 0x0040_0251,
}


def vr_of(tag: int) -> str:
    """Return the value representation of an attribute; UN when it is not known."""
    row = _core.dictionary_entry(tag)
    return str(row[1])[:2] if row else "UN"


def is_universal(text: str) -> bool:
    """Whether a key matches everything: it is empty, or stars alone."""
    return not text.strip("* \t\r\n\\")


def is_wild(text: str) -> bool:
    """Whether a text has wildcards."""
    return "*" in text or "?" in text


def alternatives(vr: str, text: str) -> list[str]:
    """Return the values of a key, one of which has to match; none for a key that matches everything."""
    if is_universal(text):
        return []
    parts = [text] if vr in _WHOLE else text.split("\\")
    return [] if any(part.strip() == "*" for part in parts) else [part.strip() for part in parts if part.strip()]


def collapsed(pattern: str) -> str:
    """Return the shortest pattern that matches the same: ``?`` before ``*``, one ``*`` in a run.

    Examples
    --------
    >>> collapsed("A*?*?B")
    'A??*B'
    """
    return re.sub(r"[*?]+", lambda run: "?" * run[0].count("?") + "*" * ("*" in run[0]), pattern)


def glob(pattern: str) -> Callable[[str], bool]:
    """Return a test of a text against ``*`` and ``?``, which takes no longer for many of them.

    Examples
    --------
    >>> glob("a*b?")("aXXbc"), glob("a*b?")("ab")
    (True, False)
    """
    least = len(pattern) - pattern.count("*")
    made: list[Callable[[str], bool]] = []

    def test(text: str) -> bool:
        if len(text) < least:
            return False
        if not made:  # only now: a pattern of a megabyte fits no value, and is never compiled
            made.append(_compiled(collapsed(pattern)))
        return made[0](text)

    return test


def _compiled(pattern: str) -> Callable[[str], bool]:
    first, *rest = map(_piece, pattern.split("*"))
    if not rest:
        return lambda text: first.fullmatch(text) is not None
    *between, tail = rest
    head_size, tail_size = pattern.index("*"), len(pattern) - pattern.rindex("*") - 1

    def test(text: str) -> bool:
        place, end = head_size, len(text) - tail_size
        if not first.match(text) or not tail.match(text, end):
            return False
        # The first place where a piece fits is the best one: it leaves the most for those behind.
        for piece in between:
            found = piece.search(text, place, end)
            if not found:
                return False
            place = found.end()
        return True

    return test


def _piece(text: str) -> re.Pattern[str]:
    return re.compile("".join("." if letter == "?" else re.escape(letter) for letter in text), re.DOTALL)


def combined_span(date: str, time: str) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """Return the range of moments of a range of dates and one of times; None when one is no range."""
    if "-" not in date or "-" not in time or "\\" in date + time:
        return None
    dates, times = spans("DA", date)[0], spans("TM", time)[0]
    low = (dates.low, "" if FIRST in {dates.low, times.low} else times.low)
    return low, (dates.high, LAST if LAST in {dates.high, times.high} else times.high)


class Criteria:
    """Keys that a data set has to match, all of them.

    Parameters
    ----------
    keys
        What is asked for. Keys inside one sequence have to match in one of its items together.
    fuzzy
        Whether person names match by words that begin alike, in any order.
    combined
        Whether a range of dates and one of times are one range of moments.

    Raises
    ------
    ValueRepresentationError
        A key of a date or time is none.

    DICOM
    -----
    PS3.4 C.2.2.2

    Examples
    --------
    >>> from filmless.archive import Key
    >>> criteria = Criteria([Key((0x00100010,), "doe^j*")])
    >>> criteria.accept({"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}})
    True
    """

    def __init__(self, keys: Iterable[Key], *, fuzzy: bool = False, combined: bool = True) -> None:
        inner: dict[int, list[Key]] = {}
        plain: dict[int, list[str]] = {}
        for path, text in keys:
            if len(path) > 1:
                inner.setdefault(path[0], []).append(Key(path[1:], text))
            elif path[0] != 0x0008_0005:  # how an identifier is encoded: it is never matched
                plain.setdefault(path[0], []).append(text)
        self._pairs = list(_take_pairs(plain)) if combined else []
        self._tests = [_Attribute(tag, text, fuzzy=fuzzy) for tag, texts in plain.items() for text in texts]
        self._items = [(f"{tag:08X}", Criteria(below, fuzzy=fuzzy, combined=combined)) for tag, below in inner.items()]
        self.is_universal: bool = (
            not self._pairs
            and all(test.is_universal for test in self._tests)
            and all(criteria.is_universal for _, criteria in self._items)
        )

    def accept(self, attributes: Mapping[str, Any]) -> bool:
        """Whether a data set, a DICOM JSON object, matches."""
        if self.is_universal:
            return True
        for date, time, (low, high) in self._pairs:
            moment = stored("DA", _first(attributes, date)), stored("TM", _first(attributes, time))
            if not low <= moment <= high:
                return False
        if not all(test.accept(attributes.get(test.name)) for test in self._tests):
            return False
        for name, criteria in self._items:
            items = (attributes.get(name) or {}).get("Value") or []
            if not criteria.is_universal and not any(criteria.accept(item) for item in items if isinstance(item, dict)):
                return False
        return True


def _take_pairs(plain: dict[int, list[str]]) -> Iterable[tuple[str, str, tuple[tuple[str, str], tuple[str, str]]]]:
    for date, time in PAIRS.items():
        if len(plain.get(date, ())) == 1 == len(plain.get(time, ())):
            span = combined_span(plain[date][0], plain[time][0])
            if span is not None:
                del plain[date], plain[time]
                yield f"{date:08X}", f"{time:08X}", span


def _first(attributes: Mapping[str, Any], name: str) -> Any:
    values = (attributes.get(name) or {}).get("Value")
    return values[0] if values else None


class _Attribute:
    """A key of one attribute; its test is made for the value representation that a data set has it in."""

    def __init__(self, tag: int, text: str, *, fuzzy: bool) -> None:
        self.name, self._tag, self._text, self._fuzzy = f"{tag:08X}", tag, text, fuzzy
        vr = vr_of(tag)
        # A star among several values is everything, as it is alone.
        self.is_universal = is_universal(text) or (vr in _WILD and not alternatives(vr, text))
        self._takes_empty = EMPTY in alternatives(vr, text)
        self._tests = {vr: self._made(vr)}  # a key that is wrong is refused here

    def accept(self, element: Mapping[str, Any] | None) -> bool:
        if self.is_universal:
            return True
        values = [value for value in (element or {}).get("Value") or [] if value is not None and value != ""]
        if element is None or not values:
            return self._takes_empty and not {"InlineBinary", "BulkDataURI"} & set(element or ())
        vr = str(element.get("vr", "UN"))
        test = self._tests.get(vr)
        if test is None:
            test = self._tests[vr] = self._made(vr)
        return test(values)

    def _made(self, vr: str) -> _Test:
        if self.is_universal:
            return lambda _: True
        if self._text.strip() == EMPTY:
            return lambda _: False
        if vr == "PN":
            return _fuzzy_test(self._text) if self._fuzzy else _name_test(self._text)
        if vr in {"DA", "TM", "DT"}:
            return _span_test(vr, spans(vr, self._text, tag=self._tag))
        if vr in _NUMBERS:
            return _number_test(alternatives(vr, self._text))
        if vr in _WILD or vr in {"UI", "AT"}:
            return _text_test(alternatives(vr, self._text), wild=vr in _WILD)
        return lambda _: False


def _text_test(parts: list[str], *, wild: bool) -> _Test:
    if not parts:
        return lambda _: True
    equal = {part for part in parts if not (wild and is_wild(part))}
    tests = [glob(part) for part in parts if part not in equal]

    def test(values: list[Any]) -> bool:
        texts = [str(value).strip() for value in values]
        return any(text in equal or any(matches(text) for matches in tests) for text in texts)

    return test


def _number_test(parts: list[str]) -> _Test:
    if not parts:
        return lambda _: True
    wanted = {number for number in map(_number, parts) if number is not None}
    return lambda values: any(_number(value) in wanted for value in values)


def _number(value: Any) -> float | int | None:
    try:
        return int(value) if not isinstance(value, float) else value
    except (TypeError, ValueError):
        try:
            return float(value)
        except (TypeError, ValueError):
            return None


def _span_test(vr: str, wanted: list[Span]) -> _Test:
    def test(values: list[Any]) -> bool:
        moments = [stored(vr, value) for value in values]
        return any(span.low <= moment <= span.high for moment in moments for span in wanted)

    return test


def _name_test(text: str) -> _Test:
    wanted = [_one_name_test(part) for part in alternatives("PN", text)]
    if not wanted:
        return lambda _: True
    return lambda values: any(test(FoldedName.of(value)) for value in values for test in wanted)


def _one_name_test(text: str) -> Callable[[FoldedName], bool]:
    parts = [(number, [glob(pattern) for pattern in patterns]) for number, patterns in name_patterns(text)]

    def test(name: FoldedName) -> bool:
        for number, globs in parts:
            groups = [group for group in name if group] if number is None else [name[number]]
            if not any(matches(group) for group in groups for matches in globs):
                return False
        return any(name)

    return test


def _fuzzy_test(text: str) -> _Test:
    wanted = [words(part) for part in alternatives("PN", text)]
    if not wanted:
        return lambda _: True

    def test(values: list[Any]) -> bool:
        known = [FoldedName.of(value).words for value in values]
        return any(name and all(f" {word}" in name for word in each) for name in known for each in wanted)

    return test
