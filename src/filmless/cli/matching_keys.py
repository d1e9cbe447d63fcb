"""Matching keys of a search, as a command line gives them: ``Keyword=value``."""

from collections.abc import Iterable

from filmless.cli.naming import tag_named
from filmless.cli.reporting import Misuse

__all__ = ["LEVELS", "keys_of", "level_of"]

LEVELS = ("study", "series", "instance")


def keys_of(texts: Iterable[str]) -> dict[str, str]:
    """Return the keys by their keywords; those in items of sequences by several with dots between them.

    Raises
    ------
    Misuse
        One is not ``Keyword=value``, or its keyword is none.
    """
    keys = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise Misuse("a matching key is KEYWORD=VALUE", "such as `PatientName=Doe*` or `StudyDate=20260101-`")
        keys[".".join(_keyword(step) for step in name.split("."))] = value
    return keys


def _keyword(name: str) -> str:
    from filmless import _core

    tag = tag_named(name)
    entry = _core.dictionary_entry(tag)
    return str(entry[3]) if entry and entry[3] else f"{tag:08X}"


def level_of(keys: dict[str, str]) -> str:
    """Return the level at which what was asked for is whole: of the lowest UID that is given."""
    if "SOPInstanceUID" in keys:
        return "instance"
    return "series" if "SeriesInstanceUID" in keys else "study"
