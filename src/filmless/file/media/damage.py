"""Files that do not hold all of their instance: a medium is to have whole ones."""

from __future__ import annotations

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import FormatError

__all__ = ["damage_of", "lacks_pixels"]

_BITS = 8
#: Of two pixels with three samples each, four are there: the chroma is shared (PS3.3 C.7.6.3.1.2).
_SUBSAMPLED = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
_PIXEL_DATA = 0x7FE00010
#: Pixel data of any kind, and Pixel Data Provider URL, which stands for them.
_PIXELS = (_PIXEL_DATA, 0x7FE00008, 0x7FE00009, 0x00287FE0)
#: Codes of what reading finds where a file was cut.
_CUT = frozenset({"truncated", "deflate-damaged", "missing-pixel-delimiter", "no-fragments"})


def damage_of(dataset: Dataset) -> str:
    """Say what of an instance is not in its file; empty when all is there.

    Parameters
    ----------
    dataset
        All that was read of the file, pixel data too: values may stay in the file.

    DICOM
    -----
    PS3.5 7.1, PS3.5 8
    """
    if any(finding.code in _CUT for finding in dataset.findings):
        return "the file ends before its data do"
    if _PIXEL_DATA not in dataset or dataset[_PIXEL_DATA].is_encapsulated:
        return ""
    expected, there = _pixel_bytes(dataset), dataset[_PIXEL_DATA].length
    if there < expected:
        return f"its pixel data are {there} bytes, expected {expected}"
    return ""


def lacks_pixels(dataset: Dataset) -> bool:
    """Tell whether there are no pixel data in an instance of an image's SOP class.

    Its file may be cut between two elements, or hold a header on purpose: nothing tells which.
    """
    uid = _value(dataset, "SOPClassUID") or _value(dataset.file_meta, "MediaStorageSOPClassUID")
    row = _core.uid_entry(str(uid))
    return row is not None and "Image Storage" in row[1] and not any(tag in dataset for tag in _PIXELS)


def _pixel_bytes(dataset: Dataset) -> int:
    """How long native pixel data are, without padding; 0 when the header does not say."""
    number = 1
    for keyword in ("Rows", "Columns", "BitsAllocated"):
        number *= _count(dataset, keyword) or 0
    for keyword in ("SamplesPerPixel", "NumberOfFrames"):
        number *= _count(dataset, keyword) or 1
    if _value(dataset, "PhotometricInterpretation") in _SUBSAMPLED:
        number = number * 2 // 3
    return -(-number // _BITS)


def _count(dataset: Dataset, keyword: str) -> int | None:
    value = _value(dataset, keyword)
    return int(value) if isinstance(value, int) and value > 0 else None


def _value(dataset: Dataset, keyword: str) -> object:
    try:
        return dataset.get(keyword)
    except FormatError:
        return None
