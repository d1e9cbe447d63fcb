"""A medium is made of files, or gets more of them."""

from __future__ import annotations

import errno
import filecmp
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from filmless.dataset import Dataset
from filmless.dataset import Sequence as Items
from filmless.errors import DicomError, FormatError, UnsupportedError
from filmless.file._read import read
from filmless.file.media.gathering import Instance, gather, text_of
from filmless.file.media.profiles import Profile, profile_named
from filmless.file.media.records import ICON, icon_item
from filmless.file.media.remarks import MediaReport, Remark
from filmless.file.media.tree import Tree, encoded, new_directory
from filmless.file.media.writing import FolderTarget, Target, ZipTarget

__all__ = ["Progress", "Source", "Work", "create_fileset", "paths_of"]

Source = str | PathLike[str]
#: Told how many files of how many are written.
Progress = Callable[[int, int], None]
_FILE_SET_ID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ")


def create_fileset(
    sources: Source | Iterable[Source],
    target: Source,
    *,
    profile: str | None = "STD-GEN-CD",
    file_set_id: str = "",
    file_set_uid: str | None = None,
    icon: Callable[[Dataset], Any] | None = None,
    prepare: Callable[[Dataset], Dataset] | None = None,
    progress: Progress | None = None,
) -> MediaReport:
    """Make a file-set: copies of instances under names that every medium can hold, and the DICOMDIR that lists them.

    Files are copied byte for byte when the profile allows their transfer syntax; others among the uncompressed ones
    are written as Explicit VR Little Endian. A file without file meta information gets it. What is no instance is
    passed over, a DICOMDIR too. The DICOMDIR is written last: a folder that has one is whole.

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
        Name of the medium: up to 16 of ``A-Z``, ``0-9``, ``_`` and space.
    file_set_uid
        UID of the file-set; by default a new one.
    icon
        Makes a small picture of an image, given as data set: array of uint8 of rows and columns, at most 128 each, or
        None for no icon.
    prepare
        Decodes the pixel data of an image whose transfer syntax the profile does not allow: is given the data set, and
        returns it in Explicit VR Little Endian. Without it such an image is an error.
    progress
        Called with how many files are written, and of how many.

    Returns
    -------
    MediaReport
        How many were written, what was passed over, what failed and what was made up because the directory needs it.

    Raises
    ------
    FormatError
        When there is no instance in the sources.
    UnsupportedError
        When the profile does not allow an image and there is no `prepare`; nothing is written then.
    FileExistsError
        When the target is there and not empty.
    ValueError
        For a profile or a File-set ID that is none.
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
    if len(file_set_id) > 16 or not set(file_set_id) <= _FILE_SET_ID:
        message = "a File-set ID is up to 16 of the letters A-Z, 0-9, _ and space"
        raise ValueError(message)
    path = Path(target)
    as_zip = path.suffix.lower() == ".zip"
    if path.exists() and (as_zip or not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(errno.EEXIST, "is there and not an empty folder", str(path))
    report = MediaReport(path)
    work = Work(report, chosen, icon, prepare, progress)
    tree = Tree([], [], report.remarks.append)
    instances = work.checked(gather(paths_of(sources), chosen, report, leave_out=path), known={})
    if not instances:
        message = "no DICOM instance to put on the medium was found in the sources"
        raise FormatError(message)
    directory = new_directory(file_set_id, file_set_uid)
    path.parent.mkdir(parents=True, exist_ok=True)
    work.write(ZipTarget(path) if as_zip else FolderTarget(path), directory, tree, instances)
    return report


def paths_of(sources: Source | Iterable[Source]) -> list[Path]:
    """Return sources as paths."""
    return [Path(sources)] if isinstance(sources, str | PathLike) else [Path(source) for source in sources]


@dataclass
class Work:
    """What is to be done with instances that go on a medium."""

    report: MediaReport
    profile: Profile
    icon: Callable[[Dataset], Any] | None
    prepare: Callable[[Dataset], Dataset] | None
    progress: Progress | None

    def checked(self, found: Iterable[Instance], *, known: dict[str, Path | None]) -> list[Instance]:
        """Sort instances, drop those that are there already, and refuse what the profile does not allow.

        Parameters
        ----------
        found
            Instances.
        known
            Files on the medium by SOP Instance UID.
        """
        first: dict[str, Instance] = {}
        for instance in found:
            there = known.get(instance.sop_instance)
            same = first.get(instance.sop_instance)
            if same is not None:
                self._repeated(instance, same.path)
            elif instance.sop_instance in known:
                self._repeated(instance, there)
            else:
                first[instance.sop_instance] = instance
        refused = [instance for instance in first.values() if instance.needs_codec and self.prepare is None]
        if refused:
            more = f" (and {len(refused) - 1} more files)" if len(refused) > 1 else ""
            message = f"{self.profile.name} does not allow the transfer syntax of this file{more}"
            hint = "the profile `general` keeps every transfer syntax; `filmless media create --transcode` decodes"
            raise UnsupportedError(message, feature=self.profile.name, path=refused[0].path, hint=hint)
        return sorted(first.values(), key=lambda instance: instance.order)

    def _repeated(self, instance: Instance, there: Path | None) -> None:
        if there is not None and _same_file(instance.path, there):
            self.report.repeated += 1
            return
        message = "another file with its SOP Instance UID is on the medium"
        self.report.failed.append(Remark("uid-conflict", message, str(instance.path)))

    def write(self, target: Target, directory: Dataset, tree: Tree, instances: Sequence[Instance]) -> None:
        """Add instances to a tree, write their files and, last, the DICOMDIR; take all away when that fails."""
        try:
            for done, instance in enumerate(instances, start=1):
                try:
                    self._write(target, tree, instance)
                except DicomError as error:
                    message = str(error).partition(", in ")[0].partition("\n")[0]
                    self.report.failed.append(Remark("not-written", message, str(instance.path)))
                else:
                    self.report.written += 1
                if self.progress is not None:
                    self.progress(done, len(instances))
            if tree.roots:
                target.finish(encoded(directory, tree.roots))
            else:
                target.undo()
        except BaseException:
            target.undo()
            raise

    def _write(self, target: Target, tree: Tree, instance: Instance) -> None:
        node = tree.add(instance)
        try:
            dataset = None if instance.as_is and self.icon is None else read(instance.path)
            if instance.as_is or dataset is None:
                target.copy(instance.path, node.file_id)
            else:
                dataset = self._written(dataset, instance)
                node.record.ReferencedSOPInstanceUIDInFile = instance.sop_instance
                target.write(dataset, node.file_id, instance.transfer_syntax)
        except DicomError:
            tree.remove(node)
            raise
        if self.icon is not None and dataset is not None and node.kind == "IMAGE":
            picture = self.icon(dataset)
            if picture is not None:
                node.record[ICON] = Items([icon_item(picture)])

    def _written(self, dataset: Dataset, instance: Instance) -> Dataset:
        """Return what is written of a file that is not copied: decoded if need be, with its meta information."""
        if instance.needs_codec and self.prepare is not None:
            dataset = self.prepare(dataset)
            instance.sop_instance = text_of(dataset, "SOPInstanceUID") or instance.sop_instance
        dataset.file_meta.MediaStorageSOPClassUID = instance.sop_class
        dataset.file_meta.MediaStorageSOPInstanceUID = instance.sop_instance
        return dataset


def _same_file(path: Path, other: Path) -> bool:
    """Tell whether two files hold the same data set, whatever their meta information and transfer syntax."""
    if filecmp.cmp(path, other, shallow=False):
        return True
    try:
        return read(path) == read(other)
    except DicomError:
        return False
