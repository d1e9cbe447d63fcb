"""Video: streams that FFmpeg makes, decoded frame by frame in any order."""

import io
import sys
from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest

from filmless import pixels
from filmless.errors import CodecError, GeometryError, PixelError, UnsupportedError

_COUNT, _ROWS, _COLUMNS = 40, 64, 96
_MPEG_2, _H264, _HEVC, _HEVC_10 = (f"1.2.840.10008.1.2.4.{number}" for number in (100, 102, 107, 108))


def _pictures(count=_COUNT):
    """A bar of one colour for each frame, so that a frame shows its number."""
    out = np.zeros((count, _ROWS, _COLUMNS, 3), np.uint8)
    for number in range(count):
        out[number, ..., 0] = 20 + 5 * number
        out[number, :, : _COLUMNS // 2, 1] = 200 - 4 * number
    return out


def _make(codec, form, *, pixel_format="yuv420p", count=_COUNT, **options):
    target = io.BytesIO()
    with av.open(target, "w", format=form) as container:
        stream = container.add_stream(codec, rate=25, options={key: str(value) for key, value in options.items()})
        stream.width, stream.height, stream.pix_fmt = _COLUMNS, _ROWS, pixel_format
        stream.gop_size = 12
        stream.bit_rate = 4_000_000
        for picture in _pictures(count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return target.getvalue()


_STREAMS = {
    "mpeg-2": (_MPEG_2, lambda: _make("mpeg2video", "mpeg2video", bf=2)),
    "mpeg-2 in a transport stream": (_MPEG_2, lambda: _make("mpeg2video", "mpegts")),
    "h.264 in mp4": (_H264, lambda: _make("libx264", "mp4", bf=2)),
    "h.264": (_H264, lambda: _make("libx264", "h264")),
    "hevc": (_HEVC, lambda: _make("libx265", "hevc", **{"x265-params": "log-level=none"})),
    "hevc of 10 bits": (
        _HEVC_10,
        lambda: _make("libx265", "hevc", pixel_format="yuv420p10le", **{"x265-params": "log-level=none"}),
    ),
}


@pytest.fixture(scope="module")
def video(image, encapsulate):
    made = {}

    def video(name, *, cut=None, frames=_COUNT, pieces=3, **more):
        if name not in made or name == "damaged":
            made[name] = _STREAMS[name][1]()
        data = made[name][:cut]
        size = max(2, len(data) // pieces // 2 * 2)
        fragments = [data[at : at + size] for at in range(0, len(data), size)]
        deep = {"BitsAllocated": 16, "BitsStored": 10, "HighBit": 9} if name.endswith("10 bits") else {}
        attributes = {"Rows": _ROWS, "Columns": _COLUMNS, "NumberOfFrames": frames, "SamplesPerPixel": 3,
                      "PhotometricInterpretation": "YBR_PARTIAL_420", "PlanarConfiguration": 0}  # fmt: skip
        return image(encapsulate(*fragments), syntax=_STREAMS[name][0], **attributes | deep | more)

    return video


@pytest.mark.parametrize("name", _STREAMS)
def test_every_frame_is_the_one_that_was_made(name, video):
    decoded = pixels.decode(video(name))
    expected = _pictures().astype(int)
    if name.endswith("10 bits"):
        assert decoded.dtype == "uint16"
        decoded = decoded >> 2
    assert decoded.shape == expected.shape
    assert np.abs(decoded - expected).mean() < 6
    middle = np.abs(decoded[:, 32, 80].astype(int) - expected[:, 32, 80])  # away from the edge of the bar
    assert middle.max() <= 8


def test_any_order_gives_the_same(video):
    found = pixels.frames(video("h.264 in mp4"))
    decoded = pixels.decode(video("h.264 in mp4"), threads=1)
    for frame in (39, 0, 20, 19, 5, 39, 38):
        np.testing.assert_array_equal(found[frame], decoded[frame])
    np.testing.assert_array_equal(pixels.decode(video("h.264 in mp4"), threads=4), decoded)
    with ThreadPoolExecutor(4) as pool:
        for frame, samples in enumerate(pool.map(found.__getitem__, range(_COUNT))):
            np.testing.assert_array_equal(samples, decoded[frame])


def test_going_through_opens_the_stream_once(video, monkeypatch):
    opened = []
    true_open = av.open

    def counted(*arguments, **options):
        opened.append(1)
        return true_open(*arguments, **options)

    monkeypatch.setattr(av, "open", counted)
    assert sum(1 for _ in pixels.frames(video("mpeg-2"))) == _COUNT
    pixels.decode(video("mpeg-2"), threads=4)
    assert len(opened) == 2


def test_what_is_given_is_the_callers(video):
    found = pixels.frames(video("mpeg-2"))
    first = found[0].copy()
    found[0][:] = 0
    np.testing.assert_array_equal(found[0], first)


def test_grey(video):
    grey = {"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "PlanarConfiguration": None}
    decoded = pixels.decode(video("mpeg-2", **grey), frame=3)
    assert decoded.shape == (_ROWS, _COLUMNS)


def test_a_stream_that_is_too_short(video):
    with pytest.raises(CodecError, match=f"{_COUNT} frames") as caught:
        pixels.decode(video("h.264", frames=_COUNT + 1))
    assert caught.value.frame == _COUNT
    size = len(_STREAMS["h.264"][1]())
    with pytest.raises(CodecError):
        pixels.decode(video("h.264", cut=size // 2))


@pytest.mark.parametrize("name", ["mpeg-2", "h.264 in mp4", "hevc"])
def test_no_cut_and_no_flip_escapes_as_something_else(name, video):
    whole = _STREAMS[name][1]()
    generator = np.random.default_rng(0)
    for cut in (0, 1, 10, 100, len(whole) // 3, len(whole) - 60):
        try:
            pixels.decode(video(name, cut=cut), frame=_COUNT - 1)
        except PixelError as error:
            assert error.frame is not None or cut == 0  # noqa: PT017
    for _ in range(5):
        damaged = bytearray(whole)
        for at in generator.integers(0, len(whole), 20):
            damaged[at] ^= 1 << int(generator.integers(8))
        _STREAMS["damaged"] = (_STREAMS[name][0], lambda damaged=damaged: bytes(damaged))
        try:
            pixels.frames(video("damaged", frames=5))[4]
        except PixelError:
            pass
        finally:
            del _STREAMS["damaged"]


def test_another_size(video):
    with pytest.raises(GeometryError, match="video stream has rows and columns"):
        pixels.decode(video("mpeg-2", Rows=_ROWS + 1))


def test_formats_that_name_files_are_refused(image, encapsulate, tmp_path):
    secret = tmp_path / "secret.h264"
    secret.write_bytes(_STREAMS["h.264"][1]())
    for text in (f"ffconcat version 1.0\nfile '{secret}'\n", f"#EXTM3U\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n"):
        colour = {"SamplesPerPixel": 3, "PhotometricInterpretation": "YBR_PARTIAL_420", "PlanarConfiguration": 0}
        ds = image(encapsulate(text.encode()), syntax=_H264, Rows=_ROWS, Columns=_COLUMNS, **colour)
        with pytest.raises(CodecError, match="video stream does not decode"):
            pixels.decode(ds)


def test_without_pyav(video, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UnsupportedError, match="video needs PyAV") as caught:
        pixels.decode(video("mpeg-2"), frame=0)
    assert caught.value.hint == "pip install filmless[video]"
