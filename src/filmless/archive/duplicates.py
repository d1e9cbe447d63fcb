"""The same SOP Instance UID again: the same data set, or another one."""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing, suppress
from typing import Final

from filmless.archive.entry import Entry
from filmless.archive.index.index import Index
from filmless.archive.newcomer import Newcomer
from filmless.archive.options import Options
from filmless.archive.outcome import Kind
from filmless.archive.storage import Storage
from filmless.archive.storage.in_place import InPlace
from filmless.errors import ArchiveError, DicomError
from filmless.file import read
from filmless.file.same_data_set import same_behind_meta

__all__ = ["Duplicates"]

_TRIES: Final = 10


class Duplicates:
    """What decides about newcomers whose UID is in the index.

    Parameters
    ----------
    index, storage, options
        Of the archive.
    taking_away
        What has files in the trash while their rows are taken away, see `Committer`.
    """

    def __init__(
        self,
        index: Index,
        storage: Storage,
        options: Options,
        *,
        taking_away: Callable[[Iterable[str]], AbstractContextManager[None]],
    ) -> None:
        self._index, self._storage, self._options = index, storage, options
        self._taking_away = taking_away

    def decide(self, newcomer: Newcomer) -> Kind:
        """Settle a newcomer whose UID is there: in this process it is reserved, another one may change its row."""
        for _ in range(_TRIES):
            old = self._index.find(newcomer.record.instance_uid)
            if old is None:  # deleted in the meantime
                kind: Kind | None = "stored" if self._added(newcomer) else None
            elif self._is_identical(newcomer, old):
                kind = self._drop(newcomer, old)
            elif self._may_replace(newcomer, old):
                kind = "replaced" if self._replace(newcomer, old) else None
            else:
                kind = self._set_aside(newcomer)
            if kind is not None:
                return kind
        raise ArchiveError("the instance is being changed by others all the time", hint="try again")

    def _added(self, newcomer: Newcomer) -> bool:
        return self._index.add([(newcomer.record, "", newcomer.location)], within=[newcomer.within])[0]

    def _may_replace(self, newcomer: Newcomer, old: Entry) -> bool:
        return (
            self._options.duplicates == "replace"
            and newcomer.may_replace
            and newcomer.within.holds(old.patient_id, old.study_uid)
        )

    def _drop(self, newcomer: Newcomer, old: Entry) -> Kind | None:
        """Settle one that is identical: what is served in place, or is lost, gives way to our own copy."""
        if not old.storage and old.location == newcomer.location:
            return "identical"
        if old.storage or self._storage.size(old.location) is None:
            is_ours = self._index.replace([(old, newcomer.record, "", newcomer.location)])[0]
            return "stored" if is_ours else None
        self._storage.remove(newcomer.location)
        return "identical"

    def _replace(self, newcomer: Newcomer, old: Entry) -> bool:
        if old.storage:
            return self._index.replace([(old, newcomer.record, "", newcomer.location)])[0]
        # That it says no can be the echo of its own yes, after a connection that was lost: the index is asked later.
        with suppress(_Changed), self._taking_away([old.location]):
            if self._index.replace([(old, newcomer.record, "", newcomer.location)])[0]:
                return True
            raise _Changed
        return False

    def _set_aside(self, newcomer: Newcomer) -> Kind | None:
        newcomer.location = self._storage.move(newcomer.location, "quarantine")
        record, location = newcomer.record, newcomer.location
        if self._index.add_conflict(record, "", location, received=time.time()):
            return "quarantined"
        for kept in self._index.conflicts(record.instance_uid):
            if kept.sha256 != record.sha256:
                continue
            if kept.location == location:
                return "quarantined"
            if self._storage.size(kept.location) is not None:
                self._storage.remove(location)
                return "quarantined"
            self._index.resolve(kept)  # its file is lost: this one takes its place
        newcomer.location = self._storage.move(location, "instances")
        return None  # it was settled in the meantime

    def _is_identical(self, newcomer: Newcomer, old: Entry) -> bool:
        if old.sha256 == newcomer.record.sha256:
            return True
        if old.study_uid != newcomer.record.study_uid:
            return False
        keeper = InPlace(old.storage) if old.storage else self._storage
        try:
            with closing(keeper.open(old.location)) as left, closing(self._storage.open(newcomer.location)) as right:
                if same_behind_meta(left, right):
                    return True
                if max(old.size, newcomer.record.size) > self._options.compared_bytes:
                    return False
                left.seek(0)
                right.seek(0)
                return read(left) == read(right)
        except (DicomError, OSError):  # what cannot be compared is not the same: it is kept
            return False


class _Changed(Exception):  # noqa: N818 - no error
    """The row is another one by now."""
