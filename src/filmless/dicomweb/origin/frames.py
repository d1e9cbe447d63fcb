"""WADO-RS frames, read as ranges of the stored file."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless import _core
from filmless.archive import Archive, Entry
from filmless.archive.frame_map import FrameMap
from filmless.dicomweb.origin.coded_frames import coded, plain_frames, uncompressed
from filmless.dicomweb.origin.metadata import instance_url
from filmless.dicomweb.origin.multipart_out import Multipart, Part
from filmless.dicomweb.origin.negotiation import Offer, choose
from filmless.dicomweb.origin.ranges import answer, etag_of, unchanged, validators
from filmless.dicomweb.origin.sending import Piece, Sending, Stored, read_pieces
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.transcoded import DEFAULT, cannot_be_had, is_decoded, targets_of
from filmless.errors import ArchiveError, DicomError, DicomWebError

__all__ = ["FramesOf", "forms_of", "frame_numbers", "offers_of", "parts_of", "routes", "send_frames"]

_OCTETS: Final = "application/octet-stream"
_PATH: Final = "/studies/{study}/series/{series}/instances/{instance}/frames/{frames}"
_DEFAULTS: Final = {  # of each media type, PS3.18 Tables 8.7.3-4 and -5
    "image/dicom-rle": "1.2.840.10008.1.2.5",
    "image/jls": "1.2.840.10008.1.2.4.80",
    "image/jp2": "1.2.840.10008.1.2.4.90",
    "image/jpeg": "1.2.840.10008.1.2.4.70",
    "image/jphc": "1.2.840.10008.1.2.4.201",
    "image/jpx": "1.2.840.10008.1.2.4.92",
    "image/jxl": "1.2.840.10008.1.2.4.110",
}


class FramesOf(NamedTuple):
    """Frames of an instance: where they are, and which of them, counted from 0."""

    entry: Entry
    places: FrameMap
    numbers: Sequence[int]


def routes(service: Service) -> list[Route]:
    """Return the routes of this part.

    DICOM
    -----
    PS3.18 10.4.1.1.6
    """

    def retrieve(request: Request) -> Response:
        numbers = frame_numbers(request.path_params["frames"])
        entry = service.find(request)[0]
        places = service.archive.frame_map(entry)
        if places is None:
            raise DicomWebError("the instance has no frames", status=404)
        if max(numbers) >= places.count:
            raise DicomWebError(f"there is no such frame: the instance has {places.count}", status=404)
        return send_frames(service, request, FramesOf(entry, places, numbers))

    async def frames(request: Request) -> Response:
        # Index and file in one turn of a thread: to change threads takes as long as either.
        return await service.call(retrieve, request)

    return [Route(_PATH, frames)]


def frame_numbers(text: str) -> list[int]:
    """Read a list of frame numbers, which count from 1; return them counted from 0.

    Raises
    ------
    DicomWebError
        400: it is none.
    """
    numbers = [int(part) if part.isascii() and part.isdigit() and len(part) < 10 else 0 for part in text.split(",")]
    if min(numbers) < 1:
        raise DicomWebError("frames are whole numbers from 1, with commas between them", status=400)
    return [number - 1 for number in numbers]


def send_frames(
    service: Service, request: Request, wanted: FramesOf, headers: dict[str, str] | None = None
) -> Response:
    """Send frames: called in a thread.

    Raises
    ------
    DicomWebError
        406: not in what is accepted; 416.
    """
    entry = wanted.entry
    offer = choose(request, offers_of(entry.transfer_syntax_uid, wanted.places, is_alone=len(wanted.numbers) == 1))
    base = instance_url(service.base(request), entry)
    said = (offer, *wanted.numbers, base if offer.is_multipart else "")
    etag = etag_of([entry], *said, weak=not offer.is_stored)
    if (same := unchanged(request, etag, entry.received)) is not None:
        return same
    form = Multipart(offer.media_type, etag) if offer.is_multipart else None
    media_type = form.content_type if form else _type(offer)
    parts = parts_of(service.archive, wanted, offer, base)
    pieces = form.pieces(parts) if form else (piece for part in parts for piece in part.body)
    if _is_range(wanted.places, offer):
        body = list(pieces)
        return answer(
            service, request, body, media_type=media_type, etag=etag, modified=entry.received, headers=headers
        )
    said_too = {"Content-Type": media_type, **validators(etag, entry.received), **(headers or {})}
    made = (piece for piece in pieces if isinstance(piece, bytes))
    return Sending(read_pieces(made), service.draw, length=None, headers=said_too)


def offers_of(transfer_syntax: str, places: FrameMap, *, is_alone: bool) -> list[Offer]:
    """Return in which forms frames can be had, the default first.

    Frames in fragments are of the media type of their transfer syntax. A media type alone means what is stored when
    that is of this type, else its default; of a video nothing is decoded unless plain samples are asked for.

    DICOM
    -----
    PS3.18 8.7.3.3, 8.7.3.4
    """
    forms = (True, False) if is_alone else (True,)
    return [form for is_multipart in forms for form in forms_of(transfer_syntax, places.is_encapsulated, is_multipart)]


@cache
def forms_of(transfer_syntax: str, is_encapsulated: bool, is_multipart: bool) -> tuple[Offer, ...]:
    """Return what `offers_of` does, alone or in parts."""
    plain = Offer(_OCTETS, is_multipart, DEFAULT, is_stored=not is_encapsulated)
    row = _core.transfer_syntax(transfer_syntax)
    offers = [plain]
    stored = ""
    if is_encapsulated:
        stored = (row["media_type"] if row else "") or _OCTETS
        as_stored = Offer(stored, is_multipart, transfer_syntax, is_default=stored != _OCTETS, is_stored=True)
        if is_decoded(transfer_syntax):
            offers.append(as_stored)
        elif row is not None and row["codec"] == "video":
            offers.insert(0, as_stored)
        else:
            offers = [as_stored._replace(is_default=True)]
        if stored != _OCTETS:
            is_only = plain not in offers
            offers.append(Offer(_OCTETS, is_multipart, transfer_syntax, is_default=is_only, is_stored=True))
    if is_decoded(transfer_syntax):
        others = []
        for target in targets_of(has_pixels=True):
            uid, media_type = target["uid"], target["media_type"]
            if media_type in _DEFAULTS and uid != transfer_syntax:
                is_default = uid == _DEFAULTS[media_type] and media_type != stored
                others.append(Offer(media_type, is_multipart, uid, is_default=is_default))
        # To who takes any: the defaults lose nothing, and hold what JPEG Baseline cannot.
        offers += sorted(others, key=lambda offer: offer.transfer_syntax not in _DEFAULTS.values())
    return tuple(offers)


def parts_of(archive: Archive, wanted: FramesOf, offer: Offer, base: str) -> Iterator[Part]:
    """Give a part for each frame; for a video that goes out as it is stored one for all.

    Parameters
    ----------
    base
        The URL of the instance.
    """
    entry, places, numbers = wanted
    media_type = _type(offer)
    if not _is_range(places, offer):
        yield from _made(archive, wanted, offer, base)
        return
    if places.is_stream:
        said = ",".join(str(number + 1) for number in numbers)
        yield Part(media_type, _ranges(entry, places, 0), f"{base}/frames/{said}")
        return
    for number in numbers:
        yield Part(media_type, _ranges(entry, places, number), f"{base}/frames/{number + 1}")


def _ranges(entry: Entry, places: FrameMap, number: int) -> list[Piece]:
    return [Stored(entry, start, length) for start, length in places.of_frame(number)]


def _made(archive: Archive, wanted: FramesOf, offer: Offer, base: str) -> Iterator[Part]:
    """Read the data set, and decode or code its frames as is asked."""
    entry, _, numbers = wanted
    try:
        ds = archive.dataset(entry)
        opened = plain_frames(ds)
        for number in numbers:
            opened.check(number)
            if offer.transfer_syntax == entry.transfer_syntax_uid and opened.is_encapsulated:
                data = opened.encoded(number)
            elif offer.media_type == _OCTETS:
                data = uncompressed(opened, number)
            else:
                data = coded(ds, opened, number, offer.transfer_syntax)
            yield Part(_type(offer), [data], f"{base}/frames/{number + 1}")
    except (ArchiveError, DicomWebError):
        raise
    except DicomError as error:
        raise cannot_be_had(error, is_stored=offer.is_stored) from error


def _is_range(places: FrameMap, offer: Offer) -> bool:
    # Single bits that do not begin with a byte have to be moved.
    return offer.is_stored and places.is_readable and places.bits % 8 == 0


def _type(offer: Offer) -> str:
    return f"{offer.media_type}; transfer-syntax={offer.transfer_syntax}"
