"""The list of studies in a browser: searched, sorted, scrolled, walked through by keys."""

import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pydicom.data
import pytest

from filmless import read

from .conftest import snap

FILES = Path(pydicom.data.__file__).parent / "test_files"
NAMES = [
    "Yamada^Tarou=山田^太郎=やまだ^たろう",
    "Hong^Gildong=洪^吉洞=홍^길동",
    "",
    "Wolfeschlegelsteinhausenbergerdorff^Hubert Blaine^^Senior^the long one of Philadelphia",
    "Müller^José",
    "Doe^Jane",
]


def studies(folder: Path, count: int) -> list[Path]:
    """Write small studies of several people."""
    paths = []
    ds = read(FILES / "CT_small.dcm")
    ds.SpecificCharacterSet = "ISO_IR 192"
    for number in range(count):
        ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.826.7.{number}", f"1.2.826.7.{number}.1"
        ds.SOPInstanceUID = f"1.2.826.7.{number}.1.1"
        ds.PatientName, ds.PatientID = NAMES[number % len(NAMES)], f"ID{number:05}"
        ds.StudyDate, ds.StudyTime = f"2024{1 + number // 28 % 12:02}{1 + number % 28:02}", "101500"
        ds.StudyDescription = [
            "CT Thorax mit KM",
            "",
            "Schädel nativ",
            "Abdomen and pelvis, with contrast, late phase",
        ][number % 4]
        ds.AccessionNumber, ds.Modality = f"ACC{number:06}", ["CT", "MR", "US"][number % 3]
        paths.append(folder / f"{number}.dcm")
        ds.save_as(paths[-1])
    return paths


def shoot_all(page: Any, name: str) -> None:
    """Keep pictures of a page in dark and light, wide and less so."""
    if not os.environ.get("FILMLESS_SCREENSHOTS"):
        return
    for width, height in ((1280, 800), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("dark", "light"):
            page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            snap(page, f"{name}-{theme}-{width}")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.set_viewport_size({"width": 1280, "height": 800})


def settled(page: Any, shown: int) -> None:
    """Wait until the list is that of what was asked for."""
    page.wait_for_selector('.studies[data-behind="false"][data-counted="true"]')
    page.wait_for_selector(f'table[aria-rowcount="{shown + 1}"]')


def first(page: Any, patient_id: str) -> None:
    """Wait until a patient's study is the first of the list."""
    page.wait_for_selector(f"#study-0 .id[title='{patient_id}']")


def test_names_of_modalities_are_not_cut_off(
    serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path
) -> None:
    paths = []
    for number, modality in enumerate(("CT", "RTSTRUCT", "RTDOSE")):
        ds = read(FILES / "CT_small.dcm")
        ds.SeriesInstanceUID, ds.SOPInstanceUID = f"1.2.826.8.{number}", f"1.2.826.8.{number}.1"
        ds.Modality = modality
        paths.append(tmp_path / f"{modality}.dcm")
        ds.save_as(paths[-1])
    viewer = open_viewer(serve(paths))
    page = viewer.open()
    page.wait_for_selector("#study-0 .modality span")
    outside = """
        (() => {
          const [row, column] = ["#study-0", "#study-0 .modality"].map((one) =>
            document.querySelector(one).getBoundingClientRect());
          const cell = { left: column.left, right: column.right, top: row.top, bottom: row.bottom };
          const inside = (one) =>
            one.left >= cell.left && one.right <= cell.right && one.top >= cell.top && one.bottom <= cell.bottom;
          return [...document.querySelectorAll("#study-0 .modality span")]
            .filter((one) => !inside(one.getBoundingClientRect()))
            .map((one) => one.textContent);
        })()
    """
    for width in (1024, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(outside) == []
    snap(page, "study-list-modalities")
    assert page.locator("#study-0 .modality").get_attribute("title") == "CT, RTDOSE, RTSTRUCT"


@pytest.fixture
def many(serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path) -> Any:
    viewer = open_viewer(serve(studies(tmp_path, 130)))
    viewer.open()
    settled(viewer.page, 130)
    return viewer


def test_words_are_sought_in_all_columns(many: Any) -> None:
    page = many.page
    page.wait_for_selector(".thumbnail img")
    page.wait_for_load_state("networkidle")
    shoot_all(page, "list")
    page.keyboard.press("/")
    page.keyboard.type("muller")
    settled(page, 21)
    assert "muller" not in page.url
    page.keyboard.type(" us")
    settled(page, 0)
    shoot_all(page, "no-match")
    page.get_by_role("button", name="Show all studies").click()
    settled(page, 130)
    for text, shown in (("山田", 22), ("acc000007", 1), ("2024-02", 28), ("SCHÄDEL mr", 10)):
        page.get_by_label("Search studies").fill(text)
        settled(page, shown)
    assert page.locator(".counts").inner_text() == "10 of 130 studies"


def test_no_address_has_what_is_of_a_patient(many: Any) -> None:
    page = many.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{many.root}/?text=muller&sort=patient")
    settled(page, 21)
    page.wait_for_url(f"{many.root}/?sort=patient")  # one that was typed or passed on
    page.get_by_label("Patient name").fill("müller")
    page.get_by_label("From").fill("2020-01-01")
    page.wait_for_url(f"{many.root}/?sort=patient&from=2020-01-01")
    settled(page, 21)
    assert [url for url in asked[1:] if "ller" in url.lower()] == []
    page.reload()
    settled(page, 21)
    assert page.get_by_label("Patient name").input_value() == "müller"
    page.locator("#study-0").click()
    page.wait_for_url(re.compile(r"/view/"))
    page.go_back()
    settled(page, 21)
    assert page.get_by_label("Search studies").input_value() == "muller"
    assert [url for url in asked[1:] if "ller" in url.lower()] == []


def test_fields_search_in_one_column_and_headings_sort(many: Any) -> None:
    page = many.page
    page.get_by_label("Patient name").fill("doe")
    settled(page, 21)
    page.get_by_label("From date").fill("2024-03-01")
    settled(page, 12)
    page.get_by_label("Modality", exact=True).fill("us")
    settled(page, 12)
    snap(page, "fields")
    page.reload()
    settled(page, 12)
    assert page.get_by_label("Patient name").input_value() == "doe"
    page.get_by_role("button", name="Patient ID").click()
    first(page, "ID00059")
    page.get_by_role("button", name="Patient ID").click()
    first(page, "ID00125")
    assert page.locator("th.id").get_attribute("aria-sort") == "descending"


def test_keys_walk_select_and_open(many: Any) -> None:
    page = many.page
    page.keyboard.press("End")
    page.wait_for_selector('#study-129.current [href="/view/1.2.826.7.0"]')
    page.keyboard.press("Home")
    page.wait_for_selector("#study-0.current")
    page.keyboard.press("PageDown")
    page.wait_for_selector(".row.current:not(#study-0)")
    page.keyboard.press("Home")
    for key in (" ", "ArrowDown", " "):
        page.keyboard.press(key)
    assert page.locator('.row[data-selected="true"]').count() == 2
    shoot_all(page, "selected")
    page.keyboard.press("m")
    page.wait_for_selector(".menu:popover-open")
    snap(page, "menu")
    page.keyboard.press("Escape")
    page.wait_for_selector(".menu", state="detached")
    page.keyboard.press("Escape")
    page.wait_for_selector(".selection", state="detached")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/view/1\.2\.826\.7\.\d+"))
    page.go_back()
    settled(page, 130)


def test_what_arrives_shows_up_and_the_list_stays(
    serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path
) -> None:
    paths = studies(tmp_path, 41)
    server = serve(paths[:40])
    viewer = open_viewer(server)
    page = viewer.page
    page.clock.install()
    viewer.open()
    page.clock.run_for(500)
    settled(page, 40)
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    uid = page.locator(".row.current").get_attribute("data-study")
    answer = httpx.post(
        f"{server.addresses.dicom_web}/studies",
        content=paths[40].read_bytes(),
        headers={"Content-Type": "application/dicom"},
    )
    assert answer.status_code == 200
    page.clock.run_for(9000)
    settled(page, 41)
    assert page.locator('.row[data-selected="true"]').get_attribute("data-study") == uid
    assert page.locator(".row.current").get_attribute("data-study") == uid


def test_a_study_is_deleted_after_it_was_asked(many: Any) -> None:
    page = many.page
    page.keyboard.press("Delete")
    dialog = page.get_by_role("dialog")
    assert "cannot be undone" in dialog.inner_text()
    shoot_all(page, "delete")
    dialog.get_by_role("button", name="Keep").click()
    dialog.wait_for(state="detached")
    page.keyboard.press("Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("1 study is deleted.").wait_for()
    settled(page, 129)


def test_who_may_only_read_is_offered_only_that(
    serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path
) -> None:
    viewer = open_viewer(serve(studies(tmp_path, 2)))
    viewer.page.route(
        "**/viewer/session",
        lambda route: route.fulfill(body=json.dumps({"canImport": False, "canDelete": False})),
    )
    page = viewer.open()
    settled(page, 2)
    page.locator(".more").first.click()
    page.wait_for_selector(".menu:popover-open")
    assert page.get_by_role("menuitem", name="Copy link").count() == 1
    assert page.get_by_role("menuitem", name="Delete").count() == 0


def test_an_empty_archive_says_how_images_come_in(serve: Callable[..., Any], open_viewer: Callable[..., Any]) -> None:
    viewer = open_viewer(serve([]))
    page = viewer.open()
    page.get_by_text("No images yet").wait_for()
    page.get_by_text("filmless store").wait_for()
    page.get_by_text("DIMSE is off here").wait_for()


def test_an_empty_archive_says_where_modalities_send(
    serve: Callable[..., Any], open_viewer: Callable[..., Any]
) -> None:
    server = serve([], **{"dimse.port": 0, "dimse.ae_title": "PACS"})
    page = open_viewer(server).open()
    page.get_by_text("Send by C-STORE to AE title PACS").wait_for()
    [called] = server.addresses.dimse
    assert f"port {called.rsplit(':', maxsplit=1)[1]}" in page.locator(".ways").inner_text()
    shoot_all(page, "empty")


def test_a_study_is_taken_along_with_a_dicomdir(many: Any) -> None:
    page = many.page
    page.keyboard.press("m")
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download").click()
    with zipfile.ZipFile(download.value.path()) as file:
        assert "DICOMDIR" in file.namelist()
        assert len(file.namelist()) >= 2
