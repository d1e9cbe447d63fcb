"""What the pages have to know of the server and of who asks: what can be done here, and how far a first look is."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.dicomweb.origin.service import Service
from filmless.viewer.afar import Afar
from filmless.viewer.answers import json_answer
from filmless.viewer.films import film_types

__all__ = ["LookAround", "Reached", "routes"]

LookAround = Callable[[], dict[str, Any]]
"""Tells how far files that are shown where they lie are looked at, for JSON: ``files``, ``instances``, ``done``."""

Reached = Callable[[], dict[str, Any]]
"""Tells by what modalities reach the server, for JSON: ``aeTitle``, ``port``."""


def routes(
    service: Service, *, looking: LookAround | None, reached: Reached | None = None, other: Afar | None = None
) -> list[Route]:
    """Return the routes of this part.

    Parameters
    ----------
    service
        The archive, and whether it is read-only.
    looking
        Given when files are shown where they lie.
    reached
        Given when modalities can send here.
    other
        Given when another archive is looked at.
    """

    async def session(request: Request) -> Response:
        service.within(request, "read")
        principal = service.principal(request)
        found = {
            "canImport": principal.may("write"),
            "canDelete": principal.may("delete"),
            "canSave": service.keeps_for(request),
            "looking": None if looking is None else looking(),
            "dicomWeb": service.public_url,  # None: below the pages' own address
            "dimse": None if reached is None else reached(),
            "films": film_types(),
            "other": None if other is None else other.name,
        }
        return json_answer(request, found, headers={"Cache-Control": "no-store"})

    return [Route("/session", session, methods=["GET"])]
