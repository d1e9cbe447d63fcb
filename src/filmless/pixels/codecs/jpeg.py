"""JPEG with a cosine transform: libjpeg-turbo in `imagecodecs`, behind a check of the stream's own structure."""

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Finding
from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.codecs.code_stream import check_stream, check_yield, conform, encodable
from filmless.pixels.codecs.jpeg_stream import COLOUR, JPEG_LS, JpegStream, read_jpeg, with_rows
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "MAX_PIXELS_PER_BYTE", "decode_frame", "decode_stream", "encode_frame", "with_whole_spectrum"]

ENCODES = {
    "JPEGBaseline8Bit": Encodes((8, 8), signed=False),
    "JPEGExtended12Bit": Encodes((8, 12), signed=False),
}

_START_OF_SCAN = 0xDA
_QUALITY = 90

# A block of 64 samples takes two bits at least, so that no true stream holds more pixels per byte than this.
MAX_PIXELS_PER_BYTE = 1024

# Pixels times scans: a decoder visits each of them, though there may be next to nothing to read.
_MAX_WORK = 1 << 31


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
    stream, header = read_jpeg(data, description, frame)
    if stream.is_lossless or stream.process == JPEG_LS:
        raise CodecError("JPEG stream is lossless, expected one with a cosine transform", frame=frame)
    findings = check_stream(header, description, frame)
    check_yield(header._replace(samples=1), len(data), frame, pixels_per_byte=MAX_PIXELS_PER_BYTE, free=0)
    scans = sum(segment.marker == _START_OF_SCAN for segment in stream.segments)
    if scans * stream.rows * stream.columns > _MAX_WORK:
        raise CodecError(f"JPEG stream has {scans} scans, expected far fewer for its size", frame=frame)
    mended = with_whole_spectrum(data, stream)
    if mended is not None:
        data = mended
        message = "JPEG scan header ends the spectrum at 0, expected 63: read as if it were"
        findings += (Finding("code-stream-spectrum", 0x7FE0_0010, 0, message),)
    photometric = _photometric(stream, description)
    if description.samples == 3 and photometric[:3] != description.photometric_interpretation[:3]:
        message = f"JPEG stream says that its colours are {photometric}, expected those of Photometric Interpretation"
        findings += (Finding("code-stream-photometric", 0x0028_0004, 0, message),)
    samples = decode_stream(data, stream, frame, out)
    return Decoded(conform(samples, header, description, frame), photometric, findings)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame: Baseline with 8 bits, Extended with 8 or 12. RGB becomes YBR_FULL_422.

    DICOM
    -----
    PS3.5 8.2.1, A.4.1
    """
    options.only("JPEG", "quality")
    rgb = description.photometric_interpretation == "RGB"
    grey = description.samples == 1
    bits = 8 if description.bits_stored <= 8 else 12
    try:
        data = imagecodecs.jpeg8_encode(
            encodable(samples, description).astype(np.uint8 if bits == 8 else np.uint16, copy=False),
            int(options.quality or _QUALITY),
            colorspace="GRAYSCALE" if grey else "RGB" if rgb else "YCBCR",
            outcolorspace="GRAYSCALE" if grey else "YCBCR",
            subsampling=None if grey else "422",
            bitspersample=bits,
        )
    except RuntimeError as error:
        raise CodecError(f"JPEG cannot encode the samples: {error}", frame=frame) from error
    return Encoded(bytes(data), description.photometric_interpretation if grey else "YBR_FULL_422")


def with_whole_spectrum(data: bytes, stream: JpegStream) -> bytes | None:
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
    """Decode a stream whose structure is whole, lossless or not, to the components it holds: no colour is converted.

    Raises
    ------
    CodecError
        It does not decode.
    """
    count = len(stream.components)
    colour = COLOUR.get(count) or ("RGB" if stream.is_rgb else "YCBCR")
    dtype = np.dtype(np.uint8 if stream.precision <= 8 else np.uint16)
    target = out.view(dtype) if out is not None and out.dtype.itemsize == dtype.itemsize else None
    try:
        samples = imagecodecs.jpeg8_decode(
            memoryview(with_rows(data, stream))[: stream.end],  # type: ignore[arg-type]
            colorspace=colour,
            outcolorspace=colour,
            out=target,
        )
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG stream does not decode: {error}", frame=frame) from error
    expected = (stream.rows, stream.columns) + ((count,) if count > 1 else ())
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
