"""The one pixel path: stored bytes, frame, samples, colour, modality, window, presentation, 8-bit picture.

Each step is a function that can be asked for alone; PS3.3 C.7.6.3, C.7.6.16, C.9 to C.11, PS3.5 8 and A.
"""

from importlib import import_module
from typing import Any

from filmless.pixels.authoring import set_pixels
from filmless.pixels.colour import to_rgb
from filmless.pixels.decoding import decode, frames
from filmless.pixels.description import PixelDescription
from filmless.pixels.grey import to_modality, to_presentation, to_voi
from filmless.pixels.multi_frame import functional_groups
from filmless.pixels.overlays import Overlay
from filmless.pixels.rendering import render
from filmless.pixels.transcoding import transcode

__all__ = [
    "Overlay",
    "PixelDescription",
    "decode",
    "frames",
    "functional_groups",
    "render",
    "set_pixels",
    "to_modality",
    "to_presentation",
    "to_rgb",
    "to_voi",
    "transcode",
]


def __getattr__(name: str) -> Any:
    # Modules whose names users need now and then, imported when they are first named.
    if name in {"presentation_state", "real_world", "tiles"}:
        return import_module(f"filmless.pixels.{name}")
    message = f"module 'filmless.pixels' has no attribute {name!r}"
    raise AttributeError(message)
