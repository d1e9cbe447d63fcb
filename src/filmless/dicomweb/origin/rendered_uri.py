"""Pictures and documents for WADO-URI, whose parameters have other names."""

from starlette.requests import Request
from starlette.responses import Response

from filmless.archive import Entry
from filmless.dicomweb.origin.documents import media_types_of_document
from filmless.dicomweb.origin.pictures import ANIMATED, media_types
from filmless.dicomweb.origin.ranges import etag_of, last_modified, unchanged, validators
from filmless.dicomweb.origin.rendered import answer_document, answer_picture
from filmless.dicomweb.origin.rendering_parameters import rendering_of_uri
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.subjects import Subject, open_image
from filmless.errors import DicomWebError

__all__ = ["rendered_for_uri", "rendered_media_types"]

_DRAWN = 1


def rendered_media_types(entry: Entry) -> tuple[str, ...]:
    """Return what an instance is rendered to, the default first; nothing when it has no rendered form.

    DICOM
    -----
    PS3.18 8.7.4
    """
    if entry.frames:
        return media_types(moving=entry.frames > 1)
    return media_types_of_document(entry.sop_class_uid)


async def rendered_for_uri(service: Service, request: Request, entry: Entry, *, media_type: str) -> Response:
    """Answer a request of WADO-URI for a rendered media type.

    The query parameters are read here: ``frameNumber``, ``rows``, ``columns``, ``region``, ``windowCenter``,
    ``windowWidth``, ``imageQuality``, ``annotation``, ``presentationUID`` and ``presentationSeriesUID``.

    Parameters
    ----------
    service, request
        The service, and the request; who asks may read.
    entry
        The instance, which is in sight.
    media_type
        One of `rendered_media_types`.

    Raises
    ------
    DicomWebError
        400, 404, 406, 500.

    DICOM
    -----
    PS3.18 9.1.2.2
    """
    return await service.draw(_answer, service, request, entry, media_type)


def _answer(service: Service, request: Request, entry: Entry, media_type: str) -> Response:
    query = request.query_params
    rendering = rendering_of_uri(query)
    state = _state(service, request, entry)
    numbers: range | tuple[int, ...] = range(entry.frames)
    if "frameNumber" in query:
        numbers = (_frame(query["frameNumber"], entry),)
    elif media_type not in ANIMATED:
        numbers = numbers[:1]
    made_from = [entry, state] if state else [entry]
    etag = etag_of(made_from, _DRAWN, "wado-uri", media_type, sorted(query.multi_items()))
    modified = last_modified(made_from)
    known = unchanged(request, etag, modified)
    if known is not None:
        return known
    headers = validators(etag, modified)
    if not entry.frames:
        return answer_document(service, entry, media_type, headers)
    image = open_image(service.archive, Subject(entry, tuple(numbers), state))
    return answer_picture(service, image, numbers, media_type, rendering, headers)


def _frame(text: str, entry: Entry) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if number < 1:
        raise DicomWebError("`frameNumber` is a whole number from 1", status=400)
    if number > entry.frames:
        raise DicomWebError(f"there is no such frame: the instance has {entry.frames}", status=404)
    return number - 1


def _state(service: Service, request: Request, entry: Entry) -> Entry | None:
    """Find the presentation state that is asked for: it is of the same study."""
    query = request.query_params
    if "presentationUID" not in query and "presentationSeriesUID" not in query:
        return None
    if "presentationUID" not in query or "presentationSeriesUID" not in query:
        raise DicomWebError("presentationUID and presentationSeriesUID go together", status=400)
    within = service.within(request, "read")
    uids = query["presentationSeriesUID"], query["presentationUID"]
    found = service.archive.entries(entry.study_uid, *uids, within=within)
    if not found:
        raise DicomWebError("there is no such presentation state", status=404)
    return found[0]
