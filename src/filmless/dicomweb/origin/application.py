"""The routes of the origin server, put together."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from filmless.archive import Archive
from filmless.dicomweb.origin import (
    bulk_data,
    capabilities,
    conversion,
    deletion,
    frames,
    instances,
    metadata,
    rendered,
    search,
    store,
    wado_uri,
)
from filmless.dicomweb.origin.service import ReadOnly, Service
from filmless.errors import (
    ArchiveError,
    ConflictError,
    DicomError,
    DicomWebError,
    LimitError,
    NotFoundError,
    StorageFullError,
    UnsupportedError,
)
from filmless.security import Limits

__all__ = ["HANDLERS", "answer_http_error", "application"]

# Routes are tried in turn: what is asked for thousands of times in a row comes first.
_PARTS = (store, frames, bulk_data, capabilities, conversion, deletion, instances, metadata, rendered, search, wado_uri)

_STATUS: dict[type[DicomError], int] = {
    NotFoundError: 404,
    ConflictError: 409,
    StorageFullError: 507,
    ArchiveError: 503,
    LimitError: 413,
    UnsupportedError: 406,
}


def application(
    archive: Archive,
    *,
    limits: Limits | None = None,
    public_url: str | None = None,
    read_only: ReadOnly | None = None,
) -> Starlette:
    """Make the DICOMweb service of an archive, an ASGI application whose root is the service's.

    Parameters
    ----------
    archive
        What is served.
    limits
        What a peer may send.
    public_url
        What URLs in answers begin with; by default they follow the request.
    read_only
        Given when nothing can be stored or deleted.

    DICOM
    -----
    PS3.18
    """
    service = Service(archive, limits or Limits(), public_url, read_only=read_only)
    routes = [route for part in _PARTS for route in part.routes(service)]
    app = Starlette(routes=routes, exception_handlers=HANDLERS)
    # A redirect would lead to whatever `Host` says; a path with a slash too many names nothing.
    app.router.redirect_slashes = False
    return app


def answer_error(_request: Request, error: Exception) -> Response:
    """Answer an error of ours as JSON: what is wrong, and what to do, without a patient's value."""
    assert isinstance(error, DicomError)  # noqa: S101 - the handlers are registered by class
    status = error.status if isinstance(error, DicomWebError) else 0
    status = status or next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
    body = {"error": error.message} | ({"hint": error.hint} if error.hint else {})
    return JSONResponse(body, status)


def answer_unexpected(_request: Request, _error: Exception) -> Response:
    """Answer what nobody expected. It is raised on: who runs the service learns what it was, the peer does not."""
    return JSONResponse({"error": "the server failed unexpectedly", "hint": "its log says where"}, 500)


def answer_http_error(request: Request, error: Exception) -> Response:
    """Answer what the routes themselves refuse: no such resource, or not by this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the handlers are registered by class
    texts = {404: "there is no such resource", 405: "this resource does not take this method"}
    body = {"error": texts.get(error.status_code, error.detail)}
    headers = {"Allow": _methods(request)} if error.status_code == 405 else error.headers
    return JSONResponse(body, error.status_code, headers=headers)


def _methods(request: Request) -> str:
    """Return what a path takes: there can be a route for each of its methods."""
    routes = (route for route in request.app.routes if isinstance(route, Route))
    found = (route.methods or () for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for methods in found for method in methods}))


HANDLERS: Final[Mapping[Any, Any]] = {
    DicomError: answer_error,
    HTTPException: answer_http_error,
    Exception: answer_unexpected,
}
"""What answers errors, also of an application around this one."""
