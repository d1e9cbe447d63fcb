"""JPEG-LS, lossless and near-lossless: decoded by CharLS in `imagecodecs`, encoded by CharLS in `pyjpegls`."""

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.codecs.code_stream import CodeStream, check_stream, conform
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame"]

ENCODES = {"JPEGLSLossless": Encodes((2, 16)), "JPEGLSNearLossless": Encodes((2, 16))}

_START, _END, _FRAME_HEADER, _SCAN = 0xD8, 0xD9, 0xF7, 0xDA
_BY_PIXEL = 2
_LOSSLESS = "1.2.840.10008.1.2.4.80"


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
    stream, end = _parse(data, frame)
    findings = check_stream(stream, description, frame)
    unsigned = np.dtype(f"u{description.dtype.itemsize}")
    fits = out is not None and stream.precision > 8 * (unsigned.itemsize - 1)
    target = out.view(unsigned) if out is not None and fits else None
    try:
        samples = imagecodecs.jpegls_decode(data[:end] if end != len(data) else data, out=target)
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG-LS stream does not decode: {error}", frame=frame) from error
    return Decoded(conform(samples, description, frame), description.photometric_interpretation, findings)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame of JPEG-LS: lossless, or with samples that differ by ``max_error`` at the most.

    DICOM
    -----
    PS3.5 8.2.3, A.4.3
    """
    import jpeg_ls

    bits = description.bits_stored
    packed = (np.asarray(samples) & ((1 << bits) - 1)).astype(np.uint8 if bits <= 8 else np.uint16)
    try:
        stream = jpeg_ls.encode_buffer(
            packed.tobytes(),
            description.rows,
            description.columns,
            description.samples,
            bits,
            lossy_error=0 if description.transfer_syntax == _LOSSLESS else options.max_error or 0,
            interleave_mode=_BY_PIXEL if description.samples > 1 else 0,
        )
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG-LS cannot encode the samples: {error}", frame=frame) from error
    return Encoded(bytes(stream), description.photometric_interpretation)


def _segments(data: bytes, frame: int) -> Iterator[tuple[int, bytes, int]]:
    """Go through marker, content and end of each segment, to the end of image."""
    position = 2
    while True:
        if data[position : position + 1] != b"\xff":
            raise CodecError("JPEG-LS has bytes that are no marker between segments", frame=frame)
        while data[position + 1 : position + 2] == b"\xff":
            position += 1
        if position + 2 > len(data):
            raise CodecError("JPEG-LS ends before its end of image marker", frame=frame)
        marker = data[position + 1]
        if marker == _END:
            yield marker, b"", position + 2
            return
        size = int.from_bytes(data[position + 2 : position + 4], "big")
        if size < 2 or position + 2 + size > len(data):
            raise CodecError(f"JPEG-LS segment of {size} bytes exceeds the stream", frame=frame)
        end = position + 2 + size
        yield marker, data[position + 4 : end], end
        position = _end_of_scan(data, end, frame) if marker == _SCAN else end


def _end_of_scan(data: bytes, position: int, frame: int) -> int:
    """Find the marker that ends entropy-coded data, in which a bit 0 follows FF (ISO/IEC 14495-1 A.1)."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            raise CodecError("JPEG-LS ends before its end of image marker", frame=frame)
        following = data[position + 1]
        if following >= 0x80 and not 0xD0 <= following <= 0xD7 and following != 0xFF:
            return position
        position += 1


def _parse(data: bytes, frame: int) -> tuple[CodeStream, int]:
    """Return what the frame header says, and where the stream ends; each component has to be in a scan."""
    if data[:2] != b"\xff\xd8":
        raise CodecError("no JPEG-LS start of image marker", frame=frame)
    stream, scanned, end = None, 0, 0
    for marker, content, end in _segments(data, frame):  # noqa: B007 - the last end is the stream's
        if marker == _FRAME_HEADER:
            if len(content) < 6:
                raise CodecError("JPEG-LS frame header is too short", frame=frame)
            precision, rows, columns, count = struct.unpack_from(">BHHB", content)
            stream = CodeStream("JPEG-LS", rows, columns, count, precision)
        elif marker == _SCAN and content:
            scanned += content[0]
    if stream is None or scanned != stream.samples:
        raise CodecError("JPEG-LS has no frame header, or components without a scan", frame=frame)
    return stream, end
