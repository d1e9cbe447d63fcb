"""Rendered resources from the client's side: one picture, or each of several as they come."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from filmless.dicomweb.client.peer import Peer, ask, document
from filmless.dicomweb.client.retrieving import END, next_piece, opened
from filmless.dicomweb.client.steps import Give, Operation
from filmless.dicomweb.media_type import MediaType
from filmless.errors import DicomWebError, LimitError

__all__ = ["Rendered", "address", "picture", "pictures"]

# The default of what it is, JPEG of an image. Orthanc refuses a list of media types.
_ONE: Final = "*/*"
_EACH: Final = 'multipart/related; type="image/jpeg", multipart/related;q=0.8, */*;q=0.5'


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture or document that a service made.

    Attributes
    ----------
    data
        The file.
    media_type
        Of what kind it is, such as ``image/jpeg``.
    url
        Which instance or frame it is of, as the service names it; empty when it does not.
    """

    data: bytes
    media_type: str
    url: str = ""


def address(url: str, parameters: Mapping[str, Any]) -> str:
    """Return the URL of a rendered resource with its parameters; those that are None are left out."""
    query = urlencode({name: _text(value) for name, value in parameters.items() if value is not None}, safe=",")
    return f"{url}?{query}" if query else url


def picture(peer: Peer, url: str, *, media_type: str | None) -> Operation[bytes]:
    """Give a rendered resource."""
    head = yield from ask(peer, "GET", url, headers={"Accept": media_type or _ONE})
    kind = MediaType.of(head.headers.get("content-type")).name
    if kind == "multipart/related":
        raise DicomWebError(
            "the answer holds a picture for each instance or frame, expected one",
            status=head.status,
            hint="ask for one instance, or one frame of it; or take each, with `rendered_all`",
        )
    yield Give((yield from document(head, peer.json_bytes, kinds=(media_type or _file(kind, head.status),))))


def pictures(peer: Peer, url: str, *, media_type: str | None) -> Operation[Rendered]:
    """Give each part of a rendered resource as it comes; an answer without parts is one."""
    wanted = f'multipart/related; type="{media_type}", {media_type};q=0.5' if media_type else _EACH
    head = yield from ask(peer, "GET", url, headers={"Accept": wanted})
    kind = MediaType.of(head.headers.get("content-type")).name
    if kind != "multipart/related":
        data = yield from document(head, peer.json_bytes, kinds=(media_type or _file(kind, head.status),))
        yield Give(Rendered(data, kind))
        return
    body = opened(peer, head, ())
    body.headers = deque()
    held = bytearray()
    while (step := (yield from next_piece(body))) is not END:
        if step is None:
            told = body.headers.popleft()
            data, held = bytes(held), bytearray()
            place = told.get("content-location", "")
            kind = _file(MediaType.of(told.get("content-type")).name, head.status)
            yield Give(Rendered(data, kind, place if place.isprintable() else ""))
        else:
            held += step
            if len(held) > peer.json_bytes:
                most = peer.json_bytes
                raise LimitError(f"a picture of more than {most} bytes", limit="json_bytes", value=most)


def _file(kind: str, status: int) -> str:
    """Check that an answer of any kind is a file: a message of the service is none."""
    if "/" not in kind or kind.startswith("multipart/") or kind in {"application/json", "application/dicom+json"}:
        raise DicomWebError("the answer is no picture and no document", status=status)
    return kind


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
