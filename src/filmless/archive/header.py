"""The header of an instance as DICOM JSON, compressed: what ``/metadata`` answers with, without parsing a file."""

import zlib
from dataclasses import dataclass
from typing import Final

from filmless.dataset import Dataset
from filmless.errors import LimitError

__all__ = ["ENCODER", "MOST_HEADER_BYTES", "Header", "header_json"]

ENCODER: Final = 2
"""The version of what is kept: a row of another one is made again from its file when it is asked for."""

MOST_HEADER_BYTES: Final = 64 << 20
"""Bytes of elements that are written out as text or numbers, above which a header is refused."""

# At level 3 a CT's 11 KB of JSON take 50 µs and come to 2.6 KB; at 6 the time is twice that for 0.4 KB less, and
# zstd is no better. Any level is read back in 16 µs: the headers of a study of 1,000 in as many hundredths of a second.
_LEVEL: Final = 3
_LONG: Final = 1024
_LONG_TEXT: Final = 1 << 20
_LOOK_AT: Final = 4 << 20  # bytes beside the pixel data, above which it is looked what they are

_URI: Final = b'"BulkDataURI":"'

# Always bulk data, however short: what fragments and documents are is nothing to read in a header.
_BULK: Final = (0x7FE0_0010, 0x7FE0_0008, 0x7FE0_0009, 0x0042_0011)
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
# What else may be bulk data (PS3.18 Table F.2.3-1), and is when it is very long.
_MAY_BE_BULK: Final = frozenset({"DS", "FL", "FD", "IS", "LT", "SL", "SS", "ST", "SV", "UC", "UL", "US", "UT", "UV"})


@dataclass(frozen=True, slots=True)
class Header:
    """DICOM JSON whose bulk data URIs are relative to the instance.

    A URI is ``bulkdata/`` and the tag, ``bulkdata/7FE00010``; inside sequences the way there, with items counted from
    0: ``bulkdata/00880200/0/7FE00010``. Group 2 is not in it.

    DICOM
    -----
    PS3.18 F.2, 10.4.1.1.3
    """

    compressed: bytes

    @classmethod
    def of(cls, text: str) -> "Header":
        """Make it of what `header_json` gives."""
        return cls(zlib.compress(text.encode(), _LEVEL, -zlib.MAX_WBITS))

    def json(self, base: str = "") -> bytes:
        """Return the JSON object, its bulk data URIs under ``base``, the URL of the instance."""
        text = zlib.decompress(self.compressed, -zlib.MAX_WBITS)
        # In a value a quotation mark is escaped: this cannot be text of a patient.
        return text.replace(_URI, _URI + base.encode() + b"/") if base else text


def header_json(ds: Dataset, *, size: int = 0, most_bytes: int = MOST_HEADER_BYTES) -> str:
    """Return the header of a data set as a JSON object.

    Parameters
    ----------
    ds
        The data set, as it was read.
    size
        Bytes of its file, when they are known: a small file needs no looking for what is large in it.
    most_bytes
        Bytes of elements that are text or numbers in it.

    Raises
    ------
    LimitError
        It has more of them.
    """
    short = {tag: element.VR for tag in _BULK if tag in ds and 0 < (element := ds[tag]).length <= _LONG}
    beside = size - (ds["PixelData"].length if "PixelData" in ds else 0)
    large = _large(ds) if size == 0 or beside > _LOOK_AT else {}
    if size == 0 or beside > most_bytes:
        _require_bound(ds, large, most_bytes)
    bulk = short | large
    if bulk:
        ds = _with_placeholders(ds, bulk)
    text = ds.to_json(bulk_data="uri", bulk_data_uri="bulkdata/", threshold=_LONG)
    for tag, vr in bulk.items():
        text = _with_vr(text, tag, vr)
    return text


def _large(ds: Dataset) -> dict[int, str]:
    """Return the elements of the data set itself that are too long to be written out, and may be bulk data."""
    return {
        int(element.tag): element.VR for element in ds if element.length > _LONG_TEXT and element.VR in _MAY_BE_BULK
    }


def _require_bound(ds: Dataset, large: dict[int, str], most_bytes: int) -> None:
    total = -sum(ds[tag].length for tag in large)
    for element in ds.walk():
        vr = element.VR
        if vr != "SQ" and (vr not in _BINARY or element.length <= _LONG):
            total += element.length
            if total > most_bytes:
                message = f"the header has more than {most_bytes} bytes beside its bulk data"
                raise LimitError(message, limit="most_header_bytes", value=most_bytes)


def _with_placeholders(ds: Dataset, bulk: dict[int, str]) -> Dataset:
    """Put bytes in the place of elements that would be written out, so that each becomes a URI."""
    part = Dataset()
    for element in ds:
        if element.tag in bulk:
            part.add_new(element.tag, "OB", bytes(_LONG + 2))
        else:
            part[element.tag] = element
    return part


def _with_vr(text: str, tag: int, vr: str) -> str:
    """Give a placeholder the value representation of what it stands for."""
    # A URI that is a tag alone is of the data set itself: those in sequences have the way there.
    form = '"%08X":{"vr":"%s","BulkDataURI":"bulkdata/%08X"'
    return text.replace(form % (tag, "OB", tag), form % (tag, vr, tag), 1)
