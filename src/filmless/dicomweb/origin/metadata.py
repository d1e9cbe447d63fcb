"""WADO-RS metadata: headers as JSON or XML, as they were kept at ingest."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Entry
from filmless.archive.header import ENCODER, Header
from filmless.dicomweb.origin.gzipped import gzip, joined, takes_gzip
from filmless.dicomweb.origin.multipart_out import Multipart
from filmless.dicomweb.origin.native_model import native_model
from filmless.dicomweb.origin.negotiation import Offer, choose
from filmless.dicomweb.origin.ranges import etag_of, last_modified, unchanged, validators
from filmless.dicomweb.origin.sending import Sending
from filmless.dicomweb.origin.service import Service

__all__ = ["instance_url", "routes"]

_JSON: Final = Offer("application/dicom+json")
_XML: Final = Offer("application/dicom+xml", is_multipart=True)
_LARGE: Final = 256 << 10  # of JSON, which takes up to 20 times that while it becomes XML
_PATHS: Final = (
    "/studies/{study}/metadata",
    "/studies/{study}/series/{series}/metadata",
    "/studies/{study}/series/{series}/instances/{instance}/metadata",
)


def routes(service: Service) -> list[Route]:
    """Return the routes of this part.

    DICOM
    -----
    PS3.18 10.4.1.1.2
    """
    one_at_a_time = threading.Lock()

    def retrieve(request: Request) -> Response:
        offer = choose(request, [_JSON, _XML])
        entries = service.find(request)
        base, is_gzip = service.base(request), takes_gzip(request)
        etag = etag_of(entries, ENCODER, offer, base, is_gzip)
        modified = last_modified(entries)
        if (same := unchanged(request, etag, modified)) is not None:
            return same
        form = Multipart(_XML.media_type, etag) if offer == _XML else None
        chunks = _xml(service, entries, base, form, one_at_a_time) if form else _json(service, entries, base)
        headers = {
            "Content-Type": form.content_type if form else _JSON.media_type,
            **validators(etag, modified),
            **({"Content-Encoding": "gzip"} if is_gzip else {}),
        }
        pieces = joined(gzip(chunks) if is_gzip else chunks)
        return Sending(pieces, service.call, length=None, headers=headers).begin()

    async def metadata(request: Request) -> Response:
        return await service.call(retrieve, request)

    return [Route(path, metadata) for path in _PATHS]


def instance_url(base: str, entry: Entry) -> str:
    """Return the URL of an instance."""
    return f"{base}/studies/{entry.study_uid}/series/{entry.series_uid}/instances/{entry.instance_uid}"


def _headers(service: Service, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Header]]:
    return zip(entries, service.archive.headers(entries), strict=True)


def _json(service: Service, entries: Sequence[Entry], base: str) -> Iterator[bytes]:
    before = b"["
    for entry, header in _headers(service, entries):
        yield before
        yield header.json(instance_url(base, entry))
        before = b",\n"
    yield b"]"


def _xml(
    service: Service, entries: Sequence[Entry], base: str, form: Multipart, one_at_a_time: threading.Lock
) -> Iterator[bytes]:
    for number, (entry, header) in enumerate(_headers(service, entries)):
        kept = header.json()
        with one_at_a_time if len(kept) > _LARGE else nullcontext():
            text = native_model(kept, instance_url(base, entry))
        yield form.head(_XML.media_type, len(text), is_first=number == 0)
        yield text
    yield form.end
