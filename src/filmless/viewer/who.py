"""Who looks, and what they may do: so that the pages offer nothing that would be refused."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.dicomweb.origin.service import Service
from filmless.security.principal import ROLES
from filmless.viewer.answers import json_answer

__all__ = ["routes"]


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    async def me(request: Request) -> Response:
        principal = service.principal(request)
        roles = sorted(role for role in ROLES if principal.may(role))
        answer = {
            "name": principal.name,
            "roles": roles,
            "seesAll": principal.patients is None and principal.studies is None,
        }
        return json_answer(request, answer)

    return [Route("/me", me, methods=["GET"])]
