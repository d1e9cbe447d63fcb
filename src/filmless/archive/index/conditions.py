"""Keys as conditions of SQL, for the attributes that have columns."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from filmless.archive.index.columns import clean
from filmless.archive.index.database import Database
from filmless.archive.index.names import name_patterns, words
from filmless.archive.index.values import NO_NUMBER, Span, spans
from filmless.archive.matching import EMPTY, alternatives, collapsed, combined_span, is_wild, vr_of

__all__ = ["COLUMNS", "NOTHING", "Condition", "Place", "condition", "pair_condition"]


class Place(NamedTuple):
    """Where an attribute is."""

    level: str
    kind: str
    column: str  # with the alias of its table: s for study, e for series, i for instance


class Condition(NamedTuple):
    """A condition of SQL and its values."""

    sql: str
    values: Sequence[Any] = ()


NOTHING: Final = Condition("1 = 0")
_EVERYTHING: Final = Condition("1 = 1")
_LONGEST: Final = 150  # a longer text is not whole in its column

#: Patient attributes are those of the studies; asked at the level of patients, they are those of the table of patients.
COLUMNS: Final = {
    0x0010_0010: Place("patient", "name", "s.patient_name"),
    0x0010_0020: Place("patient", "text", "s.patient_id"),
    0x0010_0021: Place("patient", "text", "s.issuer"),
    0x0010_0030: Place("patient", "date", "s.birth_date"),
    0x0010_0040: Place("patient", "text", "s.sex"),
    0x0008_0020: Place("study", "date", "s.date"),
    0x0008_0030: Place("study", "time", "s.time"),
    0x0008_0050: Place("study", "text", "s.accession_number"),
    0x0008_0061: Place("study", "modalities", "m.modality"),
    0x0008_0062: Place("study", "classes", "s.sop_classes"),
    0x0008_0090: Place("study", "name", "s.referring_name"),
    0x0008_1030: Place("study", "text", "s.description"),
    0x0020_000D: Place("study", "uid", "s.uid"),
    0x0020_0010: Place("study", "text", "s.study_id"),
    0x0020_1206: Place("study", "number", "s.series_count"),
    0x0020_1208: Place("study", "number", "s.instance_count"),
    0x0008_0021: Place("series", "date", "e.date"),
    0x0008_0031: Place("series", "time", "e.time"),
    0x0008_0060: Place("series", "text", "e.modality"),
    0x0008_103E: Place("series", "text", "e.description"),
    0x0018_0015: Place("series", "text", "e.body_part"),
    0x0020_000E: Place("series", "uid", "e.uid"),
    0x0020_0011: Place("series", "number", "e.number"),
    0x0020_1209: Place("series", "number", "e.instance_count"),
    0x0040_0244: Place("series", "date", "e.step_date"),
    0x0040_0245: Place("series", "time", "e.step_time"),
    0x0008_0016: Place("instance", "uid", "i.sop_class_uid"),
    0x0008_0018: Place("instance", "uid", "i.uid"),
    0x0020_0013: Place("instance", "number", "i.number"),
}


def condition(database: Database, tag: int, column: str, text: str, *, fuzzy: bool = False) -> Condition | None:
    """Return what a key asks of a column; None when columns cannot say.

    Raises
    ------
    ValueRepresentationError
        A key of a date or time is none.
    """
    kind, vr = COLUMNS[tag].kind, vr_of(tag)
    if kind in {"date", "time"}:
        if text.strip() == EMPTY:
            return Condition(f"{column} = ''")
        return _any(_within_span(column, span) for span in spans(vr, text, tag=tag))
    parts = alternatives(vr, text)
    if kind == "uid":
        return _equal(database, column, parts)
    if kind == "classes":
        return _any(Condition(f"instr({column}, ?) > 0", (f"\\{clean(part)}\\",)) for part in parts)
    if kind == "number":
        return _number(database, column, parts)
    if any(len(part) > _LONGEST for part in parts):
        return None  # words of a name are fewer than its letters, too
    if kind == "name":
        return _any(_fuzzy(database, column, part) if fuzzy else _name(database, column, part) for part in parts)
    found = _any(_text(database, column, parts))
    if kind == "modalities":
        if text.strip() == EMPTY:
            return Condition("s.modalities = ''")
        return Condition(f"EXISTS (SELECT 1 FROM series m WHERE m.study = s.id AND {found.sql})", found.values)  # noqa: S608 - names of ours
    return found


def pair_condition(columns: tuple[str, str], date: str, time: str) -> Condition | None:
    """Return what ranges of dates and times ask together; None when they are not two ranges."""
    span = combined_span(date, time)
    if span is None:
        return None
    both = f"({', '.join(columns)})"
    return Condition(f"({both} >= (?, ?) AND {both} <= (?, ?))", (*span[0], *span[1]))


def _any(found: Iterable[Condition]) -> Condition:
    return _joined(" OR ", list(found))


def _all(found: Iterable[Condition]) -> Condition:
    return _joined(" AND ", list(found))


def _joined(word: str, several: list[Condition]) -> Condition:
    """Join conditions as a tree of little depth: SQLite takes none of more than a thousand."""
    if not several:
        return _EVERYTHING
    while len(several) > 1:
        pairs = [several[place : place + 8] for place in range(0, len(several), 8)]
        several = [
            Condition(f"({word.join(each.sql for each in pair)})", [value for each in pair for value in each.values])
            for pair in pairs
        ]
    return several[0]


def _equal(database: Database, column: str, parts: list[str]) -> Condition:
    if len(parts) == 1:
        return Condition(f"{column} = ?", (clean(parts[0]),))
    return Condition(f"{column} IN [?]", (database.list(clean(part) for part in parts),))


def _like(database: Database, column: str, pattern: str) -> Condition:
    if not is_wild(pattern):
        return Condition(f"{column} = ?", (clean(pattern),))
    return Condition(f"{column} GLOB ?", (database.pattern(clean(collapsed(pattern))),))


def _text(database: Database, column: str, parts: list[str]) -> list[Condition]:
    equal = ["" if part == EMPTY else part for part in parts if not is_wild(part)]
    found = [_like(database, column, part) for part in parts if is_wild(part)]
    return [_equal(database, column, equal), *found] if equal else found


def _within_span(column: str, span: Span) -> Condition:
    if span.low == span.high:
        return Condition(f"{column} = ?", (span.low,))
    return Condition(f"({column} >= ? AND {column} <= ?)", span)


def _number(database: Database, column: str, parts: list[str]) -> Condition:
    wanted = set()
    for part in parts:
        try:
            number = float(NO_NUMBER if part == EMPTY else part)
        except ValueError:
            continue
        if number == NO_NUMBER or (abs(number) < NO_NUMBER and number.is_integer()):
            wanted.add(int(number))
    return Condition(f"{column} IN [?]", (database.list(sorted(wanted)),)) if wanted else NOTHING


def _name(database: Database, column: str, text: str) -> Condition:
    if text == EMPTY:
        return Condition(f"({column} = '' AND {column}_ideographic = '' AND {column}_phonetic = '')")
    columns = (column, f"{column}_ideographic", f"{column}_phonetic")
    groups = [
        _any(
            _like(database, each, pattern)
            for each in (columns if number is None else (columns[number],))
            for pattern in patterns
        )
        for number, patterns in name_patterns(text)
    ]
    return _all(groups) if groups else _any(Condition(f"{each} <> ''") for each in columns)


def _fuzzy(database: Database, column: str, text: str) -> Condition:
    if text == EMPTY:
        return Condition(f"{column}_words = ''")
    found = [Condition(f"{column}_words GLOB ?", (database.pattern(clean(f"* {word}*")),)) for word in words(text)]
    return _all(found) if found else Condition(f"{column}_words <> ''")
