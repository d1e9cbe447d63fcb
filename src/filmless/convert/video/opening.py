"""A video opened by FFmpeg in PyAV (extra ``video``), and what its packets say; it opens no other file or address."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from filmless.errors import ConversionError

__all__ = ["Packets", "frame_times_ms", "opened", "reason_of", "walked"]

# Of FFmpeg's formats those that hold video and name no other file.
_FORMATS = "mov,matroska,mpegts,mpeg,mpegvideo,h264,hevc,avi"
_MOST_FRAMES = 1 << 24


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
            yield container
    except (av.FFmpegError, ValueError) as error:
        raise ConversionError(f"the video is damaged or of a kind that is not converted: {reason_of(error)}") from error


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
