"""JPEG with a cosine transform: libjpeg-turbo in `imagecodecs`, behind a check of the stream's own structure."""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Finding
from filmless.errors import CodecError, FormatError, LimitError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.codecs.code_stream import CodeStream, check_stream, conform
from filmless.pixels.codecs.jpeg_stream import JpegStream, parse_jpeg
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "MAX_PIXELS_PER_BYTE", "decode_frame", "decode_stream", "encode_frame"]

ENCODES = {
    "JPEGBaseline8Bit": Encodes((8, 8), signed=False),
    "JPEGExtended12Bit": Encodes((8, 12), signed=False),
}

_START_OF_SCAN = 0xDA
_QUALITY = 90

# A block of 64 samples takes two bits at least, so that no true stream holds more pixels per byte than this.
MAX_PIXELS_PER_BYTE = 1024


def decode_frame(
    data: bytes | memoryview, description: PixelDescription, frame: int, out: NDArray[Any] | None = None
) -> Decoded:
    """Decode one frame of JPEG with a cosine transform: sequential or progressive, 8 or 12 bits.

    Parameters
    ----------
    data
        The frame's stream; bytes behind its end are padding.
    description
        What the data set says of it: size and number of components must be the stream's.
    frame
        Its number, for errors.
    out
        Decoded into when its dtype is the stream's.

    Returns
    -------
    Decoded
        Samples of the description's dtype.

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
    data = bytes(data)
    try:
        stream = parse_jpeg(data)
    except (FormatError, LimitError) as error:
        raise CodecError(error.message, frame=frame) from error
    if stream.is_lossless:
        raise CodecError("JPEG stream is lossless, expected one with a cosine transform", frame=frame)
    header = CodeStream("JPEG", stream.rows, stream.columns, len(stream.components), stream.precision)
    findings = check_stream(header, description, frame)
    if stream.rows * stream.columns > MAX_PIXELS_PER_BYTE * len(data):
        raise CodecError(f"JPEG stream of {len(data)} bytes is too short for its size", frame=frame)
    mended = _with_whole_spectrum(data, stream)
    if mended is not None:
        data = mended
        message = "JPEG scan header ends the spectrum at 0, expected 63: read as if it were"
        findings += (Finding("code-stream-spectrum", 0x7FE0_0010, 0, message),)
    photometric = _photometric(stream, description)
    if description.samples == 3 and photometric[:3] != description.photometric_interpretation[:3]:
        message = f"JPEG stream says that its colours are {photometric}, expected those of Photometric Interpretation"
        findings += (Finding("code-stream-photometric", 0x0028_0004, 0, message),)
    samples = decode_stream(data, stream, frame, out)
    return Decoded(conform(samples, description, frame), photometric, findings)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame: Baseline with 8 bits, Extended with 8 or 12. RGB becomes YBR_FULL_422.

    DICOM
    -----
    PS3.5 8.2.1, A.4.1
    """
    import imagecodecs

    rgb = description.photometric_interpretation == "RGB"
    grey = description.samples == 1
    bits = 8 if description.bits_stored <= 8 else 12
    try:
        data = imagecodecs.jpeg8_encode(
            np.ascontiguousarray(samples, dtype=np.uint8 if bits == 8 else np.uint16),
            int(options.quality or _QUALITY),
            colorspace="GRAYSCALE" if grey else "RGB" if rgb else "YCBCR",
            outcolorspace="GRAYSCALE" if grey else "YCBCR",
            subsampling=None if grey else "422",
            bitspersample=bits,
        )
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG cannot encode the samples: {error}", frame=frame) from error
    return Encoded(bytes(data), description.photometric_interpretation if grey else "YBR_FULL_422")


def _with_whole_spectrum(data: bytes, stream: JpegStream) -> bytes | None:
    """Mend scans of sequential JPEG that say they hold the first coefficient only, as NEMA's own samples do."""
    if stream.is_progressive:
        return None
    ends = [segment.offset + segment.size - 2 for segment in stream.segments if segment.marker == _START_OF_SCAN]
    if all(data[end] != 0 for end in ends):
        return None
    mended = bytearray(data)
    for end in ends:
        mended[end] = 63
    return bytes(mended)


def decode_stream(
    data: bytes, stream: JpegStream, frame: int | None = None, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Decode a stream whose structure is whole to the components it holds: no colour is converted.

    Raises
    ------
    CodecError
        It does not decode.
    """
    colour = "GRAYSCALE" if len(stream.components) == 1 else "RGB" if stream.is_rgb else "YCBCR"
    try:
        samples = imagecodecs.jpeg8_decode(
            data if stream.end == len(data) else data[: stream.end],
            colorspace=colour,
            outcolorspace=colour,
            out=out if out is not None and out.dtype == (np.uint8 if stream.precision == 8 else np.uint16) else None,
        )
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
