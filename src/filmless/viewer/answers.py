"""JSON for the pages, squeezed where the browser takes that; and what of a request several parts look at."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from filmless.archive import Entry
from filmless.dataset import Dataset
from filmless.dicomweb.origin.gzipped import gzip, takes_gzip
from filmless.dicomweb.origin.ranges import etag_of, last_modified, unchanged, validators
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError

__all__ = [
    "describe",
    "describe_instance",
    "frame_asked_for",
    "json_answer",
    "number_in_path",
    "said_values",
    "whole_number",
]

_SHORT: Final = 1400  # bytes that go in one packet as they are
_SAID: Final = "Filmless-Values"


def json_answer(request: Request, value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON.

    Parameters
    ----------
    request
        What is answered.
    value
        Anything that JSON can say; numbers that are not finite become null.
    status
        Of HTTP.
    headers
        Further ones. Without any a browser asks each time.
    """
    said = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding", **(headers or {})}
    try:
        text = _dumped(value)
    except ValueError:
        text = _dumped(_finite(value))
    body = text.encode("utf-8", "replace")
    if len(body) > _SHORT and takes_gzip(request):
        body, said["Content-Encoding"] = b"".join(gzip(iter([body]))), "gzip"
    return Response(body, status, media_type="application/json", headers=said)


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _finite(value: Any) -> Any:
    """Put null where a file has a number that is none: JSON cannot say it."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def describe(request: Request, entries: Sequence[Entry], *said: object, value: Callable[[], Any]) -> Response:
    """Answer with JSON that is made of instances, unless the browser has it: called in a thread.

    Parameters
    ----------
    request
        What is answered.
    entries
        The instances.
    *said
        All else that decides what it is, such as the version of this code: of the entity tag.
    value
        Makes it.
    """
    # What is squeezed are other bytes, which have a strong tag of their own (RFC 9110 8.8.3).
    etag, modified = etag_of(entries, *said, takes_gzip(request)), last_modified(entries)
    if (same := unchanged(request, etag, modified)) is not None:
        return same
    return json_answer(request, value(), headers=validators(etag, modified))


def describe_instance(
    service: Service, request: Request, name: str, version: int, value: Callable[[Dataset], Any]
) -> Response:
    """Answer with what is said of the instance that a path names, unless the browser has it: called in a thread.

    Parameters
    ----------
    service
        Of the archive.
    request
        What is answered.
    name, version
        What is said, and by which version of this code: of the entity tag.
    value
        Says it of the data set, for JSON.
    """
    entry = service.find(request)[0]
    return describe(request, [entry], version, name, value=lambda: value(service.archive.dataset(entry)))


def frame_asked_for(service: Service, request: Request) -> tuple[Entry, int]:
    """Return the instance that a path names, and the number of its frame, from 1.

    Raises
    ------
    DicomWebError
        404: there is no such frame.
    """
    entry, number = service.find(request)[0], number_in_path(request, "frame")
    if not 1 <= number <= entry.frames:
        raise DicomWebError(f"there is no such frame: the instance has {entry.frames}", status=404)
    return entry, number


def number_in_path(request: Request, name: str) -> int:
    """Return a number from 1 that a path names; 0 for what is none, which there is no such thing for."""
    text = request.path_params[name]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def whole_number(request: Request, name: str, *, absent: int, least: int = 0, most: int) -> int:
    """Return a parameter of the query.

    Raises
    ------
    DicomWebError
        400: it is no number in these bounds.
    """
    text = request.query_params.get(name)
    if text is None:
        return absent
    if not (text.isascii() and text.isdecimal() and len(text) < 16 and least <= int(text) <= most):
        raise DicomWebError(f"`{name}` is no number of {least} to {most}", status=400)
    return int(text)


def said_values(request: Request) -> dict[str, str]:
    """Return what is said in a header of a request, by name: no part of the address, where it is of a patient.

    Proxies log addresses, and browsers keep them.

    Raises
    ------
    DicomWebError
        400: it is no object of JSON with texts.
    """
    try:
        said = json.loads(unquote(request.headers.get(_SAID, "{}"), errors="strict"))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not all(isinstance(text, str) for text in said.values()):
        raise DicomWebError(f"`{_SAID}` is an object of JSON with texts, percent-encoded", status=400)
    return said
