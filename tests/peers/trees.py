"""Data sets of both packages as the same thing: a dictionary of paths to representation and value.

What is normalised, and nothing else: lists of one package are lists of the other, an empty value is None, numbers from
text are floats and integers, names are text, and a value that is not a number equals itself. Spaces at the end of each
of several texts are padding (PS3.5 6.2) that pydicom takes off the last one only.
"""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import filmless

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pydicom

NAN = "not a number"
RAISES = "raises"
WORDS = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}  # bytes of a word, which turns round with the byte order
Tree = dict[str, tuple[str, Any]]


def ours(dataset: filmless.Dataset) -> Tree:
    """The tree that filmless reads, file meta information first."""
    tree: Tree = {}
    _fill(tree, dataset.file_meta, "meta ")
    _fill(tree, dataset, "")
    return tree


def _fill(tree: Tree, dataset: Any, path: str) -> None:
    for element in dataset:
        here = f"{path}{element.tag}"
        if element.VR != "SQ":
            tree[here] = (element.VR, plain(element.value))
            continue
        tree[here] = ("SQ", len(element.value))
        for number, item in enumerate(element.value):
            _fill(tree, item, f"{here}[{number}]")


def theirs(dataset: pydicom.Dataset) -> Tree:
    """The tree that pydicom reads, file meta information first; what it raises for has the error as its value."""
    tree: Tree = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _fill_theirs(tree, getattr(dataset, "file_meta", []), "meta ")
        _fill_theirs(tree, dataset, "")
    return tree


def _fill_theirs(tree: Tree, dataset: Any, path: str) -> None:
    tags = sorted(dataset.keys()) if hasattr(dataset, "keys") else []
    for tag in tags:
        here = f"{path}({tag >> 16:04X},{tag & 0xFFFF:04X})"
        try:
            element = dataset[tag]
            vr, value = str(element.VR), element.value
        except Exception as error:  # noqa: BLE001  whatever it raises for a value
            tree[here] = (RAISES, type(error).__name__)
            continue
        if vr != "SQ":
            tree[here] = (vr, plain(value))
            continue
        tree[here] = ("SQ", len(value))
        for number, item in enumerate(value):
            _fill_theirs(tree, item, f"{here}[{number}]")


def plain(value: Any) -> Any:
    """A value as both packages can have it."""
    if value is None or isinstance(value, bytes | bytearray | memoryview):
        return bytes(value) if value else None
    if isinstance(value, pydicom.valuerep.PersonName):
        return str(value) or None
    if isinstance(value, str):
        return str(value) or None
    if isinstance(value, float):  # DSfloat too
        return NAN if math.isnan(value) else float(value)
    if isinstance(value, int):
        return int(value)
    if hasattr(value, "__iter__"):
        values = [plain(part.rstrip(" ")) if isinstance(part, str) else plain(part) for part in value]
        return values or None
    return str(value)


def read_theirs(path: Path | Any) -> pydicom.Dataset:
    """Read with pydicom, without its warnings, and whatever it looks like."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(path, force=True)


def differences(mine: Tree, other: Tree) -> dict[str, tuple[Any, Any]]:
    """Where the trees differ: path to what one has and what the other has, None for nothing."""
    return {path: (mine.get(path), other.get(path)) for path in {**mine, **other} if mine.get(path) != other.get(path)}


def swapped(content: bytes, size: int) -> bytes:
    """Words in the other byte order."""
    return b"".join(content[at : at + size][::-1] for at in range(0, len(content), size))
