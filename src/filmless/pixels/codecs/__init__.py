"""Codecs by transfer syntax, one file per family: from a frame's bytes to its samples."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

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


_NATIVE = Codec(native.decode_frame, encapsulated=False)

_CODECS = {
    "1.2.840.10008.1.2": _NATIVE,
    "1.2.840.10008.1.2.1": _NATIVE,
    "1.2.840.10008.1.2.1.99": _NATIVE,
    "1.2.840.10008.1.2.2": _NATIVE,
    "1.2.840.10008.1.2.4.50": Codec(jpeg.decode_frame, encapsulated=True),
}


def codec_of(transfer_syntax: str) -> Codec:
    """Return the codec of a transfer syntax.

    Raises
    ------
    UnsupportedError
        There is none yet.
    """
    try:
        return _CODECS[transfer_syntax]
    except KeyError:
        message = f"pixel data of transfer syntax {transfer_syntax} cannot be decoded yet"
        raise UnsupportedError(message, uid=transfer_syntax) from None
