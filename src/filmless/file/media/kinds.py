"""Kinds of directory records: which SOP classes they are for, and the keys they hold (PS3.3 F.4 and F.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from filmless import _core

__all__ = ["ABOVE", "KINDS", "LEAVES", "ROOT_LEAVES", "Key", "Kind", "kind_of_class"]


@dataclass(frozen=True)
class Key:
    """An attribute of a directory record, and how much it has to be there: type 1, 1C, 2 or 3."""

    keyword: str
    type: str

    @cached_property
    def tag(self) -> int:
        """The attribute's tag."""
        row = _core.dictionary_entry(self.keyword)
        if row is None:
            raise KeyError(self.keyword)
        return row[0]

    @cached_property
    def vr(self) -> str:
        """The attribute's value representation."""
        row = _core.dictionary_entry(self.keyword)
        if row is None:
            raise KeyError(self.keyword)
        return row[1]


@dataclass(frozen=True)
class Kind:
    """A type of directory record.

    Attributes
    ----------
    name
        Directory Record Type.
    prefix
        Two letters that names of its files and folders begin with.
    keys
        What its records hold.
    """

    name: str
    prefix: str
    keys: tuple[Key, ...]


_CONTENT = "1 ContentDate ContentTime InstanceNumber ContentLabel, 2 ContentDescription ContentCreatorName"
#: Prefix and attributes by type, as PS3.3 F.5 has them; those of type 3 are what viewers list and what profiles
#: require when an image has it (PS3.11 Table H.3-2, which holds for J and M, too).
_KEYS = """
PATIENT          | PT | 1 PatientID, 2 PatientName, 3 PatientBirthDate PatientSex
STUDY            | ST | 1 StudyDate StudyTime StudyID StudyInstanceUID, 2 StudyDescription AccessionNumber
SERIES           | SE | 1 Modality SeriesInstanceUID SeriesNumber
                 |    | 3 SeriesDescription InstitutionName InstitutionAddress PerformingPhysicianName
IMAGE            | IM | 1 InstanceNumber, 3 Rows Columns NumberOfFrames ImageType LossyImageCompressionRatio
                 |    | 3 CalibrationImage FrameOfReferenceUID SynchronizationFrameOfReferenceUID
                 |    | 3 AcquisitionTimeSynchronized AcquisitionDateTime ReferencedImageSequence
                 |    | 3 ImagePositionPatient ImageOrientationPatient PixelSpacing
RT DOSE          | RD | 1 InstanceNumber DoseSummationType, 3 DoseComment
RT STRUCTURE SET | RS | 1 InstanceNumber StructureSetLabel, 2 StructureSetDate StructureSetTime
RT PLAN          | RP | 1 InstanceNumber RTPlanLabel, 2 RTPlanDate RTPlanTime
RT TREAT RECORD  | RT | 1 InstanceNumber, 2 TreatmentDate TreatmentTime
PRESENTATION     | PR | 1 PresentationCreationDate PresentationCreationTime InstanceNumber ContentLabel
                 |    | 2 ContentDescription ContentCreatorName, 1C ReferencedSeriesSequence BlendingSequence
WAVEFORM         | WV | 1 InstanceNumber ContentDate ContentTime
SR DOCUMENT      | SR | 1 InstanceNumber CompletionFlag VerificationFlag ContentDate ContentTime
                 |    | 1 ConceptNameCodeSequence, 1C VerificationDateTime ContentSequence
KEY OBJECT DOC   | KO | 1 InstanceNumber ContentDate ContentTime ConceptNameCodeSequence, 1C ContentSequence
SPECTROSCOPY     | SP | 1 ImageType ContentDate ContentTime InstanceNumber NumberOfFrames Rows Columns
                 |    | 1 DataPointRows DataPointColumns, 1C ReferencedImageEvidenceSequence
RAW DATA         | RW | 1 ContentDate ContentTime, 2 InstanceNumber
REGISTRATION     | RE | CONTENT
FIDUCIAL         | FD | CONTENT
VALUE MAP        | VM | CONTENT
ENCAP DOC        | ED | 1 InstanceNumber MIMETypeOfEncapsulatedDocument, 1C HL7InstanceIdentifier
                 |    | 2 ContentDate ContentTime DocumentTitle ConceptNameCodeSequence
STEREOMETRIC     | SM | 3 InstanceNumber
PLAN             | PL | 3 InstanceNumber
MEASUREMENT      | ME | CONTENT
SURFACE          | SU | CONTENT
SURFACE SCAN     | SC | 1 ContentDate ContentTime, 3 InstanceNumber
TRACT            | TR | CONTENT
ASSESSMENT       | AS | 1 InstanceNumber InstanceCreationDate, 2 InstanceCreationTime
RADIOTHERAPY     | RA | 1 InstanceNumber, 1C UserContentLabel UserContentLongLabel
                 |    | 2 ContentDescription ContentCreatorName
ANNOTATION       | AN | CONTENT
PRIVATE          | XX | 3 InstanceNumber
HANGING PROTOCOL | HP | 1 HangingProtocolName HangingProtocolDescription HangingProtocolLevel HangingProtocolCreator
                 |    | 1 HangingProtocolCreationDateTime HangingProtocolDefinitionSequence NumberOfPriorsReferenced
                 |    | 2 HangingProtocolUserIdentificationCodeSequence
PALETTE          | PA | 1 ContentLabel, 2 ContentDescription
IMPLANT          | IP | 1 Manufacturer ImplantName ImplantPartNumber, 1C ImplantSize
IMPLANT ASSY     | IA | 1 ImplantAssemblyTemplateName Manufacturer ProcedureTypeCodeSequence
IMPLANT GROUP    | IG | 1 ImplantTemplateGroupName ImplantTemplateGroupIssuer
INVENTORY        | IV | 1 ContentDate ContentTime
"""


def _table(text: str) -> dict[str, Kind]:
    rows = re.sub(r"\n *\| *\|", ",", text.replace("CONTENT\n", f"{_CONTENT}\n")).strip().splitlines()
    kinds = {}
    for row in rows:
        name, prefix, keys = (cell.strip() for cell in row.split("|"))
        groups = [group.split() for group in keys.split(",")]
        kinds[name] = Kind(name, prefix, tuple(Key(word, group[0]) for group in groups for word in group[1:]))
    return kinds


#: The kinds by their Directory Record Type.
KINDS = _table(_KEYS)
#: Records below nothing that name a file.
ROOT_LEAVES = frozenset({"HANGING PROTOCOL", "PALETTE", "IMPLANT", "IMPLANT ASSY", "IMPLANT GROUP", "INVENTORY"})
#: What is below what (PS3.3 Table F.4-1).
ABOVE = {"STUDY": "PATIENT", "SERIES": "STUDY"}
#: Records below a series that name a file.
LEAVES = frozenset(KINDS) - ROOT_LEAVES - {"PATIENT", "STUDY", "SERIES"}

_STORAGE = "1.2.840.10008.5.1.4."
#: Ends of SOP class UIDs by kind; one that ends in a dot stands for all that begin so. Others are told by content.
_CLASSES = {
    "RT DOSE": "1.1.481.2",
    "RT STRUCTURE SET": "1.1.481.3",
    "RT PLAN": "1.1.481.5 1.1.481.8",
    "RT TREAT RECORD": "1.1.481.4 1.1.481.6 1.1.481.7 1.1.481.9",
    "RADIOTHERAPY": " ".join(f"1.1.481.{number}" for number in (*range(10, 23), 25)),
    "PLAN": "34.7 34.10",
    "PRESENTATION": "1.1.11. 1.1.131 1.1.9.100.",
    "WAVEFORM": "1.1.9.",
    "KEY OBJECT DOC": "1.1.88.59",
    "SR DOCUMENT": "1.1.88. 1.1.78.6 1.1.79.1",
    "SPECTROSCOPY": "1.1.4.2",
    "RAW DATA": "1.1.66",
    "REGISTRATION": "1.1.66.1 1.1.66.3",
    "FIDUCIAL": "1.1.66.2",
    "SURFACE": "1.1.66.5",
    "TRACT": "1.1.66.6",
    "VALUE MAP": "1.1.67",
    "SURFACE SCAN": "1.1.68.",
    "STEREOMETRIC": "1.1.77.1.5.3",
    "MEASUREMENT": "1.1.78.1 1.1.78.2 1.1.78.3 1.1.78.4 1.1.78.5 1.1.78.7 1.1.78.8 1.1.80.1",
    "ASSESSMENT": "1.1.90.1",
    "ANNOTATION": "1.1.91.1",
    "ENCAP DOC": "1.1.104.",
    "INVENTORY": "1.1.201.1",
    "HANGING PROTOCOL": "38.1",
    "PALETTE": "39.1",
    "IMPLANT": "43.1",
    "IMPLANT ASSY": "44.1",
    "IMPLANT GROUP": "45.1",
}
_KIND_OF = {_STORAGE + end: kind for kind, ends in _CLASSES.items() for end in ends.split()}


def kind_of_class(sop_class: str, *, is_image: bool) -> Kind:
    """Return the kind of record for instances of a SOP class.

    Parameters
    ----------
    sop_class
        SOP Class UID.
    is_image
        Whether the instance has rows and columns: what is told of SOP classes that are none of the known.
    """
    name = _KIND_OF.get(sop_class)
    above = sop_class.rpartition(".")[0]
    while name is None and above:
        name = _KIND_OF.get(f"{above}.")
        above = above.rpartition(".")[0]
    if name is None:
        row = _core.uid_entry(sop_class)
        name = "IMAGE" if is_image or (row is not None and "Image Storage" in row[1]) else "PRIVATE"
    return KINDS[name]
