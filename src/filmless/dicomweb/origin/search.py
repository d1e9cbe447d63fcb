"""QIDO-RS: searching for studies, series and instances."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex
from typing import Final

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Found, Key, Query, Row
from filmless.archive.query import Level
from filmless.dicomweb.origin.gzipped import gzip, joined, takes_gzip
from filmless.dicomweb.origin.multipart_out import Multipart
from filmless.dicomweb.origin.native_model import native_model
from filmless.dicomweb.origin.negotiation import Offer, choose
from filmless.dicomweb.origin.search_parameters import Asked, asked
from filmless.dicomweb.origin.sending import Sending
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError

__all__ = ["RESOURCES", "routes"]

RESOURCES: Final[dict[str, Level]] = {
    "/studies": "study",
    "/series": "series",
    "/instances": "instance",
    "/studies/{study}/series": "series",
    "/studies/{study}/instances": "instance",
    "/studies/{study}/series/{series}/instances": "instance",
}
"""What is searched, by its path (PS3.18 Table 10.6.1-1)."""

_JSON: Final = Offer("application/dicom+json")
_XML: Final = Offer("application/dicom+xml", is_multipart=True)
_STUDY, _SERIES = (0x0020_000D,), (0x0020_000E,)
_MORE: Final = "There are additional results that can be requested."


def routes(service: Service) -> list[Route]:
    """Return the routes of this part.

    DICOM
    -----
    PS3.18 10.6
    """

    async def search(request: Request) -> Response:
        within = service.within(request, "read")
        wanted = _asked(service, request)
        offer = choose(request, [_JSON, _XML])
        base, most = service.base(request), service.limits.search_rows
        limit = most if wanted.limit is None else min(wanted.limit, most)
        query = Query(
            level=RESOURCES[request.scope["route"].path],
            keys=(*_keys_of_path(request), *wanted.keys),
            include=frozenset(wanted.include),
            include_all=wanted.include_all,
            fuzzy=wanted.fuzzy,
            limit=limit,
            offset=wanted.offset,
            within=within,
            retrieve_url=base,
            timeout_s=service.limits.search_s,
        )
        found = await _found(service, request, query)
        warnings = [*wanted.warnings, *([_MORE] if found.more else [])]
        return _answer(service, request, found.rows, offer, [f"299 {base}: {text}" for text in warnings])

    return [Route(path, search, methods=["GET"]) for path in RESOURCES]


async def _found(service: Service, request: Request, query: Query) -> Found:
    """Answer a query; stop when the client has left: it could go on for seconds, and a reload asks again."""
    gone = threading.Event()

    async def watch() -> None:
        with suppress(OSError):
            while (await request.receive())["type"] != "http.disconnect":
                pass
            gone.set()

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            found = await service.call(service.archive.search, replace(query, stopped=gone.is_set))
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as several:  # the first is why
        raise several.exceptions[0] from None
    return found


def _asked(service: Service, request: Request) -> Asked:
    query: bytes = request.scope["query_string"]
    most = service.limits.url_bytes
    if len(query) > most:
        raise DicomWebError(f"the query has {len(query)} bytes, expected {most} at the most", status=414)
    return asked(query)


def _keys_of_path(request: Request) -> Iterator[Key]:
    for name, path in (("study", _STUDY), ("series", _SERIES)):
        uid = request.path_params.get(name)
        if uid is not None:
            # One UID: what would make it a list or a pattern is none.
            if set(uid) & set("\\*?") or not uid.isprintable():
                raise DicomWebError(f"the {name} is not named by a UID", status=400)
            yield Key(path, uid)


def _answer(service: Service, request: Request, rows: Sequence[Row], offer: Offer, warnings: Sequence[str]) -> Response:
    is_gzip = takes_gzip(request)
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept, Accept-Encoding"}
    if is_gzip:
        headers["Content-Encoding"] = "gzip"
    if offer == _XML:
        form = Multipart(_XML.media_type, token_hex())
        chunks, headers["Content-Type"] = _xml(rows, form), form.content_type
    else:
        chunks, headers["Content-Type"] = _json(rows), _JSON.media_type
    pieces = joined(gzip(chunks) if is_gzip else chunks)
    response = Sending(pieces, service.call, length=None, headers=headers)
    for warning in warnings:
        response.headers.append("Warning", warning)
    return response


def _json(rows: Sequence[Row]) -> Iterator[bytes]:
    yield b"["
    for number, row in enumerate(rows):
        yield b",\n" + row.json if number else row.json
    yield b"]"


def _xml(rows: Sequence[Row], form: Multipart) -> Iterator[bytes]:
    for number, row in enumerate(rows):
        text = native_model(row.json)
        yield form.head(_XML.media_type, len(text), is_first=number == 0)
        yield text
    yield form.end
