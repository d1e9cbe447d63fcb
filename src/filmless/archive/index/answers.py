"""Rows of the index as answers: DICOM JSON, tags in ascending order."""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from filmless import _core
from filmless.archive.header import Header
from filmless.archive.index.conditions import Condition
from filmless.archive.index.database import Database
from filmless.archive.levels import ALWAYS, KNOWN, LEVEL_OF, LEVELS, ORDER
from filmless.archive.matching import alternatives, vr_of
from filmless.archive.query import Query, Row

__all__ = ["Answers"]

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_ONLINE: Final = {"vr": "CS", "Value": ["ONLINE"]}
_UTF_8: Final = ("utf-8", "replace")
_RETRIEVE_URL: Final = "00081190"
_COUNTS_OF_PATIENT: Final = ("00201200", "00201202", "00201204")

#: What is counted, not kept: never sought in a header.
_MADE: Final = frozenset(
    {0x0008_0056, 0x0008_0061, 0x0008_0062, 0x0008_1190, 0x0020_1200, 0x0020_1202, 0x0020_1204, 0x0020_1206}
    | {0x0020_1208, 0x0020_1209, 0x0008_0005, 0x0008_0052, 0x0008_0054}
)
_Object = dict[str, dict[str, Any]]


class Answers:
    """Makes the answers of one query.

    DICOM
    -----
    PS3.18 10.6.3.3, Tables 10.6.3-3 to -5
    """

    def __init__(self, database: Database, query: Query, in_sight: Sequence[Condition]) -> None:
        self._database, self._query, self._in_sight = database, query, in_sight
        levels = [] if query.exact else _levels(query)
        always = {tag for level in levels for tag in ALWAYS[level]}
        known = {tag for level in levels for tag in KNOWN[level]}
        # Whose study or series a row is of is told in any case.
        if not query.exact:
            always |= {
                tag
                for tag, level in ((0x0020_000D, "study"), (0x0020_000E, "series"))
                if _is_within(level, query.level)
            }
        paths = [*(key.path for key in query.keys), *query.include]
        asked = {path[0] for path in paths} - {0x0008_0005, 0x0008_0052, 0x0008_1190}
        own = {tag for level in ORDER[: ORDER.index(query.level) + 1] for tag in LEVELS[level]}
        self._always = [(f"{tag:08X}", {"vr": vr_of(tag)}) for tag in sorted(always | asked)]
        self._known = [f"{tag:08X}" for tag in sorted(known)]
        self._counts = bool(asked & {0x0020_1200, 0x0020_1202, 0x0020_1204})
        sought = asked - own - _MADE
        self._sought = {f"{tag:08X}" for tag in sought}
        everything = query.include_all and query.level == "instance"
        self._looks_below = bool(sought) or everything
        self._opens_instance = everything or not sought <= LEVELS["series"]
        self._opens_header = everything or not sought <= LEVEL_OF.keys()
        # What is made of the columns of a row, of which few are asked for at a time.
        given = {name for name, _ in self._always}.union(self._known)
        self._made = [each for each in _OF_COLUMNS if query.include_all or each[0] in given]
        self._is_sorted = not (self._known or query.include_all or query.retrieve_url)
        self._counted = lru_cache(maxsize=256)(self._of_counts)
        self._picker = None if query.include_all or self._looks_below else self._picks()
        # Rows of one study follow each other.
        self._parsed = lru_cache(maxsize=64)(json.loads)

    def _picks(self) -> _core.JsonPicker:
        """Return what answers of what is kept as it stands there: to read and write it takes ten times as long."""
        members: dict[str, str | None] = dict.fromkeys(self._known)
        members |= {name: _encode(empty) for name, empty in self._always}
        if self._query.retrieve_url is not None:
            members[_RETRIEVE_URL] = None
        return _core.JsonPicker(list(members.items()))

    def row(self, row: tuple[Any, ...]) -> Row:
        """Return a row of the search as an answer."""
        if self._picker is not None:
            texts, uids = self._texts(row)
            picked = self._picker.picked(texts)
            if picked is not None:
                return Row(*uids, picked)
        return self.read(row)

    def _texts(self, row: tuple[Any, ...]) -> tuple[list[str], tuple[str, str, str]]:
        """Return all that the index knows of a row, of which the later counts, and its UIDs."""
        if self._query.level == "patient":
            return [row[1], *([_encode(self._of_patient(row[0]))] if self._counts else ())], ("", "", "")
        texts, series_uid, instance_uid = [row[6]], "", ""
        if len(row) > 7:
            series_uid = row[8]
            texts.append(row[10])
        if len(row) > 11:
            instance_uid = row[12]
            texts.append(row[13])
        if self._made or len(row) > 7:
            texts.append(self._counted(row[2:6], row[9:10]))
        uids = (row[1], series_uid, instance_uid)
        if self._query.retrieve_url is not None:
            texts.append(_encode({_RETRIEVE_URL: {"vr": "UR", "Value": [_url(self._query.retrieve_url, uids)]}}))
        return texts, uids

    def _of_counts(self, of_study: tuple[Any, ...], of_series: tuple[Any, ...]) -> str:
        """Return what is made of the columns of a study, and how many instances a series has."""
        known = {"00201209": {"vr": "IS", "Value": [of_series[0]]}} if of_series else _Object()
        return _encode(known | {tag: make((0, "", *of_study)) for tag, make in self._made})

    def read(self, row: tuple[Any, ...]) -> Row:
        """Return a row as an answer, made of what its texts say."""
        level = self._query.level
        if level == "patient":
            known, uids = dict(self._parsed(row[1])), ("", "", "")
            if self._counts:
                known |= self._of_patient(row[0])
        else:
            known, uids = self._merged(row)
        if self._looks_below:
            known = self._with_below(known, row[{"patient": 0, "study": 0, "series": 7, "instance": 11}[level]])
        if level != "patient" and self._query.retrieve_url is not None:
            known[_RETRIEVE_URL] = {"vr": "UR", "Value": [_url(self._query.retrieve_url, uids)]}
        if self._is_sorted:
            return Row(*uids, _encode({tag: known.get(tag, empty) for tag, empty in self._always}).encode(*_UTF_8))
        answer: _Object = {}
        if self._query.include_all:
            answer |= known
        for tag in self._known:
            if tag in known:
                answer[tag] = known[tag]
        for tag, empty in self._always:
            answer[tag] = known.get(tag, empty)
        if _RETRIEVE_URL in known:
            answer[_RETRIEVE_URL] = known[_RETRIEVE_URL]
        return Row(*uids, _encode(dict(sorted(answer.items()))).encode(*_UTF_8))

    def _merged(self, row: tuple[Any, ...]) -> tuple[_Object, tuple[str, str, str]]:
        """Return all that the index knows of a study, series or instance, and its UIDs."""
        known = dict(self._parsed(row[6]))
        series_uid = instance_uid = ""
        if len(row) > 7:
            series_uid = row[8]
            known |= self._parsed(row[10])
            known["00201209"] = {"vr": "IS", "Value": [row[9]]}
        if len(row) > 11:
            instance_uid = row[12]
            known |= json.loads(row[13])
        for tag, make in self._made:
            known[tag] = make(row)
        return known, (row[1], series_uid, instance_uid)

    def _of_patient(self, patient: int) -> _Object:
        where = "".join(f" AND {part.sql}" for part in self._in_sight)
        sql = f"SELECT count(*), sum(s.series_count), sum(s.instance_count) FROM study s WHERE s.patient = ?{where}"  # noqa: S608 - names of ours
        values = (patient, *(value for part in self._in_sight for value in part.values))
        (counts,) = self._database.rows(sql, values)
        return {
            tag: {"vr": "IS", "Value": [int(count or 0)]} for tag, count in zip(_COUNTS_OF_PATIENT, counts, strict=True)
        }

    def _with_below(self, known: _Object, key: int) -> _Object:
        """Return what is known with what the instance, or the first one below, has beside."""
        level, found = self._query.level, _Object()
        if level in {"patient", "study"}:
            series = self._first_series(key)
            if series is None:
                return known
            key, attributes = series
            found |= json.loads(attributes)
        if self._opens_instance:
            found = self._first_instance(key) | found
        if self._query.include_all and level == "instance":
            return _without_bulk(found) | known
        return known | {tag: found[tag] for tag in self._sought if tag in found and "BulkDataURI" not in found[tag]}

    # In two steps, each along an index: a list of studies with the modality of each is what every viewer asks for.

    def _first_series(self, key: int) -> tuple[int, str] | None:
        """Return the first series of a study, or of a patient, and its attributes."""
        where, values = "e.study = ?", [key]
        if self._query.level == "patient":
            where = " AND ".join(("s.patient = ?", *(part.sql for part in self._in_sight)))
            values += [value for part in self._in_sight for value in part.values]
        tables = "series e JOIN study s ON s.id = e.study" if self._query.level == "patient" else "series e"
        sql = f"SELECT e.id, e.attributes FROM {tables} WHERE {where} ORDER BY e.number, e.uid LIMIT 1"  # noqa: S608 - names of ours
        rows = self._database.rows(sql, values)
        return rows[0] if rows else None

    def _first_instance(self, key: int) -> _Object:
        """Return what an instance has, or the first one of a series."""
        joined = " JOIN header h ON h.instance = i.id" if self._opens_header else ""
        which = "i.id" if self._query.level == "instance" else "i.series"
        sql = (
            f"SELECT i.attributes, {'h.json' if joined else 'NULL'} FROM instance i{joined} "  # noqa: S608 - names of ours
            f"WHERE {which} = ? ORDER BY i.number, i.uid LIMIT 1"
        )
        found: _Object = {}
        for attributes, kept in self._database.rows(sql, (key,)):
            found = json.loads(Header(kept).json()) if kept is not None else {}
            found |= json.loads(attributes)
        return found


def _levels(query: Query) -> list[str]:
    """Return the levels whose attributes an answer has: of a study that was named they are known to who asks."""
    if query.level in {"patient", "study"}:
        return ["patient", "study"][: ORDER.index(query.level) + 1]
    named = {path[0] for path, text in query.keys if len(path) == 1 and len(alternatives("UI", text)) == 1}
    levels = [] if 0x0020_000D in named else ["patient", "study"]
    if query.level == "instance" and 0x0020_000E not in named:
        levels.append("series")
    return [*levels, query.level]


def _is_within(level: str, other: str) -> bool:
    return ORDER.index(level) <= ORDER.index(other)


def _several(vr: str, text: str) -> dict[str, Any]:
    values = text.strip("\\").split("\\") if text else []
    return {"vr": vr, "Value": values} if values else {"vr": vr}


_OF_COLUMNS: Final[tuple[tuple[str, Callable[[tuple[Any, ...]], dict[str, Any]]], ...]] = (
    ("00080056", lambda _row: _ONLINE),
    ("00080061", lambda row: _several("CS", row[2])),
    ("00080062", lambda row: _several("UI", row[3])),
    ("00201206", lambda row: {"vr": "IS", "Value": [row[4]]}),
    ("00201208", lambda row: {"vr": "IS", "Value": [row[5]]}),
)


def _url(base: str, uids: tuple[str, str, str]) -> str:
    parts = zip(("studies", "series", "instances"), uids, strict=True)
    return base.rstrip("/") + "".join(f"/{name}/{_quoted(uid)}" for name, uid in parts if uid)


def _quoted(uid: str) -> str:
    """Return a UID for a URL: a file may have anything as one, and `quote` takes its time."""
    return uid if uid.isascii() and uid.replace(".", "").isdigit() else quote(uid, safe="")


def _without_bulk(attributes: _Object) -> _Object:
    """Return attributes without those whose values are somewhere else: an answer has no place to say where."""
    return {
        tag: element | {"Value": [_without_bulk(item) for item in element.get("Value", ())]}
        if element.get("vr") == "SQ" and element.get("Value")
        else element
        for tag, element in attributes.items()
        if "BulkDataURI" not in element and "InlineBinary" not in element
    }
