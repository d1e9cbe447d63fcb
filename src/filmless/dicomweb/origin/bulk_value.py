"""A value of bulk data: found by the path that its URI ends with, as ranges of the file where it is one."""

import re
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from filmless import _core
from filmless.archive import Entry
from filmless.dataset import DataElement, Dataset
from filmless.dicomweb.origin.sending import Piece, Stored
from filmless.errors import DicomWebError

__all__ = ["BulkValue", "bulk_value", "is_pixel_data"]

_PATH: Final = re.compile(r"[0-9A-Fa-f]{8}(?:/[0-9]{1,9}/[0-9A-Fa-f]{8})*")
_MIME_TYPE: Final = re.compile(r"[A-Za-z0-9][\w.+-]{0,80}/[A-Za-z0-9][\w.+-]{0,80}", re.ASCII)
_DOCUMENT: Final = 0x0042_0011
_LONGEST_PATH: Final = 4096
_MOST_FRAGMENTS: Final = 1 << 22
# Bytes of a number of each representation: what has to be turned around when the file is big endian.
_NUMBERS: Final = {"AT": 2, "OW": 2, "SS": 2, "US": 2, "FL": 4, "OF": 4, "OL": 4, "SL": 4, "UL": 4,
                   "FD": 8, "OD": 8, "OV": 8, "SV": 8, "UV": 8}  # fmt: skip


class BulkValue(NamedTuple):
    """A value.

    Attributes
    ----------
    media_type
        What it is said to be: of an encapsulated document its MIME type, else ``application/octet-stream``.
    body
        Its bytes, little endian; of encapsulated pixel data in a sequence those of all its fragments.
    """

    media_type: str
    body: list[Piece]


def is_pixel_data(path: str) -> bool:
    """Whether a path is that of the pixel data of the instance itself, which goes out by frames."""
    return path.upper() in {"7FE00008", "7FE00009", "7FE00010"}


def bulk_value(ds: Dataset, entry: Entry, path: str) -> BulkValue:
    """Find a value.

    Parameters
    ----------
    ds
        The data set of the instance.
    entry
        The instance.
    path
        Tags, with the number of an item, counted from 0, between each two.

    Raises
    ------
    DicomWebError
        404: there is no such value.
    """
    holder, element = _find(ds, path)
    media_type = "application/octet-stream"
    length = element.length
    if element.tag == _DOCUMENT:
        said = str(holder.get("MIMETypeOfEncapsulatedDocument") or "").strip()
        media_type = said.lower() if _MIME_TYPE.fullmatch(said) else media_type
        true_length = holder.get("EncapsulatedDocumentLength")
        # Without the byte that makes its length even.
        length = true_length if isinstance(true_length, int) and true_length == length - 1 else length
    if element.is_encapsulated:
        return BulkValue(media_type, _fragments(holder, element, entry))
    turned = _NUMBERS.get(element.VR, 1) if element.is_big_endian else 1
    if element.offset is not None and turned == 1 and not _is_deflated(entry.transfer_syntax_uid):
        return BulkValue(media_type, [Stored(entry, element.offset, length)] if length else [])
    data = _core.value_range(holder, element.tag, 0, length)
    if turned > 1:
        data = np.frombuffer(data[: len(data) // turned * turned], f">u{turned}").astype(f"<u{turned}").tobytes()
    return BulkValue(media_type, [data] if data else [])


def _find(ds: Dataset, path: str) -> tuple[Dataset, DataElement]:
    if len(path) > _LONGEST_PATH or not _PATH.fullmatch(path):
        raise DicomWebError("the path of bulk data is of tags, with numbers of items between them", status=404)
    steps = path.split("/")
    holder = ds
    for at in range(0, len(steps) - 1, 2):
        tag, number = int(steps[at], 16), int(steps[at + 1])
        if tag not in holder or holder[tag].VR != "SQ" or number >= len(holder[tag].value):
            raise _missing()
        holder = holder[tag].value[number]
    tag = int(steps[-1], 16)
    if tag not in holder or holder[tag].VR == "SQ":
        raise _missing()
    return holder, holder[tag]


def _fragments(holder: Dataset, element: DataElement, entry: Entry) -> list[Piece]:
    numbers, _, _, _ = _core.fragments(holder, element.tag, _MOST_FRAGMENTS)
    spans = np.frombuffer(numbers, np.uint64).reshape(-1, 2)[1:].tolist()
    if element.offset is not None and not _is_deflated(entry.transfer_syntax_uid):
        return [Stored(entry, element.offset + start, length) for start, length in spans if length]
    return [_core.value_range(holder, element.tag, start, start + length) for start, length in spans]


def _missing() -> DicomWebError:
    return DicomWebError("the instance has no such bulk data", status=404)


@cache
def _is_deflated(transfer_syntax: str) -> bool:
    row = _core.transfer_syntax(transfer_syntax)
    return row is None or row["deflated"]
