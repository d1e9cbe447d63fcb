"""What lies over an image: masks of segments, contours of structures, values of a dose or a parametric map."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Entry
from filmless.dataset import Dataset
from filmless.dicomweb.origin.gzipped import gzip, takes_gzip
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomWebError, GeometryError
from filmless.objects import ContourIndex, SegmentationIndex
from filmless.objects.contour_index import ContourOn
from filmless.objects.contours import contours_on
from filmless.objects.mask_volume import MaskVolume, cut, lies_along, volume_of_segments, volumes_of_structures
from filmless.objects.segment_masks import segment_masks
from filmless.series import FrameGeometry, geometry_of
from filmless.viewer.answers import json_answer
from filmless.viewer.chosen import image_asked
from filmless.viewer.fields import Field
from filmless.viewer.kinds import kind_of
from filmless.viewer.planes import contours_along, plane_of, points_in

__all__ = ["Opened", "routes"]

_INSTANCE: Final = "/studies/{study}/series/{series}/instances/{instance}"
_KEPT: Final = 4  # that are open at a time: who scrolls asks for the same one again and again
_KEPT_BYTES: Final = 1 << 29  # of doses and maps, and of what planes are cut from, together

Layer: TypeAlias = SegmentationIndex | ContourIndex | Field


@dataclass(slots=True)
class _Kept:
    """An object that is open, and what planes are cut from, once one was asked for."""

    layer: Layer
    volumes: list[MaskVolume] | None = None
    making: threading.Lock = field(default_factory=threading.Lock)

    @property
    def nbytes(self) -> int:
        own = self.layer.values.nbytes if isinstance(self.layer, Field) else 0
        return own + sum(volume.nbytes for volume in self.volumes or ())


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
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()

    def open(self, entry: Entry) -> Layer:
        """Return what is opened of an instance.

        Raises
        ------
        DicomWebError
            404: nothing of it lies over images.
        """
        return self._open(entry).layer

    def volumes(self, entry: Entry) -> list[MaskVolume]:
        """Return what planes cut of an instance's segments or structures; nothing of quantities.

        Raises
        ------
        DicomWebError
            404: nothing of it lies over images.
        GeometryError
            Its frames are not planes of one grid.
        LimitError
            It takes too much memory.
        """
        kept = self._open(entry)
        with kept.making:  # three planes ask at once
            if kept.volumes is None:
                kept.volumes = _volumes(kept.layer)
                with self._lock:
                    self._shrink()
        return kept.volumes

    def _open(self, entry: Entry) -> _Kept:
        key = (entry.instance_uid, entry.sha256)
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return found
        made = _Kept(_open(self._archive, entry))
        with self._lock:
            made = self._kept.setdefault(key, made)
            self._shrink()
        return made

    def _shrink(self) -> None:
        while len(self._kept) > 1 and (len(self._kept) > _KEPT or self._bytes() > _KEPT_BYTES):
            self._kept.popitem(last=False)

    def _bytes(self) -> int:
        return sum(one.nbytes for one in self._kept.values())


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""
    opened = Opened(service.archive)

    def on_image(request: Request) -> Response:
        entry = service.find(request)[0]
        image, frame = image_asked(service, request, entry)
        layer, ds = opened.open(entry), service.archive.dataset(image)
        if isinstance(layer, SegmentationIndex):
            masks = segment_masks(layer, ds, frame)
            planes = {
                number: np.rint(np.asarray(mask, dtype=np.float32) * 255).astype(np.uint8)
                for number, mask in masks.items()
            }
            return _masks(request, planes)
        if isinstance(layer, ContourIndex):
            return _contours(request, contours_on(layer, ds, frame))
        return _field(request, layer, _geometry(ds), frame)

    def on_plane(request: Request) -> Response:
        entry, plane = service.find(request)[0], plane_of(request)
        layer = opened.open(entry)
        if isinstance(layer, Field):
            return _field(request, layer, plane, 0)
        volumes = opened.volumes(entry)
        if not isinstance(layer, ContourIndex):
            return _masks(request, cut(volumes, plane))
        if not volumes or lies_along(volumes, plane):
            return _contours(request, contours_along(layer, volumes, plane))
        return _masks(request, cut(volumes, plane), points_in(layer, plane))

    async def layer(request: Request) -> Response:
        return await service.draw(on_image, request)

    async def plane(request: Request) -> Response:
        return await service.draw(on_plane, request)

    return [
        Route(f"{_INSTANCE}/layer", layer, methods=["GET"]),
        Route(f"{_INSTANCE}/plane", plane, methods=["GET"]),
    ]


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


def _volumes(layer: Layer) -> list[MaskVolume]:
    if isinstance(layer, SegmentationIndex):
        return [volume_of_segments(layer)]
    return volumes_of_structures(layer) if isinstance(layer, ContourIndex) else []


def _geometry(image: Dataset) -> FrameGeometry | None:
    try:
        return geometry_of(image)
    except GeometryError:
        return None


def _contours(request: Request, parts: Mapping[int, Sequence[ContourOn]]) -> Response:
    return json_answer(request, _told(parts))


def _told(parts: Mapping[int, Sequence[ContourOn]]) -> dict[str, Any]:
    found = [{"number": number, "contours": [_contour(one) for one in contours]} for number, contours in parts.items()]
    return {"parts": found}


def _contour(one: ContourOn) -> dict[str, Any]:
    # 0 is the upper left corner of the first pixel, not its middle, as in presentation states.
    return {"kind": one.kind, "points": np.round(one.points + 0.5, 2).ravel().tolist()}


def _masks(
    request: Request, masks: Mapping[int, NDArray[np.uint8]], points: Mapping[int, Sequence[ContourOn]] | None = None
) -> Response:
    """Answer with masks, and behind them, in as many bytes as a header says, with what has no area."""
    told = dumps(_told(points)).encode() if points else b""
    headers = {"Filmless-Parts": ",".join(map(str, masks)), "Filmless-Contours": str(len(told))}
    return _numbers(request, [*(mask.tobytes() for mask in masks.values()), told], headers)


def _field(request: Request, quantity: Field, place: FrameGeometry | None, frame: int) -> Response:
    try:
        values = None if place is None else quantity.on(place, frame)
    except GeometryError:
        values = None
    least, most = quantity.range
    headers = {
        "Filmless-Unit": quantity.unit.encode("ascii", "replace").decode(),
        "Filmless-Range": f"{least:g},{most:g}",
    }
    return _numbers(request, [] if values is None else [values.astype("<f4").tobytes()], headers)


def _numbers(request: Request, pieces: list[bytes], headers: dict[str, str]) -> Response:
    body = b"".join(pieces)
    said = {"Cache-Control": "private, no-cache", "Vary": "Accept-Encoding", **headers}
    if body and takes_gzip(request):
        body, said["Content-Encoding"] = b"".join(gzip(iter([body]))), "gzip"
    return Response(body, media_type="application/octet-stream", headers=said)
