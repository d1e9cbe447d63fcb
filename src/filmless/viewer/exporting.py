"""Studies to take along: a ZIP that is a file-set with its DICOMDIR, as on a CD."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Entry
from filmless.archive.upkeep import export_fileset
from filmless.dicomweb.origin.sending import PIECE, Pieces, Sending
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError

__all__ = ["routes"]

_MOST: Final = 100
_HEADERS: Final = {
    "Content-Type": "application/zip",
    "Content-Disposition": 'attachment; filename="studies.zip"',
    "Cache-Control": "no-store",
}


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def entries(request: Request) -> list[Entry]:
        within = service.within(request, "read")
        uids = list(dict.fromkeys(request.query_params.getlist("study")))
        if not 1 <= len(uids) <= _MOST:
            raise DicomWebError(f"expected `study` once to {_MOST} times", status=400)
        found = [entry for uid in uids for entry in service.archive.entries(uid, within=within)]
        if not found:
            raise DicomWebError("there is no such study", status=404)
        request.scope.setdefault("filmless.audit", {})["studies"] = sorted({entry.study_uid for entry in found})
        return found

    async def fileset(request: Request) -> Response:
        found = await service.call(entries, request)
        return Sending(_zipped(service.archive, found), service.call, length=None, headers=_HEADERS)

    return [Route("/fileset", fileset, methods=["GET"])]


def _zipped(archive: Archive, entries: list[Entry]) -> Pieces:
    """Give a file-set as a ZIP. It is made on disk: its DICOMDIR comes first and names all that follows.

    DICOM
    -----
    PS3.10 8, PS3.3 F
    """
    with tempfile.TemporaryDirectory(prefix="filmless-") as folder:
        path = Path(folder) / "studies.zip"
        export_fileset(archive, entries, path, profile=None)
        yield from _pieces(path)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
