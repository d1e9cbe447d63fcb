"""File-sets: a DICOMDIR and the files it names (PS3.10 8, PS3.3 F)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from filmless import _core
from filmless.dataset import Dataset, Finding
from filmless.errors import FormatError
from filmless.file._read import read
from filmless.file._records import MULTI_REFERENCED, arrange, kind_of

_RECORDS = 0x00041220
_FILE_ID = 0x00041500
_MULTI_REFERENCED_RECORD = 0x00041504
_SHOWN_LINES = 60


@dataclass(frozen=True, eq=False, repr=False)
class Record:
    """A directory record: a patient, a study, a series, or a file.

    Attributes
    ----------
    kind
        Directory Record Type: ``PATIENT``, ``STUDY``, ``SERIES``, ``IMAGE``, ...
    dataset
        The item of the DICOMDIR, with what it says of its kind: ``record.dataset.PatientName``.
    children
        Records below it.
    file_id
        Components of the name of its file in the file-set; empty for a record without a file.
    path
        The file, or None when there is none or it is not there.

    DICOM
    -----
    PS3.3 F.5
    """

    kind: str
    dataset: Dataset
    children: tuple[Record, ...]
    file_id: tuple[str, ...]
    path: Path | None

    def walk(self) -> Iterator[Record]:
        """Go through this record and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def files(self) -> list[Record]:
        """Records with a file that is there: this one and those below it."""
        return [record for record in self.walk() if record.path is not None]

    def read(self, **options: Any) -> Dataset:
        """Read the file of the record: `filmless.read` with its options."""
        if self.path is None:
            reason = "is not in the file-set" if self.file_id else "is none: a record above others names none"
            message = f"the file of this {self.kind} record {reason}"
            raise FileNotFoundError(message)
        return read(self.path, **options)

    def __repr__(self) -> str:
        return _label(self)


class FileSet:
    """A DICOMDIR and the files it names, as `read_fileset` gives it.

    Iterating goes through the records with a file that is there; ``len`` counts them.

    Attributes
    ----------
    path
        The DICOMDIR.
    dataset
        Its data set.
    records
        The records of the root, mostly patients.
    missing
        Records whose file is not there, or has a name that leads out of the file-set.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> fileset = filmless.read_fileset(get_testdata_file("dicomdirtests/DICOMDIR", download=False))
    >>> len(fileset), len(fileset.patients), len(fileset.find("SERIES", Modality="MR"))
    (31, 2, 7)
    >>> fileset.find("IMAGE", PatientID="98890234")[0].read().Modality
    'CT'

    DICOM
    -----
    PS3.10 8, PS3.3 F
    """

    def __init__(self, path: Path, dataset: Dataset, records: tuple[Record, ...], findings: list[Finding]) -> None:
        self.path = path
        self.dataset = dataset
        self.records = records
        self.missing = [record for record in self.walk() if record.file_id and record.path is None]
        self._findings = findings

    @property
    def findings(self) -> list[Finding]:
        """What is odd: in the DICOMDIR as a file, in its offsets, and files that are not there."""
        return [*self.dataset.findings, *self._findings]

    @property
    def files(self) -> list[Record]:
        """Records with a file that is there."""
        return [record for record in self.walk() if record.path is not None]

    @property
    def patients(self) -> list[Record]:
        """The patient records."""
        return self.find("PATIENT")

    @property
    def studies(self) -> list[Record]:
        """The study records."""
        return self.find("STUDY")

    @property
    def series(self) -> list[Record]:
        """The series records."""
        return self.find("SERIES")

    def walk(self) -> Iterator[Record]:
        """Go through all records, those below a record after it."""
        for record in self.records:
            yield from record.walk()

    def find(self, kind: str | None = None, **values: Any) -> list[Record]:
        """Return the records of a kind with some values.

        Parameters
        ----------
        kind
            Directory Record Type, or None for any.
        **values
            By keyword, what the record or one above it has to hold: images can be asked for by patient and modality.

        Raises
        ------
        KeyError
            For a word that is no keyword.
        """
        for keyword in values:
            if _core.dictionary_entry(keyword) is None:
                message = f"`{keyword}` is no keyword of the data dictionary"
                raise KeyError(message)
        found: list[Record] = []
        _find(self.records, kind, values, found)
        return found

    def __iter__(self) -> Iterator[Record]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        count = f"{len(self)} file{'' if len(self) == 1 else 's'}"
        missing = f", {len(self.missing)} missing" if self.missing else ""
        lines = [f"FileSet of {count}{missing}: {self.path}", *_lines(self.records, 1)]
        if len(lines) > _SHOWN_LINES:
            lines[_SHOWN_LINES:] = [f"   … {len(lines) - _SHOWN_LINES} more"]
        return "\n".join(lines)


def read_fileset(path: str | PathLike[str]) -> FileSet:
    """Read a DICOMDIR and find the files it names.

    Records are linked by offsets, which are often wrong or missing: the order of the records is used then, and a
    finding says so. Files are found whatever the case of their names, with the versions that CDs add (``;1``), and
    never outside the folder of the DICOMDIR.

    Parameters
    ----------
    path
        The DICOMDIR, or the folder that it lies in.

    Returns
    -------
    FileSet
        What was odd is in its ``findings``, records without their file in its ``missing``.

    Raises
    ------
    FormatError
        When it is not a DICOMDIR.
    OSError
        When there is none, or it cannot be opened.

    DICOM
    -----
    PS3.10 8, PS3.3 F
    """
    path = Path(path)
    if path.is_dir():
        names = [entry.name for entry in path.iterdir() if _plain(entry.name) == "dicomdir"]
        if not names:
            message = f"no DICOMDIR in {path}"
            raise FileNotFoundError(message)
        path /= min(names)
    dataset = read(path)
    if _RECORDS not in dataset or dataset[_RECORDS].VR != "SQ":
        message = "not a DICOMDIR: it has no Directory Record Sequence"
        raise FormatError(message, tag=_RECORDS, path=path)
    items = list(dataset[_RECORDS].value)
    arrangement = arrange(dataset, items)
    names_on_disk = _NamesOnDisk(path.parent)
    findings = arrangement.findings
    referenced = {item._offset: item for item in items if kind_of(item) == MULTI_REFERENCED}  # noqa: SLF001

    def record(at: int) -> Record:
        item = items[at]
        file_id, found = _file_id(item), None
        if not file_id and _MULTI_REFERENCED_RECORD in item:
            file_id = _file_id(referenced.get(item[_MULTI_REFERENCED_RECORD].value, item))
        if file_id:
            found, finding = names_on_disk.find(file_id, item)
            findings.extend(finding)
        return Record(kind_of(item), item, tuple(map(record, arrangement.children[at])), file_id, found)

    return FileSet(path, dataset, tuple(map(record, arrangement.roots)), findings)


# -- files on disk ---------------------------------------------------------------------------------------------------


def _file_id(item: Dataset) -> tuple[str, ...]:
    """Components of a Referenced File ID (PS3.10 8.2); some writers put slashes inside one component."""
    value = item[_FILE_ID].value if _FILE_ID in item else None
    values = value if isinstance(value, list) else [] if value is None else [value]
    parts = [part.strip() for text in map(str, values) for part in re.split(r"[/\\]", text)]
    return tuple(parts) if any(parts) else ()


def _plain(name: str) -> str:
    """Return a name without its case, its version (``;1``) and the dot that ISO 9660 puts behind some names."""
    return re.sub(r";\d+$", "", name).rstrip(".").casefold()


class _NamesOnDisk:
    """Finds the files of a file-set, whatever the case of their names, never outside its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._real = folder.resolve()
        self._listings: dict[Path, dict[str, str]] = {}

    def find(self, file_id: tuple[str, ...], item: Dataset) -> tuple[Path | None, list[Finding]]:
        """Return the file, or what is wrong with its name."""
        offset = item._offset or 0  # noqa: SLF001
        message = "the name of the record's file leads out of the file-set: it was not followed"
        outside = Finding("file-outside", _FILE_ID, offset, message)
        if not file_id[0] or any(part == ".." or ":" in part or "\0" in part for part in file_id):
            return None, [outside]
        path = self._folder
        for part in file_id:
            if part in {"", "."}:
                continue
            listing = self._listing(path)
            name = listing.get(part) or listing.get(_plain(part))
            if name is None:
                break
            path /= name
            if not path.resolve().is_relative_to(self._real):  # a link of the file system
                return None, [outside]
        else:
            if path.is_file():
                return path, []
        return None, [Finding("file-missing", _FILE_ID, offset, "the record's file is not there")]

    def _listing(self, folder: Path) -> dict[str, str]:
        """Names in a folder by themselves and by their plain form, of which the last version counts."""
        if folder not in self._listings:
            try:
                names = sorted(entry.name for entry in folder.iterdir())
            except OSError:  # not a folder, or one that cannot be read: nothing is found in it
                names = []
            self._listings[folder] = {_plain(name): name for name in names} | {name: name for name in names}
        return self._listings[folder]


# -- queries, and what a person reads ----------------------------------------------------------------------------------


def _find(records: tuple[Record, ...], kind: str | None, values: dict[str, Any], found: list[Record]) -> None:
    for record in records:
        missing = {key: value for key, value in values.items() if record.dataset.get(key) != value}
        if not missing and kind in {None, record.kind}:
            found.append(record)
        _find(record.children, kind, missing, found)


_LABELS = {
    "PATIENT": ("PatientName", "PatientID"),
    "STUDY": ("StudyDate", "StudyDescription"),
    "SERIES": ("Modality", "SeriesNumber", "SeriesDescription"),
}


def _label(record: Record) -> str:
    values = [record.dataset.get(keyword) for keyword in _LABELS.get(record.kind, ())]
    texts = [str(value) for value in values if value not in {None, ""}]
    if record.file_id:
        texts.append("/".join(record.file_id) + ("" if record.path else " (missing)"))
    if record.kind == "SERIES":
        count = len(record.files)
        texts.append(f"({count} file{'' if count == 1 else 's'})")
    return " ".join([record.kind, *texts])


def _lines(records: tuple[Record, ...], depth: int) -> Iterator[str]:
    for record in records:
        yield "   " * depth + _label(record)
        if record.kind != "SERIES":
            yield from _lines(record.children, depth + 1)
