"""OHIF, the viewer of others, from its npm package (`tools/ohif.sh`), served by us and used in a real browser."""

import io
import os
import time
from contextlib import suppress
from pathlib import Path

import pydicom.data
import pytest
from PIL import Image

from filmless.file import read

from .conftest import snap

ROOT = Path(__file__).parents[2]
FILES = Path(pydicom.data.__file__).parent / "test_files"
CT = FILES / "CT_small.dcm"
WAIT_S = 30


@pytest.fixture(scope="session")
def ohif() -> Path:
    """The built files of OHIF."""
    named = os.environ.get("FILMLESS_OHIF")
    found = [Path(named)] if named else sorted((ROOT / "build/ohif").glob("*/package/dist"))
    if not found or not (found[-1] / "index.html").is_file():
        (pytest.fail if os.environ.get("FILMLESS_REQUIRE_PEERS") == "1" else pytest.skip)(
            "peer OHIF is not there: `tools/ohif.sh` fetches it"
        )
    return found[-1]


@pytest.fixture(params=["/ohif", "/"])
def at(request) -> str:
    return request.param


@pytest.fixture
def opened(serve, open_viewer, ohif: Path, at: str):
    """OHIF, of somebody who has seen its tour."""
    medium = [path for path in (FILES / "dicomdirtests/77654033/CT2").iterdir() if path.is_file()]
    viewer = open_viewer(serve([CT, FILES / "MR_small.dcm", *medium], **{"ohif.folder": ohif, "ohif.at": at}))
    viewer.page.add_init_script("localStorage.setItem('shownTours', JSON.stringify(['basicViewerTour']))")
    return viewer


def wait_for_image(page) -> None:
    """Wait until there is more on the screen than an empty viewport and the words in it."""
    from playwright.sync_api import Error

    canvas = page.locator("canvas.cornerstone-canvas").first
    end = time.monotonic() + WAIT_S
    levels = 0
    while True:
        # OHIF puts a new canvas in the place of the first.
        with suppress(Error), Image.open(io.BytesIO(canvas.screenshot())) as shown:
            levels = sum(count > 50 for count in shown.convert("L").histogram())
        if levels > 60:
            return
        assert time.monotonic() < end, f"an image of {levels} levels of grey"
        page.wait_for_timeout(100)


def test_studies_are_listed_and_a_ct_opens(opened, at: str) -> None:
    page = opened.open(at)
    page.get_by_text("4MR1").wait_for()
    assert page.get_by_text("Doe, Archibald").is_visible()
    snap(page, "ohif-list")
    page.get_by_text("1CT1").click()
    page.get_by_text("Basic Viewer").first.click()
    wait_for_image(page)
    snap(page, "ohif-ct")
    assert f"StudyInstanceUIDs={read(CT).StudyInstanceUID}" in page.url


@pytest.mark.parametrize("at", ["/ohif"], indirect=True)
def test_a_link_to_a_study_opens_it(opened, at: str) -> None:
    page = opened.open(f"{at.rstrip('/')}/viewer?StudyInstanceUIDs={read(CT).StudyInstanceUID}")
    wait_for_image(page)
