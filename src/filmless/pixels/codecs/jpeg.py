"""JPEG Baseline, by libjpeg-turbo in `imagecodecs`, behind a check of the stream's own structure."""

from typing import Any

import imagecodecs
from numpy.typing import NDArray

from filmless.errors import CodecError, FormatError, GeometryError, UnsupportedError
from filmless.pixels.codecs import Decoded
from filmless.pixels.codecs.jpeg_stream import JpegStream, parse_jpeg
from filmless.pixels.description import PixelDescription

__all__ = ["MAX_PIXELS_PER_BYTE", "decode_frame", "decode_stream"]

# A block of 64 samples takes two bits at least, so that no true stream holds more pixels per byte than this.
MAX_PIXELS_PER_BYTE = 1024


def decode_frame(
    data: bytes | memoryview,
    description: PixelDescription,
    frame: int,
    out: NDArray[Any] | None = None,  # noqa: ARG001
) -> Decoded:
    """Decode one frame of JPEG Baseline.

    Parameters
    ----------
    data
        The frame's stream; bytes behind its end are padding.
    description
        What the data set says of it: size and number of components must be the stream's.
    frame
        Its number, for errors.
    out
        Not used.

    Returns
    -------
    Decoded
        Samples of uint8.

    Raises
    ------
    CodecError
        The stream is damaged, ends early or is of another process.
    GeometryError
        The stream's size is not the data set's.

    DICOM
    -----
    PS3.5 8.2.1, A.4.1
    """
    if description.transfer_syntax != "1.2.840.10008.1.2.4.50":
        raise UnsupportedError("JPEG of more than 8 bits cannot be decoded yet", uid=description.transfer_syntax)
    data = bytes(data)
    try:
        stream = parse_jpeg(data)
    except FormatError as error:
        raise CodecError(error.message, frame=frame) from error
    if stream.precision != 8 or stream.is_lossless or description.bits_allocated != 8:
        raise CodecError("JPEG stream is not of 8-bit sequential DCT, which the transfer syntax names", frame=frame)
    found = (stream.rows, stream.columns, len(stream.components))
    expected = (description.rows, description.columns, description.samples)
    if found != expected:
        raise GeometryError(
            f"JPEG stream has rows, columns and samples {found}, expected {expected} of the data set", frame=frame
        )
    if stream.rows * stream.columns > MAX_PIXELS_PER_BYTE * len(data):
        raise CodecError(f"JPEG stream of {len(data)} bytes is too short for its size", frame=frame)
    return Decoded(decode_stream(data, stream, frame), _photometric(stream, description))


def decode_stream(data: bytes, stream: JpegStream, frame: int | None = None) -> NDArray[Any]:
    """Decode a stream whose structure is whole to the components it holds: no colour is converted.

    Raises
    ------
    CodecError
        It does not decode.
    """
    colour = "GRAYSCALE" if len(stream.components) == 1 else "RGB" if stream.is_rgb else "YCBCR"
    try:
        samples = imagecodecs.jpeg8_decode(data[: stream.end], colorspace=colour, outcolorspace=colour)
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG stream does not decode: {error}", frame=frame) from error
    expected = (stream.rows, stream.columns) + ((3,) if len(stream.components) == 3 else ())
    if samples.shape != expected:
        raise CodecError(f"JPEG stream decodes to shape {samples.shape}, expected {expected}", frame=frame)
    return samples


def _photometric(stream: JpegStream, description: PixelDescription) -> str:
    """Trust the stream's own word on its colours before the data set's, which is wrong in known files."""
    if description.samples != 3:
        return description.photometric_interpretation
    if stream.is_rgb:
        return "RGB"
    if stream.jfif or stream.adobe_transform is not None:
        return "YBR_FULL"
    return "RGB" if description.photometric_interpretation == "RGB" else "YBR_FULL"
