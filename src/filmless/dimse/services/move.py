"""C-MOVE: instances to a peer that is known, over associations of our own (PS3.4 C.4.2)."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from filmless.archive import Archive, Entry
from filmless.dimse.connecting import connect
from filmless.dimse.contexts import Proposal, proposals_for
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.destinations import Destination, Destinations
from filmless.dimse.services.information_models import MOVE, acceptable, extended
from filmless.dimse.services.retrieval import Retrieval
from filmless.dimse.services.sub_operations import SubOperations
from filmless.errors import NetworkError

__all__ = ["move"]

_UNKNOWN: Final = 0xA801
_BREAKS: Final = 3  # associations that may break off


def move(archive: Archive, destinations: Destinations, *, most: int = 200_000, pending_s: float = 1.0) -> Service:
    """Answer C-MOVE from an archive: Patient Root, Study Root, Patient/Study Only, Composite Instance Root.

    Instances are sent as they are stored where the destination takes that, else transcoded without loss.

    Parameters
    ----------
    archive
        What is asked.
    destinations
        Who may be sent to, by AE title. A destination that is not among them is refused with status 0xA801.
    most
        Instances that are sent for one request; a request for more is refused.
    pending_s
        Seconds between two pending answers.

    DICOM
    -----
    PS3.4 C.4.2, Y.4

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.dimse import Scp
    >>> from filmless.dimse.services.destinations import Destination
    >>> from filmless.dimse.services.move import move
    >>> with Archive("archive") as archive:
    ...     scp = Scp("FILMLESS", [move(archive, {"VIEWER": Destination("10.0.0.7", 11112)})])
    """
    moving = _Moving(Retrieval(archive, most), destinations, pending_s)
    return Service(acceptable(MOVE), {"C-MOVE": moving.answer}, extended=extended)


@dataclass(frozen=True, slots=True)
class _Moving:
    retrieval: Retrieval
    destinations: Destinations
    pending_s: float

    async def answer(self, request: Request) -> None:
        """Answer a request."""
        ae_title = request.move_destination
        entries = await self.retrieval.entries(request)
        if entries is None:
            return
        destination = self.destinations.get(ae_title)
        if destination is None:
            await request.respond(_UNKNOWN, ErrorComment="the move destination is not among the known peers")
            return
        request.sent_to = ae_title
        doing = SubOperations(request, self.retrieval.archive, self.pending_s, len(entries))
        # What takes long, as a connection that does not come about, must not look as if nobody worked on it.
        telling = asyncio.create_task(doing.keep_telling())
        comment: str | None = None
        try:
            for contexts, group in _groups(entries):
                comment = await self._send_all(doing, contexts, group, ae_title, destination) or comment
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError, NetworkError):
                await telling
        await doing.finish(comment)

    async def _send_all(
        self,
        doing: SubOperations,
        contexts: Sequence[Proposal],
        entries: Sequence[Entry],
        ae_title: str,
        destination: Destination,
    ) -> str | None:
        """Send instances; return why the destination did not take some, where it said nothing about them.

        A destination that breaks off is asked again for what is behind the instance at which it did.
        """
        request, comment = doing.request, None
        for _ in range(_BREAKS):
            if request.is_cancelled or not entries:
                break
            before = doing.remaining
            try:
                await self._send(doing, contexts, entries, ae_title, destination)
            except NetworkError as error:
                if request.association.link.error is not None:
                    raise
                comment = f"the destination: {error.message}"
                if doing.is_sending:
                    doing.give_up(entries[before - doing.remaining :][:1])
                elif before == doing.remaining:  # it cannot be reached
                    break
            entries = entries[before - doing.remaining :]
        if not request.is_cancelled:
            doing.give_up(entries)
        return comment

    async def _send(
        self,
        doing: SubOperations,
        contexts: Sequence[Proposal],
        entries: Sequence[Entry],
        ae_title: str,
        destination: Destination,
    ) -> None:
        """Send instances over one association."""
        request = doing.request
        host = f"[{destination.host}]" if ":" in destination.host else destination.host
        async with connect(
            f"{host}:{destination.port}",
            ae_title=ae_title,
            calling_ae_title=destination.calling_ae_title or request.association.called_ae_title,
            contexts=contexts,
            tls=destination.tls,
            timeouts=destination.timeouts,
        ) as peer:
            await doing.send(
                entries,
                peer.association,
                is_scp=False,
                MoveOriginatorApplicationEntityTitle=request.association.calling_ae_title,
                MoveOriginatorMessageID=request.command["MessageID"],
            )


def _groups(entries: Sequence[Entry]) -> Iterator[tuple[list[Proposal], list[Entry]]]:
    """Give what to propose, and the instances that it is for: as many groups as associations are needed.

    Of each SOP class there is a context for each transfer syntax that instances are stored in, so that what the
    destination takes is sent as it is, and one to fall back on.
    """
    stored: dict[str, dict[str, None]] = {}
    for entry in entries:
        stored.setdefault(entry.sop_class_uid, {})[entry.transfer_syntax_uid] = None
    for proposals in proposals_for(stored):
        classes = {sop_class for sop_class, _ in proposals}
        yield proposals, [entry for entry in entries if entry.sop_class_uid in classes]
