"""RLE Lossless, in the core."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Finding
from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes, native
from filmless.pixels.codecs.code_stream import encodable, used_bits
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame"]

ENCODES = {"RLELossless": Encodes((1, 32))}


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
    data = bytes(data)
    if description.bits_allocated == 1:
        return _single_bits(data, description, frame)
    if out is None:
        _check_size(data, description.decoded_bytes, frame)
        out = np.empty(description.frame_shape, description.dtype)
    findings = _decode(data, description.samples, description.dtype.itemsize, out, frame)
    if sys.byteorder == "big":
        out.byteswap(inplace=True)
    return Decoded(used_bits(out, description), description.photometric_interpretation, findings)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame, row by row.

    Raises
    ------
    CodecError
        Samples are single bits, which have to be in bytes of their own for RLE, or there are more than 15 bytes to a
        pixel.

    DICOM
    -----
    PS3.5 8.2.2, G
    """
    options.only("RLE")
    if description.bits_allocated == 1:
        raise CodecError("RLE cannot hold single bits, expected Bits Allocated of 8 or more", frame=frame)
    samples = encodable(samples, description)
    little = samples.astype(samples.dtype.newbyteorder("<"), copy=False)
    try:
        data = _core.rle_encode(
            little.view(np.uint8).reshape(-1), description.samples, little.dtype.itemsize, description.columns
        )
    except ValueError as error:
        raise CodecError(f"RLE cannot hold the frame: {error}", frame=frame) from error
    return Encoded(data, description.photometric_interpretation)


def _check_size(data: bytes, decoded: int, frame: int) -> None:
    if decoded // 64 > len(data):  # a run of two bytes gives 128
        raise CodecError(f"RLE frame of {len(data)} bytes is too short for its size", frame=frame)


def _decode(data: bytes, samples: int, sample_bytes: int, out: NDArray[Any], frame: int) -> tuple[Finding, ...]:
    _check_size(data, out.nbytes, frame)
    try:
        longer = _core.rle_decode(data, samples, sample_bytes, out.view(np.uint8).reshape(-1))
    except ValueError as error:
        raise CodecError(f"RLE frame {error}", frame=frame) from error
    if not longer:
        return ()
    return (Finding("rle-segment", 0x7FE0_0010, 0, "RLE segment holds more than its pixels"),)


def _single_bits(data: bytes, description: PixelDescription, frame: int) -> Decoded:
    """Undo what some writers do to single bits: packed, as when native, and their bytes as one segment."""
    size = (description.frame_bits + 7) // 8
    _check_size(data, size, frame)
    packed = np.empty(size, np.uint8)
    findings = _decode(data, 1, 1, packed, frame)
    message = "RLE frame has single bits packed in bytes, expected Bits Allocated of 8 or more"
    finding = Finding("rle-single-bits", 0x0028_0100, 0, message)
    decoded = native.decode_frame(packed.data, replace(description, big_endian=False), frame)
    return decoded._replace(findings=(*findings, finding))
