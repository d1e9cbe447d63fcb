"""The information models of Query/Retrieve: their SOP classes, and the levels they have (PS3.4 C.6, Y.6)."""

from typing import Final

from filmless._core import Acceptable
from filmless.archive.query import Level
from filmless.dimse.uids import NATIVE

__all__ = ["FIND", "GET", "LEVELS", "MOVE", "acceptable", "extended"]

_PATIENT_ROOT: Final = "1.2.840.10008.5.1.4.1.2.1"
_STUDY_ROOT: Final = "1.2.840.10008.5.1.4.1.2.2"
_PATIENT_STUDY_ONLY: Final = "1.2.840.10008.5.1.4.1.2.3"  # retired, and still spoken

_MODELS: Final[dict[str, dict[str, Level]]] = {
    _PATIENT_ROOT: {"PATIENT": "patient", "STUDY": "study", "SERIES": "series", "IMAGE": "instance"},
    _STUDY_ROOT: {"STUDY": "study", "SERIES": "series", "IMAGE": "instance"},
    _PATIENT_STUDY_ONLY: {"PATIENT": "patient", "STUDY": "study"},
}

_COMPOSITE_INSTANCE_ROOT: Final = "1.2.840.10008.5.1.4.1.2.4"  # retrieval of single instances (PS3.4 Y); no queries
_RETRIEVED: Final = _MODELS | {_COMPOSITE_INSTANCE_ROOT: {"IMAGE": "instance"}}

FIND: Final = tuple(f"{model}.1" for model in _MODELS)
MOVE: Final = tuple(f"{model}.2" for model in _RETRIEVED)
GET: Final = tuple(f"{model}.3" for model in _RETRIEVED)

LEVELS: Final[dict[str, dict[str, Level]]] = {
    f"{model}.{operation}": levels for model, levels in _RETRIEVED.items() for operation in (1, 2, 3)
}
"""Of each SOP class, what Query/Retrieve Level may be, and what it is in the archive."""

#: What is supported where it is asked for, a byte each (PS3.4 C.5.1.1 and C.5.3.1): relational queries, dates and times
#: combined, fuzzy names. Time zones and other views of enhanced images are not.
_QUERIES: Final = b"\1\1\1"
_RETRIEVALS: Final = b"\1"  # relational


def acceptable(sop_classes: tuple[str, ...]) -> tuple[Acceptable, ...]:
    """Return what is accepted of some of these SOP classes: identifiers are never compressed."""
    return tuple(Acceptable(sop_class, NATIVE) for sop_class in sop_classes)


def extended(sop_class: str, asked: bytes) -> bytes | None:
    """Return what of an extended negotiation is supported: what is asked for and supported, byte by byte."""
    supported = _QUERIES if sop_class in FIND else _RETRIEVALS if sop_class in LEVELS else None
    return supported and bytes(mine & theirs for mine, theirs in zip(supported, asked, strict=False))
