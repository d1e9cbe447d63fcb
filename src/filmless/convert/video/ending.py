"""Whether streams without lengths end with a whole picture: the last ones are decoded where nothing else tells it."""

from typing import Any

import numpy as np

from filmless.convert.video.opening import opened
from filmless.errors import ConversionError

__all__ = ["BARE", "check_last_picture", "says_rate"]

BARE = ("mpegvideo", "h264", "hevc")
"""FFmpeg's formats of streams without a container."""

_SYNC, _PACKET = 0x47, 188
_FILLED = 0x20  # an adaptation field
_FEW = 16  # pictures behind a key picture that may still show something of those before it
# What a whole picture does not read; without start codes.
_MORE = bytes(1 + at * 37 % 255 for at in range(512))
_START_CODES = (b"\0\0\1", b"\0\0\0\1")


def says_rate(container: Any) -> bool:
    """Whether the pictures of a bare stream say how fast they are shown, for which FFmpeg has 25 frames a second."""
    import av

    if container.format.name not in BARE:
        return True
    alone = av.CodecContext.create(container.streams.video[0].codec_context.name, "r")
    for packet in container.demux(container.streams.video[0]):
        if packet.size:
            shown = alone.decode(packet)
            if alone.framerate or shown:
                break
    return bool(alone.framerate)


def check_last_picture(data: bytes, *, always: bool) -> None:
    """Refuse a video of MPEG streams whose last coded picture is cut.

    Parameters
    ----------
    data
        The file.
    always
        Look even where a transport stream shows that its last picture is whole.

    Raises
    ------
    ConversionError
        It is, or it does not decode.
    """
    with opened(data) as container:
        stream = container.streams.video[0]
        form, name = container.format.name, stream.codec_context.codec.canonical_name
        if form not in (*BARE, "mpeg", "mpegts") or name not in ("mpeg2video", "h264", "hevc"):
            return
        if form in BARE and not data[:_FEW].lstrip(b"\0").startswith(b"\1"):
            return  # short transport streams, which FFmpeg takes for bare ones
        if form == "mpegts" and not always and not _may_be_cut(data, stream.id):
            return
        headers = bytes(stream.codec_context.extradata or b"")
        tail: list[bytes] = []
        before: list[bytes] = []
        has_key = False
        for packet in container.demux(stream):
            if packet.size:
                if packet.is_keyframe:
                    before, tail, has_key = tail if has_key else [], [], True
                tail.append(bytes(packet))
    if not has_key:
        return  # nothing says what decodes
    coded = [*before, *tail] if len(tail) < _FEW else tail
    if name == "hevc":
        is_cut = coded[-1].startswith(_START_CODES) and not np.array_equal(
            _last(name, headers, coded), _last(name, headers, [*coded[:-1], coded[-1] + _MORE])
        )
    else:
        is_cut = not _is_sound(name, headers, coded)
    if is_cut:
        raise ConversionError("the video ends early: its last coded picture is cut")


def _may_be_cut(data: bytes, number: int) -> bool:
    """Whether the last packet of a transport stream for the video is full: the last of a picture is filled up."""
    size, start = (_PACKET, 0) if data[:1] == data[_PACKET : _PACKET + 1] == b"\x47" else (_PACKET + 4, 4)
    for at in range(start + (len(data) - start) // size * size - size, -1, -size):
        if data[at] != _SYNC:
            return True
        if int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF == number:
            return not data[at + 3] & _FILLED
    return True


def _decoder(name: str, headers: bytes, **options: str) -> Any:
    import av

    decoder: Any = av.CodecContext.create(name, "r")
    decoder.thread_type = "NONE"
    decoder.extradata = headers or None
    decoder.options = options
    return decoder


def _last(name: str, headers: bytes, coded: list[bytes]) -> Any:
    """Return the samples of the picture that was coded last.

    FFmpeg shows what it has of a cut picture of HEVC without a word. But its end then follows from what comes behind.
    """
    import av

    decoder, found = _decoder(name, headers), None
    for number, data in enumerate([*coded, None]):
        packet = None if data is None else av.Packet(data)
        if packet is not None:
            packet.pts = number
        try:
            for frame in decoder.decode(packet):
                if frame.pts == len(coded) - 1:
                    found = frame.to_ndarray()
        except av.FFmpegError:
            continue
    return found


def _is_sound(name: str, headers: bytes, coded: list[bytes]) -> bool:
    """Whether the last picture decodes without an error."""
    import av

    decoder = _decoder(name, headers, err_detect="explode")
    for number, data in enumerate([*coded, None]):
        packet = None if data is None else av.Packet(data)
        if packet is not None:
            packet.pts = number
        try:
            frames = decoder.decode(packet)
        except av.FFmpegError:
            if number >= len(coded) - 1:
                return False
            continue
        if any(frame.is_corrupt and frame.pts is not None and frame.pts >= len(coded) - 2 for frame in frames):
            return False
    return True
