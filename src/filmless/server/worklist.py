"""The modality worklist over HTTP: what is scheduled is listed, put, read and deleted as DICOM JSON."""

import json
from typing import Any, Final
from urllib.parse import quote

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from filmless.archive import Key
from filmless.archive.matching import Criteria
from filmless.dataset import Dataset
from filmless.dimse.services.worklist_items import WorklistFolder, WorklistItem
from filmless.errors import DicomError, DicomWebError, LimitError
from filmless.file import generate_uid
from filmless.server.pages import need

__all__ = ["routes"]

_JSON: Final = "application/dicom+json"
_MOST_ROWS: Final = 1000
_MOST_KEYS: Final = 100
_PRIVATE: Final = {"Cache-Control": "no-store"}


def routes(folder: WorklistFolder, *, most_bytes: int = 1 << 20) -> list[Route]:
    """Return the routes ``/worklist`` and ``/worklist/{item}``.

    An item is an object of DICOM JSON with a Scheduled Procedure Step Sequence. Its name in the URL is a UID; what is
    no UID is called by its digest, which the answer says as ``Location``.

    Parameters
    ----------
    folder
        The items.
    most_bytes
        How long a body may be.
    """

    async def listed(request: Request) -> Response:
        """Answer steps that match: keys are query parameters, as ``?PatientID=42&limit=10``."""
        need(request, "read")
        criteria, offset, limit = _asked(request)
        found = await run_sync(lambda: [one for one in folder.items() if criteria.accept(one.attributes)])
        rows = [_row(item) for item in found[offset : offset + limit]]
        more = {"Warning": '299 - "there are more items"'} if len(found) > offset + limit else {}
        return JSONResponse(rows, headers={**_PRIVATE, **more})

    async def read(request: Request) -> Response:
        """Answer one item; the steps of a file with several are a list."""
        need(request, "read")
        found = await run_sync(folder.get, request.path_params["item"])
        if not found:
            raise DicomWebError("there is no such worklist item", status=404)
        _note(request, [item.study_uid for item in found])
        content = [item.attributes for item in found]
        return JSONResponse(content[0] if len(content) == 1 else content, media_type=_JSON, headers=_PRIVATE)

    async def put(request: Request) -> Response:
        return await stored(request, request.path_params["item"])

    async def post(request: Request) -> Response:
        return await stored(request, str(generate_uid()))

    async def stored(request: Request, name: str) -> Response:
        """Store an item; it is on the disk when the answer comes."""
        need(request, "write")
        dataset = await run_sync(_item_of, await _body(request, most_bytes))
        own, is_new = await run_sync(folder.put, name, dataset)
        _note(request, [_study_of(dataset)])
        return JSONResponse(
            {"item": own}, 201 if is_new else 200, headers={**_PRIVATE, "Location": f"/worklist/{quote(own, safe='')}"}
        )

    async def delete(request: Request) -> Response:
        need(request, "delete")
        name = request.path_params["item"]
        found = await run_sync(folder.get, name)
        if not await run_sync(folder.delete, name):
            raise DicomWebError("there is no such worklist item", status=404)
        _note(request, [item.study_uid for item in found])
        return Response(status_code=204)

    return [
        Route("/worklist", listed, methods=["GET"]),
        Route("/worklist", post, methods=["POST"]),
        Route("/worklist/{item}", read, methods=["GET"]),
        Route("/worklist/{item}", put, methods=["PUT"]),
        Route("/worklist/{item}", delete, methods=["DELETE"]),
    ]


def _note(request: Request, studies: list[str]) -> None:
    """Have the line of the audit say whose study it was."""
    request.scope.setdefault("filmless.audit", {})["studies"] = sorted({uid for uid in studies if uid})


def _study_of(ds: Dataset) -> str:
    return str(ds["StudyInstanceUID"].text or "") if "StudyInstanceUID" in ds else ""


def _row(item: WorklistItem) -> dict[str, Any]:
    return {"item": item.name, "attributes": item.attributes}


def _asked(request: Request) -> tuple[Criteria, int, int]:
    """Return the keys of the query, and which rows are wanted."""
    numbers = {"offset": 0, "limit": _MOST_ROWS}
    keys = []
    for name, value in request.query_params.multi_items():
        if name not in numbers:
            keys.append(Key.of(name, value))
        elif value.isascii() and value.isdecimal() and len(value) < 10:
            numbers[name] = int(value)
        else:
            raise DicomWebError(f"`{name}` is no number, expected one as 100", status=400)
    if len(keys) > _MOST_KEYS:
        raise LimitError(f"more than {_MOST_KEYS} keys", limit="keys", value=_MOST_KEYS)
    return Criteria(keys), numbers["offset"], min(numbers["limit"], _MOST_ROWS)


async def _body(request: Request, most: int) -> bytes:
    gathered = bytearray()
    async for piece in request.stream():
        gathered += piece
        if len(gathered) > most:
            raise LimitError(f"a body of more than {most} bytes", limit="body_bytes", value=most)
    return bytes(gathered)


def _item_of(body: bytes) -> Dataset:
    """Return the data set that a body is. What is wrong is said without the parser's words: they can show a value."""
    try:
        found = json.loads(body)
        if isinstance(found, list) and len(found) == 1:
            found = found[0]
        if isinstance(found, dict):
            return Dataset.from_json(json.dumps(found))
    except (DicomError, ValueError, TypeError, RecursionError):
        pass
    hint = 'an item is as {"00100020": {"vr": "LO", "Value": ["42"]}, "00400100": {"vr": "SQ", "Value": [...]}}'
    raise DicomWebError("the body is no object of DICOM JSON", status=400, hint=hint)
