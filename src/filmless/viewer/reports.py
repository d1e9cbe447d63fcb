"""Structured reports as trees of headed sections."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.dicomweb.origin.service import Service
from filmless.objects import report_sections
from filmless.objects.references import as_plain
from filmless.viewer.answers import describe_instance

__all__ = ["routes"]

_VERSION = 1


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def answer(request: Request) -> Response:
        return describe_instance(service, request, "report", _VERSION, lambda ds: as_plain(report_sections(ds)))

    async def report(request: Request) -> Response:
        return await service.draw(answer, request)  # it holds all of the report

    return [Route("/studies/{study}/series/{series}/instances/{instance}/report", report, methods=["GET"])]
