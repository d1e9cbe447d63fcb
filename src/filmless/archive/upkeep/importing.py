"""Files of folders and ZIPs taken in: many at a time, and again from where it stopped."""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Self

from filmless.archive.archive import Archive
from filmless.archive.outcome import Outcome
from filmless.archive.storage.durable import make_folder
from filmless.archive.upkeep.drafts import LinkedDraft, is_unalterable
from filmless.convert.archives import Member, ZipLimits, is_zip, members
from filmless.convert.parallel import in_order
from filmless.errors import ArchiveError, DicomError, NotFoundError
from filmless.file.media import Remark

__all__ = ["ImportReport", "count_files", "import_files"]

_PIECE: Final = 1 << 20
_OWN: Final = ".filmless-"  # names of files in which filmless itself keeps books
_DIRECTORY: Final = b"1.2.840.10008.1.3.10"  # Media Storage Directory Storage
_HEAD: Final = 1024
_AHEAD: Final = 256  # in hand: as many share a transaction
_THREADS: Final = 8  # each waits for the disk most of the time

# A member is never in memory as a whole: it may be as large as instances are.
_ZIPS: Final = ZipLimits(max_member_bytes=1 << 34, max_zip_bytes=1 << 40)

Source = str | os.PathLike[str]
Told = Callable[[], None]


@dataclass
class ImportReport:
    """What became of files that were taken in.

    Attributes
    ----------
    stored, identical, quarantined, replaced
        How many instances, by what became of them.
    linked
        How many of the stored are links to their files.
    skipped
        Files that an earlier run which was stopped has taken in.
    passed_over
        Files that are no instances.
    failed
        Files that could not be taken in, and why.
    """

    stored: int = 0
    identical: int = 0
    quarantined: int = 0
    replaced: int = 0
    linked: int = 0
    skipped: int = 0
    passed_over: list[Remark] = field(default_factory=list)
    failed: list[Remark] = field(default_factory=list)


class _Subject(NamedTuple):
    name: str
    identity: str
    path: str  # of a file; empty for a member
    member: Member | None = None
    trouble: Exception | str | None = None


class _PassedOver(Exception):  # noqa: N818 - no error: it is no instance
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.remark = Remark(code, message)


def import_files(
    archive: Archive,
    sources: Source | Iterable[Source],
    *,
    link: bool = False,
    threads: int | None = None,
    zip_limits: ZipLimits | None = None,
    progress: Told = lambda: None,
) -> ImportReport:
    """Take in files, and folders with all that is in them; ZIPs are looked into.

    A run that was stopped is taken up where it was: begin it again with the same sources.

    Parameters
    ----------
    archive
        The archive.
    sources
        Files, folders and ZIPs.
    link
        Make hard links of files that nobody has leave to write, where the file system can; others are copied. Without
        it all are copied: a link and its file are one, and who writes to the file alters the archive.
    threads
        How many files are taken in at a time; eight by default: they wait for the disk.
    zip_limits
        How much of a ZIP is unpacked.
    progress
        Called after each file.

    Raises
    ------
    NotFoundError
        A source is not there.
    StorageFullError
        There is no room; what was taken in stays.
    ArchiveError
        The archive cannot be written.

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.archive.upkeep import import_files
    >>> with Archive("archive") as archive:
    ...     import_files(archive, "slice.dcm").stored
    1

    DICOM
    -----
    PS3.10 7
    """
    paths = _paths(sources)
    report = ImportReport()
    with _Journal(archive.folder / "imports", paths) as journal:

        def subjects() -> Iterator[_Subject]:
            for subject in _subjects(paths, zip_limits or _ZIPS):
                if subject.identity in journal:
                    report.skipped += 1
                    progress()
                else:
                    yield subject

        def take(subject: _Subject) -> tuple[Future[Outcome], bool]:
            return _taken(archive, subject, link=link)

        with closing(in_order(take, subjects(), threads=threads or _THREADS, ahead=_AHEAD)) as taken:
            for subject, submitted in taken:
                if _tell(report, subject, submitted):
                    journal.add(subject.identity)
                progress()
        journal.finish()
    return report


def count_files(sources: Source | Iterable[Source]) -> int:
    """Return how many files `import_files` goes through; of a ZIP one for each that is in it."""
    return sum(1 for _ in _subjects(_paths(sources), _ZIPS))


def _paths(sources: Source | Iterable[Source]) -> list[str]:
    given = [sources] if isinstance(sources, str | os.PathLike) else list(sources)
    paths = [os.path.abspath(path) for path in given]  # noqa: PTH100 - links in it stay
    for path in paths:
        if not Path(path).exists():
            raise NotFoundError("there is no such file or folder", path=path)
    return paths


# -- what there is ------------------------------------------------------------------------------------------------


def _subjects(paths: list[str], limits: ZipLimits) -> Iterator[_Subject]:
    for path in paths:
        if not Path(path).is_dir():
            yield from _of_file(path, limits)
            continue
        unread: list[OSError] = []
        for place, folders, files in os.walk(path, onerror=unread.append):
            folders.sort()
            for name in sorted(files):
                if not name.startswith(_OWN):
                    yield from _of_file(os.path.join(place, name), limits)  # noqa: PTH118 - many files
        for error in unread:
            yield _Subject(str(error.filename), "", "", trouble=error)


def _of_file(path: str, limits: ZipLimits) -> Iterator[_Subject]:
    try:
        found = Path(path).stat()
    except OSError as error:
        yield _Subject(path, "", "", trouble=error)
        return
    if not stat.S_ISREG(found.st_mode):  # who opens a FIFO may wait for ever
        yield _Subject(path, "", "", trouble="it is no file with contents")
        return
    if not is_zip(path):
        yield _Subject(path, json.dumps([path, found.st_size, found.st_mtime_ns]), path)
        return
    for member in members(path, limits):
        if isinstance(member, Member):
            trouble = member.error or member.reason
            yield _Subject(f"{path}!{member.name}", json.dumps(member.identity()), "", member, trouble)
        else:
            yield _Subject(path, "", "", trouble=member or "a document that is kept in a ZIP")


# -- one ----------------------------------------------------------------------------------------------------------


def _taken(archive: Archive, subject: _Subject, *, link: bool) -> tuple[Future[Outcome], bool]:
    """Hand a file to the archive; tell whether it is linked to."""
    if isinstance(subject.trouble, Exception):
        raise subject.trouble
    if subject.trouble is not None:
        raise _PassedOver("no-instance", subject.trouble)
    if subject.member is not None:
        _require_instance(subject.member.head(_HEAD))
        with archive.receive() as incoming:
            for piece in subject.member.pieces():
                incoming.write(piece)
            return incoming.submit(), False
    with Path(subject.path).open("rb", buffering=0) as file:
        head = file.read(_HEAD)
        _require_instance(head)
        if link and is_unalterable(subject.path):
            with suppress(OSError):
                draft = LinkedDraft(subject.path, archive.folder / "incoming")
                with archive.receive(draft) as incoming:
                    return incoming.submit(), True
        with archive.receive() as incoming:
            incoming.write(head)
            while piece := file.read(_PIECE):
                incoming.write(piece)
            return incoming.submit(), False


def _require_instance(head: bytes) -> None:
    if head[128:132] != b"DICM":
        raise _PassedOver("no-dicom", "it is no DICOM file: it has no preamble")
    if _DIRECTORY in head[132:]:
        raise _PassedOver("dicomdir", "it is a DICOMDIR")


def _tell(report: ImportReport, subject: _Subject, submitted: Future[tuple[Future[Outcome], bool]]) -> bool:
    """Count a file by what became of it; return whether it is done with, and need not be tried again."""
    try:
        future, is_linked = submitted.result()
        kind = future.result().kind
    except _PassedOver as told:
        report.passed_over.append(Remark(told.remark.code, told.remark.message, subject.name))
        return True
    except ArchiveError:  # of the archive, not of the file: the next ones would fail, too
        raise
    except DicomError as error:
        report.failed.append(Remark("failed", error.message, subject.name))
    except OSError as error:
        report.failed.append(Remark("unreadable", (error.strerror or type(error).__name__).lower(), subject.name))
    else:
        setattr(report, kind, getattr(report, kind) + 1)
        report.linked += is_linked and kind in ("stored", "replaced")
        return True
    return False


# -- how far it is ------------------------------------------------------------------------------------------------


class _Journal:
    """What a run has taken in, so that one that was stopped goes on. A run that gets to its end leaves none."""

    def __init__(self, folder: Path, paths: list[str]) -> None:
        make_folder(folder)
        name = hashlib.sha256("\0".join(paths).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._path = folder / f"{name}.journal"
        self._done: set[bytes] = set()
        with suppress(FileNotFoundError):
            data = self._path.read_bytes()
            self._done = {data[at : at + _MARK] for at in range(0, len(data) - _MARK + 1, _MARK)}
        self._file = self._path.open("ab", buffering=0)
        self._file.truncate(self._file.tell() // _MARK * _MARK)  # a mark that was cut short

    def __contains__(self, identity: str) -> bool:
        return bool(identity) and _mark(identity) in self._done

    def add(self, identity: str) -> None:
        if identity:
            self._file.write(_mark(identity))

    def finish(self) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


_MARK: Final = 16


def _mark(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=_MARK).digest()
