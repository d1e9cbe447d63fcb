"""A list of studies as people search it, asked of a service that knows QIDO-RS only: the rest is done here.

PS3.18 10.6
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from filmless.archive.index.names import fold, sought_words, words
from filmless.archive.index.study_list import ListedStudy, StudyList, is_everywhere
from filmless.archive.matching import glob, is_wild

__all__ = ["INCLUDED", "in_order", "is_sought", "queries_of"]

INCLUDED: Final = (
    *("PatientBirthDate", "PatientSex", "StudyDescription", "ModalitiesInStudy", "ReferringPhysicianName"),
    *("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"),
)
_WILD: Final = re.compile(r"[*?\\,^=]+")
_DATE: Final = re.compile(r"\d{4}-?\d\d-?\d\d")
_MODALITY: Final = re.compile(r"[A-Za-z]{2,4}")
_TAGS: Final = {
    "PatientName": "00100010",
    "PatientID": "00100020",
    "AccessionNumber": "00080050",
    "StudyDescription": "00081030",
    "StudyDate": "00080020",
    "StudyTime": "00080030",
}
_COLUMNS: Final = {
    "patient": "PatientName",
    "patient_id": "PatientID",
    "accession_number": "AccessionNumber",
    "description": "StudyDescription",
}


def queries_of(wanted: StudyList) -> Iterator[dict[str, Any]]:
    """Return the matching keys of searches that together find what is wanted, and more.

    A text in any of several columns is a search for each: services match a key alone.
    """
    exact: dict[str, str] = {}
    if word := _longest(wanted.patient):
        exact["PatientName"] = f"*{word}*"
    if wanted.modality and not is_wild(wanted.modality):
        exact["ModalitiesInStudy"] = _WILD.sub("", wanted.modality).upper()
    if wanted.first or wanted.last:
        exact["StudyDate"] = f"{wanted.first}-{wanted.last}"
    given = [(keyword, _longest(getattr(wanted, name))) for name, keyword in _COLUMNS.items() if name != "patient"]
    keyword, word = max(given, key=lambda one: len(one[1]))
    text = _longest(wanted.text)
    if word:
        yield from (exact | {keyword: f"*{form}*"} for form in _forms(word))
    elif not text or "PatientName" in exact:
        yield exact
    else:
        yield exact | {"PatientName": f"*{text}*"}
        for keyword, _ in given:
            yield from (exact | {keyword: f"*{form}*"} for form in _forms(text))
        if _MODALITY.fullmatch(text):
            yield {"ModalitiesInStudy": text.upper(), **exact}
        if _DATE.fullmatch(text):
            yield {"StudyDate": text.replace("-", ""), **exact}


def is_sought(study: ListedStudy, wanted: StudyList) -> bool:
    """Whether a study is what is wanted: each word in its column, those of the text in any of them."""
    texts = {keyword: fold(_text(study, keyword)) for keyword in _TAGS}
    modalities = [modality.upper() for modality in study.modalities]
    for name, keyword in _COLUMNS.items():
        if not all(_is_in(word, [texts[keyword]]) for word in getattr(wanted, name).split()):
            return False
    # A service that does not tell modalities has matched them itself.
    if wanted.modality and modalities and not any(map(glob(wanted.modality.upper()), modalities)):
        return False
    date = texts["StudyDate"]
    if (wanted.first and date < wanted.first) or (wanted.last and date > wanted.last):
        return False
    anywhere = [*texts.values(), *(modality.lower() for modality in modalities)]
    return all(_begins(date, word) or _is_in(word, anywhere) for word in wanted.text.split())


def in_order(studies: Iterable[ListedStudy], wanted: StudyList) -> Sequence[ListedStudy]:
    """Return studies in the order that is wanted."""
    return sorted(studies, key=_ORDERS[wanted.sort], reverse=wanted.descending)


def _begins(date: str, word: str) -> bool:
    digits = word.rstrip("*").replace("-", "")
    return digits.isdigit() and date.startswith(digits)


def _is_in(word: str, anywhere: list[str]) -> bool:
    if is_everywhere(word):
        return True
    return all(any(_has(text, part) for text in anywhere) for part in sought_words(word))


def _has(text: str, part: str) -> bool:
    """Whether a part of a word is in a text; one with wildcards has to be a word of it."""
    if not is_wild(part):
        return part in text
    matches = glob(f"* {part} *")
    return matches(f" {text} ") or matches(f" {' '.join(words(text))} ")


def _longest(text: str) -> str:
    """Return the longest word of a text: what is left by a search for it is the least."""
    return max(_WILD.sub(" ", text).split(), key=len, default="")


def _forms(word: str) -> list[str]:
    """Return how a word may be written: but for names, case counts in a match."""
    return list(dict.fromkeys((word, word.lower(), word.upper(), word.capitalize())))


def _text(study: ListedStudy, keyword: str) -> str:
    value: Any = (study.attributes.get(_TAGS[keyword], {}).get("Value") or [""])[0]
    return "=".join(map(str, value.values())) if isinstance(value, dict) else str(value or "")


def _moment(study: ListedStudy) -> tuple[str, str]:
    return _text(study, "StudyDate"), _text(study, "StudyTime")


_ORDERS: Final[dict[str, Callable[[ListedStudy], Any]]] = {
    "date": lambda study: (*_moment(study), study.uid),
    "patient": lambda study: (words(_text(study, "PatientName")), study.uid),
    "id": lambda study: (_text(study, "PatientID"), study.uid),
    "description": lambda study: (_text(study, "StudyDescription"), study.uid),
    "modality": lambda study: (study.modalities, study.uid),
    "accession": lambda study: (_text(study, "AccessionNumber"), study.uid),
    "series": lambda study: (study.series, study.uid),
    "instances": lambda study: (study.instances, study.uid),
    "received": lambda study: (*_moment(study), study.uid),
}
