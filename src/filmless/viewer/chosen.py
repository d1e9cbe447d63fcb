"""What a request is about by its query: studies, or series of one, to take along or send; an image to lay over."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request

from filmless.archive import Entry
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError
from filmless.security import Role

__all__ = ["MOST_STUDIES", "chosen_entries", "image_asked"]

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


def image_asked(service: Service, request: Request, entry: Entry) -> tuple[Entry, int]:
    """Return the image that something is asked for by ``series``, ``image`` and ``frame``, and its frame from 0.

    Parameters
    ----------
    service
        Of the archive.
    request
        Who asks, and for what.
    entry
        What lies over the image, and is in the same study.

    Raises
    ------
    DicomWebError
        404 when there is no such image in sight; 400 for another frame than it has.
    """
    query = request.query_params
    series, instance, frame = (query.get(name, "") for name in ("series", "image", "frame"))
    within = service.within(request, "read")
    found = service.archive.entries(entry.study_uid, series, instance, within=within) if series and instance else []
    if not found:
        raise DicomWebError("`series` and `image` name no image of the study", status=404)
    if not (frame.isascii() and frame.isdigit() and len(frame) < 10 and 1 <= int(frame) <= found[0].frames):
        raise DicomWebError(f"`frame` is a number from 1 to {found[0].frames}", status=400)
    return found[0], int(frame) - 1
