"""Video: what a transfer syntax carries goes in bit for bit, the rest becomes frames."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from filmless.convert.content import Content, Picture, Resolution, Stream, check_size
from filmless.convert.options import ReadOptions
from filmless.convert.video.decoding import count_by_decoding, decode_video
from filmless.convert.video.ending import BARE, check_last_picture, says_rate
from filmless.convert.video.motion_jpeg import motion_jpeg
from filmless.convert.video.opening import (
    Packets,
    check_end,
    fields_joined,
    frame_times_ms,
    has_unread_boxes,
    opened,
    walked,
)
from filmless.convert.video.parameters import StreamParameters, parameters_of
from filmless.convert.video.remuxing import remuxed
from filmless.convert.video.syntaxes import Allowed, VideoFacts, allowed_by, is_audio_allowed
from filmless.errors import ConversionError
from filmless.pixels.encapsulation import LONGEST_FRAGMENT

__all__ = ["read"]

_QUICKTIME = b"qt  "
_TRANSPORT_PACKET = 188
_GUESS = ": 25 a second are assumed, unless FrameTime is given"
_METHODS = {"mpeg1video": "ISO_11172_2", "mpeg2video": "ISO_13818_2", "mpeg4": "ISO_14496_2", "h264": "ISO_14496_10"}
_METHODS |= {"hevc": "ISO_23008_2", "mjpeg": "ISO_10918_1"}
_LOSSLESS = frozenset({"ffv1", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "png", "qtrle", "magicyuv"})
# What FFmpeg and every writer put into a file, and says nothing of who is in it.
_TECHNICAL = frozenset({
    "major_brand", "minor_version", "compatible_brands", "encoder", "software", "language", "handler_name", "vendor_id",
    "duration", "variant_bitrate", "bps", "number_of_frames", "number_of_bytes", "timecode", "service_name",
    "service_provider", "id3v2_priv.com.apple.streaming.transportstreamtimestamp",
})  # fmt: skip


def read(data: bytes, options: ReadOptions) -> list[Content]:
    """Read a video.

    MPEG-2, H.264 and HEVC of the profiles and levels of the video transfer syntaxes go in as the file is when its
    container may; else their coded pictures are moved into one that may, each bit for bit. Motion JPEG becomes frames
    of JPEG. Everything else is decoded, within ``options.max_pixels``.

    Raises
    ------
    ConversionError
        PyAV is not installed (``pip install filmless[video]``); or the video is damaged or ends early.
    LimitError
        Decoded, it has more pixels than ``options.max_pixels``.

    DICOM
    -----
    PS3.5 8.2.5 to 8.2.12
    """
    check_end(data)
    with opened(data) as container:
        stream = container.streams.video[0]
        check_size(stream.codec_context.width, stream.codec_context.height, options.max_pixels)
        rate = _rate(stream)
        facts = _facts(stream, rate)
        headers = bytes(stream.codec_context.extradata or b"")
        packets = walked(container)
    check_last_picture(data, always=options.verify)
    with opened(data) as container:
        is_guess = not says_rate(container)
    if rate is None or is_guess:
        options.notice(
            "no-frame-rate", f"the video does not say how fast its frames are shown{_GUESS if is_guess else ''}"
        )
    with opened(data) as container:
        _tell(container, options)
    parameters = parameters_of(facts.codec, headers, packets.first)
    allowed = allowed_by(facts, parameters)
    if isinstance(allowed, Allowed):
        return [_as_it_is(data, facts, parameters, allowed, packets, rate, options)]
    if facts.codec == "mjpeg":
        with opened(data) as container:
            picture = motion_jpeg(container, options)
        if picture is not None:
            return _frames_of(_with_times(picture, packets.times, rate), options)
    options.notice("decoded", f"the frames of the video are stored uncompressed: {allowed}")
    decoded = decode_video(data, packets.number, options)
    lossy: dict[str, Any] = {}
    if facts.codec not in _LOSSLESS:
        lossy = {"lossy_bytes": len(data), "lossy_method": _METHODS.get(facts.codec, facts.codec.upper())}
    picture = Picture.of_frames(decoded.frames, decoded.bits, resolution=_aspect(facts, data), **lossy)
    return _frames_of(_with_times(picture, decoded.times or packets.times, rate), options)


def _frames_of(picture: Picture, options: ReadOptions) -> list[Content]:
    """Return the picture, or one of each of its frames when they are asked for apart."""
    return [*picture.apart()] if options.apart else [picture]


def _facts(stream: Any, rate: Fraction | None) -> VideoFacts:
    context = stream.codec_context
    aspect = stream.sample_aspect_ratio
    return VideoFacts(
        codec=context.codec.canonical_name,
        pixel_format=context.pix_fmt or "",
        rows=context.height,
        columns=context.width,
        rate=float(rate or 0),
        is_square=not aspect or aspect == 1,
    )


def _rate(stream: Any) -> Fraction | None:
    """Return frames in a second, as the file says it, or else the stream: the average of bare streams is FFmpeg's."""
    average = stream.average_rate if stream.container.format.name not in BARE else None
    for rate in (average, stream.codec_context.framerate, stream.guessed_rate, stream.average_rate):
        if rate and 0 < rate <= 1000:
            return Fraction(rate)
    return None


def _tell(container: Any, options: ReadOptions) -> None:
    """Tell what will be lost or not be seen."""
    if len(container.streams.video) > 1:
        options.notice("further-pictures", "the file holds more videos: its first is converted")
    first = next(container.decode(container.streams.video[0]), None)
    if first is not None and first.rotation:
        options.notice("rotation", "the video is to be shown turned, which DICOM cannot say: it stays as it is coded")


def _as_it_is(
    data: bytes,
    facts: VideoFacts,
    parameters: StreamParameters | None,
    allowed: Allowed,
    packets: Packets,
    rate: Fraction | None,
    options: ReadOptions,
) -> Picture:
    if facts.codec == "h264" and parameters is not None and not parameters.progressive:
        with opened(data) as container:
            count, times = fields_joined(container, parameters)
        if count < packets.number and len(times) > 1 and times[-1] > times[0]:
            rate = (count - 1) / (times[-1] - times[0])  # what the file says may be of fields
        packets = packets._replace(number=count, times=times)
    if options.verify and (found := count_by_decoding(data)) != packets.number:
        raise ConversionError(f"the video has {packets.number} coded frames, of which {found} decode")
    coded = _in_container(data, facts, allowed, rate, options)
    syntax = allowed.transfer_syntax
    if len(coded) > LONGEST_FRAGMENT and facts.codec != "hevc":
        syntax += ".1"  # the same, in more than one fragment
    picture = Picture(
        rows=facts.rows,
        columns=facts.columns,
        samples=3,
        frames=packets.number,
        bits_allocated=8 if allowed.bits_stored == 8 else 16,
        bits_stored=allowed.bits_stored,
        photometric_interpretation="YBR_PARTIAL_420",
        stream=Stream(syntax, (coded,), allowed.lossy_method),
        facts={"StereoPairsPresent": "YES"} if allowed.stereo else {},
    )
    return _with_times(picture, packets.times, rate)


def _in_container(
    data: bytes, facts: VideoFacts, allowed: Allowed, rate: Fraction | None, options: ReadOptions
) -> bytes:
    """Return the file as it is when its container and all it holds may be in Pixel Data, else a new one."""
    with opened(data) as container:
        name = _container(data, container.format.name)
        sound = container.streams.audio
        others = len(container.streams) - 1 - len(sound)
        target = name if name in allowed.containers else allowed.containers[0]

        def goes(track: Any, into: str) -> bool:
            context = track.codec_context
            return context is not None and is_audio_allowed(
                context.name, context.sample_rate, context.channels, video=facts.codec, container=into
            )

        stays = len(sound) <= 1 and all(goes(track, name) for track in sound)
        metadata = _has_metadata(container) or has_unread_boxes(data)
        if name in allowed.containers and stays and not others and not (metadata and options.strip_metadata):
            if metadata:
                options.notice("embedded-metadata", "the video keeps its metadata, which can hold a place and a name")
            return data
        if target not in ("mp4", "mpegts"):
            target = "mpegts"
        with_sound = bool(sound) and goes(sound[0], target)
    if sound and not (with_sound and len(sound) == 1):
        options.notice("audio-left-out", "the video has sound that its transfer syntax does not allow: it is left out")
    options.notice("remuxed", f"the coded frames are moved into a new file of kind {target}, each bit for bit")
    return remuxed(data, target, rate=rate, audio=with_sound)


def _container(data: bytes, name: str) -> str:
    """Name the container as `Allowed` does; QuickTime and transport streams with time codes are others."""
    if name.startswith("mov"):
        return "mp4" if data[4:8] == b"ftyp" and data[8:12] != _QUICKTIME else "mov"
    if name == "mpegts":
        return name if data[:1] == b"\x47" == data[_TRANSPORT_PACKET : _TRANSPORT_PACKET + 1] else "m2ts"
    return name


def _has_metadata(container: Any) -> bool:
    tables = [container.metadata, *(stream.metadata for stream in container.streams)]
    return any(key.lower() not in _TECHNICAL for table in tables for key in table)


def _aspect(facts: VideoFacts, data: bytes) -> Resolution | None:
    if facts.is_square:
        return None
    with opened(data) as container:
        aspect = container.streams.video[0].sample_aspect_ratio
    return Resolution(float(aspect.denominator), float(aspect.numerator), absolute=False)


def _with_times(picture: Picture, times: tuple[Fraction, ...], rate: Fraction | None) -> Picture:
    shown = frame_times_ms(times, rate, picture.frames)
    facts = dict(picture.facts)
    if len(set(shown)) == 1:
        facts["FrameTime"] = f"{shown[0]:.10g}"  # from which Cine Rate follows
    elif rate and rate >= 1:
        facts |= {"CineRate": round(rate), "RecommendedDisplayFrameRate": round(rate)}
    return replace(picture, frame_times_ms=shown, facts=facts)
