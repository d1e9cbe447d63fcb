"""JPEG lossless, all predictors: libjpeg-turbo in `imagecodecs`, behind a check of the stream's own structure."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.errors import CodecError, FormatError, LimitError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.codecs.code_stream import CodeStream, check_stream, conform
from filmless.pixels.codecs.jpeg_stream import parse_jpeg
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame"]

ENCODES = {"JPEGLossless": Encodes((2, 16)), "JPEGLosslessSV1": Encodes((2, 16))}

_FIRST_ORDER_ONLY = "1.2.840.10008.1.2.4.70"


def decode_frame(
    data: bytes | memoryview, description: PixelDescription, frame: int, out: NDArray[Any] | None = None
) -> Decoded:
    """Decode one frame of JPEG lossless.

    Raises
    ------
    CodecError
        The stream is damaged, ends early or is of another process.
    GeometryError
        Its size is not the data set's.

    DICOM
    -----
    PS3.5 8.2.1, A.4.1
    """
    import imagecodecs

    data = bytes(data)
    try:
        stream = parse_jpeg(data)
    except (FormatError, LimitError) as error:
        raise CodecError(error.message, frame=frame) from error
    if not stream.is_lossless:
        raise CodecError("JPEG stream is not of the lossless process, which the transfer syntax names", frame=frame)
    header = CodeStream("JPEG", stream.rows, stream.columns, len(stream.components), stream.precision)
    findings = check_stream(header, description, frame)
    colour = "GRAYSCALE" if len(stream.components) == 1 else "RGB"
    unsigned = np.dtype(f"u{1 if stream.precision <= 8 else 2}")
    target = out.view(unsigned) if out is not None and out.dtype.itemsize == unsigned.itemsize else None
    try:
        samples = imagecodecs.jpeg8_decode(
            data if stream.end == len(data) else data[: stream.end],
            colorspace=colour,
            outcolorspace=colour,
            out=target,
        )
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG stream does not decode: {error}", frame=frame) from error
    return Decoded(conform(samples, description, frame), description.photometric_interpretation, findings)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame with first-order prediction.

    DICOM
    -----
    PS3.5 8.2.1, A.4.1
    """
    import imagecodecs

    del options  # nothing may be lost
    bits = description.bits_stored
    unsigned = (np.asarray(samples) & ((1 << bits) - 1)).astype(np.uint8 if bits <= 8 else np.uint16)
    colour = "GRAYSCALE" if description.samples == 1 else "RGB"
    try:
        data = imagecodecs.jpeg8_encode(
            unsigned, lossless=True, predictor=1, bitspersample=bits, colorspace=colour, outcolorspace=colour
        )
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG lossless cannot encode the samples: {error}", frame=frame) from error
    return Encoded(bytes(data), description.photometric_interpretation)
