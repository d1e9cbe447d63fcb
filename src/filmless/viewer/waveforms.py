"""Waveforms, such as ECGs: what their channels are as JSON, and their samples as numbers."""

from typing import Any, Final

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.dataset import Dataset
from filmless.dicomweb.origin.ranges import etag_of, unchanged, validators
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError
from filmless.file import waveform
from filmless.pixels.attributes import integer, items, numbers, text
from filmless.viewer.answers import describe_instance, number_in_path, whole_number

__all__ = ["annotations_of", "routes"]

_PATH: Final = "/studies/{study}/series/{series}/instances/{instance}/waveforms"
_VERSION: Final = 2
_MOST_VALUES: Final = 1 << 21
_ALL: Final = 1 << 40
_WHICH: Final = (("first", 0), ("count", _ALL))


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def describe(request: Request) -> Response:
        return describe_instance(service, request, "waveforms", _VERSION, _described)

    def give(request: Request) -> Response:
        entry, number = service.find(request)[0], number_in_path(request, "frame")
        first, count = (whole_number(request, name, absent=least, most=_ALL) for name, least in _WHICH)
        etag = etag_of([entry], _VERSION, "waveform", number, first, count)
        if (same := unchanged(request, etag, entry.received)) is not None:
            return same
        ds = service.archive.dataset(entry)
        groups = items(ds, "WaveformSequence")
        if not 1 <= number <= len(groups):
            raise DicomWebError("the instance has no such group of channels", status=404)
        total, part = _lengths(groups[number - 1])
        first = min(first, total)
        count = min(count, total - first)
        if count > part:
            message = f"{count} samples of each channel are asked for, {part} are sent at a time"
            raise DicomWebError(message, status=400, hint="`first` and `count` say which")
        # A channel after the other: a page draws them one by one.
        found = waveform(ds, number - 1, first=first, count=count)
        samples = np.ascontiguousarray(found.samples.T, dtype="<f4")
        return Response(
            samples.tobytes(), media_type="application/octet-stream", headers=validators(etag, entry.received)
        )

    async def waveforms(request: Request) -> Response:
        return await service.draw(describe, request)

    async def samples(request: Request) -> Response:
        return await service.draw(give, request)

    return [
        Route(_PATH, waveforms, methods=["GET"]),
        Route(f"{_PATH}/{{frame}}", samples, methods=["GET"]),
    ]


def _described(ds: Dataset) -> dict[str, Any]:
    groups = [_group(ds, number, item) for number, item in enumerate(items(ds, "WaveformSequence"))]
    return {"groups": groups, "annotations": annotations_of(ds)}


def _group(ds: Dataset, number: int, item: Dataset) -> dict[str, Any]:
    found = waveform(ds, number, count=0)
    total, part = _lengths(item)
    return {
        "label": found.label,
        "samplingFrequencyHz": found.sampling_frequency_hz,
        "samples": total,
        "part": part,
        "channels": [{"label": channel.label, "unit": channel.unit} for channel in found.channels],
    }


def _lengths(item: Dataset) -> tuple[int, int]:
    """Return how many samples each channel has, and how many of them are sent at a time: a Holter is of days."""
    total, channels = (integer(item, f"NumberOfWaveform{of}", absent=0) for of in ("Samples", "Channels"))
    return total, max(1, _MOST_VALUES // max(1, channels))


def annotations_of(ds: Dataset) -> list[dict[str, Any]]:
    """Return what is said of a waveform: texts, and measured numbers with their units.

    Parameters
    ----------
    ds
        A waveform.

    DICOM
    -----
    PS3.3 C.10.10
    """
    found = []
    for item in items(ds, "WaveformAnnotationSequence"):
        concepts = items(item, "ConceptNameCodeSequence", most=1)
        units = items(item, "MeasurementUnitsCodeSequence", most=1)
        values = numbers(item, "NumericValue").tolist()
        found.append(
            {
                "name": text(concepts[0], "CodeMeaning") if concepts else "",
                "text": text(item, "UnformattedTextValue"),
                "value": values[0] if values else None,
                "unit": text(units[0], "CodeValue") if units else "",
            }
        )
    return found
