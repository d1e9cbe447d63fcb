"""Instances written out: as files by their UIDs, as a ZIP of such, or as a file-set with a DICOMDIR."""

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from filmless.archive.archive import Archive
from filmless.archive.entry import Entry
from filmless.errors import ArchiveError, DicomError
from filmless.file.media import MediaReport, Remark, create_fileset

__all__ = ["ExportReport", "export", "export_fileset"]

_PIECE: Final = 1 << 20
_NEVER_EARLIER: Final = (1980, 1, 1, 0, 0, 0)

Told = Callable[[], None]


@dataclass
class ExportReport:
    """What was written out.

    Attributes
    ----------
    written, size
        Files, and their bytes.
    there
        Files that were there already, of the same size.
    failed
        Instances that could not be written, and why.
    """

    written: int = 0
    size: int = 0
    there: int = 0
    failed: list[Remark] = field(default_factory=list)


def export(
    archive: Archive, entries: Iterable[Entry], target: str | os.PathLike[str], *, progress: Told = lambda: None
) -> ExportReport:
    """Write the stored files, byte for byte, as ``study/series/instance.dcm``, each name a UID.

    Parameters
    ----------
    archive
        The archive.
    entries
        The instances.
    target
        A folder, in which files that are there already stay, or the name of a ZIP that is not there.
    progress
        Called after each file.

    Raises
    ------
    ArchiveError
        The ZIP is there already.

    DICOM
    -----
    PS3.10 7
    """
    path = Path(target)
    if path.suffix.lower() == ".zip":
        return _into_zip(archive, entries, path, progress)
    report = ExportReport()
    for entry in entries:
        place = path / entry.study_uid / entry.series_uid / f"{entry.instance_uid}.dcm"
        try:
            if place.exists() and place.stat().st_size == entry.size:
                report.there += 1
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                _copy(archive, entry, place)
                report.written += 1
                report.size += entry.size
        except DicomError as error:
            report.failed.append(Remark("failed", error.message, entry.instance_uid))
        progress()
    return report


def export_fileset(
    archive: Archive,
    entries: Iterable[Entry],
    target: str | os.PathLike[str],
    *,
    profile: str | None = "general",
    progress: Told = lambda: None,
) -> MediaReport:
    """Write a file-set with its DICOMDIR, a folder or a ZIP.

    Parameters
    ----------
    archive
        The archive.
    entries
        The instances.
    target
        A folder that is missing or empty; a name that ends in ``.zip`` makes a ZIP of it.
    profile
        Application profile, as of `filmless.file.media.create_fileset`.
    progress
        Called after each file.

    DICOM
    -----
    PS3.10 8, PS3.3 F
    """
    with ExitStack() as stack:
        folder: Path | None = None
        sources = []
        for number, entry in enumerate(entries):
            path = archive.path(entry)
            if path is None:  # of an object store
                folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
                _copy(archive, entry, folder / f"{number}.dcm")
                path = str(folder / f"{number}.dcm")
            sources.append(path)
        return create_fileset(sources, target, profile=profile, progress=lambda _written, _of: progress())


def _into_zip(archive: Archive, entries: Iterable[Entry], path: Path, progress: Told) -> ExportReport:
    report = ExportReport()
    if path.exists():
        raise ArchiveError("the ZIP is there already", path=path, hint="name one that is not there")
    part = path.with_name(f"{path.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as out:
            for entry in entries:
                try:
                    with archive.open(entry) as file:
                        _pack(out, entry, file)
                    report.written += 1
                    report.size += entry.size
                except DicomError as error:
                    report.failed.append(Remark("failed", error.message, entry.instance_uid))
                progress()
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return report


def _pack(out: zipfile.ZipFile, entry: Entry, file: BinaryIO) -> None:
    info = zipfile.ZipInfo(f"{entry.study_uid}/{entry.series_uid}/{entry.instance_uid}.dcm", _NEVER_EARLIER)
    info.file_size = entry.size
    with out.open(info, "w", force_zip64=entry.size >= zipfile.ZIP64_LIMIT) as member:
        for piece in _pieces(file):
            member.write(piece)


def _copy(archive: Archive, entry: Entry, place: Path) -> None:
    """Copy a file; it has its name when it is whole."""
    part = place.with_name(f"{place.name}.part")
    try:
        with archive.open(entry) as file, part.open("wb") as out:
            for piece in _pieces(file):
                out.write(piece)
        part.replace(place)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
