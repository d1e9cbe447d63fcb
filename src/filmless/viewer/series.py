"""What the instances of a series are, for a viewport: a description of each, made from the headers in the index."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless import _core
from filmless.archive import Archive, Entry
from filmless.dataset import Dataset
from filmless.dicomweb.origin.service import Service
from filmless.errors import DicomError
from filmless.pixels.attributes import integer, numbers, text, texts
from filmless.viewer.answers import describe
from filmless.viewer.graphics import has_graphics
from filmless.viewer.images import describe_image, frame_times
from filmless.viewer.kinds import kind_of

__all__ = ["describe_series", "routes"]

_VERSION: Final = 10
#: What lies over other images is a picture by itself, too: not all that is sent has those images with it.
_PICTURES: Final = frozenset({"image", "segmentation", "parametric-map", "dose"})


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def answer(request: Request) -> Response:
        entries = service.find(request)

        def found() -> dict[str, Any]:
            return {"uid": entries[0].series_uid, "instances": list(describe_series(service.archive, entries))}

        return describe(request, entries, _VERSION, value=found)

    async def series(request: Request) -> Response:
        return await service.call(answer, request)

    return [Route("/studies/{study}/series/{series}", series, methods=["GET"])]


def describe_series(archive: Archive, entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """Describe each instance for JSON; an image that cannot be shown says why in ``error``.

    Parameters
    ----------
    archive
        Where they are.
    entries
        Instances of one series.
    """
    for entry, header in zip(entries, archive.headers(entries), strict=True):
        kind = kind_of(entry.sop_class_uid, frames=entry.frames, transfer_syntax_uid=entry.transfer_syntax_uid)
        found: dict[str, Any] = {
            "uid": entry.instance_uid,
            "sopClass": entry.sop_class_uid,
            "transferSyntax": entry.transfer_syntax_uid,
            "kind": kind,
            "frameCount": entry.frames,
            "size": entry.size,
        }
        try:
            ds = _dataset(archive, entry, header.json())
            found["number"] = integer(ds, "InstanceNumber", absent=0)
            found["laterality"] = text(ds, "ImageLaterality") or text(ds, "Laterality")
            found["view"] = text(ds, "ViewPosition")
            found.update(_marks(ds, entry))
            if kind in _PICTURES:
                found["image"] = describe_image(ds)
            elif kind == "video" and (times := frame_times(ds, entry.frames)) is not None:
                found["frameTimesMs"] = times
        except DicomError as error:
            found["error"] = error.message
        yield found


def _marks(ds: Dataset, entry: Entry) -> dict[str, Any]:
    """Return what is written on, or drawn over, the images of an instance, where there is something."""
    found: dict[str, Any] = {}
    directions = texts(ds, "PatientOrientation")
    if len(directions) == 2 and all(directions):
        found["patientOrientation"] = list(directions)
    row = _core.transfer_syntax(entry.transfer_syntax_uid)
    if text(ds, "LossyImageCompression") == "01" or (row is not None and not row["lossless"]):
        ratios = numbers(ds, "LossyImageCompressionRatio").tolist()
        found["lossy"] = f"{ratios[-1]:.3g}" if ratios else "1"
    if has_graphics(ds):
        found["graphics"] = True
    return found


def _dataset(archive: Archive, entry: Entry, json: bytes) -> Dataset:
    """Return the header, with the file's tables in it where it has some: they are too long for the index."""
    missing: list[int] = []

    def is_missing(tag: int, _vr: str, _uri: str) -> None:
        missing.append(tag)

    ds = Dataset.from_json(json, bulk_data=is_missing)
    if any(tag >> 16 == 0x0028 for tag in missing):
        ds = archive.dataset(entry)
    if ds.file_meta is None or "TransferSyntaxUID" not in ds.file_meta:
        ds.file_meta = Dataset()
        ds.file_meta.TransferSyntaxUID = entry.transfer_syntax_uid
    return ds
