"""What goes wrong is said in words, with what to do; and what can be tried again, can."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from filmless.archive import Archive
from filmless.file import encode, read
from filmless.server import Server, read_settings
from filmless.server.shown import Shown

from .conftest import FLAGS, Viewer, snap
from .phantoms import series

STUDY = "1.2.826.0.1.3680043.10.91"
EXAMPLES = Path(__file__).parents[2] / "examples"


def archive_of(folder: Path, paths: list[Path]) -> Path:
    with Archive(folder) as archive:
        for path in paths:
            archive.store(path)
    return folder


def settings(data: Path, port: int = 0) -> Any:
    return read_settings(given={"data": data, "http.port": port, "logs.level": "error"})


def ct(folder: Path, count: int = 40) -> list[Path]:
    return series(folder, count=count, size=32, pixel_mm=6.0, study=STUDY)


def test_a_server_that_stopped_and_comes_back(open_viewer: Callable[..., Any], tmp_path: Path) -> None:
    data = archive_of(tmp_path / "data", [*ct(tmp_path / "one"), *ct(tmp_path / "two", 3)])
    with Server(settings(data)) as server:
        viewer = open_viewer(server)
        page = viewer.open(f"/view/{STUDY}")
        viewer.wait_for_image()
        port = int(viewer.root.rsplit(":", 1)[1])
    page.locator(".series").nth(1).click()
    cell = page.locator('[data-cell="0"]')
    cell.get_by_text("the server does not answer").wait_for()
    cell.get_by_text("is `filmless` still running?").wait_for()
    page.get_by_role("button", name="Header", exact=True).click()
    page.locator(".panel").get_by_text("this part of the page does not come").wait_for()
    snap(page, "trouble-stopped")
    with Server(settings(data, port)):
        cell.get_by_role("button", name="Try again").click()
        viewer.wait_for_image()
        page.locator(".panel").get_by_role("button", name="Try again").click()
        page.get_by_role("table", name="Header").wait_for()


def test_a_file_that_ends_too_early_is_one_image_of_the_series(
    open_viewer: Callable[..., Any], serve: Callable[..., Any], tmp_path: Path
) -> None:
    paths = ct(tmp_path / "ct", 3)
    ds = read(paths[1])
    ds.PixelData = ds.PixelData[: len(ds.PixelData) // 2]
    paths[1].write_bytes(encode(ds))
    viewer = open_viewer(serve(paths))
    page = viewer.open(f"/view/{STUDY}")
    page.get_by_role("alert").get_by_text("Image 2 cannot be shown").wait_for()
    page.get_by_role("alert").get_by_text("the file is damaged").wait_for()
    assert "transfer syntax" not in page.get_by_role("alert").inner_text()
    snap(page, "trouble-damaged")
    page.locator('[data-cell="0"]').focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector('[data-cell="0"] [data-image="3"]')
    page.get_by_role("alert").wait_for(state="detached")
    viewer.complaints.clear()  # what Cornerstone says of it


@pytest.mark.parametrize(
    ("files", "said"), [([], "There are no files"), (["retina.jpg", "head.png"], "2 files are no")]
)
def test_a_folder_without_dicom_says_what_to_do(open_viewer, tmp_path, files, said):
    (folder := tmp_path / "pictures").mkdir()
    for name in files:
        shutil.copy(EXAMPLES / name, folder)
    with Server(settings(tmp_path / "index"), shown=Shown(paths=(folder,))) as server:
        page = open_viewer(server).open("/")
        page.get_by_role("heading", name="No DICOM files here").wait_for()
        page.get_by_text(said).wait_for()
        page.get_by_text("filmless view FOLDER/*.jpg").wait_for()
        snap(page, f"trouble-{len(files)}-pictures")


def test_without_webgl_it_is_said_what_to_do(chromium: Any, serve: Callable[..., Any], tmp_path: Path) -> None:
    """The header is there all the same."""
    off = [flag for flag in FLAGS if "gl" not in flag and "swiftshader" not in flag]
    off += ["--disable-gpu", "--disable-software-rasterizer", "--disable-3d-apis"]
    server = serve(ct(tmp_path / "ct", 3))
    browser = chromium.browser_type.launch(executable_path=shutil.which("chromium"), args=off, chromium_sandbox=False)
    try:
        viewer = Viewer(browser.new_page(), server.addresses.urls[0])
        page = viewer.open(f"/view/{STUDY}")
        page.get_by_role("alert").get_by_text("images are drawn by WebGL 2").wait_for()
        page.get_by_role("alert").get_by_text("turn on hardware acceleration").wait_for()
        snap(page, "trouble-webgl")
        page.get_by_role("button", name="Header", exact=True).click()
        page.get_by_role("table", name="Header").get_by_text("Modality", exact=True).wait_for()
    finally:
        browser.close()


def test_a_study_that_another_tab_deletes(serve, open_viewer, tmp_path):
    viewer = open_viewer(serve(ct(tmp_path / "ct", 3)))
    page = viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    other = Viewer(page.context.new_page(), viewer.root).open("/")
    other.wait_for_selector("#study-0")
    other.keyboard.press("Delete")
    other.get_by_role("dialog").get_by_role("button", name="Delete").click()
    other.get_by_role("heading", name="No images yet").wait_for()
    page.reload()
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "stud" in alert.inner_text()
    snap(page, "trouble-deleted")
    alert.get_by_role("button", name="To the studies").click()
    page.get_by_role("heading", name="No images yet").wait_for()


def test_an_address_that_was_cut_off_is_of_no_study(serve, open_viewer, tmp_path):
    viewer = open_viewer(serve(ct(tmp_path / "ct", 3)))
    viewer.open("/view/%E0%A4%A").get_by_text("There is no such study").wait_for()


def test_a_link_to_a_series_that_is_not_there_says_so(serve, open_viewer, tmp_path):
    viewer = open_viewer(serve(ct(tmp_path / "ct", 3)))
    page = viewer.open(f"/view/{STUDY}?series=1.2.3&image=2")
    viewer.wait_for_image()
    page.locator(".notice").get_by_text("the series of this link is not there").wait_for()
    snap(page, "trouble-no-series")
