"""The C-STORE sub-operations of C-MOVE and C-GET: sent one after the other, counted, and told of."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from filmless.archive import Archive, Entry
from filmless.dataset import Dataset
from filmless.dimse.association import Association
from filmless.dimse.incoming import Incoming
from filmless.dimse.mailbox import Mailbox
from filmless.dimse.operations.requesting import request_of
from filmless.dimse.scp.request import Request
from filmless.dimse.services.outgoing import Outgoing
from filmless.dimse.services.refusal import error_comment
from filmless.dimse.status import CANCELLED, PENDING, SUCCESS, kind_of
from filmless.errors import DicomError, LimitError, RemoteProtocolError

__all__ = ["SubOperations"]

_UNABLE: Final = 0xA702
_FAILURES: Final = 0xB000
_MOST: Final = 0xFFFF  # what a count holds
_LIST: Final = 65_000  # bytes of a list of UIDs, whose length has 16 bits
_HEARTBEAT_S: Final = 1.0
_ANSWER: Final = 1 << 16  # bytes of a data set that comes with an answer to C-STORE, where there should be none


@dataclass(slots=True, eq=False)
class SubOperations:
    """What a C-MOVE or C-GET has done by now.

    Attributes
    ----------
    request
        The C-MOVE or C-GET.
    archive
        Where instances come from.
    pending_s
        Seconds between two pending answers, at the most and at the least.
    remaining, completed, warning
        Counts of sub-operations.
    failed
        SOP Instance UIDs of those that failed.
    is_sending
        Whether the status of a sub-operation is still to come.
    """

    request: Request
    archive: Archive
    pending_s: float
    remaining: int
    completed: int = 0
    warning: int = 0
    failed: list[str] = field(default_factory=list)
    is_sending: bool = False
    _told: float = 0.0

    async def send(self, entries: Sequence[Entry], to: Association, *, is_scp: bool, **originator: object) -> None:
        """Send instances over an association, until the peer cancels.

        Parameters
        ----------
        entries
            The instances.
        to
            Over which association.
        is_scp
            Whether contexts count only where the requestor is SCP: in C-GET.
        **originator
            Of C-MOVE, what C-STORE says of who asked.

        Raises
        ------
        NetworkError
            The association ended.
        """
        contexts: dict[str, dict[str, int]] = {}
        for one in to.contexts:
            if one.scp or not is_scp:
                contexts.setdefault(one.abstract_syntax, {}).setdefault(one.transfer_syntax, one.id)
        async with aclosing(_prepared(self.request, self.archive, entries, contexts)) as prepared:
            async for entry, outgoing in prepared:
                if self.request.is_cancelled:
                    return
                status = _UNABLE
                if outgoing is not None:
                    context = contexts[entry.sop_class_uid][outgoing.transfer_syntax]
                    self.is_sending = True
                    status = await _store(to, context, outgoing, originator)
                self._count(entry, status)
                await self.tell()

    def _count(self, entry: Entry, status: int) -> None:
        self.remaining -= 1
        self.is_sending = False
        match kind_of(status):
            case "success":
                self.completed += 1
            case "warning":
                self.warning += 1
            case _:
                self.failed.append(entry.instance_uid)

    def give_up(self, entries: Iterable[Entry]) -> None:
        """Count instances as failed."""
        for entry in entries:
            self._count(entry, _UNABLE)

    async def tell(self) -> None:
        """Send a pending answer, unless one was sent a moment ago."""
        now = asyncio.get_running_loop().time()
        if self.remaining and now - self._told >= self.pending_s:
            self._told = now
            await self.request.respond(PENDING, **self._counts(), NumberOfRemainingSuboperations=self._remaining)

    async def keep_telling(self) -> None:
        """Send a pending answer every now and then, until cancelled."""
        while True:
            await asyncio.sleep(max(self.pending_s, _HEARTBEAT_S))
            await self.tell()

    async def finish(self, comment: str | None = None) -> None:
        """Send the last answer."""
        fields: dict[str, Any] = self._counts()
        if self.request.is_cancelled and self.remaining:
            status = CANCELLED
            fields["NumberOfRemainingSuboperations"] = self._remaining
        elif self.failed and not self.completed and not self.warning:
            status = _UNABLE
        else:
            status = _FAILURES if self.failed or self.warning else SUCCESS
        if comment is not None and status != SUCCESS:
            fields["ErrorComment"] = error_comment(comment)
        counts = {"sent": self.completed + self.warning, "failed": len(self.failed)}
        self.request.counts.update({name: count for name, count in counts.items() if count})
        await self.request.respond(status, self._failures(), **fields)

    @property
    def _remaining(self) -> int:
        return min(self.remaining, _MOST)

    def _counts(self) -> dict[str, Any]:
        return {
            "NumberOfCompletedSuboperations": min(self.completed, _MOST),
            "NumberOfFailedSuboperations": min(len(self.failed), _MOST),
            "NumberOfWarningSuboperations": min(self.warning, _MOST),
        }

    def _failures(self) -> Dataset | None:
        if not self.failed:
            return None
        listed, size = [], 0
        for uid in self.failed:
            size += len(uid) + 1
            if size > _LIST:
                break
            listed.append(uid)
        ds = Dataset()
        ds.FailedSOPInstanceUIDList = listed
        return ds


async def _prepared(
    request: Request, archive: Archive, entries: Sequence[Entry], contexts: dict[str, dict[str, int]]
) -> AsyncGenerator[tuple[Entry, Outgoing | None]]:
    """Give instances ready to be sent, None for what cannot be: the next one is opened while one is sent."""

    def prepare(entry: Entry) -> Outgoing | None:
        accepted: Collection[str] = contexts.get(entry.sop_class_uid, ())
        with suppress(DicomError, OSError):
            return Outgoing(archive, entry, accepted) if accepted else None
        return None

    def ahead(entry: Entry) -> "asyncio.Task[Outgoing | None]":
        return asyncio.create_task(request.in_thread(prepare, entry))

    following = None
    try:
        for at, entry in enumerate(entries):
            outgoing = await asyncio.shield(following or ahead(entry))
            following = ahead(entries[at + 1]) if at + 1 < len(entries) else None
            try:
                yield entry, outgoing
            finally:
                if outgoing is not None:
                    outgoing.close()
    finally:
        if following is not None:
            await asyncio.wait([following])
            if not following.cancelled() and following.exception() is None and (left := following.result()):
                left.close()


async def _store(to: Association, context: int, outgoing: Outgoing, originator: dict[str, object]) -> int:
    """Send an instance, and return the status that the peer answers."""
    link, entry, box = to.link, outgoing.entry, Mailbox[Incoming]()
    message_id = link.next_id()
    command = request_of(
        "C-STORE",
        message_id,
        AffectedSOPClassUID=entry.sop_class_uid,
        AffectedSOPInstanceUID=entry.instance_uid,
        Priority=0,
        **originator,
    )
    link.answers_to(message_id, box)
    try:
        async with to.turns:
            await link.send(context, command, outgoing if outgoing.whole is None else outgoing.whole)
            incoming = await link.next_of(box)
            return (await incoming.collect(_ANSWER)).status
    except LimitError:
        raise RemoteProtocolError("the peer answers C-STORE with a long data set, where there is none") from None
    finally:
        link.forget(message_id)
