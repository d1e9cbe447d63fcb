"""The values that some attributes are limited to (PS3.3), each with the section that lists them."""

import difflib
from collections.abc import Mapping
from typing import Any

__all__ = ["ENUMERATED", "wrong_term"]

_YES_NO = frozenset({"YES", "NO"})

# PS3.3 C.7.3.1.1.1, with those that are retired: they are in templates and worklists.
_MODALITIES = frozenset(
    """
    ANN AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DMS DG DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO IOL IVOCT IVUS
    KER KO LEN LS M3D MG MR NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG RESP RF RG RTDOSE
    RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SM SMR SR SRF STAIN TEXTUREMAP TG US VA XA
    XAPROTOCOL XC AS CD CF CP CS DD DF DM DS EC FA FS LP MA MS OPR ST VF
    """.split()  # noqa: SIM905 - a list of 110 would be a page
)

#: By keyword; of several values each is looked at.
ENUMERATED: Mapping[str, frozenset[str]] = {
    "Modality": _MODALITIES,
    "PatientSex": frozenset({"M", "F", "O"}),  # C.7.1.1
    "PatientSexNeutered": frozenset({"ALTERED", "UNALTERED"}),  # C.7.2.2
    "PatientIdentityRemoved": _YES_NO,  # C.7.1.1
    "QualityControlSubject": _YES_NO,
    "SmokingStatus": frozenset({"YES", "NO", "UNKNOWN"}),  # C.7.2.2
    "PregnancyStatus": frozenset({"1", "2", "3", "4"}),
    "TypeOfPatientID": frozenset({"TEXT", "RFID", "BARCODE"}),
    "ResponsiblePersonRole": frozenset(
        {"OWNER", "PARENT", "CHILD", "SPOUSE", "SIBLING", "RELATIVE", "GUARDIAN", "CUSTODIAN", "AGENT"}
        | {"INVESTIGATOR", "VETERINARIAN"}
    ),
    "Laterality": frozenset({"R", "L"}),  # C.7.3.1
    "ImageLaterality": frozenset({"R", "L", "U", "B"}),  # C.7.6.1
    "FrameLaterality": frozenset({"R", "L", "U", "B"}),  # 10.5
    "PatientPosition": frozenset(  # C.7.3.1.1.2
        {"HFP", "HFS", "HFDR", "HFDL", "FFDR", "FFDL", "FFP", "FFS", "LFP", "LFS", "RFP", "RFS", "AFDR", "AFDL"}
        | {"PFDR", "PFDL", "SITTING"}
    ),
    "AnatomicalOrientationType": frozenset({"BIPED", "QUADRUPED"}),
    "ConversionType": frozenset({"DV", "DI", "DF", "WSD", "SD", "SI", "DRW", "SYN"}),  # C.8.6.1
    "BurnedInAnnotation": _YES_NO,  # C.7.6.1
    "RecognizableVisualFeatures": _YES_NO,
    "LossyImageCompression": frozenset({"00", "01"}),
    "QualityControlImage": frozenset({"YES", "NO", "BOTH"}),
    "PresentationLUTShape": frozenset({"IDENTITY", "INVERSE"}),
    "VOILUTFunction": frozenset({"LINEAR", "LINEAR_EXACT", "SIGMOID"}),  # C.11.2
    "PixelSpacingCalibrationType": frozenset({"GEOMETRY", "FIDUCIAL"}),  # 10.7
    "PreferredPlaybackSequencing": frozenset({"0", "1"}),  # C.7.6.5
    "ContentQualification": frozenset({"PRODUCT", "RESEARCH", "SERVICE"}),  # C.8.13.2
    "PatientEyeMovementCommanded": _YES_NO,  # C.8.17.5
    "PupilDilated": _YES_NO,
    "ModelModification": _YES_NO,  # C.35.1
    "ModelMirroring": _YES_NO,
    "VerificationFlag": frozenset({"UNVERIFIED", "VERIFIED"}),  # C.24.2
    "CompletionFlag": frozenset({"PARTIAL", "COMPLETE"}),  # C.17.2
    "SpatialLocationsPreserved": frozenset({"YES", "NO", "REORIENTED_ONLY"}),
}


def wrong_term(keyword: str, value: Any) -> tuple[str, str | None] | None:
    """Say what is expected when a value is not among those that its attribute is limited to.

    Returns
    -------
    tuple or None
        What is wrong, without the value, and a hint; None when it is among them or empty.
    """
    terms = ENUMERATED.get(keyword)
    if terms is None or value is None:
        return None
    parts = value if isinstance(value, list | tuple) else [value]
    for part in parts:
        text = str(part).strip()
        if text and text not in terms:
            # A hint would be almost the value, and that can be a patient's.
            near = [] if keyword.startswith("Patient") else difflib.get_close_matches(text.upper()[:16], terms, 1, 0.75)
            expected = _alternatives(sorted(terms)) if len(terms) <= 17 else "one of the Standard's"
            return f"is none of its defined terms, expected {expected}", f"did you mean {near[0]}?" if near else None
    return None


def _alternatives(terms: list[str]) -> str:
    return f"{', '.join(terms[:-1])} or {terms[-1]}"
