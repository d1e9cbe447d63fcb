"""The list of studies: searched as it is typed, sorted, counted, a part at a time."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive.index.study_list import SORTS, ListedStudy, StudyList, count_studies, list_studies
from filmless.archive.index.values import stored_date
from filmless.archive.within import Within
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError
from filmless.viewer.afar import Afar
from filmless.viewer.answers import json_answer, said_values, whole_number

__all__ = ["routes"]

_MOST: Final = 500
_DEEPEST: Final = 1 << 40
_TEXTS: Final = {
    "text": "text",
    "patient": "patient",
    "id": "patient_id",
    "accession": "accession_number",
    "description": "description",
    "modality": "modality",
}
_TAGS: Final = {
    "PatientName": "00100010",
    "PatientID": "00100020",
    "PatientBirthDate": "00100030",
    "PatientSex": "00100040",
    "StudyDate": "00080020",
    "StudyTime": "00080030",
    "StudyDescription": "00081030",
    "AccessionNumber": "00080050",
    "ReferringPhysicianName": "00080090",
}


def routes(service: Service, other: Afar | None = None) -> list[Route]:
    """Return the routes of this part.

    Parameters
    ----------
    service
        Of the archive.
    other
        Another one, whose studies are listed instead.
    """
    database = service.archive.index.database

    def rows(request: Request) -> Response:
        wanted = _wanted(request, service.within(request, "read"))
        offset = whole_number(request, "offset", absent=0, most=_DEEPEST)
        limit = whole_number(request, "limit", absent=100, most=_MOST)
        if other is not None:
            found = list(other.studies(wanted).studies[offset : offset + limit])
        else:
            found = list_studies(database, wanted, offset=offset, limit=limit)
        return json_answer(request, [_row(one) for one in found])

    def counts(request: Request) -> Response:
        within = service.within(request, "read")
        wanted = _wanted(request, within)
        if other is not None:
            studies, is_whole = other.studies(wanted)
            return json_answer(request, {"shown": len(studies), "total": len(studies), "isWhole": is_whole})
        total = count_studies(database, StudyList(within=within))
        is_all = wanted == StudyList(within=within, sort=wanted.sort, descending=wanted.descending)
        return json_answer(request, {"shown": total if is_all else count_studies(database, wanted), "total": total})

    async def studies(request: Request) -> Response:
        return await service.call(rows, request)

    async def study_counts(request: Request) -> Response:
        return await service.call(counts, request)

    return [
        Route("/studies", studies, methods=["GET"]),
        # Apart from the rows, which are there long before: to count looks at all that there are.
        Route("/study-counts", study_counts, methods=["GET"]),
    ]


def _wanted(request: Request, within: Within) -> StudyList:
    query = {**request.query_params, **said_values(request)}
    sort = query.get("sort", "date")
    if sort not in SORTS:
        raise DicomWebError(f"`sort` is none of {', '.join(SORTS)}", status=400)
    order = query.get("order", "descending")
    if order not in {"ascending", "descending"}:
        raise DicomWebError("`order` is neither ascending nor descending", status=400)
    texts: dict[str, Any] = {name: query.get(given, "").strip() for given, name in _TEXTS.items()}
    dates = {name: _date(query, given) for given, name in (("from", "first"), ("to", "last"))}
    return StudyList(**texts, **dates, sort=sort, descending=order == "descending", within=within)


def _date(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "").replace("-", "")
    date = stored_date(text)
    if text and not date:
        raise DicomWebError(f"`{name}` is no date, expected one as 2024-01-31", status=400)
    return date


def _row(study: ListedStudy) -> dict[str, Any]:
    texts = {keyword: text for keyword, tag in _TAGS.items() if (text := _text(study.attributes.get(tag)))}
    return {
        "uid": study.uid,
        **texts,
        "modalities": study.modalities,
        "series": study.series,
        "instances": study.instances,
        "size": study.size,
        "received": study.received,
    }


def _text(element: dict[str, Any] | None) -> str:
    """Return a value as text; of a name all its groups, with ``=`` between them."""
    values = (element or {}).get("Value") or [""]
    value = values[0]
    if isinstance(value, dict):
        groups = [str(value.get(group) or "") for group in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(groups).rstrip("=")
    return "" if value is None else str(value)
