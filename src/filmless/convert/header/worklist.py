"""Header values of a modality worklist entry, as IHE's Scheduled Workflow carries them into images.

PS3.4 K.6.1, PS3.17 J; IHE Radiology TF-2, Appendix A.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from filmless.convert.header.given import Layer, checked, data_set_of, key_named
from filmless.convert.header.sources import data_sets_of, short_name
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError, FormatError
from filmless.file._element_path import path_named

__all__ = ["layer_of_worklist"]

#: Of patient, study and order: they have the same name in an image.
_SAME = frozenset(
    """
    PatientName PatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence TypeOfPatientID OtherPatientIDsSequence
    OtherPatientNames PatientBirthDate PatientBirthTime PatientSex PatientAge PatientSize PatientWeight EthnicGroup
    PatientComments PatientSpeciesDescription PatientSpeciesCodeSequence PatientBreedDescription
    PatientBreedCodeSequence BreedRegistrationSequence ResponsiblePerson ResponsiblePersonRole ResponsibleOrganization
    MedicalAlerts Allergies PregnancyStatus SmokingStatus AdditionalPatientHistory Occupation PatientSexNeutered
    LastMenstrualDate AdmissionID IssuerOfAdmissionIDSequence AdmittingDiagnosesDescription
    AdmittingDiagnosesCodeSequence ServiceEpisodeID ServiceEpisodeDescription IssuerOfServiceEpisodeIDSequence
    AccessionNumber IssuerOfAccessionNumberSequence StudyInstanceUID ReferringPhysicianName
    ReferringPhysicianIdentificationSequence ConsultingPhysicianName ReferencedStudySequence ReferencedPatientSequence
    InstitutionName InstitutionAddress InstitutionCodeSequence
    """.split()  # noqa: SIM905 - a name each would be a page
)
#: From the entry, and from the item of Scheduled Procedure Step Sequence: what they are called in an image.
_OF_PROCEDURE = {
    "RequestedProcedureID": ("StudyID",),
    "RequestedProcedureDescription": ("StudyDescription",),
    "RequestedProcedureCodeSequence": ("ProcedureCodeSequence",),
}
_OF_STEP = {
    "Modality": ("Modality",),
    "ScheduledProcedureStepID": ("PerformedProcedureStepID",),
    "ScheduledProcedureStepDescription": ("PerformedProcedureStepDescription",),
    "ScheduledProtocolCodeSequence": ("PerformedProtocolCodeSequence",),
    "ScheduledPerformingPhysicianName": ("PerformingPhysicianName",),
    "ScheduledPerformingPhysicianIdentificationSequence": ("PerformingPhysicianIdentificationSequence",),
}
#: Into the item of Request Attributes Sequence, under the same name.
_REQUEST = (
    *("RequestedProcedureID", "AccessionNumber", "IssuerOfAccessionNumberSequence", "StudyInstanceUID"),
    *("ReferencedStudySequence", "RequestedProcedureDescription", "RequestedProcedureCodeSequence"),
    *("ReasonForTheRequestedProcedure", "ReasonForRequestedProcedureCodeSequence"),
)
_REQUEST_OF_STEP = ("ScheduledProcedureStepID", "ScheduledProcedureStepDescription", "ScheduledProtocolCodeSequence")


def layer_of_worklist(source: Any, match: Mapping[str, str] | None, now: datetime) -> Layer:
    """Take the values of a worklist entry.

    Parameters
    ----------
    source
        The entry, or several: data sets, mappings, a DICOM or JSON file, a folder.
    match
        Values by keyword or path that the entry has.
    now
        When the step is performed.

    Raises
    ------
    ConversionError
        Not one entry is meant, or a value is wrong.
    """
    where = short_name(source, "worklist")
    entries = [_as_data_set(one, where) for one in data_sets_of(source, "worklist")]
    entry = _matching(entries, match or {}, where)
    steps = list(entry.get("ScheduledProcedureStepSequence") or [])
    if len(steps) > 1:
        raise ConversionError(f"the worklist entry has {len(steps)} scheduled procedure steps, expected one: {where}")
    step = steps[0] if steps else Dataset()
    values: dict[str, Any] = {keyword: _value(entry, keyword) for keyword in _SAME}
    for ds, names in ((entry, _OF_PROCEDURE), (step, _OF_STEP)):
        values |= {name: _value(ds, keyword) for keyword, images in names.items() for name in images}
    request = {keyword: _value(entry, keyword) for keyword in _REQUEST}
    request |= {keyword: _value(step, keyword) for keyword in _REQUEST_OF_STEP}
    request = {keyword: value for keyword, value in request.items() if value is not None}
    if request:
        values["RequestAttributesSequence"] = [Dataset(request)]
    if steps:
        values["PerformedProcedureStepStartDate"] = now.strftime("%Y%m%d")
        values["PerformedProcedureStepStartTime"] = now.strftime("%H%M%S")
    found = {}
    for keyword, value in values.items():
        if value is not None:
            key, vr = key_named(keyword, where)
            found[key] = checked(key, vr, value, where)
    return Layer(found, where)


def _as_data_set(one: Dataset | Mapping[str, Any], where: str) -> Dataset:
    if isinstance(one, Dataset):
        return one
    try:
        return data_set_of(one)
    except (DicomError, TypeError, ValueError, KeyError, AttributeError, RecursionError):
        raise ConversionError(f"an entry is no data set: {where}") from None


def _matching(entries: list[Dataset], match: Mapping[str, str], where: str) -> Dataset:
    for name in match:
        key_named(name, "worklist_match")
    found = [entry for entry in entries if all(_at(entry, name) == str(value) for name, value in match.items())]
    if len(found) == 1:
        return found[0]
    by = f" with this {' and '.join(match)}" if match else ""
    count = f"{len(found)} entries" if found else "no entry"
    hint = None if match and not found else "worklist_match chooses one, as by AccessionNumber"
    raise ConversionError(f"{where} has {count}{by}, expected one", hint=hint)


def _at(entry: Dataset, name: str) -> str | None:
    """Return a value of an entry as text."""
    try:
        path = path_named(name)
        here = entry
        for tag, item in path.through:
            here = here[tag].value[item]
        value = here[path.tag].value
    except (FormatError, KeyError, IndexError, TypeError, DicomError):
        return None
    return "\\".join(map(str, value)) if isinstance(value, list) else str(value)


def _value(ds: Dataset, keyword: str) -> Any:
    """Return a value, items of its own; None when there is none."""
    if keyword not in ds:
        return None
    element = ds[keyword]
    if element.is_empty:
        return None
    return [item.copy() for item in element.value] if element.VR == "SQ" else element.value
