"""UIDs of services (PS3.4) and of the transfer syntaxes that they are spoken in."""

from typing import Final

from filmless import _core
from filmless.file.uid_grammar import is_uid

__all__ = [
    "BIG_ENDIAN",
    "EXPLICIT",
    "GET_MODELS",
    "IMPLICIT",
    "MPPS",
    "NATIVE",
    "PATIENT_ROOT",
    "STORAGE_COMMITMENT",
    "STORAGE_COMMITMENT_INSTANCE",
    "STUDY_ROOT",
    "WORKLIST",
    "sop_class_of",
]

IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"  # retired, and still spoken
NATIVE: Final = (EXPLICIT, IMPLICIT, BIG_ENDIAN)
"""What identifiers and the data sets of normalized services are encoded in: there are no pixels to compress."""

PATIENT_ROOT: Final = tuple(f"1.2.840.10008.5.1.4.1.2.1.{end}" for end in (1, 2, 3))
STUDY_ROOT: Final = tuple(f"1.2.840.10008.5.1.4.1.2.2.{end}" for end in (1, 2, 3))
"""Find, move and get."""

GET_MODELS: Final = frozenset({PATIENT_ROOT[2], STUDY_ROOT[2]})

WORKLIST: Final = "1.2.840.10008.5.1.4.31"
MPPS: Final = "1.2.840.10008.3.1.2.3.3"
STORAGE_COMMITMENT: Final = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
"""The instance that exists always: requests for commitment are actions on it (PS3.4 J.3.2)."""


def sop_class_of(name: str) -> str:
    """Return the UID of a SOP class that is named by UID or keyword.

    Raises
    ------
    ValueError
        It is no UID, and no keyword of one.

    Examples
    --------
    >>> sop_class_of("ModalityPerformedProcedureStep")
    '1.2.840.10008.3.1.2.3.3'
    """
    if is_uid(name):
        return name
    row = _core.uid_entry(name)
    if row is None or "SOP Class" not in row[2]:
        raise ValueError(f"`{name[:64]}` is no UID, and no keyword of a SOP class as CTImageStorage")
    return row[0]
