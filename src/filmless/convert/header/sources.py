"""Data sets that give header values: read from files of DICOM or JSON, or taken as they are."""

import json
from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError, LimitError
from filmless.file import read

__all__ = ["data_sets_of", "data_sets_within", "short_name"]

_HEAD = 4096
_MAX_JSON = 1 << 26
_MAX_FILES = 10_000
_HEX = frozenset("0123456789abcdefABCDEF")


def data_sets_of(source: Any, what: str) -> list[Dataset | Mapping[str, Any]]:
    """Return the data sets that a source has: its own, those of a JSON or DICOM file, those of a folder's files.

    Parameters
    ----------
    source
        A data set, a mapping (of keywords, or the DICOM JSON model), several of them, or a path.
    what
        What errors call it: ``template``.

    Raises
    ------
    ConversionError
        It is none of these.
    LimitError
        There are too many files, or too long ones.
    OSError
        A file cannot be read.

    DICOM
    -----
    PS3.10, PS3.18 F
    """
    if isinstance(source, _core.Dataset):
        return [Dataset(source)]
    if isinstance(source, Mapping):
        return [_of_mapping(source, what)]
    if isinstance(source, str | PathLike):
        path = Path(source)
        if not path.is_dir():
            return _of_file(path, what)
        files = sorted(entry for entry in path.iterdir() if entry.is_file())
        if len(files) > _MAX_FILES:
            raise LimitError(f"{what} is a folder of more than {_MAX_FILES} files", path=path, value=_MAX_FILES)
        return [one for entry in files for one in _of_file(entry, what)]
    try:
        several = list(source)
    except TypeError:
        several = [None]
    if not all(isinstance(one, Mapping | _core.Dataset) for one in several):
        raise ConversionError(f"{what} is a {type(source).__name__}, expected a data set, a mapping or a path")
    return [found for one in several for found in data_sets_of(one, what)]


def short_name(source: Any, what: str) -> str:
    """Name a source in errors: by the name of its file, else by what it is."""
    return f"{what} {Path(fspath(source)).name}" if isinstance(source, str | PathLike) else what


def data_sets_within(content: bytes, what: str) -> list[Dataset | Mapping[str, Any]]:
    """Return the data sets that the content of a file has: of JSON each, of DICOM the one.

    Raises
    ------
    ConversionError, FormatError
        It is neither.
    """
    return _within_json(content, what) if _is_json(content[:_HEAD]) else [read(content)]


def _is_json(head: bytes) -> bool:
    return head[128:132] != b"DICM" and head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _of_file(path: Path, what: str) -> list[Dataset | Mapping[str, Any]]:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    try:
        return _of_json(path, what) if _is_json(head) else [read(path)]
    except DicomError as error:
        if error.path is None:
            error.path = fspath(path)
        raise


def _of_json(path: Path, what: str) -> list[Dataset | Mapping[str, Any]]:
    size = path.stat().st_size
    if size > _MAX_JSON:
        raise LimitError(f"the {what} has {size} bytes, expected at most {_MAX_JSON}", value=_MAX_JSON)
    return _within_json(path.read_bytes(), what)


def _within_json(content: bytes, what: str) -> list[Dataset | Mapping[str, Any]]:
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise ConversionError(f"the {what} is no JSON") from None
    several = found if isinstance(found, list) else [found]
    if not all(isinstance(one, dict) for one in several):
        raise ConversionError(f"the {what} is JSON of another kind, expected an object, or a list of them")
    return [_of_mapping(one, what) for one in several]


def _of_mapping(values: Mapping[Any, Any], what: str) -> Dataset | Mapping[str, Any]:
    """Tell the DICOM JSON model from a mapping of keywords."""
    is_model = bool(values) and all(
        isinstance(key, str) and len(key) == 8 and _HEX.issuperset(key) and isinstance(value, Mapping)
        for key, value in values.items()
    )
    if not is_model:
        return dict(values)
    try:
        return Dataset.from_json(json.dumps(values))
    except (DicomError, ValueError, TypeError, RecursionError):
        # The cause can show a value.
        raise ConversionError(f"the {what} is no data set in the DICOM JSON model") from None
