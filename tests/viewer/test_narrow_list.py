"""The list of studies in narrow windows, down to that of a telephone: nothing lies over anything, or is cut off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom.data
import pytest

from filmless import read

from .conftest import snap
from .test_study_list import settled, studies

FILES = Path(pydicom.data.__file__).parent / "test_files"
#: What of a row, or of the headings, overlaps or is beside the page; what is shown, and how wide it is.
LAID = """(selector) => {
  const parts = [...document.querySelectorAll(selector)].filter((one) => one.getClientRects().length);
  const name = (one) => one.localName === "td" ? one.className : one.getAttribute("aria-label") ?? one.textContent;
  const boxes = parts.map((one) => ({ name: name(one), box: one.getBoundingClientRect() }));
  const meets = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5;
  return {
    overlapping: boxes.flatMap((one, index) =>
      boxes.slice(index + 1).filter((other) => meets(one.box, other.box)).map((other) => `${one.name}, ${other.name}`)),
    outside: boxes.filter(({ box }) => box.left < 0 || box.right > innerWidth).map((one) => one.name),
    widths: Object.fromEntries(boxes.map((one) => [one.name, one.box.width])),
  };
}"""
SCROLLED = (
    """[document.documentElement, document.querySelector(".grid")].map((one) => one.scrollWidth - one.clientWidth)"""
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Studies with short and long names, one of three modalities with long names."""
    folder = tmp_path_factory.mktemp("narrow")
    paths = studies(folder, 12)
    for modality in ("RTSTRUCT", "RTDOSE", "RTPLAN", "CT"):
        ds = read(FILES / "CT_small.dcm")
        ds.SeriesInstanceUID = ds.SOPInstanceUID = f"1.2.826.9.{len(paths)}"
        ds.Modality, ds.StudyDate = modality, "20250101"
        ds.StudyDescription = "Planning of a treatment of the thorax, second course"
        paths.append(folder / f"{modality}.dcm")
        ds.save_as(paths[-1])
    return paths


@pytest.mark.parametrize("has_touch", [False, True])
def test_a_narrow_list_can_be_read(
    serve: Callable[..., Any], open_viewer: Callable[..., Any], files: list[Path], has_touch: bool
) -> None:
    viewer = open_viewer(serve(files), has_touch=has_touch)
    page = viewer.open()
    settled(page, 13)
    page.wait_for_selector(".thumbnail img")
    for width in (390, 600, 820, 821, 960, 961, 1100, 1101, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(SCROLLED) == [0, 0], width
        snap(page, f"list-{width}{'-touch' if has_touch else ''}")
        for row in range(5):
            laid = page.evaluate(LAID, f"#study-{row} > td")
            assert (laid["overlapping"], laid["outside"]) == ([], []), (width, row)
            shown = laid["widths"]
            assert shown["patient"] >= 100, (width, row)
            assert shown["date"] >= 80, (width, row)
            assert shown["modality"] >= 30, (width, row)
            assert shown["description"] >= 70, (width, row)
        for parts in (".headings .fields input", ".headings .sort", ".top > h1, .top input:not(.unseen), .top button"):
            laid = page.evaluate(LAID, parts)
            assert (laid["overlapping"], laid["outside"]) == ([], []), (width, parts)


def test_what_narrows_the_list_is_in_sight(
    serve: Callable[..., Any], open_viewer: Callable[..., Any], files: list[Path]
) -> None:
    viewer = open_viewer(serve(files), width=390)
    page = viewer.open()
    settled(page, 13)
    accession = page.get_by_label("Accession number")
    assert not accession.is_visible()
    page.set_viewport_size({"width": 1200, "height": 800})
    accession.fill("ACC000003")
    settled(page, 1)
    page.set_viewport_size({"width": 390, "height": 800})
    assert accession.is_visible()
    accession.fill("")
    settled(page, 13)
    page.locator("#study-0").click()
    page.wait_for_url("**/view/*")
