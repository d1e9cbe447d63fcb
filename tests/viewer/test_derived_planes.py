"""Segments, structures and doses on planes of a volume: where they lie in the patient, as on images."""

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from filmless import Dataset, read
from filmless.file import generate_uid
from filmless.objects import Segment, segmentation
from filmless.series import geometry_of, sort_slices

from .conftest import snap, stored
from .phantoms import lump, series

PLANES = ("axial", "sagittal", "coronal")
#: Of the ball of 20 mm: to the right and down on each plane through it, of the middle of the volume.
BALL = {"axial": (40, -20), "sagittal": (-20, -30), "coronal": (40, -30)}
STUDY = "1.2.826.0.1.3680043.10.1"
OPTIONS: dict[str, Any] = {"values": lump, "count": 40, "size": 64, "pixel_mm": 3.0, "space_mm": 3.0}


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return series(tmp_path_factory.mktemp("planes"), **OPTIONS)


@pytest.fixture(scope="module")
def slices(paths: list[Path]) -> list[Dataset]:
    return sort_slices([read(path) for path in paths])


def ball(slices: list[Dataset]) -> np.ndarray:
    """Which voxels are of the ball: shape (slices, rows, columns)."""
    geometry = geometry_of(slices)
    rows, columns = np.mgrid[0:64, 0:64]
    pixels = np.stack([columns, rows], axis=-1)
    return np.stack([lump(geometry.to_patient(pixels, frame)) > 1000 for frame in range(len(slices))])


def common(slices: list[Dataset], sop_class: str, modality: str) -> Dataset:
    ds = Dataset({"SOPClassUID": sop_class, "Modality": modality})
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "FrameOfReferenceUID"):
        ds[keyword] = slices[0][keyword].value
    ds.SOPInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.file_meta = Dataset({"TransferSyntaxUID": "1.2.840.10008.1.2.1"})
    return ds


def structures(slices: list[Dataset]) -> Dataset:
    """Circles of the ball on the slices that it is in."""
    ds = common(slices, "1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT")
    ds.StructureSetLabel = "Plan"
    named = {"ROINumber": 1, "ROIName": "target", "ReferencedFrameOfReferenceUID": ds.FrameOfReferenceUID}
    ds.StructureSetROISequence = [Dataset(named)]
    roi = Dataset({"ReferencedROINumber": 1, "ROIDisplayColor": [255, 255, 0]})
    roi.ContourSequence = []
    for image in slices:
        z = float(image.ImagePositionPatient[2])
        if abs(z - 30) >= 10:
            continue
        radius, turn = np.sqrt(100 - (z - 30) ** 2), np.linspace(0, 2 * np.pi, 48, endpoint=False)
        points = np.stack([40 + radius * np.cos(turn), -20 + radius * np.sin(turn), np.full(48, z)], axis=-1)
        contour = Dataset({"ContourGeometricType": "CLOSED_PLANAR", "NumberOfContourPoints": 48})
        contour.ContourData = np.round(points, 3).ravel().tolist()
        contour.ContourImageSequence = [
            Dataset({"ReferencedSOPClassUID": image.SOPClassUID, "ReferencedSOPInstanceUID": image.SOPInstanceUID})
        ]
        roi.ContourSequence.append(contour)
    ds.ROIContourSequence = [roi]
    return ds


def dose(slices: list[Dataset]) -> Dataset:
    """60 Gy in the middle of the ball, less around it."""
    ds = common(slices, "1.2.840.10008.5.1.4.1.1.481.2", "RTDOSE")
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [10.0, -50.0, 0.0], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.GridFrameOffsetVector = [4.0, 4.0], [float(4 * plane) for plane in range(16)]
    ds.update({"Rows": 16, "Columns": 16, "NumberOfFrames": 16, "SamplesPerPixel": 1, "BitsAllocated": 16})
    ds.update({"BitsStored": 16, "HighBit": 15, "PixelRepresentation": 0, "PhotometricInterpretation": "MONOCHROME2"})
    ds.DoseUnits, ds.DoseType, ds.DoseSummationType, ds.DoseGridScaling = "GY", "PHYSICAL", "PLAN", 0.01
    z, y, x = np.mgrid[0:16, 0:16, 0:16] * 4.0
    away = np.sqrt((x + 10 - 40) ** 2 + (y - 50 + 20) ** 2 + (z - 30) ** 2)
    ds.PixelData = np.round(6000 * np.exp(-((away / 12) ** 2))).astype("<u2").tobytes()
    return ds


def made(slices: list[Dataset], kind: Any) -> Dataset:
    masks = ball(slices)
    labels = (
        masks.astype(np.uint8) if kind == "LABELMAP" else masks[..., np.newaxis] * (0.8 if kind != "BINARY" else True)
    )
    return segmentation(labels, source=slices, segments=[Segment("ball", colour=(255, 0, 0))], kind=kind)


def plane_url(server: Any, ds: Dataset, **changes: str) -> str:
    query = {
        "position": "-94.5,-20,58.5", "orientation": "1,0,0,0,0,-1", "spacing": "3,3", "size": "40,64",
        "frame_of_reference": "1.2.826.0.1.3680043.10.9", **changes,
    }  # fmt: skip
    instance = f"studies/{STUDY}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"{server.addresses.urls[0]}/viewer/{instance}/plane?{asked}"


def test_a_coronal_plane_is_cut_from_the_same_voxels(serve, tmp_path, paths, slices):
    kinds = ("BINARY", "FRACTIONAL", "LABELMAP")
    segs = {kind: made(slices, kind) for kind in kinds}
    others = {"structures": structures(slices), "dose": dose(slices)}
    server = serve([*paths, *(stored(tmp_path, name, ds) for name, ds in {**segs, **others}.items())])
    expected = ball(slices)[::-1, 25]  # y is -94.5 + 3 * 25, that is -19.5
    assert expected.any()
    for kind in kinds:
        answer = httpx.get(plane_url(server, segs[kind]))
        sent = np.frombuffer(answer.content, np.uint8).reshape(40, 64)
        assert answer.headers["filmless-parts"] == "1"
        np.testing.assert_array_equal(sent, np.where(expected, 204 if kind == "FRACTIONAL" else 255, 0))
    answer = httpx.get(plane_url(server, others["structures"]))
    sent = np.frombuffer(answer.content, np.uint8).reshape(40, 64)
    assert (sent > 0).sum() == pytest.approx(expected.sum(), rel=0.15)
    along = httpx.get(plane_url(server, others["structures"], position="-94.5,-94.5,30", orientation="1,0,0,0,1,0"))
    [part] = along.json()["parts"]
    points = np.array(part["contours"][0]["points"]).reshape(-1, 2)
    np.testing.assert_allclose(points.mean(axis=0), [(40 + 94.5) / 3 + 0.5, (-20 + 94.5) / 3 + 0.5], atol=0.1)
    answer = httpx.get(plane_url(server, others["dose"]))
    values = np.frombuffer(answer.content, "<f4").reshape(40, 64)
    row, column = np.unravel_index(np.nanargmax(values), values.shape)
    assert (58.5 - 3 * row, -94.5 + 3 * column) == (pytest.approx(30, abs=2), pytest.approx(40, abs=2))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("position", "1,2"), ("position", "nan,0,0"), ("orientation", "1,0,0,1,0,0"), ("spacing", "0,1"),
        ("size", "0,5"), ("size", "9999,5"), ("size", "x"), ("position", "1e99,0,0"),
    ],
)  # fmt: skip
def test_what_is_no_plane_is_refused(serve, tmp_path, paths, slices, name, value):
    ds = dose(slices)
    server = serve([paths[0], stored(tmp_path, "dose", ds)])
    answer = httpx.get(plane_url(server, ds, **{name: value}))
    assert answer.status_code == 400
    assert name in answer.text


PAINTED = """(plane) => {
  const canvas = document.querySelector(`[data-plane="${plane}"]`).parentElement.querySelector("canvas.derived-layer");
  const context = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  const box = [width, height, 0, 0];
  let [red, green, blue, alpha] = [0, 0, 0, 0];
  for (let at = 0; at < width * height; at++) {
    if (data[at * 4 + 3] < 20) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    box.splice(0, 2, Math.min(box[0], x), Math.min(box[1], y));
    box.splice(2, 2, Math.max(box[2], x), Math.max(box[3], y));
    if (data[at * 4 + 3] > alpha) [red, green, blue, alpha] = data.slice(at * 4, at * 4 + 4);
  }
  return { box, colour: [red, green, blue], size: [width, height] };
}"""


def lies_at(page: Any, plane: str) -> tuple[np.ndarray, list[int]]:
    """Where what is painted lies, in mm to the right and down of the middle, and its colour: the ball is 20 mm wide."""
    found = page.evaluate(PAINTED, plane)
    box, size = np.array(found["box"]), np.array(found["size"])
    middle = (box[:2] + box[2:] + 1) / 2 - size / 2
    return middle / (box[2] - box[0] + 1) * 20, found["colour"]


def test_they_are_drawn_on_the_planes_of_a_volume(serve, open_viewer, tmp_path, paths, slices):
    others = {"seg": made(slices, "BINARY"), "structures": structures(slices), "dose": dose(slices)}
    viewer = open_viewer(serve([*paths, *(stored(tmp_path, name, ds) for name, ds in others.items())]), width=1600)
    viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    page = viewer.page
    page.get_by_role("button", name="Overlays", exact=True).click()
    page.get_by_role("button", name="MPR", exact=True).click()
    for plane in PLANES:
        page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"][data-loaded="true"]')
    to_ball(page)

    def drawn(count: int) -> None:
        assert page.locator("canvas.derived-layer").count() == 3
        for number in range(3):
            page.locator(f"canvas.derived-layer[data-layers='{count}']").nth(number).wait_for()

    overlays = page.get_by_label("Overlays", exact=True)
    switches = {kind: overlays.locator("li header", has_text=kind).get_by_role("checkbox").first for kind in KINDS}
    for kind, colour in (("Segmentation", [255, 0, 0]), ("Structures", [255, 255, 0])):
        switches[kind].check()
        page.wait_for_selector("canvas.derived-layer")
        drawn(1)
        snap(page, f"planes-{kind.lower()}")
        for plane, expected in BALL.items():
            where, painted = lies_at(page, plane)
            assert where == pytest.approx(np.array(expected), abs=4), (kind, plane)
            assert painted == pytest.approx(colour, abs=3)
        switches[kind].uncheck()
    for switch in switches.values():
        switch.check()
    page.wait_for_selector("canvas.derived-layer")
    drawn(3)
    page.get_by_role("img", name="Colours from 0 Gy to").first.wait_for()
    snap(page, "planes-all")


KINDS = ("Segmentation", "Structures", "Dose")


def to_ball(page: Any) -> None:
    to_point(page, 40, -20, 30)


def to_point(page: Any, x: float, y: float, z: float) -> None:
    """Move the crosshairs to a point, in the coronal plane, then in the axial one."""
    for plane, index in (("coronal", (x, -z)), ("axial", (x, y))):
        left, top, scale = placed(page, plane)
        page.mouse.move(left + 10, top + 10)
        page.mouse.down()
        page.mouse.move(left + index[0] * scale, top + index[1] * scale, steps=4)
        page.mouse.up()


def placed(page: Any, plane: str) -> tuple[float, float, float]:
    """The middle of a plane on the page, and pixels for a mm: the whole of the volume fits the cell, 192 mm across."""
    box = page.locator(f'[data-plane="{plane}"]').bounding_box()
    scale = min(box["width"], box["height"] * 192 / (192 if plane == "axial" else 120)) / 192
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, scale


#: On the right, behind, below; the circles of `structures` are elsewhere on all planes through it.
POINT = (-39.0, 21.0, -28.5)


def with_point(slices: list[Dataset]) -> Dataset:
    ds = structures(slices)
    named = {"ROINumber": 2, "ROIName": "marker", "ReferencedFrameOfReferenceUID": ds.FrameOfReferenceUID}
    ds.StructureSetROISequence = [*ds.StructureSetROISequence, Dataset(named)]
    point = Dataset({"ContourGeometricType": "POINT", "NumberOfContourPoints": 1, "ContourData": list(POINT)})
    roi = {"ReferencedROINumber": 2, "ROIDisplayColor": [0, 255, 255], "ContourSequence": [point]}
    ds.ROIContourSequence = [*ds.ROIContourSequence, Dataset(roi)]
    return ds


def test_points_are_told_with_masks_where_a_plane_holds_them(serve, tmp_path, paths, slices):
    ds = with_point(slices)
    server = serve([*paths, stored(tmp_path, "points", ds)])

    def found(**changes: str) -> tuple[int, Any]:
        answer = httpx.get(plane_url(server, ds, **changes))
        end = len(answer.content) - int(answer.headers["filmless-contours"])
        rest = answer.content[end:]
        return end, json.loads(rest)["parts"] if rest else []

    assert found() == (40 * 64, [])  # through the ball
    pixels, [part] = found(position="-94.5,20,58.5")
    assert pixels == 0
    # Columns from -94.5, rows from 58.5 down, 3 mm each.
    assert part == {"number": 1, "contours": [{"kind": "POINT", "points": [19.0, 29.5]}]}
    assert found(position="-94.5,19.6,58.5", thickness="3")[1] == [part]
    assert found(position="-94.5,19.4,58.5", thickness="3")[1] == []
    oblique = found(position="-39,21,58.5", orientation="0.6,0.8,0,0,0,-1")[1]
    assert oblique[0]["contours"] == [{"kind": "POINT", "points": [0.5, 29.5]}]


def test_points_are_small_crosses_on_planes_and_images(serve, open_viewer, tmp_path, paths, slices):
    viewer = open_viewer(serve([*paths, stored(tmp_path, "points", with_point(slices))]), width=1600)
    viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    page = viewer.page
    page.get_by_role("button", name="Overlays", exact=True).click()
    page.get_by_label("Overlays", exact=True).locator("li header").get_by_role("checkbox").first.check()
    page.wait_for_selector('[data-cell="0"] canvas.derived-layer')
    page.get_by_role("button", name="MPR", exact=True).click()
    for plane in PLANES:
        page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"][data-loaded="true"]')
    to_point(page, *POINT)
    x, y, z = POINT
    for plane, expected in {"axial": (x, y), "sagittal": (y, -z), "coronal": (x, -z)}.items():
        # The layer of a plane that was passed may still be there.
        box = viewer.until(f"(() => {{ const {{ box }} = ({PAINTED})('{plane}'); return box[0] < box[2] && box }})()")
        *_, scale = placed(page, plane)
        size = page.locator(f'[data-plane="{plane}"]').bounding_box()
        middle = np.array(box[:2]) + np.array(box[2:]) + 1
        where = (middle / 2 - np.array([size["width"], size["height"]]) / 2) / scale
        assert where == pytest.approx(np.array(expected), abs=1.5), plane
        assert box[2] - box[0] + 1 == pytest.approx(11, abs=2)
    snap(page, "planes-point")
    page.keyboard.press("m")
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="20"]')
    page.locator('[data-cell="0"]').click()
    page.keyboard.press("PageUp")
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="10"]')
    page.keyboard.press("ArrowDown")
    painted = """(() => {
      const { width, height } = document.querySelector('[data-cell="0"] canvas.derived-layer');
      const source = document.querySelector('[data-cell="0"] canvas.derived-layer');
      const context = new OffscreenCanvas(width, height).getContext("2d");
      context.drawImage(source, 0, 0);
      return context.getImageData(0, 0, width, height).data.filter((value, at) => at % 4 === 3 && value > 100).length;
    })()"""
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="11"]')
    viewer.until(f"{painted} > 15")
    snap(page, "image-point")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="12"]')
    viewer.until(f"{painted} === 0")
