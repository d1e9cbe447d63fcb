"""Recommended colours: what comes back, and what Little CMS says."""

import itertools

import numpy as np
import pytest
from PIL import Image, ImageCms

from filmless.pixels.cielab import cielab_to_rgb, rgb_to_cielab

LEVELS = (0, 1, 17, 64, 128, 200, 254, 255)
COLOURS = list(itertools.product(LEVELS, repeat=3))


def test_every_colour_comes_back() -> None:
    assert [cielab_to_rgb(rgb_to_cielab(colour)) for colour in COLOURS] == COLOURS


def test_little_cms_agrees() -> None:
    lab = ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), lab, "RGB", "LAB")
    picture = ImageCms.applyTransform(Image.fromarray(np.array([COLOURS], dtype=np.uint8)), transform)
    assert picture is not None
    peer = np.asarray(picture)[0].astype(int)
    peer[:, 1:] = (peer[:, 1:] + 128) % 256  # Pillow keeps a* and b* as signed bytes
    ours = np.array([rgb_to_cielab(colour) for colour in COLOURS]) / 257
    assert np.abs(ours - peer).max() <= 1.0


def test_the_encoding_of_black_white_and_grey() -> None:
    assert rgb_to_cielab((0, 0, 0)) == (0, 32896, 32896)
    assert rgb_to_cielab((255, 255, 255)) == (65535, 32896, 32896)
    _, a, b = rgb_to_cielab((119, 119, 119))
    assert (a, b) == (32896, 32896)


def test_colours_beyond_srgb_are_cut_off() -> None:
    assert cielab_to_rgb([65535, 0, 65535]) == (0, 255, 0)


@pytest.mark.parametrize("values", [(1, 2), (0, 0, 65536), (-1, 0, 0), (float("nan"), 0, 0)])
def test_what_is_no_colour(values: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="CIELab colour"):
        cielab_to_rgb(values)


def test_what_is_no_rgb() -> None:
    with pytest.raises(ValueError, match="RGB colour"):
        rgb_to_cielab((0, 0, 256))
