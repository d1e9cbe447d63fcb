"""Profile and level, read from the streams themselves, and what is allowed by them."""

import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.convert.video.opening import fields_joined
from filmless.convert.video.parameters import Field, field_of, parameters_of
from filmless.convert.video.syntaxes import Allowed, VideoFacts, allowed_by, is_audio_allowed


def _read(data):
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        headers = bytes(stream.codec_context.extradata or b"")
        first = next(bytes(packet) for packet in container.demux(stream))
        return parameters_of(stream.codec_context.codec.canonical_name, headers, first)


@pytest.mark.parametrize("form", ["mp4", "mpegts", "h264", "matroska"])
@pytest.mark.parametrize(
    ("profile", "number", "constrained"), [("baseline", 66, True), ("main", 77, True), ("high", 100, False)]
)
def test_h264(form, profile, number, constrained, video):
    found = _read(video("libx264", form, profile=profile, level="3.1"))
    assert (found.profile, found.level) == (number, 31)
    assert found.progressive
    assert found.stereo == ""
    if profile == "baseline":
        assert found.constrained == constrained


def test_h264_of_more_bits_scaling_and_fields(video):
    found = _read(video("libx264", "mp4", pixel_format="yuv422p10le", cqm="jvt", **{"x264-params": "cqm=jvt"}))
    assert (found.profile, found.progressive) == (122, True)
    assert _read(video("libx264", "mp4", **{"x264-params": "cqm=jvt"})).progressive
    assert not _read(video("libx264", "mp4", flags="+ildct+ilme", **{"x264-params": "tff=1"})).progressive
    assert _read(video("libx264", "mp4", **{"x264-params": "frame-packing=3"})).stereo == "packed"


def test_fields_of_h264(video):
    """No encoder at hand codes them apart: slices as ISO/IEC 14496-10 7.3.3 has them."""
    data = video("libx264", "h264", flags="+ildct+ilme", **{"x264-params": "tff=1"})
    parameters = _read(data)
    assert parameters.number_bits == 4
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        coded = [bytes(packet) for packet in container.demux(stream) if packet.size]
    assert [field_of(packet, parameters) for packet in coded] == [None] * 12

    def slice_of(number, field, bottom):  # first_mb 0, slice_type 7, pps 0
        text = "1" + "0001000" + "1" + f"{number:04b}" + field + bottom
        return b"\0\0\1\x09\xf0\0\0\1\x41" + int(text.ljust(24, "1"), 2).to_bytes(3, "big")

    assert field_of(slice_of(5, "1", "1"), parameters) == Field(5, is_bottom=True)
    assert field_of(slice_of(9, "1", "0"), parameters) == Field(9, is_bottom=False)
    assert field_of(slice_of(5, "0", ""), parameters) is None
    packets = [
        _Packet(slice_of(*one)) for one in ((0, "1", "0"), (0, "1", "1"), (1, "0", ""), (2, "1", "0"), (3, "1", "0"))
    ]
    assert fields_joined(_Container(packets), parameters) == (4, ())


class _Packet:
    is_discard, pts, time_base = False, None, None

    def __init__(self, data):
        self.data, self.size = data, len(data)

    def __bytes__(self):
        return self.data


class _Container:
    def __init__(self, packets):
        self.packets, self.streams = packets, type("Streams", (), {"video": [None]})

    def demux(self, stream):
        return iter(self.packets)


@pytest.mark.parametrize("form", ["mp4", "mpegts", "hevc", "matroska"])
def test_hevc(form, video):
    found = _read(video("libx265", form))
    assert (found.profile, found.high_tier, found.constrained) == (1, False, True)
    assert 30 <= found.level <= 153
    assert _read(video("libx265", form, pixel_format="yuv420p10le")).profile == 2


def test_mpeg_2(video):
    found = _read(video("mpeg2video", "mpegts"))
    assert (found.profile, found.level, found.aspect) == (4, 8, 2)  # 64 x 48 is 4:3
    assert not _read(video("mpeg2video", "mpeg2video", flags="+ildct+ilme")).progressive
    assert parameters_of("mpeg2video", b"", b"\0\0\1\xb3" + bytes(20)) is None


def test_a_second_view():
    """No encoder at hand writes one: a sequence of High, then a subset of Stereo High."""
    sequence = bytes([0x67, 100, 0, 42, 0xAC, 0xBB, 0xC0])
    stream = b"\0\0\1" + sequence + b"\0\0\1" + bytes([0x6F, 128]) + sequence[2:]
    found = parameters_of("h264", b"", stream)
    assert (found.profile, found.level, found.stereo) == (128, 42, "views")
    facts = VideoFacts("h264", "yuv420p", 1080, 1920, 30, is_square=True)
    allowed = allowed_by(facts, found)
    assert isinstance(allowed, Allowed)
    assert (allowed.transfer_syntax[-3:], allowed.stereo) == ("106", True)
    assert isinstance(allowed_by(facts, found._replace(profile=118)), str)


def _allowed(codec, rows, columns, rate, *, pixel_format="yuv420p", square=True, **parameters):
    from filmless.convert.video.parameters import StreamParameters

    facts = VideoFacts(codec, pixel_format, rows, columns, rate, is_square=square)
    found = allowed_by(facts, StreamParameters(**parameters))
    return found.transfer_syntax[-3:] if isinstance(found, Allowed) else None


def test_levels_sizes_and_rates():
    """PS3.5 8.2.5 to 8.2.11; ISO/IEC 14496-10 Table A-1."""
    high = {"profile": 100}
    assert _allowed("h264", 1080, 1920, 30, level=40, **high) == "102"
    assert _allowed("h264", 1080, 1920, 60, level=42, **high) == "104"
    assert _allowed("h264", 1080, 1920, 60, level=41, **high) == "104"  # says less than it needs
    assert _allowed("h264", 2160, 3840, 30, level=51, **high) is None
    assert _allowed("h264", 2160, 3840, 30, level=41, **high) is None
    assert _allowed("h264", 1080, 1920, 30, level=40, square=False, **high) is None
    assert _allowed("h264", 1080, 1920, 30, level=40, profile=66) is None
    assert _allowed("h264", 1080, 1920, 30, level=40, profile=110, pixel_format="yuv420p10le") is None
    assert _allowed("hevc", 2160, 3840, 60, level=153, profile=1) == "107"
    assert _allowed("hevc", 2160, 3840, 60, level=153, profile=2, pixel_format="yuv420p10le") == "108"
    assert _allowed("hevc", 2160, 3840, 60, level=153, profile=1, high_tier=True) is None
    assert _allowed("hevc", 4320, 7680, 30, level=180, profile=1) is None
    assert _allowed("hevc", 1080, 1920, 30, level=120, profile=4, pixel_format="yuv422p10le") is None
    assert _allowed("mpeg2video", 576, 720, 25, level=8, profile=4, square=False) == "100"
    assert _allowed("mpeg2video", 480, 720, 29.97, level=8, profile=4) == "100"
    assert _allowed("mpeg2video", 1080, 1920, 29.97, level=4, profile=4, aspect=3) == "101"
    assert _allowed("mpeg2video", 720, 1280, 59.94, level=4, profile=4, aspect=3) == "101"
    assert _allowed("mpeg2video", 1080, 1920, 59.94, level=4, profile=4, aspect=3) is None
    assert _allowed("mpeg2video", 1080, 1440, 25, level=6, profile=4, aspect=3) is None
    assert _allowed("mpeg2video", 720, 1280, 25, level=4, profile=4, aspect=2) is None
    assert _allowed("vp9", 720, 1280, 25, level=4, profile=4) is None


def test_sound():
    """PS3.5 8.2.12."""
    h264 = {"video": "h264"}
    assert is_audio_allowed("aac", 48_000, 2, container="mp4", **h264)
    assert not is_audio_allowed("aac", 44_100, 2, container="mp4", **h264)
    assert is_audio_allowed("ac3", 48_000, 6, container="mpegts", **h264)
    assert not is_audio_allowed("ac3", 48_000, 6, container="mp4", **h264)
    assert is_audio_allowed("mp3", 44_100, 1, container="mp4", **h264)
    assert is_audio_allowed("mp2", 48_000, 2, container="mp4", **h264)
    assert is_audio_allowed("mp3", 48_000, 2, container="mpegts", video="mpeg2video")
    assert not is_audio_allowed("mp2", 48_000, 2, container="mpegts", video="mpeg2video")
    assert not is_audio_allowed("opus", 48_000, 2, container="mp4", **h264)


@given(st.sampled_from(["h264", "hevc", "mpeg2video"]), st.binary(max_size=60), st.binary(max_size=200))
def test_any_bytes_are_read_or_none(codec, headers, packet):
    for start in (b"", b"\0\0\1\x67", b"\1\x64\0\x28\xff\xe1", b"\0\0\1\xb3"):
        parameters_of(codec, headers, start + packet)
        parameters_of(codec, start + headers, packet)
