"""From a data set to arrays of samples."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.errors import PixelError, UnsupportedError
from filmless.pixels.codecs import codec_of
from filmless.pixels.colour import ybr_to_rgb
from filmless.pixels.description import PixelDescription
from filmless.pixels.frames import EncapsulatedFrames

__all__ = ["decode", "decode_as_stored"]

_PIXEL_DATA = 0x7FE0_0010


def decode(ds: Dataset, *, frame: int | None = None, as_rgb: bool = True) -> NDArray[Any]:
    """Decode the pixel data of a data set.

    Parameters
    ----------
    ds
        The data set.
    frame
        Decode this frame alone, from 0; all of them when None.
    as_rgb
        Give YBR colours as RGB. Palette indices stay indices.

    Returns
    -------
    NDArray
        Shape (frames, rows, columns[, samples]); without the first axis for one frame. The dtype is the smallest of
        8, 16, 32 or 64 bits that holds Bits Allocated, signed by Pixel Representation, of native byte order.

    Raises
    ------
    PixelError
        There is no pixel data or too little; `GeometryError` when its description cannot be right, `CodecError` when
        a compressed frame does not decode.
    UnsupportedError
        The transfer syntax or photometric interpretation is not implemented.

    DICOM
    -----
    PS3.3 C.7.6.3, PS3.5 8

    Examples
    --------
    >>> from filmless import read
    >>> decode(read("slice.dcm")).shape
    (128, 128)
    """
    return _decode(ds, frame, as_rgb=as_rgb)[0]


def decode_as_stored(ds: Dataset, frame: int) -> tuple[NDArray[Any], str]:
    """Decode one frame without converting colours; give its photometric interpretation with it.

    DICOM
    -----
    PS3.3 C.7.6.3.1.2
    """
    return _decode(ds, frame, as_rgb=False)


def _decode(ds: Dataset, frame: int | None, *, as_rgb: bool) -> tuple[NDArray[Any], str]:
    description = PixelDescription.of(ds)
    codec = codec_of(description.transfer_syntax)
    value = _pixel_data(ds)
    if frame is not None and not 0 <= frame < description.frames:
        raise PixelError(f"frame {frame} does not exist, expected 0 to {description.frames - 1}", frame=frame)
    wanted = range(description.frames) if frame is None else range(frame, frame + 1)
    if codec.encapsulated:
        parts = EncapsulatedFrames.of(value, description.frames)
    else:
        value = _little_words(ds, description, value)
        _require_frames(value, description, wanted)

    def decoded() -> Iterator[tuple[NDArray[Any], str]]:
        for number in wanted:
            data = parts[number] if codec.encapsulated else value
            samples, photometric, _ = codec.decode_frame(data, description, number)
            samples = _used_bits(samples, description)
            if as_rgb and photometric.startswith("YBR_FULL"):
                samples, photometric = ybr_to_rgb(samples), "RGB"
            yield samples, photometric

    return _stack(decoded(), len(wanted))


def _stack(frames: Iterator[tuple[NDArray[Any], str]], count: int) -> tuple[NDArray[Any], str]:
    """Fill one array with all frames, allocated when the first is there: damage in that one costs no memory."""
    first, photometric = next(frames)
    out = np.empty((count, *first.shape), dtype=first.dtype.newbyteorder("="))
    out[0] = first
    for index, (samples, _) in enumerate(frames, start=1):
        out[index] = samples
    return (out[0] if count == 1 else out), photometric


def _pixel_data(ds: Dataset) -> bytes:
    value = ds.get("PixelData")
    if value is None:
        for keyword in ("FloatPixelData", "DoubleFloatPixelData"):
            if keyword in ds:
                raise UnsupportedError(f"{keyword} cannot be decoded yet", feature=keyword)
        raise PixelError("there is no pixel data", tag=_PIXEL_DATA)
    if not isinstance(value, bytes):
        raise PixelError("pixel data is not a string of bytes", tag=_PIXEL_DATA)
    return value


def _require_frames(value: bytes, description: PixelDescription, wanted: range) -> None:
    """Compare the bytes that are declared with those that are there, before anything is allocated."""
    needed = (wanted.stop * description.frame_bits + 7) // 8
    if needed > len(value):
        whole = len(value) * 8 // description.frame_bits
        raise PixelError(
            f"pixel data has {len(value)} bytes, expected {needed}", tag=_PIXEL_DATA, frame=max(whole, wanted.start)
        )


def _little_words(ds: Dataset, description: PixelDescription, value: bytes) -> bytes:
    """Swap the words (OW) of big endian, in whose wrong half samples of 8 bits and less stand."""
    if description.big_endian and description.bits_allocated <= 8 and ds["PixelData"].VR == "OW":
        return np.frombuffer(value[: len(value) // 2 * 2], dtype=">u2").astype("<u2").tobytes()
    return value


def _used_bits(samples: NDArray[Any], description: PixelDescription) -> NDArray[Any]:
    """Drop the bits that hold no sample (old files keep overlays there) and carry the sign of those that do.

    DICOM: PS3.5 8.1.1
    """
    allocated, stored = description.bits_allocated, description.bits_stored
    if allocated in (stored, 1):
        return samples
    above = allocated - 1 - description.high_bit
    native = samples.astype(samples.dtype.newbyteorder("="))
    native <<= above
    native >>= allocated - stored  # arithmetic when signed
    return native
