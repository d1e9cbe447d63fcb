"""Whether a medium is what its DICOMDIR says."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from filmless.dataset import Dataset
from filmless.errors import DicomError
from filmless.file._fileset import FileSet, Record, read_fileset
from filmless.file._read import read
from filmless.file._records import FIRST_RECORD
from filmless.file.media.creating import Source
from filmless.file.media.gathering import MEDIA_STORAGE_DIRECTORY, instance_of, text_of
from filmless.file.media.kinds import ABOVE, KINDS, ROOT_LEAVES
from filmless.file.media.profiles import EXPLICIT, Profile, profile_named
from filmless.file.media.records import COMPONENT, differing
from filmless.file.media.remarks import NO_PIXELS, Remark
from filmless.file.media.tree import LAST_RECORD
from filmless.file.media.unpacking import MAX_UNPACKED, unpacked
from filmless.file.media.writing import DIRECTORY

__all__ = ["verify_fileset"]

_MOST_COMPONENTS = 8


def verify_fileset(target: Source, *, profile: str | None = None, max_unpacked: int = MAX_UNPACKED) -> list[Remark]:
    """Compare a file-set with its DICOMDIR.

    Parameters
    ----------
    target
        Its folder, its DICOMDIR, or a ZIP, which is unpacked into a temporary folder.
    profile
        Application profile that it has to keep to, or None.
    max_unpacked
        Bytes that a ZIP may unpack to.

    Returns
    -------
    list of Remark
        What is wrong: files that are missing, unlisted, or not the instance that their record says; keys that differ or
        are missing; names, links and transfer syntaxes that are not as the Standard has them. Empty when all is well.

    Raises
    ------
    FormatError
        When it is not a DICOMDIR, or not a ZIP.
    LimitError
        When a ZIP is larger unpacked than `max_unpacked`.
    OSError
        When there is none, or it cannot be opened.

    Examples
    --------
    >>> from filmless.file.media import create_fileset, verify_fileset
    >>> create_fileset("slice.dcm", "disc.zip").written
    1
    >>> verify_fileset("disc.zip", profile="STD-GEN-CD")
    []

    DICOM
    -----
    PS3.10 8, PS3.3 F, PS3.11
    """
    path = Path(target)
    chosen = profile_named(profile)
    if path.is_file() and path.suffix.lower() == ".zip":
        with unpacked(path, max_unpacked=max_unpacked) as folder:
            return _verified(read_fileset(folder), chosen)
    return _verified(read_fileset(path), chosen)


def _verified(fileset: FileSet, profile: Profile) -> list[Remark]:
    name = fileset.path.name
    found = list(_directory(fileset))
    kinds = {"file-missing", "file-outside"}  # told of each record below, with its name
    found += [
        Remark(each.code, f"{each.message} (offset {each.offset})", name)
        for each in fileset.findings
        if each.code not in kinds
    ]
    found += _places(fileset)
    found += _unique(fileset)
    seen: set[Path] = {fileset.path}
    for patient in fileset.records:
        found += _records(patient, (), profile, seen)
    found += _unlisted(fileset, seen)
    return found


def _directory(fileset: FileSet) -> Iterator[Remark]:
    """Check the DICOMDIR itself (PS3.10 8.6, PS3.3 F.3.2.1)."""
    dataset, name = fileset.dataset, fileset.path.name
    if name != DIRECTORY:
        yield Remark("directory-name", "the directory's file is not called DICOMDIR", name)
    if text_of(dataset.file_meta, "MediaStorageSOPClassUID") != MEDIA_STORAGE_DIRECTORY:
        yield Remark("directory-class", "its SOP class is not Media Storage Directory Storage", name)
    if text_of(dataset.file_meta, "TransferSyntaxUID") != EXPLICIT:
        yield Remark("directory-syntax", "it is not in Explicit VR Little Endian", name)
    identifier = text_of(dataset, "FileSetID")
    if len(identifier) > 16 or re.search(r"[^A-Z0-9_]", identifier):
        yield Remark("file-set-id", "the File-set ID is not up to 16 of A-Z, 0-9 and _", name)
    if dataset.get("FileSetConsistencyFlag") not in {None, 0}:
        yield Remark("not-consistent", "its flag says that directory and files may not agree", name)
    offsets = [record.dataset._offset for record in fileset.records]  # noqa: SLF001
    if offsets and _number(dataset, FIRST_RECORD) == offsets[0] and _number(dataset, LAST_RECORD) != offsets[-1]:
        yield Remark("last-record", "the offset of the last record of the root is not that record's", name)


def _number(dataset: Dataset, tag: int) -> int:
    value = dataset[tag].value if tag in dataset else None
    return value if isinstance(value, int) else 0


def _places(fileset: FileSet) -> Iterator[Remark]:
    """Check that each record is below what it belongs below (PS3.3 F.4)."""

    def check(record: Record, above: str) -> Iterator[Remark]:
        expected = "" if record.kind in {"PATIENT", *ROOT_LEAVES} else ABOVE.get(record.kind, "SERIES")
        if record.kind not in KINDS:
            yield Remark("record-kind", f"`{record.kind}` is no type of a directory record", _name(record))
        elif above != expected and record.kind != "PRIVATE":
            where = f"below {above}" if above else "at the root"
            yield Remark(
                "record-place", f"a {record.kind} record is {where}, expected {expected or 'the root'}", _name(record)
            )
        for child in record.children:
            yield from check(child, record.kind)

    for record in fileset.records:
        yield from check(record, "")


def _unique(fileset: FileSet) -> Iterator[Remark]:
    """Check that no two records are of the same thing (PS3.3 F.5.1 to F.5.3), and none of the same file."""
    name = fileset.path.name
    things = {"PATIENT": "PatientID", "STUDY": "StudyInstanceUID"}
    for kind, keyword in things.items():
        values = Counter(text_of(record.dataset, keyword) for record in fileset.find(kind))
        if any(count > 1 for value, count in values.items() if value):
            yield Remark("record-repeated", f"several {kind} records have the same {keyword}", name)
    for study in fileset.studies:
        values = Counter(text_of(record.dataset, "SeriesInstanceUID") for record in study.children)
        if any(count > 1 for value, count in values.items() if value):
            yield Remark("record-repeated", "several SERIES records of a study have the same SeriesInstanceUID", name)
    instances = Counter(text_of(record.dataset, "ReferencedSOPInstanceUIDInFile") for record in fileset.walk())
    files = Counter(tuple(part.upper() for part in record.file_id) for record in fileset.walk())
    for record in fileset.walk():
        if instances[text_of(record.dataset, "ReferencedSOPInstanceUIDInFile") or "-"] > 1:
            yield Remark("instance-repeated", "several records have its SOP Instance UID", _name(record))
        if record.file_id and files[tuple(part.upper() for part in record.file_id)] > 1:
            yield Remark("file-repeated", "several records name this file", _name(record))


def _name(record: Record) -> str:
    return "/".join(record.file_id) or record.kind


def _records(record: Record, above: tuple[Record, ...], profile: Profile, seen: set[Path]) -> Iterator[Remark]:
    """Check a record and its file, and those below it."""
    yield from _keys(record)
    if record.file_id:
        yield from _file_name(record)
        if record.path is None:
            yield Remark("file-missing", "the record's file is not there", _name(record))
        else:
            seen.add(record.path)
            yield from _file(record, above, profile)
    elif record.kind in KINDS and record.kind not in {"PATIENT", "STUDY", "SERIES"}:
        yield Remark("file-missing", "the record names no file", _name(record))
    for child in record.children:
        yield from _records(child, (*above, record), profile, seen)


def _keys(record: Record) -> Iterator[Remark]:
    """Check that a record has the keys that PS3.3 F.5 requires."""
    kind = KINDS.get(record.kind)
    for key in kind.keys if kind is not None else ():
        there = key.tag in record.dataset
        if key.keyword == "StudyInstanceUID" and not there and "ReferencedSOPInstanceUIDInFile" in record.dataset:
            continue
        if key.type in {"1", "2"} and not there:
            yield Remark("key-missing", f"a {record.kind} record lacks {key.keyword}", _name(record))
        elif key.type == "1" and record.dataset[key.tag].is_empty:
            yield Remark("key-empty", f"{key.keyword} of a {record.kind} record is empty", _name(record))


def _file_name(record: Record) -> Iterator[Remark]:
    parts = record.file_id
    if len(parts) > _MOST_COMPONENTS or not all(COMPONENT.fullmatch(part) for part in parts):
        yield Remark("file-id", "its name is not up to 8 components of up to 8 of A-Z, 0-9 and _", _name(record))


def _file(record: Record, above: tuple[Record, ...], profile: Profile) -> Iterator[Remark]:
    """Check that a record's file is the instance that the record says (PS3.3 F.3.2.2)."""
    name, path = _name(record), record.path
    assert path is not None  # noqa: S101
    try:
        dataset = read(path)
        found = instance_of(dataset, path, profile)
    except (DicomError, OSError) as error:
        reason = error.message if isinstance(error, DicomError) else (error.strerror or "").lower()
        yield Remark("file-unreadable", f"it cannot be read: {reason}", name)
        return
    if dataset.preamble is None or "TransferSyntaxUID" not in dataset.file_meta:
        yield Remark("file-meta", "it has no preamble or file meta information", name)
    if isinstance(found, Remark):
        if found.code == "damaged":
            yield Remark("file-damaged", found.message, name)
        else:
            yield Remark("file-other", f"it is {found.message}", name)
        return
    if found.damage:
        yield Remark("file-damaged", found.damage, name)
    elif found.lacks_pixels:
        yield Remark("no-pixels", NO_PIXELS, name)
    syntax = text_of(dataset.file_meta, "TransferSyntaxUID")
    said = (
        ("ReferencedSOPClassUIDInFile", found.sop_class),
        ("ReferencedSOPInstanceUIDInFile", found.sop_instance),
        ("ReferencedTransferSyntaxUIDInFile", syntax),
    )
    for keyword, value in said:
        if text_of(record.dataset, keyword) != value:
            yield Remark("file-other", f"{keyword} of its record is not the file's", name)
    if syntax and not profile.allows(syntax):
        yield Remark("profile-syntax", f"{profile.name} does not allow its transfer syntax", name)
    for each in (*above, record):
        kind = KINDS.get(each.kind)
        for key in differing(each.dataset, kind, found.keys, all_keys=each is record) if kind is not None else ():
            yield Remark("key-differs", f"{key.keyword} of the {each.kind} record is not the file's", name)


def _unlisted(fileset: FileSet, seen: set[Path]) -> Iterator[Remark]:
    """Find DICOM files that no record names; others, such as a viewer, may be on a medium."""
    folder = fileset.path.parent
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(place, name)
            if path in seen or path.is_symlink() or not path.is_file():
                continue
            try:
                header = read(path, specific_tags=["SOPClassUID"])
                is_dicom = bool(header.file_meta) or "SOPClassUID" in header
            except (DicomError, OSError):
                is_dicom = path.suffix == ".part"
            if is_dicom:
                yield Remark("file-unlisted", "no record names this DICOM file", path.relative_to(folder).as_posix())
