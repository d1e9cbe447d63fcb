"""What a search asks for: matching keys, attributes to return, how many."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from filmless import _core
from filmless.archive import Key
from filmless.dicomweb.origin.rendering_parameters import OTHERS
from filmless.errors import DicomWebError, FormatError
from filmless.file._element_path import tag_named

__all__ = ["KEYS", "Asked", "asked"]

KEYS: Final = ("fuzzymatching", "includefield", "limit", "offset", "emptyvaluematching", "multiplevaluematching")
"""The query parameters of a search that are no attributes."""

_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}")
_KEYWORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{1,79}")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f]")
_MOST_PARAMETERS: Final = 1000
_DEEPEST: Final = 8  # sequences
_MOST_NUMBER: Final = 999_999_999
# What has no value that a text could match.
_BULK: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})


@dataclass(slots=True)
class Asked:
    """A search as it was asked for.

    Attributes
    ----------
    keys
        All of them have to match.
    include
        Attributes to return beside the usual ones.
    include_all
        Whether all that is known is returned.
    fuzzy
        Whether names may be alike.
    limit, offset
        Which part of the answers.
    warnings
        What was asked for and is not done.
    """

    keys: list[Key] = field(default_factory=list)
    include: set[tuple[int, ...]] = field(default_factory=set)
    include_all: bool = False
    fuzzy: bool = False
    limit: int | None = None
    offset: int = 0
    warnings: list[str] = field(default_factory=list)


def asked(query: bytes) -> Asked:
    """Read the query of a search.

    Parameters
    ----------
    query
        As it came, percent-encoded UTF-8.

    Raises
    ------
    DicomWebError
        400: it cannot be read, or asks for what cannot be. An attribute that does not exist is refused, too: to leave
        a misspelt key out would answer with everybody.

    Notes
    -----
    Parameters that are none of a search, such as those that keep proxies from remembering, are left out, with a
    warning.

    DICOM
    -----
    PS3.18 8.3.4

    Examples
    --------
    >>> asked(b"PatientName=Doe*&00080060=CT&limit=20").keys
    [Key(path=(1048592,), text='Doe*'), Key(path=(524384,), text='CT')]
    """
    found = Asked()
    given: set[str] = set()
    for name, value in _pairs(query):
        if name in ("includefield", "includeField"):
            _include(found, value)
        elif name in KEYS:
            if name in given:
                raise _bad(f"`{name}` is given more than once")
            given.add(name)
            _option(found, name, value)
        elif name in OTHERS:
            continue
        elif _is_attribute(name):
            found.keys.append(_key(name, value))
        else:
            found.warnings.append("a query parameter that is none of a search was ignored.")
    found.warnings = list(dict.fromkeys(found.warnings))
    return found


def _bad(message: str, hint: str | None = None) -> DicomWebError:
    return DicomWebError(message, status=400, hint=hint)


def _pairs(query: bytes) -> Iterator[tuple[str, str]]:
    try:
        pairs = parse_qsl(
            query.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except UnicodeDecodeError:
        raise _bad("the query is not UTF-8") from None
    except ValueError:
        raise _bad(f"the query has more than {_MOST_PARAMETERS} parameters") from None
    for name, value in pairs:
        if _CONTROL.search(name) or _CONTROL.search(value):
            raise _bad("the query holds control characters")
        yield name, value


def _option(found: Asked, name: str, value: str) -> None:
    if name in ("limit", "offset"):
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else -1
        if not 0 <= number <= _MOST_NUMBER:
            raise _bad(f"`{name}` is a whole number from 0 to {_MOST_NUMBER}")
        setattr(found, name, number)
        return
    if value not in ("true", "false"):
        raise _bad(f"`{name}` is true or false")
    if name == "fuzzymatching":
        found.fuzzy = value == "true"
    elif value == "true":
        kind = "Empty" if name.startswith("empty") else "Multiple"
        message = f"The {name} parameter is not supported. {kind} Value Matching has not been performed."
        found.warnings.append(message)


def _include(found: Asked, value: str) -> None:
    for name in filter(None, (part.strip() for part in value.split(","))):
        if name == "all":
            found.include_all = True
        else:
            found.include.add(_path(name))


def _is_attribute(name: str) -> bool:
    """Whether a name can only be meant for an attribute: a keyword, a tag, or a path of them."""
    first = name.partition(".")[0]
    if _TAG.fullmatch(first):
        return True
    # All begin with a capital letter, but for dBdt.
    return bool(_KEYWORD.fullmatch(first)) and (first[0].isupper() or _core.dictionary_entry(first) is not None)


def _path(name: str) -> tuple[int, ...]:
    steps = name.split(".")
    if len(steps) > _DEEPEST:
        raise _bad(f"a path has at most {_DEEPEST} steps")
    path = []
    for step in steps:
        if _TAG.fullmatch(step):
            path.append(int(step, 16))
            continue
        try:
            if not _KEYWORD.fullmatch(step):
                raise _bad("an attribute is named by its keyword, by 8 hexadecimal digits, or by a path with dots")
            path.append(int(tag_named(step)))
        except FormatError as error:
            raise _bad(error.message, error.hint) from error
    for tag in path[:-1]:
        if _vr(tag) not in ("SQ", ""):
            raise _bad("a path goes through sequences")
    return tuple(path)


def _key(name: str, value: str) -> Key:
    path = _path(name)
    vr = _vr(path[-1])
    if value and (vr in _BULK or vr == "SQ"):
        what = "a sequence is matched by what is in it" if vr == "SQ" else "bulk data is not matched"
        raise _bad(f"`{name[:80]}`: {what}")
    return Key.of(path, value)


def _vr(tag: int) -> str:
    """Return the value representation of an element; nothing for one that the dictionary does not have."""
    row = _core.dictionary_entry(tag)
    return "" if row is None else str(row[1]).partition(" ")[0]  # of those with a choice the first says enough
