"""The table of options: made from the tree, read by the file, the command line, the example file and its tests."""

import dataclasses
import inspect
import re
import typing
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple

from filmless.server.settings.tree import Settings

__all__ = ["OPTIONS", "Kind", "Option", "TableOption", "kind_of", "sections", "words"]

#: Sections whose options need no prefix on the command line.
_PLAIN: Final = {"http"}
#: Tables in the file that are one repeatable option each on the command line.
_TABLES: Final = {
    "peers": ("--peer", "NAME={url=...}", "A peer that instances are forwarded to, as TOML in one line. Repeatable."),
    "forward": ("--forward", "{to=[...]}", "A rule which instances are sent on, as TOML in one line. Repeatable."),
}


class Kind(NamedTuple):
    """What values an option takes."""

    type: type
    choices: tuple[str, ...] = ()
    is_optional: bool = False
    is_many: bool = False

    def expected(self, key: str) -> str:
        """Say it in words."""
        if self.choices:
            return "one of " + ", ".join(f"`{choice}`" for choice in self.choices)
        one = 'a size in bytes, as 1000000 or "16 GiB"' if self.is_size(key) else _WORDS[self.type]
        return f"a list, each {one}" if self.is_many else one

    def is_size(self, key: str) -> bool:
        """Whether it is a number of bytes, which may have a unit."""
        return self.type is int and key.endswith("_bytes")


class Option(NamedTuple):
    """One option: its place in the file, its twin on the command line, and what it is."""

    section: str  # "" at the top
    name: str
    flag: str  # "" for the arguments
    kind: Kind
    default: Any
    help: str

    @property
    def key(self) -> str:
        """Its place in the file, as ``http.port``."""
        return f"{self.section}.{self.name}" if self.section else self.name


class TableOption(NamedTuple):
    """A table of the file that is one repeatable option on the command line."""

    key: str
    flag: str
    metavar: str
    help: str
    type: type  # of what a row is


_WORDS: Final[dict[type, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path",
}


def kind_of(annotation: Any) -> Kind:
    """Tell what values a field takes from its annotation."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {typing.Union, UnionType}:
        (inner,) = [one for one in arguments if one is not NoneType]
        return kind_of(inner)._replace(is_optional=True)
    if origin is tuple:
        return kind_of(arguments[0])._replace(is_many=True)
    if origin is Literal:
        return Kind(str, choices=arguments)
    return Kind(annotation)


@cache
def words(owner: type) -> dict[str, str]:
    """Return what the docstring of a dataclass says of its attributes, in one line each."""
    section = inspect.cleandoc(owner.__doc__ or "").partition("Attributes\n----------\n")[2]
    section = re.split(r"\n\n\w[^\n]*\n---", section)[0]
    found = re.findall(r"^(\w+)\n((?:    .+\n?|\n)+)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def default_of(field: "dataclasses.Field[Any]") -> Any:
    """Return the default of a field; `dataclasses.MISSING` when it has to be given."""
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def sections() -> dict[str, type]:
    """Return the dataclass of each section; of the top, whose name is empty, too."""
    hints = typing.get_type_hints(Settings)
    found: dict[str, type] = {"": Settings}
    found.update(
        {name: kind for name, kind in hints.items() if isinstance(kind, type) and dataclasses.is_dataclass(kind)}
    )
    return found


def _options() -> tuple[Option, ...]:
    found = []
    for section, owner in sections().items():
        hints = typing.get_type_hints(owner)
        prefix = f"{section}-" if section and section not in _PLAIN else ""
        for field in dataclasses.fields(owner):
            kind = hints[field.name]
            if dataclasses.is_dataclass(kind) or (not section and field.name in _TABLES):
                continue
            flag = "--" + (prefix + field.name).replace("_", "-")
            flag = "" if (section, field.name) == ("", "folders") else flag
            text = words(owner).get(field.name, "")
            found.append(Option(section, field.name, flag, kind_of(kind), default_of(field), text))
    return tuple(found)


def _tables() -> tuple[TableOption, ...]:
    hints = typing.get_type_hints(Settings)
    rows = {
        name: next(one for one in typing.get_args(hints[name]) if dataclasses.is_dataclass(one)) for name in _TABLES
    }
    return tuple(TableOption(name, *_TABLES[name], row) for name, row in rows.items())  # type: ignore[arg-type]


OPTIONS: Final = _options()
TABLES: Final = _tables()
