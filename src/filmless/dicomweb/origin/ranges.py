"""Conditions and ranges of requests: what need not be sent, and what part of it was asked for.

RFC 9110 13 and 14.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from email.utils import formatdate, parsedate_to_datetime
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from filmless.archive import Entry
from filmless.dicomweb.origin.sending import Piece, Sending, body_of, length_of
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError

__all__ = ["answer", "etag_of", "last_modified", "unchanged", "validators"]

_RANGE: Final = re.compile(r"bytes=\s*(?:([0-9]{1,19})-([0-9]{1,19})?|-([0-9]{1,19}))\s*")


def etag_of(entries: Iterable[Entry], *said: object, weak: bool = False) -> str:
    """Return an entity tag: of the files that an answer is made from, and all else that decides what it is."""
    digest = hashlib.sha256("\n".join(map(str, said)).encode())
    for entry in entries:
        digest.update(entry.sha256.encode())
    tag = f'"{digest.hexdigest()[:40]}"'
    return f"W/{tag}" if weak else tag


def last_modified(entries: Iterable[Entry]) -> float:
    """Return when the last of these came."""
    return max((entry.received for entry in entries), default=0.0)


def validators(etag: str, modified: float) -> dict[str, str]:
    """Return the headers that a client may send back, and how long it may go without asking: never."""
    return {
        "ETag": etag,
        "Last-Modified": formatdate(modified, usegmt=True),
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Accept-Encoding",
    }


def unchanged(request: Request, etag: str, modified: float) -> Response | None:
    """Answer 304 when the client has it already; None when it has to be sent.

    Raises
    ------
    DicomWebError
        412: it is not what the client wants it to be.
    """
    headers = request.headers
    if (wanted := headers.get("if-match")) is not None and not _names(wanted, etag, strong=True):
        raise DicomWebError("the resource is not what `If-Match` says", status=412)
    if wanted is None and (before := _date(headers.get("if-unmodified-since"))) is not None and int(modified) > before:
        raise DicomWebError("the resource is newer than `If-Unmodified-Since` says", status=412)
    if (known := headers.get("if-none-match")) is not None:
        same = _names(known, etag, strong=False)
    else:
        since = _date(headers.get("if-modified-since"))
        same = since is not None and int(modified) <= since
    return Response(status_code=304, headers=validators(etag, modified)) if same else None


def answer(
    service: Service,
    request: Request,
    body: Sequence[Piece],
    *,
    media_type: str,
    etag: str,
    modified: float,
    headers: Mapping[str, str] | None = None,
) -> Sending:
    """Send a body, or the range of it that is asked for: called in a thread, where the first piece is read.

    Parameters
    ----------
    body
        All of it.
    media_type
        Its Content-Type.
    etag, modified
        Its validators; whether the client has it already was asked before (`unchanged`).
    headers
        More headers.

    Raises
    ------
    HTTPException
        416: nothing of it is in the range.
    """
    size = length_of(body)
    said = {"Content-Type": media_type, "Accept-Ranges": "bytes", **validators(etag, modified), **(headers or {})}
    part = _range(request, size, etag, modified)
    start, end = part or (0, size)
    if part:
        said["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    pieces = body_of(service.archive, body, start, end)
    sending = Sending(pieces, service.call, length=end - start, status=206 if part else 200, headers=said)
    return sending if request.method == "HEAD" else sending.begin()


def _range(request: Request, size: int, etag: str, modified: float) -> tuple[int, int] | None:
    """Return first and last but one byte of what is asked for; None for all of it.

    Several ranges at once are answered with all of it, as is what cannot be read: a range is an offer to send less.
    """
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if found is None or request.method != "GET":
        return None
    if (condition := request.headers.get("if-range")) is not None:
        date = _date(condition)
        if not (_names(condition, etag, strong=True) if date is None else int(modified) == date):
            return None
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last is not None else size
        if last is not None and int(last) < start:
            return None
    if start >= end:
        message = f"the range is outside of the resource, which has {size} bytes"
        raise HTTPException(416, message, headers={"Content-Range": f"bytes */{size}"})
    return start, end


def _names(header: str, etag: str, *, strong: bool) -> bool:
    """Whether a list of entity tags names one."""
    if header.strip() == "*":
        return True
    if strong and etag.startswith("W/"):
        return False
    named = {tag.strip() for tag in header.split(",")}
    return etag in named if strong else etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in named}


def _date(text: str | None) -> float | None:
    if not text or not text.isascii():
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
