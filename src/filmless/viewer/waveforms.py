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
from filmless.pixels.attributes import items, numbers, text
from filmless.viewer.answers import describe_instance

__all__ = ["annotations_of", "routes"]

_PATH: Final = "/studies/{study}/series/{series}/instances/{instance}/waveforms"
_VERSION: Final = 1


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def describe(request: Request) -> Response:
        return describe_instance(service, request, "waveforms", _VERSION, _described)

    def give(request: Request) -> Response:
        entry, number = service.find(request)[0], request.path_params["frame"]
        etag = etag_of([entry], _VERSION, "waveform", number)
        if (same := unchanged(request, etag, entry.received)) is not None:
            return same
        ds = service.archive.dataset(entry)
        if not 1 <= number <= len(items(ds, "WaveformSequence")):
            raise DicomWebError("the instance has no such group of channels", status=404)
        # A channel after the other: a page draws them one by one.
        samples = np.ascontiguousarray(waveform(ds, number - 1).samples.T, dtype="<f4")
        return Response(
            samples.tobytes(), media_type="application/octet-stream", headers=validators(etag, entry.received)
        )

    async def waveforms(request: Request) -> Response:
        return await service.draw(describe, request)

    async def samples(request: Request) -> Response:
        return await service.draw(give, request)

    return [
        Route(_PATH, waveforms, methods=["GET"]),
        Route(f"{_PATH}/{{frame:int}}", samples, methods=["GET"]),
    ]


def _described(ds: Dataset) -> dict[str, Any]:
    groups = [_group(ds, number) for number in range(len(items(ds, "WaveformSequence")))]
    return {"groups": groups, "annotations": annotations_of(ds)}


def _group(ds: Dataset, number: int) -> dict[str, Any]:
    found = waveform(ds, number)
    return {
        "label": found.label,
        "samplingFrequencyHz": found.sampling_frequency_hz,
        "samples": len(found.samples),
        "channels": [{"label": channel.label, "unit": channel.unit} for channel in found.channels],
    }


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
