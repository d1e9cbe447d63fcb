"""JSON for the pages, squeezed where the browser takes that."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from filmless.dicomweb.origin.gzipped import gzip, takes_gzip

__all__ = ["json_answer"]

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
