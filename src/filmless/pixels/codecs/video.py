"""MPEG-2, MPEG-4 and HEVC: all frames are one stream, decoded by FFmpeg in PyAV (extra ``video``)."""

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless.errors import CodecError, GeometryError, UnsupportedError
from filmless.pixels.codecs import Decoded
from filmless.pixels.description import PixelDescription

__all__ = ["VideoStream", "decode_frame", "open_stream"]

# What DICOM puts into video transfer syntaxes. Other formats of FFmpeg name files and addresses that it would open.
_FORMATS = "mpegvideo,h264,hevc,mov,mpegts,mpeg"
_HIGH_DEFINITION = 720  # rows from which colours are those of ITU-R BT.709 when the stream says nothing
_UNSPECIFIED = 2
_KEPT_BYTES = 64 << 20


def decode_frame(
    data: bytes | memoryview, description: PixelDescription, frame: int, out: NDArray[Any] | None = None
) -> Decoded:
    """Decode one frame of a whole stream; see `open_stream` for more than one.

    DICOM
    -----
    PS3.5 8.2.5 to 8.2.8
    """
    return open_stream(data, description).decode_frame(frame, out)


def open_stream(data: bytes | memoryview, description: PixelDescription) -> "VideoStream":
    """Open a stream of all frames.

    Parameters
    ----------
    data
        The fragments, put together.
    description
        What the data set says of it.

    Raises
    ------
    UnsupportedError
        PyAV is not installed.

    DICOM
    -----
    PS3.5 8.2.5 to 8.2.8, A.4.5 to A.4.10
    """
    try:
        import av  # noqa: F401
    except ImportError as error:
        raise UnsupportedError(
            "video needs PyAV, which is not installed",
            feature="video",
            uid=description.transfer_syntax,
            hint="pip install filmless[video]",
        ) from error
    return VideoStream(data, description)


class VideoStream:
    """A decoder that stands somewhere in a stream: what follows costs a frame, what lies before begins anew.

    Safe in many threads, which wait for each other; frames that threads ask for in a slightly different order than
    that of time were kept.

    DICOM
    -----
    PS3.5 8.2.5 to 8.2.8
    """

    def __init__(self, data: bytes | memoryview, description: PixelDescription) -> None:
        self._data, self._description = data, description
        self._lock = threading.Lock()
        self._frames: Iterator[Any] = iter(())
        self._next = 0
        self._kept: OrderedDict[int, NDArray[Any]] = OrderedDict()
        self._most = max(4, min(32, _KEPT_BYTES // max(1, description.decoded_bytes)))
        self._is_open = False

    def decode_frame(self, frame: int, out: NDArray[Any] | None = None) -> Decoded:
        """Decode a frame, to RGB or grey.

        Raises
        ------
        CodecError
            The stream is damaged there or before, or ends before it.
        GeometryError
            Its size is not the data set's.
        """
        import av

        del out  # the frame is kept for a thread that comes late
        with self._lock:
            try:
                samples = self._at(frame)
            except (av.FFmpegError, ValueError) as error:
                self._is_open = False
                raise CodecError(f"video stream does not decode: {_reason(error)}", frame=frame) from error
            photometric = "RGB" if self._description.samples == 3 else self._description.photometric_interpretation
            return Decoded(samples.copy(), photometric)

    def _at(self, frame: int) -> NDArray[Any]:
        if frame in self._kept:
            return self._kept[frame]
        if not self._is_open or frame < self._next:
            self._frames, self._next, self._is_open = self._open(frame), 0, True
        while True:
            decoded = next(self._frames, None)
            if decoded is None:
                self._is_open = False
                raise CodecError(f"video stream has {self._next} frames", frame=frame)
            number, self._next = self._next, self._next + 1
            if number == frame and decoded.is_corrupt:
                raise CodecError("video stream is damaged in the frame", frame=frame)
            if number > frame - self._most:  # converting costs as much as decoding: not what nobody asked for
                self._keep(number, self._convert(decoded, number))
            if number == frame:
                return self._kept[frame]

    def _keep(self, number: int, samples: NDArray[Any]) -> None:
        self._kept[number] = samples
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def _open(self, frame: int) -> Iterator[Any]:
        import av

        options = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}
        container = av.open(io.BytesIO(self._data), "r", options=options)
        if not container.streams.video:
            raise CodecError("video stream holds no pictures", frame=frame)
        stream = container.streams.video[0]
        size = (stream.codec_context.height, stream.codec_context.width)
        if size != (self._description.rows, self._description.columns):
            expected = (self._description.rows, self._description.columns)
            message = f"video stream has rows and columns {size}, expected {expected} of the data set"
            raise GeometryError(message, frame=frame, uid=self._description.transfer_syntax)
        stream.thread_type = "AUTO"
        return container.decode(stream)

    def _convert(self, decoded: Any, number: int) -> NDArray[Any]:
        """Make RGB or grey of a picture, of the depth of the data set; colours as the stream says they are."""
        description = self._description
        if (decoded.height, decoded.width) != (description.rows, description.columns):
            raise GeometryError("video stream changes its size", frame=number, uid=description.transfer_syntax)
        deep = description.dtype.itemsize > 1
        form = ("gray16le" if deep else "gray") if description.samples == 1 else "rgb48le" if deep else "rgb24"
        space = None
        if decoded.colorspace == _UNSPECIFIED:
            space = "ITU709" if description.rows >= _HIGH_DEFINITION else "ITU601"
        samples = decoded.reformat(format=form, src_colorspace=space).to_ndarray()
        if deep:
            samples >>= 16 - description.bits_stored
        return np.ascontiguousarray(samples).astype(description.dtype, copy=False)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
