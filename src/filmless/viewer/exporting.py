"""Studies, or series, to take along: a ZIP that is a file-set with its DICOMDIR, as on a CD."""

from collections.abc import Iterator, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Entry
from filmless.dataset import Dataset
from filmless.dicomweb.origin.sending import Pieces, Sending
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.zip_out import stored_pieces, zipped
from filmless.dimse.file_head import data_set_start
from filmless.dimse.part10 import head
from filmless.errors import DicomError
from filmless.file import read
from filmless.file.media.listing import list_fileset
from filmless.viewer.afar import Afar
from filmless.viewer.chosen import MOST_STUDIES, chosen_entries

__all__ = ["routes"]

_HEADERS: Final = {
    "Content-Type": "application/zip",
    "Content-Disposition": 'attachment; filename="images.zip"',
    "Cache-Control": "no-store",
}
_HEAD: Final = 64 << 10  # bytes of a file that its file meta information is in


def routes(service: Service, other: Afar | None = None) -> list[Route]:
    """Return the routes of this part.

    Parameters
    ----------
    service
        Of the archive.
    other
        Another one, whose studies are fetched first.
    """

    def chosen(request: Request) -> Sequence[Entry]:
        service.within(request, "read")
        if other is not None:
            for study in request.query_params.getlist("study")[:MOST_STUDIES]:
                while other.fetch(study, wait_s=60) is not None:
                    pass
        return chosen_entries(service, request, "read")

    async def fileset(request: Request) -> Response:
        found = await service.call(chosen, request)
        return Sending(_zipped(service.archive, found), service.call, length=None, headers=_HEADERS)

    return [Route("/fileset", fileset, methods=["GET"])]


def _zipped(archive: Archive, entries: Sequence[Entry]) -> Pieces:
    """Give a file-set as a ZIP. It is on no disk: the directory is made of the headers in the index.

    DICOM
    -----
    PS3.10 8, PS3.3 F
    """
    return zipped(_members(archive, entries))


def _members(archive: Archive, entries: Sequence[Entry]) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    directory, names = list_fileset(_headers(archive, entries))
    yield "DICOMDIR", len(directory), iter([directory])
    for number, (entry, name) in enumerate(zip(entries, names, strict=True), 1):
        # What a directory cannot list goes along all the same.
        path = "/".join(name or ("OTHER", f"OT{number:06}"))
        yield path, entry.size, _proper(entry, stored_pieces(archive, entry))


def _headers(archive: Archive, entries: Sequence[Entry]) -> Iterator[Dataset]:
    for entry, header in zip(entries, archive.headers(entries), strict=True):
        ds = Dataset.from_json(header.json())
        ds.file_meta = Dataset()
        ds.file_meta.TransferSyntaxUID = entry.transfer_syntax_uid
        yield ds


def _proper(entry: Entry, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give a file whose file meta information is of its instance, as a directory wants it; else it is as it was."""
    first = next(pieces, b"")
    try:
        meta = read(first[:_HEAD], stop_before_pixels=True).file_meta
        named = meta.get("MediaStorageSOPClassUID"), meta.get("MediaStorageSOPInstanceUID")
        if named != (entry.sop_class_uid, entry.instance_uid):
            begin = head(entry.sop_class_uid, entry.instance_uid, entry.transfer_syntax_uid)
            first = begin + first[data_set_start(first) :]
    except DicomError:
        pass  # what cannot be read is not made better here
    yield first
    yield from pieces
