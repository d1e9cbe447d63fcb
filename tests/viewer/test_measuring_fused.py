"""What is measured on planes of a CT with a PET over it: the PET's voxels in the same region, saved with the CT's."""

import re
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from .conftest import snap
from .phantoms import Points, series
from .test_measurements import assert_valid, fetched
from .test_measuring_planes import OPTIONS, STUDY, Planes, opened
from .test_volumes import pet, planes

SPACE_MM = 4.0
#: 370 MBq in 74 kg, corrected for decay to when they were given.
SUVBW = 74e3 / 370e6
PLACES = {"SUVbw": 0.0051, "Bq/ml": 0.51}


def uptake(points: Points) -> NDArray[np.float64]:
    """Return Bq/ml that are the same in no two voxels that lie near each other."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return 9000 + 31 * x + 17 * y + 23 * z + 2000 * np.sin(x * y / 300) * np.cos(z / 9)


@pytest.fixture(scope="module")
def ct(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return series(tmp_path_factory.mktemp("ct"), **OPTIONS)


def over(folder: Path, **changes: Any) -> list[Path]:
    """Write a PET that is smaller than the CT, of larger voxels; its middle, too, is the centre of one."""
    return pet(folder, values=uptake, count=29, size=47, **changes)


def fused(viewer: Any) -> Planes:
    viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    viewer.page.get_by_role("button", name="Measurements", exact=True).click()
    planes(viewer, "Fusion")
    viewer.page.wait_for_selector('button[aria-label="Length"]:enabled')
    return Planes(viewer)


def draw(drawing: Planes) -> None:
    """A rectangle on the coronal plane, an ellipse on the sagittal one, a freehand region and a probe on the third."""
    drawing.plane = "coronal"
    drawing.key("q")
    drawing.drag((-70, -40), (-20, 10))
    drawing.items(1)
    drawing.plane = "sagittal"
    drawing.key("E")
    drawing.drag((20, 0), (35, 20))
    drawing.items(2)
    drawing.plane = "axial"
    drawing.key("y")
    drawing.drag((20, -40), (60, -35), (65, 10), (30, -5), (20, -40))
    drawing.items(3)
    drawing.key("d")
    drawing.drag((-31, 45), (-31, 45))
    drawing.items(4)
    drawing.key("Escape")


def with_uptake(drawing: Planes) -> list[dict[str, Any]]:
    """The values in the list, once those of the PET are among them."""
    drawing.page.locator(".measurements .uptake").nth(3).wait_for()
    return [
        drawing.values(item) | {f"PET {name}": value for name, value in drawing.values(item.locator(".uptake")).items()}
        for item in drawing.items(4)
    ]


def voxels(paths: list[Path]) -> tuple[NDArray[np.float64], Points]:
    """The values of a series in Bq/ml by x, y, z, and where its first voxel lies."""
    slices = sorted((pydicom.dcmread(path) for path in paths), key=lambda ds: ds.ImagePositionPatient[2])
    volume = np.array([ds.pixel_array * float(ds.RescaleSlope) for ds in slices])
    return volume.transpose(2, 1, 0), np.array(slices[0].ImagePositionPatient, float)


def inside(kind: str, corners: Points, at: Points) -> NDArray[np.bool_]:
    """Which places are in a region, all in two coordinates."""
    if kind == "ellipse":
        middle, axes = corners.mean(axis=0), np.array([corners[1] - corners[0], corners[3] - corners[2]]) / 2
        # A place is middle + s * first + t * second.
        return (((at - middle) @ np.linalg.inv(axes)) ** 2).sum(axis=-1) <= 1
    found = np.zeros(at.shape[:-1], bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 != y1:
            is_crossed = (at[..., 1] < y0) != (at[..., 1] < y1)
            found ^= is_crossed & (at[..., 0] < x0 + (at[..., 1] - y0) / (y1 - y0) * (x1 - x0))
    return found


def counted(one: dict[str, Any], paths: list[Path]) -> NDArray[np.float64]:
    """The voxels of a series whose centres are in what was measured, in its slice that is nearest to the plane."""
    volume, origin = voxels(paths)
    points = (np.array(one["points"]) - origin) / SPACE_MM
    if one["kind"] == "probe":
        return volume[tuple(np.round(points[0]).astype(int))][None]
    through = int(np.ptp(points, axis=0).argmin())
    plane = volume.take(round(points[0, through]), axis=through)
    at = np.stack(np.indices(plane.shape), axis=-1)
    return plane[inside(one["kind"], np.delete(points, through, axis=1), at)]


def check(shown: list[dict[str, Any]], report: dict[str, Any], paths: list[Path], unit: str, factor: float) -> None:
    """What is shown of the PET is what numpy counts, and so is what is saved, with the images that it is of."""
    assert [one["kind"] for one in report["measurements"]] == ["rectangle", "ellipse", "freehand", "probe"]
    assert len(report["sources"]) == 2
    for one, values in zip(report["measurements"], shown, strict=True):
        found = counted(one, paths) * factor
        expected = {"PET Value": found[0]}
        if one["kind"] != "probe":
            assert found.size > 20
            expected = {
                "PET Mean": found.mean(), "PET SD": found.std(), "PET Min": found.min(), "PET Max": found.max(),
            }  # fmt: skip
        of_pet = {name: value for name, value in values.items() if name.startswith("PET")}
        assert {name: number for name, (number, _) in of_pet.items()} == pytest.approx(expected, abs=PLACES[unit])
        assert {said for _, said in of_pet.values()} == {unit}
        own = [value for value in one["values"] if not value["source"]]
        others = [value for value in one["values"] if value["source"]]
        assert {value["unit"] for value in own} <= {"[hnsf'U]", "mm", "mm2"}
        assert len(own) == len(values) - len(of_pet)
        assert [value["number"] for value in others] == pytest.approx(list(expected.values()), rel=1e-4)
        assert {value["unit"] for value in others} == {"{SUVbw}g/ml" if unit == "SUVbw" else unit}
        for value in others:
            assert {image["sop_instance_uid"] for image in value["source"]} == slices_of(one, paths)


def slices_of(one: dict[str, Any], paths: list[Path]) -> set[str]:
    """The images of the PET that what was measured goes through."""
    slices = sorted((pydicom.dcmread(path) for path in paths), key=lambda ds: ds.ImagePositionPatient[2])
    depths = (np.array(one["points"])[:, 2] - float(slices[0].ImagePositionPatient[2])) / SPACE_MM
    low, high = np.round([depths.min(), depths.max()]).astype(int)
    return {str(ds.SOPInstanceUID) for ds in slices[low : high + 1]}


def check_others(path: Path, report: dict[str, Any]) -> None:
    """Others read what is saved, and of which images each number is."""
    from highdicom.sr import srread

    assert_valid(path)
    content = srread(path).content
    groups = {group.tracking_uid: group for group in content.get_planar_roi_measurement_groups()}
    for one in report["measurements"][:3]:
        numbers = groups[one["tracking_uid"]].get_measurements()
        assert [number.value for number in numbers] == [value["number"] for value in one["values"]]
        for number, value in zip(numbers, one["values"], strict=True):
            named = [image.referenced_sop_instance_uid for image in number.referenced_images]
            assert named == [image["sop_instance_uid"] for image in value["source"]]


@pytest.mark.parametrize(("changes", "unit", "factor"), [({}, "SUVbw", SUVBW), ({"PatientWeight": None}, "Bq/ml", 1.0)])
def test_the_pet_over_a_ct_is_measured_in_the_same_region(serve, open_viewer, tmp_path, ct, changes, unit, factor):
    paths = over(tmp_path / "pt", **changes)
    viewer = open_viewer(serve([*ct, *paths]), width=1600)
    drawing = fused(viewer)
    page = drawing.page
    draw(drawing)
    shown = with_uptake(drawing)
    written = page.locator('[data-plane="coronal"] svg').get_by_text(re.compile(rf"PET: Mean .* {unit}"))
    written.wait_for(state="attached")
    snap(page, f"measured-fused-{unit.replace('/', '-')}")
    drawing.key("Control+s")
    page.wait_for_selector('.measurements[data-saved="true"]')
    (report,) = page.request.get(f"{viewer.root}/viewer/studies/{STUDY}/measurements").json()["reports"]
    check(shown, report, paths, unit, factor)
    with httpx.Client(base_url=viewer.root) as client:
        check_others(fetched(client, report, tmp_path / "report.dcm", STUDY), report)
    # Without the PET over them the planes of the CT have what was counted, and so has the page that is loaded anew.
    drawing.key("m")
    page.wait_for_selector('[data-plane="coronal"][data-fusion=""]')
    assert with_uptake(drawing) == shown
    written.wait_for(state="attached")
    page.reload()
    again = opened(viewer)
    again.items(4)
    assert with_uptake(again) == shown
    assert page.locator(".measurements").get_attribute("data-saved") == "true"
    # What is moved lies where it was not counted.
    again.plane = "axial"
    again.key("d")
    again.drag((-31, 45), (-25, 40))
    viewer.until("document.querySelectorAll('.measurements .uptake').length === 3")
    page.wait_for_selector('.measurements[data-saved="false"]')
    again.key("Control+z")
    assert with_uptake(again) == shown


def test_a_pet_that_is_laid_over_later_is_saved_as_well(serve, open_viewer, tmp_path, ct):
    paths = over(tmp_path / "pt")
    viewer = open_viewer(serve([*ct, *paths]), width=1600)
    drawing = opened(viewer)
    page = drawing.page
    drawing.plane = "coronal"
    drawing.key("q")
    drawing.drag((-70, -40), (-20, 10))
    drawing.items(1)
    drawing.key("Escape")
    drawing.key("Control+s")
    page.wait_for_selector('.measurements[data-saved="true"]')
    drawing.key("P")
    page.locator(".measurements .state").get_by_text("PET not saved").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector('.measurements[data-saved="true"]')
    reports = page.request.get(f"{viewer.root}/viewer/studies/{STUDY}/measurements").json()["reports"]
    assert [report["replaced"] for report in reports] == [True, False]
    assert [len([value for value in one["values"] if value["source"]]) for one in reports[1]["measurements"]] == [4]
