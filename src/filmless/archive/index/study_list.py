"""A list of studies as people look for them: a text in any of several columns, sorted by one, counted."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, get_args

from filmless.archive.index.columns import clean
from filmless.archive.index.conditions import Condition
from filmless.archive.index.database import Database
from filmless.archive.index.names import fold, sought_words
from filmless.archive.index.search import sight
from filmless.archive.matching import is_wild
from filmless.archive.within import EVERYTHING, Within
from filmless.errors import LimitError

__all__ = ["SORTS", "ListedStudy", "Sort", "StudyList", "count_studies", "is_everywhere", "list_studies"]

Sort = Literal["date", "patient", "id", "description", "modality", "accession", "series", "instances", "received"]
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)

_MOST_WORDS: Final = 20
_NAME: Final = "s.patient_name_words"
_MODALITIES: Final = r"replace(s.modalities, '\', ' ')"
_TEXTS: Final = ("s.patient_id", "s.accession_number", "s.description", _MODALITIES)
_DATE: Final = re.compile(r"\d{4}(?:-?\d\d(?:-?\d\d)?)?|\d{4}-")
_ORDER: Final[dict[Sort, str]] = {
    "date": "s.date {0}, s.time {0}, s.uid {0}",
    "patient": "s.patient_name_words {0}, s.date DESC, s.id",
    "id": "s.patient_id {0}, s.date DESC, s.id",
    "description": "s.description {0}, s.date DESC, s.id",
    "modality": "s.modalities {0}, s.date DESC, s.id",
    "accession": "s.accession_number {0}, s.id",
    "series": "s.series_count {0}, s.date DESC, s.id",
    "instances": "s.instance_count {0}, s.date DESC, s.id",
    "received": "s.received {0}, s.id {0}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyList:
    """What is asked of a list of studies. What is left empty does not count.

    Attributes
    ----------
    text
        Words, each of which is in the patient's name or ID, accession number, description or modalities, or begins
        the date. Case does not count, nor do accents in names. A word with the wildcards ``*`` and ``?`` is a whole
        word there: ``smi*`` is what begins so. A star alone is everywhere.
    patient, patient_id, accession_number, description
        Words, each of which is in that.
    modality
        One of the study's; it may have wildcards.
    first, last
        The dates between which it is, eight digits each.
    sort, descending
        What it is sorted by, and whether from the end.
    within
        What is in sight.
    """

    text: str = ""
    patient: str = ""
    patient_id: str = ""
    accession_number: str = ""
    description: str = ""
    modality: str = ""
    first: str = ""
    last: str = ""
    sort: Sort = "date"
    descending: bool = True
    within: Within = field(default=EVERYTHING)


class ListedStudy(NamedTuple):
    """A study of a list."""

    uid: str
    modalities: tuple[str, ...]
    series: int
    instances: int
    size: int  # bytes of the files
    received: float  # seconds since 1970
    attributes: dict[str, Any]  # of patient and study, a DICOM JSON object


def list_studies(database: Database, wanted: StudyList, *, offset: int = 0, limit: int = 100) -> list[ListedStudy]:
    """Return a part of a list of studies.

    Parameters
    ----------
    database
        Of the index.
    wanted
        Which, and in which order.
    offset, limit
        Which part.

    Raises
    ------
    LimitError
        It has more than 20 words.

    DICOM
    -----
    PS3.4 C.2.2.2 has no text over several attributes, no order and no count: this is beside it.
    """
    where, values = _where(database, wanted)
    order = _ORDER[wanted.sort].format("DESC" if wanted.descending else "ASC")
    # Their ids first: along an index, without their attributes.
    ids = [
        key
        for (key,) in database.rows(
            f"SELECT s.id FROM study s WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608 - names of ours
            (*values, limit, offset),
        )
    ]
    rows = database.rows(
        "SELECT s.id, s.uid, s.modalities, s.series_count, s.instance_count, s.size, s.received, s.attributes "
        "FROM study s WHERE s.id IN [?]",
        (database.list(ids),),
    )
    found = {key: rest for key, *rest in rows}
    return [_listed(*found[key]) for key in ids if key in found]


def count_studies(database: Database, wanted: StudyList) -> int:
    """Return how many studies a list has in all.

    Raises
    ------
    LimitError
        It has more than 20 words.
    """
    where, values = _where(database, wanted)
    ((count,),) = database.rows(f"SELECT count(*) FROM study s WHERE {where}", values)  # noqa: S608 - names of ours
    return int(count)


def _listed(
    uid: str, modalities: str, series: int, instances: int, size: int, received: float, attributes: str
) -> ListedStudy:
    names = tuple(name for name in modalities.split("\\") if name)
    return ListedStudy(uid, names, int(series), int(instances), int(size), received, json.loads(attributes))


def _where(database: Database, wanted: StudyList) -> tuple[str, list[Any]]:
    parts = [*sight(database, wanted.within), *_conditions(wanted)]
    return " AND ".join(part.sql for part in parts) or "1 = 1", [value for part in parts for value in part.values]


def _conditions(wanted: StudyList) -> Iterator[Condition]:
    if wanted.first:
        yield Condition("s.date >= ?", (wanted.first,))
    if wanted.last:
        yield Condition("(s.date <= ? AND s.date <> '')", (wanted.last,))
    if is_wild(wanted.modality):
        yield from (_in_text(_MODALITIES, word) for word in _words(wanted.modality))
    elif wanted.modality:
        yield Condition("instr(s.modalities, ?) > 0", (f"\\{clean(wanted.modality)}\\",))
    for word in _words(wanted.text):
        parts = [*_in_name(word), *(_in_text(column, word) for column in _TEXTS)]
        if _DATE.fullmatch(date := word.rstrip("*")):
            parts.append(Condition("s.date LIKE ? ESCAPE '!'", (date.replace("-", "") + "%",)))
        yield _any(parts)
    for word in _words(wanted.patient):
        yield _any(list(_in_name(word)) or [Condition("1 = 0")])
    for column, text in (
        ("s.patient_id", wanted.patient_id),
        ("s.accession_number", wanted.accession_number),
        ("s.description", wanted.description),
    ):
        for word in _words(text):
            yield _in_text(column, word)


def _words(text: str) -> list[str]:
    found = clean(text, longest=1000).split()
    if len(found) > _MOST_WORDS:
        raise LimitError(f"more than {_MOST_WORDS} words are looked for", limit="words", value=_MOST_WORDS)
    return [word for word in found if not is_everywhere(word)]


def is_everywhere(word: str) -> bool:
    """Whether a word is a star alone, or one for each part of a name."""
    return "*" in word and not word.strip("*^=")


def _in_name(word: str) -> Iterator[Condition]:
    """Give that a word is in a name, should it have letters: ``Doe^Jane`` is two words of it."""
    parts = sought_words(word)
    if parts:
        sql = (_wild_in(_NAME) if is_wild(part) else f"instr({_NAME}, ?) > 0" for part in parts)
        yield Condition(f"({' AND '.join(sql)})", [_pattern(part) if is_wild(part) else part for part in parts])


def _in_text(column: str, word: str) -> Condition:
    # A database knows the case of ASCII letters only.
    spellings = [word] if word.isascii() else list({word, word.lower(), word.upper(), word.capitalize(), fold(word)})
    if is_wild(word):
        return _any([Condition(_wild_in(column), (_pattern(one),)) for one in spellings])
    return _any([Condition(f"{column} LIKE ? ESCAPE '!'", (f"%{_plain(one)}%",)) for one in spellings])


def _wild_in(column: str) -> str:
    """Return that a pattern is a word of a column, which has to be between spaces then."""
    return f"' ' || {column} || ' ' LIKE ? ESCAPE '!'"


def _pattern(word: str) -> str:
    return f"% {_plain(word).replace('*', '%').replace('?', '_')} %"


def _plain(word: str) -> str:
    """Return a word in which no letter has a meaning for LIKE."""
    return re.sub("[!%_]", lambda found: "!" + found[0], word)


def _any(parts: list[Condition]) -> Condition:
    return Condition(f"({' OR '.join(part.sql for part in parts)})", [value for part in parts for value in part.values])
