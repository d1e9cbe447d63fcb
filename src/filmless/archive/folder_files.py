"""Files of folders that are served where they are, brought into the index."""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from os import PathLike
from pathlib import Path
from typing import Final

from filmless.archive.failures import failing_as_archive
from filmless.archive.index.index import Index
from filmless.archive.index.writing import Placed
from filmless.archive.outcome import Kind, Outcome
from filmless.archive.record import record_of
from filmless.archive.reservations import Reservations
from filmless.archive.storage.in_place import InPlace
from filmless.errors import ConflictError, DicomError, FormatError

__all__ = ["add_in_place"]

_PIECE: Final = 1 << 20

_Result = Outcome | DicomError | OSError


def add_in_place(
    index: Index,
    reserved: Reservations,
    keeper: InPlace,
    paths: Sequence[str | PathLike[str]],
    pool: Executor | None,
) -> list[_Result]:
    """Index files of a folder; return what became of each, or why it is not indexed."""
    locations = [keeper.location_of(path) for path in paths]

    def read(location: str) -> Placed | DicomError | OSError:
        try:
            return _placed(keeper, location)
        except (DicomError, OSError) as error:
            return error

    found = list((map if pool is None else pool.map)(read, locations))
    placed = [one for one in found if isinstance(one, tuple)]
    with failing_as_archive("files cannot be indexed"), reserved.holding({one[0].instance_uid for one in placed}):
        results = iter(_indexed(index, placed))
    return [next(results) if isinstance(one, tuple) else one for one in found]


def _placed(keeper: InPlace, location: str) -> Placed:
    digest, size = hashlib.sha256(), 0
    with keeper.open(location) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    record = record_of(str(keeper.path(location)), size=size, sha256=digest.hexdigest())
    return record, str(keeper.root), location


def _indexed(index: Index, placed: list[Placed]) -> Iterable[_Result]:
    try:
        added = index.add(placed)
    except FormatError:  # one of them cannot be kept: the others shall not suffer
        return [_alone(index, one) for one in placed]
    return [
        _outcome("stored", one) if is_added else _of_known(index, one)
        for one, is_added in zip(placed, added, strict=True)
    ]


def _alone(index: Index, placed: Placed) -> _Result:
    try:
        return _outcome("stored", placed) if index.add([placed])[0] else _of_known(index, placed)
    except FormatError as error:
        return error


def _outcome(kind: Kind, placed: Placed) -> Outcome:
    record = placed[0]
    return Outcome(kind, record.study_uid, record.series_uid, record.instance_uid, record.sop_class_uid)


def _of_known(index: Index, placed: Placed) -> _Result:
    """Settle a file whose UID is in the index."""
    record, root, location = placed
    old = index.find(record.instance_uid)
    if old is not None and old.sha256 == record.sha256:
        return _outcome("identical", placed)
    if old is not None and (old.storage, old.location) == (root, location):  # it was changed
        index.replace([(old, record, root, location)])
        return _outcome("replaced", placed)
    return ConflictError("another instance of the same SOP Instance UID is known already", path=Path(root, location))
