"""How the screen is divided, also when the page is loaded anew, and that its keys work on any keyboard."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest

from filmless import read
from filmless.pixels import frames

from .conftest import snap, stored

FILES = Path(pydicom.data.__file__).parent / "test_files"
ROOT = "1.2.826.0.1.3680043.9.7433.81"
SLICES = 5
SHOWN = """[...document.querySelectorAll('.cell')].map(cell => {
  const { series, image } = cell.querySelector('[data-drawn]')?.dataset ?? {};
  return series ? `${series.at(-1)}/${image}` : '';
}).join(' ')"""


@pytest.fixture
def study(tmp_path: Path, serve: Any, open_viewer: Any) -> Any:
    """A study of four series with five slices each."""
    ds = read(FILES / "CT_small.dcm")
    pixels, paths = frames(ds)[0], []
    ds.StudyInstanceUID = ROOT
    for series in range(1, 5):
        ds.SeriesInstanceUID, ds.SeriesNumber, ds.SeriesDescription = f"{ROOT}.{series}", series, f"Part {series}"
        for number in range(1, SLICES + 1):
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.{series}.{number}"
            ds.InstanceNumber, ds.ImagePositionPatient = number, [-150.0, -150.0, float(number)]
            ds.PixelData = np.roll(pixels, number, axis=0).astype("<i2").tobytes()
            paths.append(stored(tmp_path, f"{series}-{number}", ds))
    viewer = open_viewer(serve(paths))
    viewer.open().get_by_text("CompressedSamples, CT1").click()
    viewer.wait_for_image()
    return viewer


def shows(study: Any) -> Callable[[str], Any]:
    return lambda cells: study.until(f"({SHOWN}) === {cells!r}")


def test_more_cells_get_the_series_that_follow_and_fewer_come_back(study: Any) -> None:
    page, shown = study.page, shows(study)
    page.keyboard.press("Shift+ArrowRight")
    shown("1/3 2/3")
    page.locator('[data-cell="1"]').click()
    page.keyboard.press("ArrowDown")
    shown("1/3 2/4")
    page.keyboard.press("Shift+ArrowLeft")
    shown("1/3")
    page.get_by_role("button", name="Layout: 1 by 1").click()
    page.get_by_role("button", name="2 by 2").click()
    shown("1/3 2/4 3/3 4/3")
    snap(page, "divided")
    page.get_by_role("button", name="Layout: 2 by 2").click()
    page.get_by_role("button", name="2 by 3").click()
    page.locator(".empty").first.wait_for()


def test_a_reload_finds_the_screen_as_it_was(study: Any) -> None:
    page, shown = study.page, shows(study)
    page.keyboard.press("Shift+ArrowRight")
    shown("1/3 2/3")
    page.locator('[data-cell="1"]').click()
    page.keyboard.press("Home")
    shown("1/3 2/1")
    page.locator('[data-cell="0"]').click()
    page.keyboard.press("2")
    page.locator('[data-cell="1"]').click()
    page.keyboard.press("3")
    page.wait_for_url(f"**?series={ROOT}.2&image=1&window=450%2C1800")
    page.reload()
    shown("1/3 2/1")
    assert page.locator('[data-cell="1"]').get_attribute("aria-current") == "true"
    page.locator('[data-cell="0"]').get_by_text("C -600 · W 1500").wait_for()
    page.locator('[data-cell="1"]').get_by_text("C 450 · W 1800").wait_for()
    window = page.get_by_role("combobox", name="Window preset")
    assert window.evaluate("menu => menu.selectedOptions[0].label") == "Bone (3)", "the window has its name again"
    page.go_back()
    page.get_by_text("CompressedSamples, CT1").wait_for()
    page.go_forward()
    shown("1/3 2/1")


def test_a_reload_finds_the_planes(study: Any) -> None:
    page = study.page
    page.get_by_role("button", name="MPR").click()
    page.wait_for_selector('[data-cell="2"] [data-plane="coronal"]')
    study.until("history.state?.screen?.cells.length === 3")
    page.reload()
    page.wait_for_selector('[data-cell="2"] [data-plane="coronal"]')
    page.keyboard.press("m")
    shows(study)("1/3")


def test_a_link_shows_what_it_names_alone(study: Any) -> None:
    page = study.page
    page.keyboard.press("Shift+ArrowRight")
    shows(study)("1/3 2/3")
    study.open(f"/view/{ROOT}?series={ROOT}.3&image=2")
    shows(study)("3/2")


PRESS = "(how) => document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...how }))"


def test_keys_work_with_caps_lock_and_where_other_scripts_are_written(study: Any) -> None:
    page = study.page
    tool = page.get_by_role("button", name="Length")
    page.evaluate(PRESS, {"key": "L", "code": "KeyL", "modifierCapsLock": True})
    study.until("document.querySelector('[aria-label=Length]').ariaPressed === 'true'")
    page.evaluate(PRESS, {"key": "д", "code": "KeyL"})
    study.until("document.querySelector('[aria-label=Length]').ariaPressed === 'false'")
    assert tool.is_visible()
    page.evaluate(PRESS, {"key": "Ы", "code": "KeyS", "shiftKey": True})
    page.get_by_role("menuitem", name="Copy link to this image").wait_for()


def test_arrows_scroll_after_the_mouse_chose_a_window(study: Any) -> None:
    page = study.page
    menu = page.get_by_role("combobox", name="Window preset")
    menu.dispatch_event("pointerdown")
    menu.focus()
    menu.select_option("preset 2")
    page.get_by_text("C -600 · W 1500").wait_for()
    page.keyboard.press("ArrowDown")
    shows(study)("1/4")
    assert page.get_by_text("C -600 · W 1500").is_visible()
    menu.focus()
    page.keyboard.press("ArrowDown")
    page.get_by_text("C 450 · W 1800").wait_for()
    assert menu.evaluate("menu => menu === document.activeElement"), "by the keyboard one chooses on"


def test_letters_work_while_a_checkbox_has_the_focus(study: Any) -> None:
    page = study.page
    page.get_by_role("button", name="Measurements", exact=True).click()
    page.get_by_role("checkbox").first.focus()
    page.keyboard.press("ArrowDown")
    shows(study)("1/4")


def test_a_slide_has_no_sides_of_a_patient(tmp_path: Path, serve: Any, open_viewer: Any) -> None:
    ds = read(FILES / "CT_small.dcm")
    ds.ImageOrientationSlide, ds.PixelSpacing = [0, -1, 0, -1, 0, 0], [0.0005, 0.0005]
    viewer = open_viewer(serve([stored(tmp_path, "slide", ds)]))
    page = viewer.open(f"/view/{ds.StudyInstanceUID}")
    viewer.wait_for_image()
    assert page.locator(".scale-bar").inner_text() == "10 µm"
    assert page.locator(".edge").all_inner_texts() == [""] * 4
    assert "-75.7 mm" not in page.locator(".corner.bottom.left").inner_text()


def test_planes_are_shown_in_the_window_of_the_images_and_leave_it(study: Any) -> None:
    page = study.page
    page.keyboard.press("Home")
    page.keyboard.press("2")
    shows(study)("1/1")
    page.get_by_role("button", name="MPR").click()
    axial = page.locator('[data-cell="0"]')
    axial.get_by_text("W 1500 · L -600").wait_for()
    window = page.get_by_role("combobox", name="Window of the planes")
    assert window.evaluate("menu => menu.selectedOptions[0].label") == "Lung (2)"
    page.keyboard.press("3")
    page.locator('[data-cell="2"]').get_by_text("W 1800 · L 450").wait_for()
    window.select_option("4")
    axial.get_by_text("W 80 · L 40").wait_for()
    snap(page, "planes-window")
    page.get_by_role("button", name="MPR").click()
    shows(study)("1/1")
    page.get_by_text("C -600 · W 1500").wait_for()
