"""Structured reports as trees of headed sections."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.dicomweb.origin.ranges import etag_of, unchanged, validators
from filmless.dicomweb.origin.service import Service
from filmless.objects import report_sections
from filmless.objects.references import as_plain
from filmless.viewer.answers import json_answer

__all__ = ["routes"]

_VERSION = 1


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def answer(request: Request) -> Response:
        entry = service.find(request)[0]
        etag = etag_of([entry], _VERSION, "report")
        if (same := unchanged(request, etag, entry.received)) is not None:
            return same
        found = as_plain(report_sections(service.archive.dataset(entry)))
        return json_answer(request, found, headers=validators(etag, entry.received))

    async def report(request: Request) -> Response:
        return await service.call(answer, request)

    return [Route("/studies/{study}/series/{series}/instances/{instance}/report", report, methods=["GET"])]
