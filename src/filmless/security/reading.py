"""From a mapping, such as a table of TOML, to a data class: each error names its key and what was expected."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from filmless.errors import SecurityError

__all__ = ["read_mapping"]

_Options = TypeVar("_Options")


def read_mapping(kind: type[_Options], mapping: Mapping[str, Any], *, where: str, folder: Path) -> _Options:
    """Make a data class of a mapping, whose keys are its fields.

    Parameters
    ----------
    kind
        The data class. Its fields are texts, numbers, times, paths, data classes, and tuples, sets and dicts of them.
    mapping
        What was given.
    where
        The mapping's own name, for errors.
    folder
        What relative paths are relative to.

    Raises
    ------
    SecurityError
        A key is not known or missing, or a value is not what it should be.
    """
    if not isinstance(mapping, Mapping):
        raise SecurityError(f"{where}: a table was expected")
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in mapping:
        if key not in fields:
            raise SecurityError(f"{where}.{str(key)[:64]}: is not known; there is {', '.join(sorted(fields))}")
    hints = typing.get_type_hints(kind)
    values = {
        key: _value(hints[key], value, where=f"{where}.{key}", folder=folder)
        for key, value in mapping.items()
        if value is not None
    }
    unset = dataclasses.MISSING
    for name, field in fields.items():
        if name not in values and field.default is unset and field.default_factory is unset:
            raise SecurityError(f"{where}.{name}: is missing")
    try:
        return kind(**values)
    except SecurityError as error:
        raise SecurityError(f"{where}.{error.message}", hint=error.hint) from None


def _value(kind: Any, value: Any, *, where: str, folder: Path) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _value(next(part for part in inner if part is not type(None)), value, where=where, folder=folder)
    if origin is typing.Literal:
        if value not in inner:
            raise SecurityError(f"{where}: one of {', '.join(map(str, inner))} was expected")
        return value
    if origin in (tuple, frozenset):
        if not isinstance(value, list | tuple | set | frozenset):
            raise SecurityError(f"{where}: a list was expected")
        return origin(
            _value(inner[0], part, where=f"{where}[{index}]", folder=folder) for index, part in enumerate(value)
        )
    if origin in (dict, Mapping):
        if not isinstance(value, Mapping):
            raise SecurityError(f"{where}: a table was expected")
        return {str(key): _value(inner[1], part, where=f"{where}.{key}", folder=folder) for key, part in value.items()}
    if dataclasses.is_dataclass(kind):
        return value if isinstance(value, typing.cast(type, kind)) else _table(kind, value, where=where, folder=folder)
    return _single(kind, value, where=where, folder=folder)


def _table(kind: Any, value: Any, *, where: str, folder: Path) -> Any:
    return read_mapping(kind, value, where=where, folder=folder)


def _single(kind: Any, value: Any, *, where: str, folder: Path) -> Any:
    if kind is bool and isinstance(value, bool):
        return value
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind is str and isinstance(value, str):
        return value
    if kind is Path and isinstance(value, str | Path) and str(value):
        return folder / Path(value).expanduser()
    if kind is datetime:
        try:
            return value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except (TypeError, ValueError):
            pass
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}
    raise SecurityError(f"{where}: {words.get(kind, 'a time such as 2027-01-31T00:00:00Z')} was expected")
