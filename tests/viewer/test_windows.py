"""A window that a user asks for is the same in the cell, in links, and in what is saved of it."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest
from numpy.typing import NDArray
from PIL import Image

from filmless import read
from filmless.file import encode
from filmless.pixels import render
from filmless.pixels.grey import Window
from filmless.series import uptake_of

from .test_giving import saved
from .test_pixels import CANVAS, floats, on_screen
from .test_volumes import pet

FILES = Path(pydicom.data.__file__).parent / "test_files"


@pytest.fixture
def map_of_floats(tmp_path: Path) -> Path:
    """An image of floats."""
    ds = read(FILES / "CT_small.dcm")
    floats()(ds)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.30"
    ds.SeriesNumber = "1"
    (tmp_path / "map.dcm").write_bytes(encode(ds))
    return tmp_path / "map.dcm"


def drawn(viewer: Any) -> NDArray[np.uint8]:
    """Return what the first cell draws, a pixel of the image as one of the canvas."""
    page = viewer.page
    page.keyboard.press("=")
    page.keyboard.press("n")
    page.wait_for_selector('[data-cell="0"] [data-scale="1.000"][data-smooth="false"]')
    _, coded = page.evaluate(CANVAS).split(",", 1)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(coded))).convert("L"))


def set_window(viewer: Any, center: str, width: str) -> None:
    """Type a window."""
    page = viewer.page
    for label, value in (("Window width", width), ("Window centre", center)):
        page.get_by_label(label).fill(value)
        page.keyboard.press("Enter")
    page.get_by_label(label).blur()


def assert_same(viewer: Any, expected: NDArray[np.uint8]) -> None:
    canvas = drawn(viewer)
    seen, place = on_screen(expected, *canvas.shape)
    assert np.abs(canvas[place].astype(int) - seen.astype(int)).max() <= 1


def picture(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("L"))


def test_a_window_of_uptake_is_exact_everywhere(serve: Callable[..., Any], open_viewer: Any, tmp_path: Path) -> None:
    path = pet(tmp_path)[26]  # through the hot spot
    ds = read(path)
    factor = uptake_of(ds).suvbw
    assert factor is not None
    viewer = open_viewer(serve([path]))
    page = viewer.open(f"/view/{ds.StudyInstanceUID}")
    viewer.wait_for_image()
    set_window(viewer, "0.5", "0.5")
    expected = render(ds, voi=Window(0.5 / factor, 0.5 / factor, "LINEAR_EXACT"))
    assert len(np.unique(expected)) == 3
    page.wait_for_url("**window=0.5%2C0.5%2CLINEAR_EXACT*")
    assert_same(viewer, expected)
    assert np.array_equal(picture(saved(page, "Image PNG")[1]), expected)
    link = page.url.removeprefix(viewer.root)
    viewer.open("/")
    viewer.open(link)
    viewer.wait_for_image()
    assert page.get_by_label("Window width").input_value() == "0.5"
    assert_same(viewer, expected)


def test_a_window_between_floats_is_exact(serve: Callable[..., Any], open_viewer: Any, map_of_floats: Path) -> None:
    ds = read(map_of_floats)
    viewer = open_viewer(serve([map_of_floats]))
    page = viewer.open(f"/view/{ds.StudyInstanceUID}")
    viewer.wait_for_image()
    set_window(viewer, "0.25", "0.125")
    expected = render(ds, voi=Window(0.25, 0.125, "LINEAR_EXACT"))
    page.wait_for_url("**window=0.25%2C0.125%2CLINEAR_EXACT*")
    assert_same(viewer, expected)
    assert np.array_equal(picture(saved(page, "Image PNG")[1]), expected)


def test_a_window_of_whole_values_counts_them(serve: Callable[..., Any], open_viewer: Any) -> None:
    path = FILES / "CT_small.dcm"
    viewer = open_viewer(serve([path]))
    page = viewer.open(f"/view/{read(path).StudyInstanceUID}")
    viewer.wait_for_image()
    set_window(viewer, "40", "8")
    page.wait_for_url("**window=40%2C8")
    assert_same(viewer, render(read(path), window=(40, 8)))


def test_dragging_keeps_a_sigmoid(serve: Callable[..., Any], open_viewer: Any, tmp_path: Path) -> None:
    ds = read(FILES / "CT_small.dcm")
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = 40, 400, "SIGMOID"
    (tmp_path / "sigmoid.dcm").write_bytes(encode(ds))
    viewer = open_viewer(serve([tmp_path / "sigmoid.dcm"]))
    page = viewer.open(f"/view/{ds.StudyInstanceUID}")
    viewer.wait_for_image()
    page.mouse.move(400, 400)
    page.mouse.down()
    page.mouse.move(460, 430, steps=4)
    page.mouse.up()
    page.wait_for_url("**%2CSIGMOID*")
    center, width, _ = page.evaluate("new URL(location.href).searchParams.get('window')").split(",")
    assert (float(center), float(width)) != (40, 400)
