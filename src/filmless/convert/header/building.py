"""From a content and what is given for it to its data set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from filmless import _core
from filmless.convert.content import Content, Document, Picture
from filmless.convert.header.conditions import check_conditions, fill_conditions
from filmless.convert.header.document import encapsulated_document, store_document
from filmless.convert.header.frames import multi_frame
from filmless.convert.header.given import NOT_GIVEN, checked, owned, set_given
from filmless.convert.header.image import grey_for, image_pixel, lossy_history, resolution_of, store_pixels, voi
from filmless.convert.header.ophthalmic import ophthalmic
from filmless.convert.header.parametric_map import parametric_map
from filmless.convert.header.regions import ENTIRE_BODY, may_be_paired
from filmless.convert.header.sop_classes import SopClass, chosen
from filmless.convert.header.uids import Uids, digest_of, place_of
from filmless.convert.notice import ConversionNotice
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError

if TYPE_CHECKING:
    from filmless.convert.header.rules import Origin

__all__ = ["Run", "build", "check_given", "checked_facts"]

_DATES = (("StudyDate", "StudyTime"), ("ContentDate", "ContentTime"))
_CREATION = ("InstanceCreationDate", "InstanceCreationTime")
_SHAPES = {"MONOCHROME1": "INVERSE", "MONOCHROME2": "IDENTITY"}
_STEP = ("PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime")
_CAPTURE = ("DateOfSecondaryCapture", "TimeOfSecondaryCapture")
_FRAMES_OF_REFERENCE = (
    ("Frame of Reference", "FrameOfReferenceUID"),
    ("Synchronization", "SynchronizationFrameOfReferenceUID"),
)
_OF_PATIENT = ("PatientBirthDate", "PatientBirthTime", "LastMenstrualDate")  # no zone of ours moves these


@dataclass(frozen=True, slots=True)
class Run:
    """What all objects of a run share."""

    sop_class: SopClass | None
    study: str
    series: str
    now: datetime
    uids: Uids


Tell = Callable[[ConversionNotice], None]


def build(
    content: Content, given: Mapping[Any, Any], facts: Mapping[Any, Any], run: Run, origin: "Origin", tell: Tell
) -> Dataset:
    """Make the data set of a content.

    Parameters
    ----------
    content
        What it holds.
    given, facts
        Checked values; what is given comes before what the source tells.
    run, origin
        What it shares with others, and its place among them.
    tell
        Gets notices.

    Raises
    ------
    ConversionError
        No SOP class holds it, or a value it needs is not there.
    """
    known: dict[Any, Any] = {**facts, **given}
    row = chosen(content, run.sop_class, known, tell)
    if isinstance(content, Picture) and row.fits.bits == (1,) and content.bits_allocated == 8:
        content = replace(content, bits_allocated=1, bits_stored=1)
    if isinstance(content, Picture):
        content = grey_for(row, content, tell)
    moment = _moment(row, known, run.now)
    _tell_of_units(row, known, tell)
    values: dict[Any, Any] = {"SpecificCharacterSet": "ISO_IR 192", "SOPClassUID": row.uid}
    numbers = _numbers(run, origin)
    values |= _defaults(row) | moment | numbers
    own = _of_content(row, content, known)
    values |= own
    values |= known
    if isinstance(content, Picture):
        lossy_history(values, own)
        if "PresentationLUTShape" in values and content.samples == 1:  # C.11.6: this or that, by what is stored
            values["PresentationLUTShape"] = _SHAPES.get(content.photometric_interpretation, "IDENTITY")
    _modality(values, row, run, tell)
    _groups(values, known, run, origin, content)
    _conditions(values, row, content, tell)
    _made_uids(values, row, content, run, origin, tell)
    ds = _data_set(values)
    if "SOPInstanceUID" not in values:
        of_run = [str(keyword) for keyword in (*moment, *numbers) if keyword not in known]
        ds.SOPInstanceUID = run.uids.instance(ds, content, (*of_run, *_STEP), origin)
    if isinstance(content, Document):
        store_document(ds, content)
    else:
        store_pixels(ds, content)
    return ds


def check_given(given: Mapping[Any, Any], run: Run) -> None:
    """Check together what is given for each file of a run.

    Raises
    ------
    ConversionError
        An item is not the next of its sequence, a value needs another one, or Modality is not that of the SOP class
        that was asked for.
    """
    _data_set(given)
    check_conditions(given)
    row = run.sop_class
    if row is not None and "Modality" in given:
        _modality(dict(given), row, run, lambda _: None)


def checked_facts(facts: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Keep of what a source tells what can be said in a header; the rest is left out, with a notice."""
    kept = {}
    for keyword, value in facts.items():
        entry = _core.dictionary_entry(keyword)
        if entry is None or keyword in NOT_GIVEN or value is None:
            continue
        try:
            kept[keyword] = checked(keyword, entry[1], value, "the source")
        except ConversionError as error:
            tell(ConversionNotice("fact-left-out", f"what the source tells of {keyword} is left out: {error.message}"))
    return kept


@cache
def _defaults(row: SopClass) -> dict[Any, Any]:
    return row.defaults()


@cache
def _type_1(row: SopClass) -> frozenset[str]:
    return row.type_1()


def _moment(row: SopClass, known: Mapping[Any, Any], now: datetime) -> dict[Any, Any]:
    """Say when it was made: now; the time of a date that was given is not known."""
    date, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    values: dict[Any, Any] = dict(zip(_CREATION, (date, time), strict=True))
    if "SC Image" in row.modules:
        values |= zip(_CAPTURE, (date, time), strict=True)
    for date_keyword, time_keyword in _DATES:
        values |= {date_keyword: date, time_keyword: "" if date_keyword in known else time}
    if not any(_is_moment(key) for key in known):
        values["TimezoneOffsetFromUTC"] = now.strftime("%z")[:5]
    return values


def _is_moment(key: Any) -> bool:
    """Whether a value is a date or time of another zone than ours, perhaps."""
    return isinstance(key, str) and key.endswith(("Date", "Time")) and key not in _OF_PATIENT


def _tell_of_units(row: SopClass, known: Mapping[Any, Any], tell: Tell) -> None:
    if row.fits.document in ("STL", "OBJ") and "MeasurementUnitsCodeSequence" not in known:
        tell(ConversionNotice("units-assumed", "the model's unit, which it cannot say, is the millimetre"))


def _numbers(run: Run, origin: "Origin") -> dict[Any, Any]:
    number_in_folder = origin.number if origin.number_in_folder is None else origin.number_in_folder
    file_number = origin.number if origin.file_number is None else origin.file_number
    series, instance = {
        "folder": (origin.folder_number, number_in_folder),
        "file": (file_number, origin.part + 1),
    }.get(run.series, (1, origin.number))
    return {"SeriesNumber": series, "InstanceNumber": instance}


def _of_content(row: SopClass, content: Content, known: Mapping[Any, Any]) -> dict[Any, Any]:
    if isinstance(content, Document):
        return {**encapsulated_document(content)}
    if content.is_float:
        return {**image_pixel(content)}
    return {**image_pixel(content), **voi(content, known), **multi_frame(row, content, known)}


def _modality(values: dict[Any, Any], row: SopClass, run: Run, tell: Tell) -> None:
    modality = values.setdefault("Modality", row.modality)
    if row.modalities and modality not in row.modalities:
        expected = " or ".join(row.modalities)
        if run.sop_class is not None:
            raise ConversionError(f"the Modality of a {row.name} is {expected}, and another is given")
        tell(ConversionNotice("modality", f"Modality is {expected}, as that of each {row.name}"))
        values["Modality"] = row.modality


def _groups(values: dict[Any, Any], known: Mapping[Any, Any], run: Run, origin: "Origin", content: Content) -> None:
    """Say of which study and series it is; what was given wins."""
    if "StudyInstanceUID" not in values:
        values["StudyInstanceUID"] = run.uids.study(values, known, run.study, origin, content)
    if "SeriesInstanceUID" not in values:
        values["SeriesInstanceUID"] = run.uids.series(values, known, run.series, origin)


def _conditions(values: dict[Any, Any], row: SopClass, content: Content, tell: Tell) -> None:
    """Add and take away what depends on other values, and refuse empty ones that may not be."""
    if "VL Image" in row.modules and row.multi_frame and not values.get("AnatomicRegionSequence"):
        values["AnatomicRegionSequence"] = ENTIRE_BODY
        if values.get("Laterality"):  # of the series it would be that of a paired region
            values.setdefault("ImageLaterality", values["Laterality"])
        tell(ConversionNotice("region-assumed", "Anatomic Region, which a video has to have, is the entire body"))
    if values.get("ImageLaterality"):
        values.pop("Laterality", None)  # of a paired body part there is the one or the other
    if values.get("RescaleIntercept") not in (None, ""):
        values.setdefault("RescaleType", "US")
    fill_conditions(values)
    if not values.get("Laterality") and not may_be_paired(values):
        values.pop("Laterality", None)
    if "VL Image" in row.modules and values.get("ContentTime") == "":
        del values["ContentTime"]  # type 1C there: known or absent
    if values.get("ContactMethod") == "CONTACT":
        values.setdefault("ImmersionMedia", "")
    if values.get("FrameOfReferenceUID"):
        values.setdefault("PositionReferenceIndicator", "")
    if "Ocular Region Imaged" in row.modules:
        ophthalmic(values)
    if isinstance(content, Picture):
        values.update(resolution_of(content, values))
        if "NumberOfFrames" not in values:  # asked for of a run, in which others have several
            values.pop("FrameTime", None)
            values.pop("FrameTimeVector", None)
    for keyword in _type_1(row):
        if values.get(keyword) in (None, "", []):
            raise ConversionError(f"{keyword} must not be empty in a {row.name}")


def _made_uids(values: dict[Any, Any], row: SopClass, content: Content, run: Run, origin: "Origin", tell: Tell) -> None:
    """Make the UIDs that only this object has, and what holds them."""
    frame_of_reference = next((keyword for module, keyword in _FRAMES_OF_REFERENCE if module in row.modules), None)
    if frame_of_reference is None:
        return
    own = digest_of(content) if run.uids.deterministic else uuid4().hex

    def new_uid(purpose: str) -> str:
        return run.uids.made(purpose, values["SeriesInstanceUID"], *place_of(origin), own)

    if not values.get(frame_of_reference):
        values[frame_of_reference] = new_uid("frame-of-reference")
    if isinstance(content, Picture) and content.is_float:
        groups, moved = parametric_map(content, values, new_uid, tell)
        for keyword in moved:
            del values[keyword]
        values.update(groups)


def _data_set(values: Mapping[Any, Any]) -> Dataset:
    plain = {
        keyword: owned(value) if type(value) is list else value  # most are texts, and this is done for each file
        for keyword, value in values.items()
        if isinstance(keyword, str)
    }
    try:
        ds = Dataset(plain)
    except (TypeError, ValueError, DicomError):
        # The cause would show the value, which is a patient's.
        raise ConversionError(f"the value of {_misfit(plain)} does not fit") from None
    if len(plain) < len(values):
        for key, value in values.items():
            if isinstance(key, tuple):
                set_given(ds, key, value)
    return ds


def _misfit(values: Mapping[str, Any]) -> str:
    for keyword, value in values.items():
        try:
            Dataset({keyword: value})
        except (TypeError, ValueError, DicomError):
            return keyword
    return "an attribute"
