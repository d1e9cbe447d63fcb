"""Directory records made from instances (PS3.3 F.3.2.2 and F.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from filmless.dataset import DataElement, Dataset
from filmless.errors import FormatError
from filmless.file._records import LOWER_LEVEL, NEXT_RECORD, RECORD_IN_USE
from filmless.file._uid import generate_uid
from filmless.file.media.kinds import Key, Kind

__all__ = [
    "COMPONENT",
    "FILE_ID",
    "ICON",
    "IN_USE",
    "bare_record",
    "differing",
    "icon_item",
    "key_of",
    "record_of",
]

FILE_ID = 0x00041500
#: Of a File ID (PS3.10 8.2 and 8.5).
COMPONENT = re.compile(r"[A-Z0-9_]{1,8}")
ICON = 0x00880200
_CHARACTER_SET = 0x00080005
IN_USE = 0xFFFF
_TEXT = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
#: Sides of an icon at most; readers expect no larger ones.
_LARGEST_ICON = 128

#: What stands for values that are required and that nothing in an instance tells.
_MADE_UP: dict[str, Any] = {
    "Modality": "OT",
    "CompletionFlag": "PARTIAL",
    "VerificationFlag": "UNVERIFIED",
    "DoseSummationType": "PLAN",
    "ContentLabel": "UNLABELLED",
    "StructureSetLabel": "UNLABELLED",
    "RTPlanLabel": "UNLABELLED",
    "HangingProtocolLevel": "SITE",
    "NumberOfPriorsReferenced": 0,
    "HangingProtocolCreationDateTime": "19000101000000",
    "ImageType": ["DERIVED", "SECONDARY"],
}
_BY_VR: dict[str, Any] = {"CS": "UNKNOWN", "IS": 1, "LO": "UNKNOWN", "SH": "UNKNOWN", "UL": 1, "US": 1}
_MEDIA_TYPES = {
    "1.2.840.10008.5.1.4.1.1.104.1": "application/pdf",
    "1.2.840.10008.5.1.4.1.1.104.2": "text/XML",
    "1.2.840.10008.5.1.4.1.1.104.3": "model/stl",
    "1.2.840.10008.5.1.4.1.1.104.4": "model/obj",
    "1.2.840.10008.5.1.4.1.1.104.5": "model/mtl",
}
#: Pairs of date and time that may stand for one that is missing, the nearest first.
_MOMENTS = ("Content", "Acquisition", "Series", "Study", "InstanceCreation")
_DATE = re.compile(rb"(\d{4})\.?(0[1-9]|1[0-2])\.?(0[1-9]|[12]\d|3[01])")
_TIME = re.compile(rb"([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(\.\d{1,6})?)?)?")
#: What reads the same in every character set.
_PLAIN = re.compile(rb"[\x20-\x7d\0]*")
_CODE = re.compile(r"[A-Z0-9_ ]{0,16}")
_NO_MOMENT = {"DA": "19000101", "TM": "000000"}


def bare_record(kind: str) -> Dataset:
    """Return a record that says only what kind it is; it is in use, and its offsets are to come."""
    record = Dataset()
    record.add_new(NEXT_RECORD, "UL", 0)
    record.add_new(RECORD_IN_USE, "US", IN_USE)
    record.add_new(LOWER_LEVEL, "UL", 0)
    record.DirectoryRecordType = kind
    return record


def record_of(kind: Kind, keys: Dataset, number: int, invented: Callable[[str, str], None]) -> Dataset:
    """Make the record of a kind from the keys of an instance.

    Parameters
    ----------
    kind
        Its kind.
    keys
        The attributes of the instance.
    number
        Which one it is below the record above it, counted from 1: what a missing number becomes.
    invented
        Told the keyword of what is required and was made up, and from what.

    Raises
    ------
    FormatError
        When something is required that cannot be made up.
    """
    record = bare_record(kind.name)
    for key in kind.keys:
        value = key_of(key, keys)
        if value is not None:
            record.add(value)
        elif key.type == "2":
            record.add_new(key.tag, key.vr, [] if key.vr == "SQ" else None)
        elif key.type == "1":
            made, how = _made_up(key, keys, number)
            record.add_new(key.tag, key.vr, made)
            invented(key.keyword, how)
    if kind.name == "PRIVATE":
        entropy = ["filmless directory record", str(keys.get("SOPClassUID"))]
        record.PrivateRecordUID = generate_uid(entropy=entropy)
    if _CHARACTER_SET in keys and _goes_beyond_ascii(record):
        record.add(keys[_CHARACTER_SET])
    return record


def key_of(key: Key, keys: Dataset) -> DataElement | None:
    """Return an attribute of an instance as records hold it: valid, or None where there is nothing that can be.

    Text stays as it is encoded; numbers, codes, UIDs and dates are as PS3.5 has them, whatever they are padded with.
    """
    if key.tag not in keys:
        return None
    element = keys[key.tag]
    if key.vr != element.VR or element.is_empty or (key.vr == "SQ" and not len(element.value)):
        return None
    if key.vr in _NO_MOMENT:
        return _plain_moment(key, element)
    try:
        value = element.value
    except FormatError:
        return None
    if key.vr in {"IS", "UL", "US"}:
        return DataElement(key.tag, key.vr, value) if isinstance(value, int) else None
    if key.vr == "UI":
        return DataElement(key.tag, key.vr, str(value).strip()) if isinstance(value, str) else None
    return _codes(key, value) if key.vr == "CS" else element


def differing(record: Dataset, kind: Kind, keys: Dataset, *, all_keys: bool) -> Iterator[Key]:
    """Give the keys of a record that are not an instance's; where that has no valid value, one was made up.

    Parameters
    ----------
    record
        The record.
    kind
        Its kind.
    keys
        The attributes of the instance.
    all_keys
        Whether to compare those of type 3 and 1C, too. Records above others are made of one of the instances below
        them: of what they may hold, others may say otherwise.
    """
    for key in kind.keys:
        expected = key_of(key, keys) if all_keys or key.type in {"1", "2"} else None
        if expected is None or key.tag not in record or record[key.tag].is_empty:
            continue
        try:
            differs = record[key.tag].value != expected.value
        except FormatError:
            differs = True
        if differs:
            yield key


def _codes(key: Key, value: Any) -> DataElement | None:
    """Return code strings; small letters are a common mistake, and mean the same in capitals."""
    codes = [str(code).strip().upper() for code in (value if isinstance(value, list) else [value])]
    return DataElement(key.tag, key.vr, codes) if all(map(_CODE.fullmatch, codes)) else None


def _plain_moment(key: Key, element: DataElement) -> DataElement | None:
    """Return a date or time as PS3.5 has it; ACR-NEMA wrote them with dots and colons."""
    form = (_DATE if key.vr == "DA" else _TIME).fullmatch(element.raw.rstrip(b" \0"))
    return DataElement(key.tag, key.vr, b"".join(filter(None, form.groups())).decode()) if form else None


def _made_up(key: Key, keys: Dataset, number: int) -> tuple[Any, str]:
    """Return what stands for a value that is required and not there, and what it is."""
    if key.vr in _NO_MOMENT:
        return _moment(key, keys)
    if key.keyword in {"InstanceNumber", "SeriesNumber"}:
        return number, "its place in the directory"
    if key.keyword == "StudyID":
        return str(number), "its place in the directory"
    if key.keyword == "MIMETypeOfEncapsulatedDocument":
        return _MEDIA_TYPES.get(str(keys.get("SOPClassUID")), "application/octet-stream"), "what its SOP class is for"
    if key.keyword == "ConceptNameCodeSequence":
        title = {"CodeValue": "121144", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Document Title"}
        return [Dataset(title)], "a code that says that it is a title"
    made = _MADE_UP.get(key.keyword, _BY_VR.get(key.vr))
    if made is None:
        message = f"the directory needs {key.keyword}, which the instance does not have"
        raise FormatError(message, tag=key.tag)
    return made, "a value that says nothing"


def _moment(key: Key, keys: Dataset) -> tuple[str, str]:
    ending = "Date" if key.vr == "DA" else "Time"
    for keyword in (moment + ending for moment in _MOMENTS):
        plain = _plain_moment(key, keys[keyword]) if keyword in keys else None
        if plain is not None:
            return plain.raw.decode("ascii").strip(" \0"), keyword
    return _NO_MOMENT[key.vr], "a value that says nothing"


def _goes_beyond_ascii(record: Dataset) -> bool:
    return any(element.VR in _TEXT and not _PLAIN.fullmatch(element.raw) for element in record.walk())


def icon_item(picture: Any) -> Dataset:
    """Return the item of an Icon Image Sequence.

    Parameters
    ----------
    picture
        Samples, shape (rows, columns), dtype uint8, from 0 black to 255 white, 128 a side at most.

    Raises
    ------
    ValueError
        When it is of another shape or type.

    DICOM
    -----
    PS3.3 F.7, C.7.6.1.1.6
    """
    view = memoryview(picture)
    if view.ndim != 2 or view.itemsize != 1 or not all(0 < side <= _LARGEST_ICON for side in view.shape or ()):
        message = f"an icon is an array of uint8 with rows and columns, {_LARGEST_ICON} at most"
        raise ValueError(message)
    rows, columns = view.shape or (0, 0)
    icon = Dataset(
        {
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": rows,
            "Columns": columns,
            "BitsAllocated": 8,
            "BitsStored": 8,
            "HighBit": 7,
            "PixelRepresentation": 0,
        }
    )
    samples = view.tobytes()
    icon.add_new("PixelData", "OB", samples + b"\0" * (len(samples) % 2))
    return icon
