"""Compresses frames with the codec libraries themselves, so that no contender makes the files it is measured on."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import encode

BITS_STORED = 12
Samples = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class Syntax:
    """A transfer syntax that is measured: how it is called in the table, and what a frame of it is made by."""

    title: str
    uid: str
    compress: Callable[[Samples], bytes] | None
    bits: int = BITS_STORED
    lossless: bool = True


def _jpeg(samples: Samples, bits: int) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpeg8_encode(samples, 90, bitspersample=bits, colorspace="GRAYSCALE"))


def _jpeg_lossless(samples: Samples) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpeg8_encode(samples, lossless=True, predictor=1, bitspersample=BITS_STORED))


def _jpeg_ls(samples: Samples) -> bytes:
    # imagecodecs would write a precision of 16.
    import jpeg_ls

    rows, columns = samples.shape
    return bytes(jpeg_ls.encode_buffer(samples.tobytes(), rows, columns, 1, BITS_STORED, lossy_error=0))


def _jpeg_2000(samples: Samples) -> bytes:
    import imagecodecs

    return bytes(
        imagecodecs.jpeg2k_encode(samples, level=0, codecformat="j2k", reversible=True, bitspersample=BITS_STORED)
    )


def _htj2k(samples: Samples) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.htj2k_encode(samples, reversible=True))


def _jpeg_xl(samples: Samples) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpegxl_encode(samples, lossless=True, effort=3, usecontainer=False))


def _deflated(samples: Samples) -> bytes:
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    return deflate.compress(samples.astype("<u2").tobytes()) + deflate.flush()


def _rle(samples: Samples) -> bytes:
    """PS3.5 G: a segment for the high bytes and one for the low ones, each row coded by itself."""
    high, low = (samples >> 8).astype(np.uint8), (samples & 0xFF).astype(np.uint8)
    first, second = _packed(high), _packed(low)
    return struct.pack("<16I", 2, 64, 64 + len(first), *[0] * 13) + first + second


def _packed(plane: NDArray[np.uint8]) -> bytes:
    out = b"".join(_packed_row(row) for row in plane)
    return out + b"\0" * (len(out) % 2)


def _packed_row(row: NDArray[np.uint8]) -> bytes:
    """PackBits: runs of three and more are repeated, everything between them is copied."""
    content, out, pending = row.tobytes(), bytearray(), 0
    ends = np.append(np.flatnonzero(np.diff(row)) + 1, len(row))
    lengths = np.diff(ends, prepend=0)
    long = lengths >= 3
    for start, end in zip((ends - lengths)[long].tolist(), ends[long].tolist(), strict=True):
        _copy(content[pending:start], out)
        for position in range(start, end, 128):
            length = min(128, end - position)
            if length == 1:
                out += bytes((0, content[position]))
            else:
                out += bytes((257 - length, content[position]))
        pending = end
    _copy(content[pending:], out)
    return bytes(out)


def _copy(content: bytes, out: bytearray) -> None:
    for position in range(0, len(content), 128):
        piece = content[position : position + 128]
        out.append(len(piece) - 1)
        out += piece


NATIVE = Syntax("native", encode.EXPLICIT_LITTLE, None)
RLE = Syntax("RLE", "1.2.840.10008.1.2.5", _rle)
JPEG_LOSSLESS = Syntax("JPEG lossless", "1.2.840.10008.1.2.4.70", _jpeg_lossless)
JPEG_12 = Syntax("JPEG 12 bits", "1.2.840.10008.1.2.4.51", lambda samples: _jpeg(samples, 12), lossless=False)
JPEG_8 = Syntax("JPEG 8 bits", "1.2.840.10008.1.2.4.50", lambda samples: _jpeg(samples, 8), 8, lossless=False)
JPEG_LS = Syntax("JPEG-LS", "1.2.840.10008.1.2.4.80", _jpeg_ls)
JPEG_2000 = Syntax("JPEG 2000", "1.2.840.10008.1.2.4.90", _jpeg_2000)
HTJ2K = Syntax("HTJ2K", "1.2.840.10008.1.2.4.201", _htj2k)
JPEG_XL = Syntax("JPEG XL", "1.2.840.10008.1.2.4.110", _jpeg_xl)
DEFLATED_FRAME = Syntax("deflated frame", "1.2.840.10008.1.2.8.1", _deflated)
SYNTAXES = (NATIVE, RLE, JPEG_LOSSLESS, JPEG_12, JPEG_8, JPEG_LS, JPEG_2000, HTJ2K, JPEG_XL, DEFLATED_FRAME)
