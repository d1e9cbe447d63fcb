"""What a performed procedure step has to have when it is created, changed and ended (PS3.4 Table F.7.2-1)."""

from typing import Final

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import ValidationError

__all__ = ["MAY_NO_LONGER_BE_UPDATED", "StepError", "check_created", "merged"]

MAY_NO_LONGER_BE_UPDATED: Final = 0xA506

_PROCESSING_FAILURE: Final = 0x0110
_INVALID_VALUE: Final = 0x0106
_MISSING_ATTRIBUTE: Final = 0x0120
_MISSING_VALUE: Final = 0x0121

_STATUS: Final = "PerformedProcedureStepStatus"
_BEGUN: Final = "IN PROGRESS"
_ENDED: Final = frozenset({"COMPLETED", "DISCONTINUED"})

#: Type 1 when a step is created. What is of type 2 may be left out: it would be empty, and many modalities do.
_CREATED: Final = (
    *("ScheduledStepAttributesSequence", "PerformedProcedureStepID", "PerformedStationAETitle"),
    *("PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime", _STATUS, "Modality"),
)
_SCHEDULED: Final = "ScheduledStepAttributesSequence"
_OF_SCHEDULED: Final = ("StudyInstanceUID",)

#: Type 1 in its final state.
_FINAL: Final = ("PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime")
_SERIES: Final = "PerformedSeriesSequence"
_OF_SERIES: Final = ("ProtocolName", "SeriesInstanceUID")

#: What N-SET may not change.
_FIXED: Final = frozenset(
    {"SpecificCharacterSet", "ScheduledStepAttributesSequence", "PatientName", "PatientID", "IssuerOfPatientID"}
    | {"PatientBirthDate", "PatientSex", "ReferencedPatientSequence", "AdmissionID", "PerformedProcedureStepID"}
    | {"PerformedStationAETitle", "PerformedStationName", "PerformedLocation", "PerformedProcedureStepStartDate"}
    | {"PerformedProcedureStepStartTime", "Modality", "StudyID"}
)


class StepError(ValidationError):
    """Why a step is not taken: the status of the answer, and the attributes that are meant.

    Parameters
    ----------
    message
        What is wrong.
    status
        Of the answer.
    tags
        The attributes.
    error_id
        Error ID of the answer.
    """

    def __init__(self, message: str, *, status: int, tags: tuple[int, ...] = (), error_id: int | None = None) -> None:
        super().__init__(message)
        self.status, self.tags, self.error_id = status, tags, error_id


def check_created(ds: Dataset) -> None:
    """Check a step that is to be created.

    Raises
    ------
    StepError
        An attribute or its value is missing, or it is not in progress.
    """
    _refuse([name for name in _CREATED if name not in ds], _MISSING_ATTRIBUTE)
    _refuse([name for name in _CREATED if ds[name].is_empty], _MISSING_VALUE)
    _check_items(ds, _SCHEDULED, _OF_SCHEDULED, absent=_MISSING_ATTRIBUTE)
    if _status(ds) != _BEGUN:
        raise StepError("a step is created in progress", status=_INVALID_VALUE, tags=(_tag(_STATUS),))


def merged(step: Dataset, changes: Dataset) -> tuple[Dataset, list[int]]:
    """Return a step with changes made to it, and the tags of those that are not to be made: they are left out.

    Raises
    ------
    StepError
        The step has ended, or would end without what it has to have then.
    """
    if _status(step) in _ENDED:
        message = "the performed procedure step may no longer be updated"
        raise StepError(message, status=_PROCESSING_FAILURE, error_id=MAY_NO_LONGER_BE_UPDATED)
    result, left_out = step.copy(), []
    for element in changes:
        if element.keyword not in _FIXED:
            result[element.tag] = element
        elif element.keyword != "SpecificCharacterSet" and step.get(element.tag) != element:
            left_out.append(int(element.tag))
    if _status(result) not in _ENDED | {_BEGUN}:
        raise StepError("no status of a performed procedure step", status=_INVALID_VALUE, tags=(_tag(_STATUS),))
    if _status(result) in _ENDED:
        _refuse([name for name in _FINAL if name not in result or result[name].is_empty], _MISSING_VALUE)
        if _status(result) == "COMPLETED":  # one that is discontinued may have made no series
            _refuse([name for name in (_SERIES,) if name not in result or result[name].is_empty], _MISSING_VALUE)
        _check_items(result, _SERIES, _OF_SERIES, absent=_MISSING_VALUE)
    return result, left_out


def _check_items(ds: Dataset, sequence: str, names: tuple[str, ...], *, absent: int) -> None:
    items = ds[sequence].value if sequence in ds and ds[sequence].VR == "SQ" else ()
    _refuse([name for name in names if any(name not in item for item in items)], absent)
    _refuse([name for name in names if any(item[name].is_empty for item in items)], _MISSING_VALUE)


def _refuse(names: list[str], status: int) -> None:
    if names:
        what = "attribute" if status == _MISSING_ATTRIBUTE else "value"
        message = f"no {what}: {', '.join(names)}"
        raise StepError(message, status=status, tags=tuple(map(_tag, names)))


def _status(ds: Dataset) -> str:
    return str(ds[_STATUS].text or "").strip() if _STATUS in ds else ""


def _tag(keyword: str) -> int:
    row = _core.dictionary_entry(keyword)
    assert row is not None  # noqa: S101 - the keywords are ours
    return int(row[0])
