"""WADO-URI: one instance or picture, named by query parameters."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Entry
from filmless.dicomweb.origin.documents import media_types_of_document
from filmless.dicomweb.origin.frames import frame_numbers
from filmless.dicomweb.origin.instances import offers_of, send_instances
from filmless.dicomweb.origin.negotiation import MediaRange, Offer, accepted, best, media_ranges, mended
from filmless.dicomweb.origin.pictures import ANIMATED, media_types
from filmless.dicomweb.origin.ranges import etag_of, last_modified, unchanged, validators
from filmless.dicomweb.origin.rendered import answer_document, answer_picture
from filmless.dicomweb.origin.rendering_parameters import rendering_of_uri
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.subjects import Subject, open_image, representative_frame
from filmless.errors import DicomWebError

__all__ = ["routes"]

_DICOM: Final = "application/dicom"
_NEEDED: Final = ("studyUID", "seriesUID", "objectUID")


def routes(service: Service) -> list[Route]:
    """Return the routes of this part.

    DICOM
    -----
    PS3.18 9
    """

    async def retrieve(request: Request) -> Response:
        within = service.within(request, "read")
        query = _query(request)
        # The address has no UIDs in its path: the audit is told.
        said = zip(("study", "series", "instance"), (query[name] for name in _NEEDED), strict=True)
        request.scope.setdefault("filmless.audit", {}).update(said)
        found = await service.call(service.archive.entries, *(query[name] for name in _NEEDED), within=within)
        if not found:
            raise DicomWebError("there is no such instance", status=404)
        return await _answer(service, request, query, found[0])

    return [Route("/wado", retrieve)]


def _query(request: Request) -> dict[str, str]:
    """Return the parameters, checked.

    Raises
    ------
    DicomWebError
        400: one is missing, or given twice; 501: what is asked for is optional, and not done.
    """
    query: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in query:
            raise DicomWebError("a parameter is given more than once", status=400)
        query[name] = value
    if query.get("requestType") != "WADO":
        raise DicomWebError("`requestType` is missing or not WADO", status=400)
    for name in _NEEDED:
        if not query.get(name):
            raise DicomWebError(f"`{name}` is missing", status=400)
    if query.get("anonymize"):
        raise DicomWebError("`anonymize` is not supported", status=501)
    return query


async def _answer(service: Service, request: Request, query: Mapping[str, str], entry: Entry) -> Response:
    files = _files(entry, query.get("transferSyntax", ""))
    pictures = _pictures(entry)
    # Of several frames that are not named no picture is plain enough to be the default.
    is_file = not pictures or (entry.frames > 1 and "frameNumber" not in query)
    offers = [*files, *pictures] if is_file else [*pictures, *files]
    offer = best(_ranges(request, query), offers)
    if offer is None:
        said = ", ".join(dict.fromkeys(one.media_type for one in offers))
        raise DicomWebError("none of what is accepted can be had", status=406, hint=f"there is: {said}")
    if offer.media_type != _DICOM:
        return await service.draw(_send_picture, service, request, query, entry, offer)
    if "frameNumber" in query:
        raise DicomWebError("`frameNumber` goes with pictures, not with application/dicom", status=400)
    wanted = {(entry.transfer_syntax_uid, entry.frames > 0): offer.transfer_syntax}
    return await service.call(send_instances, service, request, [entry], wanted, is_multipart=False, is_alone=True)


def _files(entry: Entry, transfer_syntax: str) -> list[Offer]:
    """Return in which transfer syntaxes the instance can be had: the one that is asked for stands for all."""
    offers = [
        offer
        for offer in offers_of(entry.transfer_syntax_uid, entry.frames > 0, is_alone=True)
        if offer.media_type == _DICOM and not offer.is_multipart
    ]
    if not transfer_syntax:
        return offers
    # A star stands for what is stored, as in WADO-RS; others know it, too.
    wanted = entry.transfer_syntax_uid if transfer_syntax == "*" else transfer_syntax
    return [offer._replace(is_default=True) for offer in offers if offer.transfer_syntax == wanted]


def _pictures(entry: Entry) -> list[Offer]:
    kinds = media_types(moving=entry.frames > 1) if entry.frames else media_types_of_document(entry.sop_class_uid)
    return [Offer(kind) for kind in kinds]


def _send_picture(service: Service, request: Request, query: Mapping[str, str], entry: Entry, offer: Offer) -> Response:
    """Draw what is asked for: called in a thread."""
    rendering = rendering_of_uri(query)
    state = _state(service, request, query)
    made_from = [entry, state] if state else [entry]
    etag = etag_of(made_from, offer, *sorted(query.items()))
    modified = last_modified(made_from)
    if (same := unchanged(request, etag, modified)) is not None:
        return same
    headers = validators(etag, modified)
    if not entry.frames:
        return answer_document(service, entry, offer.media_type, headers)
    image = open_image(service.archive, Subject(entry, None, state))
    if "frameNumber" in query:
        numbers = frame_numbers(query["frameNumber"])
        if len(numbers) > 1:
            raise DicomWebError("`frameNumber` is one number", status=400)
        if numbers[0] >= entry.frames:
            raise DicomWebError(f"there is no such frame: the instance has {entry.frames}", status=404)
    elif offer.media_type in ANIMATED:
        numbers = list(range(entry.frames))
    else:
        numbers = [representative_frame(image.ds, entry.frames)]
    return answer_picture(service, image, numbers, offer.media_type, rendering, headers)


def _state(service: Service, request: Request, query: Mapping[str, str]) -> Entry | None:
    """Find the presentation state that the picture is to be shown through."""
    if ("presentationUID" in query) != ("presentationSeriesUID" in query):
        raise DicomWebError("presentationUID and presentationSeriesUID go together", status=400)
    if "presentationUID" not in query:
        return None
    uids = (query["studyUID"], query["presentationSeriesUID"], query["presentationUID"])
    found = service.archive.entries(*uids, within=service.within(request, "read"))
    if not found:
        raise DicomWebError("there is no such presentation state", status=404)
    return found[0]


def _ranges(request: Request, query: Mapping[str, str]) -> list[MediaRange]:
    """Return what is accepted: ``contentType`` takes the place of the header, which a link cannot set."""
    if "contentType" not in query:
        return accepted(request)
    found = list(media_ranges(mended(query["contentType"])))
    if not found:
        raise DicomWebError("`contentType` is no list of media types", status=400)
    return found
