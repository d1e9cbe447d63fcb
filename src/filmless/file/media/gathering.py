"""The instances that are to go on a medium: found in folders, and no more of them kept than the directory needs."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from filmless import _core
from filmless.dataset import DataElement, Dataset
from filmless.errors import DicomError, FormatError, LimitError, TruncatedError
from filmless.file._natural_order import natural_key
from filmless.file._read import read
from filmless.file._write import encode
from filmless.file.media.damage import damage_of, lacks_pixels
from filmless.file.media.kinds import KINDS, ROOT_LEAVES, Kind, kind_of_class
from filmless.file.media.profiles import EXPLICIT, Profile
from filmless.file.media.remarks import MediaReport, Remark

__all__ = ["MEDIA_STORAGE_DIRECTORY", "Instance", "gather", "instance_of", "text_of"]

MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"
#: Not key attributes, but what missing ones are made up from, and what says which record there is to be.
_BESIDE = (
    *("SOPClassUID", "SOPInstanceUID", "SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime"),
    *("ContentDate", "ContentTime", "InstanceCreationDate", "InstanceCreationTime"),
)
_CHARACTER_SET = 0x00080005


@dataclass(slots=True)
class Instance:
    """An instance that is to go on a medium.

    Attributes
    ----------
    path
        Its file.
    kind
        The kind of its directory record.
    keys
        The attributes that records above and for it are made from.
    sop_class, sop_instance
        Its UIDs.
    transfer_syntax
        That of the file on the medium.
    as_is
        Whether its file is copied byte for byte; else it is written anew, in `transfer_syntax`.
    needs_codec
        Whether its pixel data have to be decoded to be written in `transfer_syntax`.
    source_syntax
        Transfer syntax of its own file.
    damage
        What of it is not in its file; empty when all is.
    lacks_pixels
        Whether it is an image without pixel data.
    """

    path: Path
    kind: Kind
    keys: Dataset
    sop_class: str
    sop_instance: str
    transfer_syntax: str
    as_is: bool
    needs_codec: bool = False
    source_syntax: str = ""
    damage: str = ""
    lacks_pixels: bool = False

    def text(self, keyword: str) -> str:
        """Value of a key as text; empty when it has none."""
        return text_of(self.keys, keyword)

    @property
    def order(self) -> tuple[Any, ...]:
        """What instances are sorted by: patient, study, series, instance."""
        above: tuple[Any, ...] = ()
        if self.kind.name not in ROOT_LEAVES:
            above = (
                *map(natural_key, (self.text("PatientID"), self.text("PatientName"))),
                self.text("StudyDate"),
                self.text("StudyTime"),
                natural_key(self.text("StudyID")),
                natural_key(self.text("StudyInstanceUID")),
                natural_key(self.text("SeriesNumber")),
                natural_key(self.text("SeriesInstanceUID")),
            )
        return (
            not above,
            *above,
            natural_key(self.text("InstanceNumber")),
            natural_key(self.sop_instance),
            str(self.path),
        )


def text_of(dataset: Dataset, keyword: str) -> str:
    """Value of an attribute as text; empty when it is not there, has none, or cannot be decoded."""
    try:
        value = dataset.get(keyword)
    except FormatError:
        return ""
    return "" if value is None else str(value).strip()


def gather(
    sources: Iterable[Path], profile: Profile, report: MediaReport, *, leave_out: Path | None = None
) -> Iterator[Instance]:
    """Find the instances in files and folders, in the order of their names; what is none goes into the report."""

    def unread(error: OSError) -> None:
        message = f"cannot be read, {(error.strerror or str(error)).lower()}"
        report.failed.append(Remark("unreadable", message, os.fsdecode(error.filename or "")))

    for path in _files(sources, leave_out, unread):
        try:
            dataset = read(path)
        except (TruncatedError, LimitError) as error:
            report.failed.append(Remark("unreadable", _said(error), str(path)))
            continue
        except FormatError:
            message = "a ZIP, which is not looked into: unpack it first" if is_zipfile(path) else "not a DICOM file"
            report.passed_over.append(Remark("not-dicom", message, str(path)))
            continue
        except OSError as error:
            unread(error)
            continue
        try:
            found = instance_of(dataset, path, profile)
        except DicomError as error:
            report.failed.append(Remark("unreadable", _said(error), str(path)))
            continue
        if not isinstance(found, Remark):
            yield found
        elif found.code == "damaged":
            report.failed.append(found)
        else:
            report.passed_over.append(found)


def _said(error: DicomError) -> str:
    return str(error).partition(", in ")[0].partition("\n")[0]


def instance_of(dataset: Dataset, path: Path, profile: Profile) -> Instance | Remark:
    """Take from a file what a medium needs to know, or say why it is none of an instance.

    Parameters
    ----------
    dataset
        All that was read of it, pixel data too.
    path
        The file.
    profile
        What the medium may hold.

    Raises
    ------
    DicomError
        When a sequence of it cannot be read.
    """
    meta = dataset.file_meta
    if text_of(meta, "MediaStorageSOPClassUID") == MEDIA_STORAGE_DIRECTORY or 0x00041220 in dataset:
        return Remark("dicomdir", "a DICOMDIR: its files are taken, it is not", str(path))
    sop_class = text_of(dataset, "SOPClassUID") or text_of(meta, "MediaStorageSOPClassUID")
    sop_instance = text_of(dataset, "SOPInstanceUID") or text_of(meta, "MediaStorageSOPInstanceUID")
    damage = damage_of(dataset)
    if not sop_class or not sop_instance:
        if damage and dataset.preamble is not None:
            return Remark("damaged", f"{damage}, and before it says what it is", str(path))
        return Remark("not-instance", "no SOP instance: it has no SOP Class and SOP Instance UID", str(path))
    syntax = text_of(meta, "TransferSyntaxUID")
    is_image = "Rows" in dataset and "Columns" in dataset
    kind = kind_of_class(sop_class, is_image=is_image)
    if kind.name == "PRIVATE" and "EncapsulatedDocument" in dataset:
        kind = KINDS["ENCAP DOC"]
    proper = dataset.preamble is not None and bool(syntax)
    same = sop_class == text_of(meta, "MediaStorageSOPClassUID") and sop_instance == text_of(
        meta, "MediaStorageSOPInstanceUID"
    )
    allowed = bool(syntax) and profile.allows(syntax)
    row = _core.transfer_syntax(syntax) if syntax else None
    return Instance(
        path,
        kind,
        _kept(dataset, kind),
        sop_class,
        sop_instance,
        syntax if allowed else EXPLICIT,
        as_is=proper and allowed and (same or row is None),
        needs_codec=not allowed and bool(syntax) and (row is None or row["encapsulated"]),
        source_syntax=syntax,
        damage=damage,
        lacks_pixels=lacks_pixels(dataset),
    )


def _kept(dataset: Dataset, kind: Kind) -> Dataset:
    """Copy the keys of all records that an instance may make, and no more."""
    names = [KINDS[name].keys for name in ("PATIENT", "STUDY", "SERIES")]
    tags = {key.tag for keys in (*names, kind.keys) for key in keys}
    kept = Dataset()
    if _CHARACTER_SET in dataset:
        kept.add(dataset[_CHARACTER_SET])
    for tag in sorted(tags):
        if tag in dataset:
            element = dataset[tag] if dataset[tag].VR != "SQ" else _mended(dataset, tag)
            if element is not None:
                kept.add(element)
    for keyword in _BESIDE:
        if keyword in dataset and keyword not in kept:
            kept.add(dataset[keyword])
    if "ContentSequence" in kept:
        _keep_concept_modifiers(kept)
    if kind.name == "SR DOCUMENT":
        _keep_verification(dataset, kept)
    # Elements hold on to all that was read of their file; a copy that went through bytes is a seventh of that.
    copy: Dataset = pickle.loads(pickle.dumps(kept))  # noqa: S301  our own bytes
    return copy


def _mended(dataset: Dataset, tag: int) -> DataElement | None:
    """Return a sequence as it can be written anywhere, whatever its lengths were; None when it cannot."""
    alone = Dataset()
    for each in (_CHARACTER_SET, tag):
        if each in dataset:
            alone.add(dataset[each])
    try:
        return read(encode(alone, transfer_syntax=EXPLICIT, repair=True))[tag]
    except (DicomError, KeyError):
        return None


def _keep_concept_modifiers(kept: Dataset) -> None:
    """Of the content of a document, keep the items that modify its title: all that a record holds (PS3.3 F.5.25)."""
    items = kept["ContentSequence"].value if kept["ContentSequence"].VR == "SQ" else []
    modifiers = [item for item in items if text_of(item, "RelationshipType") == "HAS CONCEPT MOD"]
    del kept["ContentSequence"]
    if modifiers:
        kept.ContentSequence = modifiers


def _keep_verification(dataset: Dataset, kept: Dataset) -> None:
    """Keep when a document was verified last (PS3.3 F.5.25)."""
    observers = dataset.get("VerifyingObserverSequence") or []
    times = [text_of(item, "VerificationDateTime") for item in observers if isinstance(item, Dataset)]
    if text_of(dataset, "VerificationFlag") == "VERIFIED" and any(times):
        kept.VerificationDateTime = max(times)


def _files(
    sources: Iterable[str | PathLike[str]], leave_out: Path | None, unread: Callable[[OSError], None]
) -> Iterator[Path]:
    """Every file of the sources once, those in folders sorted; none in the medium itself."""
    avoid = leave_out.resolve() if leave_out is not None else None
    seen: set[Path] = set()
    for source in sources:
        path = Path(source)
        if not path.is_dir():
            os.stat(os.fspath(path))  # noqa: PTH116  one that was named has to be there
            found: Iterable[Path] = [path]
        else:
            found = _below(path, avoid, unread)
        for file in found:
            whole = file.absolute()
            if whole not in seen:
                seen.add(whole)
                yield file


def _below(folder: Path, avoid: Path | None, unread: Callable[[OSError], None]) -> Iterator[Path]:
    for place, folders, files in os.walk(folder, onerror=unread):
        folders[:] = sorted(folders, key=natural_key)
        if avoid is not None and Path(place).resolve() == avoid:
            folders.clear()
            continue
        for name in sorted(files, key=natural_key):
            path = Path(place, name)
            if path.is_file() and not (avoid is not None and path.resolve() == avoid):
                yield path
