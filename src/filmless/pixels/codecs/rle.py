"""RLE Lossless, in the core."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Finding
from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame"]

ENCODES = {"RLELossless": Encodes((2, 32))}


def decode_frame(
    data: bytes | memoryview, description: PixelDescription, frame: int, out: NDArray[Any] | None = None
) -> Decoded:
    """Decode one frame of RLE.

    Raises
    ------
    CodecError
        A segment is not where the header says, or ends early.

    DICOM
    -----
    PS3.5 G
    """
    if description.bits_allocated == 1:
        raise CodecError("RLE of single bits is not allowed: Bits Allocated has to be 8 or more", frame=frame)
    data = bytes(data)
    if description.decoded_bytes // 64 > len(data):  # a run of two bytes gives 128
        raise CodecError(f"RLE frame of {len(data)} bytes is too short for its size", frame=frame)
    if out is None or not out.flags.c_contiguous:
        out = np.empty(description.frame_shape, description.dtype)
    try:
        longer = _core.rle_decode(data, description.samples, description.dtype.itemsize, out.view(np.uint8).reshape(-1))
    except ValueError as error:
        raise CodecError(f"RLE frame {error}", frame=frame) from error
    if sys.byteorder == "big":
        out.byteswap(inplace=True)
    findings: tuple[Finding, ...] = ()
    if longer:
        findings = (Finding("rle-segment", 0x7FE0_0010, 0, "RLE segment holds more than its pixels"),)
    return Decoded(out, description.photometric_interpretation, findings)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame, row by row.

    DICOM
    -----
    PS3.5 G
    """
    del options  # nothing may be lost
    little = np.ascontiguousarray(samples, dtype=samples.dtype.newbyteorder("<"))
    try:
        data = _core.rle_encode(
            little.view(np.uint8).reshape(-1), description.samples, little.dtype.itemsize, description.columns
        )
    except ValueError as error:
        raise CodecError(f"RLE cannot hold the frame: {error}", frame=frame) from error
    return Encoded(data, description.photometric_interpretation)
