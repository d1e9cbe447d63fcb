"""What the columns of a row hold, from the attributes of its level: values as they are compared."""

import hashlib
import json
import re
from typing import Any, Final

from filmless.archive.index.names import FoldedName
from filmless.archive.index.values import NO_NUMBER, stored_date, stored_time

__all__ = [
    "Attributes",
    "attributes_of",
    "clean",
    "dumped",
    "instance_number",
    "patient_columns",
    "series_columns",
    "study_columns",
]

Attributes = dict[str, dict[str, Any]]
"""A DICOM JSON object."""

_LONGEST: Final = 200
# An index of PostgreSQL has room for 2,700 bytes a row: what is longer is known by its beginning and a digest.
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def clean(text: str, *, longest: int = _LONGEST) -> str:
    """Return a text that any database stores and any index has room for."""
    text = _UNSTORABLE.sub("\ufffd", text)
    if len(text) > longest:
        text = text[: longest - 40] + "\u2026" + hashlib.sha256(text.encode()).hexdigest()[:32]
    return text


def attributes_of(*levels: str) -> Attributes:
    """Return the attributes of levels together, in ascending order of tags."""
    merged: Attributes = {}
    for level in levels:
        merged |= json.loads(level)
    return dict(sorted(merged.items()))


def dumped(attributes: Attributes) -> str:
    """Return a DICOM JSON object as text, for a column."""
    return _UNSTORABLE.sub("\ufffd", json.dumps(attributes, ensure_ascii=False, separators=(",", ":")))


def _first(attributes: Attributes, tag: str) -> Any:
    values = attributes.get(tag, {}).get("Value")
    return values[0] if values else None


def _text(attributes: Attributes, tag: str) -> str:
    value = _first(attributes, tag)
    return "" if value is None else clean(str(value).strip())


def _date(attributes: Attributes, tag: str) -> str:
    return stored_date(_first(attributes, tag))


def _time(attributes: Attributes, tag: str) -> str:
    return stored_time(_first(attributes, tag))


def _person(column: str, attributes: Attributes, tag: str) -> dict[str, Any]:
    name = FoldedName.of(_first(attributes, tag))
    return {
        column: clean(name.alphabetic),
        f"{column}_ideographic": clean(name.ideographic),
        f"{column}_phonetic": clean(name.phonetic),
        f"{column}_words": clean(name.words, longest=4000),
    }


def instance_number(attributes: Attributes) -> int:
    """Return what the instances of a series are sorted by."""
    return _number(_first(attributes, "00200013"))


def _number(value: Any) -> int:
    """Return an Integer String as what rows are sorted by."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return NO_NUMBER
    return number if abs(number) < NO_NUMBER else NO_NUMBER


def patient_columns(attributes: Attributes) -> dict[str, Any]:
    """Return the columns that a patient and each of their studies have."""
    return {
        "patient_id": _text(attributes, "00100020"),
        "issuer": _text(attributes, "00100021"),
        **_person("patient_name", attributes, "00100010"),
        "birth_date": _date(attributes, "00100030"),
        "sex": _text(attributes, "00100040"),
    }


def study_columns(attributes: Attributes) -> dict[str, Any]:
    """Return the columns of a study, from the attributes of patient and study."""
    return {
        **patient_columns(attributes),
        "date": _date(attributes, "00080020"),
        "time": _time(attributes, "00080030"),
        "accession_number": _text(attributes, "00080050"),
        "study_id": _text(attributes, "00200010"),
        "description": _text(attributes, "00081030"),
        **_person("referring_name", attributes, "00080090"),
    }


def series_columns(attributes: Attributes) -> dict[str, Any]:
    """Return the columns of a series."""
    return {
        "modality": _text(attributes, "00080060"),
        "number": _number(_first(attributes, "00200011")),
        "description": _text(attributes, "0008103E"),
        "body_part": _text(attributes, "00180015"),
        "date": _date(attributes, "00080021"),
        "time": _time(attributes, "00080031"),
        "step_date": _date(attributes, "00400244"),
        "step_time": _time(attributes, "00400245"),
    }
