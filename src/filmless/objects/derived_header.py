"""What all objects that are made from images have: patient and study of these, a series of their own, references."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import DicomError, ValidationError
from filmless.file import generate_uid
from filmless.objects.arguments import check_dataset

__all__ = ["check_images", "derived_header", "evidence", "reference_to", "referenced_series", "set_header", "take_over"]

_REQUIRED = {
    "SOPClassUID": 0x0008_0016,
    "SOPInstanceUID": 0x0008_0018,
    "StudyInstanceUID": 0x0020_000D,
    "SeriesInstanceUID": 0x0020_000E,
}
_EXPECTED = "a Dataset or a list of them"
# Patient, Clinical Trial Subject, General Study, Patient Study, Clinical Trial Study: PS3.3 C.7.1, C.7.2.
_TAKEN_OVER = (
    *("PatientName", "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence", "TypeOfPatientID"),
    *("PatientBirthDate", "PatientBirthTime", "PatientSex", "OtherPatientIDsSequence", "OtherPatientNames"),
    *("EthnicGroup", "PatientComments", "PatientSpeciesDescription", "PatientSpeciesCodeSequence"),
    *("PatientBreedDescription", "PatientBreedCodeSequence", "BreedRegistrationSequence", "ResponsiblePerson"),
    *("ResponsiblePersonRole", "ResponsibleOrganization", "PatientIdentityRemoved", "DeidentificationMethod"),
    *("DeidentificationMethodCodeSequence", "ClinicalTrialSponsorName", "ClinicalTrialProtocolID"),
    *("ClinicalTrialProtocolName", "ClinicalTrialSiteID", "ClinicalTrialSiteName", "ClinicalTrialSubjectID"),
    *("ClinicalTrialSubjectReadingID", "ClinicalTrialTimePointID", "ClinicalTrialTimePointDescription"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber"),
    *("IssuerOfAccessionNumberSequence", "ReferringPhysicianName", "PhysiciansOfRecord", "ProcedureCodeSequence"),
    *("ReferencedStudySequence", "PatientAge", "PatientSize", "PatientWeight", "PatientSexNeutered"),
    *("AdmittingDiagnosesDescription", "Occupation", "AdditionalPatientHistory"),
)
_TYPE_2 = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName"),
)
_OPEN = frozenset({
    "BodyPartExamined", "ContentCreatorName", "ContentDescription", "ContentLabel", "DeviceSerialNumber",
    "InstanceNumber", "Laterality", "Manufacturer", "ManufacturerModelName", "SOPInstanceUID", "SeriesDescription",
    "SeriesInstanceUID", "SeriesNumber", "SoftwareVersions",
})  # fmt: skip


def check_images(source: Dataset | Sequence[Dataset], *, name: str = "source") -> list[Dataset]:
    """Return the images that an object is made from: at least one, each with the UIDs to point to, all of one study.

    Raises
    ------
    TypeError
        They are no data sets.
    ValueError
        There are none, or they are of several studies.
    ValidationError
        An image has no UID to point to.
    """
    given: object = source  # whatever it is said to be
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        check_dataset(name, given, expected=_EXPECTED)
    images = [source] if isinstance(source, Dataset) else list(source)
    if not images:
        raise ValueError(f"`{name}` is an image or a list of at least one")
    for ds in images:
        check_dataset(name, ds, expected=_EXPECTED)
    for ds in images:
        for keyword, tag in _REQUIRED.items():
            if not ds.get(keyword):
                raise ValidationError(f"a source image has no {keyword}", tag=tag)
    if len({str(ds.StudyInstanceUID) for ds in images}) > 1:
        raise ValueError("the source images differ in StudyInstanceUID")
    return images


def derived_header(first: Dataset, *, sop_class: str, modality: str) -> Dataset:
    """Make a data set in the patient and study of an image, in a series of its own.

    DICOM
    -----
    PS3.3 C.7.1 to C.7.3, C.7.5, C.12.1
    """
    now = datetime.now().astimezone()
    date, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    ds = Dataset({"SpecificCharacterSet": "ISO_IR 192", "SOPClassUID": sop_class, "SOPInstanceUID": generate_uid()})
    for keyword in _TYPE_2:
        ds[keyword] = ""
    take_over(ds, first, _TAKEN_OVER)
    number = first.get("SeriesNumber")
    values: dict[str, Any] = {
        "InstanceCreationDate": date,
        "InstanceCreationTime": time,
        "Modality": modality,
        "SeriesInstanceUID": generate_uid(),
        "SeriesNumber": number + 1000 if isinstance(number, int) and 0 <= number < 1 << 30 else 1000,
        "SeriesDate": date,
        "SeriesTime": time,
        "ContentDate": date,
        "ContentTime": time,
        "InstanceNumber": 1,
        "Manufacturer": "filmless",
        "ManufacturerModelName": "filmless",
        "DeviceSerialNumber": "1",
        "SoftwareVersions": _core.__version__,
    }
    for keyword, value in values.items():
        ds[keyword] = value
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    return ds


def reference_to(image: Dataset) -> Dataset:
    """Return an item that points to an image: SOP class and instance."""
    return Dataset({"ReferencedSOPClassUID": image.SOPClassUID, "ReferencedSOPInstanceUID": image.SOPInstanceUID})


def referenced_series(images: Iterable[Dataset], *, keyword: str = "ReferencedInstanceSequence") -> Iterator[Dataset]:
    """Give items of a Referenced Series Sequence, with each image once.

    DICOM
    -----
    PS3.3 C.12.2, C.11.11, C.17.2.1
    """
    by_series: dict[str, dict[str, Dataset]] = {}
    for ds in images:
        by_series.setdefault(str(ds.SeriesInstanceUID), {})[str(ds.SOPInstanceUID)] = reference_to(ds)
    for uid, items in by_series.items():
        series = Dataset({"SeriesInstanceUID": uid})
        series[keyword] = list(items.values())
        yield series


def evidence(images: Sequence[Dataset]) -> Dataset:
    """Return the item of Current Requested Procedure Evidence Sequence for images of one study.

    DICOM
    -----
    PS3.3 C.17.2.1 (Hierarchical SOP Instance Reference Macro)
    """
    study = Dataset({"StudyInstanceUID": images[0].StudyInstanceUID})
    study.ReferencedSeriesSequence = list(referenced_series(images, keyword="ReferencedSOPSequence"))
    return study


def set_header(ds: Dataset, header: Mapping[str, Any]) -> None:
    """Set values of the caller.

    Raises
    ------
    ValueError
        A keyword is unknown, follows from the source, or its value does not fit.
    """
    for keyword, value in header.items():
        if keyword in ds and keyword not in _OPEN:
            raise ValueError(f"{keyword} cannot be given: it follows from the source")
        try:
            setattr(ds, keyword, value)
        except (AttributeError, TypeError, ValueError, DicomError):
            # The cause would show the value, which is a patient's.
            raise ValueError(f"{keyword} is no keyword, or the value given for it does not fit") from None


def take_over(ds: Dataset, source: Dataset, keywords: Sequence[str]) -> None:
    """Copy what is there and can be written; a source's nonsense stays with it."""
    for keyword in keywords:
        value = source.get(keyword)
        if value is not None and value != "":
            try:
                # Items of its own: an edit of the one object is not one of the other.
                ds[keyword] = [item.copy() for item in value] if source[keyword].VR == "SQ" else value
            except (DicomError, TypeError, ValueError):
                continue
