"""What the service can do: the capabilities document and the OpenAPI description."""

import json
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from filmless.dicomweb.origin.negotiation import Offer, choose
from filmless.dicomweb.origin.openapi import openapi
from filmless.dicomweb.origin.operations import Operation, operations_of
from filmless.dicomweb.origin.service import Service

__all__ = ["routes"]

_WADL, _JSON = Offer("application/vnd.sun.wadl+xml"), Offer("application/dicom+json")  # what application/json counts as
_NAMESPACE: Final = "http://wadl.dev.java.net/2009/02"

_Element = dict[str, Any]
"""An element of WADL: its attributes, and lists of elements by name."""


def routes(service: Service) -> list[Route]:
    """Return the routes of this part.

    DICOM
    -----
    PS3.18 8.9, H
    """

    async def capabilities(request: Request) -> Response:
        service.within(request, "read")
        offer = choose(request, [_WADL, _JSON])
        resources = _resources(operations_of(request.app.routes), service.base(request))
        headers = {"Vary": "Accept", "Allow": "GET, HEAD, OPTIONS"}
        if offer == _WADL:
            body = f'<?xml version="1.0" encoding="UTF-8"?>\n{_xml("application", _application(resources))}\n'
            return Response(body, headers=headers, media_type=_WADL.media_type)
        return JSONResponse({"application": _application(resources)}, headers=headers)

    async def description(request: Request) -> Response:
        service.within(request, "read")
        body = json.dumps(openapi(request.app.routes, url=service.base(request)), indent=1)
        return Response(body, media_type="application/json")

    return [
        Route("/", capabilities, methods=["GET", "OPTIONS"]),
        Route("/openapi.json", description, methods=["GET"]),
    ]


def _application(resources: _Element) -> _Element:
    return {"xmlns": _NAMESPACE, "resources": [resources]}


def _resources(operations: Sequence[Operation], base: str) -> _Element:
    """Put operations into a tree of resources by their paths; that of the capabilities does not describe itself."""
    root: _Element = {"base": base}
    for operation in operations:
        steps = operation.path.strip("/").split("/")
        if steps == [""]:
            continue
        place = root
        for step in steps:
            below = place.setdefault("resource", [])
            found = next((one for one in below if one["path"] == step), None)
            if found is None:
                below.append(found := {"path": step})
                if step.startswith("{"):
                    found["param"] = [{"name": step.strip("{}"), "style": "template", "required": "true"}]
            place = found
        place.setdefault("method", []).append(_method(operation))
    return root


def _method(operation: Operation) -> _Element:
    asked: list[_Element] = [{"name": name, "style": "query"} for name in operation.query]
    if len(operation.gives) > 1:
        options = [{"value": kind} for kind in operation.gives]
        asked.append({"name": "Accept", "style": "header", "default": operation.gives[0], "option": options})
    request: _Element = {"param": asked} if asked else {}
    if operation.takes:
        request["representation"] = [{"mediaType": kind} for kind in operation.takes]
    answer: _Element = {"status": str(operation.status)}
    if operation.gives:
        answer["representation"] = [{"mediaType": kind} for kind in operation.gives]
    return {"name": operation.method, "id": operation.name, "request": [request], "response": [answer]}


def _xml(name: str, element: _Element) -> str:
    attributes = "".join(f" {key}={quoteattr(value)}" for key, value in element.items() if isinstance(value, str))
    below = "".join(_xml(key, one) for key, many in element.items() if isinstance(many, list) for one in many)
    return f"<{name}{attributes}>{below}</{name}>" if below else f"<{name}{attributes}/>"
