"""The header inspector: rows of the server, and what is searched, folded and compared in the browser."""

from pathlib import Path
from typing import Any

import httpx
import pydicom.data
import pytest

from filmless import Dataset, read
from filmless.file import encode
from filmless.viewer.header import header_rows

from .conftest import snap

FILES = Path(pydicom.data.__file__).parent / "test_files"
CT, REPORT = FILES / "CT_small.dcm", FILES / "reportsi.dcm"


def walked(ds) -> int:
    """Elements of a data set, and items."""
    inside = (len(element.value) + sum(map(walked, element.value)) for element in ds if element.VR == "SQ")
    return len(list(ds)) + sum(inside)


@pytest.mark.parametrize("path", [CT, REPORT], ids=["image", "report"])
def test_there_is_a_row_for_each_element_and_item(path):
    ds = read(path)
    rows = list(header_rows(ds))
    assert len(rows) == walked(ds.file_meta) + walked(ds)
    assert len({row[0] for row in rows}) == len(rows), "paths name rows"
    by_path = {row[0]: row for row in rows}
    assert by_path["00080016"][2:6] == ["(0008,0016)", "UI", "SOPClassUID", "SOP Class UID"]


def test_long_values_are_cut_and_bytes_are_counted():
    ds = read(CT)
    ds.ImageComments = "x" * 10_000
    rows = {row[4]: row[6] for row in header_rows(ds)}
    assert len(rows["ImageComments"]) == 4096
    assert rows["PixelData"] == "<32,768 bytes>"


def test_rows_are_bounded_by_how_long_their_values_are(serve, tmp_path, monkeypatch):
    ds = read(CT)
    ds.ReferencedImageSequence = [Dataset({"TextValue": "x" * 4000}) for _ in range(100)]
    long = Dataset({"TextValue": "y" * 2_000_000})
    ds.ReferencedStudySequence = [long]
    values = [row[6] for row in header_rows(read(encode(ds)))]
    assert values.count("x" * 4000) == 100
    assert "<2,000,000 bytes>" in values, "a long text is not read for its beginning"
    path = tmp_path / "long.dcm"
    path.write_bytes(encode(ds))
    monkeypatch.setattr("filmless.viewer.header._MOST_LETTERS", 100_000)
    url = (
        f"{serve([path]).addresses.urls[0]}/viewer/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
        f"/instances/{ds.SOPInstanceUID}/header"
    )
    told = httpx.get(url).json()
    assert not told["isWhole"]
    assert 20 < [row[6] for row in told["rows"]].count("x" * 4000) < 25


def test_the_route_answers_with_rows(serve):
    ds = read(CT)
    server = serve([CT])
    url = (
        f"{server.addresses.urls[0]}/viewer/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
        f"/instances/{ds.SOPInstanceUID}/header"
    )
    with httpx.Client() as client:
        answer = client.get(url)
        assert answer.json()["isWhole"]
        assert len(answer.json()["rows"]) == len(list(header_rows(ds)))
        assert client.get(url, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
        assert client.get(url.replace(ds.SOPInstanceUID, "1.2.3")).status_code == 404


@pytest.fixture
def opened(serve, open_viewer, tmp_path):
    """The page of a study of two CT images that differ, with the header shown."""
    other = read(CT)
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    other.SeriesInstanceUID, other.SeriesNumber, other.SeriesDescription = "1.2.3.4", 7, "Second <b>series</b>"
    other.KVP, other.PatientComments = 80, "<img src=x onerror=alert(1)>"
    second = tmp_path / "second.dcm"
    second.write_bytes(encode(other))
    viewer = open_viewer(serve([CT, second]))
    page = viewer.open(f"/view/{other.StudyInstanceUID}")
    viewer.wait_for_image()
    page.get_by_role("button", name="Header").click()
    page.get_by_role("table", name="Header").get_by_text("Modality", exact=True).wait_for()
    return viewer


def test_search_finds_by_tag_name_and_value(opened):
    page = opened.page
    search = page.get_by_label("Search the header")
    for text in ("0018,0060", "KVP", "patient's name compressed"):
        search.fill(text)
        page.get_by_text("1 row", exact=True).wait_for()
    search.fill("suite")
    page.get_by_text("[Suite id] [GEMS_IDEN_01]").wait_for()
    snap(page, "header-search")
    page.get_by_label("Private").uncheck()
    page.get_by_text("0 rows").wait_for()


def test_on_a_telephone_the_header_has_the_width_of_the_page(serve, open_viewer):
    viewer = open_viewer(serve([CT]), width=390, height=844)
    page = viewer.open(f"/view/{read(CT).StudyInstanceUID}")
    viewer.wait_for_image()
    page.get_by_role("button", name="Header", exact=True).click()
    page.get_by_role("searchbox").fill("KVP")
    page.get_by_text("1 row", exact=True).wait_for()
    snap(page, "header-telephone")
    for part in (
        page.locator(".panel"),
        page.get_by_role("searchbox"),
        page.get_by_role("button", name="Compare", exact=True),
    ):
        box = part.bounding_box()
        assert box["width"] >= 70
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    panel, series = (page.locator(name).bounding_box() for name in (".panel", ".series-panel"))
    assert panel["width"] == 390
    assert series["y"] == panel["y"], "it lies over the rest, and moves nothing"


def test_two_headers_are_compared(opened):
    page = opened.page
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text("Show another image to compare with").wait_for()
    page.get_by_role("button", name="Second <b>series</b>").click()
    differences = page.get_by_label("Differences between two headers")
    differences.get_by_text("KVP").wait_for()
    assert differences.get_by_text("absent").count() == 2, "two attributes are the second's alone"
    assert differences.get_by_text("<img src=x onerror=alert(1)>").is_visible(), "text of headers is text"
    snap(page, "header-differences")


def test_no_header_is_shown_under_another_image(opened):
    page = opened.page
    waiting: list[Any] = []

    def hold(route: Any) -> None:
        waiting.append(route)

    page.route("**/header", hold)
    with page.expect_request("**/header"):
        page.get_by_role("button", name="Second <b>series</b>").click()
    page.locator("output.header-count", has_text="Loading").wait_for()
    assert page.locator(".header-row").count() == 0
    while not waiting:
        page.wait_for_timeout(20)
    waiting[-1].continue_()
    page.locator("output.header-count", has_text="rows").wait_for()
