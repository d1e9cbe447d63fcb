"""Attributes as numbers, whatever was written in them: what is no number is not there."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import DataElement, Dataset
from filmless.errors import DicomError

__all__ = ["integer", "items", "numbers", "sequence", "text", "texts"]


def numbers(ds: Dataset, key: str | int, *, finite: bool = True) -> NDArray[np.float64]:
    """Return the values of an attribute, shape (n,); empty when it is absent or holds anything but (finite) numbers."""
    try:
        value = ds.get(key)
        if isinstance(value, DataElement):  # as of a tag
            value = value.value
        if type(value) is float and isfinite(value):  # most are one number
            return np.array((value,))
        if value is None or (isinstance(value, bytes | Sequence) and not isinstance(value, list | str)):
            return np.empty(0)
        array = np.asarray(value, dtype=np.float64).ravel()
    except (TypeError, ValueError, OverflowError, DicomError):
        return np.empty(0)
    return array if not finite or np.isfinite(array).all() else np.empty(0)


def integer(ds: Dataset, key: str | int, *, absent: int) -> int:
    """Return the first value of an attribute as a whole number of 64 bits; ``absent`` when there is none."""
    values = numbers(ds, key)
    return int(values[0]) if len(values) and abs(values[0]) < 2**63 else absent


def texts(ds: Dataset, key: str | int) -> list[str]:
    """Return the values of an attribute as texts; none when it is absent or no text."""
    try:
        value: Any = ds[key].value if key in ds else None
    except DicomError:
        return []
    values = value if isinstance(value, list) else [value]
    return [str(one).strip() for one in values if isinstance(one, str)]


def text(ds: Dataset, key: str | int) -> str:
    """Return the first value of an attribute as text; empty when it is absent or no text."""
    return next(iter(texts(ds, key)), "")


def items(ds: Dataset, key: str | int, *, most: int = 10_000) -> list[Dataset]:
    """Return the first items of a sequence; none when it is absent or no sequence."""
    return list(sequence(ds, key)[:most])


def sequence(ds: Dataset, key: str | int) -> Sequence[Dataset]:
    """Return the items of a sequence, however many there are; none when it is absent or no sequence."""
    found: Sequence[Dataset] = ds[key].value if key in ds and ds[key].VR == "SQ" else ()
    return found
