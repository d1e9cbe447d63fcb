"""From TOML and the command line to settings; what is wrong is told with its key, its file and what was expected."""

import dataclasses
import math
import re
import tomllib
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from filmless.errors import DicomError
from filmless.server.settings.options import OPTIONS, TABLES, Kind, Option, kind_of, sections
from filmless.server.settings.tree import Settings

__all__ = ["SettingsError", "read_settings"]

_Row = TypeVar("_Row")
_UNITS: Final = {"": 1, "B": 1} | {
    unit: step**power
    for power, letter in enumerate("kMGT", start=1)
    for unit, step in ((f"{letter}B", 1000), (f"{letter.upper()}iB", 1024))
}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_LARGEST: Final = 1 << 62


class SettingsError(DicomError):
    """A configuration that cannot be: which key of which file, and what was expected."""


def read_settings(
    file: Path | None = None,
    *,
    given: Mapping[str, Any] | None = None,
    tables: Mapping[str, Sequence[str]] | None = None,
) -> Settings:
    """Make settings of a file and of what the command line gives, which has the last word.

    Parameters
    ----------
    file
        TOML.
    given
        Values by the key of their option, as ``http.port``.
    tables
        Rows for ``peers`` and ``forward`` in TOML, beside those of the file.

    Raises
    ------
    SettingsError
        A key is not known, a value is not of its type, or the file is no TOML.
    """
    where = "command line" if file is None else str(file)
    content = {} if file is None else _load(file)
    values = _values(content, where)
    for option in OPTIONS:
        if given and option.key in given:
            twin = option.flag or "FOLDER"
            values[option.key] = _value(given[option.key], option.kind, option.name, twin, "command line")
    built: dict[str, Any] = {
        section: owner(**{o.name: values[o.key] for o in OPTIONS if o.section == section and o.key in values})
        for section, owner in sections().items()
        if section
    }
    top = {option.name: values[option.key] for option in OPTIONS if not option.section and option.key in values}
    settings = Settings(**top, **built, **_rows(content, tables or {}, where))
    _check(settings, where)
    return settings


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the configuration cannot be read, {(error.strerror or '').lower()}", path=file) from None
    except UnicodeDecodeError:
        raise SettingsError("the configuration is not UTF-8 text", path=file) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"the configuration is no TOML: {str(error)[:1].lower()}{str(error)[1:]}", path=file
        ) from None


def _values(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Take the values of options out of a file; complain of every key that is none."""
    known = {option.key: option for option in OPTIONS}
    values = {}
    for key, value in content.items():
        if key in {table.key for table in TABLES}:
            continue
        if key not in sections():
            values[key] = _value_of(known, key, value, where)
            continue
        if not isinstance(value, dict):
            raise SettingsError(f"`{key}` is no table, expected `[{key}]` in {where}")
        for name, inner in value.items():
            values[f"{key}.{name}"] = _value_of(known, f"{key}.{name}", inner, where)
    return values


def _value_of(known: Mapping[str, Option], key: str, value: Any, where: str) -> Any:
    option = known.get(key)
    if option is None:
        raise _unknown(key, [*known, *sections(), *(table.key for table in TABLES)], where)
    return _value(value, option.kind, option.name, key, where)


def _unknown(key: str, known: Sequence[str], where: str) -> SettingsError:
    from difflib import get_close_matches

    close = get_close_matches(key, [one for one in known if one], 1)
    hint = f"is `{close[0]}` meant?" if close else "`filmless serve --show-config` shows all keys"
    return SettingsError(f"unknown key `{key}` in {where}", hint=hint)


def _value(value: Any, kind: Kind, name: str, key: str, where: str) -> Any:
    """Check one value, and make it what the field holds."""
    if value is None and kind.is_optional:
        return None
    if kind.is_many and isinstance(value, list | tuple):
        return tuple(_value(one, kind._replace(is_many=False), name, key, where) for one in value)
    made = None if kind.is_many else _made(value, kind, name)
    if made is None:
        raise SettingsError(f"`{key}` in {where} is {_found(value)}, expected {kind.expected(name)}")
    return made


def _made(value: Any, kind: Kind, name: str) -> Any:
    """Return the value as its field holds it, or None."""
    if kind.is_size(name):
        return _size(value)
    if kind.type is Path:
        return Path(value).expanduser() if isinstance(value, str | Path) and str(value) else None
    if kind.type is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number and math.isfinite(value) and value >= 0 else None
    if kind.type is int:
        return value if type(value) is int and 0 <= value <= _LARGEST else None
    if kind.choices:
        return value if value in kind.choices else None
    return value if type(value) is kind.type else None


def _size(value: Any) -> int | None:
    match = _SIZE.fullmatch(str(value)) if type(value) in {int, str} else None
    if match is None or match[2] not in _UNITS:
        return None
    size = int(match[1]) * _UNITS[match[2]] if match[1].isdigit() else int(float(match[1]) * _UNITS[match[2]])
    return size if size <= _LARGEST else None


def _found(value: Any) -> str:
    kinds = {
        dict: "a table",
        list: "a list",
        bool: "true or false",
        str: "text",
        int: "a whole number",
        float: "a number",
    }
    what = kinds.get(type(value), type(value).__name__)
    return f"{what}, {value!r}" if isinstance(value, str | int | float) and len(repr(value)) < 60 else what


def _rows(content: Mapping[str, Any], tables: Mapping[str, Sequence[str]], where: str) -> dict[str, Any]:
    """Make the peers and the rules."""
    peers = _expect(content.get("peers", {}), dict, "peers", "tables `[peers.NAME]`", where)
    rules = _expect(content.get("forward", []), list, "forward", "tables `[[forward]]`", where)
    kinds = {table.key: table for table in TABLES}
    made: dict[str, Any] = {name: _row(kinds["peers"].type, row, f"peers.{name}", where) for name, row in peers.items()}
    done: list[Any] = [_row(kinds["forward"].type, row, f"forward[{place}]", where) for place, row in enumerate(rules)]
    for text in tables.get("peers", ()):
        named = _inline(f"{text}", "--peer")
        made |= {name: _row(kinds["peers"].type, row, f"--peer {name}", "command line") for name, row in named.items()}
    for text in tables.get("forward", ()):
        row = _inline(f"rule={text}", "--forward")["rule"]
        done.append(_row(kinds["forward"].type, row, "--forward", "command line"))
    return {"peers": made, "forward": tuple(done)}


def _expect(value: Any, kind: type, key: str, expected: str, where: str) -> Any:
    if not isinstance(value, kind):
        raise SettingsError(f"`{key}` in {where} is {_found(value)}, expected {expected}")
    return value


def _inline(text: str, flag: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        form = next(table.metavar for table in TABLES if table.flag == flag)
        raise SettingsError(f"`{flag}` is no TOML in one line, expected {form}") from None


def _row(owner: type[_Row], row: Any, key: str, where: str) -> _Row:
    """Make one peer or rule."""
    hints = typing.get_type_hints(owner)
    values: dict[str, Any] = {}
    for name, value in _expect(row, dict, key, "a table", where).items():
        if name not in hints:
            raise _unknown(f"{key}.{name}", [f"{key}.{one}" for one in hints], where)
        if typing.get_origin(hints[name]) is dict:
            pairs = _expect(value, dict, f"{key}.{name}", "a table of attributes", where)
            text = Kind(str)
            values[name] = {one: _value(it, text, one, f"{key}.{name}.{one}", where) for one, it in pairs.items()}
        else:
            values[name] = _value(value, kind_of(hints[name]), name, f"{key}.{name}", where)
    for field in dataclasses.fields(owner):  # type: ignore[arg-type]
        needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if needed and field.name not in values:
            raise SettingsError(
                f"`{key}` in {where} has no `{field.name}`, expected {kind_of(hints[field.name]).expected(field.name)}"
            )
    return owner(**values)


def _check(settings: Settings, where: str) -> None:
    """Check what depends on more than one value."""
    if settings.http.port > 65535:
        raise SettingsError(f"`http.port` in {where} is {settings.http.port}, expected a port from 0 to 65535")
    for least in (
        "http.connections",
        "http.head_bytes",
        "arrival.batch_size",
        "in_place.threads",
        "forwarding.attempts",
    ):
        section, _, name = least.partition(".")
        if getattr(getattr(settings, section), name) < 1:
            raise SettingsError(f"`{least}` in {where} is 0, expected 1 or more")
    for name, peer in settings.peers.items():
        if not re.match(r"https?://[^/]", peer.url):
            raise SettingsError(
                f"`peers.{name}.url` in {where} is no URL, expected http:// or https:// of a DICOMweb service"
            )
        if peer.concurrency < 1:
            raise SettingsError(f"`peers.{name}.concurrency` in {where} is 0, expected 1 or more")
    for place, rule in enumerate(settings.forward):
        for name in rule.to:
            if name not in settings.peers:
                raise _unknown(
                    f"peers.{name}", [f"peers.{one}" for one in settings.peers], f"forward[{place}] of {where}"
                )
