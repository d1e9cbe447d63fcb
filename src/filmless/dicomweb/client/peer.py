"""A DICOMweb service as a client knows it, and how one request is made."""

import json
import random
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from filmless.dataset import Dataset
from filmless.dicomweb.client.steps import Ask, Head, Pace, Read, Wait
from filmless.dicomweb.json_array import objects_of
from filmless.dicomweb.media_type import MediaType
from filmless.errors import DicomError, DicomWebError, LimitError, NetworkError

__all__ = ["RETRIED", "BulkData", "Peer", "ask", "document", "objects", "pause", "refused"]

RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses behind which another try may do better."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_MOST_ERROR_BYTES: Final = 64 << 10
_LONGEST_PAUSE: Final = 60.0

Request = Generator[Any, Any, Head]

BulkData = Callable[[int, str, str], bytes | None]
"""Gives the bytes of a value by its tag, value representation and BulkDataURI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A service and how it is dealt with.

    Attributes
    ----------
    url
        Of the service, without a slash at the end.
    pace
        How slowly answers may come.
    authorization
        Makes the value of the header for each request; None for none.
    retries, backoff_s
        How often a request is made again, and how long is waited before the first time; twice as long each time.
    json_bytes, instance_bytes, parts
        The largest document, the largest instance and the most parts that are taken.
    """

    url: str
    pace: Pace = field(default_factory=lambda: Pace(0.0, 60.0))
    headers: dict[str, str] = field(default_factory=dict)
    authorization: Callable[[], str] | None = None
    retries: int = 3
    backoff_s: float = 0.5
    json_bytes: int = 256 << 20
    instance_bytes: int = 16 << 30
    parts: int = 1_000_000

    def __post_init__(self) -> None:
        split = urlsplit(self.url)
        if split.scheme not in {"http", "https"} or not split.hostname:
            raise ValueError("the URL of a DICOMweb service begins with http:// or https:// and a host")
        if split.query or split.fragment:
            raise ValueError("the URL of a DICOMweb service has no query and no fragment")

    def at(self, *parts: str | None) -> str:
        """Return the URL of a resource."""
        return "/".join([self.url, *(part for part in parts if part is not None)])

    def same_origin(self, url: str, *, base: str | None = None) -> str:
        """Return a URL that an answer names, which may be relative to that of the answer.

        Raises
        ------
        DicomWebError
            It is of another origin: nothing is asked of who did not get the credentials from the user.
        """
        try:
            full = urljoin(base or f"{self.url}/", url)
        except ValueError:
            full = ""
        if _origin(full) != _origin(self.url):
            raise DicomWebError("the service names a URL of another origin, which is not followed")
        return full


def ask(
    peer: Peer,
    method: str,
    url: str,
    *,
    headers: dict[str, str] | None = None,
    body: Callable[[], Iterator[bytes]] | None = None,
    accepted: frozenset[int] = frozenset({200, 202, 204, 206}),
    retries: int | None = None,
) -> Request:
    """Make a request; return the head of the answer. What is safe to repeat is tried again.

    Raises
    ------
    DicomWebError
        The status is none of the accepted ones.
    NetworkError
        There is no answer.
    """
    redirects = 0
    tries = 0
    most = peer.retries if retries is None else retries
    while True:
        given = {**peer.headers, **(headers or {})}
        if peer.authorization is not None:
            given["Authorization"] = peer.authorization()
        try:
            head: Head = yield Ask(method, url, given, body)
        except NetworkError:
            if tries >= most:
                raise
            yield pause(peer, tries)
            tries += 1
            continue
        if head.status in _REDIRECTS and "location" in head.headers and redirects < _MOST_REDIRECTS:
            url = peer.same_origin(head.headers["location"], base=url)
            redirects += 1
        elif head.status in accepted:
            return head
        elif head.status in RETRIED and tries < most:
            yield pause(peer, tries, head)
            tries += 1
        else:
            raise (yield from refused(peer, method, url, head))


def pause(peer: Peer, tries: int, head: Head | None = None) -> Wait:
    """Return how long to wait before the next try: as long as the peer says, or twice as long each time."""
    asked = head.headers.get("retry-after", "") if head else ""
    if asked.isdecimal() and len(asked) < 6:
        return Wait(min(float(asked), _LONGEST_PAUSE))
    # Clients that failed together are not to come back together.
    spread = 0.5 + random.random()  # noqa: S311 - no secret
    return Wait(min(peer.backoff_s * 2**tries * spread, _LONGEST_PAUSE))


def document(head: Head, most: int, *, kinds: tuple[str, ...]) -> Generator[Any, Any, bytes]:
    """Read the whole body of an answer that is of one of these media types.

    Raises
    ------
    DicomWebError
        It is of another media type, as the page of a portal or proxy is.
    LimitError
        It is too large.
    """
    kind = MediaType.of(head.headers.get("content-type")).name
    if kind not in kinds:
        told = kind if kind.isprintable() and len(kind) < 100 else "something else"
        raise DicomWebError(f"the answer is {told or 'of no media type'}, expected {kinds[0]}", status=head.status)
    held = bytearray()
    while piece := (yield Read()):
        held += piece
        if len(held) > most:
            raise LimitError(f"an answer of more than {most} bytes", limit="json_bytes", value=most)
    return bytes(held)


def objects(data: bytes, status: int, *, bulk_data: BulkData | None = None) -> list[Dataset]:
    """Return the data sets of an array of DICOM JSON; what `bulk_data` raises is raised as it is.

    Raises
    ------
    DicomWebError
        It is none.
    """
    failures: list[Exception] = []

    def value(tag: int, vr: str, uri: str) -> bytes | None:
        try:
            return None if bulk_data is None else bulk_data(tag, vr, uri)
        except Exception as error:
            failures.append(error)
            raise

    try:
        return [Dataset.from_json(one, bulk_data=value) for one in objects_of(data)]
    except (ValueError, TypeError, DicomError):
        if failures:
            raise failures[0] from None
        raise DicomWebError("the answer is no DICOM JSON", status=status) from None


def refused(peer: Peer, method: str, url: str, head: Head) -> Generator[Any, Any, DicomWebError]:
    """Return the error of an answer that is none of what was asked for, with what the service says of it."""
    held = bytearray()
    try:
        while len(held) < _MOST_ERROR_BYTES and (piece := (yield Read())):
            held += piece
    except NetworkError:
        pass
    message, hint = _told(bytes(held), head)
    path = urlsplit(url).path  # a query may have a patient's values
    where = path.removeprefix(urlsplit(peer.url).path) or path
    if head.status in {401, 403} and hint is None:
        hint = "a key or token is needed, or it lacks the role for this"
    return DicomWebError(f"{head.status} to {method} {where}{message}", status=head.status, hint=hint)


def _told(body: bytes, head: Head) -> tuple[str, str | None]:
    """Return what a service of ours says of its error; what others say may have anything in it."""
    if MediaType.of(head.headers.get("content-type")).name != "application/json":
        return "", None
    try:
        told = json.loads(body)
        message, hint = told.get("error"), told.get("hint")
    except (ValueError, AttributeError, RecursionError):
        return "", None
    return (f": {message}" if _is_line(message) else ""), (hint if _is_line(hint) else None)


def _is_line(text: object) -> bool:
    return isinstance(text, str) and text.isprintable() and len(text) < 300


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return "", None, None
    return split.scheme, split.hostname, port or {"http": 80, "https": 443}.get(split.scheme)
