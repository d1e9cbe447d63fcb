"""A medium gets more instances; what it holds stays."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from filmless.dataset import Dataset
from filmless.errors import FormatError, UnsupportedError
from filmless.file._fileset import FileSet, Record, read_fileset
from filmless.file.media.creating import Source, paths_of
from filmless.file.media.gathering import gather, text_of
from filmless.file.media.kinds import ABOVE, LEAVES
from filmless.file.media.profiles import profile_named
from filmless.file.media.records import COMPONENT, FILE_ID
from filmless.file.media.remarks import MediaReport, Remark
from filmless.file.media.sizes import measure
from filmless.file.media.tree import Node, Tree
from filmless.file.media.work import Progress, Work
from filmless.file.media.writing import FolderTarget

__all__ = ["update_fileset"]

_MULTI_REFERENCED_RECORD = 0x00041504
#: How folders are named that `create_fileset` made, from the patient down.
_OURS = (r"PT\d{6}", r"ST\d{6}", r"SE\d{6}")


def update_fileset(
    target: Source,
    sources: Source | Iterable[Source],
    *,
    profile: str | None = "STD-GEN-CD",
    icon: Callable[[Dataset], Any] | None = None,
    prepare: Callable[[Dataset], Dataset] | None = None,
    keep_damaged: bool = False,
    progress: Progress | None = None,
    threads: int | None = None,
) -> MediaReport:
    """Add instances to a file-set.

    Records that are there stay as they are, with their icons, private keys, files and names; only the offsets between
    them are written anew, so wrong ones are mended. Instances that are there already are passed over. A record whose
    file is missing gets it again, under its name, when a source is that instance. The UID and the ID of the file-set
    stay, too. The new DICOMDIR takes the place of the old one when all files are written.

    Parameters
    ----------
    target
        The folder of the file-set, or its DICOMDIR.
    sources, profile, icon, prepare, keep_damaged, progress, threads
        As of `create_fileset`; files that are in the file-set's own folder are passed over.

    Returns
    -------
    MediaReport
        Its ``remarks`` also say what was mended.

    Raises
    ------
    FormatError
        When it is not a DICOMDIR, or its records are not in the order that PS3.3 F.4 has.
    UnsupportedError
        When the profile does not allow an image and there is no `prepare`, or the target is a ZIP; nothing is written
        then.
    OSError
        When there is none, or a file cannot be written; what was written is removed then.

    Examples
    --------
    >>> from filmless.file.media import create_fileset, update_fileset
    >>> create_fileset("slice.dcm", "medium").written
    1
    >>> again = update_fileset("medium", "slice.dcm")
    >>> again.written, again.repeated
    (0, 1)

    DICOM
    -----
    PS3.10 8, PS3.3 F, PS3.4 I
    """
    path = Path(target)
    if path.is_file() and path.suffix.lower() == ".zip":
        message = "a ZIP cannot be updated"
        raise UnsupportedError(
            message, feature="ZIP", path=path, hint="unpack it, update the folder, and zip that again"
        )
    chosen = profile_named(profile)
    fileset = read_fileset(path)
    folder = fileset.path.parent
    report = MediaReport(folder)
    roots = [_node(record) for record in fileset.records]
    _check_tree(roots, fileset)
    report.remarks += [
        Remark(finding.code, f"mended: {finding.message}", fileset.path.name)
        for finding in fileset.findings
        if finding.code.startswith("record-")
    ]
    mended = bool(report.remarks)
    known = {text_of(record.dataset, "ReferencedSOPInstanceUIDInFile"): record.path for record in fileset.walk()}
    known.pop("", None)
    absent = _absent(fileset, roots)
    tree = Tree(roots, _names(folder, roots), report.remarks.append, absent)
    work = Work(report, chosen, icon, prepare, progress, threads, keep_damaged)
    found = gather(paths_of(sources), chosen, report, leave_out=folder)
    instances = work.checked(found, known=known, absent=absent)
    report.remarks += _told_of_missing(fileset, {instance.sop_instance for instance in instances})
    if instances or mended:
        work.write(FolderTarget(folder, directory=fileset.path.name), fileset.dataset, tree, instances)
    measure(report, chosen)
    return report


def _absent(fileset: FileSet, roots: list[Node]) -> dict[str, Node]:
    """Return records whose file is missing and can be written again under its name, by SOP Instance UID."""
    nodes = (node for root in roots for node in root.walk())
    absent = {}
    for record, node in zip(fileset.walk(), nodes, strict=True):
        uid = text_of(record.dataset, "ReferencedSOPInstanceUIDInFile")
        if uid and record.file_id and record.path is None and _is_free(fileset.path.parent, record.file_id):
            node.file_id = record.file_id
            absent[uid] = node
    return absent


def _is_free(folder: Path, file_id: tuple[str, ...]) -> bool:
    """Tell whether a name is one of the Standard's, and nothing is in its way: in another case, with a version."""
    if not all(COMPONENT.fullmatch(part) for part in file_id):
        return False
    for part in file_id[:-1]:
        there = {entry.name for entry in folder.iterdir() if entry.name.upper().split(";")[0].rstrip(".") == part}
        if not there:
            return True
        folder /= part
        if there != {part} or folder.is_symlink() or not folder.is_dir():
            return False
    return not os.path.lexists(folder / file_id[-1])


def _told_of_missing(fileset: FileSet, written: set[str]) -> Iterator[Remark]:
    """Say of each record whose file is missing what becomes of it."""
    for record in fileset.missing:
        code, message = "file-missing", "the record's file is not there: the record was kept"
        if text_of(record.dataset, "ReferencedSOPInstanceUIDInFile") in written:
            code, message = "file-restored", "the record's file was not there: it is written again"
        yield Remark(code, message, "/".join(record.file_id))


def _node(record: Record) -> Node:
    dataset = record.dataset
    if _MULTI_REFERENCED_RECORD in dataset:  # retired: the record names its file itself from now on
        del dataset[_MULTI_REFERENCED_RECORD]
    children = [_node(child) for child in record.children]
    file_id = record.file_id if FILE_ID not in dataset else ()
    node = Node(record.kind, dataset, children, file_id=file_id, was_there=True)
    node.folder = _folder_of(record)
    return node


def _folder_of(record: Record) -> tuple[str, ...]:
    """Return the folder of a record's files, when it is one that `create_fileset` makes."""
    depth = {"PATIENT": 1, "STUDY": 2, "SERIES": 3}.get(record.kind, 0)
    for below in record.walk() if depth else ():
        parts = below.file_id
        if len(parts) == 5 and all(re.fullmatch(*pair) for pair in zip(_OURS, parts[1:], strict=False)):
            return parts[: 1 + depth]
    return ()


def _check_tree(roots: list[Node], fileset: FileSet) -> None:
    """Refuse trees in which there is no right place for what is added."""
    for root in roots:
        if root.kind in LEAVES or root.kind in ABOVE:
            message = f"a record of type {root.kind} is at the root of the directory, where PS3.3 F.4 does not have it"
            hint = "make a new file-set of its files with `filmless media create`"
            raise FormatError(message, path=fileset.path, hint=hint)


def _names(folder: Path, roots: list[Node]) -> Iterator[tuple[str, ...]]:
    """Names that are taken: by files that are there, listed or not, and by records whose file is missing."""
    for place, folders, files in os.walk(folder):
        parts = Path(place).relative_to(folder).parts
        for name in (*folders, *files):
            yield (*parts, name)
    for root in roots:
        for node in root.walk():
            if FILE_ID in node.record:
                value = node.record[FILE_ID].value
                yield tuple(map(str, value)) if isinstance(value, list) else (str(value),)
