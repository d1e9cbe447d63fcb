"""A series is put among the planes of another: the planes go on, and are left for what was there before them."""

import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import snap
from .phantoms import series
from .test_volumes import planes

STUDY = "1.2.826.0.1.3680043.10.1"
RADIOGRAPH = "1.2.840.10008.5.1.4.1.1.1"
STACK = ".viewport:not([data-plane])[data-image]"


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A CT, and one image of its own."""
    folder = tmp_path_factory.mktemp("replaced")
    one = {"modality": "CR", "sop_class": RADIOGRAPH, "count": 1, "WindowCenter": 40, "WindowWidth": 1000}
    return [*series(folder / "ct", count=40), *series(folder / "cr", **one)]


def opened(serve: Any, open_viewer: Any, paths: list[Path]) -> Any:
    viewer = open_viewer(serve(paths), width=1600)
    viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    viewer.page.locator(".series").filter(has_text="CT phantom").click()
    viewer.page.wait_for_selector('[data-cell="0"] .viewport[data-image="20"]')
    return viewer


def put(page: Any, cell: int) -> None:
    """Drag the radiograph into a cell."""
    page.locator(".series").filter(has_text="CR phantom").drag_to(page.locator(f'[data-cell="{cell}"]'))
    page.wait_for_selector(f'[data-cell="{cell}"] {STACK}')


def is_left(page: Any) -> None:
    """Wait until there is the stack of the CT again, alone as it was."""
    page.wait_for_selector("[data-plane]", state="detached")
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="20"]')
    assert page.locator("[data-cell]").count() == 1
    assert page.locator('.series[aria-current="true"]').inner_text().startswith("CT phantom")


@pytest.mark.parametrize("cell", [0, 2])
def test_planes_with_another_series_among_them_are_left(serve, open_viewer, paths, cell):
    page = planes(opened(serve, open_viewer, paths))
    put(page, cell)
    button = page.get_by_role("button", name="MPR", exact=True)
    assert button.is_enabled()
    assert button.get_attribute("aria-pressed") == "true"
    assert "not here" not in button.get_attribute("title")
    snap(page, f"planes-replaced-{cell}")
    page.keyboard.press("m")
    is_left(page)


def test_the_plane_that_is_left_is_windowed_and_has_the_others_back(serve, open_viewer, paths):
    page = planes(opened(serve, open_viewer, paths))
    put(page, 0)
    put(page, 1)
    # There is nothing that crosshairs could cross.
    box = page.locator('[data-plane="coronal"]').bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 330, steps=4)
    page.mouse.up()
    page.locator(".plane-marks").get_by_text(re.compile(r"W (?!1000 )\S+ · L \S+")).wait_for()
    page.locator('[data-cell="1"]').click()
    page.keyboard.press("M")  # of what the plane is of: the active cell has no volume
    for plane in ("axial", "sagittal", "coronal"):
        page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"][data-loaded="true"]')
    page.wait_for_selector("[data-whole]")
    page.keyboard.press("M")
    is_left(page)
