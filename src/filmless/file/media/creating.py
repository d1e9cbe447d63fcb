"""A medium is made of files, or gets more of them."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from filmless.dataset import UID, Dataset
from filmless.errors import FormatError
from filmless.file.media.gathering import gather
from filmless.file.media.profiles import profile_named
from filmless.file.media.remarks import MediaReport
from filmless.file.media.sizes import measure
from filmless.file.media.tree import Tree, new_directory
from filmless.file.media.work import Progress, Work
from filmless.file.media.writing import FolderTarget, ZipTarget

__all__ = ["Source", "checked_file_set_id", "create_fileset", "paths_of"]

Source = str | PathLike[str]
_FILE_SET_ID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def create_fileset(
    sources: Source | Iterable[Source],
    target: Source,
    *,
    profile: str | None = "STD-GEN-CD",
    file_set_id: str = "",
    file_set_uid: str | None = None,
    icon: Callable[[Dataset], Any] | None = None,
    prepare: Callable[[Dataset], Dataset] | None = None,
    keep_damaged: bool = False,
    progress: Progress | None = None,
    threads: int | None = None,
) -> MediaReport:
    """Make a file-set: copies of instances under names that every medium can hold, and the DICOMDIR that lists them.

    Files are copied byte for byte when the profile allows their transfer syntax; others among the uncompressed ones
    are written as Explicit VR Little Endian. A file without file meta information gets it. What is no instance is
    passed over, a DICOMDIR too. A file that ends early, or whose pixel data are too short, is damaged: another file of
    the same instance is taken instead. The DICOMDIR is written last: a folder that has one is whole.

    Parameters
    ----------
    sources
        Files, and folders with all that is in them.
    target
        A folder that is missing or empty; a name that ends in ``.zip`` makes a ZIP of it.
    profile
        Application profile: ``STD-GEN-CD``, ``STD-GEN-DVD-JPEG``, ``STD-GEN-USB-J2K``, ...; None, or ``general``, keeps
        every transfer syntax.
    file_set_id
        Name of the medium: up to 16 of ``A-Z``, ``0-9`` and ``_``.
    file_set_uid
        UID of the file-set; by default a new one.
    icon
        Makes a small picture of an image, given as data set: array of uint8 of rows and columns, at most 128 each, or
        None for no icon.
    prepare
        Decodes the pixel data of an image whose transfer syntax the profile does not allow: is given the data set, and
        returns it in Explicit VR Little Endian. Without it such an image is an error.
    keep_damaged
        Put a damaged file on the medium when there is no other of its instance; else it is one that failed.
    progress
        Called with how many files are written, and of how many.
    threads
        How many files to write at a time; by default as many as there are processors. `icon` and `prepare` are called
        in them.

    Returns
    -------
    MediaReport
        How many were written, what was passed over, what failed and what was made up because the directory needs it.
        When all failed, or what there is cannot be read, there is no medium.

    Raises
    ------
    FormatError
        When there is no instance in the sources, and nothing that failed.
    UnsupportedError
        When the profile does not allow an image and there is no `prepare`; nothing is written then.
    FileExistsError
        When the target is there and not empty.
    ValueError
        For a profile, a File-set ID or a UID that is none.
    OSError
        When a file cannot be written; what was written is removed then.

    Examples
    --------
    >>> from filmless.file.media import create_fileset, verify_fileset
    >>> create_fileset(["slice.dcm"], "disc", file_set_id="EXAMPLE").written
    1
    >>> filmless.read_fileset("disc").files[0].file_id
    ('DICOM', 'PT000001', 'ST000001', 'SE000001', 'IM000001')
    >>> verify_fileset("disc")
    []

    DICOM
    -----
    PS3.10 8, PS3.3 F, PS3.11 D, PS3.12 V
    """
    chosen = profile_named(profile)
    checked_file_set_id(file_set_id)
    if file_set_uid is not None and not UID(file_set_uid).is_valid:
        message = "`file_set_uid` is no UID"
        raise ValueError(message)
    path = Path(target)
    as_zip = path.suffix.lower() == ".zip"
    if path.exists() and (as_zip or not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(errno.EEXIST, "is there and not an empty folder", str(path))
    report = MediaReport(path)
    work = Work(report, chosen, icon, prepare, progress, threads, keep_damaged)
    tree = Tree([], [], report.remarks.append)
    instances = work.checked(gather(paths_of(sources), chosen, report, leave_out=path), known={})
    if not instances and report.failed:
        return report
    if not instances:
        message = "no DICOM instance to put on the medium was found in the sources"
        hint = "unpack a ZIP first" if any("ZIP" in remark.message for remark in report.passed_over) else None
        raise FormatError(message, hint=hint)
    directory = new_directory(file_set_id, file_set_uid)
    path.parent.mkdir(parents=True, exist_ok=True)
    work.write(ZipTarget(path) if as_zip else FolderTarget(path), directory, tree, instances)
    measure(report, chosen)
    return report


def paths_of(sources: Source | Iterable[Source]) -> list[Path]:
    """Return sources as paths."""
    return [Path(sources)] if isinstance(sources, str | PathLike) else [Path(source) for source in sources]


def checked_file_set_id(text: str) -> str:
    """Return a File-set ID that is one.

    Raises
    ------
    ValueError
        When it is not up to 16 of the letters A-Z, 0-9 and _ (PS3.10 8.5, PS3.3 F.3.2.1).
    """
    if len(text) > 16 or not set(text) <= _FILE_SET_ID:
        message = "a File-set ID is up to 16 of the letters A-Z, 0-9 and _"
        raise ValueError(message)
    return text
