"""Encapsulated documents: pages of a PDF as pictures, and every document as the file that went in."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Entry
from filmless.convert.documents.extraction import extract
from filmless.convert.documents.pdf import draw_page, page_sizes
from filmless.convert.out.png import encode_png
from filmless.dataset import Dataset
from filmless.dicomweb.origin.ranges import etag_of, unchanged, validators
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomError, DicomWebError
from filmless.pixels.attributes import text
from filmless.viewer.answers import json_answer

__all__ = ["routes"]

_INSTANCE: Final = "/studies/{study}/series/{series}/instances/{instance}"
_VERSION: Final = 1
_WIDTHS: Final = range(64, 4097)  # pixels
_DEFAULT_WIDTH: Final = 1200
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
        data, suffix = extract(ds)
        found: dict[str, Any] = {"title": text(ds, "DocumentTitle"), "suffix": suffix, "size": len(data)}
        if suffix == ".pdf":
            try:
                found["pages"] = page_sizes(data)
            except DicomError as error:
                found["error"] = error.message
        return json_answer(request, found)

    def draw(request: Request) -> Response:
        entry, number = service.find(request)[0], request.path_params["page"]
        width = _width(request)
        etag = etag_of([entry], _VERSION, "page", number, width)
        if (same := unchanged(request, etag, entry.received)) is not None:
            return same
        data, suffix = extract(_document(service, entry))
        if suffix != ".pdf":
            raise DicomWebError("the document has no pages: it is no PDF", status=404)
        try:
            picture = draw_page(data, number - 1, columns=width)
        except ValueError:
            raise DicomWebError("the document has no such page", status=404) from None
        return Response(encode_png(picture), media_type="image/png", headers=validators(etag, entry.received))

    def give(request: Request) -> Response:
        entry = service.find(request)[0]
        etag = etag_of([entry], _VERSION, "file")
        if (same := unchanged(request, etag, entry.received)) is not None:
            return same
        data, suffix = extract(_document(service, entry))
        attached = {"Content-Disposition": f'attachment; filename="document{suffix}"'}
        headers = {**validators(etag, entry.received), **_AS_FILE, **attached}
        return Response(data, media_type="application/octet-stream", headers=headers)

    async def document(request: Request) -> Response:
        return await service.draw(describe, request)  # it holds the document, as who draws a page of it

    async def page(request: Request) -> Response:
        return await service.draw(draw, request)

    async def file(request: Request) -> Response:
        return await service.draw(give, request)

    return [
        Route(f"{_INSTANCE}/document", document, methods=["GET"]),
        Route(f"{_INSTANCE}/document/pages/{{page:int}}", page, methods=["GET"]),
        Route(f"{_INSTANCE}/document/file", file, methods=["GET"]),
    ]


def _document(service: Service, entry: Entry) -> Dataset:
    ds = service.archive.dataset(entry)
    if "EncapsulatedDocument" not in ds:
        raise DicomWebError("the instance encapsulates no document", status=404)
    return ds


def _width(request: Request) -> int:
    said = request.query_params.get("width", str(_DEFAULT_WIDTH))
    width = int(said) if said.isascii() and said.isdigit() and len(said) < 6 else 0
    if width not in _WIDTHS:
        raise DicomWebError(f"`width` is from {_WIDTHS[0]} to {_WIDTHS[-1]} pixels", status=400)
    return width
