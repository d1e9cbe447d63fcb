"""Which representation is sent: what a client accepts against what can be had."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from starlette.requests import Request

from filmless.errors import DicomWebError

__all__ = ["MediaRange", "Offer", "accepted", "best", "choose", "media_ranges", "mended"]

_TYPE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WEIGHT: Final = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
_LONGEST: Final = 16 << 10  # characters of all that is accepted: each is looked at once, this bounds how many
_SHORT: Final = 512  # characters up to which it is remembered what is meant
_ALIASES: Final = {
    "application/json": "application/dicom+json",
    "image/x-dicom-rle": "image/dicom-rle",
    "image/x-jls": "image/jls",
    "video/mpeg2": "video/mpeg",
}


class MediaRange(NamedTuple):
    """One member of an Accept header.

    Attributes
    ----------
    media_type
        In lower case, with wildcards; of ``multipart/related`` what its ``type`` says, ``*/*`` without one.
    is_multipart
        Whether it was asked for in ``multipart/related``; None for either.
    transfer_syntax
        A UID or ``*``; empty when nothing is said.
    weight
        The q-value.
    """

    media_type: str
    is_multipart: bool | None
    transfer_syntax: str
    weight: float


class Offer(NamedTuple):
    """A representation that can be had.

    Attributes
    ----------
    media_type
        Of each part.
    is_multipart
        Whether it is sent as ``multipart/related``.
    transfer_syntax
        Its UID, where the media type has that parameter; else empty.
    is_default
        Whether it is what the media type means when no transfer syntax is asked for.
    is_stored
        Whether it is as stored: preferred where a client has no preference.
    """

    media_type: str
    is_multipart: bool = False
    transfer_syntax: str = ""
    is_default: bool = True
    is_stored: bool = False

    def __str__(self) -> str:
        syntax = f"; transfer-syntax={self.transfer_syntax}" if self.transfer_syntax else ""
        return f'multipart/related; type="{self.media_type}"{syntax}' if self.is_multipart else self.media_type + syntax


def accepted(request: Request) -> list[MediaRange]:
    """Return what a client accepts; everything when it does not say.

    The query parameter ``accept`` takes the place of the header: it is there for those who cannot set one.

    Raises
    ------
    DicomWebError
        400: it says something, and nothing of it can be read.

    DICOM
    -----
    PS3.18 8.3.3.1, 8.7.5
    """
    return _accepted(_said(request))


def _said(request: Request) -> str:
    return ",".join(_query(request) or request.headers.getlist("accept"))


def _accepted(text: str) -> list[MediaRange]:
    if not text.strip(" ,\t"):
        return [MediaRange("*/*", None, "", 1.0)]
    if len(text) > _LONGEST:
        raise DicomWebError(
            f"what is accepted takes {len(text)} characters, expected {_LONGEST} at the most", status=400
        )
    found = list(media_ranges(text))
    if not found:
        raise DicomWebError(
            "nothing of what is accepted can be read",
            status=400,
            hint='expected media types as `multipart/related; type="application/dicom"; transfer-syntax=*`',
        )
    return found


def choose(request: Request, offers: Sequence[Offer]) -> Offer:
    """Return the offer that a client likes best; of equals the stored one, then the first.

    Parameters
    ----------
    request
        Whose ``Accept`` headers and ``accept`` parameter count.
    offers
        What can be had, the category's default first.

    Raises
    ------
    DicomWebError
        406 with what can be had, when none is acceptable; 400.

    Notes
    -----
    As in RFC 9110 12.5.1 the most specific range that an offer matches says how much it is liked. A media type alone
    stands for its default transfer syntax, ``transfer-syntax=*`` for any. ``application/json`` counts as
    ``application/dicom+json``. Where there is only a multipart offer of a media type, the type alone means that.

    DICOM
    -----
    PS3.18 8.7.3, 8.7.5, RFC 9110 12.5.1
    """
    text = _said(request)
    found = _best(text, tuple(offers)) if len(text) <= _SHORT else best(_accepted(text), offers)
    if found is None:
        # Each media type once, not each of the transfer syntaxes that it could be encoded in.
        said = dict.fromkeys(str(offer) for offer in offers if offer.is_default or offer.is_stored)
        raise DicomWebError("none of what is accepted can be had", status=406, hint=f"there is: {', '.join(said)}")
    return found


@lru_cache(256)
def _best(text: str, offers: tuple[Offer, ...]) -> Offer | None:
    """Remember what a header means: a client sends the same one with each request, for one frame after the other."""
    return best(_accepted(text), offers)


def best(ranges: Sequence[MediaRange], offers: Sequence[Offer]) -> Offer | None:
    """Return the offer that is liked best; None when none is acceptable."""
    alone = {offer.media_type for offer in offers if not offer.is_multipart}
    chosen, liked = None, (0.0, False, 0)
    for position, offer in enumerate(offers):
        matching = [(_specificity(one), one) for one in ranges if _matches(one, offer, alone)]
        if not matching:
            continue
        one = max(matching, key=lambda match: (match[0], match[1].weight))[1]
        asked_for = "*" not in one.media_type or bool(one.transfer_syntax)
        liking = (one.weight, asked_for and offer.is_stored, -position)
        if one.weight > 0 and (chosen is None or liking > liked):
            chosen, liked = offer, liking
    return chosen


def _matches(one: MediaRange, offer: Offer, alone: set[str]) -> bool:
    # `application/dicom` of a whole study can only mean parts of it.
    means_parts = one.is_multipart is False and offer.media_type not in alone
    if one.is_multipart not in {None, offer.is_multipart} and not means_parts:
        return False
    if one.transfer_syntax in {"", offer.transfer_syntax}:
        right = offer.is_default or bool(one.transfer_syntax)
    else:
        # Of what has no transfer syntax, such as JSON, any is as good.
        right = one.transfer_syntax == "*" or not offer.transfer_syntax
    if not right:
        return False
    kind, _, name = one.media_type.partition("/")
    return (
        kind == "*" or (name == "*" and offer.media_type.startswith(f"{kind}/")) or one.media_type == offer.media_type
    )


def _specificity(one: MediaRange) -> int:
    stars = one.media_type.count("*")
    return (2 - stars) * 4 + 2 * (one.transfer_syntax not in {"", "*"}) + (one.is_multipart is not None)


def media_ranges(text: str) -> Iterator[MediaRange]:
    """Read a list of media types as ``Accept`` has it. What cannot be read is left out."""
    for member in _split(text, ","):
        name, *rest = (piece.strip() for piece in _split(member, ";"))
        if not _TYPE.fullmatch(name):
            continue
        parameters = dict(_parameters(rest))
        weight = parameters.get("q", "1")
        if not _WEIGHT.fullmatch(weight):
            continue
        media_type, is_multipart = name.lower(), None if name == "*/*" else False
        if media_type in {"multipart/related", "multipart/*"}:
            media_type, is_multipart = parameters.get("type", "*/*").lower(), True
            if not _TYPE.fullmatch(media_type):
                continue
        syntax = parameters.get("transfer-syntax", "")
        yield MediaRange(_ALIASES.get(media_type, media_type), is_multipart, syntax, float(weight))


def _parameters(pieces: Iterable[str]) -> Iterator[tuple[str, str]]:
    for piece in pieces:
        name, equals, value = piece.partition("=")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        if equals:
            yield name.strip().lower(), value


def _split(text: str, separator: str) -> Iterator[str]:
    """Split at separators that are not inside quotation marks; one pass, whatever the text."""
    start, quoted, escaped = 0, False, False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = quoted
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            yield text[start:position]
            start = position + 1
    yield text[start:]


def _query(request: Request) -> list[str]:
    return [mended(value) for name, value in request.query_params.multi_items() if name.lower() == "accept"]


def mended(text: str) -> str:
    """Put plus signs back: in a query they stand for spaces, and few think of that when they write a media type."""
    return re.sub(r"(?<=[a-z]) (?=(?:json|xml)\b)", "+", text)
