"""JPEG-LS, lossless and near-lossless: decoded by CharLS in `imagecodecs`, encoded by CharLS in `pyjpegls`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.codecs.code_stream import CodeStream, check_stream, check_yield, conform, unsigned
from filmless.pixels.codecs.jpeg_stream import JPEG_LS, JpegStream, read_jpeg
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame"]

# What is signed is coded as its bits, between which an error near 0 would be one of the whole range.
ENCODES = {"JPEGLSLossless": Encodes((2, 16)), "JPEGLSNearLossless": Encodes((2, 16), signed=False)}

_SCAN = 0xDA
_BY_PIXEL = 2
_LOSSLESS = "1.2.840.10008.1.2.4.80"
_MAX_ERROR = 2


def decode_frame(
    data: bytes | memoryview, description: PixelDescription, frame: int, out: NDArray[Any] | None = None
) -> Decoded:
    """Decode one frame of JPEG-LS.

    Raises
    ------
    CodecError
        The stream is damaged or ends early.
    GeometryError
        Its size is not the data set's.

    DICOM
    -----
    PS3.5 8.2.3, A.4.3
    """
    import imagecodecs

    data = bytes(data)
    stream, header = _read(data, description, frame)
    findings = check_stream(header, description, frame)
    check_yield(header, len(data), frame)
    dtype = np.dtype(f"u{1 if stream.precision <= 8 else 2}")
    target = out.view(dtype) if out is not None and out.dtype.itemsize == dtype.itemsize else None
    try:
        samples = imagecodecs.jpegls_decode(memoryview(data)[: stream.end], out=target)  # type: ignore[arg-type]
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG-LS stream does not decode: {error}", frame=frame) from error
    samples = conform(samples, header, description, frame, lossless=description.transfer_syntax == _LOSSLESS)
    return Decoded(samples, description.photometric_interpretation, findings)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame of JPEG-LS: lossless, or with samples that differ by ``max_error`` at the most.

    DICOM
    -----
    PS3.5 8.2.3, A.4.3
    """
    import jpeg_ls

    lossless = description.transfer_syntax == _LOSSLESS
    options.only("JPEG-LS", *(() if lossless else ("max_error",)))
    most = 0 if lossless else min(255, ((1 << description.bits_stored) - 1) // 2)
    max_error = min(_MAX_ERROR, most) if options.max_error is None else options.max_error
    if max_error > most:
        raise ValueError(f"`max_error` is {max_error}, expected {most} at the most for {description.bits_stored} bits")
    packed = unsigned(samples, description).tobytes()
    given = (description.rows, description.columns, description.samples, description.bits_stored)
    mode = _BY_PIXEL if description.samples > 1 else 0
    try:
        stream = jpeg_ls.encode_buffer(packed, *given, lossy_error=max_error, interleave_mode=mode)
    except RuntimeError:
        stream = _with_more_room(packed, description, max_error, mode, frame)
    return Encoded(bytes(stream), description.photometric_interpretation)


def _with_more_room(packed: bytes, description: PixelDescription, max_error: int, mode: int, frame: int) -> bytes:
    """Encode what grows by it: the library makes room for twice the bytes it is given.

    They may go on behind the picture, but not in its public function.
    """
    import _CharLS  # type: ignore[import-not-found]

    size = (description.rows, description.columns, description.samples, description.bits_stored)
    try:
        return bytes(_CharLS._encode(packed + bytes(4 * len(packed) + 1024), max_error, mode, *size))  # noqa: SLF001
    except RuntimeError as error:
        raise CodecError(f"JPEG-LS cannot encode the samples: {error}", frame=frame) from error


def _read(data: bytes, description: PixelDescription, frame: int) -> tuple[JpegStream, CodeStream]:
    """Return what the segments say; each component has to be in a scan."""
    stream, header = read_jpeg(data, description, frame, jpeg_ls=True)
    if stream.process != JPEG_LS:
        raise CodecError("JPEG stream is not JPEG-LS, which the transfer syntax names", frame=frame)
    scans = [segment for segment in stream.segments if segment.marker == _SCAN]
    if sum(data[scan.offset + 4] for scan in scans if scan.size > 4) != header.samples:
        raise CodecError("JPEG-LS has components without a scan", frame=frame)
    return stream, header._replace(family="JPEG-LS")
