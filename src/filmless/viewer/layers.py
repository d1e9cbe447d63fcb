"""What lies over an image: masks of segments, contours of structures, values of a dose or a parametric map."""

import threading
from collections import OrderedDict
from typing import Any, Final, TypeAlias

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Entry
from filmless.dataset import Dataset
from filmless.dicomweb.origin.gzipped import gzip, takes_gzip
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError, GeometryError
from filmless.objects import ContourIndex, SegmentationIndex
from filmless.objects.contours import contours_on
from filmless.objects.segment_masks import segment_masks
from filmless.series import geometry_of
from filmless.viewer.answers import json_answer
from filmless.viewer.fields import Field
from filmless.viewer.kinds import kind_of

__all__ = ["Opened", "routes"]

_PATH: Final = "/studies/{study}/series/{series}/instances/{instance}/layer"
_KEPT: Final = 4  # that are open at a time: who scrolls asks for the same one again and again
_KEPT_VALUES: Final = 1 << 27  # of doses and maps together: half a gigabyte

Layer: TypeAlias = SegmentationIndex | ContourIndex | Field


class Opened:
    """The derived objects that were asked for last, opened: to read their functional groups or contours takes long.

    Parameters
    ----------
    archive
        Where they are.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Layer] = OrderedDict()

    def open(self, entry: Entry) -> Layer:
        """Return what is opened of an instance.

        Raises
        ------
        DicomWebError
            404: nothing of it lies over images.
        """
        key = (entry.instance_uid, entry.sha256)
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return found
        made = _open(self._archive, entry)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > 1 and (len(self._kept) > _KEPT or self._values() > _KEPT_VALUES):
                self._kept.popitem(last=False)
        return made

    def _values(self) -> int:
        return sum(one.values.size for one in self._kept.values() if isinstance(one, Field))


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""
    opened = Opened(service.archive)

    def answer(request: Request) -> Response:
        entry = service.find(request)[0]
        image, frame = _image(service, request, entry)
        layer, ds = opened.open(entry), service.archive.dataset(image)
        if isinstance(layer, SegmentationIndex):
            masks = segment_masks(layer, ds, frame)
            planes = [np.rint(np.asarray(mask, dtype=np.float32) * 255).astype(np.uint8) for mask in masks.values()]
            return _numbers(request, planes, {"Filmless-Parts": ",".join(map(str, masks))})
        if isinstance(layer, ContourIndex):
            parts = contours_on(layer, ds, frame).items()
            return json_answer(request, {"parts": [_contours(number, found) for number, found in parts]})
        return _field(request, layer, ds, frame)

    async def layer(request: Request) -> Response:
        return await service.draw(answer, request)

    return [Route(_PATH, layer, methods=["GET"])]


def _open(archive: Archive, entry: Entry) -> Layer:
    kind = kind_of(entry.sop_class_uid, frames=entry.frames, transfer_syntax_uid=entry.transfer_syntax_uid)
    ds = archive.dataset(entry)
    if kind == "segmentation":
        return SegmentationIndex(ds)
    if kind == "contours":
        return ContourIndex(ds)
    if kind in {"dose", "parametric-map"}:
        return Field.of(ds)
    raise DicomWebError("nothing of this instance lies over images", status=404)


def _image(service: Service, request: Request, entry: Entry) -> tuple[Entry, int]:
    """Return the image that a layer is asked for, which is in the same study, and its frame from 0."""
    query = request.query_params
    series, instance, frame = (query.get(name, "") for name in ("series", "image", "frame"))
    within = service.within(request, "read")
    found = service.archive.entries(entry.study_uid, series, instance, within=within) if series and instance else []
    if not found:
        raise DicomWebError("`series` and `image` name no image of the study", status=404)
    if not (frame.isascii() and frame.isdigit() and len(frame) < 10 and 1 <= int(frame) <= found[0].frames):
        raise DicomWebError(f"`frame` is a number from 1 to {found[0].frames}", status=400)
    return found[0], int(frame) - 1


def _contours(number: int, contours: Any) -> dict[str, Any]:
    # 0 is the upper left corner of the first pixel, not its middle, as in presentation states.
    return {
        "number": number,
        "contours": [{"kind": kind, "points": np.round(points + 0.5, 2).ravel().tolist()} for kind, points in contours],
    }


def _field(request: Request, field: Field, image: Dataset, frame: int) -> Response:
    try:
        values = field.on(geometry_of(image), frame)
    except GeometryError:
        values = None
    least, most = field.range
    headers = {"Filmless-Unit": field.unit.encode("ascii", "replace").decode(), "Filmless-Range": f"{least:g},{most:g}"}
    return _numbers(request, [] if values is None else [values.astype("<f4")], headers)


def _numbers(request: Request, planes: list[Any], headers: dict[str, str]) -> Response:
    body = b"".join(plane.tobytes() for plane in planes)
    said = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding", **headers}
    if body and takes_gzip(request):
        body, said["Content-Encoding"] = b"".join(gzip(iter([body]))), "gzip"
    return Response(body, media_type="application/octet-stream", headers=said)
