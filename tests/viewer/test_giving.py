"""What a cell shows is saved, shared and sent from the page on which it is read."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import av
import numpy as np
import pydicom.data
import pytest
from PIL import Image

from filmless import read_fileset
from filmless.file import read
from filmless.pixels import render
from filmless.pixels.grey import Window

from .conftest import snap
from .phantoms import series

FILES = Path(pydicom.data.__file__).parent / "test_files"


@pytest.fixture
def ct(serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path) -> tuple[Any, list[Path]]:
    """A CT of five slices on the screen, and its files."""
    paths = series(tmp_path / "ct", count=5, size=96)
    viewer = open_viewer(serve(paths))
    # How sending goes on behind this is tested without a browser (`test_sending`).
    viewer.page.route("**/viewer/peers", lambda route: route.fulfill(json=[{"name": "pacs", "by": "DIMSE"}]))
    viewer.open(f"/view/{read(paths[0]).StudyInstanceUID}?image=2&series={read(paths[0]).SeriesInstanceUID}")
    viewer.wait_for_image()
    return viewer, paths


def saved(page: Any, name: str) -> tuple[str, bytes]:
    """Choose from the menu what is downloaded; return its name and its bytes."""
    page.keyboard.press("S")
    item = page.get_by_role("menuitem", name=name)
    item.wait_for()
    with page.expect_download() as download:
        item.click()
    page.wait_for_selector(".save-menu:not(:popover-open)", state="attached")
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_what_is_shown_is_saved(ct: tuple[Any, list[Path]]) -> None:
    viewer, paths = ct
    page = viewer.page
    page.keyboard.press("2")  # the lung
    viewer.until("document.querySelector('.corner.bottom.right').innerText.includes('W 1500')")
    page.get_by_role("button", name="Save and share").click()
    page.wait_for_selector(".save-menu:popover-open")
    snap(page, "save-menu")
    viewer.until("document.activeElement.getAttribute('role') === 'menuitem'")
    page.keyboard.press("Escape")
    page.wait_for_selector(".save-menu:not(:popover-open)", state="attached")

    name, data = saved(page, "Image PNG")
    assert name == "CT-series-1-image-2.png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), render(read(paths[1]), voi=Window(-600, 1500)))

    name, data = saved(page, "Film of 5 images MP4")
    assert name == "CT-series-1-film.mp4"
    with av.open(io.BytesIO(data)) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(frames) == 5
    assert np.abs(frames[1].astype(int) - render(read(paths[1]), voi=Window(-600, 1500))).mean() < 4

    name, data = saved(page, "Files of the series ZIP")
    assert name.endswith(".zip")
    assert len(zipfile.ZipFile(io.BytesIO(data)).namelist()) == 5


def test_a_series_is_saved_with_a_dicomdir_and_sent(ct: tuple[Any, list[Path]], tmp_path: Path) -> None:
    page, first = ct[0].page, read(ct[1][0])
    _, data = saved(page, "Series with DICOMDIR ZIP")
    zipfile.ZipFile(io.BytesIO(data)).extractall(tmp_path / "cd")
    assert len(read_fileset(tmp_path / "cd")) == 5

    asked = []
    answers = [{"waiting": 5, "error": "nobody listens there"}, {"waiting": 5, "error": "nobody listens there"}]

    def send(route: Any) -> None:
        asked.append((route.request.method, parse_qs(urlsplit(route.request.url).query)))
        answer = answers.pop(0) if answers else {"waiting": 0, "error": ""}
        route.fulfill(json={"instances": 5, "failed": 0, "queued": 5, **answer})

    page.route("**/viewer/send?*", send)
    page.keyboard.press("S")
    page.get_by_role("menuitem", name="Send series").click()
    dialog = page.get_by_role("dialog", name="Send series of 5 instances")
    dialog.get_by_role("button", name="Send", exact=True).click()
    dialog.get_by_text("nobody listens there").wait_for()
    dialog.get_by_text("It is tried again, also when this is closed.").wait_for()
    dialog.get_by_text("5 of 5 instances sent").wait_for()
    query = {"peer": ["pacs"], "study": [first.StudyInstanceUID], "series": [first.SeriesInstanceUID]}
    assert asked == [("POST", query), ("GET", query), ("GET", query)]


def test_a_cell_is_saved_as_it_is_seen(ct: tuple[Any, list[Path]]) -> None:
    viewer, _ = ct
    page = viewer.page
    page.keyboard.press("l")
    box = page.locator('[data-cell="0"]').bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(middle[0] - 100, middle[1] - 40)
    page.mouse.down()
    page.mouse.move(middle[0] + 100, middle[1] + 40, steps=4)
    page.mouse.up()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] - 5)
    viewer.until("[...document.querySelectorAll('.svg-layer text')].some((one) => one.textContent.includes('mm'))")
    _, data = saved(page, "Cell as seen PNG")
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    assert picture.size == (round(box["width"]), round(box["height"]))
    seen = Image.open(io.BytesIO(page.screenshot(clip=box))).convert("RGB")
    snap(page, "cell-on-the-screen")
    keep(picture, "cell-as-seen")
    difference = np.abs(np.asarray(picture, int) - np.asarray(seen, int))[4:-4, 4:-24]
    # The same but for how letters are smoothed.
    assert difference.mean() < 1.5
    assert (difference.max(axis=-1) > 64).mean() < 0.01
    yellow = np.asarray(picture, int)
    assert (yellow[..., 0] - yellow[..., 2] > 80).sum() > 100, "the line and the letters are there"


def keep(picture: Image.Image, name: str) -> None:
    """Keep a picture where somebody wants to look at it."""
    if folder := os.environ.get("FILMLESS_SCREENSHOTS"):
        picture.save(Path(folder) / f"{name}.png")


def test_a_link_shows_the_same(ct: tuple[Any, list[Path]]) -> None:
    viewer, _ = ct
    page = viewer.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("2")
    viewer.until("document.querySelector('.corner.bottom.right').innerText.includes('W 1500')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("S")
    page.get_by_role("menuitem", name="Copy link").click()
    page.get_by_text("The link is copied.").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert "window=-600%2C1500" in link
    assert "image=3" in link
    page.goto(link)
    page.wait_for_selector('[data-cell="0"] [data-image="3"]')
    viewer.until("document.querySelector('.corner.bottom.right').innerText.includes('W 1500')")


def test_frames_of_an_instance_are_a_film(serve: Callable[..., Any], open_viewer: Callable[..., Any]) -> None:
    path = FILES / "SC_rgb_rle_2frame.dcm"
    viewer = open_viewer(serve([path]))
    viewer.open(f"/view/{read(path).StudyInstanceUID}")
    viewer.wait_for_image()
    _, data = saved(viewer.page, "Film of 2 images MP4")
    with av.open(io.BytesIO(data)) as container:
        assert len(list(container.decode(video=0))) == 2
