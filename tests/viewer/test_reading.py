"""A study is opened and its images are looked at."""

from pathlib import Path

import pydicom.data
import pytest

from .conftest import snap

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
