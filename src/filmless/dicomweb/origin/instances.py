"""WADO-RS: whole studies, series and instances, as they are stored or transcoded."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Entry
from filmless.dicomweb.origin.multipart_out import Multipart, Part
from filmless.dicomweb.origin.negotiation import Offer, accepted, best, choose
from filmless.dicomweb.origin.ranges import answer, etag_of, last_modified, unchanged, validators
from filmless.dicomweb.origin.sending import PIECE, Piece, Pieces, Sending, Stored, body_of
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.transcoded import DEFAULT, is_decoded, size_of, targets_of, transcoded
from filmless.dicomweb.origin.zip_out import name_by_uids, stored_pieces, zipped
from filmless.errors import DicomWebError

__all__ = ["offers_of", "routes", "send_instances"]

_DICOM: Final = "application/dicom"
_ZIP: Final = Offer("application/zip")
_AS_STORED: Final = '299 - "some instances cannot be had in the transfer syntax that is asked for: as stored"'
_PATHS: Final = (
    "/studies/{study}",
    "/studies/{study}/series/{series}",
    "/studies/{study}/series/{series}/instances/{instance}",
)

_Kind = tuple[str, bool]
"""Transfer syntax, and whether there are pixels: what decides in which forms an instance can be had."""


def routes(service: Service) -> list[Route]:
    """Return the routes of this part.

    DICOM
    -----
    PS3.18 10.4
    """

    def retrieve(request: Request) -> Response:
        entries = service.find(request)
        is_alone = "instance" in request.path_params
        kinds = dict.fromkeys(map(_kind, entries))
        offers = {kind: offers_of(*kind, is_alone=is_alone) for kind in kinds}
        ranges = accepted(request)
        chosen = {kind: best(ranges, offers[kind]) for kind in kinds}
        first = next((offer for offer in chosen.values() if offer), None)
        if first is None:
            first = choose(request, [offer for some in offers.values() for offer in some])  # raises
        if first == _ZIP:
            return _send_zip(service, request, entries)
        # What has no such form, as a report among images that are asked for as JPEG, goes out as it is stored.
        fitting = {kind: offer for kind, offer in chosen.items() if offer and offer != _ZIP}
        wanted = {kind: fitting[kind].transfer_syntax if kind in fitting else kind[0] for kind in kinds}
        headers = {} if len(fitting) == len(kinds) else {"Warning": _AS_STORED}
        return send_instances(
            service, request, entries, wanted, is_multipart=first.is_multipart, is_alone=is_alone, headers=headers
        )

    async def instances(request: Request) -> Response:
        # All in a thread: of a study of many instances the list alone takes its time.
        return await service.call(retrieve, request)

    return [Route(path, instances) for path in _PATHS]


def offers_of(transfer_syntax: str, has_pixels: bool, *, is_alone: bool) -> list[Offer]:
    """Return in which forms an instance can be had: in parts, and bare when it is asked for alone.

    The default is Explicit VR Little Endian, as the Standard has it; of a video, and of what no codec of ours decodes,
    what is stored.

    DICOM
    -----
    PS3.18 8.7.3.5.2
    """
    is_transcoded = is_decoded(transfer_syntax) or not has_pixels
    default = DEFAULT if is_transcoded else transfer_syntax
    others = [row["uid"] for row in targets_of(has_pixels=has_pixels)] if is_transcoded else []
    forms = (True, False) if is_alone else (True,)
    offers = [
        Offer(_DICOM, is_multipart, uid, is_default=uid == default, is_stored=uid == transfer_syntax)
        for uid in dict.fromkeys((default, transfer_syntax, *others))
        for is_multipart in forms
    ]
    return [*offers, _ZIP]


def send_instances(
    service: Service,
    request: Request,
    entries: Sequence[Entry],
    wanted: Mapping[_Kind, str],
    *,
    is_multipart: bool,
    is_alone: bool,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send instances: called in a thread.

    Parameters
    ----------
    entries
        Which.
    wanted
        For each transfer syntax and whether there are pixels: the transfer syntax to send.
    is_multipart
        Whether they are parts; else there is one.
    is_alone
        Whether one was asked for: it comes as asked or not at all. Of many, one that cannot be transcoded goes out as
        it is stored, and its part says so: none is missing.
    headers
        More headers.
    """
    are_stored = all(kind[0] == syntax for kind, syntax in wanted.items())
    etag = etag_of(entries, _DICOM, is_multipart, *sorted(wanted.items()), weak=not are_stored)
    modified = last_modified(entries)
    if (same := unchanged(request, etag, modified)) is not None:
        return same
    form = Multipart(_DICOM, etag) if is_multipart else None
    media_type = form.content_type if form else _type(wanted[_kind(entries[0])])
    if not are_stored:
        pieces = _transcode(service, entries, wanted, form, falls_back=not is_alone)
        said = {"Content-Type": media_type, **validators(etag, modified), **(headers or {})}
        return Sending(pieces, service.draw, length=None, headers=said)
    body: list[Piece]
    if form:
        body = list(form.pieces(Part(_type(one.transfer_syntax_uid), [Stored(one, 0, one.size)]) for one in entries))
    else:
        body = [Stored(entries[0], 0, entries[0].size)]
    return answer(service, request, body, media_type=media_type, etag=etag, modified=modified, headers=headers)


def _transcode(
    service: Service,
    entries: Sequence[Entry],
    wanted: Mapping[_Kind, str],
    form: Multipart | None,
    *,
    falls_back: bool,
) -> Pieces:
    for number, entry in enumerate(entries):
        syntax = wanted[_kind(entry)]
        if syntax != entry.transfer_syntax_uid:
            try:
                with transcoded(service.archive, entry, syntax) as written:
                    if form:
                        yield form.head(_type(syntax), size_of(written), is_first=number == 0)
                    if isinstance(written, bytes):
                        yield from (memoryview(written)[at : at + PIECE] for at in range(0, len(written), PIECE))
                    else:
                        yield from iter(lambda file=written: file.read(PIECE), b"")  # type: ignore[misc]
                continue
            except DicomWebError:
                if not falls_back:
                    raise
        if form:
            yield form.head(_type(entry.transfer_syntax_uid), entry.size, is_first=number == 0)
        yield from body_of(service.archive, [Stored(entry, 0, entry.size)])
    if form:
        yield form.end


def _send_zip(service: Service, request: Request, entries: Sequence[Entry]) -> Response:
    etag, modified = etag_of(entries, _ZIP), last_modified(entries)
    if (same := unchanged(request, etag, modified)) is not None:
        return same
    headers = {
        "Content-Type": _ZIP.media_type,
        "Content-Disposition": 'attachment; filename="instances.zip"',
        **validators(etag, modified),
    }
    members = ((name_by_uids(entry), entry.size, stored_pieces(service.archive, entry)) for entry in entries)
    return Sending(zipped(members), service.call, length=None, headers=headers)


def _kind(entry: Entry) -> _Kind:
    return entry.transfer_syntax_uid, entry.frames > 0


def _type(transfer_syntax: str) -> str:
    return f"{_DICOM}; transfer-syntax={transfer_syntax}"
