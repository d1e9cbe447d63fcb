"""Which attributes belong to the patient, the study, the series and the instance.

Those that PS3.18 Tables 10.6.3-3 to -5 and PS3.4 Tables C.6-1 to C.6-4 name are returned and matched at
their level; any other attribute of the header can be asked for, too, from one of the instances below.
"""

from typing import Final

from filmless import _core

__all__ = ["LEVELS"]


def _tags(*keywords: str) -> frozenset[int]:
    rows = [_core.dictionary_entry(keyword) for keyword in keywords]
    return frozenset(row[0] for row in rows if row)


LEVELS: Final = {
    "patient": _tags("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
                     "OtherPatientIDs", "EthnicGroup", "PatientComments"),
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
