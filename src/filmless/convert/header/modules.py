"""Modules as data: the attributes that every object of a SOP class has, with their values when nobody gives others.

An empty value is type 2: known to be unknown. What follows from the content or the moment is set by `image`, `document`
and `building`.
"""

from collections.abc import Mapping
from typing import Any

from filmless import _core
from filmless.dataset import Dataset

__all__ = ["MODULES", "TYPE_1", "code"]


def code(value: str, scheme: str, meaning: str) -> list[Dataset]:
    """Make a code sequence of one item (PS3.3 8.8)."""
    return [Dataset({"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning})]


MODULES: Mapping[str, Mapping[str, Any]] = {
    # PS3.3 C.7.1.1
    "Patient": {"PatientName": "", "PatientID": "", "PatientBirthDate": "", "PatientSex": ""},
    # C.7.2.1; its date and time are of the moment
    "General Study": {"StudyID": "", "AccessionNumber": "", "ReferringPhysicianName": ""},
    # C.7.3.1; the left of two, when it is known
    "General Series": {"Laterality": ""},
    # C.24.1
    "Encapsulated Document Series": {},
    # C.7.5.1
    "General Equipment": {"Manufacturer": ""},
    # C.7.5.2
    "Enhanced General Equipment": {
        "Manufacturer": "filmless",
        "ManufacturerModelName": "filmless",
        "DeviceSerialNumber": "1",
        "SoftwareVersions": _core.__version__,
    },
    # C.8.6.1
    "SC Equipment": {"Manufacturer": "", "ConversionType": "WSD", "SecondaryCaptureDeviceManufacturer": "filmless"},
    # C.8.6.2
    "SC Image": {"ImageType": ["DERIVED", "SECONDARY"]},
    # C.7.6.1
    "General Image": {"PatientOrientation": ""},
    # C.7.6.14
    "Acquisition Context": {"AcquisitionContextSequence": []},
    # C.8.6.3; whether names are burned in is not known, and YES is the answer that protects a patient
    "SC Multi-frame Image": {"BurnedInAnnotation": "YES"},
    # C.8.5.6
    "US Image": {"ImageType": ["DERIVED", "SECONDARY"]},
    # C.8.12.1; lossy compression of the past is not known
    "VL Image": {"ImageType": ["ORIGINAL", "PRIMARY"], "LossyImageCompression": ""},
    # C.8.12.15
    "Dermoscopic Image": {
        **dict.fromkeys(("LightSourcePolarization", "ContactMethod"), ""),
        **dict.fromkeys(("EmitterColorTemperature", "OpticalMagnificationFactor")),
        "RecognizableVisualFeatures": "YES",
    },
    # C.7.4.2; its UID is made: nothing says that its clock was that of others
    "Synchronization": {"SynchronizationTrigger": "NO TRIGGER", "AcquisitionTimeSynchronized": "N"},
    # C.8.17.2, C.8.17.3, C.8.17.4, C.8.17.5
    "Ophthalmic Photography Image": {
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "BurnedInAnnotation": "YES",
        "LossyImageCompression": "00",
    },
    "Ocular Region Imaged": {"AnatomicRegionSequence": code("81745001", "SCT", "Eye")},
    "Ophthalmic Photography Acquisition Parameters": {
        "PatientEyeMovementCommanded": "",
        **dict.fromkeys(("EmmetropicMagnification", "IntraOcularPressure", "HorizontalFieldOfView")),
        "PupilDilated": "",
        "RefractiveStateSequence": [],
    },
    "Ophthalmic Photographic Parameters": {
        "DetectorType": "",
        **{
            keyword: []
            for keyword in (
                *("IlluminationTypeCodeSequence", "LightPathFilterTypeStackCodeSequence"),
                *("ImagePathFilterTypeStackCodeSequence", "LensesCodeSequence"),
            )
        },
    },
    # C.24.2
    "Encapsulated Document": {
        "AcquisitionDateTime": "",
        "BurnedInAnnotation": "YES",
        "ConceptNameCodeSequence": [],
        "DocumentTitle": "",
    },
    # C.35.1; models for printing are in millimetres when nothing says so, and they never say so
    "Manufacturing 3D Model": {"MeasurementUnitsCodeSequence": code("mm", "UCUM", "mm")},
    # C.7.4.1; its UID is made
    "Frame of Reference": {"PositionReferenceIndicator": ""},
    # C.8.32.2
    "Parametric Map Image": {
        "ImageType": ["DERIVED", "PRIMARY"],
        "ContentQualification": "RESEARCH",
        "BurnedInAnnotation": "NO",
        "RecognizableVisualFeatures": "NO",
        "LossyImageCompression": "00",
        "ContentLabel": "PARAMETRIC_MAP",
        "ContentDescription": "",
        "ContentCreatorName": "",
        "PresentationLUTShape": "IDENTITY",
    },
}

#: Type 1 attributes whose value is of the moment or the run: nobody can give an empty one.
TYPE_1: Mapping[str, tuple[str, ...]] = {
    "Ophthalmic Photography Image": ("ContentDate", "ContentTime", "InstanceNumber"),
    "Encapsulated Document": ("InstanceNumber", "SeriesNumber"),
    "Parametric Map Image": ("ContentDate", "ContentTime", "InstanceNumber", "SeriesNumber"),
}
