"""A folder is looked at in the browser, without an archive: what `filmless view` shows."""

import shutil
from pathlib import Path

import pydicom.data
import pytest

from filmless.server import Server, read_settings
from filmless.server.shown import Shown

from .conftest import snap

MEDIUM = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"


@pytest.fixture
def medium(tmp_path: Path, open_viewer):
    """A copy of a medium, shown by its DICOMDIR."""
    copied = tmp_path / "cd"
    shutil.copytree(MEDIUM, copied)
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*")}
    settings = read_settings(given={"data": tmp_path / "index", "http.port": 0, "logs.level": "error"})
    with Server(settings, shown=Shown(paths=(copied,))) as server:
        yield open_viewer(server)
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*")} == before


def test_a_medium_is_looked_at_where_it_lies(medium) -> None:
    page = medium.open()
    page.get_by_text("Archibald").first.click()
    medium.wait_for_image()
    snap(page, "in-place")


def test_it_is_said_before_one_measures_that_nothing_is_kept(medium) -> None:
    page = medium.open()
    page.get_by_text("Archibald").first.click()
    medium.wait_for_image()
    page.get_by_role("button", name="Measurements", exact=True).click()
    page.get_by_text("`filmless view --save-to DIR`, which saves it to a folder").wait_for()
    page.wait_for_selector('button[aria-label="Length"]:enabled')
    page.keyboard.press("l")
    box = page.locator('[data-cell="0"] .viewport').bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 20, steps=4)
    page.mouse.up()
    page.locator(".measurements ol > li").wait_for()
    assert page.locator(".measurements").get_by_role("button", name="Save").is_disabled()
    snap(page, "in-place-measured")
    page.get_by_label("Back to the studies").click()
    dialog = page.get_by_role("dialog", name="Measurements are not saved")
    dialog.get_by_role("button", name="Leave without saving").wait_for()
    assert dialog.get_by_role("button", name="Save and leave").count() == 0
