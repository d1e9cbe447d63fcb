"""Which files of the archive's own storage have a row in the index, and what that means for those in the trash."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from filmless.archive.index.index import Index
from filmless.archive.storage import Area, Storage, Stored

__all__ = ["clear_trash", "located", "without_row"]


def located(index: Index, locations: Iterable[str]) -> set[str]:
    """Return those of some locations that a row of an instance or of a conflict names."""
    wanted = set(locations)
    if not wanted:
        return wanted
    return wanted & index.locations_of(_digest(location) for location in wanted)


def clear_trash(storage: Storage, index: Index, locations: Sequence[str]) -> None:
    """Put files back out of the trash that a row names, and remove the others for good."""
    here = located(index, locations)
    storage.restore([location for location in locations if location in here])
    storage.purge([location for location in locations if location not in here])


def without_row(storage: Storage, index: Index, area: Area) -> Iterator[Stored]:
    """Return the files of an area that no row names; the digests of a folder are asked for at once."""
    aside = {conflict.sha256 for conflict in index.conflicts()}
    for prefix, files in groupby(storage.files(area), key=lambda stored: stored.sha256[:2]):
        known = index.digests(prefix)
        for stored in files:
            # A digest that conflicts have, too, can be that of another file.
            is_exact = area == "instances" and not storage.is_shared and stored.sha256 not in aside
            if not (stored.sha256 in known if is_exact else located(index, [stored.location])):
                yield stored


def _digest(location: str) -> str:
    return location.rpartition("/")[2][:64]
