"""Codecs by transfer syntax, one file per family: from a frame's bytes to its samples."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from filmless import _core
from filmless.errors import UnsupportedError
from filmless.pixels.codecs import jpeg, native
from filmless.pixels.description import PixelDescription

__all__ = ["Codec", "DecodeFrame", "codec_of"]

DecodeFrame = Callable[[bytes | memoryview, PixelDescription, int], tuple[NDArray[Any], str]]
"""From bytes, description and frame number to samples and the photometric interpretation that they are in."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How the frames of a transfer syntax are stored and decoded."""

    decode_frame: DecodeFrame
    encapsulated: bool


_DECODERS: dict[str, DecodeFrame] = {  # by family, as the registry of transfer syntaxes names them
    "native": native.decode_frame,
    "jpeg": jpeg.decode_frame,
}


def codec_of(transfer_syntax: str) -> Codec:
    """Return the codec of a transfer syntax.

    Raises
    ------
    UnsupportedError
        There is none yet.
    """
    row = _core.transfer_syntax(transfer_syntax)
    decoder = None if row is None else _DECODERS.get(row["codec"])
    # Of the lossy JPEG processes only Baseline is decoded yet: the others allow 12 bits.
    if row is None or decoder is None or (row["codec"] == "jpeg" and row["bits"] != (8, 8)):
        message = f"pixel data of transfer syntax {transfer_syntax} cannot be decoded yet"
        raise UnsupportedError(message, uid=transfer_syntax)
    return Codec(decoder, row["encapsulated"])
