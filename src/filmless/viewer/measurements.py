"""What was measured in a study: read from its structured reports, and written as new ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from json import JSONDecodeError, loads
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Entry, Within
from filmless.dataset import Dataset
from filmless.dicomweb.origin.body import body
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomError, DicomWebError, LimitError
from filmless.objects import Measurement, measurement_report, read_measurements
from filmless.pixels.attributes import items, text
from filmless.viewer.answers import json_answer
from filmless.viewer.kinds import kind_of
from filmless.viewer.measured_states import measured_states, views_of

__all__ = ["read_reports", "routes"]

_PATH: Final = "/studies/{study}/measurements"
_MOST: Final = 1000
_MOST_BYTES: Final = 16 << 20  # some hundred outlines of thousands of points
_MOST_REPORTS: Final = 200
_LONGEST: Final = 64  # characters of an LO
_TITLE: Final = "Measurements"
_REPORT: Final = ("126000", "DCM")  # Imaging Measurement Report

Json = dict[str, Any]


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def listed(request: Request) -> Response:
        entries = service.find(request)
        return json_answer(request, {"reports": list(read_reports(service, entries))})

    async def reports(request: Request) -> Response:
        return await service.call(listed, request)

    async def save(request: Request) -> Response:
        within, entries = service.within(request, "keep"), await service.entries(request, "keep")
        asked = await _asked(request, service)
        saved = await service.call(_save, service, entries, asked, within)
        return json_answer(request, saved, status=201)

    return [Route(_PATH, reports, methods=["GET"]), Route(_PATH, save, methods=["POST"])]


def read_reports(service: Service, entries: Sequence[Entry]) -> Iterator[Json]:
    """Read the reports of a study that have measurements, the oldest first.

    Parameters
    ----------
    service
        Where they are.
    entries
        Instances of the study.

    Returns
    -------
    iterator of dict
        For JSON: where each is, what it is called, when it was made, whether a later one ``replaced`` it, the
        measurements, as `Measurement.as_dict` gives them, in which series their images and those of their values are,
        and the ``sources``: the series that the report is about. One that cannot be read says why in ``error``.

    DICOM
    -----
    PS3.3 C.17.2 (Predecessor Documents Sequence); PS3.16 TID 1500
    """
    found = [(entry, read) for entry in _reports(entries) if (read := _read(service, entry)) is not None]
    replaced = {uid for _, (_, predecessors) in found for uid in predecessors}
    found.sort(key=lambda one: (one[1][0]["date"], one[1][0]["time"], one[0].received))
    series = {entry.instance_uid: entry.series_uid for entry in entries}
    for entry, (report, _) in found:
        measured = {
            image["sop_instance_uid"]
            for one in report["measurements"]
            for image in (one["image"], *(source for value in one["values"] for source in value["source"]))
            if image
        }
        images = {uid: series[uid] for uid in sorted(measured) if uid in series}
        sources = sorted(set(report.pop("evidence", ())) & {*series.values()})
        in_space = any(not one["image"] for one in report["measurements"])
        more = {"images": images, "sources": sources if in_space else []}
        yield {**report, **more, "replaced": entry.instance_uid in replaced}


def _reports(entries: Sequence[Entry]) -> list[Entry]:
    """Return the newest reports, as many as are read."""
    found = [
        entry
        for entry in entries
        if kind_of(entry.sop_class_uid, frames=0, transfer_syntax_uid=entry.transfer_syntax_uid) == "report"
    ]
    return sorted(found, key=lambda entry: entry.received)[-_MOST_REPORTS:]


def _read(service: Service, entry: Entry) -> tuple[Json, list[str]] | None:
    """Return what is said of a report, and which it replaces; None for one without measurements."""
    report: Json = {"series": entry.series_uid, "instance": entry.instance_uid}
    try:
        ds = service.archive.dataset(entry)
        report |= {
            "title": text(ds, "SeriesDescription") or _TITLE,
            "date": text(ds, "ContentDate"),
            "time": text(ds, "ContentTime"),
        }
        measurements = read_measurements(ds)
        report["measurements"] = [measurement.as_dict() for measurement in measurements]
        report["evidence"] = _series_in(ds, "CurrentRequestedProcedureEvidenceSequence")
        predecessors = _predecessors(ds)
        # One without any says that those it replaces are no more.
        return (report, predecessors) if measurements or (predecessors and _is_of_measurements(ds)) else None
    except DicomError as error:
        return {"title": _TITLE, "date": "", "time": "", **report, "measurements": [], "error": error.message}, []


def _is_of_measurements(ds: Dataset) -> bool:
    named = items(ds, "ConceptNameCodeSequence", most=1)
    return bool(named) and (text(named[0], "CodeValue"), text(named[0], "CodingSchemeDesignator")) == _REPORT


def _predecessors(ds: Dataset) -> list[str]:
    return _instances_in(ds, "PredecessorDocumentsSequence")


def _instances_in(ds: Dataset, keyword: str) -> list[str]:
    return [
        text(instance, "ReferencedSOPInstanceUID")
        for study in items(ds, keyword)
        for series in items(study, "ReferencedSeriesSequence")
        for instance in items(series, "ReferencedSOPSequence")
    ]


def _series_in(ds: Dataset, keyword: str) -> list[str]:
    studies = items(ds, keyword)
    return [text(one, "SeriesInstanceUID") for study in studies for one in items(study, "ReferencedSeriesSequence")]


async def _asked(request: Request, service: Service) -> Json:
    """Return the body, as far as it is an object of JSON."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise DicomWebError("measurements are sent as application/json", status=415)
    received = bytearray()
    async for piece in body(request, service):
        received += piece
        if len(received) > _MOST_BYTES:
            message = f"measurements of more than {_MOST_BYTES >> 20} MiB"
            raise LimitError(message, limit="body_bytes", value=_MOST_BYTES)
    try:
        asked = loads(received.decode())
    except (JSONDecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise DicomWebError("the body is no JSON", status=400) from None
    if not isinstance(asked, dict):
        raise DicomWebError("the body is an object with `measurements`", status=400)
    return asked


def _save(service: Service, entries: Sequence[Entry], asked: Mapping[str, Any], within: Within) -> Json:
    known = {entry.instance_uid: entry for entry in entries}
    replaced = [known[uid] for uid in _uids(asked, "replaces") if uid in known]
    given = _measurements(asked, fewest=0 if replaced else 1)
    measurements = [_with_known_sources(measurement, known) for measurement in given]
    images = _images(measurements, known, asked) if measurements else _images_of(service, replaced, known)
    title = asked.get("title") or _TITLE
    if not isinstance(title, str) or len(title) > _LONGEST or "\\" in title or not title.isprintable():
        raise DicomWebError(f"`title` is a text of up to {_LONGEST} characters", status=400)
    views = views_of(asked)
    header: Json = {"SeriesDescription": title}
    if replaced:
        header["PredecessorDocumentsSequence"] = [_evidence(replaced)]
    try:
        sources = [service.archive.dataset(entry) for entry in images]
        ds = measurement_report(measurements, source=sources, header=header)
    except (ValueError, TypeError) as error:
        raise DicomWebError(str(error), status=400) from None
    states: list[Dataset] = []
    notes: list[str] = []
    if views is not None:
        states, notes = measured_states(measurements, source=sources, views=views, title=title)
    study_uid = entries[0].study_uid
    service.keep(ds, study_uid=study_uid, within=within)
    kept = []
    for state in states:
        try:
            service.keep(state, study_uid=study_uid, within=within)
            kept.append(_place(state))
        except DicomError as error:  # the report is kept: this must not look as if it were not
            notes.append(f"a presentation state is not kept: {error.message}")
    saved = {**_place(ds), "title": title, "measurements": len(measurements), "states": kept, "notes": notes}
    return {"saved": [saved]}


def _place(ds: Dataset) -> Json:
    return {"series": str(ds.SeriesInstanceUID), "instance": str(ds.SOPInstanceUID)}


def _measurements(asked: Mapping[str, Any], *, fewest: int) -> list[Measurement]:
    """Return what was measured; none when all that is replaced was deleted."""
    given = asked.get("measurements")
    if not isinstance(given, list) or not fewest <= len(given) <= _MOST:
        raise DicomWebError(f"`measurements` is a list of 1 to {_MOST}", status=400)
    found = []
    for number, one in enumerate(given, 1):
        try:
            found.append(Measurement.from_dict(one))
        except (ValueError, TypeError, OverflowError) as error:
            raise DicomWebError(f"measurement {number}: {error}", status=400) from None
    return found


def _with_known_sources(measurement: Measurement, known: Mapping[str, Entry]) -> Measurement:
    """Leave out images of values that are no more in the study: the values are what was measured all the same."""
    values = tuple(
        replace(value, source=tuple(image for image in value.source if image.sop_instance_uid in known))
        for value in measurement.values
    )
    return replace(measurement, values=values)


def _images(measurements: Sequence[Measurement], known: Mapping[str, Entry], asked: Mapping[str, Any]) -> list[Entry]:
    """Return the images that were measured; for what is in space those of the series in ``sources``."""
    sources = (image for one in measurements for value in one.values for image in value.source)
    found = {uid: known[uid] for uid in sorted({image.sop_instance_uid for image in sources})}
    for number, measurement in enumerate(measurements, 1):
        if measurement.image is None:
            continue
        uid = measurement.image.sop_instance_uid
        if uid not in known:
            raise DicomWebError(f"measurement {number}: it is on an image that is not in the study", status=400)
        found[uid] = known[uid]
    series = set(_uids(asked, "sources"))
    own = {uid: entry for uid, entry in known.items() if entry.series_uid in series}
    if not own and not any(measurement.image for measurement in measurements):
        raise DicomWebError(
            "measurements in space need `sources`: the UIDs of series that they were made on", status=400
        )
    return list((found | own).values())


def _images_of(service: Service, reports: Sequence[Entry], known: Mapping[str, Entry]) -> list[Entry]:
    """Return the images that reports are about."""
    found: dict[str, Entry] = {}
    for report in reports:
        for uid in _instances_in(service.archive.dataset(report), "CurrentRequestedProcedureEvidenceSequence"):
            if uid in known:
                found[uid] = known[uid]
    if not found:
        raise DicomWebError("the images of the reports that are replaced are not in the study", status=400)
    return list(found.values())


def _uids(asked: Mapping[str, Any], name: str) -> list[str]:
    given = asked.get(name, [])
    if not isinstance(given, list) or len(given) > _MOST or not all(isinstance(uid, str) for uid in given):
        raise DicomWebError(f"`{name}` is a list of up to {_MOST} UIDs", status=400)
    return given


def _evidence(entries: Sequence[Entry]) -> Dataset:
    """Return the item that points to reports of one study.

    DICOM
    -----
    PS3.3 C.17.2.1
    """
    by_series: dict[str, list[Dataset]] = {}
    for entry in entries:
        item = Dataset({"ReferencedSOPClassUID": entry.sop_class_uid, "ReferencedSOPInstanceUID": entry.instance_uid})
        by_series.setdefault(entry.series_uid, []).append(item)
    study = Dataset({"StudyInstanceUID": entries[0].study_uid})
    study.ReferencedSeriesSequence = [
        Dataset({"SeriesInstanceUID": uid, "ReferencedSOPSequence": members}) for uid, members in by_series.items()
    ]
    return study
