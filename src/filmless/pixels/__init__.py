"""The one pixel path: stored bytes, frame, samples, colour, modality, window, 8-bit picture.

Each step is a function that can be asked for alone; PS3.3 C.7.6.3 and C.11, PS3.5 8 and Annex A.
"""

from filmless.pixels.decoding import decode, decode_as_stored, frames
from filmless.pixels.description import PixelDescription
from filmless.pixels.grey import to_modality, to_voi
from filmless.pixels.rendering import render, thumbnail

__all__ = ["PixelDescription", "decode", "decode_as_stored", "frames", "render", "thumbnail", "to_modality", "to_voi"]
