"""What the pages have to know of the server and of who asks: what can be done here, and how far a first look is."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.dicomweb.origin.service import Service
from filmless.viewer.answers import json_answer

__all__ = ["LookAround", "routes"]

LookAround = Callable[[], dict[str, Any]]
"""Tells how far files that are shown where they lie are looked at, for JSON: ``files``, ``instances``, ``done``."""


def routes(service: Service, *, imports: bool, looking: LookAround | None) -> list[Route]:
    """Return the routes of this part.

    Parameters
    ----------
    service
        What measurements are kept by.
    imports
        Whether instances can be imported and deleted, by who has the role.
    looking
        Given when files are shown where they lie.
    """

    async def session(request: Request) -> Response:
        service.within(request, "read")
        principal = service.principal(request)
        may_write = principal.may("write")
        found = {
            "canImport": imports and may_write,
            "canDelete": imports and principal.may("delete"),
            "canSave": may_write and service.read_only is None,
            "looking": None if looking is None else looking(),
        }
        return json_answer(request, found, headers={"Cache-Control": "no-store"})

    return [Route("/session", session, methods=["GET"])]
