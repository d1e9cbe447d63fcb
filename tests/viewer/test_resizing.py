"""What a cell shows when it takes another size: what was whole stays whole, what was enlarged stays as large."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from filmless import Dataset, generate_uid

from .conftest import snap, stored
from .phantoms import series
from .test_hanging import drawn_anew

#: Of a plane nothing but its pixels.
BARE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".plane svg, .plane > :not(.viewport), .whose { visibility: hidden !important; }");
  document.adoptedStyleSheets = [sheet];
}"""

STUDY = "1.2.826.0.1.3680043.10.72"
COLUMNS, ROWS = 240, 120
CELL = '[data-cell="0"] .viewport'


def sheet(folder: Path) -> Path:
    """Write a wide image that is white from edge to edge."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", str(generate_uid())
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = STUDY, f"{STUDY}.1", "OT"
    ds.PatientName, ds.PatientID, ds.StudyDate = "Doe^Ann", "S1", "20260102"
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.WindowCenter, ds.WindowWidth = 128, 256
    ds.PixelData = np.full((ROWS, COLUMNS), 255, np.uint8).tobytes()
    return stored(folder, "sheet", ds)


class Seen(NamedTuple):
    """How large an image is in its cell, and the cell, in pixels; how far it is from its middle."""

    size: tuple[int, int]
    cell: tuple[int, int]
    off: int


def seen(viewer: Any, name: str = CELL) -> Seen:
    """Return how what is bright lies in a cell, once it is drawn."""
    drawn_anew(viewer.page)
    picture = viewer.page.locator(name).first.screenshot()
    bright = np.asarray(Image.open(io.BytesIO(picture)).convert("L")) > 128
    # The active cell has an edge of its own, of two pixels.
    bright[:2], bright[-2:], bright[:, :2], bright[:, -2:] = False, False, False, False
    columns, rows = (np.flatnonzero(bright.any(axis=axis)) for axis in (0, 1))
    height, width = bright.shape
    size = int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)
    off = max(abs(columns[0] + columns[-1] + 1 - width), abs(rows[0] + rows[-1] + 1 - height))
    return Seen(size, (width, height), int(off))


def assert_whole(viewer: Any) -> None:
    """Assert that the image is as large as the cell allows, and in its middle."""
    (width, height), cell, off = seen(viewer)
    assert max(width / cell[0], height / cell[1]) > 0.98
    assert off <= 2
    assert max(width, height) / min(width, height) == pytest.approx(COLUMNS / ROWS, rel=0.03)


@pytest.fixture
def wide(serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path) -> Any:
    """A page with the wide image alone, and nothing written on it."""
    viewer = open_viewer(serve([sheet(tmp_path)]))
    viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    viewer.page.keyboard.press("o")
    viewer.until("document.querySelectorAll('.corner').length === 0")
    return viewer


def test_what_is_whole_stays_whole(wide: Any) -> None:
    page = wide.page
    assert_whole(wide)
    for width, height in ((700, 800), (1281, 477), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        assert_whole(wide)
    page.get_by_role("button", name="Header", exact=True).click()
    page.get_by_role("table", name="Header").wait_for()
    snap(page, "resized-panel")
    assert_whole(wide)
    page.get_by_role("button", name="Header", exact=True).click()
    for key in ("Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowRight"):
        page.keyboard.press(key)
        assert_whole(wide)
    snap(page, "resized-grid")


def test_what_is_turned_is_whole_too(wide: Any) -> None:
    page = wide.page
    for key in ("r", "h", "r", "v", "R"):
        page.keyboard.press(key)
        assert_whole(wide)
        page.set_viewport_size({"width": 700, "height": 800})
        assert_whole(wide)
        page.set_viewport_size({"width": 1280, "height": 800})
    assert_whole(wide)


def test_what_is_enlarged_stays_as_large(wide: Any) -> None:
    page = wide.page
    for _ in range(3):
        page.keyboard.press("-")
    drawn_anew(page)
    size = seen(wide).size
    page.set_viewport_size({"width": 1111, "height": 655})
    assert seen(wide).size == pytest.approx(size, abs=1)
    assert seen(wide).off <= 2
    page.keyboard.press("f")
    assert_whole(wide)
    page.set_viewport_size({"width": 900, "height": 700})
    assert_whole(wide)


def test_one_to_one_stays_so(wide: Any) -> None:
    page = wide.page
    page.keyboard.press("=")
    for width, height in ((1280, 800), (1001, 555), (1000, 556), (1280, 801)):
        page.set_viewport_size({"width": width, "height": height})
        drawn_anew(page)
        picture = Image.open(io.BytesIO(page.locator(CELL).screenshot())).convert("L")
        values, counts = np.unique(np.asarray(picture), return_counts=True)
        assert counts[values > 250].sum() == COLUMNS * ROWS, "no pixel is between two of the screen"
        assert seen(wide).off <= 1


def test_planes_stay_whole(serve: Any, open_viewer: Any, tmp_path: Path) -> None:
    who: dict[str, Any] = {"PatientID": "A1", "PatientName": "Phantom^Trunk", "WindowCenter": -900, "WindowWidth": 2}
    paths = series(tmp_path, **who, study=STUDY, count=30, size=64, pixel_mm=3.0, values=lambda at: at[..., 0] * 0)
    viewer = open_viewer(serve(paths))
    page = viewer.open(f"/view/{STUDY}?window=-900,2")
    viewer.wait_for_image()
    page.get_by_role("button", name="MPR").click()
    for plane in ("axial", "sagittal", "coronal"):
        page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"][data-loaded="true"]')
    page.evaluate(BARE)
    for width in (1280, 760, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for plane, height_mm in {"axial": 192, "sagittal": 75, "coronal": 75}.items():
            size, cell, off = seen(viewer, f'[data-plane="{plane}"]')
            assert off <= 2, plane
            # The active cell's edge takes two pixels of each side.
            assert size == pytest.approx((cell[0] - 4, min(cell[0] * height_mm / 192, cell[1] - 4)), abs=4), plane
