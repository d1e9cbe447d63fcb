"""What is measured on planes of a volume is seen on images of other series, and gone to however it lies."""

import re
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pytest

from .conftest import snap
from .phantoms import series
from .test_measuring_planes import OPTIONS, STUDY, Planes, opened
from .test_volumes import PLANES

FRAME = "1.2.826.0.1.3680043.10.9"
#: Slices of 6 mm, the eleventh through the origin.
THICK: dict[str, Any] = {"count": 21, "size": 65, "pixel_mm": 3.0, "space_mm": 6.0, "SeriesDescription": "Thick slices"}


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("elsewhere")
    return [*series(folder / "thin", **OPTIONS), *series(folder / "thick", **THICK)]


def saved(drawing: Planes) -> None:
    drawing.key("Control+s")
    drawing.page.wait_for_selector('.measurements[data-saved="true"]')


def written(page: Any, words: str) -> Any:
    return page.locator('[data-cell="0"] svg text').filter(has_text=words)


def shows_thick(viewer: Any) -> None:
    """The images of the other series have the ellipse in the slice that it lies in, and nowhere else."""
    page = viewer.page
    page.locator(".series").filter(has_text="Thick slices").click()
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="11"]')
    written(page, "Area").wait_for(state="attached")
    snap(page, "measured-elsewhere")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="12"]')
    viewer.until("!document.querySelector('[data-cell=\"0\"] svg text')")
    page.keyboard.press("PageDown")
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="21"]')
    page.get_by_role("button", name=re.compile("Go to .*Ellipse")).click()
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="11"]')
    written(page, "Area").wait_for(state="attached")


def test_it_is_seen_on_images_of_other_series(serve, open_viewer, paths):
    viewer = open_viewer(serve(paths), width=1600)
    drawing = opened(viewer, f"/view/{STUDY}?series={pydicom.dcmread(paths[0]).SeriesInstanceUID}")
    drawing.key("E")
    drawing.drag((20, 0), (35, 20))
    (item,) = drawing.items(1)
    before = drawing.values(item)
    assert "Mean" in before
    drawing.key("Escape")
    drawing.key("m")
    drawing.page.wait_for_selector("[data-plane]", state="detached")
    shows_thick(viewer)
    # The volume is let go with the planes; what it came to is saved all the same.
    saved(drawing)
    drawing.page.reload()
    viewer.wait_for_image()
    drawing.page.get_by_role("button", name="Measurements", exact=True).click()
    assert drawing.values(*drawing.items(1)) == before
    shows_thick(viewer)


def turn(page: Any) -> None:
    """Turn two of the planes by the crosshairs in the axial one."""
    box = page.locator('[data-plane="axial"]').bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 - 100)
    handles = page.locator('[data-plane="axial"] svg circle')
    handles.first.wait_for(state="attached")
    spots = [(float(one.get_attribute("cx")), float(one.get_attribute("cy"))) for one in handles.all()]
    x, y = min(spots, key=lambda spot: spot[1])
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + x + 60, box["y"] + y + 15, steps=6)
    page.mouse.up()
    is_turned(page)


def is_turned(page: Any) -> None:
    east = page.locator('[data-plane="coronal"] + .plane-marks .edge.east')
    east.get_by_text(re.compile("L[AP]|[AP]L")).wait_for()


def goes_there(page: Any) -> None:
    page.get_by_role("button", name=re.compile("Go to .*Rectangle")).click()
    for plane in PLANES:
        page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"][data-loaded="true"]')
    is_turned(page)
    page.locator('[data-plane="coronal"] svg text').filter(has_text="Area").first.wait_for(state="attached")


def test_a_plane_is_turned_to_what_was_drawn_on_an_oblique_one(serve, open_viewer, paths):
    viewer = open_viewer(serve(paths[:41]), width=1600)
    drawing = opened(viewer)
    page = drawing.page
    turn(page)
    drawing.plane = "coronal"
    drawing.key("q")
    drawing.drag((-50, -40), (-20, 10))
    drawing.items(1)
    snap(page, "measured-oblique")
    drawing.key("Escape")
    before = drawing.values(drawing.items(1)[0])
    page.get_by_role("button", name="Reset volumes").click()
    page.locator('[data-plane="coronal"] + .plane-marks .edge.east').get_by_text("L", exact=True).wait_for()
    viewer.until("!document.querySelector('[data-plane=\"coronal\"] svg text')")
    goes_there(page)
    saved(drawing)
    page.reload()
    viewer.wait_for_image()
    page.get_by_role("button", name="Measurements", exact=True).click()
    drawing.items(1)
    goes_there(page)
    snap(page, "measured-oblique-again")
    viewer.until("[...document.querySelectorAll('.measurements dt')].some((one) => one.textContent === 'Mean')")
    assert drawing.values(drawing.items(1)[0]) == before


def test_where_no_planes_can_be_cut_the_nearest_image_is_shown(serve, open_viewer, tmp_path):
    """Three images with unlike spaces between them, and a line through two of them."""
    uneven = series(tmp_path / "uneven", size=32, positions=[0.0, 4.0, 20.0])
    viewer = open_viewer(serve(uneven))
    line = {"kind": "length", "points": [[0, 0, 11], [3, 0, 25]], "image": None, "frame_of_reference_uid": FRAME}
    sources = [str(pydicom.dcmread(uneven[0]).SeriesInstanceUID)]
    values = [{"name": "length", "number": 14.3, "unit": "mm"}]
    with httpx.Client(base_url=viewer.root) as client:
        url, origin = f"/viewer/studies/{STUDY}/measurements", {"Origin": viewer.root}
        asked = {"measurements": [{**line, "values": values, "label": ""}], "replaces": [], "sources": sources}
        client.post(url, json=asked, headers=origin).raise_for_status()
    page = viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    page.get_by_role("button", name="Measurements", exact=True).click()
    page.get_by_role("button", name=re.compile("Go to .*Length")).click()
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="3"]')
    page.get_by_role("status").get_by_text("the nearest one is shown").wait_for()
    snap(page, "measured-nearest")
