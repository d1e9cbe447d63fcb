"""The other studies of a patient, to compare one with."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive
from filmless.archive.index.study_list import StudyList
from filmless.archive.within import Within
from filmless.dataset import Dataset
from filmless.dicomweb.origin.service import Service
from filmless.viewer.afar import Afar
from filmless.viewer.answers import json_answer

__all__ = ["other_studies", "routes"]

_TOLD: Final = ("PatientName", "StudyDate", "StudyTime", "StudyDescription", "AccessionNumber")
_MOST: Final = 1000
_NO_ID: Final = "this study has no Patient ID, so that nothing says which others are of the same patient"


def routes(service: Service, other: Afar | None = None) -> list[Route]:
    """Return the routes of this part.

    Parameters
    ----------
    service
        Of the archive.
    other
        Another one, whose studies these are.
    """

    def answer(request: Request) -> Response:
        within = service.within(request, "read")
        uid = service.find(request)[0].study_uid
        return json_answer(request, other_studies(service.archive, uid, within, other))

    async def others(request: Request) -> Response:
        return await service.call(answer, request)

    return [Route("/studies/{study}/others", others, methods=["GET"])]


def other_studies(archive: Archive, uid: str, within: Within, other: Afar | None = None) -> dict[str, Any]:
    """Describe for JSON the other studies of a study's patient, the latest first; ``why`` says why there can be none.

    Parameters
    ----------
    archive
        Where they are.
    uid
        Of the study.
    within
        What is in sight.
    other
        Another archive, that is sought in instead.
    """
    own = archive.search("study", StudyInstanceUID=uid, within=within, include=("PatientID", "IssuerOfPatientID")).rows
    patient = _patient(own[0].dataset) if own else ("", "")
    if not patient[0]:
        return {"studies": [], "why": _NO_ID}
    include = ("IssuerOfPatientID", "ModalitiesInStudy", "NumberOfStudyRelatedInstances", *_TOLD)
    if other is None:
        rows = archive.search("study", PatientID=patient[0], within=within, include=include, limit=_MOST).rows
        sets = [row.dataset for row in rows]
    else:
        sets = [Dataset.from_json(one.attributes) for one in other.studies(StudyList(patient_id=patient[0])).studies]
    # A query takes `*` and `?` in an ID for wildcards, and an ID says who is meant only by whom it is from.
    found = [ds for ds in sets if _is_of(ds, patient, told=other is None) and ds.StudyInstanceUID != uid]
    found.sort(key=lambda ds: (str(ds.get("StudyDate", "")), str(ds.get("StudyTime", ""))), reverse=True)
    return {"studies": [_described(ds) for ds in found]}


def _patient(ds: Any) -> tuple[str, str]:
    return str(ds.get("PatientID") or "").strip(), str(ds.get("IssuerOfPatientID") or "").strip()


def _is_of(ds: Any, patient: tuple[str, str], *, told: bool) -> bool:
    """Whether a study is of a patient; services as a rule do not tell from whom an ID is."""
    identifier, issuer = _patient(ds)
    return identifier == patient[0] and (issuer == patient[1] or not (told or issuer))


def _described(ds: Any) -> dict[str, Any]:
    modalities = ds.get("ModalitiesInStudy") or ()
    return {
        "uid": str(ds.StudyInstanceUID),
        "modalities": [modalities] if isinstance(modalities, str) else [str(one) for one in modalities],
        "instances": int(ds.get("NumberOfStudyRelatedInstances") or 0),
        **{keyword: str(ds[keyword].value) for keyword in _TOLD if ds.get(keyword)},
    }
