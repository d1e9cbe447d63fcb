"""Instance availability: who wants to know is told which instances of a study can be had (PS3.4 R)."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from filmless._core import Acceptable
from filmless.archive import Archive, Outcome
from filmless.dataset import Dataset
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.notifying import AVAILABILITY, Notice, Notifier
from filmless.dimse.status import SUCCESS
from filmless.dimse.uids import NATIVE
from filmless.errors import NotFoundError
from filmless.file import generate_uid
from filmless.file.uid_grammar import is_uid

__all__ = ["Availability", "Notified", "availability", "availability_of"]

_MISSING_ATTRIBUTE: Final = 0x0120
_MISSING_VALUE: Final = 0x0121
_INVALID_INSTANCE: Final = 0x0117
_LONGEST: Final = 16 << 20
_TAGS: Final = {"StudyInstanceUID": 0x0020_000D, "ReferencedSeriesSequence": 0x0008_1115}


@dataclass(frozen=True, slots=True)
class Notified:
    """What a peer told us.

    Attributes
    ----------
    study_uid
        The study.
    instances
        How many of its instances it names, by their availability: ``"ONLINE"``, ``"NEARLINE"``, ``"OFFLINE"`` or
        ``"UNAVAILABLE"``.
    sender
        AE title of who told it.
    """

    study_uid: str
    instances: dict[str, int]
    sender: str


def availability(told: Callable[[Notified], None] | None = None) -> Service:
    """Take notifications. They are not kept: a line of the audit has their study.

    Parameters
    ----------
    told
        Called, in a thread, with each.

    DICOM
    -----
    PS3.4 R.3
    """

    async def create(request: Request) -> None:
        request.require("write")
        uid = request.command.get("AffectedSOPInstanceUID") or generate_uid()
        ds = await request.dataset(limit=_LONGEST)
        names = ("StudyInstanceUID", "ReferencedSeriesSequence")
        absent = [name for name in names if ds is None or name not in ds]
        if not is_uid(uid):
            await request.respond(_INVALID_INSTANCE)
        elif ds is None or absent:
            await request.respond(_MISSING_ATTRIBUTE, AttributeIdentifierList=[_TAGS[name] for name in absent])
        elif empty := [name for name in names if ds[name].is_empty]:
            await request.respond(_MISSING_VALUE, AttributeIdentifierList=[_TAGS[name] for name in empty])
        else:
            notified = await request.in_thread(_understood, ds, request.association.calling_ae_title)
            if is_uid(notified.study_uid):
                request.studies.add(notified.study_uid)
            request.counts["references"] = sum(notified.instances.values())
            if told is not None:
                await request.in_thread(told, notified)
            await request.respond(SUCCESS, AffectedSOPInstanceUID=uid)

    return Service((Acceptable(AVAILABILITY, NATIVE),), {"N-CREATE": create})


def _understood(ds: Dataset, sender: str) -> Notified:
    counts: dict[str, int] = {}
    for series in ds["ReferencedSeriesSequence"].value if ds["ReferencedSeriesSequence"].VR == "SQ" else ():
        if "ReferencedSOPSequence" in series and series["ReferencedSOPSequence"].VR == "SQ":
            for one in series["ReferencedSOPSequence"].value:
                said = str(one["InstanceAvailability"].text or "") if "InstanceAvailability" in one else ""
                kind = said if said in {"ONLINE", "NEARLINE", "OFFLINE", "UNAVAILABLE"} else "other"
                counts[kind] = counts.get(kind, 0) + 1
    return Notified(str(ds["StudyInstanceUID"].text or ""), counts, sender)


def availability_of(archive: Archive, study_uid: str, *, ae_title: str) -> Dataset:
    """Return a notification of what the archive has of a study.

    Parameters
    ----------
    archive
        The archive.
    study_uid
        The study.
    ae_title
        Whom instances are retrieved from.

    Raises
    ------
    NotFoundError
        The archive has nothing of the study.

    DICOM
    -----
    PS3.4 R.3.2, PS3.3 C.4.23
    """
    entries = archive.entries(study_uid)
    if not entries:
        raise NotFoundError("there is no such study")
    series: dict[str, list[Dataset]] = {}
    for entry in entries:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = entry.sop_class_uid, entry.instance_uid
        item.InstanceAvailability, item.RetrieveAETitle = "ONLINE", ae_title
        series.setdefault(entry.series_uid, []).append(item)
    ds = Dataset()
    ds.ReferencedPerformedProcedureStepSequence = []
    ds.StudyInstanceUID = study_uid
    ds.ReferencedSeriesSequence = [
        Dataset({"SeriesInstanceUID": uid, "ReferencedSOPSequence": items}) for uid, items in series.items()
    ]
    return ds


class Availability:
    """Notifies peers of studies, each once nothing more of it came for a while.

    Parameters
    ----------
    archive
        What studies are in.
    notifier
        What tells the peers.
    ae_title
        Whom instances are retrieved from.
    quiet_s
        How long nothing of a study has to come, in seconds.
    """

    def __init__(self, archive: Archive, notifier: Notifier, *, ae_title: str, quiet_s: float = 60.0) -> None:
        self._archive, self._notifier = archive, notifier
        self._ae_title, self._quiet_s = ae_title, quiet_s
        self._lock = threading.Lock()
        self._due: dict[str, float] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()

    def arrived(self, outcome: Outcome) -> None:
        """Note what became of an instance, as `Archive.tell_outcomes` tells it; call it from any thread."""
        if outcome.kind not in {"stored", "replaced"} or not self._notifier.has_peers:
            return
        with self._lock:
            if self._loop is None:
                return
            is_first = not self._due
            # The one that came last is due last: they stay in order, and to look at the first ones is enough.
            self._due.pop(outcome.study_uid, None)
            self._due[outcome.study_uid] = self._loop.time() + self._quiet_s
            if is_first:
                self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Have peers notified, until it is cancelled."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        try:
            while True:
                self._woken.clear()
                due, wait_s = self._taken()
                for study_uid in due:
                    self._notifier.tell(self._notice(study_uid))
                try:
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()
                except TimeoutError:
                    continue
        finally:
            with self._lock:
                self._loop = None

    def _taken(self) -> tuple[list[str], float | None]:
        """Return the studies that are due, and how long until the next one is."""
        with self._lock:
            now = asyncio.get_running_loop().time()
            due = [study_uid for study_uid, _ in takewhile(lambda row: row[1] <= now, self._due.items())]
            for study_uid in due:
                del self._due[study_uid]
            return due, next((at - now for at in self._due.values()), None)

    def _notice(self, study_uid: str) -> Notice:
        def made() -> Dataset:
            return availability_of(self._archive, study_uid, ae_title=self._ae_title)

        return Notice("N-CREATE", AVAILABILITY, str(generate_uid()), {}, made)
