"""Volumes are cut into planes, seen whole, and fused; what lies on the left is on the left."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from filmless import Dataset

from .conftest import snap
from .phantoms import PET, body, hot_spot, lump, series

PLANES = ("axial", "sagittal", "coronal")
TILT = (0.0, np.sin(np.radians(-15)), np.cos(np.radians(-15)))
ACQUIRED: dict[str, dict[str, Any]] = {
    "axial": {},
    "from the head": {"reverse": True},
    "upside down": {"across": (-1, 0, 0), "down": (0, -1, 0)},
    "sagittal": {"across": (0, 1, 0), "down": (0, 0, -1), "count": 80},
    "coronal": {"across": (1, 0, 0), "down": (0, 0, -1), "count": 70},
    "oblique": {"across": (0.96, 0.28, 0), "down": (-0.28, 0.96, 0)},
    "tilted gantry": {"down": (0, TILT[2], -TILT[1]), "along": (0, 0, 1)},
}


@pytest.fixture
def opened(serve, open_viewer):
    """Open the study of some series: ``opened(paths)``."""

    def start(paths: list[Path], **options: Any) -> Any:
        viewer = open_viewer(serve(paths), **{"width": 1600, **options})
        viewer.open("/view/1.2.826.0.1.3680043.10.1")
        viewer.wait_for_image()
        return viewer

    return start


def planes(viewer: Any, button: str = "MPR") -> Any:
    """Show the planes, and wait until all slices are there."""
    page = viewer.page
    page.get_by_role("button", name=button, exact=True).click()
    for plane in PLANES:
        page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"][data-loaded="true"]')
    return page


def slab(page: Any, mm: int, blend: str | None = None) -> None:
    page.get_by_role("button", name="Slab").click()
    if blend:
        page.get_by_label("Of its voxels").select_option(label=blend)
    page.get_by_label("Thickness").fill(str(mm))
    page.keyboard.press("Escape")
    for plane in PLANES:
        page.wait_for_selector(f'[data-plane="{plane}"][data-slab="{mm}"]')


def picture(page: Any, plane: str) -> NDArray[np.uint8]:
    # Whose it is lies over it, in white.
    page.evaluate("document.querySelectorAll('.whose').forEach(one => { one.hidden = true; })")
    png = page.locator(f'[data-plane="{plane}"] canvas').screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def middle(found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the centre of what is found in a picture: to the right, and down."""
    assert found.any()
    rows, columns = np.nonzero(found)
    return np.array([(columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2])


def test_the_planes_of_a_series_lie_side_by_side(opened, tmp_path):
    page = planes(opened(series(tmp_path / "ct")))
    snap(page, "mpr")
    assert page.get_by_role("button", name="MPR").get_attribute("aria-pressed") == "true"
    for plane, sides in (("axial", "APRL"), ("sagittal", "HFAP"), ("coronal", "HFRL")):
        edges = page.locator(f'[data-plane="{plane}"] + .plane-marks .edge').all_inner_texts()
        assert "".join(edges) == sides
        whose = page.locator(f'.cell-body:has([data-plane="{plane}"]) .whose').inner_text()
        assert whose.splitlines() == ["Phantom, Volume · V1", "2026-01-01 10:00"]
    page.keyboard.press("o")
    page.locator(".whose").first.wait_for(state="detached")
    page.keyboard.press("m")
    page.wait_for_selector('[data-cell="0"] .viewport:not([data-plane])')
    assert page.locator("[data-plane]").count() == 0


@pytest.mark.parametrize("acquired", ACQUIRED)
def test_a_marker_is_where_it_is_in_the_patient(acquired, opened, tmp_path):
    """It lies 40 mm to the left, 20 mm to the front and 30 mm to the head, however the slices were taken."""
    page = planes(opened(series(tmp_path / "ct", values=lump, **ACQUIRED[acquired]), width=1600, height=500))
    slab(page, 100, "Maximum (MIP)")
    snap(page, f"marker-{acquired.replace(' ', '-')}")
    page.evaluate("() => document.querySelectorAll('.plane-marks').forEach((one) => one.remove())")
    right_down = {"axial": (40, -20), "sagittal": (-20, -30), "coronal": (40, -30)}
    for plane, expected in right_down.items():
        grey = picture(page, plane).astype(int)
        is_grey = np.ptp(grey, axis=2) < 12  # not of the crosshairs
        trunk, spot = is_grey & (grey[..., 0] > 100), middle(is_grey & (grey[..., 0] > 250))
        across = np.nonzero(trunk.any(axis=0))[0]
        mm = (120 if plane == "sagittal" else 170) / (across.max() - across.min() + 1)
        # The volume's middle is the origin, and in the middle of the picture.
        assert (spot - np.array(grey.shape[1::-1]) / 2) * mm == pytest.approx(expected, abs=3), plane


def test_the_value_under_the_pointer_is_the_voxels(opened, tmp_path):
    page = planes(opened(series(tmp_path / "ct")))
    seen = set()
    for plane, (across, down) in {"axial": (0.68, 0.52), "coronal": (0.3, 0.4), "sagittal": (0.62, 0.55)}.items():
        box = page.locator(f'[data-plane="{plane}"]').bounding_box()
        page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
        text = page.locator(f'[data-plane="{plane}"] + .plane-marks [data-under]:not([data-under=""])').inner_text()
        value, x, y, z = map(float, re.fullmatch(r"(\S+) HU at (\S+), (\S+), (\S+) mm", text).groups())
        first, space = np.array([-95, -95, -73.75]), np.array([2, 2, 2.5])
        voxel = np.round((np.array([x, y, z]) - first) / space) * space + first
        assert value == np.round(body(voxel)), (plane, text)
        seen.add(value)
    assert len(seen) > 1


def test_planes_are_scrolled_windowed_and_reset_by_keys_and_pointer(opened, tmp_path):
    page = planes(opened(series(tmp_path / "ct")))
    marks = '[data-plane="axial"] + .plane-marks'
    page.locator('[data-plane="axial"]').click()
    first = int(page.locator(f"{marks} [data-slice]").get_attribute("data-slice"))
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(f'{marks} [data-slice="{first + 1}"]')
    page.keyboard.press("PageUp")
    page.wait_for_selector(f'{marks} [data-slice="{first - 9}"]')
    page.get_by_role("button", name="Crosshairs", exact=True).click()
    box = page.locator('[data-plane="coronal"]').bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 330, steps=4)
    page.mouse.up()
    changed = re.compile(r"W (?!1000 )\S+ · L \S+")
    page.locator(marks).get_by_text(changed).wait_for()
    windows = {
        page.locator(f'[data-plane="{plane}"] + .plane-marks').get_by_text(changed).inner_text() for plane in PLANES
    }
    assert len(windows) == 1
    page.get_by_role("button", name="Reset volumes").click()
    for plane in PLANES:
        page.locator(f'[data-plane="{plane}"] + .plane-marks').get_by_text("W 1000 · L 40").wait_for()
    page.wait_for_selector(f'{marks} [data-slice="{first}"]')


def test_crosshairs_turn_planes_to_oblique_ones(opened, tmp_path):
    page = planes(opened(series(tmp_path / "ct")))
    box = page.locator('[data-plane="axial"]').bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    # The lines show where to take hold of them while the pointer is on one.
    page.mouse.move(x, y - 100)
    handles = page.locator('[data-plane="axial"] svg circle')
    handles.first.wait_for(state="attached")
    spots = [(float(one.get_attribute("cx")), float(one.get_attribute("cy"))) for one in handles.all()]
    grip = min(spots, key=lambda spot: spot[1])
    page.mouse.move(box["x"] + grip[0], box["y"] + grip[1])
    page.mouse.down()
    page.mouse.move(box["x"] + grip[0] + 40, box["y"] + grip[1] + 6, steps=4)
    page.mouse.move(box["x"] + grip[0] + 60, box["y"] + grip[1] + 15, steps=4)
    page.mouse.up()
    page.locator('[data-plane="coronal"] + .plane-marks .edge.east').get_by_text(re.compile("L[AP]|[AP]L")).wait_for()
    snap(page, "mpr-oblique")


def test_a_slab_shows_the_largest_the_least_or_the_average(opened, tmp_path):
    page = planes(opened(series(tmp_path / "ct")))
    greys = {}
    for blend in ("Maximum (MIP)", "Minimum (MinIP)", "Average"):
        slab(page, 60 + len(greys), blend)
        snap(page, f"slab-{len(greys)}")
        greys[blend] = picture(page, "coronal").mean()
    assert greys["Minimum (MinIP)"] < greys["Average"] < greys["Maximum (MIP)"]


def test_the_volume_is_seen_whole(opened, tmp_path):
    viewer = opened(series(tmp_path / "ct"))
    page = planes(viewer, "3-D")
    page.wait_for_selector('[data-whole="CT: bone"][data-drawn="true"][data-loaded="true"]')
    snap(page, "whole-bone")
    view = page.locator("[data-whole] canvas")
    front = np.asarray(Image.open(io.BytesIO(view.screenshot())).convert("L")).astype(int)
    assert (front > 100).mean() > 0.02
    page.get_by_label("How the volume is seen").select_option(label="MIP")
    page.wait_for_selector('[data-whole="MIP"]')
    page.get_by_label("From where").select_option("left")
    page.wait_for_function("() => document.querySelector('[data-whole]').dataset.from === 'left'")
    snap(page, "whole-mip-left")
    page.keyboard.press("M")
    page.wait_for_selector("[data-whole]", state="detached")


def pet(folder: Path, **changes: Any) -> list[Path]:
    dose = {
        "RadionuclideTotalDose": 370e6, "RadionuclideHalfLife": 6586.2, "RadiopharmaceuticalStartTime": "090000",
    }  # fmt: skip
    said = {
        "Units": "BQML", "DecayCorrection": "ADMIN", "CorrectedImage": ["ATTN", "DECY"], "PatientWeight": 74.0,
        "SeriesDate": "20260101", "SeriesTime": "100000", "AcquisitionDate": "20260101", "AcquisitionTime": "100000",
        "RadiopharmaceuticalInformationSequence": [Dataset(dose)],
        **changes,
    }  # fmt: skip
    grid = {"values": hot_spot, "count": 38, "size": 48, "pixel_mm": 4.0, "space_mm": 4.0}
    return series(folder, modality="PT", sop_class=PET, slope=0.5, intercept=0.0, **{**grid, **said})


def test_pet_lies_over_ct_in_colours_and_is_counted_as_uptake(opened, tmp_path):
    viewer = opened([*series(tmp_path / "ct"), *pet(tmp_path / "pt")])
    page = planes(viewer, "Fusion")
    page.wait_for_selector('[data-plane="coronal"][data-fusion="Hot 0.5"]')
    box = page.locator('[data-plane="axial"]').bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5)
    # 2000 Bq/ml of 370 MBq in 74 kg are 0.4 g/ml.
    page.locator('[data-plane="axial"] + .plane-marks').get_by_text("· 0.40 g/ml SUVbw at").wait_for()
    slab(page, 80)
    snap(page, "fusion")
    colour = picture(page, "coronal").astype(int)
    is_red = (colour[..., 0] - colour[..., 2] > 90) & (colour[..., 0] - colour[..., 1] > 60)
    height = len(is_red) // 2
    is_red[height - 5 : height + 5] = False  # the crosshairs
    hot = middle(is_red)
    assert hot[0] > colour.shape[1] * 0.55  # on the patient's left
    assert hot[1] < colour.shape[0] * 0.47
    page.get_by_role("button", name="Uptake").click()
    page.get_by_label("Opacity").fill("0")
    page.wait_for_selector('[data-plane="coronal"][data-fusion="Hot 0"]')
    page.keyboard.press("Escape")
    page.keyboard.press("P")
    page.wait_for_selector("[data-plane]", state="detached")


def test_uptake_that_cannot_be_told_is_activity_and_says_why(opened, tmp_path):
    viewer = opened(pet(tmp_path / "pt", PatientWeight=None))
    page = planes(viewer)
    box = page.locator('[data-plane="axial"]').bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5)
    marks = page.locator('[data-plane="axial"] + .plane-marks')
    marks.get_by_text("2000 Bq/ml at").wait_for()
    marks.get_by_text("no SUV: PatientWeight is missing").wait_for()


def test_uptake_is_measured_and_saved_as_such(opened, tmp_path):
    viewer = opened(pet(tmp_path / "pt", WindowCenter=1000.5, WindowWidth=2001))
    page = viewer.page
    # From 0 to 2000 Bq/ml of 370 MBq in 74 kg.
    width = page.get_by_label("Window width")
    assert width.input_value() == "0.4"
    page.get_by_role("button", name="Measurements", exact=True).click()
    page.wait_for_selector('button[aria-label="Value of a pixel"]:enabled')
    page.keyboard.press("u")
    page.keyboard.press("d")
    box = page.locator('[data-cell="0"] .viewport').bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".measurements dd").get_by_text("0.40 SUVbw", exact=True).wait_for()
    page.keyboard.press("Control+s")
    page.get_by_text(re.compile("Saved 1 measurement .* presentation state")).wait_for()
    snap(page, "measuring-uptake")
    study = f"{viewer.root}/viewer/studies/1.2.826.0.1.3680043.10.1"
    (report,) = page.request.get(f"{study}/measurements").json()["reports"]
    (value,) = report["measurements"][0]["values"]
    assert (value["unit"], value["name"]["value"]) == ("{SUVbw}g/ml", "126401")
    assert value["number"] == pytest.approx(0.4, abs=1e-4)
    (drawn,) = page.request.get(f"{study}/derived").json()["objects"]
    # The state is of the activity that is stored, and so is its window: from 0 to what is in the trunk.
    (voi,) = drawn["state"]["vois"]
    assert voi["views"][0]["width"] == pytest.approx(2000, abs=1)
    assert voi["views"][0]["function"] == "LINEAR_EXACT"
    width.fill("7")
    width.press("Tab")
    page.get_by_role("button", name="Overlays", exact=True).click()
    page.get_by_label("MEASUREMENTS").check()
    viewer.until("() => document.querySelector('[aria-label=\"Window width\"]').value === '0.4'")
    snap(page, "uptake-state")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"positions": [0.0, 3, 6, 12, 15]}, "1 slice is missing"),
        ({"positions": [0.0, 3, 6, 11, 13]}, "spaced unevenly, 2.00 to 5.00 mm"),
        ({"count": 1}, "this series has one"),
        ({"positions": [5.0] * 4}, "at one place"),
    ],
)
def test_what_is_no_volume_says_why(options, reason, opened, tmp_path):
    page = opened(series(tmp_path / "ct", size=16, **options)).page
    button = page.get_by_role("button", name="MPR")
    page.wait_for_selector(f'button[data-reason*="{reason}"]')
    assert button.is_disabled()
    assert reason in button.get_attribute("title")
    page.keyboard.press("m")
    page.get_by_role("status").get_by_text(reason).wait_for()
