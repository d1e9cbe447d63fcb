"""The work on instances that go on a medium: which ones do, and their files written."""

from __future__ import annotations

import filecmp
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from filmless import _core
from filmless.dataset import Dataset
from filmless.dataset import Sequence as Items
from filmless.errors import DicomError, UnsupportedError
from filmless.file._read import read
from filmless.file.media.gathering import Instance, text_of
from filmless.file.media.profiles import GENERAL, PROFILES, Profile
from filmless.file.media.records import ICON, icon_item
from filmless.file.media.remarks import NO_PIXELS, MediaReport, Remark
from filmless.file.media.tree import Node, Tree, encoded
from filmless.file.media.writing import Target

__all__ = ["Progress", "Work"]

#: Told how many files of how many are written.
Progress = Callable[[int, int], None]
#: Files in hand for each thread: enough that none waits for a slow one before it.
_AHEAD = 8


@dataclass
class Work:
    """What is to be done with instances that go on a medium."""

    report: MediaReport
    profile: Profile
    icon: Callable[[Dataset], Any] | None
    prepare: Callable[[Dataset], Dataset] | None
    progress: Progress | None
    threads: int | None = None
    keep_damaged: bool = False

    def checked(
        self, found: Iterable[Instance], *, known: Mapping[str, Path | None], absent: Mapping[str, Node] | None = None
    ) -> list[Instance]:
        """Sort instances, drop those that are there already, and refuse what the profile does not allow.

        Parameters
        ----------
        found
            Instances.
        known
            Files on the medium by SOP Instance UID.
        absent
            Records whose file is missing and can be written again.
        """
        there = _There({}, known, {} if absent is None else absent)
        lacking: list[Instance] = []
        damaged: list[Instance] = []
        for instance in found:  # whole ones come before others, whatever they are called
            if instance.damage:
                damaged.append(instance)
            elif instance.lacks_pixels:
                lacking.append(instance)
            else:
                self._take(instance, there)
        for instance in lacking:
            if self._take(instance, there):
                self.report.remarks.append(Remark("no-pixels", NO_PIXELS, str(instance.path)))
        for instance in damaged:
            self._take_damaged(instance, there)
        refused = [instance for instance in there.first.values() if instance.needs_codec and self.prepare is None]
        if refused:
            raise self._refusal(refused)
        return sorted(there.first.values(), key=lambda instance: instance.order)

    def _take(self, instance: Instance, there: _There) -> bool:
        """Take an instance when it is the first of its UID, and tell whether it is."""
        same = there.first.get(instance.sop_instance)
        if same is not None:
            self._repeated(instance, same.path)
        elif instance.sop_instance in there.known and not _is_of(instance, there.absent.get(instance.sop_instance)):
            self._repeated(instance, there.known[instance.sop_instance])
        else:
            there.first[instance.sop_instance] = instance
            return True
        return False

    def _take_damaged(self, instance: Instance, there: _There) -> None:
        """Take a damaged instance only when that is asked for, and there is no other of its UID."""
        same = there.first.get(instance.sop_instance)
        if self.keep_damaged and (same is None or same.damage):
            if self._take(instance, there):
                self._remark(self.report.remarks, instance, "kept")
        elif same is not None:
            self._remark(self.report.remarks, instance, "left out, another file holds all of the instance")
        elif (path := there.known.get(instance.sop_instance)) is None:
            self._remark(self.report.failed, instance, "left out")
        elif _same_file(instance.path, path):
            self.report.repeated += 1
        else:
            self._remark(self.report.remarks, instance, "left out, the medium has another file of the instance")

    def _remark(self, remarks: list[Remark], instance: Instance, what: str) -> None:
        remarks.append(Remark("damaged", f"damaged, {instance.damage}: {what}", str(instance.path)))

    def _refusal(self, refused: list[Instance]) -> UnsupportedError:
        """Say what the profile does not allow, and what would."""
        count = len(refused) - 1
        more = f" (and {count} more file{'' if count == 1 else 's'})" if count else ""
        message = f"{self.profile.name} does not allow the transfer syntax of this file{more}"
        takers = [
            profile.name
            for profile in PROFILES.values()
            if all(profile.allows(instance.source_syntax) for instance in refused)
        ]
        names = f"{takers[0]} and {GENERAL}" if len(takers) > 1 else GENERAL
        verb = "keep" if len(takers) > 1 else "keeps"
        hint = f"`--transcode` decodes; `--profile` {names} {verb} it"
        return UnsupportedError(message, feature=self.profile.name, path=refused[0].path, hint=hint)

    def _repeated(self, instance: Instance, there: Path | None) -> None:
        if there is not None and _same_file(instance.path, there):
            self.report.repeated += 1
            return
        message = "another file with its SOP Instance UID is on the medium"
        if there is None:
            message = "the medium has a record of it, whose file is missing"
        self.report.failed.append(Remark("uid-conflict", message, str(instance.path)))

    def write(self, target: Target, directory: Dataset, tree: Tree, instances: Sequence[Instance]) -> None:
        """Add instances to a tree, write their files and, last, the DICOMDIR; take all away when that fails."""
        dropped: list[Node] = []
        tree.reserve(instance.text("PatientID") for instance in instances)
        try:
            for done, (instance, node, error) in enumerate(self._each(target, tree, instances), start=1):
                if error is None:
                    self.report.written += 1
                else:
                    message = str(error).partition(", in ")[0].partition("\n")[0]
                    self.report.failed.append(Remark("not-written", message, str(instance.path)))
                    dropped += [node] if node is not None else []
                if self.progress is not None:
                    self.progress(done, len(instances))
            tree.remove(dropped)
            if tree.roots:
                target.finish(encoded(directory, tree.roots))
            else:
                target.undo()
        except BaseException:
            target.undo()
            raise

    def _each(
        self, target: Target, tree: Tree, instances: Sequence[Instance]
    ) -> Iterator[tuple[Instance, Node | None, DicomError | None]]:
        """Write the files, several at a time; give each instance with its place in the tree, in their order."""
        threads = (self.threads or os.cpu_count() or 1) if target.takes_any_order else 1
        pending: deque[tuple[Instance, Node, Future[DicomError | None]]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            try:
                for instance in instances:
                    try:
                        node = tree.add(instance)
                    except DicomError as error:
                        yield instance, None, error
                        continue
                    pending.append((instance, node, pool.submit(self._put, target, node, instance)))
                    if len(pending) > _AHEAD * threads:
                        yield _finished(*pending.popleft())
                while pending:
                    yield _finished(*pending.popleft())
            finally:
                pool.shutdown(cancel_futures=True)

    def _put(self, target: Target, node: Node, instance: Instance) -> DicomError | None:
        """Write one file, and complete its record; return what is wrong with it, raise what is with the medium."""
        try:
            if instance.as_is:
                dataset = None
                target.copy(instance.path, node.file_id)
            else:
                dataset = self._written(read(instance.path), instance)
                node.record.ReferencedSOPInstanceUIDInFile = instance.sop_instance
                target.write(dataset, node.file_id, instance.transfer_syntax)
        except DicomError as error:
            return error
        node.record.ReferencedTransferSyntaxUIDInFile = instance.transfer_syntax
        if self.icon is not None and not node.was_there and node.kind == "IMAGE":
            picture = self.icon(dataset if dataset is not None else read(instance.path))
            if picture is not None:
                node.record[ICON] = Items([icon_item(picture)])
        return None

    def _written(self, dataset: Dataset, instance: Instance) -> Dataset:
        """Return what is written of a file that is not copied: decoded if need be, with its meta information."""
        if _core.transfer_syntax(instance.transfer_syntax) is None:
            message = "its transfer syntax is none that is known"
            raise UnsupportedError(message, uid=instance.transfer_syntax)
        if instance.needs_codec and self.prepare is not None:
            dataset = self.prepare(dataset)
            instance.sop_instance = text_of(dataset, "SOPInstanceUID") or instance.sop_instance
        dataset.file_meta.MediaStorageSOPClassUID = instance.sop_class
        dataset.file_meta.MediaStorageSOPInstanceUID = instance.sop_instance
        return dataset


class _There(NamedTuple):
    """What is there: instances that were taken before, files on the medium, and records whose file is missing."""

    first: dict[str, Instance]
    known: Mapping[str, Path | None]
    absent: Mapping[str, Node]


def _is_of(instance: Instance, node: Node | None) -> bool:
    """Tell whether an instance is what a record lacks."""
    return node is not None and text_of(node.record, "ReferencedSOPClassUIDInFile") == instance.sop_class


def _same_file(path: Path, other: Path) -> bool:
    """Tell whether two files hold the same data set, whatever their meta information and transfer syntax."""
    if filecmp.cmp(path, other, shallow=False):
        return True
    try:
        return read(path) == read(other)
    except DicomError:
        return False


def _finished(
    instance: Instance, node: Node, future: Future[DicomError | None]
) -> tuple[Instance, Node, DicomError | None]:
    return instance, node, future.result()
