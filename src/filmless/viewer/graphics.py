"""What a file draws on its images: overlays and shutters, as a picture that the browser lays on them."""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.dataset import Dataset
from filmless.dicomweb.origin.ranges import etag_of, unchanged, validators
from filmless.dicomweb.origin.service import Service
from filmless.pixels import PixelDescription
from filmless.pixels.attributes import text
from filmless.pixels.overlays import GROUPS, overlays_of
from filmless.pixels.shutters import shutter_of
from filmless.viewer.answers import frame_asked_for

__all__ = ["graphics_of", "has_graphics", "routes"]

_PATH: Final = "/studies/{study}/series/{series}/instances/{instance}/frames/{frame}/graphics"
_VERSION: Final = 1
_OVERLAYS: Final = tuple(group << 16 | element for group in GROUPS for element in (0x0010, 0x3000))


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def answer(request: Request) -> Response:
        entry, number = frame_asked_for(service, request)
        etag = etag_of([entry], _VERSION, "graphics", number)
        if (same := unchanged(request, etag, entry.received)) is not None:
            return same
        picture = graphics_of(service.archive.dataset(entry), number - 1)
        return Response(_png(picture), media_type="image/png", headers=validators(etag, entry.received))

    async def graphics(request: Request) -> Response:
        return await service.draw(answer, request)

    return [Route(_PATH, graphics, methods=["GET"])]


def has_graphics(ds: Dataset) -> bool:
    """Whether an image has overlays or a shutter; true also where only its pixels can tell."""
    if "SharedFunctionalGroupsSequence" in ds and text(ds, "Modality") in ("XA", "RF"):
        return True
    return "ShutterShape" in ds or any(tag in ds for tag in _OVERLAYS)


def graphics_of(ds: Dataset, frame: int) -> NDArray[np.uint8]:
    """Draw the overlays and the shutter of a frame, over nothing.

    Parameters
    ----------
    ds
        An image.
    frame
        Which frame, from 0.

    Returns
    -------
    NDArray
        Shape (rows, columns, 2), uint8: grey, and how much of it covers the image.

    DICOM
    -----
    PS3.3 C.7.6.11, C.9.2
    """
    description = PixelDescription.of(ds)
    size = description.rows, description.columns
    shutter = shutter_of(ds, *size, frame=frame)
    grey, alpha = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    if shutter is not None:
        grey[shutter.mask], alpha[shutter.mask] = shutter.value, 255
    for overlay in overlays_of(ds, frame):
        mask = np.asarray(overlay.mask, dtype=np.bool_)
        grey[mask] = 255
        alpha[mask] = np.maximum(alpha[mask], np.uint8(round(overlay.opacity * 255)))
    return np.stack([grey, alpha], axis=-1)


def _png(picture: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture, "LA").save(stream, "PNG", compress_level=1)
    return stream.getvalue()
