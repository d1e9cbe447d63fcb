"""WADO-RS bulk data: one value by its URI, or all of an instance, a series, a study."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Entry
from filmless.dicomweb.origin.bulk_value import bulk_value, is_pixel_data
from filmless.dicomweb.origin.frames import FramesOf, forms_of, offers_of, parts_of, send_frames
from filmless.dicomweb.origin.metadata import instance_url
from filmless.dicomweb.origin.multipart_out import Multipart, Part
from filmless.dicomweb.origin.negotiation import MediaRange, Offer, accepted, best, choose
from filmless.dicomweb.origin.ranges import answer, etag_of, last_modified, unchanged, validators
from filmless.dicomweb.origin.sending import Sending, lazy_body
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.transcoded import DEFAULT, is_encapsulated
from filmless.errors import DicomWebError

__all__ = ["routes"]

_OCTETS: Final = "application/octet-stream"
_URI: Final = re.compile(rb'"BulkDataURI":"bulkdata/([^"]+)"')
_INSTANCE: Final = "/studies/{study}/series/{series}/instances/{instance}/bulkdata"
_ALL: Final = ("/studies/{study}/bulkdata", "/studies/{study}/series/{series}/bulkdata", _INSTANCE)

# Bytes of strangers: a browser keeps them as a file, and shows and runs nothing of them at our address.
_INERT: Final = {
    "Content-Disposition": 'attachment; filename="bulkdata"',
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


def routes(service: Service) -> list[Route]:
    """Return the routes of this part.

    DICOM
    -----
    PS3.18 10.4.1.1.5
    """

    async def one(request: Request) -> Response:
        return await service.call(_send_one, service, request)

    async def many(request: Request) -> Response:
        return await service.call(_send_all, service, request)

    return [Route(f"{_INSTANCE}/{{path:path}}", one), *(Route(path, many) for path in _ALL)]


def _send_one(service: Service, request: Request) -> Response:
    entry, path = service.find(request)[0], request.path_params["path"]
    if is_pixel_data(path) and (places := service.archive.frame_map(entry)) is not None and places.is_encapsulated:
        wanted = FramesOf(entry, places, range(places.count))
        return send_frames(service, request, wanted, _INERT)
    value = bulk_value(service.archive.dataset(entry), entry, path)
    types = dict.fromkeys((_OCTETS, value.media_type))
    offers = [Offer(name, is_multipart, _syntax(name)) for is_multipart in (True, False) for name in types]
    offer = choose(request, offers)
    url = f"{instance_url(service.base(request), entry)}/bulkdata/{path}"
    etag = etag_of([entry], offer, url)
    if (same := unchanged(request, etag, entry.received)) is not None:
        return same
    body, media_type = value.body, _type(offer)
    if offer.is_multipart:
        form = Multipart(offer.media_type, etag)
        body, media_type = list(form.pieces([Part(_type(offer), body, url)])), form.content_type
    return answer(service, request, body, media_type=media_type, etag=etag, modified=entry.received, headers=_INERT)


def _send_all(service: Service, request: Request) -> Response:
    """Send all bulk data, each value with its URI as Content-Location."""
    entries = service.find(request)
    base, ranges = service.base(request), accepted(request)
    coded = dict.fromkeys(entry.transfer_syntax_uid for entry in entries if entry.frames)
    forms = [form for syntax in coded for form in forms_of(syntax, is_encapsulated(syntax), True)]
    choose(request, [Offer(_OCTETS, is_multipart=True, transfer_syntax=DEFAULT), *forms])
    etag = etag_of(entries, "bulkdata", base, *ranges, weak=True)
    modified = last_modified(entries)
    if (same := unchanged(request, etag, modified)) is not None:
        return same
    form = Multipart(_OCTETS, etag)
    headers = {"Content-Type": form.content_type, **validators(etag, modified), **_INERT}
    parts = _parts(service, entries, ranges, base)
    return Sending(lazy_body(service.archive, form.pieces(parts)), service.draw, length=None, headers=headers)


def _parts(service: Service, entries: Sequence[Entry], ranges: Sequence[MediaRange], base: str) -> Iterator[Part]:
    for entry, header in zip(entries, service.archive.headers(entries), strict=True):
        url = instance_url(base, entry)
        ds = None
        for found in _URI.findall(header.json()):
            path = found.decode()
            if is_pixel_data(path) and (offer := _pixel_offer(service, entry, ranges)):
                yield from _frames(service, entry, offer, url)
                continue
            ds = service.archive.dataset(entry) if ds is None else ds
            value = bulk_value(ds, entry, path)
            yield Part(f"{_OCTETS}; transfer-syntax={DEFAULT}", value.body, f"{url}/bulkdata/{path}")


def _frames(service: Service, entry: Entry, offer: Offer, url: str) -> Iterator[Part]:
    """Give the frames of an instance; those that do not decode as they are stored: of many none is missing."""
    places = service.archive.frame_map(entry)
    assert places is not None  # noqa: S101 - it has an offer
    done = 0
    try:
        for part in parts_of(service.archive, FramesOf(entry, places, range(places.count)), offer, url):
            yield part
            done += 1
    except DicomWebError:
        if offer.is_stored:
            raise
        offers = offers_of(entry.transfer_syntax_uid, places, is_alone=False)
        stored = next(one for one in offers if one.is_stored)
        yield from parts_of(service.archive, FramesOf(entry, places, range(done, places.count)), stored, url)


def _pixel_offer(service: Service, entry: Entry, ranges: Sequence[MediaRange]) -> Offer | None:
    """Choose a form for the frames of encapsulated pixel data; without one they go out as they are stored."""
    places = service.archive.frame_map(entry) if entry.frames else None
    if places is None or not places.is_encapsulated:
        return None
    offers = offers_of(entry.transfer_syntax_uid, places, is_alone=False)
    return best(ranges, offers) or next(offer for offer in offers if offer.is_stored)


def _syntax(media_type: str) -> str:
    return DEFAULT if media_type == _OCTETS else ""


def _type(offer: Offer) -> str:
    return f"{offer.media_type}; transfer-syntax={offer.transfer_syntax}" if offer.transfer_syntax else offer.media_type
