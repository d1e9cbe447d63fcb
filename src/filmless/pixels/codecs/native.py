"""Uncompressed samples: 1, 8, 16, 32 and 64 bits, by pixel and by plane, horizontally subsampled colour."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.errors import PixelError, UnsupportedError
from filmless.pixels.codecs import Decoded
from filmless.pixels.description import PixelDescription

__all__ = ["decode_frame"]

_SUBSAMPLED = frozenset({"YBR_PARTIAL_422", "YBR_PARTIAL_420"})


def decode_frame(
    data: bytes | memoryview,
    description: PixelDescription,
    frame: int,
    out: NDArray[Any] | None = None,  # noqa: ARG001
) -> Decoded:
    """Decode one frame of native pixel data.

    Parameters
    ----------
    data
        The whole value of Pixel Data: frames of single bits share bytes.
    description
        How the samples are stored.
    frame
        Which frame, from 0.
    out
        Not used: the samples are a view of ``data`` where that is possible.

    Returns
    -------
    Decoded
        The samples.

    Raises
    ------
    PixelError
        The value ends before the frame does.

    DICOM
    -----
    PS3.5 8.1.1, 8.2, D; PS3.3 C.7.6.3.1.2
    """
    photometric = description.photometric_interpretation
    if photometric in _SUBSAMPLED:
        raise UnsupportedError(f"uncompressed {photometric} cannot be decoded yet", feature=photometric, frame=frame)
    first_bit = frame * description.frame_bits
    last_byte = (first_bit + description.frame_bits + 7) // 8
    if last_byte > len(data):
        raise PixelError(f"pixel data ends after {len(data)} of {last_byte} bytes", tag=0x7FE0_0010, frame=frame)
    if description.bits_allocated == 1:
        return Decoded(_unpack_bits(data, description, first_bit), photometric)
    samples = np.frombuffer(memoryview(data)[first_bit // 8 : last_byte], dtype=_dtype(description))
    if photometric == "YBR_FULL_422":
        return Decoded(_upsample_422(samples, description), "YBR_FULL")
    if description.by_plane:
        planes = samples.reshape(description.samples, description.rows, description.columns)
        return Decoded(planes.transpose(1, 2, 0), photometric)
    return Decoded(samples.reshape(description.frame_shape), photometric)


def _dtype(description: PixelDescription) -> np.dtype[Any]:
    order = ">" if description.big_endian else "<"
    return np.dtype(f"{order}{'i' if description.signed else 'u'}{description.bits_allocated // 8}")


def _unpack_bits(data: bytes | memoryview, description: PixelDescription, first_bit: int) -> NDArray[Any]:
    """Bits are packed from the least significant one, and a frame may start inside a byte."""
    skipped = first_bit % 8
    end = (first_bit + description.frame_bits + 7) // 8
    packed = np.frombuffer(memoryview(data)[first_bit // 8 : end], dtype=np.uint8)
    bits = np.unpackbits(packed, bitorder="little")
    return bits[skipped : skipped + description.frame_bits].reshape(description.frame_shape)


def _upsample_422(samples: NDArray[Any], description: PixelDescription) -> NDArray[Any]:
    """Two luminances share the pair of chrominances that follows them: Y Y Cb Cr."""
    pairs = samples.reshape(description.rows, -1, 4)
    out = np.empty((description.rows, pairs.shape[1] * 2, 3), dtype=samples.dtype)
    out[..., 0] = pairs[..., :2].reshape(description.rows, -1)
    out[..., 1] = pairs[..., 2].repeat(2, axis=1)
    out[..., 2] = pairs[..., 3].repeat(2, axis=1)
    return out[:, : description.columns]
