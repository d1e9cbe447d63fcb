"""Every file read again and compared with its digest, and the index with the files."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from filmless.archive.archive import Archive
from filmless.archive.rows import located, without_row
from filmless.archive.storage import AREAS, Area, Stored
from filmless.archive.storage.durable import make_file
from filmless.archive.storage.in_place import InPlace
from filmless.convert.parallel import in_order
from filmless.errors import ArchiveError, DicomError, NotFoundError
from filmless.file.media import Remark

__all__ = ["VerifyReport", "still_unlisted", "verify"]

_PIECE: Final = 1 << 20
_STATE: Final = "verify.json"
_SAVE_EVERY: Final = 500
_PATIENCE_S: Final = 3.0  # a file has its name a moment before it has its row
_INDEXED: Final[tuple[Area, ...]] = ("instances", "quarantine")

Told = Callable[[int], None]


@dataclass
class VerifyReport:
    """What was found wrong with an archive.

    Attributes
    ----------
    files, size
        Files that were read, and their bytes.
    resumed
        Files that an earlier run which was stopped has read.
    damaged
        Files whose bytes are not those that were stored.
    missing
        Instances in the index whose file is not there.
    unlisted
        Files that are in no row of the index.
    repaired
        How many of the unlisted were taken in.
    forgotten
        How many of the missing were taken out of the index.
    """

    files: int = 0
    size: int = 0
    resumed: int = 0
    damaged: list[Remark] = field(default_factory=list)
    missing: list[Remark] = field(default_factory=list)
    unlisted: list[Remark] = field(default_factory=list)
    repaired: int = 0
    forgotten: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong, or is no longer."""
        is_whole = len(self.missing) == self.forgotten
        return not self.damaged and is_whole and len(self.unlisted) == self.repaired


def verify(
    archive: Archive,
    *,
    repair: bool = False,
    forget: bool = False,
    resume: bool = True,
    threads: int | None = None,
    progress: Told | None = None,
) -> VerifyReport:
    """Read all files of an archive again, and compare them with their digests and with the index.

    Parameters
    ----------
    archive
        The archive; it may be in use, and open for reading only when nothing is to be repaired.
    repair
        Take in files that no row of the index names, by the rules for what a sender brings.
    forget
        Take out of the index what has no file in the archive's storage, when no backup has it either. Of folders that
        are served in place nothing is forgotten: they come back.
    resume
        Go on where a run was that did not come to its end.
    threads
        How many files are read at a time; by default as many as there are processors.
    progress
        Told of bytes that were read.

    Returns
    -------
    VerifyReport
        Files that are damaged or missing are not touched: they have to come from a backup.

    Raises
    ------
    ArchiveError
        All is missing and is to be forgotten: its disk may not be mounted.

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.archive.upkeep import verify
    >>> with Archive("archive") as archive:
    ...     verify(archive).is_sound
    True
    """
    state = _State(archive.folder / _STATE, resume=resume)
    report = state.report

    def read_again(stored: Stored) -> tuple[int, bool]:
        return _read(archive, stored)

    with closing(in_order(read_again, _files(archive, state), threads=threads)) as results:
        for number, (stored, result) in enumerate(results, 1):
            try:
                size, is_sound = result.result()
            except (DicomError, OSError):
                # Deleted or moved since it was listed, or lost: the index knows, below.
                size, is_sound = 0, archive.storage.size(stored.location) is None
            report.files += 1
            report.size += size
            if not is_sound:
                report.damaged.append(Remark("damaged", "its bytes are not those that were stored", stored.location))
            if progress:
                progress(stored.size)
            if number % _SAVE_EVERY == 0:
                state.save(stored.location)
    _compare_with_index(archive, report)
    if repair:
        _adopt(archive, report)
    if forget:
        _forget(archive, report)
    state.finish()
    return report


def _files(archive: Archive, state: "_State") -> Iterator[Stored]:
    for area in AREAS:
        for stored in archive.storage.files(area):
            if not state.has(stored.location):
                yield stored


def _read(archive: Archive, stored: Stored) -> tuple[int, bool]:
    digest, size = hashlib.sha256(), 0
    with archive.storage.open(stored.location) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest() == stored.sha256


def _compare_with_index(archive: Archive, report: VerifyReport) -> None:
    for entry in archive.index.locations():
        keeper = InPlace(entry.storage) if entry.storage else archive.storage
        size = keeper.size(entry.location)
        if size == entry.size:
            continue
        if size is None and not entry.storage and _can_be_opened(archive, entry.location):
            continue  # it is being deleted
        now = archive.index.find(entry.instance_uid)
        if now is not None and (now.storage, now.location) == (entry.storage, entry.location):
            what = "its file is not there" if size is None else "its file has another size"
            report.missing.append(Remark("missing", what, entry.instance_uid))
    for conflict in archive.index.conflicts():
        if archive.storage.size(conflict.location) is None:
            report.missing.append(Remark("missing", "a file that was set aside is not there", conflict.instance_uid))
    damaged = {remark.file for remark in report.damaged}
    found = [stored.location for area in _INDEXED for stored in without_row(archive.storage, archive.index, area)]
    unlisted = still_unlisted(archive, [location for location in found if location not in damaged])
    report.unlisted += [Remark("unlisted", "no row of the index names it", location) for location in unlisted]


def _can_be_opened(archive: Archive, location: str) -> bool:
    try:
        archive.storage.open(location).close()
    except NotFoundError:
        return False
    return True


def still_unlisted(archive: Archive, locations: list[str]) -> list[str]:
    """Leave out what gets its row, or goes, in a while: another process may be taking it in."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        known = located(archive.index, locations)
        locations = [one for one in locations if one not in known and archive.storage.size(one) is not None]
        if not locations or not archive.is_read_only or time.monotonic() >= until:
            return locations
        time.sleep(0.1)


def _adopt(archive: Archive, report: VerifyReport) -> None:
    unlisted = {remark.file for remark in report.unlisted}
    for area in _INDEXED:
        for stored in list(without_row(archive.storage, archive.index, area)):
            if stored.location in unlisted:
                with suppress(DicomError):
                    future = archive.adopt(stored)
                    if future is not None:
                        future.result()
                        report.repaired += 1


def _forget(archive: Archive, report: VerifyReport) -> None:
    if report.missing and not report.files + report.resumed:
        raise ArchiveError(
            "no file of the archive is there", hint="is its disk mounted? then nothing is to be forgotten"
        )
    for uid in {remark.file for remark in report.missing}:
        entry = archive.index.find(uid)
        if entry is not None and not entry.storage and archive.storage.size(entry.location) is None:
            report.forgotten += archive.delete([entry])
        for conflict in archive.index.conflicts(uid):
            if archive.storage.size(conflict.location) is None:
                report.forgotten += archive.index.resolve(conflict)


class _State:
    """How far a run is, in a file; without leave to write it is not kept."""

    def __init__(self, path: Path, *, resume: bool) -> None:
        self._path, self._last = path, ""
        self.report = VerifyReport()
        with suppress(OSError, ValueError, KeyError, TypeError):
            if resume:
                self._load(json.loads(path.read_text(encoding="utf-8")))

    def _load(self, saved: dict[str, Any]) -> None:
        damaged = [
            Remark("damaged", "its bytes are not those that were stored", str(file)) for file in saved["damaged"]
        ]
        self.report.resumed, self.report.damaged, self._last = int(saved["files"]), damaged, str(saved["last"])

    def has(self, location: str) -> bool:
        """Whether a file was read; they come area by area, by name."""
        return bool(self._last) and _order(location) <= _order(self._last)

    def save(self, last: str) -> None:
        saved = {
            "files": self.report.resumed + self.report.files,
            "last": last,
            "damaged": [remark.file for remark in self.report.damaged],
        }
        with suppress(OSError):
            part = self._path.with_suffix(".part")
            make_file(part)
            part.write_text(json.dumps(saved), encoding="utf-8")
            part.replace(self._path)

    def finish(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def _order(location: str) -> tuple[int, str]:
    area, _, name = location.partition("/")
    return (AREAS.index(area) if area in AREAS else -1, name)
