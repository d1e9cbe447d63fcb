"""Storing at an application entity: a few associations at a time, with the presentation contexts that files need."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from filmless.cli.stored_row import stored_row
from filmless.errors import AssociationRejected, DicomError, NetworkError

if TYPE_CHECKING:
    from filmless.cli.entity import Entity
    from filmless.convert.sources import Item
    from filmless.dimse.contexts import Proposal
    from filmless.dimse.file_head import FileHead
    from filmless.dimse.operations.store import Stored

__all__ = ["store_at"]

Told = Callable[[dict[str, Any]], None]

_HEAD: Final = 8 << 10
_LONGEST_PAUSE_S: Final = 8.0


@dataclass(slots=True, eq=False)
class _Sending:
    """A file that is to be sent, and how often the association ended before it was answered."""

    item: "Item"
    broken: int = 0


def store_at(
    entity: "Entity", found: Sequence["Item"], *, jobs: int, study: str | None, transfer_syntax: str | None, told: Told
) -> None:
    """Send files.

    Parameters
    ----------
    entity
        Where to.
    found
        The files.
    jobs
        How many associations are open at a time at the most; with a peer that takes fewer, those do the work.
    study
        The study that all have to be of.
    transfer_syntax
        UID of the only one that is proposed; without it each file goes as it is, or transcoded where the peer wants it.
    told
        Called with a row for each that is stored or failed.

    Raises
    ------
    NetworkError
        No association could be opened at all.
    """
    sendings: dict[str, list[_Sending]] = {}
    syntaxes: dict[str, dict[str, None]] = {}
    for item in found:
        try:
            head = _head(item, study)
        except (DicomError, OSError) as error:
            told(_failed(item, _reason(error)))
            continue
        sendings.setdefault(head.sop_class, []).append(_Sending(item))
        syntaxes.setdefault(head.sop_class, {})[head.transfer_syntax] = None
    asyncio.run(_all(entity, _batches(sendings, syntaxes, transfer_syntax, told), jobs))


def _reason(error: DicomError | OSError) -> str:
    if isinstance(error, DicomError):
        return error.message
    reason = error.strerror or "cannot be read"
    return reason[:1].lower() + reason[1:]


def _head(item: "Item", study: str | None) -> "FileHead":
    """Return what a file is.

    Raises
    ------
    DicomError
        It is no instance, or one of another study.
    """
    from filmless.dimse.sources import heads
    from filmless.errors import FormatError
    from filmless.file import read

    if item.error is not None:
        if isinstance(item.error, DicomError | OSError):
            raise item.error
        raise FormatError(str(item.error))
    first, size = item.head(_HEAD)
    [(_, head)] = heads([first])
    if head is None and size > len(first):
        [(_, head)] = heads([item.path or item.data()])
    if head is None:
        raise FormatError("this is no DICOM instance that can be sent")
    if study is not None and read(item.path or item.data(), stop_before_pixels=True).get("StudyInstanceUID") != study:
        raise FormatError("it is of another study")
    return head


def _batches(
    sendings: dict[str, list[_Sending]], syntaxes: dict[str, dict[str, None]], transfer_syntax: str | None, told: Told
) -> list["_Batch"]:
    from filmless.dimse.contexts import proposals_for

    only = None if transfer_syntax is None else {name: {transfer_syntax: None} for name in syntaxes}
    made = []
    for contexts in proposals_for(only or syntaxes, uncompressed=only is None):
        classes = dict.fromkeys(sop_class for sop_class, _ in contexts)
        made.append(_Batch(contexts, deque(one for name in classes for one in sendings[name]), told))
    return made


async def _all(entity: "Entity", batches: list["_Batch"], jobs: int) -> None:
    for batch in batches:
        await batch.send(entity, jobs)


@dataclass(slots=True)
class _Batch:
    """Files that go with the same presentation contexts; associations take them out of a queue."""

    contexts: Sequence["Proposal"]
    queue: deque[_Sending]
    told: Told
    progress: int = 0
    opened: int = 0
    was_open: bool = False
    error: NetworkError | None = field(default=None)

    async def send(self, entity: "Entity", jobs: int) -> None:
        """Send all, or tell why not.

        Raises
        ------
        NetworkError
            No association could be opened.
        """
        tasks = [asyncio.create_task(self._work(entity)) for _ in range(min(jobs, len(self.queue)))]
        working = set(tasks)
        try:
            while working:
                done, working = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
                if not self.queue and self.opened == 0:  # others wait to be let in, for nothing
                    break
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self.error is not None and not self.was_open:
            raise self.error
        for one in self.queue:
            self.told(_failed(one.item, "it was not sent" if self.error is None else self.error.message))

    async def _work(self, entity: "Entity") -> None:
        """Keep an association open while there is something to send."""
        failures = 0
        while self.queue:
            before = self.progress
            try:
                async with entity.connecting(contexts=self.contexts) as peer:
                    self.opened, self.was_open = self.opened + 1, True
                    try:
                        await self._send(peer, entity.retries)
                    finally:
                        self.opened -= 1
            except NetworkError as error:
                self.error = self.error or error
                if isinstance(error, AssociationRejected) and not _is_transient(error):
                    return
            failures = 0 if self.progress > before else failures + 1
            if failures > entity.retries:
                return
            if failures:
                await asyncio.sleep(min(2.0 ** (failures - 1), _LONGEST_PAUSE_S))

    async def _send(self, peer: Any, retries: int) -> None:
        taken: dict[str, deque[_Sending]] = {}

        def became(result: "Stored") -> None:
            one = taken[result.source].popleft()
            if result.unanswered == "away":
                self.queue.appendleft(one)
                return
            self.progress += 1
            if result.unanswered and one.broken < retries:
                one.broken += 1
                self.queue.append(one)
            else:
                self.told(_row(one.item, result))

        await peer.store(self._sources(taken), retries=retries, progress=became)

    def _sources(self, taken: dict[str, deque[_Sending]]) -> Iterator[Any]:
        """Take files out of the queue, in a thread; one that an association broke off at goes alone: it may be why."""
        number = 0
        while True:
            try:
                one = self.queue.popleft()
            except IndexError:
                return
            if one.broken and number:
                self.queue.appendleft(one)
                return
            number += 1
            taken.setdefault(one.item.path or f"source {number}", deque()).append(one)
            yield one.item.path or _data(one.item)
            if one.broken:
                return


def _is_transient(error: AssociationRejected) -> bool:
    return "transient" in error.message or "temporar" in error.message


def _data(item: "Item") -> bytes:
    try:
        return item.data()
    except (DicomError, OSError, ValueError):
        return b""  # told of as no DICOM, under its name


def _failed(item: "Item", error: str) -> dict[str, Any]:
    return {"source": item.name, "status": "failed", "error": error}


def _row(item: "Item", result: "Stored") -> dict[str, Any]:
    is_failed = result.error is not None
    return stored_row(
        item.name,
        result,
        failure_reason=result.status if is_failed else None,
        warning_reason=None if is_failed or result.warning is None else result.status,
    )
