"""Attributes as numbers, whatever was written in them: what is no number is not there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import DicomError

__all__ = ["integer", "items", "numbers", "text", "texts"]


def numbers(ds: Dataset, key: str | int) -> NDArray[np.float64]:
    """Return the values of an attribute, shape (n,); empty when it is absent or holds anything but finite numbers."""
    try:
        value = ds[key].value if key in ds else None
        if value is None or isinstance(value, bytes):
            return np.empty(0)
        array = np.asarray(value, dtype=np.float64).ravel()
    except (TypeError, ValueError, OverflowError, DicomError):
        return np.empty(0)
    return array if np.isfinite(array).all() else np.empty(0)


def integer(ds: Dataset, key: str | int, *, absent: int) -> int:
    """Return the first value of an attribute as a whole number; ``absent`` when there is none."""
    values = numbers(ds, key)
    return int(values[0]) if len(values) else absent


def texts(ds: Dataset, key: str | int) -> list[str]:
    """Return the values of an attribute as texts; none when it is absent or no text."""
    value: Any = ds[key].value if key in ds else None
    values = value if isinstance(value, list) else [value]
    return [str(one).strip() for one in values if isinstance(one, str)]


def text(ds: Dataset, key: str | int) -> str:
    """Return the first value of an attribute as text; empty when it is absent or no text."""
    return next(iter(texts(ds, key)), "")


def items(ds: Dataset, key: str | int, *, most: int = 10_000) -> list[Dataset]:
    """Return the first items of a sequence; none when it is absent or no sequence."""
    if key not in ds or ds[key].VR != "SQ":
        return []
    return list(ds[key].value[:most])
