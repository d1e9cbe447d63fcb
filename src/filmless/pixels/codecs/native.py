"""Uncompressed samples: 1, 8, 16, 32 and 64 bits, by pixel and by plane, horizontally subsampled colour."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.errors import GeometryError, PixelError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.codecs.code_stream import encodable, used_bits
from filmless.pixels.description import SUBSAMPLED, PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame"]

ENCODES = {
    "ImplicitVRLittleEndian": Encodes((1, 64)),
    "ExplicitVRLittleEndian": Encodes((1, 64)),
    "EncapsulatedUncompressedExplicitVRLittleEndian": Encodes((1, 64)),
    "DeflatedExplicitVRLittleEndian": Encodes((1, 64)),
    "ExplicitVRBigEndian": Encodes((1, 64)),  # whose bytes are turned around when they are written
}


def decode_frame(
    data: bytes | memoryview,
    description: PixelDescription,
    frame: int,
    out: NDArray[Any] | None = None,  # noqa: ARG001
    *,
    first_bit: int = 0,
) -> Decoded:
    """Decode one frame of uncompressed pixel data.

    Parameters
    ----------
    data
        The bytes that hold the frame.
    description
        How the samples are stored.
    frame
        Its number, for errors.
    out
        Not used: the samples are a view of ``data`` where that is possible.
    first_bit
        Where in the first byte the frame begins: frames of single bits share bytes.

    Returns
    -------
    Decoded
        The samples.

    Raises
    ------
    PixelError
        The bytes end before the frame does; `GeometryError` when samples that share bytes are subsampled.

    DICOM
    -----
    PS3.5 8.1.1, 8.2, A.4.11, D; PS3.3 C.7.6.3.1.2
    """
    photometric = description.photometric_interpretation
    needed = (first_bit + description.frame_bits + 7) // 8
    if needed > len(data):
        message = f"pixel data of the frame has {len(data)} bytes, expected {needed}"
        raise PixelError(message, tag=0x7FE0_0010, frame=frame)
    if description.bits_allocated % 8 and photometric in SUBSAMPLED:
        message = f"BitsAllocated is {description.bits_allocated}, expected a multiple of 8 of subsampled colours"
        raise GeometryError(message, tag=0x0028_0100, frame=frame)
    if description.bits_allocated == 1:
        return Decoded(_unpack_bits(data, description, first_bit), photometric)
    if description.bits_allocated % 8:
        return Decoded(_unpack(data, description, first_bit), photometric)
    samples = np.frombuffer(memoryview(data)[:needed], dtype=_dtype(description))
    samples = used_bits(samples.astype(description.dtype, copy=False), description)
    if photometric in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        return Decoded(_upsample_422(samples, description), photometric.replace("_422", ""))
    if photometric == "YBR_PARTIAL_420":
        return Decoded(_upsample_420(samples, description), "YBR_PARTIAL")
    if description.by_plane:
        planes = samples.reshape(description.samples, description.rows, description.columns)
        return Decoded(planes.transpose(1, 2, 0), photometric)
    return Decoded(samples.reshape(description.frame_shape), photometric)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Give the bytes of one frame: little endian, by pixel, single bits packed.

    DICOM
    -----
    PS3.5 8.1.1, A.4.11
    """
    del frame
    options.only("uncompressed")
    samples = encodable(samples, description)
    if description.bits_allocated == 1:
        data = np.packbits(samples.astype(bool).reshape(-1), bitorder="little").tobytes()
    else:
        data = samples.astype(description.dtype.newbyteorder("<"), copy=False).tobytes()
    return Encoded(data, description.photometric_interpretation)


def _dtype(description: PixelDescription) -> np.dtype[Any]:
    return description.dtype.newbyteorder(">" if description.big_endian else "<")


def _unpack_bits(data: bytes | memoryview, description: PixelDescription, first_bit: int) -> NDArray[Any]:
    """Bits are packed from the least significant one."""
    bits = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
    return bits[first_bit : first_bit + description.frame_bits].reshape(description.frame_shape)


def _unpack(data: bytes | memoryview, description: PixelDescription, first_bit: int) -> NDArray[Any]:
    """Take samples of 2 to 15 bits apart: they share bytes, each from its least significant bit on (PS3.5 8.1.1)."""
    out = np.empty(description.frame_bits // description.bits_allocated, description.dtype)
    _core.unpack_bits(bytes(data), first_bit, description.bits_allocated, out)
    out = used_bits(out, description)
    if description.by_plane:
        planes = out.reshape(description.samples, description.rows, description.columns)
        return planes.transpose(1, 2, 0)
    return out.reshape(description.frame_shape)


def _upsample_420(samples: NDArray[Any], description: PixelDescription) -> NDArray[Any]:
    """Four luminances in a square share the chrominances that follow: Y Y, Y Y, Cb, Cr (PS3.3 C.7.6.3.1.2)."""
    rows, columns = description.rows, description.columns
    squares = samples.reshape((rows + 1) // 2, (columns + 1) // 2, 6)
    out = np.empty((squares.shape[0], 2, squares.shape[1], 2, 3), dtype=samples.dtype)
    out[..., 0] = squares[..., :4].reshape(*squares.shape[:2], 2, 2).transpose(0, 2, 1, 3)
    out[..., 1] = squares[:, None, :, None, 4]
    out[..., 2] = squares[:, None, :, None, 5]
    return out.reshape(squares.shape[0] * 2, squares.shape[1] * 2, 3)[:rows, :columns]


def _upsample_422(samples: NDArray[Any], description: PixelDescription) -> NDArray[Any]:
    """Two luminances share the pair of chrominances that follows them: Y Y Cb Cr."""
    pairs = samples.reshape(description.rows, -1, 4)
    out = np.empty((description.rows, pairs.shape[1] * 2, 3), dtype=samples.dtype)
    out[..., 0] = pairs[..., :2].reshape(description.rows, -1)
    out[..., 1] = pairs[..., 2].repeat(2, axis=1)
    out[..., 2] = pairs[..., 3].repeat(2, axis=1)
    return out[:, : description.columns]
