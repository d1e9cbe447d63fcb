"""Performed procedure steps that are kept: a file each, and in memory what is asked of all of them."""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from filmless.archive.storage.durable import make_folder, replace_file
from filmless.dataset import Dataset
from filmless.dimse.services.worklist_items import WorklistItem
from filmless.errors import ConflictError, DicomError, NotFoundError
from filmless.file import encode, read

__all__ = ["PERFORMED_PROCEDURE_STEP", "PerformedStep", "PerformedSteps"]

PERFORMED_PROCEDURE_STEP: Final = "1.2.840.10008.3.1.2.3.3"

_SUFFIX: Final = ".dcm"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PerformedStep:
    """What is known of a step without opening its file.

    Attributes
    ----------
    uid
        SOP Instance UID.
    status
        Performed Procedure Step Status: ``"IN PROGRESS"``, ``"COMPLETED"`` or ``"DISCONTINUED"``.
    started
        Start date and time, as they are written.
    patient_id
        Patient ID.
    scheduled
        The scheduled steps that it performs: Study Instance UID and Scheduled Procedure Step ID of each.
    """

    uid: str
    status: str
    started: tuple[str, str]
    patient_id: str
    scheduled: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, ds: Dataset, uid: str) -> "PerformedStep":
        """Make it of a data set."""
        scheduled = frozenset(
            (_text(one, "StudyInstanceUID"), _text(one, "ScheduledProcedureStepID"))
            for one in _items(ds, "ScheduledStepAttributesSequence")
        )
        started = _text(ds, "PerformedProcedureStepStartDate"), _text(ds, "PerformedProcedureStepStartTime")
        return cls(uid, _text(ds, "PerformedProcedureStepStatus"), started, _text(ds, "PatientID"), scheduled)

    @property
    def studies(self) -> frozenset[str]:
        """The Study Instance UIDs that it is of."""
        return frozenset(study for study, _ in self.scheduled)


class PerformedSteps:
    """The performed procedure steps of a folder. Use it from any thread; one process at a time may write to it.

    What was created or changed is on the disk, with its name, before the call returns.

    Parameters
    ----------
    folder
        Where the files are; it is made when the first step comes. Their names are digests of their UIDs.

    Examples
    --------
    >>> from filmless.dimse.services.performed_steps import PerformedSteps
    >>> steps = PerformedSteps("performed")
    >>> steps.create("1.2.3", Dataset({"PerformedProcedureStepStatus": "IN PROGRESS"})).status
    'IN PROGRESS'
    >>> PerformedSteps("performed").get("1.2.3").PerformedProcedureStepStatus
    'IN PROGRESS'

    DICOM
    -----
    PS3.4 F.7
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._lock = threading.Lock()
        self._steps: dict[str, PerformedStep] | None = None
        self._by_scheduled: dict[tuple[str, str], dict[str, str]] = {}

    def steps(self) -> list[PerformedStep]:
        """Return what is known of all steps, the latest first."""
        with self._lock:
            return sorted(self._known().values(), key=lambda step: step.started, reverse=True)

    def get(self, uid: str) -> Dataset:
        """Return a step.

        Raises
        ------
        NotFoundError
            There is no such step.
        FormatError
            Its file is damaged.
        """
        with self._lock:
            if uid not in self._known():
                raise NotFoundError("there is no such performed procedure step")
            return self._read(uid)

    def create(self, uid: str, ds: Dataset) -> PerformedStep:
        """Keep a new step.

        Raises
        ------
        ConflictError
            There is one of this UID.
        OSError
            It cannot be written.
        """
        with self._lock:
            if uid in self._known():
                raise ConflictError("there is a performed procedure step of this UID")
            return self._write(uid, ds)

    def change(self, uid: str, changed: Callable[[Dataset], Dataset]) -> PerformedStep:
        """Put a step in the place of another one, which a function makes of it; nobody else changes it meanwhile.

        Raises
        ------
        NotFoundError
            There is no such step.
        OSError
            It cannot be written.
        """
        with self._lock:
            if uid not in self._known():
                raise NotFoundError("there is no such performed procedure step")
            return self._write(uid, changed(self._read(uid)))

    def progress(self, item: WorklistItem) -> WorklistItem | None:
        """Return a worklist item as it is offered while its step is performed: ``STARTED``; None when it is done."""
        with self._lock:
            self._known()
            states = set(self._by_scheduled.get((item.study_uid, item.step_id), {}).values())
        if "COMPLETED" in states:
            return None
        return item.with_status("STARTED") if "IN PROGRESS" in states else item

    # -- files ---------------------------------------------------------------------------------------------------

    def _known(self) -> dict[str, PerformedStep]:
        if self._steps is None:
            steps: dict[str, PerformedStep] = {}
            for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
                try:
                    ds = read(path)
                    uid = str(ds.file_meta.MediaStorageSOPInstanceUID)
                    if path != self._at(uid):
                        raise ConflictError("its name is not that of its UID")
                    steps[uid] = PerformedStep.of(ds, uid)
                except (DicomError, OSError, AttributeError) as error:
                    why = error.message if isinstance(error, DicomError) else type(error).__name__
                    _log.warning("a performed procedure step is passed over: %s: %s", path, why)
            self._steps = steps
            for step in steps.values():
                self._note(step)
        return self._steps

    def _note(self, step: PerformedStep) -> None:
        for scheduled in step.scheduled:
            self._by_scheduled.setdefault(scheduled, {})[step.uid] = step.status

    def _read(self, uid: str) -> Dataset:
        return read(self._at(uid))

    def _write(self, uid: str, ds: Dataset) -> PerformedStep:
        step = PerformedStep.of(ds, uid)
        kept = ds.copy()
        kept.file_meta = Dataset()
        kept.file_meta.MediaStorageSOPClassUID = PERFORMED_PROCEDURE_STEP
        kept.file_meta.MediaStorageSOPInstanceUID = uid
        make_folder(self.folder)
        replace_file(self._at(uid), encode(kept, transfer_syntax="ExplicitVRLittleEndian"))
        self._known()[uid] = step
        self._note(step)
        return step

    def _at(self, uid: str) -> Path:
        return self.folder / f"{hashlib.sha256(uid.encode()).hexdigest()[:32]}{_SUFFIX}"


def _items(ds: Dataset, keyword: str) -> Iterator[Dataset]:
    if keyword in ds and ds[keyword].VR == "SQ":
        yield from ds[keyword].value


def _text(ds: Dataset, keyword: str) -> str:
    value: Any = ds[keyword].text if keyword in ds else None
    return str(value or "").strip()
