"""Compressed frames and videos as they are stored, bit for bit."""

from typing import BinaryIO

from filmless.convert.out.options import Job
from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.pixels.decoding import Frames, frames
from filmless.pixels.description import described

__all__ = ["suffix_of", "write"]

_SUFFIXES = {
    "jpeg": ".jpg",
    "jpeg-lossless": ".jpg",
    "jpeg-ls": ".jls",
    "jpeg-2000": ".j2k",
    "htj2k": ".j2k",
    "jpeg-xl": ".jxl",
}
_END_OF_IMAGE = b"\xff\xd9"
_JP2 = b"\0\0\0\x0cjP  "
_HEVC = "1.2.840.10008.1.2.4.107", "1.2.840.10008.1.2.4.108"
_PACKET = 188  # bytes of an MPEG transport stream


def suffix_of(ds: Dataset, frame: int) -> str:
    """Return the suffix of what the stream of a frame is.

    Raises
    ------
    ConversionError
        Pixels are not compressed, or by a method that no file format has.
    """
    return _suffix(ds, _stream(ds, frame, None))


def write(job: Job, out: BinaryIO) -> None:
    """Write the stream of a frame, or the video of all; without the byte that pads it to an even length.

    DICOM
    -----
    PS3.5 8.2, A.4
    """
    stream = _stream(job.ds, job.frames[0], job.opened)
    out.write(_unpadded(stream, _suffix(job.ds, stream)))


def _stream(ds: Dataset, frame: int, opened: Frames | None) -> bytes:
    source = frames(ds, as_rgb=False) if opened is None else opened
    _, stored = described(ds)
    if not (source.is_encapsulated and (stored.family in _SUFFIXES or stored.family == "video")):
        known = {"native": "are not compressed", "rle": "are compressed by RLE, which no file format has"}
        family = stored.family if source.is_encapsulated else "native"
        what = known.get(family or "", "are in a transfer syntax without a stream of its own for each frame")
        raise ConversionError(f"pixels {what}", tag=stored.tag, hint="raw, npy or tiff have the samples")
    source.check(frame)
    return source.encoded(frame)


def _suffix(ds: Dataset, stream: bytes) -> str:
    description, stored = described(ds)
    if stored.family != "video":
        is_file = stored.family in ("jpeg-2000", "htj2k") and stream.startswith(_JP2)
        return ".jp2" if is_file else _SUFFIXES[str(stored.family)]
    if stream[4:8] in (b"ftyp", b"moov", b"mdat", b"styp"):
        return ".mp4"
    if stream[:1] == b"\x47" and stream[_PACKET : _PACKET + 1] in (b"\x47", b""):
        return ".ts"
    if stream.startswith((b"\0\0\1\xba", b"\0\0\1\xb3")):
        return ".mpg"
    return ".h265" if description.transfer_syntax in _HEVC else ".h264"


def _unpadded(stream: bytes, suffix: str) -> bytes:
    """Leave out a last byte of zero that is no part of the stream."""
    if not stream.endswith(b"\0"):
        return stream
    if suffix in (".jpg", ".jls", ".j2k"):
        padded = stream[-3:-1] == _END_OF_IMAGE
    elif suffix in (".mp4", ".jp2", ".jxl"):
        padded = _end_of_boxes(stream) == len(stream) - 1
    else:
        padded = False
    return stream[:-1] if padded else stream


def _end_of_boxes(stream: bytes) -> int:
    """Return where the boxes of a file of them end (ISO/IEC 14496-12 4.2); 0 when it is none."""
    place = 0
    while place + 8 <= len(stream):
        size = int.from_bytes(stream[place : place + 4], "big")
        if size == 1:
            size = int.from_bytes(stream[place + 8 : place + 16], "big")
        if size < 8 or place + size > len(stream):
            return 0
        place += size
    return place
