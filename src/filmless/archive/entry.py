"""An instance as the index knows it."""

from typing import NamedTuple

__all__ = ["Entry"]


class Entry(NamedTuple):
    """Where an instance is, and what has to be known to answer for it without opening it."""

    id: int  # of the index; what headers and frames are found by
    patient_id: str
    study_uid: str
    series_uid: str
    instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    size: int  # bytes of the file
    sha256: str  # of the file, 64 hexadecimal digits
    storage: str  # "" for the archive's own, else the path of a folder that is served in place
    location: str  # what the storage knows it by
    frames: int  # 0 when it has no pixel data
    received: float  # seconds since 1970
