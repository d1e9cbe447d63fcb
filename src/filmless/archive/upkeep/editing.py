"""Patients and studies set right: the edited instance is the current one, what it was is kept."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from filmless import _core
from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.archive.levels import LEVELS
from filmless.archive.query import Key, Query
from filmless.archive.upkeep.exchanging import draft_of, exchanging
from filmless.dataset import DataElement, Dataset
from filmless.errors import ArchiveError, DicomError, NotFoundError
from filmless.file._element_path import keyword_of, tag_named
from filmless.file._typed_value import check_value, value_typed
from filmless.file.media import Remark

__all__ = ["EditReport", "edit", "merge_patients", "merge_studies", "namesakes", "values_of"]

Values = Mapping[int, Any]
"""New values by tag, or elements of another data set; None removes the element."""

Progress = Callable[[], None]

# What a character set could not decode, and an escape sequence that is none.
_DAMAGED: Final = re.compile("[\x1b\ufffd]")
_SYSTEM: Final = "filmless archive"
_PATIENT_ID: Final = 0x0010_0020
_PERSON: Final = (0x0010_0010, 0x0010_0030)  # name and birth date
_STUDY_UID: Final = 0x0020_000D
# An instance is known by these, and its pixels are what these say.
_FIXED: Final = frozenset({0x0008_0016, 0x0008_0018, 0x0020_000E, _STUDY_UID})
_FIXED_GROUPS: Final = frozenset({0x0000, 0x0002, 0x0028, 0x5400, 0x5600, 0x7FE0})
_WITH_PATIENT: Final = LEVELS["patient"] - {0x0010_4000}
_WITH_STUDY: Final = LEVELS["study"] - {0x0010_1010, 0x0010_1020, 0x0010_1030}


@dataclass
class EditReport:
    """What became of instances that were to be edited.

    Attributes
    ----------
    edited
        How many have new values.
    unchanged
        How many had them already.
    failed
        Those that could not be edited, and why.
    """

    edited: int = 0
    unchanged: int = 0
    failed: list[Remark] = field(default_factory=list)


def values_of(assignments: Iterable[str]) -> dict[int, Any]:
    """Take ``Keyword=value`` apart; ``Keyword=`` sets an empty value.

    Raises
    ------
    FormatError
        One is no assignment, or of no element of the dictionary.
    ValueRepresentationError
        A value breaks the rules of its value representation.
    ArchiveError
        The element cannot be edited in an archive: what an instance is known by, and what describes its pixels.
    """
    values = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals:  # the text is not repeated: it could be a value
            raise ArchiveError("an assignment without `=`", hint="write Keyword=value")
        tag = tag_named(name)
        row = _core.dictionary_entry(tag)
        if tag in _FIXED or tag >> 16 in _FIXED_GROUPS or row is None or row[1] == "SQ":
            raise ArchiveError(
                f"{keyword_of(tag)} cannot be edited in an archive",
                hint="`--into-study` moves instances to another study" if tag == _STUDY_UID else None,
            )
        values[tag] = value_typed(tag, row[1], value)
        check_value(tag, row[1], values[tag])
    return values


def edit(
    archive: Archive,
    entries: Iterable[Entry],
    values: Values,
    *,
    reason: str = "CORRECT",
    at: datetime | None = None,
    progress: Progress = lambda: None,
) -> EditReport:
    """Set values in instances; what they were stands in their Original Attributes Sequence, and the file is kept.

    Parameters
    ----------
    archive
        The archive.
    entries
        The instances. Attributes of patients and studies are to be set in whole studies: a study is of one patient.
    values
        New values by tag; None removes an element.
    reason
        ``"CORRECT"`` or ``"COERCE"``.
    at
        When; now by default.
    progress
        Called after each instance.

    Raises
    ------
    ArchiveError
        Attributes of patient or study are to be set in a part of a study.

    DICOM
    -----
    PS3.3 C.12.1.1.9.2
    """
    moment = at or datetime.now().astimezone()
    report = EditReport()
    wanted = list(entries)
    if any(tag in LEVELS["patient"] or tag in LEVELS["study"] for tag in values):
        _require_whole_studies(archive, wanted)
    by_study: dict[str, list[Entry]] = {}
    for entry in wanted:
        by_study.setdefault(entry.study_uid, []).append(entry)
    for study in by_study.values():
        _edit_study(archive, study, values, report, progress, reason=reason, at=moment)
    return report


def _edit_study(
    archive: Archive, entries: list[Entry], values: Values, report: EditReport, progress: Progress, **how: Any
) -> None:
    """Edit instances of a study in one transaction: what it is found by is never that of some of them."""
    edited: list[Entry] = []
    try:
        with exchanging(archive, entries) as exchanges:
            for entry in entries:
                try:
                    dataset = archive.dataset(entry)
                    if changed(dataset, values, **how):
                        with draft_of(archive, dataset) as draft:
                            exchanges.put(entry, draft)
                        edited.append(entry)
                    else:
                        report.unchanged += 1
                except (DicomError, OSError) as error:
                    report.failed.append(_failed(entry, error))
                progress()
        report.edited += len(edited)
    except (DicomError, OSError) as error:
        report.failed += [_failed(entry, error) for entry in edited]


def _failed(entry: Entry, error: DicomError | OSError) -> Remark:
    message = error.message if isinstance(error, DicomError) else error.strerror or type(error).__name__
    return Remark("not-edited", message, entry.instance_uid)


def namesakes(archive: Archive, entries: Iterable[Entry], values: Values) -> tuple[int, bool]:
    """Tell whom instances would join by the Patient ID that they are to have.

    Returns
    -------
    tuple of int and bool
        How many other studies have it already; whether a patient's name or birth date there is not theirs.

    DICOM
    -----
    PS3.3 C.7.1.1
    """
    identity = str(values.get(_PATIENT_ID) or "")
    if not identity:
        return 0, False
    firsts = list({entry.study_uid: entry for entry in entries}.values())
    own = {entry.study_uid for entry in firsts}
    found = archive.search(Query("study", (Key((_PATIENT_ID,), identity),))).rows
    others = [
        there[0]
        for row in found
        if row.study_uid not in own and (there := archive.entries(row.study_uid)) and there[0].patient_id == identity
    ]
    if not others:
        return 0, False
    known = {_person(archive, entry, {}) for entry in others}
    return len(others), any(_person(archive, entry, values) not in known for entry in firsts)


def _person(archive: Archive, entry: Entry, values: Values) -> tuple[str, ...]:
    dataset = archive.dataset(entry)
    found = [values[tag] if tag in values else dataset.get(tag) for tag in _PERSON]
    return tuple(str((one.text if isinstance(one, DataElement) else one) or "").strip() for one in found)


def merge_patients(archive: Archive, entries: Iterable[Entry], into: Entry, **how: Any) -> EditReport:
    """Give instances the patient of another one: all attributes by which a patient is known.

    Parameters
    ----------
    archive
        The archive.
    entries
        All instances of the studies that were filed under the wrong patient.
    into
        An instance of the right patient.
    **how
        As of `edit`.

    DICOM
    -----
    PS3.3 C.7.1.1
    """
    return edit(archive, entries, _taken(archive.dataset(into), _WITH_PATIENT), **how)


def merge_studies(archive: Archive, entries: Iterable[Entry], into: Entry, **how: Any) -> EditReport:
    """Move instances to the study of another one, and to its patient. Series stay as they are.

    Parameters
    ----------
    archive
        The archive.
    entries
        All instances of the study that is to go.
    into
        An instance of the study that stays.
    **how
        As of `edit`.

    DICOM
    -----
    PS3.3 C.7.2.1
    """
    return edit(archive, entries, _taken(archive.dataset(into), _WITH_PATIENT | _WITH_STUDY), **how)


def changed(dataset: Dataset, values: Values, *, reason: str, at: datetime) -> bool:
    """Set values in a data set, and say in it what they were; return whether anything is different."""
    before = {tag: dataset[tag] for tag in values if tag in dataset}
    new = Dataset(dataset)
    for tag, value in values.items():
        if value is None:
            new.pop(tag, None)
        else:
            new[tag] = value
    different = [
        tag for tag in values if (tag in before) != (tag in new) or (tag in new and before[tag].value != new[tag].value)
    ]
    if not different:
        return False
    item = Dataset()
    item.SourceOfPreviousValues = ""
    item.AttributeModificationDateTime = at.strftime("%Y%m%d%H%M%S.%f%z")
    item.ModifyingSystem = _SYSTEM
    item.ReasonForTheAttributeModification = reason
    was, damaged = _previous(before, sorted(different))
    item.ModifiedAttributesSequence = [was]
    if damaged:
        item.NonconformingModifiedAttributesSequence = damaged
    history = list(dataset.get("OriginalAttributesSequence") or [])
    for tag in different:
        if values[tag] is None:
            del dataset[tag]
        else:
            dataset[tag] = values[tag]
    dataset.OriginalAttributesSequence = [*history, item]
    return True


def _previous(before: Mapping[int, DataElement], tags: Iterable[int]) -> tuple[Dataset, list[Dataset]]:
    """Return what elements were: as values, and as bytes those of text that no character set holds."""
    was, damaged = Dataset(), []
    for tag in tags:
        element = before.get(tag)
        if element is not None and _DAMAGED.search(element.text or ""):
            item = Dataset({"SelectorAttribute": tag, "SelectorValueNumber": 0})
            item.NonconformingDataElementValue = element.raw
            damaged.append(item)
        else:
            was[tag] = element
    return was, damaged


def _taken(dataset: Dataset, tags: frozenset[int]) -> dict[int, Any]:
    # Elements, not values: text that its character set does not have is taken over as it is.
    return {tag: dataset[tag] if tag in dataset else None for tag in sorted(tags)}  # noqa: SIM401


def _require_whole_studies(archive: Archive, entries: list[Entry]) -> None:
    given: dict[str, set[str]] = {}
    for entry in entries:
        given.setdefault(entry.study_uid, set()).add(entry.instance_uid)
    for study, uids in given.items():
        there = archive.entries(study)
        if not there:
            raise NotFoundError("the study is no longer in the archive")
        if any(entry.instance_uid not in uids for entry in there):
            raise ArchiveError(
                "attributes of a patient or study are edited in whole studies", hint="select them by study or patient"
            )
