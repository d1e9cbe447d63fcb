"""Files are brought in by a browser: chosen and dropped, DICOM, ZIPs and pictures."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom.data
import pytest

from .conftest import snap
from .test_importing import png, zipped
from .test_study_list import settled, shoot_all, studies

FILES = Path(pydicom.data.__file__).parent / "test_files"
DROP = """async ([type, files]) => {
  const data = new DataTransfer();
  for (const [name, text] of files) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    data.items.add(new File([bytes], name));
  }
  document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def empty(serve: Callable[..., Any], open_viewer: Callable[..., Any]) -> Any:
    page = open_viewer(serve([])).open()
    page.get_by_text("No images yet").wait_for()
    return page


def test_files_are_chosen_and_told_of(empty: Any, tmp_path: Path) -> None:
    page = empty
    text = tmp_path / "notes.txt"
    text.write_text("hello")
    page.get_by_label("Files to import").set_input_files([*studies(tmp_path, 6), text])
    page.wait_for_selector('.importing[data-over="true"]')
    assert "7 of 7 files" in page.locator(".so-far").inner_text()
    assert page.locator(".tally li").all_inner_texts() == ["6 stored", "1 skipped"]
    assert "notes.txt" in page.locator(".told").inner_text()
    shoot_all(page, "imported")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the report").click()
    report = Path(download.value.path()).read_text()
    assert report.count("stored\t") == 6
    assert "skipped\tnotes.txt\tneither DICOM" in report
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    settled(page, 6)


def test_escape_stops_what_comes_in_and_tells_of_it(empty: Any, tmp_path: Path) -> None:
    page = empty
    held: list[Any] = []
    page.route("**/viewer/import*", lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    page.get_by_label("Files to import").set_input_files(studies(tmp_path, 6))
    page.get_by_text("Importing 0 of 6 files").wait_for()
    page.evaluate(DROP, ["drop", [("ct.dcm", base64.b64encode((FILES / "CT_small.dcm").read_bytes()).decode())]])
    page.get_by_text("The files are not taken: an import is open").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("Stopped after 0 of 6 files").wait_for()
    page.get_by_role("button", name="Save the report").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")


def test_pictures_that_are_dropped_get_a_header(empty: Any) -> None:
    page = empty
    files = [(name, base64.b64encode(png()).decode()) for name in ("1.png", "2.png")]
    files.append(("ct.dcm", base64.b64encode((FILES / "CT_small.dcm").read_bytes()).decode()))
    page.evaluate(DROP, ["dragover", files])
    page.get_by_text("Drop to import").wait_for()
    snap(page, "drop")
    page.evaluate(DROP, ["drop", files])
    page.get_by_label("Family name").fill("Kim")
    page.get_by_label("Given name").fill("Min")
    page.get_by_label("Patient ID", exact=True).fill("77")
    page.get_by_label("Birth date").fill("1980-02-03")
    shoot_all(page, "header")
    page.get_by_role("dialog").get_by_role("button", name="Import", exact=True).click()
    page.wait_for_selector('.importing[data-over="true"]')
    tally = page.locator(".tally li").all_inner_texts()
    assert sorted(tally) == ["1 stored", "2 converted and stored"]
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    settled(page, 2)
    page.get_by_label("Search studies").fill("kim")
    settled(page, 1)
    assert page.locator(".row .instances").inner_text().split() == ["2", "1", "series"]


def test_pictures_in_a_zip_are_asked_about_afterwards(empty: Any, tmp_path: Path) -> None:
    page = empty
    path = tmp_path / "both.zip"
    path.write_bytes(zipped(a__dcm=(FILES / "CT_small.dcm").read_bytes(), b__png=png()))
    page.get_by_label("Files to import").set_input_files(path)
    page.wait_for_selector('.importing[data-over="true"]')
    page.get_by_role("button", name="Give pictures a header").click()
    page.get_by_label("Family name").fill("Zip")
    page.get_by_role("dialog").get_by_role("button", name="Import", exact=True).click()
    page.wait_for_selector('.importing[data-over="true"]')
    assert sorted(page.locator(".tally li").all_inner_texts()) == ["1 converted and stored", "1 there already"]


def test_a_folder_is_gone_through(empty: Any, tmp_path: Path) -> None:
    page = empty
    folder = tmp_path / "cd"
    (folder / "below").mkdir(parents=True)
    studies(folder / "below", 3)
    page.get_by_label("Folder to import").set_input_files(folder)
    page.wait_for_selector('.importing[data-over="true"]')
    assert page.locator(".tally li").all_inner_texts() == ["3 stored"]
