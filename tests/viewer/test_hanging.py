"""How images of breasts hang: facing each other, and meeting in the middle."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from filmless import Dataset, generate_uid

from .conftest import snap, stored

STUDY = "1.2.826.0.1.3680043.10.71"
ROWS, COLUMNS = 120, 90


def mammogram(folder: Path, laterality: str, view: str, *, is_mirrored: bool = False) -> Path:
    """Write an image of a breast: the chest is at its right side for the right one, unless it is mirrored."""
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    from_chest = columns if laterality == "L" else COLUMNS - 1 - columns
    breast = (from_chest / 70) ** 2 + ((rows - ROWS / 2) / 50) ** 2 < 1
    values = np.where(breast, 3000, 0).astype("<u2")
    front = "A" if laterality == "L" else "P"
    if is_mirrored:
        values, front = values[:, ::-1], {"A": "P", "P": "A"}[front]
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.2", str(generate_uid())
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, f"{STUDY}.{'RL'.index(laterality)}{len(view)}"
    ds.PatientName, ds.PatientID, ds.StudyDate, ds.Modality = "Doe^Ann", "M1", "20260102", "MG"
    ds.ImageLaterality, ds.ViewPosition, ds.PatientOrientation = laterality, view, [front, "F"]
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.ImagerPixelSpacing, ds.WindowCenter, ds.WindowWidth = [2.0, 2.0], 1500, 3000
    ds.PixelData = np.ascontiguousarray(values).tobytes()
    return stored(folder, f"{laterality}{view}", ds)


@pytest.fixture
def hung(serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path) -> Any:
    """The four views of a screening, one of them mirrored."""
    views = [("L", "MLO"), ("R", "MLO"), ("L", "CC"), ("R", "CC")]
    paths = [mammogram(tmp_path, *one, is_mirrored=one == ("R", "MLO")) for one in views]
    viewer = open_viewer(serve(paths), width=1440, height=900)
    viewer.open(f"/view/{STUDY}")
    for cell in range(4):
        viewer.wait_for_image(cell)
    return viewer


def shown(viewer: Any, cell: int) -> NDArray[np.bool_]:
    """Return where the image of a cell is bright, without what is written on it."""
    picture = viewer.page.locator(f'[data-cell="{cell}"] canvas').first.screenshot()
    return np.asarray(Image.open(io.BytesIO(picture)).convert("L")) > 60


def drawn_anew(page: Any) -> None:
    """Wait until what was asked for is on the screen: a frame to measure it, one to draw it, one to show it."""
    page.evaluate("async () => { for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame); }")


def meets(viewer: Any, cell: int) -> bool:
    """Whether the chest lies at the side of a cell that is in the middle of the page."""
    columns = shown(viewer, cell).sum(axis=0)
    # The active cell has an edge of its own, of two pixels while it has the focus.
    left, right = columns[2:10], columns[-10:-2]
    inner, outer = (right, left) if cell % 2 == 0 else (left, right)
    return bool(inner.min() > 0.5 * columns[10:-10].max() and outer.max() <= 4)


def test_breasts_meet_in_the_middle(hung):
    page = hung.page
    page.keyboard.press("o")
    names = [page.locator(f'[data-cell="{cell}"]').get_attribute("aria-label") for cell in range(4)]
    assert names == [f"Cell {cell + 1}: MG" for cell in range(4)]
    hung.until("document.querySelectorAll('.corner').length === 0")
    snap(page, "mammograms")
    for cell in range(4):
        hung.until(f"""document.querySelector('[data-cell="{cell}"] .viewport').dataset.drawn === "true" """)
        assert meets(hung, cell), cell
    page.set_viewport_size({"width": 1000, "height": 800})
    drawn_anew(page)
    for cell in range(4):
        assert meets(hung, cell), f"{cell}, in a smaller window"
    page.locator('[data-cell="0"]').focus()
    page.keyboard.press("+")
    page.keyboard.press("f")
    drawn_anew(page)
    assert meets(hung, 0), "fitted anew"


def test_what_is_written_is_beside_the_breast(hung):
    for cell, side in enumerate(("left", "right", "left", "right")):
        other = {"left": "right", "right": "left"}[side]
        corners = hung.page.locator(f'[data-cell="{cell}"] .corner')
        assert corners.filter(has_text="W 3000").get_attribute("class") == f"corner bottom {side}"
        assert corners.filter(has_text="Doe, Ann").get_attribute("class") == f"corner top {side}"
        assert hung.page.locator(f'[data-cell="{cell}"] .corner.{other}').count() == 0
