"""Studies sent to a peer of the server: put into its queue, and how far that is."""

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

__all__ = ["Progress", "SendsOn", "routes"]

_MOST = 100


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
        within = service.within(request, role)
        peer, uids = request.query_params.get("peer", ""), request.query_params.getlist("study")
        if sends_on is None or peer not in {one["name"] for one in sends_on.peers()}:
            raise DicomWebError("there is no such peer", status=404, hint="`peers` of the configuration names them")
        if not 1 <= len(uids) <= _MOST:
            raise DicomWebError(f"expected `study` once to {_MOST} times", status=400)
        found = [entry for uid in dict.fromkeys(uids) for entry in service.archive.entries(uid, within=within)]
        if not found:
            raise DicomWebError("there is no such study", status=404)
        return sends_on, peer, found

    def begin(request: Request) -> dict[str, Any]:
        to, peer, found = chosen(request, "write")
        told = request.scope.setdefault("filmless.audit", {})
        told |= {"studies": sorted({entry.study_uid for entry in found}), "peer": peer}
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
