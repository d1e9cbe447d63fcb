"""Measurements are posted as JSON, written as structured reports, and read back from those."""

import shutil
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pydicom
import pydicom.data
import pytest

import filmless
from filmless.viewer.images import describe_image

FILES = Path(pydicom.data.__file__).parent / "test_files"
STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
URL = f"/viewer/studies/{STUDY}/measurements"


@pytest.fixture
def client(serve):
    with httpx.Client(base_url=serve([FILES / "CT_small.dcm"]).addresses.urls[0]) as client:
        yield client


@pytest.fixture
def line():
    ct = filmless.read(FILES / "CT_small.dcm")
    image = {"sop_class_uid": str(ct.SOPClassUID), "sop_instance_uid": str(ct.SOPInstanceUID), "frames": []}
    values = [{"name": "length", "number": 26.5, "unit": "mm"}]
    return {"kind": "length", "points": [[20.5, 20], [60.5, 20]], "image": image, "values": values, "label": "Aorta"}


def saved(client, *measurements, **more):
    answer = client.post(URL, json={"measurements": measurements, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()["saved"][0]


def test_what_is_saved_is_read_back(client, line):
    one = saved(client, line)
    (report,) = client.get(URL).json()["reports"]
    assert report["instance"] == one["instance"]
    assert not report["replaced"]
    (measurement,) = report["measurements"]
    assert {name: measurement[name] for name in ("kind", "points", "image", "label")} == {
        name: line[name] for name in ("kind", "points", "image", "label")
    }
    assert measurement["values"][0]["number"] == 26.5
    assert list(report["images"]) == [line["image"]["sop_instance_uid"]]


def test_of_the_images_of_a_value_those_in_the_study_are_kept(client, line):
    here, gone = line["image"], {**line["image"], "sop_instance_uid": "1.2.3"}
    value = {**line["values"][0], "source": [here, gone]}
    saved(client, {**line, "values": [value]})
    (report,) = client.get(URL).json()["reports"]
    assert report["measurements"][0]["values"][0]["source"] == [here]
    wrong = {**value, "source": [{**here, "frames": [7]}]}
    answer = client.post(URL, json={"measurements": [{**line, "values": [wrong]}]})
    assert answer.status_code == 400
    assert "a frame that is not there" in answer.text


def test_a_later_report_replaces_and_never_overwrites(client, line):
    first = saved(client, line)
    second = saved(client, {**line, "label": "Spine"}, replaces=[first["instance"]])
    reports = {report["instance"]: report for report in client.get(URL).json()["reports"]}
    assert {uid: report["replaced"] for uid, report in reports.items()} == {
        first["instance"]: True,
        second["instance"]: False,
    }


def test_a_report_without_measurements_replaces_those_that_were_deleted(client, line, tmp_path):
    first = saved(client, line)
    second = saved(client, {**line, "label": "Spine"}, replaces=[first["instance"]])
    last = saved(client, replaces=[second["instance"]], state={})
    reports = {report["instance"]: report for report in client.get(URL).json()["reports"]}
    assert [reports[one["instance"]]["replaced"] for one in (first, second, last)] == [True, True, False]
    assert reports[last["instance"]]["measurements"] == []
    assert_valid(fetched(client, last, tmp_path / "none.dcm"))
    # What is measured then replaces it.
    again = saved(client, line, replaces=[last["instance"]])
    current = [one["instance"] for one in client.get(URL).json()["reports"] if not one["replaced"]]
    assert current == [again["instance"]]
    for replaces in ([], ["1.2.3"]):
        answer = client.post(URL, json={"measurements": [], "replaces": replaces})
        assert answer.status_code == 400


def test_others_read_what_is_written(client, line, tmp_path):
    from highdicom.sr import srread

    first = saved(client, line)
    one = saved(client, line, replaces=[first["instance"]])
    path = fetched(client, one, tmp_path / "report.dcm")
    assert pydicom.dcmread(path).PredecessorDocumentsSequence[0].StudyInstanceUID == STUDY
    (group,) = srread(path).content.get_image_measurement_groups()
    assert group.get_measurements()[0].value == 26.5
    assert_valid(path)


def fetched(client, place, path, study=STUDY):
    url = f"/dicom-web/studies/{study}/series/{place['series']}/instances/{place['instance']}"
    answer = client.get(url, headers={"Accept": 'multipart/related; type="application/dicom"'})
    content = answer.content
    path.write_bytes(content[content.index(b"DICM") - 128 : content.rindex(b"\r\n--")])
    return path


def assert_valid(path):
    if (dciodvfy := shutil.which("dciodvfy")) is None:
        pytest.fail("peer dciodvfy is not installed")
    said = subprocess.run([dciodvfy, path], capture_output=True, text=True, check=False).stderr
    assert [row for row in said.splitlines() if row.startswith("Error")] == []


def test_the_window_of_a_state_has_its_function(client, line, tmp_path):
    series = str(filmless.read(FILES / "CT_small.dcm").SeriesInstanceUID)
    (place,) = saved(client, line, state={"views": {series: {"window": [2.5, 0.5, "LINEAR_EXACT"]}}})["states"]
    path = fetched(client, place, tmp_path / "state.dcm")
    (voi,) = pydicom.dcmread(path).SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth, voi.VOILUTFunction) == (2.5, 0.5, "LINEAR_EXACT")
    assert_valid(path)


def test_a_presentation_state_has_the_same_drawings(client, line, tmp_path):
    series = str(filmless.read(FILES / "CT_small.dcm").SeriesInstanceUID)
    coloured = {**line, "kind": "probe", "points": [[50.5, 100.5]], "values": [], "label": "", "colour": [255, 0, 0]}
    one = saved(client, line, coloured, state={"views": {series: {"window": [40, 400]}}})
    assert one["notes"] == []
    (place,) = one["states"]
    path = fetched(client, place, tmp_path / "state.dcm")
    state = pydicom.dcmread(path)
    assert state.SOPInstanceUID == place["instance"] != one["instance"]
    assert (state.SoftcopyVOILUTSequence[0].WindowCenter, state.SoftcopyVOILUTSequence[0].WindowWidth) == (40, 400)
    drawn = [(item.GraphicObjectSequence[0].GraphicType, list(item.GraphicObjectSequence[0].GraphicData))
             for item in state.GraphicAnnotationSequence]  # fmt: skip
    assert drawn == [("POLYLINE", [20.5, 20, 60.5, 20]), ("POINT", [50.5, 100.5])]
    assert state.GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue == "Aorta\r\nLength 26.5 mm"
    assert_valid(path)
    (shown,) = client.get(f"/viewer/studies/{STUDY}/derived").json()["objects"]
    assert (shown["kind"], shown["instance"]) == ("presentation", place["instance"])
    words = [item["item"]["text"] for item in shown["state"]["annotations"] if "text" in item["item"]]
    assert [text.splitlines() for text in words] == [["Aorta", "Length 26.5 mm"]]


def test_a_presentation_state_shows_what_was_shown(client, line, tmp_path):
    series = str(filmless.read(FILES / "CT_small.dcm").SeriesInstanceUID)
    # Corners may lie outside of the image, but dciodvfy takes them as unsigned.
    view = {"area": [32, 8, 96, 140], "rotation": 270, "flipped": True, "inverted": True}
    one = saved(client, line, state={"views": {series: view}})
    path = fetched(client, one["states"][0], tmp_path / "state.dcm")
    state = pydicom.dcmread(path)
    assert (state.ImageRotation, state.ImageHorizontalFlip, state.PresentationLUTShape) == (270, "Y", "INVERSE")
    (area,) = state.DisplayedAreaSelectionSequence
    corners = [area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner]
    assert (np.min(corners, axis=0).tolist(), np.max(corners, axis=0).tolist()) == ([33, 9], [96, 140])
    assert_valid(path)
    (shown,) = client.get(f"/viewer/studies/{STUDY}/derived").json()["objects"]
    assert shown["state"]["areas"][0]["edges"] == view["area"]


def test_images_that_are_rescaled_in_different_ways_have_states_of_their_own(serve, tmp_path):
    images = []
    for number, slope in enumerate((1, 1, 2)):
        ct = filmless.read(FILES / "CT_small.dcm")
        ct.SOPInstanceUID = ct.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{number + 1}"
        ct.RescaleSlope, ct.InstanceNumber = slope, number + 1
        images.append(ct)
        filmless.write(ct, tmp_path / f"{number}.dcm")
    measurements = [
        {
            "kind": "text",
            "points": [[number, 2]],
            "image": {"sop_class_uid": str(ct.SOPClassUID), "sop_instance_uid": str(ct.SOPInstanceUID), "frames": []},
            "values": [],
            "label": f"Image {number}",
        }
        for number, ct in enumerate(images)
    ]
    with httpx.Client(base_url=serve(sorted(tmp_path.glob("?.dcm"))).addresses.urls[0]) as client:
        one = saved(client, *measurements, state={})
        assert one["notes"] == []
        first, second = (pydicom.dcmread(fetched(client, place, tmp_path / "state")) for place in one["states"])
        assert_valid(tmp_path / "state")
    assert [len(state.GraphicAnnotationSequence) for state in (first, second)] == [2, 1]
    assert [state.RescaleSlope for state in (first, second)] == [1, 2]
    # By themselves they are shown with all their values.
    assert first.SoftcopyVOILUTSequence[0].WindowWidth > 0


def test_what_no_state_can_hold_is_said(serve, line):
    with httpx.Client(base_url=serve([FILES / "CT_small.dcm"]).addresses.urls[0]) as client:
        assert saved(client, line)["states"] == []
        series = str(filmless.read(FILES / "CT_small.dcm").SeriesInstanceUID)
        space = {**line, "image": None, "points": [[1, 2, 3], [4, 5, 6]], "label": "",
                 "frame_of_reference_uid": str(filmless.read(FILES / "CT_small.dcm").FrameOfReferenceUID)}  # fmt: skip
        one = saved(client, space, sources=[series], state={})
        assert one["states"] == []
        assert "in space" in one["notes"][0]


@pytest.mark.parametrize(
    "state", [7, [], {"views": []}, {"views": {"1": 7}}, *(
        {"views": {"1": {name: value}}} for name, value in (
            ("window", [1]), ("window", [1, 0]), ("window", ["1", 2]), ("window", [1e300, 2]), ("window", [True, 2]),
            ("window", [1, 0.5]), ("window", [1, 2, "CUBIC"]), ("window", [1, 2, []]),
            ("area", [0, 0, 1]), ("area", [5, 0, 4, 9]), ("area", [0, 0, 1, 1.5]), ("area", [0, 0, 1, 1 << 40]),
            ("rotation", 45), ("rotation", True), ("flipped", 1), ("inverted", "no"),
        )
    )]
)  # fmt: skip
def test_a_state_that_is_none_is_refused_before_anything_is_kept(client, line, state):
    answer = client.post(URL, json={"measurements": [line], "state": state})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert client.get(URL).json() == {"reports": []}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "guess"}, "measurement 1: the kind of a measurement"),
        ({"points": [[1, 2]]}, "measurement 1: length has 1 points"),
        ({"points": [[1, 2], [1e12, 3]]}, "measurement 1: a point"),
        ({"points": 7}, "measurement 1: `points` is a list"),
        ({"values": [{"name": "length", "number": "x", "unit": "mm"}]}, "measurement 1: the number"),
        ({"image": {"sop_class_uid": "1.2", "sop_instance_uid": "1.2.3", "frames": []}}, "not in the study"),
        ({"image": None}, "measurement 1"),
        ({"label": "x" * 2000}, "measurement 1: `label` has 2000"),
    ],
)
def test_what_is_wrong_is_said(client, line, change, words):
    answer = client.post(URL, json={"measurements": [{**line, **change}]})
    assert answer.status_code == 400
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"measurements": []}', b'{"measurements": [1]}', b"[" * 10**5]
)
def test_a_body_that_is_none(client, body):
    answer = client.post(URL, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_bounds(client, line):
    assert client.post(URL, content=b"x").status_code == 415
    assert client.post(URL, json={"measurements": [line] * 1001}).status_code == 400
    large = b" " * (17 << 20)
    assert client.post(URL, content=large, headers={"Content-Type": "application/json"}).status_code == 413
    assert client.get(URL.replace(STUDY, "1.2.3")).status_code == 404
    assert client.get(URL).json() == {"reports": []}


@pytest.mark.parametrize(("said", "told"), [("FIDUCIAL", "FIDUCIAL"), ("GEOMETRY", "GEOMETRY"), ("GUESS", None)])
def test_the_viewer_is_told_by_what_a_spacing_is_calibrated(said, told):
    ds = filmless.read(FILES / "CT_small.dcm")
    assert "spacingCalibration" not in describe_image(ds)
    ds.PixelSpacingCalibrationType = said
    assert describe_image(ds).get("spacingCalibration") == told
