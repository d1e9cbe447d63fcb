"""Several frames: what tells them apart."""

import pytest

from filmless.convert.header import HeaderRules
from filmless.errors import ConversionError

from .made import jpeg, picture, video

_FRAME_TIME, _FRAME_TIME_VECTOR, _PAGE_NUMBER_VECTOR = 0x0018_1063, 0x0018_1065, 0x0018_2001


def made(content, **values):
    return HeaderRules(values=values).data_set(content)


def test_pages():
    ds = made(picture(3))
    assert (ds.FrameIncrementPointer, ds.PageNumberVector, ds.NumberOfFrames) == (_PAGE_NUMBER_VECTOR, [1, 2, 3], 3)
    assert (ds.BurnedInAnnotation, ds.PresentationLUTShape, ds.RescaleSlope) == ("YES", "IDENTITY", 1)
    assert "RescaleSlope" not in made(picture(3, samples=3))
    assert "RescaleSlope" not in made(picture(3, bits=1))


def test_one_frame_has_none_of_this():
    ds = made(picture(), FrameTime="40")
    for keyword in ("NumberOfFrames", "FrameIncrementPointer", "PageNumberVector", "FrameTime"):
        assert keyword not in ds


@pytest.mark.parametrize(
    ("times", "time", "vector"),
    [
        ((40.0, 40.0, 40.0), 40, None),
        ((33.333333333333336,) * 3, 33.33333333, None),
        ((40.0, 20.0, 80.0), None, [0, 40, 20]),
        ((0.0, 20.0, 80.0), None, [0, 0, 20]),
        ((), None, None),
        ((0.0, 0.0, 0.0), None, None),
        ((40.0, 20.0), None, [0, 40, 20]),
    ],
)
def test_times(times, time, vector):
    ds = made(picture(3, frame_times_ms=times))
    assert ds.get("FrameTime") == time
    assert ds.get("FrameTimeVector") == vector
    pointer = _FRAME_TIME if time else _FRAME_TIME_VECTOR if vector else _PAGE_NUMBER_VECTOR
    assert ds.FrameIncrementPointer == pointer
    assert ds.get("RecommendedDisplayFrameRate") == (None if time is None else round(1000 / time))


def test_what_is_given_comes_before_the_source():
    ds = made(picture(3, frame_times_ms=(40.0,) * 3), FrameTime="50")
    assert (ds.FrameTime, ds.RecommendedDisplayFrameRate) == (50, 20)
    ds = made(picture(3), FrameTimeVector=[0, 1, 2])
    assert (ds.FrameIncrementPointer, ds.FrameTimeVector) == (_FRAME_TIME_VECTOR, [0, 1, 2])
    ds = made(picture(3, facts={"FrameTime": "25", "CineRate": 40}))
    assert (ds.FrameTime, ds.CineRate) == (25, 40)


def test_a_video():
    ds = made(video(5, frame_times_ms=(40.0,) * 5))
    assert (ds.FrameTime, ds.NumberOfFrames, ds.FrameIncrementPointer) == (40, 5, _FRAME_TIME)
    assert (ds.LossyImageCompression, ds.LossyImageCompressionMethod) == ("01", "ISO_14496_10")


def test_many_frames():
    with pytest.raises(ConversionError, match="10001 frames are too many to number") as caught:
        made(jpeg(10_001))
    assert "FrameTime" in str(caught.value.hint)
    assert made(jpeg(10_001), FrameTime="40").NumberOfFrames == 10_001
    assert made(jpeg(10_001, frame_times_ms=(40.0,) * 10_001)).FrameTime == 40
    assert len(made(jpeg(10_001, frame_times_ms=(40.0, 20.0, *(40.0,) * 9_999))).FrameTimeVector) == 10_001
    with pytest.raises(ConversionError, match="20001 frames are too many for a time each"):
        made(jpeg(20_001, frame_times_ms=(40.5, 20.5, *(40.5,) * 19_999)))


def test_a_vector_of_another_length():
    with pytest.raises(ConversionError, match="a value for each of the 3 frames"):
        made(picture(3), FrameTimeVector=[0, 1])
