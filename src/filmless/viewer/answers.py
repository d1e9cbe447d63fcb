"""JSON for the pages, squeezed where the browser takes that."""

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from filmless.dataset import Dataset
from filmless.dicomweb.origin.gzipped import gzip, takes_gzip
from filmless.dicomweb.origin.ranges import etag_of, unchanged, validators
from filmless.dicomweb.origin.service import Service

__all__ = ["describe_instance", "json_answer"]

_SHORT = 1400  # bytes that go in one packet as they are


def json_answer(request: Request, value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON.

    Parameters
    ----------
    request
        What is answered.
    value
        Anything that JSON can say; numbers are finite.
    status
        Of HTTP.
    headers
        Further ones. Without any a browser asks each time.
    """
    said = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding", **(headers or {})}
    body = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(body) > _SHORT and takes_gzip(request):
        body, said["Content-Encoding"] = b"".join(gzip(iter([body]))), "gzip"
    return Response(body, status, media_type="application/json", headers=said)


def describe_instance(
    service: Service, request: Request, name: str, version: int, describe: Callable[[Dataset], Any]
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
    describe
        Says it of the data set, for JSON.
    """
    entry = service.find(request)[0]
    etag = etag_of([entry], version, name)
    if (same := unchanged(request, etag, entry.received)) is not None:
        return same
    found = describe(service.archive.dataset(entry))
    return json_answer(request, found, headers=validators(etag, entry.received))
