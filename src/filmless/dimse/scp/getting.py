"""What a handler of C-GET yields: data sets that go out as C-STORE, over the association that asks for them."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final

from filmless._core import NegotiatedContext
from filmless.dataset import Dataset
from filmless.dimse.incoming import Incoming
from filmless.dimse.mailbox import Mailbox
from filmless.dimse.operations.requesting import request_of
from filmless.dimse.scp.request import Request
from filmless.dimse.status import CANCELLED, PENDING, SUCCESS, kind_of
from filmless.errors import DicomError, NetworkError
from filmless.file import encode

__all__ = ["get"]

_UNABLE: Final = 0xA702
_SOME_FAILED: Final = 0xB000


async def get(request: Request, answers: AsyncIterator[Any]) -> None:
    """Send what a handler yields, and answer with the counts; a status that it yields ends the operation.

    Parameters
    ----------
    request
        The C-GET.
    answers
        Data sets.

    DICOM
    -----
    PS3.4 C.4.3.3, PS3.7 9.1.3
    """
    getting = _Getting(request)
    async with aclosing(answers):  # type: ignore[type-var]
        async for answer in answers:
            if request.is_cancelled:
                break
            if not isinstance(answer, Dataset):
                await request.respond(int(answer), **getting.counts)
                return
            await getting.send(answer)
            await request.respond(PENDING, **getting.counts)
    await getting.finish()


class _Getting:
    """The sub-operations of a C-GET."""

    def __init__(self, request: Request) -> None:
        self._request, self._link = request, request.association.link
        self._completed = self._warning = 0
        self._failed: list[str] = []

    @property
    def counts(self) -> dict[str, Any]:
        """Elements of an answer. How many are still to come nobody knows before the handler ends."""
        return {
            "NumberOfCompletedSuboperations": min(self._completed, 0xFFFF),
            "NumberOfFailedSuboperations": min(len(self._failed), 0xFFFF),
            "NumberOfWarningSuboperations": min(self._warning, 0xFFFF),
        }

    async def send(self, dataset: Dataset) -> None:
        """Send a data set, and wait for its answer."""
        try:
            status = await self._store(dataset)
        except DicomError:
            if self._link.error is not None:
                raise
            status = _UNABLE
        match kind_of(status):
            case "success":
                self._completed += 1
            case "warning":
                self._warning += 1
            case _:
                self._failed.append(str(dataset.get("SOPInstanceUID") or ""))

    async def _store(self, dataset: Dataset) -> int:
        context = self._context(dataset)
        if context is None:
            return _UNABLE
        data = await self._request.in_thread(_encoded, dataset, context.transfer_syntax)
        link, box, message_id = self._link, Mailbox[Incoming](), self._link.next_id()
        command = request_of(
            "C-STORE",
            message_id,
            AffectedSOPClassUID=str(dataset.SOPClassUID),
            AffectedSOPInstanceUID=str(dataset.SOPInstanceUID),
            Priority=0,
        )
        link.answers_to(message_id, box)
        try:
            async with self._request.association.turns:
                await link.send(context.id, command, data)
                incoming = await link.next_of(box)
                incoming.abandon()  # no data set belongs to the answer
                return incoming.message.status
        finally:
            link.forget(message_id)

    def _context(self, dataset: Dataset) -> NegotiatedContext | None:
        """Return a context in which the requestor takes a data set; best as it is."""
        sop_class = dataset.get("SOPClassUID")
        found = [one for one in self._request.association.contexts if one.abstract_syntax == sop_class and one.scp]
        meta = getattr(dataset, "file_meta", None)
        syntax = None if meta is None else meta.get("TransferSyntaxUID")
        return next((one for one in found if one.transfer_syntax == syntax), found[0] if found else None)

    async def finish(self) -> None:
        """Send the last answer."""
        identifier = None
        if self._failed:
            identifier = Dataset()
            identifier.FailedSOPInstanceUIDList = [uid for uid in self._failed if uid]
        if self._request.is_cancelled:
            status = CANCELLED
        elif self._failed:
            status = _SOME_FAILED if self._completed or self._warning else _UNABLE
        else:
            status = _SOME_FAILED if self._warning else SUCCESS
        self._request.counts["sent"] = self._completed + self._warning
        try:
            await self._request.respond(status, identifier, **self.counts)
        except NetworkError:
            if self._link.error is None:
                raise


def _encoded(dataset: Dataset, transfer_syntax: str) -> bytes:
    return encode(dataset, transfer_syntax=transfer_syntax, part10=False)
