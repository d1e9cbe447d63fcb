"""Images are drawn in whatever order they come, whoever else leaves: cells share what is under way."""

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest
from PIL import Image

from filmless import read

from .conftest import stored
from .test_pixels import CANVAS, GO

FILES = Path(pydicom.data.__file__).parent / "test_files"
ROOT = "1.2.826.0.1.3680043.9.7433.9"


class Held:
    """Answers with frames, held back until a test lets them go."""

    def __init__(self, page: Any) -> None:
        self.routes: dict[int, list[Any]] = {}
        self.numbers: set[int] = set()
        self.page = page
        page.route(re.compile(rf"instances/{re.escape(ROOT)}\.\d+\.\d+/frames/"), self._hold)

    def _hold(self, route: Any) -> None:
        number = int(re.search(r"\.(\d+)/frames/", route.request.url)[1])  # type: ignore[index]
        if number in self.numbers:
            self.routes.setdefault(number, []).append(route)
        else:
            route.continue_()

    def wait_for(self, numbers: set[int]) -> None:
        """Wait until these are asked for."""
        while not numbers <= self.routes.keys():
            self.page.wait_for_timeout(20)

    def release(self) -> None:
        """Let all go that was held."""
        self.numbers.clear()
        for routes in self.routes.values():
            for route in routes:
                route.continue_()
        self.routes.clear()


@pytest.fixture
def two_series(tmp_path: Path, serve: Callable[..., Any], open_viewer: Callable[..., Any]) -> Any:
    """A study with two series of five images, in a viewer whose frames can be held."""
    ds, paths = read(FILES / "MR_small.dcm"), []
    pixels = np.frombuffer(bytes(ds.PixelData), "<i2")
    for series in (1, 2):
        for number in range(1, 6):
            ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SeriesNumber = ROOT, f"{ROOT}.{series}", series
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.{series}.{number}"
            ds.InstanceNumber = number
            ds.PixelData = np.roll(pixels, 700 * number + 20_000 * series).tobytes()
            paths.append(stored(tmp_path, f"{series}-{number}", ds))
    return open_viewer(serve(paths))


def test_a_cell_that_is_left_takes_no_image_from_another(two_series: Any) -> None:
    page = two_series.page
    held = Held(page)
    two_series.open(f"/view/{ROOT}?series={ROOT}.1&image=1")
    two_series.wait_for_image()
    page.wait_for_selector('.slider[data-loaded="5"]')
    # Two cells of the other series; the first fetches ahead what the second waits for.
    page.keyboard.press("Shift+ArrowRight")
    held.numbers = {4, 5}
    for cell in (0, 1):
        page.locator(".series").nth(1).drag_to(page.locator(f'[data-cell="{cell}"]'))
        page.wait_for_selector(f'[data-cell="{cell}"] [data-series="{ROOT}.2"][data-image="3"]')
    page.locator('[data-cell="1"]').click(position={"x": 60, "y": 120})
    page.keyboard.press("ArrowDown")
    held.wait_for({4})
    page.locator(".series").nth(0).drag_to(page.locator('[data-cell="0"]'))
    page.wait_for_selector(f'[data-cell="0"] [data-series="{ROOT}.1"]')
    held.release()
    page.wait_for_selector('[data-cell="1"] [data-image="4"]')


def test_a_study_that_is_opened_again_while_its_images_come_is_drawn(two_series: Any) -> None:
    page = two_series.page
    held = Held(page)
    held.numbers = {2, 4}
    place = f"/view/{ROOT}?series={ROOT}.1&image=3"
    two_series.open(place)
    page.wait_for_selector('[data-cell="0"] [data-image="3"]')
    held.wait_for({2, 4})
    page.evaluate(GO, "/")
    page.wait_for_selector(".studies")
    page.evaluate(GO, place)
    page.wait_for_selector('[data-cell="0"] [data-image="3"]')
    page.keyboard.press("ArrowDown")
    held.release()
    page.wait_for_selector('[data-cell="0"] [data-image="4"]')
    page.wait_for_selector('.slider[data-loaded="5"]')


def test_an_image_that_failed_says_so_until_another_is_wanted(two_series: Any) -> None:
    page = two_series.page
    page.route(re.compile(rf"{re.escape(ROOT)}\.1\.3/frames/"), lambda route: route.abort())
    two_series.open(f"/view/{ROOT}?series={ROOT}.1&image=3")
    message = page.locator('[data-cell="0"] [role="alert"]')
    message.get_by_text("Image 3 cannot be shown").wait_for()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector('[data-cell="0"] [data-image="4"]')
    assert message.count() == 0
    page.keyboard.press("ArrowUp")
    message.get_by_text("Image 3 cannot be shown").wait_for()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector('[data-cell="0"] [data-image="3"]')


@pytest.mark.parametrize(
    ("said", "ratio"),
    [
        ({"PixelSpacing": [0, 0]}, 1.0),  # of no size: some writers put it where they know none
        ({"PixelSpacing": [2, 1]}, 2.0),
        ({"PixelSpacing": None, "PixelAspectRatio": [4, 3]}, 4 / 3),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [0.1, 0.2], "PixelAspectRatio": [4, 3]}, 0.5),
    ],
)
def test_pixels_are_drawn_as_high_as_is_said(
    serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path, said: dict[str, Any], ratio: float
) -> None:
    ds = read(FILES / "MR_small.dcm")
    for keyword, value in said.items():
        if value is None:
            del ds[keyword]
        else:
            setattr(ds, keyword, value)
    ds.PixelData = np.full((ds.Rows, ds.Columns), 900, "<i2").tobytes()
    ds.WindowCenter, ds.WindowWidth = 500, 2
    viewer = open_viewer(serve([stored(tmp_path, "high", ds)]))
    page = viewer.open(f"/view/{ds.StudyInstanceUID}")
    viewer.wait_for_image()
    _, coded = page.evaluate(CANVAS).split(",", 1)
    white = np.asarray(Image.open(io.BytesIO(base64.b64decode(coded))).convert("L")) > 128
    height, width = white.any(axis=1).sum(), white.any(axis=0).sum()
    assert height / width == pytest.approx(ratio, rel=0.02)
