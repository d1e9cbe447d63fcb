"""JPEG XL, lossless, lossy and as a JPEG recompressed: libjxl in `imagecodecs`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.codecs.code_stream import CodeStream, check_stream, conform
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame", "recompress_jpeg", "restore_jpeg"]

ENCODES = {"JPEGXLLossless": Encodes((1, 16)), "JPEGXL": Encodes((1, 16))}

_LOSSLESS = "1.2.840.10008.1.2.4.110"
_CONTAINER = b"\x00\x00\x00\x0cJXL \r\n\x87\n"
_QUALITY = 90


def decode_frame(
    data: bytes | memoryview, description: PixelDescription, frame: int, out: NDArray[Any] | None = None
) -> Decoded:
    """Decode one frame of JPEG XL; colours come as RGB, as they were before the codec's own transform.

    Raises
    ------
    CodecError
        The stream is damaged or ends early.
    GeometryError
        Its size is not the data set's.

    DICOM
    -----
    PS3.5 8.2.15, A.4.12
    """
    import imagecodecs

    data = bytes(data)
    if not data.startswith((b"\xff\x0a", _CONTAINER)):
        raise CodecError("no JPEG XL signature", frame=frame)
    rows, columns = _size(data, frame)
    check_stream(CodeStream("JPEG XL", rows, columns, description.samples, description.bits_stored), description, frame)
    try:
        samples = imagecodecs.jpegxl_decode(data)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise CodecError(f"JPEG XL stream does not decode: {error}", frame=frame) from error
    if samples.dtype.itemsize > description.dtype.itemsize or samples.dtype.kind not in "ui":
        raise CodecError("JPEG XL stream has samples of more bits than Bits Allocated", frame=frame)
    photometric = "RGB" if description.samples == 3 else description.photometric_interpretation
    del out  # a copy into it costs less than a wrong guess of what the stream holds
    return Decoded(conform(samples, description, frame), photometric)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame: lossless in its transfer syntax, else as lossy as ``quality`` allows.

    DICOM
    -----
    PS3.5 8.2.15, A.4.12
    """
    import imagecodecs

    bits = description.bits_stored
    unsigned = (np.asarray(samples) & ((1 << bits) - 1)).astype(np.uint8 if bits <= 8 else np.uint16)
    lossless = description.transfer_syntax == _LOSSLESS
    # libjxl's own scale: 0 is lossless, 1 is seen by nobody, 15 is the most it loses.
    distance = 0.0 if lossless else max(0.1, (100 - (options.quality or _QUALITY)) / 10)
    try:
        data = imagecodecs.jpegxl_encode(unsigned, lossless=lossless, distance=distance, effort=3, usecontainer=False)
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG XL cannot encode the samples: {error}", frame=frame) from error
    photometric = description.photometric_interpretation
    return Encoded(bytes(data), "XYB" if photometric == "RGB" and not lossless else photometric)


def _size(data: bytes, frame: int) -> tuple[int, int]:
    """Return rows and columns of the size header (ISO/IEC 18181-1 D.2)."""
    start = _code_stream(data)
    bits = int.from_bytes(data[start + 2 : start + 14], "little")
    if start < 0 or len(data) < start + 14:
        raise CodecError("JPEG XL ends inside its header", frame=frame)

    def take(count: int) -> int:
        nonlocal bits
        value = bits & ((1 << count) - 1)
        bits >>= count
        return value

    def length(small: int) -> int:
        return (take(5) + 1) * 8 if small else take((9, 13, 18, 30)[take(2)]) + 1

    small = take(1)
    rows = length(small)
    ratio = take(3)
    if ratio == 0:
        return rows, length(small)
    numerator, denominator = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
    return rows, rows * numerator // denominator


def _code_stream(data: bytes) -> int:
    """Return where the code stream begins: at once, or in the first box that holds some of it."""
    if not data.startswith(_CONTAINER):
        return 0
    position = 0
    while position + 8 <= len(data):
        size, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        header = 8
        if size == 1:
            size, header = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        if kind in (b"jxlc", b"jxlp"):
            return position + header + (4 if kind == b"jxlp" else 0)
        if size < header:
            break
        position += size
    return -1


def recompress_jpeg(stream: bytes, frame: int) -> bytes:
    """Make a smaller JPEG XL of a JPEG stream, from which `restore_jpeg` gives the stream again.

    DICOM
    -----
    PS3.5 8.2.15, A.4.12
    """
    import imagecodecs

    try:
        return bytes(imagecodecs.jpegxl_encode_jpeg(stream))
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG stream cannot be recompressed: {error}", frame=frame) from error


def restore_jpeg(stream: bytes, frame: int) -> bytes:
    """Give the JPEG stream that a JPEG XL was made of, bit for bit.

    DICOM
    -----
    PS3.5 8.2.15, A.4.12
    """
    import imagecodecs

    try:
        return bytes(imagecodecs.jpegxl_decode_jpeg(stream, numthreads=1))
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG XL stream holds no JPEG that can be restored: {error}", frame=frame) from error
