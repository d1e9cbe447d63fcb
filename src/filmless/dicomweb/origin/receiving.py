"""Instances on their way from a body into the archive: pieces go to threads, many are made durable together."""

import asyncio
import logging
from concurrent.futures import Future
from io import BytesIO
from typing import Final, Self

from starlette.requests import Request

from filmless.archive import Incoming, Outcome, Within
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.store_response import CANNOT_UNDERSTAND, NOT_AUTHORIZED, Failure, Report, failure_of
from filmless.errors import ConflictError, DicomError, FormatError, LimitError
from filmless.file import read
from filmless.file.uid_grammar import is_uid

__all__ = ["Memory", "Part", "Receiving"]

_PIECE: Final = 1 << 20
_SMALLEST_PIECE: Final = 64 << 10
_BUDGET: Final = 32 << 20
_HEAD: Final = 16 << 10
_AT_A_TIME: Final = 8
_MOST_FAILURES: Final = 1000

_log = logging.getLogger(__name__)

Result = Outcome | Failure


class Memory:
    """How much all requests together hold of bodies: the more there are, the smaller their pieces."""

    def __init__(self) -> None:
        self.requests = 0
        self._slots = asyncio.Semaphore(_BUDGET // _PIECE)

    @property
    def piece(self) -> int:
        """How much one request gathers before it is written."""
        return min(_PIECE, max(_SMALLEST_PIECE, _BUDGET // max(1, self.requests)))

    @property
    def slots(self) -> asyncio.Semaphore:
        """Pieces that wait for a thread, or are in one. Threads end whatever clients do, so slots come back."""
        return self._slots


class Part:
    """An instance that is coming in.

    Attributes
    ----------
    size
        Bytes by now.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._incoming: Incoming | None = None
        self._pieces: list[bytes | memoryview] = []
        self._held = 0
        self._head = b""
        self.size = 0
        self.failure: Exception | None = None

    @property
    def held(self) -> int:
        """Bytes that are not written."""
        return self._held

    def append(self, data: bytes | memoryview) -> None:
        """Take more bytes; once it has failed, forget them."""
        self.size += len(data)
        if len(self._head) < _HEAD:
            self._head += data[: _HEAD - len(self._head)]
        most = self._service.limits.part_bytes
        if self.failure is None and self.size > most:
            self.failure = LimitError(f"an instance of more than {most} bytes", limit="part_bytes", value=most)
        if self.failure is not None:
            self._pieces, self._held = [], 0
            return
        self._pieces.append(data)
        self._held += len(data)

    def write(self) -> None:
        """Write what is held; in a thread."""
        pieces, self._pieces, self._held = self._pieces, [], 0
        if self.failure is not None:
            return
        try:
            if self._incoming is None:
                self._incoming = self._service.archive.receive()
            # In one call: each lets other threads run, and has to wait for them then.
            self._incoming.write(*pieces)
        except (DicomError, OSError) as error:
            self.failure = error
            self.discard()

    def submit(self, study: str | None, within: Within) -> Future[Outcome]:
        """Write the rest and make it durable; in a thread. The result comes with the commit that it shares."""
        try:
            if self.failure is None and self._head[128:132] != b"DICM":
                raise FormatError("no DICOM file, expected a preamble and `DICM` behind it")
            self.write()
            if self.failure is not None or self._incoming is None:
                raise self.failure or FormatError("an empty part")
            return self._incoming.submit(study_uid=study, within=within, is_waited_for=True)
        finally:
            self.discard()  # without an effect on what was placed

    def discard(self) -> None:
        """Leave nothing behind; in a thread."""
        self._pieces, self._held = [], 0
        if self._incoming is not None:
            self._incoming.__exit__(None, None, None)
            self._incoming = None

    def uids(self) -> tuple[str, str, str]:
        """Return SOP class, instance and study, as far as the beginning of the file tells: to report a failure."""
        try:
            ds = read(BytesIO(self._head), stop_before_pixels=True)
            found = [ds.get("SOPClassUID"), ds.get("SOPInstanceUID"), ds.get("StudyInstanceUID")]
            found[0] = found[0] or ds.file_meta.get("MediaStorageSOPClassUID")
            found[1] = found[1] or ds.file_meta.get("MediaStorageSOPInstanceUID")
        except DicomError:
            return "", "", ""
        texts = [str(value) if is_uid(value) else "" for value in found]
        return texts[0], texts[1], texts[2]


class Receiving:
    """What one request brings: several instances of it are made durable at the same time, a bounded number.

    Parameters
    ----------
    service
        Of the archive.
    memory
        What all requests share.
    request
        Who sends.
    study
        The study that all have to be of.
    within
        What the sender may write to.
    """

    def __init__(
        self, service: Service, memory: Memory, request: Request, *, study: str | None, within: Within
    ) -> None:
        self._service, self._memory = service, memory
        self._study, self._within = study, within
        self._base = service.base(request)
        self._open: set[Part] = set()
        self._tasks: list[asyncio.Task[Result] | Result] = []
        self._flying = asyncio.Semaphore(_AT_A_TIME)
        self._failures = 0

    async def __aenter__(self) -> Self:
        self._memory.requests += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing behind of what did not come whole; what came whole is finished."""
        self._memory.requests -= 1
        tasks = [task for task in self._tasks if isinstance(task, asyncio.Task) and not task.done()]
        for part in list(self._open):
            self._open.discard(part)
            tasks.append(asyncio.create_task(self._service.call(part.discard)))  # type: ignore[arg-type]
        if tasks:
            # The request may be cancelled; the threads are not, so this is waited for in any case.
            await asyncio.shield(asyncio.gather(*tasks, return_exceptions=True))

    def begin(self) -> Part:
        """Begin an instance."""
        part = Part(self._service)
        self._open.add(part)
        return part

    async def take(self, part: Part, data: bytes | memoryview) -> None:
        """Give an instance more bytes; waits when much is waiting to be written."""
        part.append(data)
        if part.held >= self._memory.piece:
            async with self._memory.slots:
                await self._service.call(part.write)

    async def finish(self, part: Part) -> None:
        """Store an instance that is whole, while the next one comes."""
        if self._failures > _MOST_FAILURES:
            raise self._too_many()
        if not part.size:
            self._open.discard(part)
            self.fail(Failure(CANNOT_UNDERSTAND, "an empty part"))
            return
        await self._flying.acquire()
        await self._memory.slots.acquire()
        self._open.discard(part)
        self._tasks.append(asyncio.create_task(self._stored(part)))

    def fail(self, failure: Failure) -> None:
        """Report a part that is no instance; a request of too many such is refused.

        Raises
        ------
        LimitError
            There are more than anyone sends by mistake.
        """
        self._tasks.append(failure)
        self._failures += 1
        if self._failures > _MOST_FAILURES:
            raise self._too_many()

    async def report(self) -> Report:
        """Wait until all is durable, and return what became of each."""
        report = Report(self._base, self._study, tells_set_aside=self._within.is_everything)
        waited_for = [task for task in self._tasks if isinstance(task, asyncio.Task)]
        if waited_for:
            await asyncio.wait(waited_for)  # which cancels none of them when the request is
        for task in self._tasks:
            result = task.result() if isinstance(task, asyncio.Task) else task
            if isinstance(result, Failure):
                report.failed.append(result)
            else:
                report.stored.append(result)
        return report

    async def _stored(self, part: Part) -> Result:
        try:
            try:
                future = await self._service.call(part.submit, self._study, self._within)
            finally:
                self._memory.slots.release()
            if not future.done():
                await asyncio.wrap_future(future)
            return future.result()
        except Exception as error:  # noqa: BLE001 - one instance does not sink the rest
            if not isinstance(error, DicomError | OSError):
                _log.error("a bug: %s while an instance was stored", type(error).__name__)
            self._failures += 1
            return await self._service.call(self._failure, part, error)  # which reads what came
        finally:
            self._flying.release()

    def _too_many(self) -> LimitError:
        most = _MOST_FAILURES
        return LimitError(f"more than {most} parts that cannot be stored", limit="failures", value=most)

    def _failure(self, part: Part, error: Exception) -> Failure:
        sop_class, instance, study = part.uids()
        failure = failure_of(error, sop_class_uid=sop_class, instance_uid=instance)
        is_of_study = self._study is None or study == self._study
        if isinstance(error, ConflictError) and is_of_study and not self._within.is_everything:
            return Failure(NOT_AUTHORIZED, failure.message, sop_class, instance)
        return failure
