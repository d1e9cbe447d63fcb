"""What the index keeps of an instance, made once from its file."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Final

from filmless import _core
from filmless.archive.frame_map import FrameMap
from filmless.archive.header import ENCODER, MOST_HEADER_BYTES, Header, header_json
from filmless.archive.levels import LEVEL_OF, LEVELS
from filmless.dataset import Dataset
from filmless.errors import FormatError
from filmless.file import read
from filmless.file.uid_grammar import is_uid

__all__ = ["Record", "record_of"]

_NEEDED: Final = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_CHARACTER_SET: Final = 0x0008_0005

_LONGEST: Final = 1 << 16  # of what is kept at a level; the header has all of it
_PICKERS: Final = {
    level: _core.JsonPicker([(f"{tag:08X}", None) for tag in (_CHARACTER_SET, *tags)]) for level, tags in LEVELS.items()
}


@dataclass(frozen=True, slots=True)
class Record:
    """All that the index keeps of an instance. It needs no file any more.

    Attributes
    ----------
    size, sha256
        Of the file: bytes, and its digest in 64 hexadecimal digits.
    levels
        For ``"patient"``, ``"study"``, ``"series"``, ``"instance"`` the attributes that belong there, as DICOM JSON.
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
    levels: Mapping[str, str]
    header: bytes
    frames: FrameMap | None
    encoder: int = ENCODER


def record_of(
    source: str | PathLike[str] | bytes, *, size: int, sha256: str, most_header_bytes: int = MOST_HEADER_BYTES
) -> Record:
    """Make the record of a file.

    Parameters
    ----------
    source
        The file: its path, or its bytes.
    size, sha256
        Bytes, and their digest.
    most_header_bytes
        What a header may have beside its bulk data.

    Raises
    ------
    FormatError
        It is no DICOM file, or lacks one of the UIDs that an instance is filed by, or one is not of the form of a UID.
    LimitError
        Its header is too large.
    """
    ds = read(source)
    transfer_syntax = ds.file_meta.get("TransferSyntaxUID") if ds.preamble is not None and ds.file_meta else None
    if not is_uid(transfer_syntax):
        message = "the file does not begin with a preamble and file meta information that name its transfer syntax"
        raise FormatError(message, hint="`filmless edit` writes it as a file of PS3.10")
    study, series, instance, sop_class = (_uid(ds, keyword) for keyword in _NEEDED)
    text = header_json(ds, size=size, most_bytes=most_header_bytes)
    return Record(
        study_uid=study,
        series_uid=series,
        instance_uid=instance,
        sop_class_uid=sop_class,
        transfer_syntax_uid=str(transfer_syntax),
        size=size,
        sha256=sha256,
        levels=_levels(ds, text),
        header=Header.of(text).compressed,
        frames=FrameMap.of(ds),
    )


def _uid(ds: Dataset, keyword: str) -> str:
    value = ds.get(keyword)
    if not isinstance(value, str) or not value:
        raise FormatError(f"the data set has no {keyword}, which an instance is filed by")
    if not is_uid(value):
        raise FormatError(f"{keyword} has not the form of a UID: numbers with dots between them, 64 characters at most")
    return str(value)


class _Picked(Mapping[str, str]):
    """The levels of a header that is not long: most instances come into a series that is there, and need one."""

    __slots__ = ("_header",)

    def __init__(self, header: str) -> None:
        self._header = header

    def __getitem__(self, level: str) -> str:
        text = _PICKERS[level].picked([self._header])
        if text is not None and b'"BulkDataURI"' not in text:
            return text.decode()
        names = {f"{tag:08X}" for tag in (_CHARACTER_SET, *LEVELS[level])}
        found = {
            name: attribute
            for name, attribute in json.loads(self._header).items()
            if name in names and "BulkDataURI" not in attribute
        }
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"))

    def __iter__(self) -> Iterator[str]:
        return iter(LEVELS)

    def __len__(self) -> int:
        return len(LEVELS)


def _levels(ds: Dataset, header: str) -> Mapping[str, str]:
    if len(header) <= _LONGEST:
        return _Picked(header)
    parts = {level: Dataset() for level in LEVELS}
    if _CHARACTER_SET in ds:
        for part in parts.values():
            part[_CHARACTER_SET] = ds[_CHARACTER_SET]
    for tag, level in LEVEL_OF.items():
        if tag in ds and (element := ds[tag]).length <= _LONGEST:
            parts[level][tag] = element
    return {level: part.to_json(bulk_data="skip") for level, part in parts.items()}
