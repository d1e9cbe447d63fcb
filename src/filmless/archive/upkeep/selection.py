"""Which instances work is done on: those that a query finds."""

from collections.abc import Iterable, Iterator
from typing import Final

from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.archive.levels import LEVELS
from filmless.archive.query import Key, Level, Query

__all__ = ["instances", "selected"]

_ORDER: Final[tuple[Level, ...]] = ("study", "series", "instance")


def selected(archive: Archive, keys: Iterable[Key], *, level: Level | None = None) -> list[tuple[str, str, str]]:
    """Return study, series and instance UIDs of what a query finds; UIDs of levels below are empty.

    Parameters
    ----------
    archive
        The archive.
    keys
        All have to match; none for all that there is.
    level
        Of what; by default the deepest that a key is of, at least studies.
    """
    wanted = tuple(keys)
    query = Query(level or _deepest(wanted), wanted)
    return [(row.study_uid, row.series_uid, row.instance_uid) for row in archive.search(query).rows]


def instances(archive: Archive, keys: Iterable[Key], *, level: Level | None = None) -> Iterator[Entry]:
    """Go through the instances of what a query finds, study by study."""
    for study, series, instance in selected(archive, keys, level=level):
        yield from archive.entries(study, series or None, instance or None)


def _deepest(keys: tuple[Key, ...]) -> Level:
    found = [level for level in _ORDER for key in keys if key.path[0] in LEVELS[level]]
    return found[-1] if found else "study"
