"""Files that do not hold all of their instance: a medium is to have whole ones."""

from __future__ import annotations

from filmless.dataset import Dataset
from filmless.errors import FormatError

__all__ = ["damage_of"]

_BITS = 8
#: Of two pixels with three samples each, four are there: the chroma is shared (PS3.3 C.7.6.3.1.2).
_SUBSAMPLED = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
_PIXEL_DATA = 0x7FE00010


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
    if any(finding.code == "truncated" for finding in dataset.findings):
        return "the file ends before its data do"
    if _PIXEL_DATA not in dataset or dataset[_PIXEL_DATA].is_encapsulated:
        return ""
    expected, there = _pixel_bytes(dataset), dataset[_PIXEL_DATA].length
    if there < expected:
        return f"its pixel data are {there} bytes, expected {expected}"
    return ""


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
