"""A study is opened and its images are looked at."""

from pathlib import Path

import httpx
import pydicom.data
import pytest

from filmless import read

from .conftest import snap, stored

FILES = Path(pydicom.data.__file__).parent / "test_files"


@pytest.fixture
def ct(serve, open_viewer):
    return open_viewer(serve([FILES / "CT_small.dcm"]))


def test_a_study_opens_from_the_list(ct):
    page = ct.open()
    page.get_by_text("CompressedSamples, CT1").click()
    ct.wait_for_image()
    snap(page, "reading")
    page.wait_for_url("**/view/1.3.6.1.4.1.5962.1.2.1.20040119072730.12322?*image=1")


def test_a_report_in_a_series_does_not_hide_its_image(serve, open_viewer, tmp_path):
    report = read(FILES / "reportsi.dcm")
    image = read(FILES / "CT_small.dcm")
    report.StudyInstanceUID, report.SeriesInstanceUID = image.StudyInstanceUID, image.SeriesInstanceUID
    server = serve([stored(tmp_path, "report", report), FILES / "CT_small.dcm"])
    told = httpx.get(f"{server.addresses.urls[0]}/viewer/studies/{image.StudyInstanceUID}").json()
    assert [one["kind"] for one in told["series"]] == ["image"]
    viewer = open_viewer(server)
    viewer.open(f"/view/{image.StudyInstanceUID}")
    viewer.wait_for_image()
