"""Studies, or series, sent to a peer of the server: put into its queue, and how far that is."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Entry
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError
from filmless.security import Role
from filmless.viewer.answers import json_answer
from filmless.viewer.chosen import chosen_entries

__all__ = ["Progress", "SendsOn", "routes"]


class Progress(NamedTuple):
    """How far instances are that were sent to a peer."""

    waiting: int
    failed: int  # given up
    error: str  # of the last attempt, where one failed


class SendsOn(Protocol):
    """What sends to the peers of a server."""

    def peers(self) -> list[dict[str, str]]:
        """Return who there is: ``name``, and ``by`` which protocol."""

    def send(self, peer: str, entries: Iterable[Entry]) -> int:
        """Begin to send; return how many instances wait that did not before."""

    def progress(self, peer: str, entries: Iterable[Entry]) -> Progress:
        """Return how far instances are."""


def routes(service: Service, *, sends_on: SendsOn | None) -> list[Route]:
    """Return the routes of this part.

    Parameters
    ----------
    service
        Of the archive.
    sends_on
        What sends; None when there is nobody to send to.
    """

    def chosen(request: Request, role: Role) -> tuple[SendsOn, str, Sequence[Entry]]:
        service.within(request, role)
        peer = request.query_params.get("peer", "")
        if sends_on is None or peer not in {one["name"] for one in sends_on.peers()}:
            raise DicomWebError("there is no such peer", status=404, hint="`peers` of the configuration names them")
        return sends_on, peer, chosen_entries(service, request, role)

    def begin(request: Request) -> dict[str, Any]:
        to, peer, found = chosen(request, "write")
        request.scope["filmless.audit"]["peer"] = peer
        return {"instances": len(found), "queued": to.send(peer, found)}

    def look(request: Request) -> dict[str, Any]:
        to, peer, found = chosen(request, "read")
        return {"instances": len(found), **to.progress(peer, found)._asdict()}

    async def peers(request: Request) -> Response:
        service.within(request, "read")
        return json_answer(request, [] if sends_on is None else sends_on.peers())

    async def send(request: Request) -> Response:
        return json_answer(request, await service.call(begin, request))

    async def progress(request: Request) -> Response:
        return json_answer(request, await service.call(look, request))

    return [
        Route("/peers", peers, methods=["GET"]),
        Route("/send", send, methods=["POST"]),
        Route("/send", progress, methods=["GET"]),
    ]
