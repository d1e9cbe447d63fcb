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
from filmless.security import SecurityOptions
from filmless.server.settings.options import OPTIONS, SECTIONS, TABLES, Kind, TableOption, kind_of
from filmless.server.settings.tree import Settings

__all__ = ["SettingsError", "read_settings"]

_Row = TypeVar("_Row")
_UNITS: Final = {"": 1, "B": 1} | {
    unit: step**power
    for power, letter in enumerate("kMGT", start=1)
    for unit, step in ((f"{letter}B", 1000), (f"{letter.upper()}iB", 1024))
}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", re.ASCII)
_LARGEST: Final = 1 << 62
_SECURITY: Final = "security"
#: What names files in the tables of security, which are read elsewhere: table, key.
_PATHS: Final = (
    ("", "key_file"),
    ("tls", "certificate"),
    ("tls", "key"),
    ("tls", "authorities"),
    ("tokens", "jwks"),
    ("tokens", "authorities"),
    ("audit", "file"),
)


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
        TOML. Relative paths in it are relative to its folder.
    given
        Values by the key of their option, as ``http.port``.
    tables
        Rows by the key of their table, as ``peers``, ``forward`` or ``security.keys``, each as TOML in one line, beside
        those of the file.

    Raises
    ------
    SettingsError
        A key is not known, a value is not of its type, or the file is no TOML.

    Examples
    --------
    >>> from filmless.server import read_settings
    >>> read_settings(given={"http.port": 0}).http.host
    '127.0.0.1'
    >>> read_settings(given={"http.prot": 0})
    Traceback (most recent call last):
    ...
    filmless.server.settings.reading.SettingsError: unknown key `http.prot` in command line
    hint: is `http.port` meant?
    """
    line = _Source("command line", Path.cwd())
    source = line if file is None else _Source(str(file), file.absolute().parent)
    content = {} if file is None else _load(file)
    values = source.values(content) | line.given(given or {})
    rows = {table.key: source.rows(content, table) for table in TABLES if not table.key.startswith(_SECURITY)}
    for table in TABLES:
        for text in (tables or {}).get(table.key, ()):
            if table.key.startswith(_SECURITY):
                # What the command line gives comes behind what the file has.
                inner = table.key.partition(".")[2]
                kept = content.setdefault(_SECURITY, {}).get(inner, [])
                content[_SECURITY][inner] = [*kept, _inline(f"row={text}", table)["row"]]
            else:
                rows[table.key] = line.joined(rows[table.key], table, text)
    built = _built(values, rows, source)
    top = {option.name: values[option.key] for option in OPTIONS if not option.section and option.key in values}
    settings = Settings(**top, **built, **rows)
    security = _security(content.get(_SECURITY, {}), values, settings.data, source)
    settings = dataclasses.replace(settings, security=security)
    _check(settings, source.where)
    return settings


def _built(values: Mapping[str, Any], rows: dict[str, Any], source: "_Source") -> dict[str, Any]:
    """Make the tables of the top, those in them first, and take out the rows that are in them."""
    built: dict[str, Any] = {}
    for key, owner, is_optional in reversed(SECTIONS):
        if not key or _is_security(key):
            continue
        own = {one.name: values[one.key] for one in OPTIONS if one.section == key and one.key in values}
        for found in (built, rows):
            inside = [inner for inner in found if inner.rpartition(".")[0] == key]
            own |= {inner.rpartition(".")[2]: found.pop(inner) for inner in inside}
        if own or key in values or not is_optional:
            built[key] = source.made(owner, key, own)
    return built


def _is_security(key: str) -> bool:
    return key.partition(".")[0] == _SECURITY


def _security(table: Any, values: Mapping[str, Any], data: Path, source: "_Source") -> SecurityOptions:
    """Have the security room read its table, which it does more strictly than we could."""
    merged = _anchored(_copied(table), source.folder)
    for option in OPTIONS:
        if _is_security(option.key) and option.key in values and isinstance(merged, dict):
            place = merged
            for name in option.section.split(".")[1:]:
                place = place.setdefault(name, {})
            place[option.name] = values[option.key]
    try:
        # What the command line gave is relative to where it was given: only the defaults lie in the archive's folder.
        security = SecurityOptions.from_mapping(_anchored(merged, Path.cwd()), folder=data)
    except DicomError as error:
        raise SettingsError(f"{error.message}, in {source.where}", hint=error.hint) from None
    if security.tokens and isinstance(keys := security.tokens.key_source, Path) and not keys.is_file():
        message = f"`security.tokens.jwks` in {source.where} is a file that is not there: {keys}"
        raise SettingsError(message, hint="it is a URL by https, or a file, relative to the configuration")
    return security


def _anchored(table: Any, folder: Path) -> Any:
    """Make the relative paths of a table of security relative to a folder."""
    for section, name in _PATHS:
        place: Any = table.get(section) if section and isinstance(table, dict) else table
        text = place.get(name) if isinstance(place, dict) else None
        if isinstance(text, str | Path) and str(text) not in {"", "-"} and "://" not in str(text):
            place[name] = str((folder / Path(text).expanduser()).absolute())
    return table


def _copied(value: Any) -> Any:
    return {key: _copied(one) for key, one in value.items()} if isinstance(value, dict) else value


def _load(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise SettingsError(f"the configuration cannot be read, {reason}", path=file) from None
    except UnicodeDecodeError:
        raise SettingsError("the configuration is not UTF-8 text", path=file) from None
    except tomllib.TOMLDecodeError as error:
        text = f"{str(error)[:1].lower()}{str(error)[1:]}"
        raise SettingsError(f"the configuration is no TOML: {text}", path=file) from None


def _inline(text: str, table: TableOption) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise SettingsError(f"`{table.flag}` is no TOML in one line, expected {table.metavar}") from None


@dataclasses.dataclass(frozen=True, slots=True)
class _Source:
    """Where values come from: for errors, and for what paths are relative to."""

    where: str
    folder: Path

    def values(self, content: Mapping[str, Any], below: str = "") -> dict[str, Any]:
        """Take the values of options out of a file; complain of every key that is none."""
        sections = {section.key for section in SECTIONS if section.key}
        values: dict[str, Any] = {}
        for name, value in content.items():
            key = f"{below}{name}"
            if key in {table.key for table in TABLES} or key == _SECURITY:
                continue
            if key not in sections:
                values[key] = self.value_of(key, value)
                continue
            if not isinstance(value, dict):
                raise SettingsError(f"`{key}` is no table, expected `[{key}]` in {self.where}")
            values |= {key: None, **self.values(value, f"{key}.")}  # also an empty one is there
        return values

    def given(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Take the values of a command line."""
        return {key: self.value_of(key, value, is_flag=True) for key, value in given.items()}

    def value_of(self, key: str, value: Any, *, is_flag: bool = False) -> Any:
        """Check the value of an option, and make it what its field holds."""
        option = next((option for option in OPTIONS if option.key == key), None)
        if option is None:
            keys = [*(one.key for one in OPTIONS), *(one.key for one in SECTIONS), *(one.key for one in TABLES)]
            raise _unknown(key, keys, self.where)
        return self.value(value, option.kind, option.name, (option.flag or "FOLDER") if is_flag else key)

    def value(self, value: Any, kind: Kind, name: str, key: str) -> Any:
        """Check a value, and make it what a field holds."""
        if value is None and kind.is_optional:
            return None
        if kind.is_many and isinstance(value, list | tuple):
            found = (self.value(one, kind._replace(is_many=False), name, key) for one in value)
            return frozenset(found) if kind.is_set else tuple(found)
        made = None if kind.is_many else _made(value, kind, name)
        if made is None:
            raise SettingsError(f"`{key}` in {self.where} is {_found(value)}, expected {kind.expected(name)}")
        return self.folder / made if isinstance(made, Path) else made

    def made(self, owner: type[_Row], key: str, values: dict[str, Any]) -> _Row:
        """Make a dataclass, which may check its values itself."""
        hints = typing.get_type_hints(owner)
        for field in dataclasses.fields(owner):  # type: ignore[arg-type]
            is_needed = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
            if is_needed and field.name not in values:
                expected = kind_of(hints[field.name]).expected(field.name)
                raise SettingsError(f"`{key}` in {self.where} has no `{field.name}`, expected {expected}")
        try:
            return owner(**values)
        except (ValueError, DicomError) as error:
            raise SettingsError(f"`{key}` in {self.where}: {getattr(error, 'message', error)}") from None

    def rows(self, content: Mapping[str, Any], table: TableOption) -> Any:
        """Make the rows of a table of a file."""
        kind, expected = (
            (dict, f"tables `[{table.key}.NAME]`") if table.is_named else (list, f"tables `[[{table.key}]]`")
        )
        section, _, name = table.key.rpartition(".")
        place = content.get(section, {}) if section else content
        rows = self._expect(place.get(name, kind()), kind, table.key, expected)
        if table.is_named:
            return {name: self._row(table.owner, row, f"{table.key}.{name}") for name, row in rows.items()}
        return tuple(self._row(table.owner, row, f"{table.key}[{place}]") for place, row in enumerate(rows))

    def joined(self, rows: Any, table: TableOption, text: str) -> Any:
        """Add a row of a command line to those there are."""
        if table.is_named:
            named = _inline(text, table)
            return rows | {name: self._row(table.owner, row, f"{table.flag} {name}") for name, row in named.items()}
        return (*rows, self._row(table.owner, _inline(f"row={text}", table)["row"], table.flag))

    def _expect(self, value: Any, kind: type, key: str, expected: str) -> Any:
        if not isinstance(value, kind):
            raise SettingsError(f"`{key}` in {self.where} is {_found(value)}, expected {expected}")
        return value

    def _row(self, owner: type[_Row], row: Any, key: str) -> _Row:
        hints = typing.get_type_hints(owner)
        values: dict[str, Any] = {}
        for name, value in self._expect(row, dict, key, "a table").items():
            if name not in hints:
                raise _unknown(f"{key}.{name}", [f"{key}.{one}" for one in hints], self.where)
            kind, below = kind_of(hints[name]), f"{key}.{name}"
            if kind.type is dict:
                pairs = self._expect(value, dict, below, "a table of attributes")
                values[name] = {one: self.value(it, Kind(str), one, f"{below}.{one}") for one, it in pairs.items()}
            else:
                values[name] = self.value(value, kind, name, below)
        return self.made(owner, key, values)


def _unknown(
    key: str, known: Sequence[str], where: str, otherwise: str = "`filmless serve --show-config` shows all keys"
) -> SettingsError:
    from difflib import get_close_matches

    close = get_close_matches(key, [one for one in known if one], 1)
    hint = f"is `{close[0]}` meant?" if close else otherwise
    return SettingsError(f"unknown key `{key}` in {where}", hint=hint)


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
    return value if isinstance(value, kind.type) else None


def _size(value: Any) -> int | None:
    match = _SIZE.fullmatch(str(value)) if type(value) in {int, str} and len(str(value)) < 40 else None
    if match is None or match[2] not in _UNITS:
        return None
    size = int(match[1]) * _UNITS[match[2]] if match[1].isdigit() else int(float(match[1]) * _UNITS[match[2]])
    return size if size <= _LARGEST else None


def _found(value: Any) -> str:
    kinds = {dict: "a table", list: "a list", bool: "true or false", str: "text"}
    what = kinds.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)
    return f"{what}, {value!r}" if isinstance(value, str | int | float) and len(repr(value)) < 60 else what


def _check(settings: Settings, where: str) -> None:
    """Check what depends on more than one value, or on more than its type."""
    if settings.http.port > 65535:
        raise SettingsError(f"`http.port` in {where} is {settings.http.port}, expected a port from 0 to 65535")
    for key in ("http.connections", "in_place.threads", "forwarding.attempts"):
        section, _, name = key.partition(".")
        if getattr(getattr(settings, section), name) < 1:
            raise SettingsError(f"`{key}` in {where} is 0, expected 1 or more")
    titles: dict[str, str] = {}
    for name, peer in settings.peers.items():
        other = titles.setdefault(peer.ae_title, name) if peer.ae_title is not None else name
        if other != name:
            message = (
                f"`peers.{name}.ae_title` in {where} is that of `peers.{other}`, expected one that tells them apart"
            )
            raise SettingsError(message)
    for place, rule in enumerate(settings.forward):
        for name in rule.to:
            if name not in settings.peers:
                known = [f"peers.{one}" for one in settings.peers]
                raise _unknown(
                    f"peers.{name}", known, f"forward[{place}] of {where}", "a peer is a table `[peers.NAME]`"
                )
