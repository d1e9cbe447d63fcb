"""Images as presentation states show them, where no window is like that: by tables, palettes and overlays."""

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
from filmless.errors import DicomWebError, UnsupportedError
from filmless.pixels import render
from filmless.pixels.presentation_state import PresentationState
from filmless.viewer.chosen import image_asked

__all__ = ["presented", "routes"]

_PATH: Final = "/studies/{study}/series/{series}/instances/{instance}/presented"
_VERSION: Final = 1
#: What the browser does itself: it shows part of the image, turned, and draws on it.
_BY_BROWSER: Final = (
    "DisplayedAreaSelectionSequence",
    "ImageRotation",
    "ImageHorizontalFlip",
    "GraphicAnnotationSequence",
)


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def answer(request: Request) -> Response:
        entry = service.find(request)[0]
        image, frame = image_asked(service, request, entry)
        etag = etag_of([entry, image], _VERSION, "presented", frame)
        if (same := unchanged(request, etag, max(entry.received, image.received))) is not None:
            return same
        picture = presented(service.archive.dataset(entry), service.archive.dataset(image), frame)
        headers = validators(etag, max(entry.received, image.received))
        return Response(_png(picture), media_type="image/png", headers=headers)

    async def picture(request: Request) -> Response:
        return await service.draw(answer, request)

    return [Route(_PATH, picture, methods=["GET"])]


def presented(state: Dataset, image: Dataset, frame: int) -> NDArray[np.uint8]:
    """Draw all of a frame with the greys or colours of a presentation state, its overlays and shutter.

    Parameters
    ----------
    state
        The presentation state.
    image
        What it is applied to.
    frame
        Which frame, from 0.

    Returns
    -------
    NDArray
        Shape (rows, columns) or (rows, columns, 3), uint8: neither turned nor cut, without annotations.

    Raises
    ------
    DicomWebError
        404: it is no presentation state, or none of this image.

    DICOM
    -----
    PS3.4 N.2.1, N.2.3
    """
    whole = state.copy()
    for keyword in _BY_BROWSER:
        whole.pop(keyword, None)
    try:
        found = PresentationState.of(whole)
    except (UnsupportedError, ValueError):
        raise DicomWebError("this is no presentation state that can be applied", status=404) from None
    if not found.applies_to(image, frame):
        raise DicomWebError("the presentation state is for other images", status=404)
    return render(image, frame, presentation_state=found)


def _png(picture: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG", compress_level=1)
    return stream.getvalue()
