"""Which attributes belong to the patient, the study, the series and the instance.

Those that PS3.18 Tables 10.6.3-3 to -5 and PS3.4 Tables C.6-1 to C.6-4 name are returned and matched at
their level; any other attribute of the header can be asked for, too, from one of the instances below.
"""

from typing import Final

from filmless import _core

__all__ = ["ALWAYS", "KNOWN", "LEVELS", "LEVEL_OF", "ORDER"]

ORDER: Final = ("patient", "study", "series", "instance")
"""The levels, from above."""


def _tags(*keywords: str) -> frozenset[int]:
    rows = [_core.dictionary_entry(keyword) for keyword in keywords]
    return frozenset(row[0] for row in rows if row)


LEVELS: Final = {
    "patient": _tags("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientBirthTime",
                     "PatientSex", "OtherPatientIDs", "OtherPatientNames", "EthnicGroup", "PatientComments"),
    "study": _tags("StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyInstanceUID",
                   "StudyID", "StudyDescription", "InstitutionName", "PatientAge", "PatientSize", "PatientWeight",
                   "ProcedureCodeSequence", "NameOfPhysiciansReadingStudy", "TimezoneOffsetFromUTC"),
    "series": _tags("Modality", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber", "SeriesDate", "SeriesTime",
                    "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime", "RequestAttributesSequence",
                    "BodyPartExamined", "Laterality", "StationName", "ProtocolName", "Manufacturer",
                    "PerformingPhysicianName", "OperatorsName"),
    "instance": _tags("SOPClassUID", "SOPInstanceUID", "InstanceNumber", "Rows", "Columns", "BitsAllocated",
                      "NumberOfFrames", "ContentDate", "ContentTime", "AcquisitionDate", "AcquisitionTime",
                      "ImageType"),
}  # fmt: skip

#: The level of a row of the index that has an attribute. What is not here is in headers alone.
LEVEL_OF: Final = {tag: level for level, tags in LEVELS.items() for tag in tags}

#: What an answer of a level always has, empty where it is not known (PS3.18 Tables 10.6.3-3 to -5, PS3.4 C.6.1.1).
ALWAYS: Final = {
    "patient": _tags("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    "study": _tags("StudyDate", "StudyTime", "AccessionNumber", "InstanceAvailability", "ModalitiesInStudy",
                   "ReferringPhysicianName", "StudyInstanceUID", "StudyID", "NumberOfStudyRelatedSeries",
                   "NumberOfStudyRelatedInstances"),
    "series": _tags("InstanceAvailability", "Modality", "SeriesInstanceUID", "SeriesNumber",
                    "NumberOfSeriesRelatedInstances"),
    "instance": _tags("InstanceAvailability", "SOPClassUID", "SOPInstanceUID", "InstanceNumber"),
}  # fmt: skip

#: What it has when it is known.
KNOWN: Final = {
    "patient": _tags("SpecificCharacterSet", "IssuerOfPatientID"),
    "study": _tags("SpecificCharacterSet", "TimezoneOffsetFromUTC", "StudyDescription"),
    "series": _tags("SpecificCharacterSet", "TimezoneOffsetFromUTC", "SeriesDescription",
                    "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime", "RequestAttributesSequence"),
    "instance": _tags("SpecificCharacterSet", "TimezoneOffsetFromUTC", "Rows", "Columns", "BitsAllocated",
                      "NumberOfFrames"),
}  # fmt: skip
