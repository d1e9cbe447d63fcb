"""Times of coded pictures, where a file leaves them out."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.convert.video.opening import frame_times_ms
from filmless.convert.video.remuxing import _decoding_times, display_order
from filmless.errors import ConversionError


@given(st.permutations(range(12)))
def test_none_is_decoded_after_it_is_shown(shown):
    decoded = _decoding_times(shown, 1)
    assert all(before < after for before, after in pairwise(decoded))
    assert all(at <= when for at, when in zip(decoded, shown, strict=True))


def test_order_of_showing(video):
    assert display_order(video("libx264", "h264", bf=0), 12) == list(range(12))
    order = display_order(video("libx264", "h264", bf=2), 12)
    assert sorted(order) == list(range(12))
    assert order != list(range(12))
    with pytest.raises(ConversionError, match="order"):
        display_order(video("libx264", "h264", bf=2), 13)


def test_times():
    rounded = tuple(Fraction(round(number * 1000 / 30), 1000) for number in range(90))
    assert frame_times_ms(rounded, Fraction(30), 90) == (1000 / 30,) * 90
    assert frame_times_ms((), Fraction(25), 3) == (40.0,) * 3
    assert frame_times_ms((), None, 3) == ()
    assert frame_times_ms((Fraction(0), Fraction(1, 10), Fraction(1, 2)), Fraction(10), 3) == pytest.approx(
        (100, 400, 400)
    )
    assert frame_times_ms((Fraction(0),), Fraction(25), 1) == (40.0,)
