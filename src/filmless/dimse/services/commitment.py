"""Storage commitment: whoever asks is told what the archive keeps, once its digests were looked at (PS3.4 J)."""

import asyncio
import hashlib
import logging
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Final, NamedTuple

from filmless._core import Acceptable, RoleSelection
from filmless.archive import Archive, Within
from filmless.dataset import Dataset
from filmless.dimse.association import Association
from filmless.dimse.connecting import connect
from filmless.dimse.driving import run
from filmless.dimse.operations.requesting import answered, ask, request_of
from filmless.dimse.peer import Peer
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.pending import Pending, PendingFolder
from filmless.dimse.status import SUCCESS
from filmless.dimse.steps import Give, Operation
from filmless.dimse.uids import NATIVE
from filmless.errors import DicomError, LimitError, NetworkError
from filmless.file import encode
from filmless.file.uid_grammar import is_uid

__all__ = ["PUSH_MODEL", "StorageCommitment", "reporting_to"]

PUSH_MODEL: Final = "1.2.840.10008.1.20.1"
_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
_SYNTAXES: Final = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2")

_NO_SUCH_INSTANCE: Final = 0x0112
_NO_SUCH_CLASS: Final = 0x0118
_MISSING_ATTRIBUTE: Final = 0x0120
_INVALID_ARGUMENT: Final = 0x0115
_NO_SUCH_ACTION: Final = 0x0123
_LIMITATION: Final = 0x0213
_FAILED: Final = 0x0110
_CONFLICT: Final = 0x0119

_PIECE: Final = 1 << 20
_AT_A_TIME: Final = 2

_log = logging.getLogger(__name__)


class _Job(NamedTuple):
    pending: Pending
    association: Association | None
    context: int


class StorageCommitment:
    """Answers N-ACTION of the Storage Commitment Push Model, and reports by N-EVENT-REPORT.

    Parameters
    ----------
    archive
        What instances have to be in.
    peers
        By AE title, an association to report on that is to be opened, as `reporting_to` gives it; None for a peer whose
        address nobody knows.
    folder
        Where requests wait for their report, a JSON file for each; by default ``commitment`` in the archive's folder.
    on_same_association
        Whether it is reported on the association of the request while that is open.
    attempts
        How often a report is tried on associations of its own, before it is given up.
    first_delay_s, longest_delay_s
        How long it waits between attempts: twice as long each time.
    most_pending
        How many requests may wait; more are refused.
    most_references
        How many instances all that wait may be about; requests beyond are refused.

    Attributes
    ----------
    service
        What an `Scp` has among its services. `run` has to run, too.

    Notes
    -----
    An instance is committed when its file, read to the end, has the SHA-256 of the index.

    DICOM
    -----
    PS3.4 J.3
    """

    def __init__(
        self,
        archive: Archive,
        *,
        peers: Callable[[str], AbstractAsyncContextManager[Peer] | None] = lambda _ae_title: None,
        folder: str | os.PathLike[str] | None = None,
        on_same_association: bool = True,
        attempts: int = 12,
        first_delay_s: float = 5.0,
        longest_delay_s: float = 3600.0,
        most_pending: int = 1000,
        most_references: int = 1_000_000,
    ) -> None:
        self._archive, self._peers = archive, peers
        self._folder = PendingFolder(Path(folder) if folder is not None else archive.folder / "commitment")
        self._on_same = on_same_association
        self._attempts, self._first_s, self._longest_s = attempts, first_delay_s, longest_delay_s
        self._most, self._most_references = most_pending, most_references
        self._references = 0
        self._jobs: dict[str, asyncio.Task[None]] = {}
        self._new: asyncio.Queue[_Job] = asyncio.Queue()
        self._reading = asyncio.Semaphore(_AT_A_TIME)
        self.service = Service((Acceptable(PUSH_MODEL, NATIVE),), {"N-ACTION": self._act})

    # -- requests ------------------------------------------------------------------------------------------------

    async def _act(self, request: Request) -> None:
        status, pending = await self._understood(request)
        if pending is not None and self._is_too_much(pending):
            status, pending = _LIMITATION, None
        if pending is not None:
            self._references += len(pending.references)
            # Before it is answered: whoever was told yes is told what became of it, whatever happens here.
            try:
                await asyncio.to_thread(self._folder.keep, pending)
            except OSError:
                self._references -= len(pending.references)
                status, pending = _LIMITATION, None
        try:
            await request.respond(status)
        finally:  # what is kept is attended to, also when the peer is gone
            if pending is not None:
                self._new.put_nowait(_Job(pending, request.association, request.context.id))

    def _is_too_much(self, pending: Pending) -> bool:
        waiting = len(self._jobs) + self._new.qsize()
        return waiting >= self._most or self._references + len(pending.references) > self._most_references

    async def _understood(self, request: Request) -> tuple[int, Pending | None]:
        command, association = request.command, request.association
        request.require("write")
        if command.get("RequestedSOPClassUID") != PUSH_MODEL:
            return _NO_SUCH_CLASS, None
        if command.get("RequestedSOPInstanceUID") != _INSTANCE:
            return _NO_SUCH_INSTANCE, None
        if command.get("ActionTypeID") != 1:
            return _NO_SUCH_ACTION, None
        ds = await request.dataset()
        references = () if ds is None else await request.in_thread(_referenced, ds, self._most_references)
        if ds is None or not ds.get("TransactionUID") or not references:
            return _MISSING_ATTRIBUTE, None
        if not is_uid(ds.TransactionUID) or not all(is_uid(uid) for reference in references for uid in reference):
            return _INVALID_ARGUMENT, None
        request.counts["instances"] = len(references)
        return SUCCESS, Pending(
            str(ds.TransactionUID),
            association.calling_ae_title,
            association.called_ae_title,
            references,
            _sorted(request.within.patients),
            _sorted(request.within.studies),
        )

    # -- reports -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Verify and report what is asked for, and first what an earlier process left, until it is cancelled."""
        try:
            for pending in await asyncio.to_thread(self._left_behind):
                self._references += len(pending.references)
                self._begin(_Job(pending, None, 0))
            while True:
                self._begin(await self._new.get())
        finally:
            tasks = list(self._jobs.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _left_behind(self) -> list[Pending]:
        try:
            return list(self._folder.all())
        except OSError as error:  # what is asked for from now on is attended to all the same
            _log.error("storage commitment: what waits cannot be read: %s", error.strerror)
            return []

    def _begin(self, job: _Job) -> None:
        name = job.pending.name
        if name in self._jobs:  # the peer asks again, and is told once
            self._references -= len(job.pending.references)
            return
        task = asyncio.get_running_loop().create_task(self._attend(job))
        self._jobs[name] = task
        task.add_done_callback(lambda _task: self._ended(job.pending))

    def _ended(self, pending: Pending) -> None:
        self._references -= len(pending.references)
        self._jobs.pop(pending.name, None)

    async def _attend(self, job: _Job) -> None:
        pending = job.pending
        try:
            async with self._reading:
                committed, failed = await asyncio.to_thread(self._verify, pending)
                event, report = await asyncio.to_thread(_report, pending, committed, failed)
            if await self._report_here(job, event, report) or await self._report_anew(pending, event, report):
                _log.info("storage commitment: %d committed, %d failed", len(committed), len(failed))
            else:
                _log.warning("storage commitment: a report is given up, the peer cannot be reached")
            await asyncio.to_thread(self._folder.forget, pending)
        except Exception as error:  # noqa: BLE001 - whatever it is, what is kept is tried again by the next start
            _log.error("storage commitment: a request cannot be attended to: %s", type(error).__name__)

    def _verify(self, pending: Pending) -> tuple[list[tuple[str, str]], list[tuple[str, str, int]]]:
        committed, failed = [], []
        within = Within(*(None if some is None else frozenset(some) for some in (pending.patients, pending.studies)))
        for sop_class, instance in pending.references:
            reason = self._reason_against(sop_class, instance, within)
            if reason is None:
                committed.append((sop_class, instance))
            else:
                failed.append((sop_class, instance, reason))
        return committed, failed

    def _reason_against(self, sop_class: str, instance: str, within: Within) -> int | None:
        """Return why an instance cannot be committed (PS3.3 C.14.1.1); None when it can be."""
        try:
            entry = self._archive.index.find(instance)
            if entry is None or not within.holds(entry.patient_id, entry.study_uid):
                return _NO_SUCH_INSTANCE
            if entry.sop_class_uid != sop_class:
                return _CONFLICT
            digest, size = hashlib.sha256(), 0
            with closing(self._archive.open(entry)) as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
        except (DicomError, OSError):
            return _FAILED
        return None if (size, digest.hexdigest()) == (entry.size, entry.sha256) else _FAILED

    async def _report_here(self, job: _Job, event: int, report: Dataset) -> bool:
        """Report on the association of the request, if the peer is still there."""
        association = job.association
        if association is None or not self._on_same or association.link.error is not None:
            return False
        try:
            await _send_report(association, job.context, event, report)
        except NetworkError:  # it went away, or does not take it here
            return False
        return True

    async def _report_anew(self, pending: Pending, event: int, report: Dataset) -> bool:
        """Report on an association of its own; try again and again."""
        while pending.attempts < self._attempts:
            opening = self._peers(pending.calling_ae_title)
            if opening is None:
                return False
            try:
                async with opening as peer:
                    await _send_report(peer.association, _context_of(peer.association), event, report)
            except NetworkError as error:
                _log.info("storage commitment: a report failed: %s", error.message)
            else:
                return True
            pending = pending.failed_again()
            await asyncio.to_thread(self._folder.keep, pending)
            if pending.attempts < self._attempts:
                await asyncio.sleep(min(self._longest_s, self._first_s * 2 ** (pending.attempts - 1)))
        return False


def reporting_to(address: str, *, calling_ae_title: str, **options: object) -> AbstractAsyncContextManager[Peer]:
    """Return an association on which a peer is told of commitments: here the one who opens it is the SCP.

    Parameters
    ----------
    address
        ``AE@host:port``.
    calling_ae_title
        Ours.
    **options
        See `filmless.dimse.connect`.
    """
    return connect(
        address,
        calling_ae_title=calling_ae_title,
        contexts=((PUSH_MODEL, _SYNTAXES),),
        roles=(RoleSelection(PUSH_MODEL, scu=False, scp=True),),
        **options,  # type: ignore[arg-type]
    )


def _report(
    pending: Pending, committed: list[tuple[str, str]], failed: list[tuple[str, str, int]]
) -> tuple[int, Dataset]:
    """Return the type of the event and what it brings (PS3.4 Table J.3-2)."""
    ds = Dataset()
    ds.TransactionUID = pending.transaction_uid
    ds.RetrieveAETitle = pending.called_ae_title
    if committed:
        ds.ReferencedSOPSequence = [_item(*one) for one in committed]
    if failed:
        ds.FailedSOPSequence = [_item(*one) for one in failed]
    return (2 if failed else 1), ds


def _referenced(ds: Dataset, most: int) -> tuple[tuple[str, str], ...]:
    """Return SOP class and instance of what is referenced: in a thread, there may be very many."""
    if "ReferencedSOPSequence" not in ds or ds["ReferencedSOPSequence"].VR != "SQ":
        return ()
    if len(ds.ReferencedSOPSequence) > most:
        raise LimitError(f"more than {most} instances are referenced", limit="most_references", value=most)
    return tuple(
        (str(item.get("ReferencedSOPClassUID")), str(item.get("ReferencedSOPInstanceUID")))
        for item in ds.ReferencedSOPSequence
    )


def _item(sop_class: str, instance: str, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    if reason is not None:
        item.FailureReason = reason
    return item


def _context_of(association: Association) -> int:
    context = association.context_for(PUSH_MODEL)
    if context is None:
        raise NetworkError("the peer takes no reports of storage commitment")
    return context.id


async def _send_report(association: Association, context: int, event: int, report: Dataset) -> None:
    negotiated = next(one for one in association.contexts if one.id == context)
    data = await asyncio.to_thread(encode, report, transfer_syntax=negotiated.transfer_syntax, part10=False)
    async with association.turns:
        async for _ in run(association.link, _event_report(context, association.link.next_id(), event, data)):
            pass


def _event_report(context: int, message_id: int, event: int, data: bytes) -> Operation[None]:
    command = request_of(
        "N-EVENT-REPORT",
        message_id,
        AffectedSOPClassUID=PUSH_MODEL,
        AffectedSOPInstanceUID=_INSTANCE,
        EventTypeID=event,
    )
    answered((yield from ask(context, command, data)), "N-EVENT-REPORT")
    yield Give(None)


def _sorted(some: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if some is None else tuple(sorted(some))
