"""The tree of directory records as it is written: who is below whom, under which names, at which offsets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, pairwise

from filmless.dataset import Dataset
from filmless.errors import FormatError
from filmless.file._read import read
from filmless.file._records import FIRST_RECORD, LOWER_LEVEL, NEXT_RECORD, RECORD_IN_USE, arrange
from filmless.file._uid import generate_uid
from filmless.file._write import encode
from filmless.file.media.gathering import MEDIA_STORAGE_DIRECTORY, Instance, text_of
from filmless.file.media.kinds import KINDS, ROOT_LEAVES
from filmless.file.media.profiles import EXPLICIT
from filmless.file.media.records import FILE_ID, IN_USE, differing, record_of
from filmless.file.media.remarks import Remark
from filmless.file.media.writing import FOLDER

__all__ = ["LAST_RECORD", "Node", "Tree", "encoded", "new_directory"]

LAST_RECORD = 0x00041202
_CONSISTENCY = 0x00041212
_RECORDS = 0x00041220
_UNWRITABLE = "the directory holds a record that is too broken to be written again"
_MADE_UP_ID = "NOID"
_LEVELS = ("PATIENT", "STUDY", "SERIES")


@dataclass(eq=False, slots=True)
class Node:
    """A record in the tree.

    Attributes
    ----------
    kind
        Directory Record Type.
    record
        Its data set.
    children
        Records below it.
    folder
        Where files of the records below it go: components of names.
    file_id
        Name of its own file.
    instance
        What its file is made from; None when the file is on the medium already, or there is none.
    was_there
        Whether it is of the directory that is updated.
    """

    kind: str
    record: Dataset
    children: list[Node] = field(default_factory=list)
    folder: tuple[str, ...] = ()
    file_id: tuple[str, ...] = ()
    instance: Instance | None = None
    was_there: bool = False

    def walk(self) -> Iterator[Node]:
        """Go through this record and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


class Tree:
    """All records of a medium, to which instances are added in their order.

    Parameters
    ----------
    roots
        Records that are there.
    names
        Names that are taken, of files and folders, as components.
    remark
        Told what was made up.
    absent
        Records among them whose file is missing, by SOP Instance UID.
    """

    def __init__(
        self,
        roots: Iterable[Node],
        names: Iterable[tuple[str, ...]],
        remark: Callable[[Remark], None],
        absent: Mapping[str, Node] | None = None,
    ) -> None:
        self.roots = list(roots)
        self._absent = absent or {}
        self._taken = {
            tuple(part.upper() for part in name[:depth]) for name in names for depth in range(1, len(name) + 1)
        }
        self._next: dict[tuple[tuple[str, ...], str], int] = {}
        self._remark = remark
        self._patients: dict[str, Node] = {}
        self._nameless: dict[tuple[str, ...], str] = {}
        self._odd: set[tuple[int, str]] = set()
        self._made_up: list[str] = []
        self._reserved: set[str] = set()
        self._studies: dict[str, tuple[Node, Node]] = {}
        self._series: dict[tuple[str, str], Node] = {}
        for patient in self.roots:
            if patient.kind == "PATIENT":
                self._know(patient)

    def _know(self, patient: Node) -> None:
        self._patients.setdefault(text_of(patient.record, "PatientID"), patient)
        for study in patient.children:
            # Where a record leaves it out, the UID of the study is that of a file it names (PS3.3 F.5.2).
            uid = text_of(study.record, "StudyInstanceUID") or text_of(study.record, "ReferencedSOPInstanceUIDInFile")
            self._studies.setdefault(uid, (patient, study))
            for series in study.children:
                self._series.setdefault((uid, text_of(series.record, "SeriesInstanceUID")), series)

    def reserve(self, identifiers: Iterable[str]) -> None:
        """Keep Patient IDs of instances that are to come from being made up for others."""
        self._reserved.update(identifiers)

    # -- adding ----------------------------------------------------------------------------------------------------

    def add(self, instance: Instance) -> Node:
        """Add an instance, with what is missing above it; give the record that there is, when only its file is missing.

        Raises
        ------
        FormatError
            When a key is required that it does not have and that cannot be made up; nothing is added then.
        """
        if instance.sop_instance in self._absent:
            return self._absent[instance.sop_instance]
        self._made_up.clear()
        leaf = self._added(instance)
        if self._made_up:
            message = f"what the directory needs was missing or invalid, and made up: {', '.join(self._made_up)}"
            self._remark(Remark("key-invented", message, str(instance.path)))
        return leaf

    def _added(self, instance: Instance) -> Node:
        kind = instance.kind
        if kind.name in ROOT_LEAVES:
            leaf = Node(kind.name, self._record(instance, kind.name, len(self.roots) + 1), instance=instance)
            leaf.file_id = self._name((FOLDER,), kind.prefix)
            self.roots.append(leaf)
            return leaf
        chain = self._above(instance)
        number = len(chain[-1].children) + 1 if chain[-1] is not None else 1
        leaf = Node(kind.name, self._record(instance, kind.name, number), instance=instance)
        folder: tuple[str, ...] = (FOLDER,)
        siblings = self.roots
        for level, known in zip(_LEVELS, chain, strict=True):
            node = known or self._new(instance, level, siblings)
            if not node.folder:
                node.folder = self._name(folder, KINDS[level].prefix)
            folder, siblings = node.folder, node.children
        leaf.file_id = self._name(folder, kind.prefix)
        siblings.append(leaf)
        return leaf

    def remove(self, leaves: Collection[Node]) -> None:
        """Take instances out again, and the records above them that were there only for them."""
        gone = set(map(id, leaves))

        def kept(nodes: list[Node]) -> list[Node]:
            found = []
            for node in nodes:
                below = kept(node.children)
                if node.was_there or (id(node) not in gone and (below or not node.children)):
                    found.append(node)
                node.children = below
            return found

        if gone:
            self.roots = kept(self.roots)

    def _above(self, instance: Instance) -> tuple[Node | None, Node | None, Node | None]:
        """Find the records above an instance, as far as they are there, and complete what they are found by."""
        keys = instance.keys
        study_uid = instance.text("StudyInstanceUID")
        patient, study = self._studies.get(study_uid, (None, None)) if study_uid else (None, None)
        if patient is None:
            patient = self._patient(instance)
        if not study_uid:
            study_uid = self._new_uid(
                instance, "StudyInstanceUID", text_of(keys, "PatientID"), *_texts(keys, "StudyID StudyDate")
            )
            study = self._studies.get(study_uid, (None, None))[1]
        series_uid = instance.text("SeriesInstanceUID")
        if not series_uid:
            series_uid = self._new_uid(instance, "SeriesInstanceUID", study_uid, *_texts(keys, "Modality SeriesNumber"))
        series = self._series.get((study_uid, series_uid))
        for node in filter(None, (patient, study, series)):
            self._compare(node, instance)
        return patient, study, series

    def _patient(self, instance: Instance) -> Node | None:
        """Find the patient of an instance; one without Patient ID is told from others by name and date of birth."""
        identifier = instance.text("PatientID")
        if not identifier:
            person = _texts(instance.keys, "PatientName PatientBirthDate")
            if person not in self._nameless:
                taken = self._reserved | self._patients.keys() | set(self._nameless.values())
                numbers = (f"{_MADE_UP_ID}{number:04}" for number in count(1))
                self._nameless[person] = next(name for name in numbers if name not in taken)
                self._told("PatientID", "a number")
            identifier = self._nameless[person]
            instance.keys.add_new("PatientID", "LO", identifier)
        return self._patients.get(identifier)

    def _new_uid(self, instance: Instance, keyword: str, *entropy: str) -> str:
        uid = str(generate_uid(entropy=[keyword, *entropy]))
        instance.keys.add_new(keyword, "UI", uid)
        self._told(keyword, "a new UID")
        return uid

    def _compare(self, node: Node, instance: Instance) -> None:
        """Tell once of a record that instances do not agree on: there is one for all that have its UID or ID."""
        for key in differing(node.record, KINDS[node.kind], instance.keys, all_keys=False):
            if (id(node), key.keyword) not in self._odd:
                self._odd.add((id(node), key.keyword))
                message = f"{key.keyword} of the {node.kind} record is that of other files, not this one's"
                self._remark(Remark("key-differs", message, str(instance.path)))

    def _new(self, instance: Instance, level: str, siblings: list[Node]) -> Node:
        node = Node(level, self._record(instance, level, len(siblings) + 1))
        siblings.append(node)
        if level == "PATIENT":
            self._patients[text_of(node.record, "PatientID")] = node
        elif level == "STUDY":
            patient = next(each for each in reversed(self.roots) if each.children is siblings)
            self._studies[instance.text("StudyInstanceUID")] = patient, node
        else:
            self._series[instance.text("StudyInstanceUID"), instance.text("SeriesInstanceUID")] = node
        return node

    def _record(self, instance: Instance, kind: str, number: int) -> Dataset:
        record = record_of(KINDS[kind], instance.keys, number, self._told)
        if kind not in _LEVELS:
            record.ReferencedSOPClassUIDInFile = instance.sop_class
            record.ReferencedSOPInstanceUIDInFile = instance.sop_instance
            record.ReferencedTransferSyntaxUIDInFile = instance.transfer_syntax
        return record

    def _told(self, keyword: str, how: str) -> None:
        self._made_up.append(f"{keyword} ({how})")

    # -- names -----------------------------------------------------------------------------------------------------

    def _name(self, folder: tuple[str, ...], prefix: str) -> tuple[str, ...]:
        """Return the next name in a folder that is not taken: eight of A-Z and 0-9 (PS3.10 8.2 and 8.5)."""
        number = self._next.get((folder, prefix), 1)
        while (name := (*folder, f"{prefix}{number:06}")) in self._taken:
            number += 1
        self._taken.add(name)
        self._next[folder, prefix] = number + 1
        return name


def _texts(dataset: Dataset, keywords: str) -> tuple[str, ...]:
    return tuple(text_of(dataset, keyword) for keyword in keywords.split())


# -- the file --------------------------------------------------------------------------------------------------------


def new_directory(file_set_id: str, file_set_uid: str | None) -> Dataset:
    """Return a DICOMDIR without records."""
    directory = Dataset()
    directory.file_meta.MediaStorageSOPClassUID = MEDIA_STORAGE_DIRECTORY
    directory.file_meta.MediaStorageSOPInstanceUID = file_set_uid or generate_uid()
    directory.FileSetID = file_set_id or None
    return directory


def encoded(directory: Dataset, roots: list[Node]) -> bytes:
    """Return the bytes of a DICOMDIR with a tree of records, at whose offsets its links point (PS3.3 F.2.2).

    Offsets have a fixed length: what is written with zeros, read and completed is written at the same places.

    Raises
    ------
    FormatError
        When a record of an old directory is too broken to be written again.
    """
    nodes = [node for root in roots for node in root.walk()]
    for node in nodes:
        _link(node.record, 0, 0)
        node.record.add_new(RECORD_IN_USE, "US", IN_USE)
        if node.file_id:
            node.record.add_new(FILE_ID, "CS", list(node.file_id))
    _set_offsets(directory, 0, 0)
    directory.add_new(_CONSISTENCY, "US", 0)
    directory.add_new(_RECORDS, "SQ", [node.record for node in nodes])
    placed = read(encode(directory, transfer_syntax=EXPLICIT, lengths="defined"))
    items = _items(placed, len(nodes))
    at = {id(node): item._offset for node, item in zip(nodes, items, strict=True)}  # noqa: SLF001
    if roots:
        _set_offsets(placed, at[id(roots[0])], at[id(roots[-1])])
    following = dict(_neighbours([roots, *(node.children for node in nodes)]))
    for node, item in zip(nodes, items, strict=True):
        after = following.get(id(node))
        _link(item, at[id(after)] if after is not None else 0, at[id(node.children[0])] if node.children else 0)
    data = encode(placed, lengths="defined")
    written = read(data)
    if arrange(written, _items(written, len(nodes))).findings:
        raise FormatError(_UNWRITABLE, tag=_RECORDS)
    return data


def _items(directory: Dataset, count: int) -> list[Dataset]:
    items = list(directory[_RECORDS].value) if _RECORDS in directory and directory[_RECORDS].VR == "SQ" else []
    if len(items) != count:
        raise FormatError(_UNWRITABLE, tag=_RECORDS)
    return items


def _set_offsets(directory: Dataset, first: int, last: int) -> None:
    directory.add_new(FIRST_RECORD, "UL", first)
    directory.add_new(LAST_RECORD, "UL", last)


def _link(record: Dataset, after: int, below: int) -> None:
    record.add_new(NEXT_RECORD, "UL", after)
    record.add_new(LOWER_LEVEL, "UL", below)


def _neighbours(levels: list[list[Node]]) -> Iterator[tuple[int, Node]]:
    for level in levels:
        for node, after in pairwise(level):
            yield id(node), after
