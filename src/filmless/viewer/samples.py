"""Frames that the server decodes: what a browser's codecs lack, or get wrong."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Entry
from filmless.dicomweb.origin.ranges import etag_of, unchanged, validators
from filmless.dicomweb.origin.service import Service
from filmless.pixels import PixelDescription, frames, render, to_modality
from filmless.pixels.attributes import numbers
from filmless.viewer.answers import frame_asked_for
from filmless.viewer.images import is_colour, is_drawn

__all__ = ["routes", "samples_of"]

_PATH: Final = "/studies/{study}/series/{series}/instances/{instance}/frames/{frame}/samples"
_LARGEST: Final = float(np.finfo(np.float32).max)
_VERSION: Final = 2


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def answer(request: Request) -> Response:
        entry, number = frame_asked_for(service, request)
        etag = etag_of([entry], _VERSION, "samples", number)
        if (same := unchanged(request, etag, entry.received)) is not None:
            return same
        array = samples_of(service.archive, entry, number - 1)
        headers = {**validators(etag, entry.received), "Filmless-Samples": array.dtype.name}
        return Response(array.tobytes(), media_type="application/octet-stream", headers=headers)

    async def samples(request: Request) -> Response:
        return await service.draw(answer, request)

    return [Route(_PATH, samples, methods=["GET"])]


def samples_of(archive: Archive, entry: Entry, frame: int) -> NDArray[np.generic]:
    """Decode a frame as far as a viewer needs it.

    Parameters
    ----------
    archive
        Where it is.
    entry
        An image.
    frame
        Which frame, from 0.

    Returns
    -------
    NDArray
        Colours as RGB, shape (rows, columns, 3), uint8; grey as values of the modality, or as dose, shape (rows,
        columns), uint8, int16, uint16 or float32, little endian; greys as uint8 where a VOI LUT or a Presentation LUT
        makes them.

    Raises
    ------
    DicomError
        The frame cannot be decoded.

    DICOM
    -----
    PS3.3 C.7.6.3, C.8.8.3, C.11.1
    """
    ds = archive.dataset(entry)
    if is_colour(ds, PixelDescription.of(ds)):
        picture = render(ds, frame, overlays=False)
        return picture if picture.ndim == 3 else np.repeat(picture[:, :, np.newaxis], 3, axis=2)
    if is_drawn(ds):
        return render(ds, frame, overlays=False)
    values = to_modality(ds, frames(ds, as_rgb=False)[frame], frame=frame)
    if (scaling := numbers(ds, "DoseGridScaling")).size:
        values = values * scaling[0]
    return _compact(values)


def _compact(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the same values in the smallest of the types that a browser draws."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        values = np.nan_to_num(values)
    for kind in ("u1", "<i2", "<u2"):
        with np.errstate(invalid="ignore"):  # what does not fit is seen by what becomes of it
            narrow = values.astype(kind)
        if np.array_equal(narrow, values):
            return narrow
    return np.clip(values.astype(np.float64), -_LARGEST, _LARGEST).astype("<f4")
