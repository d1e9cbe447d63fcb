"""PNG of our own framing: what others read out of it, and that it is no larger than theirs."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from filmless.convert.out.png import LEVEL, LEVELS, encode_png

_SIDES = st.integers(1, 20)
_SHAPES = st.one_of(st.tuples(_SIDES, _SIDES), st.tuples(_SIDES, _SIDES, st.just(3)))


@settings(max_examples=200)
@given(
    st.sampled_from([np.uint8, np.uint16]).flatmap(lambda dtype: arrays.arrays(dtype, _SHAPES)),
    st.sampled_from(LEVELS),
)
def test_libpng_reads_the_same_samples(picture, level) -> None:
    np.testing.assert_array_equal(imagecodecs.png_decode(encode_png(picture, level=level)), picture)


@given(arrays.arrays(np.uint8, _SHAPES))
def test_pillow_reads_the_same_samples(picture) -> None:
    with Image.open(io.BytesIO(encode_png(picture))) as image:
        np.testing.assert_array_equal(np.asarray(image), picture)


def test_pillow_reads_16_bits_of_grey(grey16) -> None:
    with Image.open(io.BytesIO(encode_png(grey16))) as image:
        np.testing.assert_array_equal(np.asarray(image), grey16)


def test_any_layout_and_byte_order_of_an_array_will_do(rgb, grey16) -> None:
    for picture in (
        rgb[::-1, ::2],
        rgb.transpose(1, 0, 2),
        np.asfortranarray(grey16),
        np.broadcast_to(grey16[0], (4, 17)),
    ):
        np.testing.assert_array_equal(imagecodecs.png_decode(encode_png(picture)), picture)
    swapped = grey16.astype(grey16.dtype.newbyteorder())
    np.testing.assert_array_equal(imagecodecs.png_decode(encode_png(swapped)), grey16)


def test_the_profile_goes_along(rgb) -> None:
    profile = bytes(range(256)) * 3
    with Image.open(io.BytesIO(encode_png(rgb, icc_profile=profile))) as image:
        assert image.info["icc_profile"] == profile
    with Image.open(io.BytesIO(encode_png(rgb))) as image:
        assert image.info == {}


def test_a_large_body_is_cut_into_chunks(monkeypatch, rgb) -> None:
    monkeypatch.setattr("filmless.convert.out.png._PIECE", 100)
    encoded = encode_png(rgb)
    chunks = []
    at = 8
    while at < len(encoded):
        length, name = struct.unpack_from(">I4s", encoded, at)
        assert struct.unpack_from(">I", encoded, at + 8 + length)[0] == zlib.crc32(encoded[at + 4 : at + 8 + length])
        chunks.append((name, length))
        at += 12 + length
    assert [name for name, _ in chunks[:1] + chunks[-1:]] == [b"IHDR", b"IEND"]
    assert len(chunks) > 10
    assert max(length for _, length in chunks) == 100
    np.testing.assert_array_equal(imagecodecs.png_decode(encoded), rgb)


def test_it_is_no_larger_than_libpng_makes_it_at_the_same_level() -> None:
    """A scan is smooth, with noise: filters and deflate both matter."""
    y, x = np.mgrid[0:256, 0:256]
    noise = np.random.default_rng(3).normal(0, 3, (256, 256))
    body = np.where(np.hypot(x - 128, (y - 128) * 1.4) < 110, 120 + 40 * np.sin(x / 20) + noise, 0)
    grey = np.clip(body, 0, 255).astype(np.uint8)
    for picture in (grey, np.dstack([grey, grey // 2, 255 - grey])):
        ours = len(encode_png(picture, level=LEVEL))
        assert ours <= 1.03 * len(imagecodecs.png_encode(picture, level=LEVEL))
        stream = io.BytesIO()
        Image.fromarray(picture).save(stream, "PNG", compress_level=LEVEL)
        assert ours <= 1.03 * len(stream.getvalue())


@pytest.mark.parametrize(
    ("shape", "dtype", "level"),
    [
        ((4,), np.uint8, 6),
        ((4, 4, 4), np.uint8, 6),
        ((2, 2, 3, 1), np.uint8, 6),
        ((0, 4), np.uint8, 6),
        ((4, 4), np.int16, 6),
        ((4, 4), np.float32, 6),
        ((4, 4), np.uint8, 13),
        ((4, 4), np.uint8, -1),
    ],
)
def test_what_is_no_picture_is_refused(shape, dtype, level) -> None:
    with pytest.raises(ValueError, match=r"picture|level"):
        encode_png(np.zeros(shape, dtype), level=level)
