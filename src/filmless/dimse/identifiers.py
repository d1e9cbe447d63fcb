"""Identifiers of queries and retrievals, made of keywords, with what is wanted back (PS3.4 C.4, K.6)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from filmless import _core
from filmless.archive.keywords import included, listed, paths_of, text_of
from filmless.dataset import Dataset
from filmless.file.uid_grammar import is_uid

__all__ = ["Level", "Root", "query", "retrieval"]

Level: TypeAlias = Literal["patient", "study", "series", "image", "worklist"]
Root: TypeAlias = Literal["study", "patient"]

_WANTED: Final[dict[str, tuple[str, ...]]] = {
    "patient": ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"),
    "study": (
        "StudyInstanceUID",
        "StudyID",
        "StudyDate",
        "StudyTime",
        "StudyDescription",
        "AccessionNumber",
        "ModalitiesInStudy",
        "ReferringPhysicianName",
        "NumberOfStudyRelatedSeries",
        "NumberOfStudyRelatedInstances",
    ),
    "series": (
        "SeriesInstanceUID",
        "Modality",
        "SeriesNumber",
        "SeriesDescription",
        "SeriesDate",
        "BodyPartExamined",
        "NumberOfSeriesRelatedInstances",
    ),
    "image": ("SOPInstanceUID", "SOPClassUID", "InstanceNumber", "NumberOfFrames", "Rows", "Columns"),
    "worklist": (
        "AccessionNumber",
        "ReferringPhysicianName",
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "PatientWeight",
        "MedicalAlerts",
        "Allergies",
        "StudyInstanceUID",
        "RequestingPhysician",
        "RequestedProcedureDescription",
        "RequestedProcedureID",
        "RequestedProcedurePriority",
    ),
}

_STEP: Final = "ScheduledProcedureStepSequence"
_WANTED_OF_STEP: Final = (
    "Modality",
    "ScheduledStationAETitle",
    "ScheduledProcedureStepStartDate",
    "ScheduledProcedureStepStartTime",
    "ScheduledPerformingPhysicianName",
    "ScheduledProcedureStepDescription",
    "ScheduledStationName",
    "ScheduledProcedureStepLocation",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepStatus",
)

_HIGHER: Final = {
    "patient": (),
    "study": ("patient",),
    "series": ("StudyInstanceUID",),
    "image": ("StudyInstanceUID", "SeriesInstanceUID"),
    "worklist": (),
}


def query(level: str, *, include: str | Iterable[str] = (), values: Mapping[str, Any]) -> Dataset:
    """Return the identifier of a query at a level.

    Parameters
    ----------
    level
        What is asked for; ``"worklist"`` for scheduled procedure steps.
    include
        Keywords of attributes that are wanted back, beside those of the level.
    values
        Matching keys by keyword, with dots before those inside sequences. Those of a scheduled procedure step need no
        dots.

    Raises
    ------
    ValueError
        There is no such level or keyword, or a value is None.

    Examples
    --------
    >>> query("series", values={"StudyInstanceUID": "1.2.3", "Modality": "CT"}).QueryRetrieveLevel
    'SERIES'
    """
    if level not in get_args(Level):
        raise ValueError(f"`level` is one of {', '.join(get_args(Level))}")
    ds = Dataset()
    for name in _HIGHER[level]:
        for keyword in _WANTED.get(name, (name,)):
            ds[keyword] = None
    for keyword in _WANTED[level]:
        ds[keyword] = None
    if level == "worklist":
        step = Dataset()
        for keyword in _WANTED_OF_STEP:
            step[keyword] = None
        ds[_STEP] = [step]
        values = {f"{_STEP}.{name}" if name in _WANTED_OF_STEP else name: value for name, value in values.items()}
    else:
        ds.QueryRetrieveLevel = level.upper()
    for path in included(include):
        if path is None:
            raise ValueError("`all` cannot be asked of C-FIND: name the attributes to include")
        _put(ds, path, None)
    for path, value in paths_of(values).items():
        _put(ds, path, listed(path, text_of(value)))
    return ds


def _put(ds: Dataset, path: tuple[int, ...], text: str | None) -> None:
    for tag in path[:-1]:
        if tag not in ds or not ds[tag].value:
            ds[tag] = [Dataset()]
        ds = ds[tag].value[0]
    tag = path[-1]
    row = _core.dictionary_entry(tag)
    if row is not None and row[1] == "SQ":
        if text:
            raise ValueError("a sequence has no value of its own: name what is inside, as Sequence.Keyword")
        ds.setdefault(tag, [])
    elif text is not None or tag not in ds:
        ds[tag] = text.split("\\") if text and "\\" in text else text


def retrieval(study: str, series: str | None, instance: str | None) -> Dataset:
    """Return the identifier of a study, of a series of it, or of an instance of that.

    Raises
    ------
    ValueError
        A UID is none, or an instance comes without its series.
    """
    if instance is not None and series is None:
        raise ValueError("`instance` needs its `series`")
    if not all(is_uid(uid) for uid in (study, series or "0", instance or "0")):
        raise ValueError("a UID is numbers with dots between them")
    ds = Dataset()
    ds.QueryRetrieveLevel = "IMAGE" if instance else "SERIES" if series else "STUDY"
    ds.StudyInstanceUID = study
    if series is not None:
        ds.SeriesInstanceUID = series
    if instance is not None:
        ds.SOPInstanceUID = instance
    return ds
