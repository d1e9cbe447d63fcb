"""Encapsulated documents: pages of a PDF as pictures, and every document as the file that went in."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Entry
from filmless.convert.documents.extraction import extract, length_of, suffix_of
from filmless.convert.documents.pdf import draw_page, page_sizes
from filmless.convert.out.png import encode_png
from filmless.dataset import Dataset
from filmless.dicomweb.origin.bulk_value import bulk_value
from filmless.dicomweb.origin.ranges import answer, etag_of, unchanged, validators
from filmless.dicomweb.origin.sending import Stored
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.spool import IN_MEMORY_BYTES
from filmless.errors import DicomError, DicomWebError
from filmless.pixels.attributes import text
from filmless.viewer.answers import json_answer, number_in_path, whole_number

__all__ = ["routes"]

_INSTANCE: Final = "/studies/{study}/series/{series}/instances/{instance}"
_DOCUMENT: Final = "00420011"
_VERSION: Final = 1
_DEFAULT_WIDTH: Final = 1200  # pixels
_LEAST_WIDTH: Final = 64
_MOST_WIDTH: Final = 4096
# Whatever a document is, a browser only keeps it: at our address nothing of it runs.
_AS_FILE: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def describe(request: Request) -> Response:
        entry = service.find(request)[0]
        ds = _document(service, entry)
        suffix = suffix_of(ds)
        found: dict[str, Any] = {"title": text(ds, "DocumentTitle"), "suffix": suffix, "size": length_of(ds)}
        if suffix == ".pdf":
            try:
                found["pages"] = page_sizes(_pdf(ds))
            except DicomError as error:
                found["error"] = error.message
        return json_answer(request, found)

    def draw(request: Request) -> Response:
        entry, number = service.find(request)[0], number_in_path(request, "page")
        width = whole_number(request, "width", absent=_DEFAULT_WIDTH, least=_LEAST_WIDTH, most=_MOST_WIDTH)
        etag = etag_of([entry], _VERSION, "page", number, width)
        if (same := unchanged(request, etag, entry.received)) is not None:
            return same
        ds = _document(service, entry)
        if suffix_of(ds) != ".pdf":
            raise DicomWebError("the document has no pages: it is no PDF", status=404)
        try:
            picture = draw_page(_pdf(ds), number - 1, columns=width)
        except ValueError:
            raise DicomWebError("the document has no such page", status=404) from None
        return Response(encode_png(picture), media_type="image/png", headers=validators(etag, entry.received))

    def give(request: Request) -> Response:
        entry = service.find(request)[0]
        etag = etag_of([entry], _VERSION, "file")
        if (same := unchanged(request, etag, entry.received)) is not None:
            return same
        ds = _document(service, entry)
        length, [value] = length_of(ds), bulk_value(ds, entry, _DOCUMENT).body
        piece = value._replace(length=length) if isinstance(value, Stored) else value[:length]
        headers = {**_AS_FILE, "Content-Disposition": f'attachment; filename="document{suffix_of(ds)}"'}
        kind = "application/octet-stream"
        return answer(service, request, [piece], media_type=kind, etag=etag, modified=entry.received, headers=headers)

    async def document(request: Request) -> Response:
        return await service.draw(describe, request)  # it holds the document, as who draws a page of it

    async def page(request: Request) -> Response:
        return await service.draw(draw, request)

    async def file(request: Request) -> Response:
        return await service.draw(give, request)

    return [
        Route(f"{_INSTANCE}/document", document, methods=["GET"]),
        Route(f"{_INSTANCE}/document/pages/{{page}}", page, methods=["GET"]),
        Route(f"{_INSTANCE}/document/file", file, methods=["GET"]),
    ]


def _document(service: Service, entry: Entry) -> Dataset:
    ds = service.archive.dataset(entry)
    if "EncapsulatedDocument" not in ds:
        raise DicomWebError("the instance encapsulates no document", status=404)
    return ds


def _pdf(ds: Dataset) -> bytes:
    """Return a PDF whose pages are drawn: it is in memory as a whole."""
    if length_of(ds) > IN_MEMORY_BYTES:
        message = f"pages are drawn of a PDF of {IN_MEMORY_BYTES >> 20} MiB at the most"
        raise DicomWebError(message, status=406, hint="save it as a file")
    return extract(ds)[0]
