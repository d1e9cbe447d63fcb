"""WADO-RS rendered resources and thumbnails."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Entry
from filmless.dicomweb.origin.documents import document, media_types_of_document
from filmless.dicomweb.origin.frames import frame_numbers
from filmless.dicomweb.origin.gzipped import joined
from filmless.dicomweb.origin.metadata import instance_url
from filmless.dicomweb.origin.multipart_out import Multipart, Part
from filmless.dicomweb.origin.negotiation import Offer, choose
from filmless.dicomweb.origin.pictures import ANIMATED, Image, media_types, mend
from filmless.dicomweb.origin.ranges import etag_of, last_modified, unchanged, validators
from filmless.dicomweb.origin.rendering_parameters import KEYS, OTHERS, Rendering, rendering_of
from filmless.dicomweb.origin.sending import PIECE, Pieces, Sending
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.subjects import Subject, open_image, representative_frame, subjects
from filmless.dicomweb.origin.thumbnails import MEDIA_TYPES, placeholder, representative, thumbnail_size
from filmless.errors import DicomError, DicomWebError

__all__ = ["answer_document", "answer_picture", "routes"]

_DRAWN: Final = 1
"""The version of what is drawn: a change makes what clients keep out of date."""

_LEVELS: Final = (
    "/studies/{study}",
    "/studies/{study}/series/{series}",
    "/studies/{study}/series/{series}/instances/{instance}",
    "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}",
)

# A report is text of strangers, shown by a browser at our address: nothing in it runs, and nothing is fetched.
_INERT: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    async def rendered(request: Request) -> Response:
        # Index, file and pixels in one go: to change threads in between takes longer than to ask the index.
        return _warned(service, request, await service.draw(_rendered, service, request))

    async def thumbnail(request: Request) -> Response:
        return _warned(service, request, await service.draw(_thumbnail, service, request))

    return [
        Route(f"{level}/{name}", endpoint, methods=["GET"])
        for level in _LEVELS
        for name, endpoint in (("rendered", rendered), ("thumbnail", thumbnail))
    ]


def _rendered(service: Service, request: Request) -> Response:
    within = service.within(request, "read")
    rendering = rendering_of(_once(request.query_params))
    shown = subjects(service.archive, service.find(request), within=within)
    chosen = request.path_params.get("frames")
    if chosen is not None:
        shown = _with_frames(shown, chosen)
    if rendering.shows_a_part and any(subject.state for subject in shown):
        raise DicomWebError("`viewport` of a presentation state is width,height: it shows a region itself", status=400)
    offer = choose(request, _offers(shown, all_frames=chosen is None, is_one="instance" in request.path_params))
    made_from = [entry for subject in shown for entry in (subject.entry, subject.state) if entry]
    asked = sorted(request.query_params.multi_items())
    etag = etag_of(made_from, _DRAWN, service.base(request), request.url.path, offer, asked)
    modified = last_modified(made_from)
    known = unchanged(request, etag, modified)
    if known is not None:
        return known
    headers = validators(etag, modified)
    if offer.is_multipart:
        return _several(service, request, shown, offer, rendering, etag, headers)
    subject = shown[0]
    if not subject.numbers:
        return answer_document(service, subject.entry, offer.media_type, headers)
    image = open_image(service.archive, subject)
    numbers = subject.numbers
    if offer.media_type not in ANIMATED and len(numbers) > 1:
        first = representative_frame(image.ds, subject.entry.frames)
        numbers = (first if first in numbers else numbers[0],)
    return answer_picture(service, image, numbers, offer.media_type, rendering, headers)


def answer_picture(
    service: Service,
    image: Image,
    numbers: Sequence[int],
    media_type: str,
    rendering: Rendering,
    headers: dict[str, str],
) -> Response:
    """Draw frames of an image as one file: called in a thread.

    Parameters
    ----------
    numbers
        One frame, or some for a media type that holds many.
    headers
        Of the answer, beside its type.
    """
    if len(numbers) == 1:
        return Response(image.draw(numbers, media_type, rendering), headers=headers, media_type=media_type)

    def pieces() -> Pieces:
        with image.animate(numbers, media_type, rendering) as file:
            yield from iter(lambda: file.read(PIECE), b"")

    return Sending(pieces(), service.draw, length=None, headers={**headers, "Content-Type": media_type})


def answer_document(service: Service, entry: Entry, media_type: str, headers: dict[str, str]) -> Response:
    """Send a report or an encapsulated document: called in a thread."""
    with mend():
        body = document(service.archive.dataset(entry), media_type)
    return Response(body, headers={**headers, **_inert(media_type), "Content-Type": _content_type(entry, media_type)})


def _inert(media_type: str) -> dict[str, str]:
    # In a sandbox browsers show no PDF at all; theirs runs apart from the page.
    return {key: value for key, value in _INERT.items() if media_type != "application/pdf" or key.startswith("X-")}


def _content_type(entry: Entry, media_type: str) -> str:
    is_ours = len(media_types_of_document(entry.sop_class_uid)) > 1  # what is encapsulated says its characters itself
    return f"{media_type}; charset=utf-8" if is_ours else media_type


def _several(
    service: Service,
    request: Request,
    shown: Sequence[Subject],
    offer: Offer,
    rendering: Rendering,
    etag: str,
    headers: dict[str, str],
) -> Response:
    form, base = Multipart(offer.media_type, etag), service.base(request)

    def parts() -> Iterator[Part]:
        failed: DicomError | None = None
        is_empty = True
        for subject in shown:
            for part in _parts(service, subject, offer.media_type, rendering, base):
                if isinstance(part, Part):
                    is_empty = False
                    yield part
                else:
                    failed = failed or part
        if is_empty and failed is not None:
            raise failed

    pieces = (piece for piece in form.pieces(parts()) if isinstance(piece, bytes))
    headers = {**headers, "Content-Type": form.content_type}
    return Sending(joined(pieces), service.draw, length=None, headers=headers)


def _parts(
    service: Service, subject: Subject, media_type: str, rendering: Rendering, base: str
) -> Iterator[Part | DicomError]:
    """Draw what is shown of an instance, a part a picture. One that cannot be drawn does not keep the others back."""
    entry = subject.entry
    url = instance_url(base, entry)
    try:
        if not subject.numbers:
            if media_type in media_types_of_document(entry.sop_class_uid):
                with mend():
                    body = document(service.archive.dataset(entry), media_type)
                yield Part(_content_type(entry, media_type), [body], f"{url}/rendered")
            return
        image = open_image(service.archive, subject)
    except DicomError as error:
        yield error
        return
    numbers = subject.numbers
    groups = [numbers] if media_type in ANIMATED else [(number,) for number in numbers]
    for group in groups:
        place = f"{url}/frames/{group[0] + 1}/rendered" if len(group) < entry.frames else f"{url}/rendered"
        try:
            yield Part(media_type, [image.draw(group, media_type, rendering)], place)
        except DicomError as error:
            yield error


def _thumbnail(service: Service, request: Request) -> Response:
    within = service.within(request, "read")
    rendering = rendering_of(_once(request.query_params))
    if rendering.shows_a_part:
        raise DicomWebError("`viewport` of a thumbnail is width,height: it shows all of an image", status=400)
    entries = service.find(request)
    entry = representative(entries)
    chosen = request.path_params.get("frames")
    frame = _frames(chosen, entry.frames) if chosen is not None else ()
    if len(frame) > 1:
        raise DicomWebError("a thumbnail is of one frame", status=400)
    offer = choose(request, [Offer(name) for name in MEDIA_TYPES])
    why = "cannot be drawn" if entry.frames else ""
    try:
        found = subjects(service.archive, [entry], within=within)[0]
    except DicomWebError:
        found = Subject(entry, ())
    made_from = [*entries, found.entry]
    etag = etag_of(made_from, _DRAWN, request.url.path, offer, sorted(request.query_params.multi_items()))
    modified = last_modified(made_from)
    known = unchanged(request, etag, modified)
    if known is not None:
        return known
    headers = validators(etag, modified)
    if found.numbers:
        with suppress(DicomError):  # in a list of many, each has something to show
            image = open_image(service.archive, found)
            description = image.opened.description
            small = thumbnail_size(rendering, description.rows, description.columns)
            numbers = frame or (_middle(image, found.numbers),)
            return answer_picture(service, image, numbers, offer.media_type, small, headers)
    body = placeholder(entry.sop_class_uid, offer.media_type, rendering, why=why)
    return Response(body, headers=headers, media_type=offer.media_type)


def _middle(image: Image, numbers: Sequence[int]) -> int:
    if "RepresentativeFrameNumber" in image.ds:
        return representative_frame(image.ds, len(image.opened))
    # The frames of a video before the middle would have to be decoded, too.
    return numbers[0] if image.opened.is_stream else numbers[len(numbers) // 2]


def _offers(shown: Sequence[Subject], *, all_frames: bool, is_one: bool) -> list[Offer]:
    """Return what can be had: one picture, or parts."""
    if shown[0].numbers:
        moving = all_frames and any(len(subject.numbers) > 1 for subject in shown)
        kinds = media_types(moving=moving)
        alone = len(shown) == 1 and ((all_frames and is_one) or len(shown[0].numbers) == 1)
    else:
        kinds = tuple(dict.fromkeys(kind for one in shown for kind in media_types_of_document(one.entry.sop_class_uid)))
        alone = len(shown) == 1
    return [*(Offer(kind) for kind in kinds if alone), *(Offer(kind, is_multipart=True) for kind in kinds)]


def _with_frames(shown: Sequence[Subject], chosen: str) -> list[Subject]:
    subject = shown[0]
    if subject.state is not None or not subject.numbers:
        raise DicomWebError("the instance has no frames", status=404)
    return [subject._replace(frames=_frames(chosen, subject.entry.frames))]


def _frames(chosen: str, count: int) -> tuple[int, ...]:
    """Read a list of frame numbers, which count from 1."""
    numbers = frame_numbers(chosen)
    if max(numbers) >= count:
        raise DicomWebError(f"there is no such frame: the instance has {count}", status=404)
    return tuple(numbers)


def _warned(service: Service, request: Request, response: Response) -> Response:
    """Tell who misspelt a parameter: the picture would look as if it had been heeded."""
    if any(name not in KEYS and name.lower() not in OTHERS for name in request.query_params):
        text = f"a query parameter that is none of rendering was ignored; there are {', '.join(KEYS)} and accept."
        response.headers.append("Warning", f"299 {service.base(request)}: {text}")
    return response


def _once(query: QueryParams) -> QueryParams:
    for key in KEYS:
        if len(query.getlist(key)) > 1:
            raise DicomWebError(f"`{key}` is given more than once", status=400)
    return query
