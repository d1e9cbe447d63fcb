"""Rules: which instances are sent on, and to whom."""

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from filmless import _core
from filmless.archive import Key
from filmless.archive.matching import Criteria
from filmless.archive.record import Record
from filmless.errors import DicomError
from filmless.server.settings.reading import SettingsError
from filmless.server.settings.tree import Forward

__all__ = ["Rules"]

_TAG: Final = re.compile(r"[0-9A-Fa-f]{8}")
_LEVELS: Final = ("patient", "study", "series", "instance")


class Rules:
    """The rules of a configuration.

    Raises
    ------
    SettingsError
        A rule names an attribute that is not known, or asks for what cannot match.
    """

    def __init__(self, rules: Iterable[Forward]) -> None:
        self._rules = [(_criteria(rule, place), rule.to) for place, rule in enumerate(rules)]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._rules)

    def peers_of(self, record: Record) -> frozenset[str]:
        """Return to whom an instance is sent, by what the index keeps of it."""
        attributes: dict[str, Any] = {}
        for level in _LEVELS:
            attributes |= json.loads(record.levels[level])
        return frozenset(name for criteria, to in self._rules if criteria.accept(attributes) for name in to)


def _criteria(rule: Forward, place: int) -> Criteria:
    try:
        return Criteria([Key(_path(name, place), text) for name, text in rule.match.items()])
    except SettingsError:
        raise
    except DicomError as error:
        raise SettingsError(f"`forward[{place}].match` cannot be matched: {error.message}") from None


def _path(name: str, place: int) -> tuple[int, ...]:
    return tuple(_tag(part, place) for part in name.split("."))


def _tag(name: str, place: int) -> int:
    if _TAG.fullmatch(name):
        return int(name, 16)
    row = _core.dictionary_entry(name)
    if row is None:
        message = f"`forward[{place}].match.{name}` is no attribute of the data dictionary, expected a keyword or a tag"
        raise SettingsError(message)
    return int(row[0])
