"""JPEG XL, lossless, lossy and as a JPEG recompressed: libjxl in `imagecodecs`."""

from typing import Any

from numpy.typing import NDArray

from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes, jpeg
from filmless.pixels.codecs.code_stream import (
    check_stream,
    check_yield,
    conform,
    encodable,
    keep_freed_memory,
    unsigned,
)
from filmless.pixels.codecs.jpeg_xl_stream import parse_jpeg_xl
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame", "recompress_jpeg", "restore_jpeg"]

ENCODES = {
    "JPEGXLLossless": Encodes((1, 16)),
    "JPEGXLJPEGRecompression": Encodes((8, 8), signed=False),
    "JPEGXL": Encodes((1, 16), signed=False),
}

_LOSSLESS = "1.2.840.10008.1.2.4.110"
_RECOMPRESSION = "1.2.840.10008.1.2.4.111"
_QUALITY = 90


def decode_frame(
    data: bytes | memoryview, description: PixelDescription, frame: int, out: NDArray[Any] | None = None
) -> Decoded:
    """Decode one frame of JPEG XL; colours come as RGB, as they were before the codec's own transform.

    A JPEG that was recompressed is restored and decoded as the JPEG it was, so that its samples are the same.

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
    header, holds_jpeg = parse_jpeg_xl(data, description, frame)
    findings = check_stream(header, description, frame)
    check_yield(header, len(data), frame)
    if holds_jpeg:
        return jpeg.decode_frame(restore_jpeg(data, frame=frame), description, frame, out)
    keep_freed_memory()
    try:
        samples = imagecodecs.jpegxl_decode(data, keeporientation=True)
    except (RuntimeError, ValueError, MemoryError) as error:
        raise CodecError(f"JPEG XL stream does not decode: {error}", frame=frame) from error
    if samples.dtype.itemsize > description.dtype.itemsize or samples.dtype.kind not in "ui":
        raise CodecError("JPEG XL stream has samples of more bits than Bits Allocated", frame=frame)
    lossless = description.transfer_syntax == _LOSSLESS
    photometric = description.photometric_interpretation
    if description.samples == 3 and not (lossless and photometric == "YBR_FULL"):  # which is written as it is
        photometric = "RGB"
    return Decoded(conform(samples, header, description, frame, lossless=lossless), photometric, findings)


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame: lossless in its transfer syntax, else as lossy as ``quality`` allows.

    In the one for recompression, the frame becomes JPEG first.

    DICOM
    -----
    PS3.5 8.2.15, A.4.12
    """
    import imagecodecs

    if description.transfer_syntax == _RECOMPRESSION:
        encoded = jpeg.encode_frame(samples, description, frame, options)
        return encoded._replace(data=recompress_jpeg(encoded.data, frame=frame))
    lossless = description.transfer_syntax == _LOSSLESS
    options.only("JPEG XL", *(() if lossless else ("quality",)))
    prepared = unsigned(samples, description) if lossless else encodable(samples, description)
    # libjxl's own scale: 0 is lossless, 1 is seen by nobody, 15 is the most it loses.
    distance = 0.0 if lossless else max(0.1, (100 - (options.quality or _QUALITY)) / 10)
    try:
        data = imagecodecs.jpegxl_encode(
            prepared,
            lossless=lossless,
            distance=distance,
            effort=3,
            bitspersample=description.bits_stored,
            usecontainer=False,
        )
    except RuntimeError as error:
        raise CodecError(f"JPEG XL cannot encode the samples: {error}", frame=frame) from error
    photometric = description.photometric_interpretation
    return Encoded(bytes(data), "XYB" if photometric == "RGB" and not lossless else photometric)


def recompress_jpeg(data: bytes, *, frame: int | None = None) -> bytes:
    """Recompress a JPEG stream so that `restore_jpeg` gives it back bit for bit; what is behind its end is left out.

    Raises
    ------
    CodecError
        The stream is damaged, or of a kind that JPEG XL does not recompress: 12 bits, arithmetic coding.

    DICOM
    -----
    PS3.5 8.2.15
    """
    import imagecodecs

    try:
        return bytes(imagecodecs.jpegxl_encode_jpeg(data, usecontainer=True))
    except (RuntimeError, ValueError) as error:
        raise CodecError(f"JPEG XL cannot recompress the JPEG stream: {error}", frame=frame) from error


def restore_jpeg(data: bytes, *, frame: int | None = None) -> bytes:
    """Restore the JPEG stream that a JPEG XL stream was made of, bit for bit.

    Raises
    ------
    CodecError
        It is damaged, or was not made of one.

    DICOM
    -----
    PS3.5 8.2.15
    """
    import imagecodecs

    try:
        return bytes(imagecodecs.jpegxl_decode_jpeg(data))  # type: ignore[call-arg]
    except (RuntimeError, ValueError, MemoryError) as error:
        raise CodecError(f"JPEG XL stream gives no JPEG back: {error}", frame=frame) from error
