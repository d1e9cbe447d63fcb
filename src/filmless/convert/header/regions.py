"""Regions of the body: which are one of two, and so have a side (PS3.3 C.7.3.1, PS3.16 L)."""

from collections.abc import Mapping
from typing import Any

from filmless.convert.header.modules import code

__all__ = ["ENTIRE_BODY", "may_be_paired"]

ENTIRE_BODY = code("38266002", "SCT", "Entire body")

#: Those a body has one of. Of words that are not here it is not known.
_UNPAIRED = frozenset({
    "ABDOMEN", "ABDOMENPELVIS", "AORTA", "BACK", "BLADDER", "BRAIN", "CERVIX", "CHEST", "CHESTABDOMEN",
    "CHESTABDPELVIS", "COCCYX", "COLON", "CSPINE", "CTSPINE", "DUODENUM", "ENTIRE BODY", "ESOPHAGUS", "FACE",
    "GALLBLADDER", "HEAD", "HEADNECK", "HEART", "JAW", "LARYNX", "LIVER", "LSPINE", "LSSPINE", "MAXILLA",
    "MEDIASTINUM", "MOUTH", "NECK", "NECKCHEST", "NOSE", "PANCREAS", "PELVIS", "PENIS", "PHARYNX", "PROSTATE",
    "RECTUM", "SKULL", "SPINE", "SPLEEN", "SSPINE", "STERNUM", "STOMACH", "THYMUS", "THYROID", "TLSPINE", "TONGUE",
    "TRACHEA", "TSPINE", "UTERUS", "VAGINA", "WHOLEBODY",
})  # fmt: skip
#: Modalities of curves that are not of a region with a side.
_OF_HEART_AND_BREATH = ("ECG", "EPS", "RESP")


def may_be_paired(values: Mapping[Any, Any]) -> bool:
    """Whether an examined region has a side, by what is said of it in code or words; a specimen has none."""
    if values.get("SpecimenDescriptionSequence") or values.get("Modality") in _OF_HEART_AND_BREATH:
        return False
    regions = values.get("AnatomicRegionSequence") or []
    words = [str(item.get("CodeMeaning") or "") for item in regions] or [str(values.get("BodyPartExamined") or "")]
    return not any(word.upper() in _UNPAIRED for word in words)
