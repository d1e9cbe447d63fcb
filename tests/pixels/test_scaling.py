"""Pictures of another size."""

import io

import numpy as np
import pytest
from PIL import Image

from filmless import Dataset, pixels
from filmless.pixels.rendering import thumbnail
from filmless.pixels.scaling import pixel_height, scaled


@pytest.mark.parametrize(
    ("attributes", "height"),
    [
        ({}, 1),
        ({"PixelAspectRatio": [2, 1]}, 2),
        ({"PixelSpacing": [0.5, 1]}, 0.5),
        ({"ImagerPixelSpacing": [3, 1.5]}, 2),
        ({"PixelAspectRatio": [2, 1], "PixelSpacing": [0.5, 1]}, 0.5),
        ({"PixelSpacing": [0, 1]}, 1),
        ({"PixelSpacing": [1e-9, 1]}, 1),
        ({"PixelSpacing": 3}, 1),
        ({"PixelSpacing": [0, 1], "PixelAspectRatio": [2, 1]}, 2),
    ],
)
def test_pixel_height(attributes, height):
    assert pixel_height(Dataset(attributes)) == height


@pytest.mark.parametrize(
    ("size", "shape"),
    [(20, (20, 10)), ((20, 20), (20, 10)), ((20, 5), (10, 5)), ((1, 1), (1, 1)), (40, (40, 20)), (80, (80, 40))],
)
def test_fits(size, shape):
    assert scaled(np.zeros((40, 20), np.uint8), Dataset(), size).shape == shape
    assert scaled(np.zeros((40, 20, 3), np.uint8), Dataset(), size).shape == (*shape, 3)


def test_pixels_that_are_not_square():
    ds = Dataset({"PixelSpacing": [2, 1]})
    assert scaled(np.zeros((10, 20), np.uint8), ds, 20).shape == (20, 20)
    assert scaled(np.zeros((10, 20), np.uint8), ds, (100, 10)).shape == (10, 10)
    picture = np.zeros((10, 20), np.uint8)
    assert scaled(picture, Dataset(), 20) is picture


def test_smaller_is_the_mean():
    picture = np.random.default_rng(5).integers(0, 256, (64, 32), dtype=np.uint8)
    small = scaled(picture, Dataset(), 16)
    means = picture.reshape(16, 4, 8, 4).mean((1, 3))
    assert np.abs(small - means).max() <= 1
    assert np.unique(scaled(np.full((7, 5), 9, np.uint8), Dataset(), 64)).tolist() == [9]


@pytest.mark.parametrize("size", [0, -1, 65536, (5, 0), (5,)])
def test_sizes_that_are_none(image, size):
    with pytest.raises(ValueError, match="does not fit"):
        pixels.render(image(bytes(6)), size=size)


def test_render_and_thumbnail(image):
    ds = image(bytes(100 * 50), Rows=100, Columns=50, PixelAspectRatio=[1, 2])
    assert pixels.render(ds).shape == (100, 50)
    assert pixels.render(ds, size=30).shape == (30, 30)
    assert Image.open(io.BytesIO(thumbnail(ds))).size == (100, 100)
    assert Image.open(io.BytesIO(thumbnail(ds, side=10))).size == (10, 10)
