"""Answering a query: what has columns is matched in SQL, the rest against the JSON that is kept, row by row."""

import json
import re
import time
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import closing
from itertools import islice
from typing import Any, Final

from filmless.archive.header import Header
from filmless.archive.index.answers import Answers
from filmless.archive.index.columns import clean
from filmless.archive.index.conditions import COLUMNS, NOTHING, Condition, condition, pair_condition
from filmless.archive.index.database import Database
from filmless.archive.index.watch import Watch
from filmless.archive.levels import LEVEL_OF, ORDER
from filmless.archive.matching import PAIRS, Criteria, alternatives, is_universal, vr_of
from filmless.archive.query import Found, Key, Query, Row
from filmless.archive.within import Within
from filmless.errors import LimitError

__all__ = ["rows", "search", "sight"]

_decode: Final = json.JSONDecoder().raw_decode
_MOST: Final = 200  # keys
_MOST_VALUES: Final = 1000  # of a key
_HUGE: Final = (1 << 63) - 1
#: What is of an identifier or an answer themselves, and counts of a patient, which are returned only.
_UNMATCHED: Final = {0x0008_0005, 0x0008_0052, 0x0008_0054, 0x0008_1190, 0x0020_1200, 0x0020_1202, 0x0020_1204}
_STUDY_UID: Final = 0x0020_000D
_SOP_CLASSES_IN_STUDY: Final = 0x0008_0062

_STUDY: Final = "s.id, s.uid, s.modalities, s.sop_classes, s.series_count, s.instance_count, s.attributes"
_SERIES: Final = f"{_STUDY}, e.id, e.uid, e.instance_count, e.attributes"
_COLUMNS: Final = {
    "patient": "p.id, p.attributes",
    "study": _STUDY,
    "series": _SERIES,
    "instance": f"{_SERIES}, i.id, i.uid, i.attributes",
}
_FROM: Final = {
    "patient": "patient p",
    "study": "study s",
    "series": "series e JOIN study s ON s.id = e.study",
    "instance": "instance i JOIN series e ON e.id = i.series JOIN study s ON s.id = e.study",
}
_ORDER: Final = {
    "patient": "p.patient_id, p.issuer, p.id",
    "study": "s.date DESC, s.time DESC, s.uid DESC",
    "series": "e.study, e.number, e.uid",
    "instance": "i.series, i.number, i.uid",
}
_ORDER_IN_STUDY: Final = _ORDER | {"series": "e.number, e.uid", "instance": "e.number, e.uid, i.number, i.uid"}

_BELOW: Final = {  # from a row to the rows of a lower level: what they are joined from, and by what
    "patient": ("study s", "s.patient", "p.id"),
    "study": ("series e", "e.study", "s.id"),
    "series": ("instance i", "i.series", "e.id"),
}
_JOINED: Final = {"series": " JOIN series e ON e.study = s.id", "instance": " JOIN instance i ON i.series = e.id"}


def search(database: Database, query: Query) -> Found:
    """Answer a query.

    DICOM
    -----
    PS3.4 C.2.2.2, PS3.18 8.3.4 and 10.6
    """
    if query.offset < 0 or (query.limit is not None and query.limit < 0):
        raise ValueError("limit and offset are not below 0")
    plan = _Plan(database, query)
    sql, values = plan.statement()
    limit = _HUGE if query.limit is None else min(query.limit, _HUGE - 1)
    answers = Answers(database, query, plan.in_sight)
    if not plan.rest:
        rows = database.rows(f"{sql} LIMIT ? OFFSET ?", (*values, min(limit + 1, _HUGE), min(query.offset, _HUGE)))
        return Found([answers.row(row) for row in plan.watch.over(rows[:limit])], len(rows) > limit)
    with database.stream(sql, values) as rows_of_all:
        accepted = (row for row in plan.watch.over(rows_of_all) if all(accept(row) for accept in plan.rest))
        kept = islice(accepted, min(query.offset, _HUGE >> 1), None)
        found = [answers.row(row) for row in islice(kept, min(limit, _HUGE >> 1))]
        return Found(found, next(kept, None) is not None)


def rows(database: Database, query: Query) -> Generator[Row]:
    """Answer a query as its answers are taken: `limit` and `offset` are those of who takes them.

    The time that passes between two answers, while nobody asks for the next one, does not count.
    """
    plan = _Plan(database, query)
    sql, values = plan.statement()
    answers = Answers(database, query, plan.in_sight)
    with database.stream(sql, values) as found:
        for row in plan.watch.over(found):
            if all(accept(row) for accept in plan.rest):
                answer, given = answers.row(row), time.monotonic()
                yield answer
                plan.watch.wait(time.monotonic() - given)


class _Plan:
    """The conditions of a query, and what SQL cannot say as tests of rows."""

    def __init__(self, database: Database, query: Query) -> None:
        self._database, self._level, self._fuzzy = database, query.level, query.fuzzy
        self._combined = query.combined
        self.watch = Watch(query)
        self._conditions: list[Condition] = []
        self.rest: list[Callable[[tuple[Any, ...]], bool]] = []
        distinct = dict.fromkeys(query.keys)
        keys = [key for key in distinct if key.path[0] not in _UNMATCHED and not is_universal(key.text)]
        if len(keys) > _MOST:
            raise LimitError(f"a query has more than {_MOST} keys", limit="keys", value=_MOST)
        _check_values(keys)
        # Refuses what is wrong, in whichever way it is matched.
        Criteria(keys, fuzzy=query.fuzzy, combined=query.combined)
        self.in_sight = sight(database, query.within)
        self._see(query.within)
        studies = [alternatives("UI", text) for path, text in keys if path == (_STUDY_UID,)]
        self.is_in_study = any(len(uids) == 1 for uids in studies)
        groups: dict[int, list[Key]] = {}
        dates = {time: date for date, time in PAIRS.items()} if query.combined else {}
        for key in keys:
            groups.setdefault(dates.get(key.path[0], key.path[0]), []).append(key)
        for group in groups.values():
            self._match(group)

    def statement(self) -> tuple[str, list[Any]]:
        """Return the statement, without a limit, and its values."""
        where = " AND ".join(each.sql for each in self._conditions)
        order = (_ORDER_IN_STUDY if self.is_in_study else _ORDER)[self._level]
        sql = f"SELECT {_COLUMNS[self._level]} FROM {_FROM[self._level]} WHERE {where or '1 = 1'} ORDER BY {order}"  # noqa: S608 - names of ours
        return sql, [value for each in self._conditions for value in each.values]

    def _see(self, within: Within) -> None:
        if self._level != "patient":
            self._conditions += self.in_sight
            return
        if within.patients is not None:
            self._conditions.append(_listed(self._database, "p.patient_id", within.patients))
        if within.studies is not None:
            self._conditions.append(self._anything("study", Condition("1 = 1")))

    def _match(self, keys: list[Key]) -> None:
        """Add what keys ask of one attribute, of the two of a moment, or of items of one sequence."""
        if self._match_pair(keys):
            return
        left = [key for key in keys if not self._match_column(key)]
        if left:
            self._match_json({key.path[0] for key in left}, Criteria(left, fuzzy=self._fuzzy, combined=self._combined))

    def _match_pair(self, keys: list[Key]) -> bool:
        by_tag = {key.path[0]: key for key in keys if len(key.path) == 1}
        if len(keys) != 2 or len(by_tag) != 2:
            return False
        date = next(tag for tag in by_tag if tag in PAIRS)
        places = [COLUMNS.get(date), COLUMNS.get(PAIRS[date])]
        if None in places:
            return False
        level, _, column = COLUMNS[date]
        found = pair_condition((column, COLUMNS[PAIRS[date]].column), by_tag[date].text, by_tag[PAIRS[date]].text)
        if found is not None:
            self._conditions.append(self._at(level, found))
        return found is not None

    def _match_column(self, key: Key) -> bool:
        place = COLUMNS.get(key.path[0]) if len(key.path) == 1 else None
        if key.path == (0x0008_0056,):
            if not Criteria([key]).accept({"00080056": {"vr": "CS", "Value": ["ONLINE"]}}):
                self._conditions.append(NOTHING)
            return True
        if place is None:
            return False
        column = place.column
        if place.level == "patient" == self._level:
            column = "p" + column[1:]
        found = condition(self._database, key.path[0], column, key.text, fuzzy=self._fuzzy)
        if found is not None:
            self._conditions.append(self._at(place.level, found, is_rare=place.kind == "uid"))
        return found is not None

    def _at(self, level: str, found: Condition, *, is_rare: bool = False) -> Condition:
        """Return a condition of a level as one of the query's level."""
        if ORDER.index(level) <= ORDER.index(self._level):
            return found
        return self._anything(level, found, is_rare=is_rare)

    def _anything(self, level: str, found: Condition, *, is_rare: bool = False) -> Condition:
        """Return that anything below does. What is rare is looked up first, the rest as rows come."""
        tables, link, key = _BELOW[self._level]
        tables += "".join(_JOINED[each] for each in ORDER[ORDER.index(self._level) + 2 : ORDER.index(level) + 1])
        parts = [found, *(self.in_sight if self._level == "patient" else ())]
        where = " AND ".join(part.sql for part in parts)
        values = [value for part in parts for value in part.values]
        if is_rare:
            return Condition(f"{key} IN (SELECT {link} FROM {tables} WHERE {where})", values)  # noqa: S608 - names of ours
        return Condition(f"EXISTS (SELECT 1 FROM {tables} WHERE {link} = {key} AND {where})", values)  # noqa: S608 - names of ours

    def _match_json(self, tags: Collection[int], criteria: Criteria) -> None:
        if criteria.is_universal:
            return
        level = LEVEL_OF.get(min(tags))  # a date and its time are of one level
        kept = level or "instance"
        if self._level == "patient" and kept == "patient":
            self.rest.append(lambda row: criteria.accept(json.loads(row[1])))
        elif self._level != "patient" and ORDER.index(kept) <= ORDER.index(self._level) and level is not None:
            column = {"patient": 6, "study": 6, "series": 10, "instance": 13}[kept]
            self.rest.append(lambda row: criteria.accept(json.loads(row[column])))
        else:
            accept = (
                _accepts_header(criteria, tags) if level is None else lambda kept: criteria.accept(json.loads(kept))
            )
            self.rest.append(lambda row: self._accepts_below(accept, row, level))

    def _accepts_below(self, accept: Callable[[Any], bool], row: tuple[Any, ...], level: str | None) -> bool:
        with closing(self._below(row, level)) as found:
            return any(accept(kept) for (kept,) in self.watch.over(found))

    def _below(self, row: tuple[Any, ...], level: str | None) -> Generator[tuple[Any, ...]]:
        """Give what is kept of the rows below one, or their headers where that is not enough."""
        kept = level or "instance"
        if self._level == "instance":
            tables, link, key = "instance i", "i.id", row[11]
        else:
            (tables, link, _), key = _BELOW[self._level], row[{"patient": 0, "study": 0, "series": 7}[self._level]]
            tables += "".join(_JOINED[each] for each in ORDER[ORDER.index(self._level) + 2 : ORDER.index(kept) + 1])
        seen = self.in_sight if self._level == "patient" else ()
        where = "".join(f" AND {part.sql}" for part in seen)
        values = (key, *(value for part in seen for value in part.values))
        if level is None:
            tables, what = f"{tables} JOIN header h ON h.instance = i.id", "h.json"
        else:
            what = {"study": "s", "series": "e", "instance": "i"}[level] + ".attributes"
        sql = f"SELECT {what} FROM {tables} WHERE {link} = ?{where}"  # noqa: S608 - names of ours
        with self._database.stream(sql, values) as rows:
            yield from rows


def _accepts_header(criteria: Criteria, tags: Collection[int]) -> Callable[[bytes], bool]:
    """Return a test of a header that is kept.

    To read a header takes ten times as long as to find an attribute in it. What is found may be inside of a sequence:
    so that none of it matches says no, and that some does says nothing yet.
    """
    key = f'"{min(tags):08X}":' if len(tags) == 1 and not criteria.accept({}) else ""

    def test(kept: bytes) -> bool:
        text = Header(kept).json().decode()
        # In a text a quotation mark has a backslash before it: this is a key.
        places = re.finditer(key, text) if key else ()
        found = ({key[1:-2]: _decode(text, place.end())[0]} for place in places)
        return (not key or any(map(criteria.accept, found))) and criteria.accept(json.loads(text))

    return test


def _check_values(keys: Iterable[Key]) -> None:
    """Refuse a key of too many values before anything is made of them; of UIDs there may be many."""
    for path, text in keys:
        is_listed = vr_of(path[-1]) == "UI" and path != (_SOP_CLASSES_IN_STUDY,)
        if not is_listed and text.count("\\") > _MOST_VALUES:
            message = f"a key has more than {_MOST_VALUES} values"
            raise LimitError(message, limit="values", value=_MOST_VALUES, tag=path[0])


def sight(database: Database, within: Within) -> list[Condition]:
    """Return what keeps studies, ``study s``, that are out of sight out of an answer."""
    found = []
    if within.patients is not None:
        found.append(_listed(database, "s.patient_id", within.patients))
    if within.studies is not None:
        found.append(_listed(database, "s.uid", within.studies))
    return found


def _listed(database: Database, column: str, values: Iterable[str]) -> Condition:
    return Condition(f"{column} IN [?]", (database.list(clean(value) for value in values),))
