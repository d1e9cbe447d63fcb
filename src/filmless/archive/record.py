"""What the index keeps of an instance, made once from its file."""

import re
from dataclasses import dataclass
from os import PathLike
from typing import Final

from filmless.archive.frame_map import FrameMap
from filmless.archive.header import ENCODER, Header
from filmless.archive.levels import LEVELS
from filmless.dataset import Dataset
from filmless.errors import FormatError
from filmless.file import read

__all__ = ["Record", "record_of"]

_UID: Final = re.compile(r"[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)*")
"""Some letters more than PS3.5 9.1 has, since there are such files; none that means something in a URL or path."""
_NEEDED: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")


@dataclass(frozen=True, slots=True)
class Record:
    """All that the index keeps of an instance.

    Attributes
    ----------
    size, sha256
        Of the file: bytes, and its digest in 64 hexadecimal digits.
    levels
        For ``"patient"``, ``"study"``, ``"series"``, ``"instance"`` the data set of the attributes that belong there.
    header
        The whole header as compressed DICOM JSON.
    frames
        Where the frames are; None without pixel data.
    """

    study_uid: str
    series_uid: str
    instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    size: int
    sha256: str
    levels: dict[str, Dataset]
    header: bytes
    frames: FrameMap | None
    encoder: int = ENCODER


def record_of(source: str | PathLike[str] | bytes, *, size: int, sha256: str) -> Record:
    """Make the record of a file.

    Raises
    ------
    FormatError
        It is no DICOM file, or lacks one of the UIDs that an instance is filed by.
    """
    ds = read(source)
    for keyword in _NEEDED:
        if not isinstance(ds.get(keyword), str) or not ds.get(keyword):
            raise FormatError(f"the data set has no {keyword}, which an instance is filed by")
        if len(ds[keyword].value) > 64 or not _UID.fullmatch(ds[keyword].value):
            raise FormatError(f"the {keyword} is no UID, expected numbers with dots between them")
    levels = {level: _part(ds, tags) for level, tags in LEVELS.items()}
    return Record(
        study_uid=str(ds.StudyInstanceUID),
        series_uid=str(ds.SeriesInstanceUID),
        instance_uid=str(ds.SOPInstanceUID),
        sop_class_uid=str(ds.SOPClassUID),
        transfer_syntax_uid=str(ds.file_meta.TransferSyntaxUID),
        size=size,
        sha256=sha256,
        levels=levels,
        header=Header.of(ds).compressed,
        frames=FrameMap.of(ds),
    )


def _part(ds: Dataset, tags: frozenset[int]) -> Dataset:
    part = Dataset()
    for tag in sorted(tags | {0x0008_0005}):
        if tag in ds:
            part[tag] = ds[tag]
    return part
