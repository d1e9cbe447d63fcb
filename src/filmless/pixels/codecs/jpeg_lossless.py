"""JPEG lossless, all predictors: libjpeg-turbo in `imagecodecs`, behind a check of the stream's own structure."""

from typing import Any

from numpy.typing import NDArray

from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.codecs.code_stream import check_stream, check_yield, conform, unsigned
from filmless.pixels.codecs.jpeg import decode_stream
from filmless.pixels.codecs.jpeg_stream import COLOUR, read_jpeg
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame"]

ENCODES = {"JPEGLossless": Encodes((2, 16)), "JPEGLosslessSV1": Encodes((2, 16))}


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
    UnsupportedError
        It is hierarchical.

    DICOM
    -----
    PS3.5 8.2.1, A.4.1
    """
    data = bytes(data)
    stream, header = read_jpeg(data, description, frame)
    if not stream.is_lossless:
        raise CodecError("JPEG stream is not of the lossless process, which the transfer syntax names", frame=frame)
    findings = check_stream(header, description, frame)
    check_yield(header, len(data), frame, pixels_per_byte=8, free=0)  # a sample takes a bit
    samples = decode_stream(data, stream, frame, out)
    samples = conform(samples, header, description, frame, lossless=True)
    return Decoded(samples, description.photometric_interpretation, findings)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame with first-order prediction.

    DICOM
    -----
    PS3.5 8.2.1, A.4.1
    """
    import imagecodecs

    options.only("JPEG lossless")
    colour = COLOUR[description.samples] or "RGB"
    try:
        data = imagecodecs.jpeg8_encode(
            unsigned(samples, description),
            lossless=True,
            predictor=1,
            bitspersample=description.bits_stored,
            colorspace=colour,
            outcolorspace=colour,
        )
    except RuntimeError as error:
        raise CodecError(f"JPEG lossless cannot encode the samples: {error}", frame=frame) from error
    return Encoded(bytes(data), description.photometric_interpretation)
