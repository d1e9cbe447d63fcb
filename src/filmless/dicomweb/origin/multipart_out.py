"""multipart/related as it is sent: a boundary that follows from what is in it, so that ranges of it mean something."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from filmless.dicomweb.origin.sending import Piece, length_of

__all__ = ["Multipart", "Part"]


class Part(NamedTuple):
    """One part.

    Attributes
    ----------
    media_type
        Its Content-Type, parameters and all.
    body
        What is in it.
    location
        Its Content-Location; empty for none.
    """

    media_type: str
    body: list[Piece]
    location: str = ""


class Multipart:
    """The form of a multipart/related message.

    Parameters
    ----------
    media_type
        Of its parts.
    etag
        The entity tag of the whole: the boundary is made of it. It is a digest over the parts, which they cannot hold.

    DICOM
    -----
    PS3.18 8.6.1.2, RFC 2387
    """

    def __init__(self, media_type: str, etag: str) -> None:
        self._boundary = hashlib.sha256(f"boundary {etag}".encode()).hexdigest()[:32]
        self.content_type = f'multipart/related; type="{media_type}"; boundary={self._boundary}'
        self.end = f"\r\n--{self._boundary}--\r\n".encode()

    def head(self, media_type: str, length: int, *, location: str = "", is_first: bool = False) -> bytes:
        """Return what stands before the bytes of a part."""
        said = f"Content-Location: {location}\r\n" if location else ""
        delimiter = "" if is_first else "\r\n"
        return (
            f"{delimiter}--{self._boundary}\r\nContent-Type: {media_type}\r\n{said}Content-Length: {length}\r\n\r\n"
        ).encode()

    def pieces(self, parts: Iterable[Part]) -> Iterator[Piece]:
        """Give the whole message."""
        for number, part in enumerate(parts):
            yield self.head(part.media_type, length_of(part.body), location=part.location, is_first=number == 0)
            yield from part.body
        yield self.end
