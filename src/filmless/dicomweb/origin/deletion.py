"""Deleting studies, series and instances."""

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive.upkeep.deleting import KeptFiles
from filmless.archive.upkeep.deleting import delete as delete_for_good
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError

__all__ = ["routes"]

_LEVELS: Final = (
    "/studies/{study}",
    "/studies/{study}/series/{series}",
    "/studies/{study}/series/{series}/instances/{instance}",
)


def routes(service: Service) -> list[Route]:
    """Return the routes of this part.

    DICOM
    -----
    PS3.18 does not have it; other archives answer the method on what is retrieved.
    """
    kept = KeptFiles(service.archive)

    async def delete(request: Request) -> Response:
        entries = await service.entries(request, "delete")
        if any(entry.storage for entry in entries):
            raise DicomWebError(
                "files of a folder that is served in place are not deleted, and nothing else of this is",
                status=409,
                hint="remove the files, or delete instances one by one",
            )
        deleted = await service.call(partial(delete_for_good, service.archive, entries, kept=kept))
        request.scope.setdefault("filmless.audit", {}).update(request.path_params, deleted=deleted)
        return Response(status_code=204)

    return [Route(path, delete, methods=["DELETE"]) for path in _LEVELS]
