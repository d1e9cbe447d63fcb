"""Measurements are posted as JSON, written as structured reports, and read back from those."""

import shutil
import subprocess
from pathlib import Path

import httpx
import pydicom
import pydicom.data
import pytest

import filmless

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


def test_a_later_report_replaces_and_never_overwrites(client, line):
    first = saved(client, line)
    second = saved(client, {**line, "label": "Spine"}, replaces=[first["instance"]])
    reports = {report["instance"]: report for report in client.get(URL).json()["reports"]}
    assert {uid: report["replaced"] for uid, report in reports.items()} == {
        first["instance"]: True,
        second["instance"]: False,
    }


def test_others_read_what_is_written(client, line, tmp_path):
    from highdicom.sr import srread

    first = saved(client, line)
    one = saved(client, line, replaces=[first["instance"]])
    url = f"/dicom-web/studies/{STUDY}/series/{one['series']}/instances/{one['instance']}"
    answer = client.get(url, headers={"Accept": 'multipart/related; type="application/dicom"'})
    content = answer.content
    path = tmp_path / "report.dcm"
    path.write_bytes(content[content.index(b"DICM") - 128 : content.rindex(b"\r\n--")])
    assert pydicom.dcmread(path).PredecessorDocumentsSequence[0].StudyInstanceUID == STUDY
    (group,) = srread(path).content.get_image_measurement_groups()
    assert group.get_measurements()[0].value == 26.5
    if (dciodvfy := shutil.which("dciodvfy")) is None:
        pytest.fail("peer dciodvfy is not installed")
    said = subprocess.run([dciodvfy, path], capture_output=True, text=True, check=False).stderr
    assert [row for row in said.splitlines() if row.startswith("Error")] == []


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
