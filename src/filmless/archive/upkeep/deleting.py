"""Instances deleted for good, with all that is kept of them: what they were before, and what was set aside."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.archive.failures import failing_as_archive
from filmless.archive.index.index import Conflict
from filmless.archive.upkeep.originals import dataset_of
from filmless.errors import ConflictError, DicomError, StorageFullError

__all__ = ["Kept", "KeptFiles", "delete", "drop_conflict"]

_CHUNK: Final = 500


class Kept(NamedTuple):
    """What an archive keeps of instances beside the instances."""

    originals: list[str]  # locations
    conflicts: list[Conflict]
    size: int


class KeptFiles:
    """Which files are kept of which instance, for any thread. Originals tell by themselves, so each is read once."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._uids: dict[str, str] = {}  # by location

    def of(self, instance_uids: Iterable[str]) -> Kept:
        """Return what is kept of instances."""
        uids, size, originals = set(instance_uids), 0, []
        for stored in self._archive.storage.files("originals"):
            if self._uid_of(stored.location) in uids:
                originals.append(stored.location)
                size += stored.size
        conflicts = [conflict for conflict in self._archive.index.conflicts() if conflict.instance_uid in uids]
        return Kept(originals, conflicts, size + sum(conflict.size for conflict in conflicts))

    def _uid_of(self, location: str) -> str:
        if location not in self._uids:
            try:
                dataset = dataset_of(self._archive, location)
            except (DicomError, OSError):  # `verify` tells of it
                return ""
            self._uids[location] = str(dataset.get("SOPInstanceUID") or "")
        return self._uids[location]


def delete(archive: Archive, entries: Iterable[Entry], *, kept: KeptFiles | None = None) -> int:
    """Remove instances for good, with what they were before they were edited, and what was set aside of their UIDs.

    Parameters
    ----------
    archive
        The archive. Its `delete` alone leaves originals and conflicts where they are.
    entries
        The instances.
    kept
        Which files are kept of which instance, when it was found out already.

    Returns
    -------
    int
        How many instances were removed.

    Raises
    ------
    ConflictError
        One of them is served in place: nothing is removed then.

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.archive.upkeep import delete
    >>> with Archive("archive") as archive:
    ...     outcome = archive.store("slice.dcm")
    ...     delete(archive, archive.entries(outcome.study_uid))
    1
    """
    gone = list(entries)
    if any(entry.storage for entry in gone):
        raise ConflictError("an instance of a folder that is served in place cannot be deleted")
    found = (kept or KeptFiles(archive)).of(entry.instance_uid for entry in gone)
    # First what no key finds when its instance is gone: who is stopped gives the same command again.
    with failing_as_archive("the instances cannot be deleted"):
        for start in range(0, len(found.originals), _CHUNK):
            _remove(archive, found.originals[start : start + _CHUNK])
        left = list(found.conflicts)
        try:
            while left:
                drop_conflict(archive, left[0])
                del left[0]
        except StorageFullError:  # there is room when the instances are gone
            pass
        count = archive.delete(gone)
        for conflict in left:
            drop_conflict(archive, conflict)
    return count


def drop_conflict(archive: Archive, conflict: Conflict) -> None:
    """Forget a conflict, and remove its file."""
    with archive.taking_away([conflict.location]):
        archive.index.resolve(conflict)


def _remove(archive: Archive, locations: list[str]) -> None:
    archive.storage.trash(locations)
    archive.storage.purge(locations)
