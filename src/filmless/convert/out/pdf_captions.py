"""What the captions of a PDF say: values of the header, as a person writes them."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError
from filmless.values import PersonName, nearest_keyword

__all__ = ["DEFAULT_CAPTIONS", "Caption", "Captions"]

#: Whose picture it is, when and where it was made, and which of a series it is.
DEFAULT_CAPTIONS = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "InstitutionName", "StudyDescription"),
    *("Modality", "SeriesNumber", "SeriesDescription", "InstanceNumber"),
)
_LABELS = {
    "PatientName": "Patient",
    "PatientBirthDate": "Birth date",
    "PatientSex": "Sex",
    "StudyDate": "Study date",
    "InstitutionName": "Institution",
    "StudyDescription": "Study",
    "SeriesNumber": "Series",
    "SeriesDescription": "Description",
    "InstanceNumber": "Image",
}
_NO_TEXT = frozenset(("SQ", "OB", "OW", "OD", "OF", "OL", "OV", "UN"))
_MOST_CHARACTERS = 1024


class Caption(NamedTuple):
    """A value, and what it is."""

    keyword: str
    label: str
    text: str

    @property
    def short(self) -> str:
        """As it stands under a picture: numbers say of what they are."""
        return f"{self.label} {self.text}" if self.text[:1].isdigit() and self.label else self.text


class Captions:
    """The keywords that are asked for, checked.

    Parameters
    ----------
    keywords
        In the order they are shown; None for `DEFAULT_CAPTIONS`.

    Raises
    ------
    ConversionError
        One is no keyword, or its values are no text.
    """

    def __init__(self, keywords: Iterable[str] | None = None) -> None:
        if isinstance(keywords, str):
            keywords = [keywords]
        self.keywords = DEFAULT_CAPTIONS if keywords is None else tuple(keywords)
        self._labels: dict[str, tuple[str, str]] = {}
        for keyword in self.keywords:
            entry = _core.dictionary_entry(str(keyword))
            if entry is None or entry[3] != keyword:
                near = nearest_keyword(str(keyword)[:64])
                raise ConversionError("a caption is no keyword", hint=f"did you mean {near}?" if near else None)
            if entry[1].split(" ")[0] in _NO_TEXT:
                raise ConversionError(f"{keyword} is no text, expected a caption that is")
            self._labels[keyword] = (_LABELS.get(keyword, entry[4].replace("Patient's ", "")), entry[1])

    def of(self, ds: Dataset, frame: int, frames: int) -> tuple[Caption, ...]:
        """Return what there is to say of a frame."""
        captions = []
        for keyword, (label, vr) in self._labels.items():
            text = _text(ds, keyword, vr)
            if text:
                captions.append(Caption(keyword, label, text))
        if self.keywords and frames > 1:
            captions.append(Caption("", "Frame", f"{frame + 1} of {frames}"))
        return tuple(captions)


def _text(ds: Dataset, keyword: str, vr: str) -> str:
    """Return a value as a person writes it; nothing when it cannot be read."""
    try:
        value: Any = ds.get(keyword)
    except (DicomError, ValueError):
        return ""
    if value is None:
        return ""
    values = [value] if isinstance(value, str | bytes) or not isinstance(value, Iterable) else list(value)
    text = ", ".join(filter(None, (_one(one, vr) for one in values)))
    visible = "".join(one if one.isprintable() else " " for one in unicodedata.normalize("NFC", text))
    return " ".join(visible.split())[:_MOST_CHARACTERS]


def _one(value: Any, vr: str) -> str:
    text = str(value).strip()
    if vr == "PN":
        return _name(PersonName(text))
    if vr == "DA" and re.fullmatch(r"\d{8}", text, re.ASCII):
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    if vr == "TM" and re.match(r"\d{4}", text, re.ASCII) and ":" not in text:
        return ":".join(filter(None, (text[:2], text[2:4], text[4:6])))
    return text


def _name(name: PersonName) -> str:
    """Write a name: the family name first, as in the header, and all groups that there are."""
    groups = []
    for group in name.split("="):
        family, _, given = group.partition("^")
        rest = " ".join(part.strip() for part in given.split("^") if part.strip())
        family = family.strip()
        separator = " " if _is_east_asian(family) else ", "
        groups.append(separator.join(filter(None, (family, rest))))
    return "  ".join(filter(None, groups))


def _is_east_asian(text: str) -> bool:
    return any(unicodedata.east_asian_width(one) in ("W", "F") for one in text)
