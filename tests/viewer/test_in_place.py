"""A folder is looked at in the browser, without an archive: what `filmless view` shows."""

import shutil
from pathlib import Path

import pydicom.data
import pytest

from filmless.server import Server, read_settings
from filmless.server.shown import Shown

from .conftest import snap

MEDIUM = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"


@pytest.fixture
def medium(tmp_path: Path, open_viewer):
    """A copy of a medium, shown by its DICOMDIR."""
    copied = tmp_path / "cd"
    shutil.copytree(MEDIUM, copied)
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*")}
    settings = read_settings(given={"data": tmp_path / "index", "http.port": 0, "logs.level": "error"})
    with Server(settings, shown=Shown(paths=(copied,))) as server:
        yield open_viewer(server)
    assert {path: path.stat().st_mtime_ns for path in copied.rglob("*")} == before


def test_a_medium_is_looked_at_where_it_lies(medium) -> None:
    page = medium.open()
    page.get_by_text("Archibald").first.click()
    medium.wait_for_image()
    snap(page, "in-place")
