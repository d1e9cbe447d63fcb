"""What the header of a code stream says, held against what the data set says of it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Finding
from filmless.errors import CodecError, GeometryError
from filmless.pixels.description import PixelDescription

__all__ = ["CodeStream", "check_stream", "conform"]

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
        Whether samples are signed.
    """

    family: str
    rows: int
    columns: int
    samples: int
    precision: int
    signed: bool = False


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
    if stream.signed and not description.signed:
        message = f"{stream.family} stream has signed samples, expected unsigned ones of Pixel Representation"
        findings.append(Finding("code-stream-sign", _PIXEL_REPRESENTATION, 0, message))
    return tuple(findings)


def conform(samples: NDArray[Any], description: PixelDescription, frame: int) -> NDArray[Any]:
    """Give decoded samples shape and dtype of the description; their bits stay what they are.

    Raises
    ------
    CodecError
        The decoder gave another size than the stream's header says.
    """
    if samples.shape != description.frame_shape:
        if samples.size != np.prod(description.frame_shape):
            message = f"the stream decodes to shape {samples.shape}, expected {description.frame_shape}"
            raise CodecError(message, frame=frame, uid=description.transfer_syntax)
        samples = samples.reshape(description.frame_shape)
    if samples.dtype == description.dtype:
        return samples
    if samples.dtype.itemsize == description.dtype.itemsize:
        return samples.view(description.dtype)
    return samples.astype(description.dtype)
