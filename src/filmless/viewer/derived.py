"""What in a study says something about its images: segments, structures, doses, states and key images."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Entry
from filmless.dataset import Dataset
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomError
from filmless.objects import ContourIndex
from filmless.objects.key_objects import key_objects
from filmless.objects.presentation_reading import read_presentation_state
from filmless.objects.references import as_plain
from filmless.objects.segment_colours import colours_of
from filmless.pixels.attributes import items, text
from filmless.viewer.answers import json_answer
from filmless.viewer.kinds import Kind, kind_of

__all__ = ["derived_objects", "routes"]

_KINDS: Final[frozenset[Kind]] = frozenset(
    {"segmentation", "contours", "dose", "parametric-map", "presentation", "key-objects"}
)
_MOST: Final = 500  # objects of a study that are opened


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def answer(request: Request) -> Response:
        found = [entry for entry in service.find(request) if _kind(entry) in _KINDS]
        # Each has to be opened: of more the page says how many it does not list.
        objects = list(derived_objects(service.archive, found[:_MOST]))
        return json_answer(request, {"objects": objects, "left": max(0, len(found) - _MOST)})

    async def derived(request: Request) -> Response:
        return await service.call(answer, request)

    return [Route("/studies/{study}/derived", derived, methods=["GET"])]


def derived_objects(archive: Archive, entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """Describe for JSON what of some instances says something about images; what cannot be read says why in ``error``.

    Parameters
    ----------
    archive
        Where they are.
    entries
        Instances.
    """
    for entry in entries:
        kind = _kind(entry)
        if kind not in _KINDS:
            continue
        described: dict[str, Any] = {
            "kind": kind,
            "study": entry.study_uid,
            "series": entry.series_uid,
            "instance": entry.instance_uid,
            "label": "",
            "parts": [],
        }
        try:
            described |= _describe(archive.dataset(entry), kind)
        except (DicomError, ValueError) as error:
            described["error"] = error.message if isinstance(error, DicomError) else str(error)
        yield described


def _kind(entry: Entry) -> Kind:
    return kind_of(entry.sop_class_uid, frames=entry.frames, transfer_syntax_uid=entry.transfer_syntax_uid)


def _describe(ds: Dataset, kind: Kind) -> dict[str, Any]:
    label = text(ds, "ContentLabel") or text(ds, "StructureSetLabel") or text(ds, "SeriesDescription")
    found: dict[str, Any] = {
        "label": label,
        "description": text(ds, "ContentDescription") or text(ds, "SeriesDescription"),
        "frameOfReferenceUID": _frame_of_reference(ds),
        "images": _referenced(ds),
    }
    if kind == "segmentation":
        found["parts"] = [_part(number, *look) for number, look in sorted(colours_of(ds).items())]
        found["isFractional"] = text(ds, "SegmentationType") == "FRACTIONAL"
    elif kind == "contours":
        structures = ContourIndex(ds).structures
        found["parts"] = [_part(number, one.label, one.colour) for number, one in enumerate(structures)]
    elif kind == "dose":
        found["label"] = " ".join(filter(None, (text(ds, "DoseSummationType"), text(ds, "DoseType"), "dose"))).lower()
    elif kind == "presentation":
        found["state"] = _without_tables(as_plain(read_presentation_state(ds)))
        found["label"] = found["state"]["label"] or label
    elif kind == "key-objects":
        picked = key_objects(ds)
        found["label"] = picked.title.meaning if picked.title else "Key objects"
        found["description"] = picked.description
        found["keyImages"] = as_plain(picked.images)
    return found


def _without_tables(state: Any) -> Any:
    """Leave LUTs without their values, of which there may be 65536: who applies them is the server."""
    if isinstance(state, dict):
        return {name: _without_tables(value) for name, value in state.items() if name != "table"}
    return [_without_tables(one) for one in state] if isinstance(state, list) else state


def _part(number: int, label: str, colour: tuple[int, int, int]) -> dict[str, Any]:
    return {"number": number, "label": label, "colour": list(colour)}


def _frame_of_reference(ds: Dataset) -> str:
    own = text(ds, "FrameOfReferenceUID")
    named = items(ds, "ReferencedFrameOfReferenceSequence", most=1)
    return own or (text(named[0], "FrameOfReferenceUID") if named else "")


def _referenced(ds: Dataset) -> list[str]:
    """Return the UIDs of the series that are referred to."""
    series = [text(item, "SeriesInstanceUID") for item in items(ds, "ReferencedSeriesSequence")]
    for reference in items(ds, "ReferencedFrameOfReferenceSequence"):
        for study in items(reference, "RTReferencedStudySequence"):
            series += [text(one, "SeriesInstanceUID") for one in items(study, "RTReferencedSeriesSequence")]
    return sorted(set(filter(None, series)))
