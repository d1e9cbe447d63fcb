"""MP4: H.264, which every program plays, by FFmpeg's x264 in PyAV (extra ``video``)."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from filmless.convert.out.options import Job
from filmless.convert.out.source import PictureSource, checked_number
from filmless.convert.out.timing import durations_ms, in_ticks
from filmless.errors import ConversionError, UnsupportedError

__all__ = ["write"]

_TICKS_PER_MS = 90
_QUALITY = 65  # CRF 18, which looks like the original
_MOST_SIDE = 16384 - 32  # of x264
_BT709 = 1
_LIMITED = 1


def write(job: Job, out: BinaryIO) -> None:
    """Write a video of H.264, 8 bits, chroma halved both ways (yuv420p), with the times of its frames.

    Odd sides are made even by repeating the last row or column. ``quality`` from 1 to 100 is a CRF from 51 to 1.
    """
    quality = checked_number(job, "quality", _QUALITY, range(1, 101), "MP4")
    try:
        import av
    except ImportError as error:
        message = "MP4 needs PyAV, which is not installed"
        raise UnsupportedError(message, feature="video", hint="pip install filmless[video]") from error
    durations = durations_ms(job)
    source = PictureSource(job)
    if source.frames.is_stream:
        job.notice("encoded-again", "the video was decoded and encoded again: `streams` gives it as it is")
    try:
        with av.open(out, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
            _write_frames(container, job, source, durations, crf=max(1, round(51 * (100 - quality) / 100)))
    except av.FFmpegError as error:
        if isinstance(error, OSError):  # a full disk, say
            raise
        raise ConversionError(f"the video is not encoded: {error.strerror}") from error


def _write_frames(container: Any, job: Job, source: PictureSource, durations: list[float], crf: int) -> None:
    rate = Fraction(1000 * len(durations) / sum(durations)).limit_denominator(1001)
    stream = container.add_stream("libx264", rate=rate)
    context = stream.codec_context
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, 1000 * _TICKS_PER_MS)
    context.color_range, context.colorspace = _LIMITED, _BT709
    context.color_primaries = context.color_trc = _BT709
    context.options = {"crf": str(crf), "x264-params": "log-level=none"}
    context.flags |= 1 << 23  # bit-exact: no name and version of the encoder
    context.thread_count = job.options.get("threads") or 0
    lengths: dict[int, int] = {}

    def mux(packets: Iterable[Any]) -> None:
        for packet in packets:
            packet.duration = lengths.pop(packet.pts)  # the encoder would make up that of the last
            container.mux(packet)

    shown = 0
    for (_, frame), ticks in zip(source.encoded(_frame), in_ticks(durations, _TICKS_PER_MS), strict=True):
        if not shown:
            context.width, context.height = frame.width, frame.height
        frame.pts, frame.time_base, lengths[shown] = shown, context.time_base, ticks
        shown += ticks
        mux(stream.encode(frame))
    mux(stream.encode(None))


def _frame(picture: NDArray[np.uint8]) -> Any:
    """Make a picture a frame of even sides, luminance and halved chrominances, in the range of video."""
    import av

    rows, columns = picture.shape[:2]
    if max(rows, columns) > _MOST_SIDE:
        raise ConversionError(f"an MP4 has at most {_MOST_SIDE} rows and columns", hint="tiff, or `size`")
    even = np.pad(picture, ((0, rows % 2), (0, columns % 2), (0, 0))[: picture.ndim], mode="edge")
    if picture.ndim == 3:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="rgb24")
        return frame.reformat(format="yuv420p", dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG")
    # Grey needs no more than its range made that of video.
    luminance = (16 + (even.astype(np.uint32) * 219 + 127) // 255).astype(np.uint8)
    chrominance = np.full((even.shape[0] // 2, even.shape[1]), 128, np.uint8)
    return av.VideoFrame.from_ndarray(np.concatenate([luminance, chrominance]), format="yuv420p")
