"""What is measured on planes of a volume: of its own samples, saved in space, there again on planes and images."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest

from .conftest import snap
from .phantoms import body, series
from .test_measurements import assert_valid, fetched
from .test_measuring import Page as Drawing
from .test_volumes import planes

STUDY = "1.2.826.0.1.3680043.10.1"
#: Its middle is the centre of a voxel, and the origin.
OPTIONS: dict[str, Any] = {"values": body, "count": 41, "size": 65, "pixel_mm": 3.0, "space_mm": 3.0}
SPACE_MM = 3.0


class Planes(Drawing):
    """Planes of a volume in a browser, and how to draw on them, in mm to the right and down from the middle."""

    def __init__(self, viewer: Any) -> None:
        self.viewer, self.page = viewer, viewer.page
        self.plane = "axial"

    def at(self, right: float, down: float) -> tuple[float, float]:
        box = self.page.locator(f'[data-plane="{self.plane}"]').bounding_box()
        width, height = 65 * 3.0, (65 if self.plane == "axial" else 41) * 3.0
        scale = min(box["width"] / width, box["height"] / height)
        return box["x"] + box["width"] / 2 + right * scale, box["y"] + box["height"] / 2 + down * scale


def voxels(points: np.ndarray) -> np.ndarray:
    """The values of the voxels that are nearest to points."""
    return np.round(body(np.round(points / SPACE_MM) * SPACE_MM))


def in_box(points: np.ndarray, across: int, down: int) -> np.ndarray:
    """The values of the voxels whose centres are in a rectangle, along two axes."""
    low, high = points.min(axis=0), points.max(axis=0)
    grids = [
        np.arange(np.ceil(low[axis] / SPACE_MM), np.ceil(high[axis] / SPACE_MM)) * SPACE_MM for axis in (across, down)
    ]
    first, second = np.meshgrid(*grids)
    found = np.zeros((*first.shape, 3)) + np.round(points[0] / SPACE_MM) * SPACE_MM
    found[..., across], found[..., down] = first, second
    return np.round(body(found))


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return series(tmp_path_factory.mktemp("planes"), **OPTIONS)


def opened(viewer: Any, path: str = f"/view/{STUDY}") -> Planes:
    viewer.open(path)
    viewer.wait_for_image()
    viewer.page.get_by_role("button", name="Measurements", exact=True).click()
    planes(viewer)
    viewer.page.wait_for_selector('button[aria-label="Length"]:enabled')
    return Planes(viewer)


def test_planes_are_measured_saved_and_there_again(serve, open_viewer, tmp_path, paths):
    viewer = open_viewer(serve(paths), width=1600)
    drawing = opened(viewer)
    page = drawing.page
    draw(drawing)
    drawing.key("Escape")
    snap(page, "measured-planes")
    before = [drawing.values(item) for item in drawing.items(5)]
    snap(page, "measured-planes")
    length, rectangle, probe, ellipse, angle = before
    assert length["Length"] == (pytest.approx(75, abs=1), "mm")
    assert angle["Angle"] == (pytest.approx(90, abs=1), "°")
    assert probe["Value"] == (700, "HU")
    assert rectangle["Area"] == (pytest.approx(2500, rel=0.03), "mm²")
    assert ellipse["Area"][0] == pytest.approx(np.pi * 15 * 20, rel=0.06)
    drawing.key("Control+s")
    page.get_by_text(re.compile("Saved 5 measurements as a structured report")).wait_for()
    page.wait_for_selector('.measurements[data-saved="true"]')
    with httpx.Client(base_url=viewer.root) as client:
        [report] = client.get(f"/viewer/studies/{STUDY}/measurements").json()["reports"]
        path = fetched(client, report, tmp_path / "report.dcm", STUDY)
    check_report(path, report, before)
    page.reload()
    again = opened(viewer)
    after = [again.values(item) for item in again.items(5)]
    assert after == before
    for plane, words in {"coronal": "75.", "axial": "90.", "sagittal": "Area"}.items():
        page.locator(f'[data-plane="{plane}"] svg text').filter(has_text=words).first.wait_for(state="attached")
    snap(page, "measured-again")
    # The images themselves: the probe and the angle lie in one of them.
    page.get_by_role("button", name="MPR", exact=True).click()
    page.wait_for_selector('[data-cell="0"] .viewport:not([data-plane])')
    viewer.wait_for_image()
    page.get_by_role("button", name=re.compile("Go to .*Angle")).click()
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="21"]')
    page.locator('[data-cell="0"] svg text').filter(has_text="90.").first.wait_for(state="attached")
    snap(page, "measured-stack")
    # And the rectangle in none: the planes are shown, there.
    page.get_by_role("button", name=re.compile("Go to .*Rectangle")).click()
    for plane in ("axial", "sagittal", "coronal"):
        page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"][data-loaded="true"]')
    snap(page, "measured-gone-to")
    page.locator('[data-plane="axial"] + .plane-marks [data-slice]:not([data-slice="21"])').wait_for()
    page.locator('[data-plane="coronal"] svg text').filter(has_text="Area").first.wait_for(state="attached")
    snap(page, "measured-gone-to")


def draw(drawing: Planes) -> None:
    """A length and a rectangle on the coronal plane, a probe and an angle on the axial one, an ellipse on the third."""
    drawing.key("l")
    drawing.plane = "coronal"
    drawing.drag((-40, -20), (20, 25))
    drawing.items(1)
    drawing.key("q")
    drawing.drag((-70, -40), (-20, 10))
    drawing.items(2)
    drawing.plane = "axial"
    drawing.key("d")
    drawing.drag((0, 45), (0, 45))
    drawing.items(3)
    drawing.plane = "sagittal"
    drawing.key("E")
    drawing.drag((20, 0), (35, 20))
    drawing.items(4)
    drawing.plane = "axial"
    drawing.key("a")
    drawing.drag((-30, 0), (10, 0))
    drawing.page.mouse.move(*drawing.at(10, 30), steps=4)
    drawing.page.mouse.click(*drawing.at(10, 30))


def check_report(path: Path, report: dict[str, Any], shown: list[Any]) -> None:
    """What is saved is in space, and its numbers are those of numpy."""
    assert_valid(path)
    assert "SCOORD3D" in str(pydicom.dcmread(path))
    if (dsrdump := shutil.which("dsrdump")) is not None:
        subprocess.run([dsrdump, path], check=True, capture_output=True)
    by_kind = {one["kind"]: one for one in report["measurements"]}
    assert report["sources"]
    for one in by_kind.values():
        assert one["image"] is None
        assert one["frame_of_reference_uid"] == "1.2.826.0.1.3680043.10.9"
    points = np.array(by_kind["length"]["points"])
    assert points[:, 1] == pytest.approx(0, abs=1e-3)  # of the coronal plane
    number = by_kind["length"]["values"][0]["number"]
    assert number == pytest.approx(np.linalg.norm(points[1] - points[0]), abs=1e-3)
    corners = np.array(by_kind["rectangle"]["points"])
    inside = in_box(corners, 0, 2)
    said = [value["number"] for value in by_kind["rectangle"]["values"]][1:]
    expected = [inside.mean(), inside.std(), inside.min(), inside.max()]
    assert said == pytest.approx(expected, abs=1e-3)
    assert shown[1]["Mean"][0] == pytest.approx(inside.mean(), abs=0.06)
    assert by_kind["probe"]["values"][0]["number"] == voxels(np.array(by_kind["probe"]["points"]))[0]


def test_the_whole_says_why_nothing_is_measured_there(serve, open_viewer, paths):
    viewer = open_viewer(serve(paths), width=1600)
    viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    page = planes(viewer, "3-D")
    page.locator("[data-whole]").click()
    page.wait_for_selector('button[aria-label="Length"]:disabled')
    assert "measure on the planes" in page.get_by_role("button", name="Length").get_attribute("title")
