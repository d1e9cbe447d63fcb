"""The items of a modality worklist: files of a folder, as DCMTK's `wlmscpfs` has them, read again when they change."""

import hashlib
import json
import logging
import os
import re
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from filmless.archive.storage.durable import make_folder, replace_file, sync_folder
from filmless.convert.header.given import data_set_of
from filmless.convert.header.sources import data_sets_within
from filmless.dataset import Dataset
from filmless.errors import DicomError, FormatError, LimitError
from filmless.file import encode, generate_uid
from filmless.file.uid_grammar import is_uid

__all__ = ["SUFFIXES", "WorklistFolder", "WorklistItem", "step_items_of"]

SUFFIXES: Final = (".wl", ".dcm", ".json")
"""What the names of files end with that are items."""

_MODALITY_WORKLIST: Final = "1.2.840.10008.5.1.4.31"
_STEPS: Final = "ScheduledProcedureStepSequence"
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SETTLED_NS: Final = 100_000_000  # a file that was changed so lately may change again within one tick of its clock

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class WorklistItem:
    """A scheduled procedure step, and the procedure, order and patient that it is of.

    Attributes
    ----------
    name
        Of the file it is in, for a URL; the steps of one file share it.
    dataset
        The entry, with this step alone in its Scheduled Procedure Step Sequence.
    attributes
        The same as DICOM JSON: what keys are matched with.
    """

    name: str
    dataset: Dataset
    attributes: Mapping[str, Any]

    @property
    def patient_id(self) -> str:
        """Patient ID."""
        return _text(self.attributes, "00100020")

    @property
    def study_uid(self) -> str:
        """Study Instance UID."""
        return _text(self.attributes, "0020000D")

    @property
    def step_id(self) -> str:
        """Scheduled Procedure Step ID."""
        return _text(self._step, "00400009")

    @property
    def starts(self) -> tuple[str, str]:
        """When it starts: date and time, as they are written."""
        return _text(self._step, "00400002"), _text(self._step, "00400003")

    @property
    def _step(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.attributes["00400100"]["Value"][0]
        return found

    def with_status(self, status: str) -> "WorklistItem":
        """Return it with another Scheduled Procedure Step Status."""
        ds = self.dataset.copy()
        ds[_STEPS].value[0].ScheduledProcedureStepStatus = status
        return replace(self, dataset=ds, attributes=_attributes(ds))


class _Version(NamedTuple):
    """What tells a file from what it was before."""

    modified_ns: int
    size: int
    inode: int


class _Read(NamedTuple):
    version: _Version
    at_ns: int
    items: tuple[WorklistItem, ...]


class WorklistFolder:
    """The items of a folder. Use it from any thread.

    Whoever asks gets what the folder has at that moment: its files are looked at each time, and read when they are new
    or changed. What is no item is passed over, and the log says once why.

    Parameters
    ----------
    folder
        Where the items are: files whose names end with ``.wl``, ``.dcm`` or ``.json``. Folders in it are not looked
        into, links are not followed.
    most_files
        How many files are looked at.
    most_bytes
        How long an item may be.

    Examples
    --------
    >>> from filmless.dimse.services.worklist_items import WorklistFolder
    >>> items = WorklistFolder("worklist")
    >>> step = {"Modality": "CT", "ScheduledProcedureStepStartDate": "20260131"}
    >>> items.put("1.2.3", Dataset({"PatientID": "42", "ScheduledProcedureStepSequence": [Dataset(step)]}))
    ('1.2.3', True)
    >>> [item.patient_id for item in items.items()]
    ['42']

    DICOM
    -----
    PS3.4 K
    """

    def __init__(self, folder: str | os.PathLike[str], *, most_files: int = 50_000, most_bytes: int = 1 << 20) -> None:
        self.folder = Path(folder)
        self._most_files, self._most_bytes = most_files, most_bytes
        self._known: dict[str, _Read] = {}
        self._reading = threading.Lock()

    # -- what there is -------------------------------------------------------------------------------------------

    def items(self) -> list[WorklistItem]:
        """Return all items, in the order of their files' names.

        Raises
        ------
        OSError
            The folder cannot be read.
        """
        with self._reading:
            self._look()
            return [item for _, read in sorted(self._known.items()) for item in read.items]

    def get(self, name: str) -> list[WorklistItem]:
        """Return the steps of one file by its name in URLs; none when there is no such file.

        Raises
        ------
        OSError
            The folder cannot be read.
        """
        with self._reading:
            self._look()
            file = self._file_named(name)
            return [] if file is None else list(self._known[file].items)

    def _file_named(self, name: str) -> str | None:
        """Return the file of a name. A name is looked up among those that there are: it never becomes a path."""
        wanted = {name, _own_name(name)}
        return next((file for file, read in self._known.items() if read.items and read.items[0].name in wanted), None)

    def _look(self) -> None:
        """Read what is new or changed, forget what is gone."""
        seen: dict[str, _Version] = {}
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    version = _version_of(entry)
                    if version is None:
                        continue
                    if len(seen) == self._most_files:
                        _log.warning("the worklist has more than %d files: the others are passed over", len(seen))
                        break
                    seen[entry.name] = version
        except FileNotFoundError:
            seen = {}
        for name in self._known.keys() - seen.keys():
            del self._known[name]
        for name, version in seen.items():
            known = self._known.get(name)
            if known is None or known.version != version or version.modified_ns > known.at_ns - _SETTLED_NS:
                self._known[name] = self._read_again(name, version, known)

    def _read_again(self, name: str, version: _Version, known: _Read | None) -> _Read:
        at_ns = time.time_ns()
        try:
            found = tuple(self._items_of(name))
        except (DicomError, OSError, TypeError, ValueError, KeyError, AttributeError, RecursionError) as error:
            if known is None or known.version != version:
                # Only an error of ours is safe to repeat: others may show a value.
                why = error.message if isinstance(error, DicomError) else type(error).__name__
                _log.warning("a worklist file is passed over: %s: %s", self.folder / name, why)
            found = ()
        return _Read(version, at_ns, found)

    def _items_of(self, file: str) -> Iterator[WorklistItem]:
        content = _content(self.folder / file, most=self._most_bytes)
        stem = file.rpartition(".")[0]
        name = stem if _PLAIN.fullmatch(stem) and file.endswith(".wl") else file
        if not _PLAIN.fullmatch(name):
            name = _digest(os.fsencode(file))
        for one in data_sets_within(content, "worklist"):
            ds = one if isinstance(one, Dataset) else data_set_of(one)
            yield from step_items_of(ds, name)

    # -- changes -------------------------------------------------------------------------------------------------

    def put(self, name: str, dataset: Dataset) -> tuple[str, bool]:
        """Write an item, durably; it takes the place of one of the same name.

        Parameters
        ----------
        name
            What it is to be called; what is no UID is called by its digest.
        dataset
            The entry, with one scheduled procedure step or more.

        Returns
        -------
        tuple of str and bool
            How it is called, and whether it is new.

        Raises
        ------
        FormatError
            It has no scheduled procedure step.
        LimitError
            It is longer than an item may be.
        OSError
            It cannot be written.
        """
        own = _own_name(name)
        list(step_items_of(dataset, own))
        ds = dataset.copy()
        ds.file_meta = Dataset()
        ds.file_meta.MediaStorageSOPClassUID = _MODALITY_WORKLIST
        ds.file_meta.MediaStorageSOPInstanceUID = own if is_uid(own) else generate_uid(entropy=[own])
        content = encode(ds, transfer_syntax="ExplicitVRLittleEndian")
        if len(content) > self._most_bytes:
            message = f"a worklist item of more than {self._most_bytes} bytes"
            raise LimitError(message, limit="most_bytes", value=self._most_bytes)
        make_folder(self.folder)
        with self._reading:
            self._look()
            there = self._file_named(name)
            file = there if there is not None and there.endswith(".wl") else f"{own}.wl"
            replace_file(self.folder / file, content)
            if there is not None and there != file:
                (self.folder / there).unlink(missing_ok=True)
                sync_folder(self.folder)
            self._known.pop(file, None)
        return own, there is None

    def delete(self, name: str) -> bool:
        """Remove the file of an item; return whether there was one.

        Raises
        ------
        OSError
            It cannot be removed.
        """
        with self._reading:
            self._look()
            file = self._file_named(name)
            if file is None:
                return False
            (self.folder / file).unlink(missing_ok=True)
            sync_folder(self.folder)
            self._known.pop(file, None)
            return True


def step_items_of(ds: Dataset, name: str) -> Iterator[WorklistItem]:
    """Give an item for each scheduled procedure step of an entry: an answer has one step (PS3.4 K.6.1.2.2).

    Raises
    ------
    FormatError
        There is none.
    """
    steps = ds[_STEPS].value if _STEPS in ds and ds[_STEPS].VR == "SQ" else ()
    if not len(steps):
        raise FormatError("a worklist item without Scheduled Procedure Step Sequence, expected one step or more")
    for step in list(steps):
        one = ds
        if len(steps) > 1:
            one = ds.copy()
            one[_STEPS] = [step.copy()]
        yield WorklistItem(name, one, _attributes(one))


def _attributes(ds: Dataset) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(ds.to_json(bulk_data="skip"))
    return found


def _text(attributes: Mapping[str, Any], tag: str) -> str:
    values = (attributes.get(tag) or {}).get("Value") or [""]
    return str(values[0] if values[0] is not None else "").strip()


def _version_of(entry: os.DirEntry[str]) -> _Version | None:
    """Return what tells a file from what it was before; None for what is no item."""
    if entry.name.startswith(".") or not entry.name.lower().endswith(SUFFIXES):
        return None
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:  # it went meanwhile
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return _Version(found.st_mtime_ns, found.st_size, found.st_ino)


def _content(path: Path, *, most: int) -> bytes:
    """Read a file, and not what a link that took its place leads to."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FormatError("no regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise LimitError(f"a worklist item of more than {most} bytes", limit="most_bytes", value=most)
    return content


def _own_name(name: str) -> str:
    return name if is_uid(name) else _digest(name.encode("utf-8", "surrogatepass"))


def _digest(name: bytes) -> str:
    return hashlib.sha256(name).hexdigest()[:32]
