"""What lies over images: told, sent, and drawn where it belongs."""

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom.data
import pytest

from filmless import Dataset, read
from filmless.archive import Archive
from filmless.file import encode, generate_uid
from filmless.objects import Measurement, Segment, presentation_state, segmentation
from filmless.objects.key_objects import key_object_selection
from filmless.objects.measurement import Value
from filmless.viewer import derived
from filmless.viewer.layers import Opened

from .conftest import snap, stored

CT = Path(pydicom.data.__file__).parent / "test_files/CT_small.dcm"
RED, GREEN = [255, 0, 0], [0, 255, 0]


@pytest.fixture(scope="module")
def ct() -> Dataset:
    return read(CT)


def masks(ct: Dataset) -> np.ndarray:
    """Two segments: the upper left quarter, and a square that overlaps it."""
    planes = np.zeros((1, ct.Rows, ct.Columns, 2), dtype=bool)
    planes[0, :64, :64, 0] = True
    planes[0, 48:80, 48:80, 1] = True
    return planes


def seg(ct: Dataset) -> Dataset:
    segments = [Segment("quarter", colour=(255, 0, 0)), Segment("square", colour=(0, 255, 0))]
    return segmentation(masks(ct), source=ct, segments=segments)


def structures(ct: Dataset) -> Dataset:
    """A triangle whose corners are the middles of pixels (20, 20), (100, 20) and (20, 100)."""
    from filmless.series import geometry_of

    points = geometry_of(ct).to_patient([(20, 20), (100, 20), (20, 100)])
    contour = Dataset({"ContourGeometricType": "CLOSED_PLANAR", "NumberOfContourPoints": 3})
    contour.ContourData = np.round(points, 4).ravel().tolist()
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.3", "Modality": "RTSTRUCT"})
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "FrameOfReferenceUID"):
        ds[keyword] = ct[keyword].value
    ds.SOPInstanceUID, ds.SeriesInstanceUID, ds.StructureSetLabel = generate_uid(), generate_uid(), "Plan"
    ds.StructureSetROISequence = [
        Dataset({"ROINumber": 1, "ROIName": "target", "ReferencedFrameOfReferenceUID": ct.FrameOfReferenceUID})
    ]
    roi = Dataset({"ReferencedROINumber": 1, "ROIDisplayColor": [255, 255, 0]})
    roi.ContourSequence = [contour]
    ds.ROIContourSequence = [roi]
    ds.file_meta = Dataset({"TransferSyntaxUID": "1.2.840.10008.1.2.1"})
    return ds


def dose(ct: Dataset) -> Dataset:
    """A dose that grows from left to right, on a coarser grid around the slice."""
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.2", "Modality": "RTDOSE"})
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "FrameOfReferenceUID"):
        ds[keyword] = ct[keyword].value
    ds.SOPInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    x, y, z = ct.ImagePositionPatient
    side = ct.PixelSpacing[0] * ct.Columns
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [x, y, z - 5], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.GridFrameOffsetVector = [side / 31, side / 31], [0, 5, 10]
    ds.update({"Rows": 32, "Columns": 32, "NumberOfFrames": 3, "SamplesPerPixel": 1, "BitsAllocated": 16})
    ds.update({"BitsStored": 16, "HighBit": 15, "PixelRepresentation": 0, "PhotometricInterpretation": "MONOCHROME2"})
    ds.DoseUnits, ds.DoseType, ds.DoseSummationType, ds.DoseGridScaling = "GY", "PHYSICAL", "PLAN", 0.01
    ds.PixelData = np.broadcast_to(np.arange(32, dtype="<u2") * 200, (3, 32, 32)).tobytes()
    ds.file_meta = Dataset({"TransferSyntaxUID": "1.2.840.10008.1.2.1"})
    return ds


def layer_url(server: Any, ds: Dataset, ct: Dataset, frame: object = 1) -> str:
    instance = f"studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
    query = f"series={ct.SeriesInstanceUID}&image={ct.SOPInstanceUID}&frame={frame}"
    return f"{server.addresses.urls[0]}/viewer/{instance}/layer?{query}"


def test_masks_are_those_of_the_segmentation(serve, tmp_path, ct):
    ds = seg(ct)
    server = serve([CT, stored(tmp_path, "seg", ds)])
    answer = httpx.get(layer_url(server, ds, ct))
    assert answer.headers["filmless-parts"] == "1,2"
    sent = np.frombuffer(answer.content, np.uint8).reshape(2, ct.Rows, ct.Columns)
    np.testing.assert_array_equal(sent == 255, np.moveaxis(masks(ct)[0], -1, 0))


def test_contours_are_in_pixels_of_the_image(serve, tmp_path, ct):
    ds = structures(ct)
    server = serve([CT, stored(tmp_path, "structures", ds)])
    [part] = httpx.get(layer_url(server, ds, ct)).json()["parts"]
    # From the corner of the first pixel: its middle is at a half.
    np.testing.assert_allclose(part["contours"][0]["points"], [20.5, 20.5, 100.5, 20.5, 20.5, 100.5], atol=0.02)


def test_a_dose_is_sent_in_the_plane_of_the_image(serve, tmp_path, ct):
    ds = dose(ct)
    server = serve([CT, stored(tmp_path, "dose", ds)])
    answer = httpx.get(layer_url(server, ds, ct))
    sent = np.frombuffer(answer.content, "<f4").reshape(ct.Rows, ct.Columns)
    expected = np.arange(ct.Columns) / (ct.Columns / 31) * 2
    np.testing.assert_allclose(sent[64, :124], expected[:124], atol=0.01)
    assert answer.headers["filmless-unit"] == "Gy"
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["filmless-range"] == "0,62"


def test_few_values_of_doses_are_kept(tmp_path, ct, monkeypatch):
    monkeypatch.setattr("filmless.viewer.layers._KEPT_BYTES", 4 * 2 * 3 * 32 * 32 - 1)
    with Archive(tmp_path / "archive") as archive:
        entries = []
        for _ in range(2):
            ds = dose(ct)
            archive.store(encode(ds))
            entries += archive.entries(ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID)
        opened = Opened(archive)
        first = opened.open(entries[0])
        assert opened.open(entries[0]) is first
        opened.open(entries[1])
        assert opened.open(entries[0]) is not first


@pytest.mark.parametrize("frame", ["0", "2", "-1", "x", "1" * 30])
def test_a_frame_that_is_not_there_is_refused(serve, tmp_path, ct, frame):
    ds = seg(ct)
    server = serve([CT, stored(tmp_path, "seg", ds)])
    assert httpx.get(layer_url(server, ds, ct, frame)).status_code == 400


def test_what_a_study_has_is_told(serve, tmp_path, ct):
    made = {
        "segmentation": seg(ct),
        "contours": structures(ct),
        "dose": dose(ct),
        "presentation": presentation_state([], source=ct, window=(40, 400), label="SOFT"),
        "key-objects": key_object_selection([ct], description="look here"),
    }
    server = serve([CT, *(stored(tmp_path, name, ds) for name, ds in made.items())])
    told = httpx.get(f"{server.addresses.urls[0]}/viewer/studies/{ct.StudyInstanceUID}/derived").json()["objects"]
    by_kind = {one["kind"]: one for one in told}
    assert set(by_kind) == set(made)
    assert not [one for one in told if "error" in one]
    assert [part["label"] for part in by_kind["segmentation"]["parts"]] == ["quarter", "square"]
    assert by_kind["contours"]["parts"] == [{"number": 0, "label": "target", "colour": [255, 255, 0]}]
    assert by_kind["presentation"]["state"]["vois"][0]["views"][0]["width"] == 400
    assert by_kind["key-objects"]["keyImages"][0]["sop_instance_uid"] == ct.SOPInstanceUID


def test_how_many_are_not_listed_is_told(serve, open_viewer, tmp_path, ct, monkeypatch):
    monkeypatch.setattr(derived, "_MOST", 1)
    made = [seg(ct), structures(ct), dose(ct)]
    server = serve([CT, *(stored(tmp_path, f"{number}", ds) for number, ds in enumerate(made))])
    told = httpx.get(f"{server.addresses.urls[0]}/viewer/studies/{ct.StudyInstanceUID}/derived").json()
    assert (len(told["objects"]), told["left"]) == (1, 2)
    viewer = open_viewer(server)
    page = viewer.open(f"/view/{ct.StudyInstanceUID}?series={ct.SeriesInstanceUID}")
    page.get_by_role("button", name="Overlays", exact=True).click()
    page.get_by_text("Listed are the first 1 of 3").wait_for()
    snap(page, "derived-left")


def test_one_that_cannot_be_read_says_why_and_the_others_are_told(serve, tmp_path, ct):
    broken = structures(ct)
    del broken.StructureSetROISequence, broken.ROIContourSequence
    server = serve([CT, stored(tmp_path, "broken", broken), stored(tmp_path, "seg", seg(ct))])
    told = httpx.get(f"{server.addresses.urls[0]}/viewer/studies/{ct.StudyInstanceUID}/derived").json()["objects"]
    assert {one["kind"]: one.get("error") for one in told} == {
        "contours": "this is no structure set",
        "segmentation": None,
    }


PIXEL = """([x, y]) => {
  const canvas = document.querySelector("canvas.derived-layer");
  const ratio = canvas.width / canvas.clientWidth;
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, -Math.floor(x * ratio), -Math.floor(y * ratio));
  return [...context.getImageData(0, 0, 1, 1).data];
}"""


def place_of(viewer: Any, column: float, row: float) -> list[float]:
    """Where a pixel of the CT's 128 × 128 is in the cell: it is shown whole, in the middle."""
    box = viewer.page.evaluate(
        "(() => { const {clientWidth: w, clientHeight: h} = document.querySelector('.viewport'); return [w, h]; })()"
    )
    side = min(box)
    return [(box[0] - side) / 2 + (column + 0.5) / 128 * side, (box[1] - side) / 2 + (row + 0.5) / 128 * side]


def opened(serve: Any, open_viewer: Any, paths: list[Path], ct: Dataset) -> Any:
    viewer = open_viewer(serve(paths))
    viewer.open(f"/view/{ct.StudyInstanceUID}?series={ct.SeriesInstanceUID}")
    viewer.wait_for_image()
    viewer.page.get_by_role("button", name="Overlays", exact=True).click()
    return viewer


def drawn(viewer: Any) -> None:
    viewer.page.wait_for_selector("canvas.derived-layer[data-layers='1']")


def test_segments_are_drawn_where_they_are_in_their_colours(serve, open_viewer, tmp_path, ct):
    viewer = opened(serve, open_viewer, [CT, stored(tmp_path, "seg", seg(ct))], ct)
    page = viewer.page
    page.get_by_label("Overlays").get_by_role("checkbox").first.check()
    drawn(viewer)
    snap(page, "segments")
    red, green = (page.evaluate(PIXEL, place_of(viewer, *at)) for at in ((10, 10), (70, 70)))
    assert red[0] > 240
    assert red[1] < 10
    assert 120 < red[3] < 135
    assert green[1] > 240
    assert page.evaluate(PIXEL, place_of(viewer, 100, 100))[3] == 0
    page.get_by_label("square", exact=True).uncheck()
    viewer.until(f"({PIXEL})({place_of(viewer, 70, 70)})[3] === 0")


def test_contours_and_a_dose_are_drawn(serve, open_viewer, tmp_path, ct):
    paths = [CT, stored(tmp_path, "structures", structures(ct)), stored(tmp_path, "dose", dose(ct))]
    viewer = opened(serve, open_viewer, paths, ct)
    page = viewer.page
    page.get_by_label("Plan", exact=True).check()
    drawn(viewer)
    line = page.evaluate(PIXEL, place_of(viewer, 60, 20))
    assert line[:2] == [255, 255]
    assert page.evaluate(PIXEL, place_of(viewer, 100, 100))[3] == 0
    page.get_by_label("plan physical dose").check()
    page.wait_for_selector("canvas.derived-layer[data-layers='2']")
    page.get_by_role("img", name="Colours from 0 Gy to 62 Gy").wait_for()
    snap(page, "dose")
    little, much = (page.evaluate(PIXEL, place_of(viewer, column, 110)) for column in (20, 120))
    assert little[2] > little[0], "blue is little"
    assert much[0] > much[2], "red is much"


def test_a_state_that_is_turned_and_flipped_is_for_its_images_alone(serve, open_viewer, tmp_path, ct):
    other = read(CT)
    other.SOPInstanceUID, other.InstanceNumber = f"{ct.SOPInstanceUID}.1", int(ct.InstanceNumber) + 1
    state = presentation_state([], source=ct, window=(40, 300), rotation=90, flip=True, label="TURNED")
    viewer = opened(serve, open_viewer, [CT, stored(tmp_path, "other", other), stored(tmp_path, "s", state)], ct)
    page = viewer.page

    def edges() -> str:
        return "".join(page.locator(f".edge.on-{side}").inner_text() for side in ("top", "right", "bottom", "left"))

    image = page.locator('[data-cell="0"]')
    image.focus()
    page.keyboard.press("Home")
    page.get_by_label("TURNED").check()
    page.get_by_text("W 300").or_(page.get_by_text("W: 300")).first.wait_for()
    # Clockwise by 90 degrees the right of the patient comes from the left to the top, and the front to the right:
    # flipped, to the left.
    assert edges() == "RPLA"
    image.focus()
    page.keyboard.press("End")
    page.get_by_text("W 300").or_(page.get_by_text("W: 300")).first.wait_for(state="detached")
    assert edges() == "ALPR"


def test_a_state_sets_the_window_and_draws_its_annotations(serve, open_viewer, tmp_path, ct):
    reference = [("1.2.840.10008.5.1.4.1.1.2", ct.SOPInstanceUID)]
    line = Measurement.from_dict(
        {
            "kind": "length",
            "image": {"sop_class_uid": reference[0][0], "sop_instance_uid": reference[0][1], "frames": []},
            "points": [[20.5, 60.5], [100.5, 60.5]],
            "values": [],
        }
    )
    assert isinstance(Value.of("length", 1.0, "mm"), Value)
    state = presentation_state([line], source=ct, window=(40, 300), rotation=90, label="TURNED")
    viewer = opened(serve, open_viewer, [CT, stored(tmp_path, "state", state)], ct)
    page = viewer.page
    page.get_by_label("TURNED").check()
    page.get_by_text("W 300").or_(page.get_by_text("W: 300")).first.wait_for()
    snap(page, "state")
    # Turned clockwise by 90 degrees, row 60 becomes column 127 - 60.
    assert page.evaluate(PIXEL, place_of(viewer, 67, 60))[3] > 0
    assert page.evaluate(PIXEL, place_of(viewer, 20, 20))[3] == 0
    # The letters at the edges turn with it: what was at the left is above.
    edges = {side: page.locator(f".edge.on-{side}").inner_text() for side in ("top", "right", "bottom", "left")}
    assert edges == {"top": "R", "right": "A", "bottom": "L", "left": "P"}
