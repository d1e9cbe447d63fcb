"""Studies, or series, to take along: a ZIP that is a file-set with its DICOMDIR, as on a CD."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Entry
from filmless.archive.upkeep import export_fileset
from filmless.dicomweb.origin.sending import PIECE, Pieces, Sending
from filmless.dicomweb.origin.service import Service
from filmless.viewer.chosen import chosen_entries

__all__ = ["routes"]

_HEADERS: Final = {
    "Content-Type": "application/zip",
    "Content-Disposition": 'attachment; filename="images.zip"',
    "Cache-Control": "no-store",
}


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    async def fileset(request: Request) -> Response:
        found = await service.call(chosen_entries, service, request, "read")
        return Sending(_zipped(service.archive, found), service.call, length=None, headers=_HEADERS)

    return [Route("/fileset", fileset, methods=["GET"])]


def _zipped(archive: Archive, entries: Sequence[Entry]) -> Pieces:
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
