"""C-FIND: what there is (PS3.4 C.4.1)."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from filmless.archive import Archive, Query
from filmless.dimse.messages import response_to
from filmless.dimse.scp.request import Request
from filmless.dimse.scp.service import Service
from filmless.dimse.services.ahead import Ahead
from filmless.dimse.services.answers import Answers
from filmless.dimse.services.identifier import CANNOT_UNDERSTAND, DOES_NOT_MATCH, LONGEST, Identifier, IdentifierError
from filmless.dimse.services.information_models import FIND, acceptable, extended
from filmless.dimse.services.refusal import refuse
from filmless.dimse.status import CANCELLED, PENDING, SUCCESS
from filmless.errors import DicomError, FormatError, LimitError, NetworkError

__all__ = ["query"]

_OUT_OF_RESOURCES: Final = 0xA700
_PENDING_WITHOUT_KEYS: Final = 0xFF01
_TOGETHER: Final = 20  # that are sent together, between two looks at whether the peer cancelled


def query(
    archive: Archive,
    *,
    most: int | None = 100_000,
    timeout_s: float = 60.0,
    answered_s: float = 900.0,
    reading: int = 32,
    ahead_bytes: int = 1 << 20,
) -> Service:
    """Answer C-FIND from the index of an archive: Patient Root, Study Root, and Patient/Study Only.

    Parameters
    ----------
    archive
        What is asked.
    most
        Answers to one query. When there are more, these are sent, and then status 0xA700; None for all there are.
    timeout_s
        How long may be sought, without the time in which answers are sent; and before that, how long may be waited for
        others.
    answered_s
        How long it may take in all, until the last answer is sent. As long as answers are taken, the index keeps what
        it was when they were asked for, and its log grows: a peer that reads slowly must not have it do so for days.
    reading
        How many queries read the index at a time, each over a connection of its own.
    ahead_bytes
        Bytes of answers that are read ahead: a query that has no more is done with the index, however slowly its peer
        reads.

    DICOM
    -----
    PS3.4 C.4.1

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.dimse import Scp
    >>> from filmless.dimse.services.query import query
    >>> with Archive("archive") as archive:
    ...     scp = Scp("FILMLESS", [query(archive, most=500)])
    """
    finding = _Finding(archive, most, timeout_s, answered_s, asyncio.Semaphore(reading), ahead_bytes)
    return Service(acceptable(FIND), {"C-FIND": finding.answer}, extended=extended)


@dataclass(frozen=True, slots=True)
class _Finding:
    archive: Archive
    most: int | None
    timeout_s: float
    answered_s: float
    reading: asyncio.Semaphore
    ahead_bytes: int

    async def answer(self, request: Request) -> None:
        """Answer a request."""
        request.require("read")
        try:
            identifier = await _identifier(request)
            await self._answer(request, identifier)
        except NetworkError:
            raise
        except LimitError as error:
            is_over = error.limit in {"timeout_s", "stopped"}
            status = CANCELLED if request.is_cancelled else _OUT_OF_RESOURCES if is_over else DOES_NOT_MATCH
            await refuse(request, status, error)
        except IdentifierError as error:
            await refuse(request, error.status, error)
        except FormatError as error:  # a key of a date that is none, an identifier that is no data set
            await refuse(request, DOES_NOT_MATCH if error.tag is not None else CANNOT_UNDERSTAND, error)
        except DicomError as error:
            await refuse(request, CANNOT_UNDERSTAND, error)

    async def _answer(self, request: Request, identifier: Identifier) -> None:
        status = PENDING if identifier.is_understood else _PENDING_WITHOUT_KEYS
        sent, until = 0, asyncio.get_running_loop().time() + self.answered_s
        async with aclosing(self._pages(request, identifier)) as pages:
            async for page in pages:
                for start in range(0, len(page), _TOGETHER):
                    if request.is_cancelled:
                        await request.respond(CANCELLED)
                        return
                    if asyncio.get_running_loop().time() > until:
                        await request.respond(_OUT_OF_RESOURCES, ErrorComment="the answers were taken too slowly")
                        return
                    some = page[start : start + _TOGETHER]
                    room = len(some) if self.most is None else min(len(some), self.most - sent)
                    await _send(request, status, some[:room])
                    sent += room
                    request.counts["matches"] = sent
                    if room < len(some):
                        await request.respond(_OUT_OF_RESOURCES, ErrorComment="there are more matches than are sent")
                        return
        await request.respond(CANCELLED if request.is_cancelled else SUCCESS)

    async def _pages(self, request: Request, identifier: Identifier) -> AsyncGenerator[list[bytes]]:
        """Give answers, some at a time; the next ones are made while those are sent."""
        stop = threading.Event()
        asked = Query(
            identifier.level,
            identifier.keys,
            fuzzy=_negotiated(request, 2),
            combined=_negotiated(request, 1),
            exact=True,
            within=request.within,
            timeout_s=self.timeout_s,
            stopped=lambda: stop.is_set() or request.is_cancelled,
        )
        answers = Answers(
            identifier,
            transfer_syntax=request.context.transfer_syntax,
            retrieve_ae_title=request.association.called_ae_title,
        )
        rows = self.archive.rows(asked)

        def page(size: int) -> list[bytes]:
            return [answers.encoded(row) for row in islice(rows, size)]

        async def close() -> None:
            try:
                await request.in_thread(rows.close)
            finally:
                self.reading.release()

        await self._turn()
        ahead = Ahead(partial(request.in_thread, page), close, most_bytes=self.ahead_bytes)
        try:
            async with aclosing(ahead.pages()) as pages:
                async for found in pages:
                    yield found
        finally:
            stop.set()

    async def _turn(self) -> None:
        """Wait until the index may be read by one query more."""
        if not self.reading.locked():
            await self.reading.acquire()
            return
        try:
            async with asyncio.timeout(self.timeout_s):
                await self.reading.acquire()
        except TimeoutError:
            raise LimitError("too many queries are answered at a time", limit="timeout_s") from None


async def _send(request: Request, status: int, answers: list[bytes]) -> None:
    """Send pending answers, which are encoded already."""
    command = response_to(request.command, status)
    await request.association.link.send_all(request.context.id, [(command, answer) for answer in answers])


def _negotiated(request: Request, at: int) -> bool:
    """Whether something was agreed on in extended negotiation (PS3.4 C.5.1.1)."""
    agreed = request.association.extended(request.context.abstract_syntax) or b""
    return agreed[at : at + 1] == b"\1"


async def _identifier(request: Request) -> Identifier:
    ds = await request.dataset(limit=LONGEST)
    return await request.in_thread(Identifier.of, ds, request.context.abstract_syntax)
