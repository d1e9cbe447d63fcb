"""What a study holds, for its page: a row for each series."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Entry
from filmless.archive.within import Within
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.thumbnails import representative
from filmless.viewer.afar import Afar
from filmless.viewer.answers import json_answer
from filmless.viewer.kinds import kind_of

__all__ = ["describe_study", "routes"]

_STUDY: Final = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
    "InstitutionName",
)
_SEEN: Final = ("image", "video")
_SERIES: Final = (
    "Modality",
    "SeriesDescription",
    "SeriesNumber",
    "SeriesDate",
    "SeriesTime",
    "BodyPartExamined",
    "ProtocolName",
)


def routes(service: Service, other: Afar | None = None) -> list[Route]:
    """Return the routes of this part.

    Parameters
    ----------
    service
        Of the archive.
    other
        Another one, whose studies are fetched when they are opened: until one is here the answer is 202, and says how
        far it is.
    """

    def answer(request: Request) -> Response:
        within = service.within(request, "read")
        if other is not None and (fetched := other.fetch(request.path_params["study"])) is not None:
            return json_answer(request, {"fetching": fetched._asdict()}, status=202)
        entries = service.find(request)
        return json_answer(request, describe_study(service.archive, entries, within))

    async def study(request: Request) -> Response:
        return await service.call(answer, request)

    return [Route("/studies/{study}", study, methods=["GET"])]


def describe_study(archive: Archive, entries: Sequence[Entry], within: Within) -> dict[str, Any]:
    """Describe a study for JSON: its attributes by keyword, as in DICOM JSON, and its series.

    Parameters
    ----------
    archive
        Where it is.
    entries
        Its instances, at least one.
    within
        What is in sight.
    """
    uid = entries[0].study_uid
    by_series: dict[str, list[Entry]] = {}
    for entry in entries:
        by_series.setdefault(entry.series_uid, []).append(entry)
    rows = archive.search("series", StudyInstanceUID=uid, within=within, include=[*_STUDY, *_SERIES]).rows
    known = {str(row.dataset.SeriesInstanceUID): row.dataset for row in rows}
    first = next(iter(known.values()), None)
    series = [
        {**_attributes(known.get(series_uid), _SERIES), **_of_series(series_uid, members)}
        for series_uid, members in by_series.items()
    ]
    series.sort(key=lambda one: (_number(one.get("SeriesNumber")), one["uid"]))
    return {"uid": uid, **_attributes(first, _STUDY), "series": series}


def _of_series(uid: str, members: Sequence[Entry]) -> dict[str, Any]:
    kinds = Counter(
        kind_of(entry.sop_class_uid, frames=entry.frames, transfer_syntax_uid=entry.transfer_syntax_uid)
        for entry in members
    )
    return {
        "uid": uid,
        # What lies beside pictures in their series does not hide them.
        "kind": next((kind for kind in _SEEN if kinds[kind]), kinds.most_common(1)[0][0]),
        "instances": len(members),
        "frames": sum(entry.frames for entry in members),
        "representative": representative(members).instance_uid,
    }


def _attributes(ds: Any, keywords: Sequence[str]) -> dict[str, Any]:
    found = {} if ds is None else {keyword: str(ds[keyword].value) for keyword in keywords if ds.get(keyword)}
    return {keyword: value for keyword, value in found.items() if value}


def _number(text: Any) -> float:
    try:
        return float(text)
    except (TypeError, ValueError):
        return float("inf")
