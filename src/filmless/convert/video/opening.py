"""A video opened by FFmpeg in PyAV (extra ``video``), and what its packets say; it opens no other file or address."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from filmless.convert.formats import WINDOWS_MEDIA
from filmless.convert.video.parameters import Field, StreamParameters, field_of
from filmless.errors import ConversionError

__all__ = [
    "Packets",
    "check_end",
    "fields_joined",
    "frame_times_ms",
    "has_unread_boxes",
    "opened",
    "reason_of",
    "walked",
]

# Of FFmpeg's formats those that hold video and name no other file.
_FORMATS = "mov,matroska,mpegts,mpeg,mpegvideo,h264,hevc,avi,asf"
_MOST_FRAMES = 1 << 24
_MOST_BOXES = 1 << 16
_OUTERMOST = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"mfra", b"sidx", b"free", b"skip", b"wide"})
_PACK, _END, _FIRST_WITH_LENGTH = 0xBA, 0xB9, 0xBB
_READ_USER_DATA = frozenset({b"meta", b"free", b"skip"})


class Packets(NamedTuple):
    """The coded pictures of a video.

    Attributes
    ----------
    number
        How many are shown.
    first
        The first.
    times
        When each is shown, in the order of time and in parts of a second; empty when that is not known.
    """

    number: int
    first: bytes
    times: tuple[Fraction, ...]


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    """Open a video; what goes wrong with it until it is closed is a ConversionError.

    Raises
    ------
    ConversionError
        PyAV is not installed, or the video is damaged.
    """
    try:
        import av
    except ImportError as error:
        raise ConversionError("video needs PyAV, which is not installed", hint="pip install filmless[video]") from error
    try:
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
        with av.open(io.BytesIO(data), "r", options=options) as container:
            if not container.streams.video:
                raise ConversionError("the video holds no pictures")
            if container.streams.video[0].codec_context is None:
                raise ConversionError("the video is coded in a way that FFmpeg does not know")
            yield container
    except (av.FFmpegError, ValueError) as error:
        raise ConversionError(f"the video is damaged or of a kind that is not converted: {reason_of(error)}") from error


def check_end(data: bytes) -> None:
    """Refuse a file that ends before what its outermost parts announce; FFmpeg reads on in silence.

    Raises
    ------
    ConversionError
        It does: boxes of MP4, the segment of Matroska, the list of AVI, the data of Windows Media, or a packet of a
        programme or transport stream is cut.
    """
    if data[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        announced = _end_of_boxes(data)
    elif data.startswith(b"\x1a\x45\xdf\xa3"):
        announced = _end_of_segment(data)
    elif data.startswith(WINDOWS_MEDIA):
        announced = _end_of_objects(data)
    elif data.startswith(b"RIFF"):
        announced = 8 + int.from_bytes(data[4:8], "little")
    elif data.startswith(b"\0\0\1\xba"):
        announced = _end_of_packs(data)
    elif data[:1] == data[188:189] == b"\x47":
        announced = -(-len(data) // 188) * 188
    else:
        return
    if announced > len(data):
        raise ConversionError(f"the video ends early: it has {len(data)} bytes, expected {announced} at least")


def _end_of_boxes(data: bytes) -> int:
    return max((end for _, _, end in _boxes(data, 0, len(data))), default=0)


def _boxes(data: bytes, position: int, limit: int) -> Iterator[tuple[bytes, int, int]]:
    """Give the kind of each box of MP4, where its content begins, and where it ends, which can be behind the limit."""
    for _ in range(_MOST_BOXES):
        if position + 8 > limit:
            return
        size, start = int.from_bytes(data[position : position + 4], "big"), position + 8
        if size == 1:
            size, start = int.from_bytes(data[start : start + 8], "big"), start + 8
        end = position + size if size >= 8 else limit  # 0: to the end
        yield data[position + 4 : position + 8], start, end
        position = end


def has_unread_boxes(data: bytes) -> bool:
    """Whether an MP4 has boxes that are no part of the video and that FFmpeg does not read: XMP, filling with text."""
    if data[4:8] != b"ftyp":
        return False
    outermost = list(_boxes(data, 0, len(data)))
    movies = [box for whole in outermost if whole[0] == b"moov" for box in _within(data, whole)]
    tracks = [box for track in movies if track[0] == b"trak" for box in _within(data, track)]
    user_data = [box for own in (*movies, *tracks) if own[0] == b"udta" for box in _within(data, own)]
    return (
        any(kind not in _OUTERMOST for kind, _, _ in outermost)
        or any(kind not in _READ_USER_DATA for kind, _, _ in user_data)
        or any(kind == b"uuid" for kind, _, _ in (*movies, *tracks))
        or any(
            kind in (b"free", b"skip") and data[start:end].strip(b"\0")
            for kind, start, end in (*outermost, *movies, *tracks, *user_data)
        )
    )


def _within(data: bytes, box: tuple[bytes, int, int]) -> Iterator[tuple[bytes, int, int]]:
    return _boxes(data, box[1], min(box[2], len(data)))


def _end_of_segment(data: bytes) -> int:
    """Read the sizes of the two elements of a Matroska file (RFC 8794 4); all ones say that nobody knows."""
    position = 0
    for _ in range(2):
        position += 4
        first = data[position : position + 1] or b"\xff"
        width = 9 - first[0].bit_length()
        size = int.from_bytes(data[position : position + width], "big") & ((1 << 7 * width) - 1)
        position += width
        if size == (1 << 7 * width) - 1:
            return position
        position += size
    return position


def _end_of_objects(data: bytes) -> int:
    """Read the sizes of the header and of the data of Windows Media; less than its own head says that nobody knows."""
    position = 0
    for _ in range(2):
        size = int.from_bytes(data[position + 16 : position + 24], "little")
        if size < 24:
            return position
        position += size
    return position


def _end_of_packs(data: bytes) -> int:
    """Return where the last packet of an MPEG programme stream ends as it announces (ISO/IEC 13818-1 2.5.3)."""
    position = 0
    while position + 6 <= len(data):
        code = data[position + 3]
        if data[position : position + 3] != b"\0\0\1" or code < _END:
            position = data.find(b"\0\0\1", position + 1)
            if position < 0:
                break
        elif code == _END:
            position += 4
        elif code == _PACK:
            is_mpeg_2 = data[position + 4] >> 6 == 1
            stuffing = data[position + 13] & 7 if position + 13 < len(data) else 0
            position += 14 + stuffing if is_mpeg_2 else 12
        elif code >= _FIRST_WITH_LENGTH:
            position += 6 + int.from_bytes(data[position + 4 : position + 6], "big")
    return position


def reason_of(error: Exception) -> str:
    """Say what FFmpeg says."""
    return getattr(error, "strerror", None) or type(error).__name__


def walked(container: Any) -> Packets:
    """Walk all packets of the first video, without decoding one.

    Raises
    ------
    ConversionError
        A packet is cut, or there are fewer than the index of the file has.
    """
    stream = container.streams.video[0]
    count, found, first, times = 0, 0, b"", list[Fraction | None]()
    for packet in container.demux(stream):
        if packet.size == 0:
            continue
        if packet.is_corrupt:
            raise ConversionError("the video ends early or is damaged: a coded picture is cut")
        first = first or bytes(packet)
        found += 1
        if packet.is_discard:
            continue
        count += 1
        if count > _MOST_FRAMES:
            raise ConversionError(f"the video has more than {_MOST_FRAMES} frames")
        times.append(None if packet.pts is None else packet.pts * packet.time_base)
    if found == 0:
        raise ConversionError("the video holds no pictures")
    if found < stream.frames:
        raise ConversionError(f"the video ends early: it has {found} of {stream.frames} frames")
    known = [time for time in times if time is not None]
    return Packets(count, first, tuple(sorted(known)) if len(known) == count else ())


def fields_joined(container: Any, parameters: StreamParameters) -> tuple[int, tuple[Fraction, ...]]:
    """Count frames where fields of H.264 are coded apart, each pair of them one.

    Returns
    -------
    tuple
        How many frames are shown, and when.
    """
    times: list[Fraction | None] = []
    first: Field | None = None
    for packet in container.demux(container.streams.video[0]):
        if packet.size == 0 or packet.is_discard:
            continue
        field = field_of(bytes(packet), parameters)
        if field is not None and first is not None and field == first._replace(is_bottom=not first.is_bottom):
            first = None
            continue
        first = field
        times.append(None if packet.pts is None else packet.pts * packet.time_base)
    known = [time for time in times if time is not None]
    return len(times), tuple(sorted(known)) if len(known) == len(times) else ()


def frame_times_ms(times: tuple[Fraction, ...], rate: Fraction | None, count: int) -> tuple[float, ...]:
    """Return how long each frame is shown; the last as long as the one before.

    Times of a file are rounded, to a millisecond in Matroska. Where they are those of an even rate, that counts.

    Parameters
    ----------
    times
        When each is shown, in parts of a second.
    rate
        What the file says, in frames a second.
    count
        How many frames there are.
    """
    even = (1000 / float(rate),) * count if rate else ()
    if len(times) != count or count < 2:
        return even
    slack = Fraction(1, 900)
    if rate and all(abs(time - times[0] - number / rate) <= slack for number, time in enumerate(times)):
        return even
    steps = [float(after - before) * 1000 for before, after in pairwise(times)]
    return (*steps, steps[-1])
