"""The studies, or the series of one, that a request is about by its query: what is taken along, or sent."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request

from filmless.archive import Entry
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError
from filmless.security import Role

__all__ = ["MOST_STUDIES", "chosen_entries"]

MOST_STUDIES: Final = 100
_MOST_SERIES: Final = 100


def chosen_entries(service: Service, request: Request, role: Role) -> Sequence[Entry]:
    """Return the instances of each ``study`` of the query; of one, those of each ``series``, where there are any.

    Parameters
    ----------
    service
        Of the archive.
    request
        Who asks, and for what.
    role
        What they need.

    Raises
    ------
    DicomWebError
        403 without the role; 400 for none or too many; 404 when there is nothing in sight.
    """
    within = service.within(request, role)
    studies, series = (list(dict.fromkeys(request.query_params.getlist(name))) for name in ("study", "series"))
    if not 1 <= len(studies) <= MOST_STUDIES:
        raise DicomWebError(f"expected `study` once to {MOST_STUDIES} times", status=400)
    if series and (len(studies) > 1 or len(series) > _MOST_SERIES):
        raise DicomWebError(f"expected `series` up to {_MOST_SERIES} times, and one `study` with it", status=400)
    places = [(studies[0], one) for one in series] if series else [(study, None) for study in studies]
    found = [entry for place in places for entry in service.archive.entries(*place, within=within)]
    if not found:
        raise DicomWebError(f"there is no such {'series' if series else 'study'}", status=404)
    request.scope.setdefault("filmless.audit", {})["studies"] = sorted({entry.study_uid for entry in found})
    return found
