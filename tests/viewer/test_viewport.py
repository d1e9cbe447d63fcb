"""A stack is scrolled, windowed, turned, played, and lies in a grid of cells."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest

from filmless import read, write
from filmless.pixels import frames

from .conftest import snap

FILES = Path(pydicom.data.__file__).parent / "test_files"
ROOT = "1.2.826.0.1.3680043.9.7433.8"
SLICES = int(os.environ.get("FILMLESS_SLICES", "24"))
CELL = '[data-cell="0"] '


@pytest.fixture
def stack(tmp_path: Path, serve: Any, open_viewer: Any) -> Any:
    """A synthetic CT, axial, a millimetre from slice to slice."""
    ds = read(FILES / "CT_small.dcm")
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SeriesDescription = ROOT, f"{ROOT}.1", "Thorax"
    pixels, paths = frames(read(FILES / "CT_small.dcm"))[0], []
    for number in range(SLICES):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.1.{number + 1}"
        ds.InstanceNumber, ds.ImagePositionPatient = number + 1, [-150.0, -150.0, float(number)]
        ds.PixelData = np.roll(pixels, number, axis=0).astype("<i2").tobytes()
        write(ds, tmp_path / f"{number}.dcm")
        paths.append(tmp_path / f"{number}.dcm")
    viewer = open_viewer(serve(paths))
    viewer.open(f"/view/{ROOT}")
    viewer.wait_for_image()
    return viewer


def test_keys_scroll_window_and_turn(stack: Any) -> None:
    page = stack.page
    page.keyboard.press("Home")
    page.wait_for_selector(f'{CELL}[data-image="1"]')
    page.keyboard.press("PageDown")
    page.wait_for_selector(f'{CELL}[data-image="11"]')
    page.keyboard.press("2")
    page.get_by_text("C -600 · W 1500").wait_for()
    page.wait_for_url("**&image=11&window=-600%2C1500")
    assert page.locator(".edge.on-left").inner_text() == "R"
    page.keyboard.press("h")
    page.locator(".edge.on-left", has_text="L").wait_for()
    page.keyboard.press("r")
    page.locator(".edge.on-top", has_text="L").wait_for()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(f'{CELL}[data-image="12"]')
    assert page.locator(".edge.on-top").inner_text() == "L", "an image that follows lies as the one before"
    page.wait_for_selector(f'.slider[data-loaded="{SLICES}"]')


def test_a_series_is_dragged_into_a_grid_and_scrolls_along(stack: Any) -> None:
    page = stack.page
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.locator(".series").first.drag_to(page.locator('[data-cell="1"]'))
    stack.wait_for_image(1)
    page.get_by_role("button", name="Scroll together").click()
    page.keyboard.press("Home")
    for cell in (0, 1):
        page.wait_for_selector(f'[data-cell="{cell}"] [data-image="1"]')
    snap(page, "grid")
    page.locator('[data-cell="1"]').dblclick(position={"x": 60, "y": 120})
    page.wait_for_selector('[data-cell="0"]', state="hidden")


def test_a_film_plays_and_pauses(stack: Any) -> None:
    page = stack.page
    page.wait_for_selector(f'.slider[data-loaded="{SLICES}"]')
    page.keyboard.press("Home")
    page.wait_for_selector(f'{CELL}[data-image="1"]')
    page.keyboard.press(" ")
    page.wait_for_selector(f'{CELL}[data-image="4"]', state="attached")
    page.keyboard.press(" ")
    page.get_by_role("button", name="Play", exact=True).wait_for()
