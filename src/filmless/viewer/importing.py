"""Files that are dropped on the pages: DICOM goes in as it is, ZIPs are looked into, pictures are converted."""

from collections.abc import AsyncIterator, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Final

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Outcome
from filmless.archive.failures import failing_as_archive
from filmless.archive.within import Within
from filmless.convert import convert_many
from filmless.convert.archives import Member, ZipLimits, is_zip, members, safe_relative
from filmless.convert.formats import HEAD_BYTES, format_of
from filmless.convert.header import value_of_text
from filmless.convert.sources import Item
from filmless.dicomweb.origin.body import body
from filmless.dicomweb.origin.receiving import Memory, Part
from filmless.dicomweb.origin.service import ASIDE, Service
from filmless.dicomweb.origin.spool import IN_MEMORY_BYTES
from filmless.errors import ConversionError, DicomError, DicomWebError, FormatError, StorageFullError
from filmless.file import encode, read
from filmless.viewer.answers import json_answer, said_values

__all__ = ["routes"]

_NAME: Final = "name"
_STUDY: Final = "StudyInstanceUID"
_PREAMBLE: Final = 132
_PIECE: Final = 1 << 20
_DIRECTORY: Final = b"1.2.840.10008.1.3.10"  # Media Storage Directory Storage
_FREE: Final = 1 << 30
_RATIO: Final = 200
"""Beyond `_FREE` bytes a ZIP may unpack to so many times its size: images do not shrink as far, bombs do."""
_NO_PREAMBLE: Final = "DICOM without preamble and file meta information (`filmless edit` writes it as a file of PS3.10)"
_OTHER: Final = "an instance with the same UID and other contents is there: this one is kept aside"
_EMPTY: Final = "the file is empty"
_ZIP: Final = "a ZIP in a ZIP is not looked into: unpack it, and import what it holds"
_NO_DICOM: Final = "neither DICOM nor a picture or document that is converted"


def routes(service: Service) -> list[Route]:
    """Return the routes of this part.

    Parameters
    ----------
    service
        Of the archive.
    """
    memory = Memory()

    async def take_in(request: Request) -> Response:
        within = service.within(request, "write")
        said = said_values(request)
        taking = _Taking(service, within, said.pop(_NAME, "file"), _values(said))
        await _receive(request, service, memory, taking)
        told = request.scope.setdefault("filmless.audit", {})
        told |= {"studies": sorted(taking.studies)[:100], "stored": taking.stored}
        return json_answer(request, {"results": taking.results})

    return [Route("/import", take_in, methods=["POST"])]


def _values(said: dict[str, str]) -> dict[str, Any]:
    """Return the header values of pictures, checked."""
    try:
        return {name: value_of_text(name, text.strip()) for name, text in said.items() if text.strip()}
    except ConversionError as error:
        raise DicomWebError(error.message, status=400, hint="header values are given by keyword") from None


async def _receive(request: Request, service: Service, memory: Memory, taking: "_Taking") -> None:
    """Read the body: straight into the archive when it is DICOM, else into a file until it is known what it is."""
    pieces = body(request, service)
    head = b""
    async for piece in pieces:
        head += piece
        if len(head) >= _PREAMBLE:
            break
    if head[128:_PREAMBLE] == b"DICM" and _DIRECTORY not in head[:1024]:
        part = Part(service)
        try:
            part.append(head)
            async for piece in pieces:
                part.append(piece)
                if part.held >= memory.piece:
                    await service.call(part.write)
            await taking.settle(lambda: part.submit(None, taking.within))
        finally:
            with anyio.CancelScope(shield=True):
                await service.call(part.discard)
        return
    with service.aside() as file:
        await _spool(service, file, head, pieces)
        pictures = await service.call(taking.take_file, file.name)
        if pictures:
            await service.draw(taking.take_pictures, pictures)


async def _spool(service: Service, file: BinaryIO, head: bytes, pieces: AsyncIterator[bytes]) -> None:
    """Write what comes into a file, as far as an instance may be large."""
    held, size, most = bytearray(), 0, service.limits.part_bytes

    async def take(piece: bytes) -> None:
        nonlocal size
        size += len(piece)
        if size > most:
            raise DicomWebError(f"the file has more than {most} bytes", status=413)
        held.extend(piece)
        if len(held) >= _PIECE:
            await service.call(write)

    def write() -> None:
        with failing_as_archive(ASIDE):
            file.write(held)
            file.flush()
        held.clear()

    await take(head)
    async for piece in pieces:
        await take(piece)
    await service.call(write)


@dataclass
class _Taking:
    """What one request brings, and what became of it."""

    service: Service
    within: Within
    name: str
    values: dict[str, Any]
    results: list[dict[str, str]] = field(default_factory=list)
    studies: set[str] = field(default_factory=set)
    stored: int = 0

    async def settle(self, submit: Any) -> None:
        """Wait for the file that was sent to be stored."""
        await self.service.call(self._told, self.name, submit)

    def take_file(self, path: str) -> list[Item]:
        """Take in what a file holds, and return the pictures of it; in a thread."""
        if is_zip(path):
            return list(self._of_zip(path))
        size = Path(path).stat().st_size
        with Path(path).open("rb") as file:
            head = file.read(HEAD_BYTES)
        if self._is_picture(self.name, head, size):
            return [Item(source=path, name=self.name, relative=PurePath(safe_relative(self.name).name))]
        if not self.results:
            self._tell(self.name, "skipped", _NO_PREAMBLE if _is_bare(path) else _nothing_of(head))
        return []

    def _of_zip(self, path: str) -> Iterator[Item]:
        """Store the DICOM of a ZIP, and give its pictures."""
        limits = self.service.limits
        bounds = ZipLimits(
            max_members=limits.parts,
            max_member_bytes=limits.part_bytes,
            max_zip_bytes=max(_FREE, _RATIO * Path(path).stat().st_size),
        )
        for member in members(path, bounds):
            if not isinstance(member, Member):
                is_error = isinstance(member, Exception)
                self._tell(self.name, "failed" if is_error else "skipped", _why(member) or "a document kept in a ZIP")
                continue
            name = f"{self.name}/{member.name}"
            try:
                if member.error is not None:
                    raise member.error
                head = member.head(HEAD_BYTES)
            except (DicomError, OSError) as error:
                self._tell(name, "failed", _why(error))
                continue
            if member.reason is not None or _DIRECTORY in head[_PREAMBLE:1024]:
                self._tell(name, "skipped", member.reason or "a DICOMDIR")
            elif head[128:_PREAMBLE] == b"DICM":
                self._told(name, lambda member=member: self._submitted(member.pieces()))
            elif self._is_picture(name, head, member.size):
                yield Item(source=member, name=name, relative=member.relative, is_named=False)
            elif not self.results or self.results[-1]["name"] != name:
                self._tell(name, "skipped", _nothing_of(head))

    def _is_picture(self, name: str, head: bytes, size: int) -> bool:
        """Whether it is to be converted; says so when it is a picture that was given no header, or is too large."""
        if head[128:_PREAMBLE] == b"DICM":
            self._tell(name, "skipped", "a DICOMDIR")
            return False
        try:
            kind = format_of(head, size).name
        except ConversionError:
            return False
        if _STUDY not in self.values:
            self._tell(name, "picture", f"{kind}: it needs a header to become DICOM")
        elif size > IN_MEMORY_BYTES:
            self._tell(name, "failed", f"{kind} of more than {IN_MEMORY_BYTES >> 20} MiB is not converted here")
        else:
            return True
        return False

    def take_pictures(self, items: list[Item]) -> None:
        """Convert pictures; in a thread of those that hold pixels."""
        values = self.values if len(items) == 1 else {**self.values, "InstanceNumber": None}
        given = {name: value for name, value in values.items() if value is not None}
        for conversion in convert_many(items, values=given, threads=1):
            if conversion.dataset is not None:
                data = encode(conversion.dataset)
                self._told(conversion.source, lambda data=data: self._submitted([data]), kind="converted")
            elif conversion.error is not None:
                self._tell(conversion.source, "failed", _why(conversion.error))
            else:
                self._tell(conversion.source, "skipped", conversion.reason or _NO_DICOM)

    def _submitted(self, pieces: Iterable[bytes]) -> Future[Outcome]:
        archive: Archive = self.service.archive
        with archive.receive() as incoming:
            for piece in pieces:
                incoming.write(piece)
            return incoming.submit(within=self.within, is_waited_for=True)

    def _told(self, name: str, submit: Any, *, kind: str | None = None) -> None:
        """Store one and tell what became of it; only a full disk keeps the rest from being tried."""
        try:
            outcome: Outcome = submit().result()
        except StorageFullError:
            raise
        except (DicomError, OSError) as error:
            is_none = isinstance(error, FormatError)
            self._tell(name, "skipped" if is_none else "failed", _why(error))
        else:
            self.stored += outcome.kind != "identical"
            self.studies.add(outcome.study_uid)
            status = kind if kind and outcome.kind == "stored" else outcome.kind
            reason = _OTHER if outcome.kind == "quarantined" else ""
            self._tell(name, status, reason, study=outcome.study_uid)

    def _tell(self, name: str, status: str, reason: str = "", study: str = "") -> None:
        told = {"name": name, "status": status, "reason": reason, "study": study}
        self.results.append({key: value for key, value in told.items() if value})


def _nothing_of(head: bytes) -> str:
    """Say why nothing is taken of a file, by its first bytes."""
    if not head:
        return _EMPTY
    return _ZIP if head.startswith(b"PK\x03\x04") else _NO_DICOM


def _is_bare(path: str) -> bool:
    """Whether a file is a data set alone, as old ones are: nothing says which transfer syntax it has."""
    try:
        return bool(read(path).get("SOPInstanceUID"))
    except (DicomError, OSError):
        return False


def _why(error: Exception | str | None) -> str:
    if isinstance(error, DicomError):
        return error.message + (f" ({error.hint})" if error.hint else "")
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return "it cannot be converted" if isinstance(error, Exception) else error or ""
