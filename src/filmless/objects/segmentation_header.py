"""The modules of a segmentation that are about all of it (PS3.3 A.51)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import DicomError
from filmless.file import generate_uid
from filmless.objects.segment import Segment, segment_item
from filmless.objects.source_frames import SourceFrames

__all__ = ["common_modules", "set_header"]

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
# Multi-frame tiles, Microscope Slide Layer Tile Organization, Specimen: PS3.3 C.8.12.14, C.7.6.22.
_SLIDE = (
    *("TotalPixelMatrixColumns", "TotalPixelMatrixRows", "TotalPixelMatrixOriginSequence", "ImageOrientationSlide"),
    *("TotalPixelMatrixFocalPlanes", "ContainerIdentifier", "IssuerOfTheContainerIdentifierSequence"),
    *("ContainerTypeCodeSequence", "SpecimenDescriptionSequence"),
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


def common_modules(source: SourceFrames, segments: Sequence[Segment], *, sop_class: str) -> Dataset:
    """Make the data set of a segmentation, without what depends on its pixels.

    DICOM
    -----
    PS3.3 A.51.3, C.7.1 to C.7.5, C.8.20, C.12.1, C.12.2
    """
    first = source.images[0]
    now = datetime.now().astimezone()
    date, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    ds = Dataset({"SpecificCharacterSet": "ISO_IR 192", "SOPClassUID": sop_class, "SOPInstanceUID": generate_uid()})
    for keyword in _TYPE_2:
        ds[keyword] = ""
    _take_over(ds, first, _TAKEN_OVER)
    number = first.get("SeriesNumber")
    values: dict[str, Any] = {
        "InstanceCreationDate": date,
        "InstanceCreationTime": time,
        "Modality": "SEG",
        "SeriesInstanceUID": generate_uid(),
        "SeriesNumber": number + 1000 if isinstance(number, int) and 0 <= number < 1 << 30 else 1000,
        "SeriesDate": date,
        "SeriesTime": time,
        "ContentDate": date,
        "ContentTime": time,
        "InstanceNumber": 1,
        "ImageType": ["DERIVED", "PRIMARY"],
        "Manufacturer": "filmless",
        "ManufacturerModelName": "filmless",
        "DeviceSerialNumber": "1",
        "SoftwareVersions": _core.__version__,
        "ContentLabel": "SEGMENTATION",
        "ContentDescription": "",
        "ContentCreatorName": "",
    }
    for keyword, value in values.items():
        ds[keyword] = value
    _take_over(ds, first, ("BodyPartExamined", "Laterality"))
    ds.ReferencedSeriesSequence = list(source.series())
    ds.SegmentSequence = [segment_item(segment, int(segment.number or 0)) for segment in segments]
    _lossy(ds, source)
    _place(ds, source)
    return ds


def set_header(ds: Dataset, header: Mapping[str, Any]) -> None:
    """Set values of the caller.

    Raises
    ------
    ValueError
        A keyword is unknown, follows from the source or the masks, or its value does not fit.
    """
    for keyword, value in header.items():
        if keyword in ds and keyword not in _OPEN:
            raise ValueError(f"{keyword} cannot be given: it follows from the source and the masks")
        try:
            setattr(ds, keyword, value)
        except (AttributeError, TypeError, ValueError, DicomError):
            # The cause would show the value, which is a patient's.
            raise ValueError(f"{keyword} is no keyword, or the value given for it does not fit") from None


def _lossy(ds: Dataset, source: SourceFrames) -> None:
    """Say what lossy compression the source has been through: PS3.3 C.8.20.2.2."""
    lossy = [image for image in source.images if image.get("LossyImageCompression") == "01"]
    ds.LossyImageCompression = "01" if lossy else "00"
    if lossy:
        _take_over(ds, lossy[0], ("LossyImageCompressionRatio", "LossyImageCompressionMethod"))


def _place(ds: Dataset, source: SourceFrames) -> None:
    """Frame of Reference Module, and the orientation in words where there is none in numbers."""
    first = source.images[0]
    if source.geometry is not None:
        ds.FrameOfReferenceUID = source.geometry.frame_of_reference_uid
        ds.PositionReferenceIndicator = ""
        _take_over(ds, first, ("PositionReferenceIndicator",))
    if source.geometry is None or source.tile_positions is not None:
        ds.PatientOrientation = ""
        _take_over(ds, first, ("PatientOrientation",))
    if source.tile_positions is None:
        return
    ds.DimensionOrganizationType = "TILED_SPARSE"
    _take_over(ds, first, _SLIDE)


def _take_over(ds: Dataset, source: Dataset, keywords: Sequence[str]) -> None:
    """Copy what is there and can be written; a source's nonsense stays with it."""
    for keyword in keywords:
        value = source.get(keyword)
        if value is not None and value != "":
            try:
                # Items of its own: an edit of the one object is not one of the other.
                ds[keyword] = [item.copy() for item in value] if source[keyword].VR == "SQ" else value
            except (DicomError, TypeError, ValueError):
                continue
