"""Pictures that move, read back by Pillow."""

import io
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from filmless.convert import from_dicom
from filmless.convert.out.options import Job
from filmless.convert.out.timing import durations_ms, in_ticks
from filmless.errors import ConversionError
from filmless.pixels import render

_FRAME_TIME, _FRAME_TIME_VECTOR = 0x00181063, 0x00181065
_FORMATS = ["gif", "webp", "apng"]


def _read(data: bytes) -> tuple[list[np.ndarray], list[float], int | None]:
    """Return frames as RGB, their durations in ms, and the number of plays as the format has it."""
    with Image.open(io.BytesIO(data)) as image:
        frames, times = [], []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGB")))
            times.append(image.info["duration"])
        return frames, times, image.info.get("loop")


@pytest.mark.parametrize("name", _FORMATS)
@pytest.mark.parametrize("threads", [1, 3])
def test_frames_and_times_are_kept(name, threads, moving_grey, moving_colours):
    for ds in (moving_grey(FrameTime=40), moving_colours(colours=8, FrameTime=40)):
        frames, times, loop = _read(from_dicom(ds, name, threads=threads))
        assert (len(frames), set(times), loop) == (5, {40}, 0)
        for number, frame in enumerate(frames):
            expected = render(ds, number)
            np.testing.assert_array_equal(frame, expected if expected.ndim == 3 else np.dstack([expected] * 3))


@pytest.mark.parametrize("name", _FORMATS)
def test_chosen_frames(name, moving_grey):
    ds = moving_grey(FrameTimeVector=[0, 100, 200, 300, 400], FrameIncrementPointer=_FRAME_TIME_VECTOR)
    frames, times, _ = _read(from_dicom(ds, name, frames=[4, 1, 2]))
    assert times == [400, 200, 300]  # the last is shown as long as the one before
    for number, frame in zip([4, 1, 2], frames, strict=True):
        np.testing.assert_array_equal(frame[..., 0], render(ds, number))


@pytest.mark.parametrize("name", _FORMATS)
def test_some_frames_in_any_container(name, moving_grey):
    frames, _, _ = _read(from_dicom(moving_grey(), name, frames=range(1, 5, 2)))
    assert len(frames) == 2


def test_how_often_it_plays(moving_grey):
    for plays, in_a_gif in ((0, 0), (1, None), (3, 2)):  # of a GIF, the times after the first
        assert _read(from_dicom(moving_grey(), "gif", loop=plays))[2] == in_a_gif
        for name in ("webp", "apng"):
            assert _read(from_dicom(moving_grey(), name, loop=plays))[2] == plays


def test_gif_times_do_not_drift(moving_grey):
    _, times, _ = _read(from_dicom(moving_grey(30, FrameTime=33.333), "gif"))
    assert set(times) == {30, 40}
    assert sum(times) == 1000


def test_gif_of_frames_too_short_to_show(moving_grey):
    notices = []
    data = from_dicom(moving_grey(FrameTime=5), "gif", notices=notices)
    assert set(_read(data)[1]) == {20}
    assert [notice.code for notice in notices] == ["frame-time"]


def test_apng_times_are_exact(moving_grey):
    _, times, _ = _read(from_dicom(moving_grey(FrameTime=33.333), "apng"))
    assert all(abs(time - 33.333) < 1e-3 for time in times)
    _, times, _ = _read(from_dicom(moving_grey(FrameTime=12_345), "apng"))
    assert all(abs(time - 12_345) < 1 for time in times)


def test_gif_of_many_colours(moving_colours):
    notices = []
    ds = moving_colours(FrameTime=40)
    frames, _, _ = _read(from_dicom(ds, "gif", notices=notices))
    assert [notice.code for notice in notices] == ["colours"]
    for number, frame in enumerate(frames):
        assert np.abs(frame.astype(int) - render(ds, number)).mean() < 4
    notices.clear()
    from_dicom(moving_colours(colours=8, FrameTime=40), "gif", notices=notices)
    assert not notices


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"FrameTime": 25}, 25),
        ({"RecommendedDisplayFrameRate": 20}, 50),
        ({"CineRate": 8}, 125),
        ({"CineRate": 8, "RecommendedDisplayFrameRate": 20}, 50),
        ({"CineRate": 8, "FrameTime": 30}, 30),
        ({"FrameTime": 0, "CineRate": 8}, 125),
        ({"FrameTime": 0.5}, 0.5),
        ({"FrameTime": -3}, 100),
        ({"FrameTime": 1e9}, 100),
        ({"CineRate": 0}, 100),
        ({"FrameTimeVector": [0, 70, 70, 70, 70], "FrameTime": 30}, 70),
        (
            {"FrameTimeVector": [0, 70, 70, 70, 70], "FrameTime": 30, "FrameIncrementPointer": _FRAME_TIME},
            30,
        ),
        ({"FrameTimeVector": [0, -70], "FrameTime": 30}, 30),
        ({"FrameTimeVector": [0], "FrameTime": 30}, 30),
        ({}, 100),
    ],
)
def test_where_times_are_said(said, expected, moving_grey):
    told = []
    job = Job(moving_grey(**said), range(5), notice=lambda code, _: told.append(code))
    assert durations_ms(job) == [pytest.approx(expected)] * 5
    assert told == (["no-frame-time"] if expected == 100 else [])


def test_frames_per_second_go_before_the_data_set(moving_grey):
    assert _read(from_dicom(moving_grey(FrameTime=25), "webp", fps=5))[1] == [200] * 5
    for fps in (0, -1, 50_000, 0.001, float("nan"), "fast"):
        with pytest.raises(ConversionError, match="fps"):
            from_dicom(moving_grey(), "gif", fps=fps)
    for loop in (-1, 70_000, 1.5):
        with pytest.raises(ConversionError, match="loop"):
            from_dicom(moving_grey(), "apng", loop=loop)


def test_ticks_end_where_frames_do():
    durations = [float(Fraction(100, 3))] * 90
    assert sum(in_ticks(durations, 0.1, 2)) == 300
    assert list(in_ticks([0.0, 0.0, 50.0], 0.1, 2)) == [2, 2, 2]


@pytest.mark.parametrize("name", [*_FORMATS, "tiff", "npy"])
def test_pictures_of_different_sizes_do_not_go_into_one(name, moving_grey, monkeypatch, tmp_path):
    def render_of(source, ds, frame, **options):
        return np.zeros((5, 5 + frame // 3), np.uint8)

    monkeypatch.setattr("filmless.convert.out.source.render_of", render_of)
    more = {"values": "display"} if name == "npy" else {}
    with pytest.raises(ConversionError, match="frame 3"):
        from_dicom(moving_grey(), name, tmp_path / "out", **more)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", _FORMATS)
def test_colours_that_are_drawn_on_some_frames(name, moving_grey):
    from filmless.pixels import Overlay

    mask = np.zeros((31, 17), bool)
    mask[4:9, 4:9] = True
    ds = moving_grey()
    frames, _, _ = _read(from_dicom(ds, name, overlays=[Overlay(mask, colour=(255, 0, 0))]))
    assert frames[2][5, 5].tolist() == [255, 0, 0]
