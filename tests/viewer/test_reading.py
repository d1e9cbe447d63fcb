"""A study is opened and its images are looked at."""

import os
from pathlib import Path

import pydicom.data
import pytest

FILES = Path(pydicom.data.__file__).parent / "test_files"


@pytest.fixture
def ct(serve, open_viewer):
    return open_viewer(serve([FILES / "CT_small.dcm"]))


def test_a_study_opens_from_the_list(ct):
    page = ct.open()
    page.get_by_text("CompressedSamples, CT1").click()
    ct.wait_for_image()
    if folder := os.environ.get("FILMLESS_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "reading.png")
    page.wait_for_url("**/view/1.3.6.1.4.1.5962.1.2.1.20040119072730.12322?*image=1")
