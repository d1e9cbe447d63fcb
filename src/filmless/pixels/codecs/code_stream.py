"""What the header of a code stream says, held against what the data set says of it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Finding
from filmless.errors import CodecError, GeometryError
from filmless.pixels.description import PixelDescription

__all__ = [
    "CodeStream",
    "check_stream",
    "check_yield",
    "conform",
    "encodable",
    "keep_freed_memory",
    "unsigned",
    "used_bits",
]

# In most families a picture of nothing takes next to no bytes (a run of any length, an empty packet): as many pixels as
# a large one has are believed of any stream.
_FREE_PIXELS = 1 << 25
_PIXELS_PER_BYTE = 1 << 14
_LARGEST_KEPT = 31 << 20  # bytes of the largest block that tells glibc anything
_SAMPLES_PER_PIXEL, _BITS_STORED, _PIXEL_REPRESENTATION = 0x0028_0002, 0x0028_0101, 0x0028_0103


class CodeStream(NamedTuple):
    """What the stream's own header says.

    Attributes
    ----------
    family
        Its name, for messages.
    rows, columns, samples
        Size of the image.
    precision
        Bits of a sample.
    signed
        Whether samples are signed; None when streams of the family never say.
    """

    family: str
    rows: int
    columns: int
    samples: int
    precision: int
    signed: bool | None = None


def check_stream(stream: CodeStream, description: PixelDescription, frame: int) -> tuple[Finding, ...]:
    """Compare a stream's header with the data set, before a sample is decoded or a byte allocated for it.

    Returns
    -------
    tuple
        A finding for each disagreement that leaves the samples readable: precision, sign.

    Raises
    ------
    GeometryError
        The stream has another size or number of samples.
    CodecError
        Its samples have more bits than Bits Allocated has room for.

    DICOM
    -----
    PS3.5 8.2; PS3.3 C.7.6.3.1
    """
    found = (stream.rows, stream.columns, stream.samples)
    expected = (description.rows, description.columns, description.samples)
    if found != expected:
        message = f"{stream.family} stream has rows, columns and samples {found}, expected {expected} of the data set"
        raise GeometryError(message, frame=frame, uid=description.transfer_syntax)
    if stream.precision > max(8, description.bits_allocated):
        message = f"{stream.family} stream has samples of {stream.precision} bits, expected at most Bits Allocated"
        raise CodecError(message, tag=0x0028_0100, frame=frame, uid=description.transfer_syntax)
    findings = []
    if stream.precision != description.bits_stored:
        message = f"{stream.family} stream has samples of {stream.precision} bits, expected Bits Stored"
        findings.append(Finding("code-stream-precision", _BITS_STORED, 0, message))
    if stream.signed is not None and stream.signed != description.signed:
        kinds = ("unsigned", "signed")
        message = (
            f"{stream.family} stream has {kinds[stream.signed]} samples, expected {kinds[description.signed]} ones"
        )
        findings.append(Finding("code-stream-sign", _PIXEL_REPRESENTATION, 0, f"{message} of Pixel Representation"))
    return tuple(findings)


def check_yield(
    stream: CodeStream, size: int, frame: int, *, pixels_per_byte: int = _PIXELS_PER_BYTE, free: int = _FREE_PIXELS
) -> None:
    """Refuse a stream that claims far more pixels than any of its size has.

    Parameters
    ----------
    stream
        What its header says.
    size
        Its bytes.
    frame
        The frame's number, for the error.
    pixels_per_byte
        How many pixels a byte can stand for.
    free
        How many pixels are believed of a stream of any size.

    Raises
    ------
    CodecError
        The stream is too short for its size.
    """
    if stream.rows * stream.columns * stream.samples > max(free, pixels_per_byte * size):
        raise CodecError(f"{stream.family} stream of {size} bytes is too short for its size", frame=frame)


def conform(
    samples: NDArray[Any], stream: CodeStream, description: PixelDescription, frame: int, *, lossless: bool = False
) -> NDArray[Any]:
    """Give decoded samples shape, dtype and meaning of the description.

    Parameters
    ----------
    samples
        As the decoder gave them, of the stream's precision and sign.
    stream
        What its header says.
    description
        What the data set says.
    frame
        The frame's number, for the error.
    lossless
        Whether the samples are those that were encoded. Then bits beyond Bits Stored are dropped, as they are when
        native. What a lossy stream decodes to may go beyond Bits Stored, and dropping bits would wrap it around.

    Notes
    -----
    Where signs disagree, the bits of a sample are what was encoded, and are read as Pixel Representation says.

    Raises
    ------
    CodecError
        The decoder gave another size than the stream's header says.

    DICOM
    -----
    PS3.5 8.1.1, 8.2
    """
    if samples.shape != description.frame_shape:
        if samples.size != np.prod(description.frame_shape):
            message = f"the stream decodes to shape {samples.shape}, expected {description.frame_shape}"
            raise CodecError(message, frame=frame, uid=description.transfer_syntax)
        samples = samples.reshape(description.frame_shape)
    if samples.dtype != description.dtype:
        same_size = samples.dtype.itemsize == description.dtype.itemsize
        samples = samples.view(description.dtype) if same_size else samples.astype(description.dtype)
    if lossless and stream.precision > description.bits_stored:
        return used_bits(samples, description)
    above = 8 * samples.dtype.itemsize - stream.precision
    if bool(stream.signed) == description.signed or above <= 0:
        return samples
    samples = samples if samples.flags.writeable else samples.copy()
    if description.signed:
        samples <<= above
        samples >>= above
    else:
        samples &= (1 << stream.precision) - 1
    return samples


def used_bits(samples: NDArray[Any], description: PixelDescription) -> NDArray[Any]:
    """Drop the bits that hold no sample (old files keep overlays there) and carry the sign of those that do.

    In place when the samples can be written to.

    DICOM
    -----
    PS3.5 8.1.1
    """
    if samples.dtype.kind == "f" or description.bits_allocated == 1 or description.bits_stored == 8 * samples.itemsize:
        return samples
    if not (samples.flags.writeable and samples.flags.c_contiguous):
        samples = samples.copy(order="C")
    _core.keep_stored(samples, description.bits_stored, description.high_bit, description.signed)
    return samples


def encodable(samples: NDArray[Any], description: PixelDescription) -> NDArray[Any]:
    """Check the samples of a frame before they are encoded: nothing may be lost to a mask or a cast.

    Returns
    -------
    NDArray
        The samples, contiguous, of the description's dtype.

    Raises
    ------
    ValueError
        They have another shape or kind than the description, or values beyond Bits Stored.
    """
    if samples.shape != description.frame_shape:
        raise ValueError(f"`samples` has shape {samples.shape}, expected {description.frame_shape}")
    if (samples.dtype.kind == "f") != (description.dtype.kind == "f"):
        raise ValueError(f"`samples` has dtype {samples.dtype}, expected {description.dtype}")
    if description.dtype.kind != "f":
        low = -(1 << description.bits_stored - 1) if description.signed else 0
        if (
            samples.dtype != description.dtype or description.bits_stored < 8 * samples.dtype.itemsize
        ) and not low <= int(samples.min()) <= int(samples.max()) < low + (1 << description.bits_stored):
            raise ValueError(f"`samples` has values beyond {description.bits_stored} bits stored")
    return np.ascontiguousarray(samples, dtype=description.dtype)


def unsigned(samples: NDArray[Any], description: PixelDescription) -> NDArray[Any]:
    """Give the bits of samples as unsigned numbers, for encoders that know no others."""
    samples = encodable(samples, description)
    bits = description.bits_stored
    if description.signed:
        samples = samples.view(f"u{samples.dtype.itemsize}") & ((1 << bits) - 1)
    return samples.astype(np.uint8 if bits <= 8 else np.uint16, copy=False)


def keep_freed_memory() -> None:
    """Have the buffers of a decoder stay in the process from one picture to the next.

    glibc gives what is freed back to the system, and takes it from there again, until it has seen a larger block go.
    Buffers of some MiB then cost a page fault for every 4 KiB in each picture: as much time as decoding HTJ2K. A block
    that is not touched costs no memory, and a hundredth of a millisecond.
    """
    np.empty(_LARGEST_KEPT, dtype=np.uint8)
