"""JPEG 2000 and HTJ2K: OpenJPEG and OpenJPH in `imagecodecs`, behind a check of the code stream's own structure."""

from math import log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Finding
from filmless.errors import CodecError
from filmless.pixels.codecs import Decoded, Encoded, EncodeOptions, Encodes
from filmless.pixels.codecs.code_stream import (
    CodeStream,
    check_stream,
    check_yield,
    conform,
    encodable,
    keep_freed_memory,
)
from filmless.pixels.codecs.jpeg_2000_stream import Jpeg2000Stream, code_stream_of, parse_header, walk_tile_parts
from filmless.pixels.description import PixelDescription

__all__ = ["ENCODES", "decode_frame", "encode_frame"]

# OpenJPEG loses bits of 32-bit samples without a word; OpenJPH takes whole bytes.
ENCODES = {
    "JPEG2000Lossless": Encodes((1, 16)),
    "JPEG2000": Encodes((2, 16)),
    "HTJ2KLossless": Encodes((1, 16)),
    "HTJ2KLosslessRPCL": Encodes((1, 16)),
    "HTJ2K": Encodes((2, 16)),
}

_LOSSLESS = frozenset({"1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202"})
_HIGH_THROUGHPUT = "1.2.840.10008.1.2.4.20"
_RPCL = "1.2.840.10008.1.2.4.202"
_LARGE = 1 << 20  # pixels from which a second thread pays even where frames are decoded at the same time
_MIDDLING = 1 << 16  # pixels from which it pays for a frame that is alone
_QUALITY = 85
_PIXEL_DATA = 0x7FE0_0010


def decode_frame(
    data: bytes | memoryview, description: PixelDescription, frame: int, out: NDArray[Any] | None = None
) -> Decoded:
    """Decode one frame of JPEG 2000 or HTJ2K.

    OpenJPEG decodes HTJ2K as well. It takes twice the time of OpenJPH, which answers nearly all damage with wrong
    samples and no error; OpenJPEG notices some of it.

    Raises
    ------
    CodecError
        The stream is damaged or ends early.
    GeometryError
        Its size is not the data set's.

    DICOM
    -----
    PS3.5 8.2.4, 8.2.14, A.4.4
    """
    data, boxed = code_stream_of(bytes(data), frame)
    stream = parse_header(data, frame)
    header = CodeStream("JPEG 2000", stream.rows, stream.columns, stream.components, stream.precision, stream.signed)
    findings = check_stream(header, description, frame)
    check_yield(header, len(data), frame)
    end, mended, _ = walk_tile_parts(data, stream, frame)
    if boxed:
        message = "JPEG 2000 stream is in the boxes of a JP2 file, expected the code stream alone"
        findings += (Finding("code-stream-boxes", _PIXEL_DATA, 0, message),)
    whole = memoryview(data)[:end]
    if mended is not None:
        # A length of 0 says that a tile-part reaches to the end (ISO/IEC 15444-1 A.4.2).
        whole = memoryview(b"".join((whole[: mended + 6], bytes(4), whole[mended + 10 :])))
        message = "JPEG 2000 tile-part ends where no marker is, expected the end of the code stream: read to there"
        findings += (Finding("code-stream-tile-part", _PIXEL_DATA, 0, message),)
    if stream.subsampled:
        message = "JPEG 2000 components differ in size, expected the same of all: decoded as luminance and chrominances"
        findings += (Finding("code-stream-subsampled", _PIXEL_DATA, 0, message),)
    samples = _decode(whole, stream, frame, out, is_alone=description.frames == 1)
    lossless = description.transfer_syntax in _LOSSLESS
    samples = conform(samples, header, description, frame, lossless=lossless)
    return Decoded(samples, _photometric(stream, description), findings)


def _decode(
    data: memoryview, stream: Jpeg2000Stream, frame: int, out: NDArray[Any] | None, *, is_alone: bool
) -> NDArray[Any]:
    import imagecodecs

    size = 1 if stream.precision <= 8 else 2 if stream.precision <= 16 else 4
    dtype = np.dtype(f"{'i' if stream.signed else 'u'}{size}")
    target = out.view(dtype) if out is not None and out.dtype.itemsize == size else None
    alone = is_alone and not stream.high_throughput  # which is done before a second thread has begun
    threads = 2 if stream.rows * stream.columns >= (_MIDDLING if alone else _LARGE) else 1
    keep_freed_memory()
    try:
        return imagecodecs.jpeg2k_decode(data, numthreads=threads, out=target)  # type: ignore[arg-type]
    except (RuntimeError, ValueError, MemoryError) as error:
        raise CodecError(f"JPEG 2000 stream does not decode: {error}", frame=frame) from error


def encode_frame(samples: NDArray[Any], description: PixelDescription, frame: int, options: EncodeOptions) -> Encoded:
    """Encode one frame: reversibly in the lossless transfer syntaxes, else with the loss that ``options`` allow.

    RGB is decorrelated by the component transform: YBR_RCT, or YBR_ICT when something is lost.

    DICOM
    -----
    PS3.5 8.2.4, 8.2.14, A.4.4
    """
    import imagecodecs

    lossless = description.transfer_syntax in _LOSSLESS
    high_throughput = description.transfer_syntax.startswith(_HIGH_THROUGHPUT)
    options.only("JPEG 2000", *(() if lossless else ("quality",) if high_throughput else ("quality", "ratio")))
    samples = encodable(samples, description)
    if samples.dtype.itemsize == 2 and description.bits_stored <= 8:
        samples = samples.astype(f"{samples.dtype.kind}1")  # the library takes a depth for what fits the dtype
    rgb = description.photometric_interpretation == "RGB"
    try:
        if high_throughput:
            data = imagecodecs.htj2k_encode(
                samples,
                None if lossless else _step(samples, options),
                rgb=rgb,
                reversible=lossless,
                tlm=description.transfer_syntax == _RPCL or None,
            )
        elif options.ratio is not None and not lossless:
            data = _of_ratio(samples, description, options.ratio)
        else:
            data = _jpeg_2000(
                samples, description, None if lossless else _signal_to_noise(samples, description, options)
            )
    except RuntimeError as error:
        raise CodecError(f"JPEG 2000 cannot encode the samples: {error}", frame=frame) from error
    photometric = ("YBR_RCT" if lossless else "YBR_ICT") if rgb else description.photometric_interpretation
    return Encoded(bytes(data), photometric)


def _jpeg_2000(samples: NDArray[Any], description: PixelDescription, psnr: float | None) -> bytes:
    """Encode reversibly, or to a peak signal to noise ratio in dB."""
    import imagecodecs

    data = imagecodecs.jpeg2k_encode(
        samples,
        0 if psnr is None else psnr,  # type: ignore[arg-type]  # it takes floats
        codecformat="j2k",
        reversible=psnr is None,
        mct=description.photometric_interpretation == "RGB",
        bitspersample=description.bits_stored,
        numthreads=2 if samples.size >= (_MIDDLING if description.frames == 1 else _LARGE) else 1,
    )
    return bytes(data)


def _of_ratio(samples: NDArray[Any], description: PixelDescription, ratio: float) -> bytes:
    """Encode with the best quality that is small enough: the library knows no ratio, so it is searched for."""
    wanted = samples.nbytes / ratio
    low, high = 10.0, 120.0
    best = _jpeg_2000(samples, description, low)
    for _ in range(8):
        middle = (low + high) / 2
        data = _jpeg_2000(samples, description, middle)
        if len(data) <= wanted:
            low, best = middle, data
        else:
            high = middle
    return best


def _signal_to_noise(samples: NDArray[Any], description: PixelDescription, options: EncodeOptions) -> float:
    """Peak signal to noise in dB: 80 for the range that the samples have at the highest quality, 20 at the lowest.

    Codecs measure by the range that Bits Stored allows, of which a CT of 16 bits uses a sixteenth.
    """
    return 20 + 0.6 * (options.quality or _QUALITY) - 20 * log10(_part_used(samples, description.bits_stored))


def _step(samples: NDArray[Any], options: EncodeOptions) -> float:
    """Quantisation step in parts of the full range: of the used 2^-12 at the highest quality, 2^-2 at the lowest."""
    return float(2 ** -(2 + (options.quality or _QUALITY) / 10) * _part_used(samples, 8 * samples.itemsize))


def _part_used(samples: NDArray[Any], bits: int) -> float:
    used = int(samples.max()) - int(samples.min())
    return min(1.0, max(1, used) / ((1 << bits) - 1))


def _photometric(stream: Jpeg2000Stream, description: PixelDescription) -> str:
    """Name the colours behind the decoder.

    It undoes the component transform that the stream names, and makes RGB of subsampled components.
    """
    photometric = description.photometric_interpretation
    if stream.subsampled or stream.transformed or photometric in ("YBR_RCT", "YBR_ICT"):
        return "RGB" if stream.components == 3 else photometric
    return photometric
