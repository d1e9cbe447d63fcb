"""The whole header of an instance, as rows that a person reads: what the inspector shows."""

from collections.abc import Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.dataset import DataElement, Dataset
from filmless.dicomweb.origin.service import Service
from filmless.display import render_value
from filmless.viewer.answers import describe_instance

__all__ = ["MOST_ROWS", "header_rows", "routes"]

MOST_ROWS: Final = 100_000
"""Rows that a page can hold; an enhanced image of thousands of frames has more."""

_VERSION: Final = 1
_LETTERS: Final = 4096  # of a value
_MOST_LETTERS: Final = 32 << 20  # of all values: what is held of a header at a time
_LONGEST_TEXT: Final = 1 << 20  # bytes of a text that is read for its beginning
_TEXTS: Final = frozenset({"LT", "ST", "UC", "UT"})


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def answer(request: Request) -> Response:
        return describe_instance(service, request, "header", _VERSION, lambda ds: _bounded(header_rows(ds)))

    async def header(request: Request) -> Response:
        return await service.call(answer, request)

    path = "/studies/{study}/series/{series}/instances/{instance}/header"
    return [Route(path, header, methods=["GET"])]


def _bounded(rows: Iterator[list[Any]]) -> dict[str, Any]:
    """Return the first rows, as many as a page can hold, and whether they are all."""
    found: list[list[Any]] = []
    letters = 0
    for row in rows:
        letters += len(row[-1])
        if len(found) == MOST_ROWS or letters > _MOST_LETTERS:
            return {"rows": found, "isWhole": False}
        found.append(row)
    return {"rows": found, "isWhole": True}


def header_rows(ds: Dataset) -> Iterator[list[Any]]:
    """Yield a row for each element and each item, in their order.

    Parameters
    ----------
    ds
        The data set; the file meta information comes first.

    Yields
    ------
    list
        Path (tags and numbers of items with slashes between them), depth, tag, value representation, keyword, name
        and value; of an item its number alone, as name.

    DICOM
    -----
    PS3.5 7
    """
    if ds.file_meta is not None:
        yield from _rows(ds.file_meta, "", 0)
    yield from _rows(ds, "", 0)


def _rows(ds: Dataset, before: str, depth: int) -> Iterator[list[Any]]:
    for element in ds:
        path = f"{before}{element.tag:08X}"
        yield [path, depth, str(element.tag), element.VR, element.keyword or "", _name(element), _value(element)]
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                yield [f"{path}/{number}", depth + 1, "", "", "", f"Item {number + 1}", ""]
                yield from _rows(item, f"{path}/{number}/", depth + 2)


def _name(element: DataElement) -> str:
    if element.is_private and element.private_creator:
        return f"{element.name} [{element.private_creator}]"
    return element.name


def _value(element: DataElement) -> str:
    if element.is_bulk and element.VR in _TEXTS and element.length <= _LONGEST_TEXT:
        # Long, but what people write: the beginning says more than a number of bytes.
        text = str(element.value)
        return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"
    return render_value(element, _LETTERS)
