"""Small pictures that stand for a study, a series, an instance or a frame; of what has no pixels, one that says so."""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from filmless.archive import Entry
from filmless.convert.out.png import encode_png
from filmless.dicomweb.origin.rendering_parameters import Rendering, Viewport
from filmless.pixels.drawing import font
from filmless.values import UID

__all__ = ["MEDIA_TYPES", "SIDE", "placeholder", "representative", "thumbnail_size"]

SIDE: Final = 256
"""Pixels of the longer side of a thumbnail, unless a viewport is asked for."""

MEDIA_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")

_STATES = "1.2.840.10008.5.1.4.1.1.11."
_NOT_FOR_PEOPLE = ("1.2.840.10008.5.1.4.1.1.66.", "1.2.840.10008.5.1.4.1.1.30")  # segmentations, parametric maps
_GROUND, _EDGE, _INK = 32, 96, 208
_LEAST_LETTERS, _MOST_LETTERS = 4, 64  # pixels
_LINE, _LINES = 20, 6


def representative(entries: Sequence[Entry]) -> Entry:
    """Return the instance that stands for all: the middle one of the images, else the first.

    Parameters
    ----------
    entries
        At least one.
    """
    images = [entry for entry in entries if entry.frames]
    plain = [entry for entry in images if not entry.sop_class_uid.startswith(_NOT_FOR_PEOPLE)]
    chosen = plain or images
    if chosen:
        return chosen[len(chosen) // 2]
    return next((entry for entry in entries if not entry.sop_class_uid.startswith(_STATES)), entries[0])


def thumbnail_size(rendering: Rendering, rows: int, columns: int) -> Rendering:
    """Return how a thumbnail is rendered: as asked for, else at most `SIDE` on its longer side, never enlarged."""
    if rendering.viewport is not None:
        return rendering
    side = max(1, min(SIDE, max(rows, columns)))
    return replace(rendering, viewport=Viewport(side, side))


def placeholder(sop_class_uid: str, media_type: str, rendering: Rendering, *, why: str = "") -> bytes:
    """Draw a picture that says what an instance is.

    Parameters
    ----------
    sop_class_uid
        What it is.
    media_type
        One of `MEDIA_TYPES`.
    rendering
        Its viewport is the size; without one it is a square of `SIDE`.
    why
        A word on why there is no other picture.

    DICOM
    -----
    PS3.18 10.4.1.1.4
    """
    from PIL import Image, ImageDraw

    width, height = rendering.viewport[:2] if rendering.viewport is not None else (SIDE, SIDE)
    image = Image.new("L", (width, height), _GROUND)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, width - 1, height - 1), outline=_EDGE)
    letters = min(width, height) // 14
    if letters >= _LEAST_LETTERS:
        lines = textwrap.wrap(UID(sop_class_uid).name.removesuffix(" Storage"), _LINE)[:_LINES] + ([why] if why else [])
        pen.multiline_text(
            (width / 2, height / 2),
            "\n".join(lines),
            fill=_INK,
            font=font(min(letters, _MOST_LETTERS)),
            anchor="mm",
            align="center",
            spacing=6,
        )
    if media_type == "image/png":
        return encode_png(np.asarray(image))
    stream = io.BytesIO()
    options: dict[str, Any] = {"quality": rendering.quality or 90} if media_type == "image/jpeg" else {}
    image.save(stream, media_type.partition("/")[2].upper(), **options)
    return stream.getvalue()
