"""The table of options: made from the tree, read by the file, the command line, the example file and its tests."""

import dataclasses
import inspect
import re
import typing
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple

from filmless.server.settings.tree import Settings

__all__ = ["OPTIONS", "SECTIONS", "TABLES", "Kind", "Option", "Section", "TableOption", "kind_of", "words"]

#: Sections whose options need no prefix on the command line.
_PLAIN: Final = {"", "http"}
#: Options with a flag that is not made of their key.
_FLAGS: Final = {"dimse.port": "--dimse", "dimse.ae_title": "--ae-title", "ohif.folder": "--ohif"}


class Kind(NamedTuple):
    """What values an option takes."""

    type: type
    choices: tuple[str, ...] = ()
    is_optional: bool = False
    is_many: bool = False
    is_set: bool = False  # of many

    def expected(self, key: str) -> str:
        """Say it in words."""
        if self.choices:
            return "one of " + ", ".join(f"`{choice}`" for choice in self.choices)
        one = 'a size in bytes, as 1000000 or "16 GiB"' if self.is_size(key) else _WORDS[self.type]
        return f"a list, each {one}" if self.is_many else one

    def is_size(self, key: str) -> bool:
        """Whether it is a number of bytes, which may have a unit."""
        return self.type is int and key.endswith("_bytes")


class Section(NamedTuple):
    """A table of the file with options in it."""

    key: str  # as ``security.tls``, "" for the top
    owner: type
    is_optional: bool  # it may not be there at all


class Option(NamedTuple):
    """One option: its place in the file, its twin on the command line, and what it is."""

    section: str
    name: str
    flag: str  # "" for the arguments
    kind: Kind
    default: Any  # `dataclasses.MISSING` when it has to be given with its section
    help: str

    @property
    def key(self) -> str:
        """Its place in the file, as ``http.port``."""
        return f"{self.section}.{self.name}" if self.section else self.name


class TableOption(NamedTuple):
    """Tables of the file that are one repeatable option on the command line."""

    key: str
    flag: str
    metavar: str
    owner: type  # of a row
    is_named: bool  # ``[peers.NAME]``, else ``[[forward]]``
    help: str


_WORDS: Final[dict[type, str]] = {
    str: "text",
    int: "a whole number of 0 or more",
    float: "a number of 0 or more",
    bool: "true or false",
    Path: "a path",
    dict: "a table",
}
_METAVARS: Final = {
    "peers": "NAME={url=...}|NAME={ae_title=..., host=...}",
    "forward": "{to=[...]}",
    "retention": "{max_age_days=...}",
    "dimse.callers": "{ae_titles=[...], addresses=[...]}",
    "dimse.users": "{name=..., passcode=...}",
    "security.keys": "{name=..., sha256=...}",
    "security.certificates": "{name=..., subject=...}",
}


def kind_of(annotation: Any) -> Kind:
    """Tell what values a field takes from its annotation."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {typing.Union, UnionType}:
        return kind_of(_without_none(annotation))._replace(is_optional=True)
    if origin in {tuple, frozenset}:
        return kind_of(arguments[0])._replace(is_many=True, is_set=origin is frozenset)
    if origin is Literal:
        return Kind(str, choices=arguments)
    return Kind(dict if origin in {dict, Mapping} else annotation)


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) in {typing.Union, UnionType}:
        return next(one for one in typing.get_args(annotation) if one is not NoneType)
    return annotation


def _row_of(annotation: Any) -> Any:
    """Return the dataclass of the rows of a table of tables."""
    if typing.get_origin(annotation) in {tuple, dict}:
        return next((one for one in typing.get_args(annotation) if dataclasses.is_dataclass(one)), None)
    return None


@cache
def words(owner: type) -> dict[str, str]:
    """Return what the docstring of a dataclass says of its attributes, in one line each."""
    section = inspect.cleandoc(owner.__doc__ or "").partition("Attributes\n----------\n")[2]
    section = re.split(r"\n\n\w[^\n]*\n---", section)[0]
    found = re.findall(r"^(\w+(?:, \w+)*)\n((?:    .+\n?|\n)+)", section, re.MULTILINE)
    return {name: " ".join(text.replace("``", "`").split()) for names, text in found for name in names.split(", ")}


def default_of(field: "dataclasses.Field[Any]") -> Any:
    """Return the default of a field; `dataclasses.MISSING` when it has to be given."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _sections(key: str, owner: type, *, is_optional: bool = False) -> list[Section]:
    found = [Section(key, owner, is_optional)]
    for name, annotation in typing.get_type_hints(owner).items():
        inner = _without_none(annotation)
        if dataclasses.is_dataclass(inner):
            below = f"{key}.{name}" if key else name
            found += _sections(below, inner, is_optional=inner is not annotation)  # type: ignore[arg-type]
    return found


def _options() -> tuple[list[Option], list[TableOption]]:
    options: list[Option] = []
    tables: list[TableOption] = []
    for key, owner, _ in SECTIONS:
        hints = typing.get_type_hints(owner)
        prefix = "" if key in _PLAIN else key.removeprefix("security.").replace(".", "-") + "-"
        for field in dataclasses.fields(owner):
            below, text = f"{key}.{field.name}" if key else field.name, words(owner).get(field.name, "")
            flag = _FLAGS.get(below, "--" + (prefix + field.name).replace("_", "-"))
            if (row := _row_of(hints[field.name])) is not None:
                is_named = typing.get_origin(hints[field.name]) is dict
                # A flag names one of them.
                tables.append(TableOption(below, flag.removesuffix("s"), _METAVARS[below], row, is_named, text))
            elif not dataclasses.is_dataclass(_without_none(hints[field.name])):
                flag = "" if below == "folders" else flag
                options.append(Option(key, field.name, flag, kind_of(hints[field.name]), default_of(field), text))
    return options, tables


SECTIONS: Final = tuple(_sections("", Settings))
_FOUND: Final = _options()
OPTIONS: Final = tuple(_FOUND[0])
TABLES: Final = tuple(_FOUND[1])
