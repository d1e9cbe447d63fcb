"""A series of single images as one film: MP4, or what moves without the extra ``video``."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from filmless.archive import Archive, Entry
from filmless.convert.out.formats import format_named
from filmless.convert.out.options import Job, OutOptions
from filmless.dicomweb.origin.negotiation import Offer, choose
from filmless.dicomweb.origin.pictures import Image, media_types, mend
from filmless.dicomweb.origin.rendering_parameters import Rendering, rendering_of
from filmless.dicomweb.origin.sending import PIECE, Pieces, Sending
from filmless.dicomweb.origin.service import Service
from filmless.dicomweb.origin.subjects import Subject, open_image
from filmless.errors import DicomError, DicomWebError
from filmless.pixels.rendering import render_of
from filmless.viewer.kinds import kind_of

__all__ = ["Shot", "film_types", "routes", "shots_of"]

_SUFFIXES: Final = {"video/mp4": "mp4", "image/webp": "webp", "image/gif": "gif"}
_MOST_SHOTS: Final = 4096
_MOST_PIXELS: Final = 1 << 29  # of all of them: a thread is busy with that for about a minute
_SIDE: Final = 1024  # at the most, unless `viewport` says how large
_OPEN: Final = 2  # the first, and the one that is drawn
_MOST_FPS: Final = 120.0


class Shot(NamedTuple):
    """A frame of a film."""

    entry: Entry
    frame: int  # from 0


def film_types() -> list[str]:
    """Return the media types that films are made of here, the best first."""
    there = media_types(moving=True)
    return [name for name in _SUFFIXES if name in there]


def shots_of(entries: Sequence[Entry]) -> list[Shot]:
    """Return the frames of the images of a series, in the order in which they are shown.

    Raises
    ------
    DicomWebError
        406: there are none, or too many for one film.
    """
    images = [
        entry
        for entry in entries
        if kind_of(entry.sop_class_uid, frames=entry.frames, transfer_syntax_uid=entry.transfer_syntax_uid) == "image"
    ]
    count = sum(entry.frames for entry in images)
    if not count:
        raise DicomWebError("no film can be made: the series has no images", status=406)
    if count > _MOST_SHOTS:
        message = f"the series has {count} images, expected {_MOST_SHOTS} at the most in one film"
        raise DicomWebError(message, status=406, hint="the series can be had as a ZIP of its files")
    return [Shot(entry, frame) for entry in images for frame in range(entry.frames)]


def routes(service: Service) -> list[Route]:
    """Return the routes of this part."""

    def answer(request: Request) -> Response:
        entries = service.find(request)
        rendering, fps = rendering_of(request.query_params), _fps(request.query_params.get("fps"))
        if rendering.shows_a_part:
            raise DicomWebError("`viewport` of a film is width,height: it shows all of the images", status=400)
        media_type = choose(request, [Offer(name) for name in film_types()]).media_type
        film = _Film(service.archive, shots_of(entries), rendering)
        headers = {
            "Content-Type": media_type,
            "Content-Disposition": f'attachment; filename="series.{_SUFFIXES[media_type]}"',
            "Cache-Control": "no-store",
            "Vary": "Accept",
        }
        return Sending(film.pieces(media_type, fps, service.aside), service.draw, length=None, headers=headers)

    async def film(request: Request) -> Response:
        return await service.draw(answer, request)

    return [Route("/studies/{study}/series/{series}/film", film, methods=["GET"])]


def _fps(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        fps = float(text)
    except ValueError:
        fps = 0.0
    if not 0.1 <= fps <= _MOST_FPS:
        raise DicomWebError(f"`fps` is a number from 0.1 to {_MOST_FPS:.0f}", status=400)
    return fps


class _Film:
    """Shots that are drawn one by one, each scaled into the size of the first, around it black."""

    def __init__(self, archive: Archive, shots: Sequence[Shot], rendering: Rendering) -> None:
        self._shots, self._rendering = shots, rendering
        # Neighbours are often of one instance.
        self._image = lru_cache(_OPEN)(lambda entry: open_image(archive, Subject(entry)))
        self._first: Image = self._image(shots[0].entry)
        description, viewport = self._first.opened.description, rendering.viewport
        self._box = (_SIDE, _SIDE) if viewport is None else (viewport.height, viewport.width)
        if viewport is None and max(description.rows, description.columns) <= _SIDE:
            self._box = description.rows, description.columns  # as it is: `size` would make it larger, too
        self._shape = self._drawn(0).shape
        pixels = self._shape[0] * self._shape[1] * len(shots)
        if pixels > _MOST_PIXELS:
            message = f"the film has {pixels} pixels, expected {_MOST_PIXELS} at the most"
            raise DicomWebError(message, status=406, hint="`viewport=512,512` makes it smaller")

    def pieces(self, media_type: str, fps: float | None, aside: Callable[[], BinaryIO]) -> Pieces:
        """Make the film in a file, and give it."""
        options = OutOptions(threads=1) if fps is None else OutOptions(threads=1, fps=fps)
        if self._rendering.quality is not None and media_type != "image/gif":
            options["quality"] = self._rendering.quality
        job = Job(
            self._first.ds, range(len(self._shots)), options, opened=self._first.opened, draw=self._draw, embed=False
        )
        with aside() as file:
            with mend():
                format_named(_SUFFIXES[media_type]).write(job, file)
            file.seek(0)
            yield from iter(lambda: file.read(PIECE), b"")

    def _draw(self, number: int) -> NDArray[np.uint8]:
        try:
            picture = self._drawn(number)
        except DicomError as error:
            raise DicomWebError(f"image {number + 1} of the series: {error.message}", status=500) from error
        if picture.shape == self._shape:
            return picture
        whole = np.zeros(self._shape, np.uint8)
        rows, columns = min(picture.shape[0], self._shape[0]), min(picture.shape[1], self._shape[1])
        top, left = (self._shape[0] - rows) // 2, (self._shape[1] - columns) // 2
        whole[top : top + rows, left : left + columns] = picture[:rows, :columns]
        return whole

    def _drawn(self, number: int) -> NDArray[np.uint8]:
        entry, frame = self._shots[number]
        image = self._image(entry)
        options: dict[str, Any] = {} if self._rendering.window is None else {"voi": self._rendering.window}
        description = image.opened.description
        if (description.rows, description.columns) != self._box or self._rendering.viewport is not None:
            options["size"] = self._box
        picture = render_of(image.opened, image.ds, frame, **options)
        return picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=-1)
