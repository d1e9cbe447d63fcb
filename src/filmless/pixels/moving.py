"""Streams that another transfer syntax can carry: moved, not decoded and encoded."""

from collections.abc import Callable

from filmless.dataset import Dataset
from filmless.errors import CodecError, DicomError
from filmless.pixels.codecs.jpeg_stream import parse_jpeg
from filmless.pixels.decoding import Frames
from filmless.pixels.description import PixelDescription
from filmless.pixels.targets import Row

__all__ = ["mover_of"]

Mover = Callable[[bytes, int], bytes]

# Each stream of the first is one of the second: PS3.5 8.2.1, 8.2.3, 8.2.4, 8.2.14, 8.2.15.
_CARRIED = frozenset(
    {
        ("JPEGLosslessSV1", "JPEGLossless"),
        ("JPEGLSLossless", "JPEGLSNearLossless"),
        ("JPEG2000Lossless", "JPEG2000"),
        ("HTJ2KLossless", "HTJ2K"),
        ("HTJ2KLosslessRPCL", "HTJ2K"),
        ("HTJ2KLosslessRPCL", "HTJ2KLossless"),
        ("JPEGXLLossless", "JPEGXL"),
    }
)
_BASELINE, _RECOMPRESSED = "JPEGBaseline8Bit", "JPEGXLJPEGRecompression"
_START_OF_SCAN = 0xDA


def mover_of(source: Row, target: Row, ds: Dataset, description: PixelDescription) -> Mover | None:
    """Return what makes the target's stream of a source's; nothing when the samples have to be encoded anew.

    DICOM
    -----
    PS3.5 8.2
    """
    pair = (source["keyword"], target["keyword"])
    if pair in _CARRIED:
        return _unchanged
    if pair == (_BASELINE, _RECOMPRESSED):
        return _recompress
    if pair == (_RECOMPRESSED, _BASELINE):
        return _restore
    if pair == ("JPEGLossless", "JPEGLosslessSV1"):
        frames = Frames(ds)
        frames.require(0, description.frames - 1)
        if all(_is_first_order(frames.encoded(frame)) for frame in range(description.frames)):
            return _unchanged
    return None


def _unchanged(stream: bytes, frame: int) -> bytes:
    del frame
    return stream


def _recompress(stream: bytes, frame: int) -> bytes:
    """Recompress a JPEG stream, and see that it comes back bit for bit."""
    from filmless.pixels.codecs.jpeg_xl import recompress_jpeg, restore_jpeg

    try:
        whole = stream[: parse_jpeg(stream).end]  # what follows is padding
    except DicomError as error:
        raise CodecError(error.message, frame=frame) from error
    smaller = recompress_jpeg(whole, frame=frame)
    if restore_jpeg(smaller, frame=frame) != whole:
        raise CodecError("the JPEG stream does not come back from JPEG XL bit for bit", frame=frame)
    return smaller


def _restore(stream: bytes, frame: int) -> bytes:
    from filmless.pixels.codecs.jpeg_xl import restore_jpeg

    return restore_jpeg(stream, frame=frame)


def _is_first_order(stream: bytes) -> bool:
    """Whether every scan predicts a sample from the one before it, as JPEG Lossless SV1 demands."""
    try:
        parsed = parse_jpeg(stream)
    except DicomError:
        return False
    scans = [segment for segment in parsed.segments if segment.marker == _START_OF_SCAN]
    return all(stream[scan.offset + scan.size - 3] == 1 for scan in scans)
