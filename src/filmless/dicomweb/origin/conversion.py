"""Ordinary pictures, videos and documents that become instances when they are posted."""

from collections.abc import Generator, Iterator
from pathlib import PurePath
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.convert import Conversion, convert_many
from filmless.convert.header import value_of_text
from filmless.convert.sources import Item
from filmless.dataset import Dataset
from filmless.dicomweb.media_type import MediaType
from filmless.dicomweb.origin.body import body
from filmless.dicomweb.origin.receiving import Memory, Receiving
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.spool import IN_MEMORY_BYTES, Kept, Spool
from filmless.dicomweb.origin.store import receive
from filmless.dicomweb.origin.store_metadata import fill, store_dataset
from filmless.dicomweb.origin.store_response import CANNOT_UNDERSTAND, Failure, failure_of
from filmless.errors import ConversionError, DicomWebError, FormatError

__all__ = ["routes"]

_HEADER: Final = "application/dicom+json"
_MAX_VALUE: Final = 64 << 10
_MAX_VALUES: Final = 1000


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""
    memory = Memory()

    async def convert(request: Request) -> Response:
        media_type = MediaType.of(request.headers.get("content-type"))
        return await receive(service, memory, request, lambda receiving: _read(service, receiving, request, media_type))

    return [Route("/convert", convert, methods=["POST"], name="convert")]


async def _read(service: Service, receiving: Receiving, request: Request, media_type: MediaType) -> None:
    async with Spool(service) as spool:
        if media_type.name in {"multipart/form-data", "multipart/related"}:
            await fill(spool, request, service, media_type)
        elif media_type.name.startswith("multipart/"):
            raise DicomWebError("expected one body, multipart/form-data or multipart/related", status=415)
        else:
            spool.begin({"content-type": media_type.name})
            async for piece in body(request, service):
                await spool.take(piece)
        values: dict[str, Any] = {name: _value(name, text) for name, text in request.query_params.items()}
        sources, template, fields = [], None, 0
        for part in spool.parts:
            if part.media_type.name == _HEADER:
                template = await service.call(_template, spool, part, service.limits.json_bytes)
            elif (name := _field(part)) is not None:
                fields += 1
                if fields > _MAX_VALUES:
                    raise DicomWebError(f"more than {_MAX_VALUES} header values", status=413)
                values[name] = _value(name, await service.call(_text, spool, part))
            elif part.size:
                sources.append(part)
            else:
                receiving.fail(Failure(CANNOT_UNDERSTAND, "an empty part"))
        run = convert_many(
            _items(spool, sources),
            template=template,
            values=values,
            threads=1,
            max_member_bytes=IN_MEMORY_BYTES,
            max_members=service.limits.parts,
        )
        await _convert(service, receiving, run)


async def _convert(service: Service, receiving: Receiving, run: Generator[Conversion, None, None]) -> None:
    """Store what becomes of each source, one after the other: one picture is held at a time."""
    try:
        while (conversion := await service.draw(next, run, None)) is not None:
            if conversion.dataset is not None:
                await store_dataset(service, receiving, conversion.dataset)
            elif conversion.error is not None:
                receiving.fail(failure_of(conversion.error))
            else:
                reason = conversion.reason or "it was passed over"
                receiving.fail(Failure(CANNOT_UNDERSTAND, reason))
    finally:
        await service.call(run.close)


def _items(spool: Spool, sources: list[Kept]) -> Iterator[Item]:
    """Read sources when their turn comes. Names that a client gave them lead nowhere: they get others."""
    for number, part in enumerate(sources, start=1):
        name = f"part {number}"
        yield Item(source=spool.read(part), name=name, relative=PurePath(f"part-{number}"))


def _field(part: Kept) -> str | None:
    """Return the keyword of a part that is a header value: a field of a form that is no file."""
    disposition = MediaType.of(part.headers.get("content-disposition"))
    name = disposition.parameters.get("name")
    is_file = "filename" in disposition.parameters or part.media_type.name not in {"", "text/plain"}
    return None if is_file or disposition.name != "form-data" or not name else name


def _value(keyword: str, text: str) -> Any:
    """Return a header value as it is typed; what is no keyword of the data dictionary is refused, options too."""
    try:
        return value_of_text(keyword, text)
    except ConversionError as error:
        raise DicomWebError(error.message, status=400, hint="header values are given by keyword") from None


def _text(spool: Spool, part: Kept) -> str:
    if part.size > _MAX_VALUE:
        raise DicomWebError(f"a header value of more than {_MAX_VALUE} bytes", status=413)
    try:
        return spool.read(part).decode()
    except UnicodeDecodeError:
        raise DicomWebError("a header value is no UTF-8", status=400) from None


def _template(spool: Spool, part: Kept, most: int) -> Dataset:
    if part.size > most:
        raise DicomWebError(f"header values of more than {most} bytes", status=413)
    try:
        return Dataset.from_json(spool.read(part))
    except (FormatError, ValueError, TypeError):
        raise DicomWebError("the header values are no DICOM JSON object", status=400) from None
