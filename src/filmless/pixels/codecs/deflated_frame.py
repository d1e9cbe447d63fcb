"""Deflated Image Frame Compression: each frame is uncompressed, then deflated."""

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes, native
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame"]

ENCODES = {"DeflatedImageFrameCompression": Encodes((1, 64))}

_RAW = -15
_MOST_PER_BYTE = 1032  # of what deflate can say in a byte (RFC 1951: 258 bytes in two bits)


def decode_frame(
    data: bytes | memoryview, description: PixelDescription, frame: int, out: NDArray[Any] | None = None
) -> Decoded:
    """Inflate one frame; never more of it than the frame's own size.

    Raises
    ------
    CodecError
        The stream is damaged, ends early, or holds more or less than a frame.

    DICOM
    -----
    PS3.5 8.2.16, A.4.13
    """
    expected = (description.frame_bits + 7) // 8
    if expected > _MOST_PER_BYTE * len(data):
        raise CodecError(f"deflated frame of {len(data)} bytes is too short for its size", frame=frame)
    return native.decode_frame(_inflated(data, expected, frame), description, frame, out)


def _inflated(data: bytes | memoryview, expected: int, frame: int) -> bytes | memoryview:
    """Inflate by libdeflate, which is fast on whole streams of a known size; what it refuses zlib explains."""
    import imagecodecs

    size = expected + expected % 2
    try:
        # Into an array that may be written to, so that samples need no copy.
        inflated = memoryview(imagecodecs.deflate_decode(bytes(data), raw=True, out=np.empty(size, np.uint8).data))
    except (RuntimeError, ValueError):
        return _inflated_by_zlib(data, expected, frame)
    return inflated if len(inflated) >= expected else _inflated_by_zlib(data, expected, frame)


def _inflated_by_zlib(data: bytes | memoryview, expected: int, frame: int) -> bytes:
    inflater = zlib.decompressobj(_RAW)
    try:
        inflated = inflater.decompress(data, expected + 2)
    except zlib.error as error:
        raise CodecError("deflated frame is damaged", frame=frame) from error
    if not inflater.eof and not inflater.unconsumed_tail:
        raise CodecError(f"deflated frame ends early: {len(inflated)} bytes, expected {expected}", frame=frame)
    if not expected <= len(inflated) <= expected + expected % 2:
        raise CodecError(f"deflated frame holds {len(inflated)} bytes or more, expected {expected}", frame=frame)
    return inflated


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Deflate one frame.

    DICOM
    -----
    PS3.5 8.2.16, A.4.13
    """
    options.only("a deflated frame")
    plain = native.encode_frame(samples, description, frame, options)
    deflater = zlib.compressobj(wbits=_RAW)
    return Encoded(deflater.compress(plain.data) + deflater.flush(), plain.photometric_interpretation)
