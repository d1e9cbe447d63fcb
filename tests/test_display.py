"""What a notebook shows of a data set."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import filmless
from filmless.convert import to_dicom


@pytest.fixture
def ct(pydicom_files: list[Path]) -> filmless.Dataset:
    return filmless.read(next(path for path in pydicom_files if path.name == "CT_small.dcm"))


class _Page(HTMLParser):
    """Tags that are open, and those that ever were; anything that is not closed in order fails."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.rows = 0
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        self.rows += tag == "tr"
        if tag != "img":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


_TAGS = {"code", "div", "figcaption", "figure", "i", "img", "table", "td", "th", "tr"}


def test_the_picture_stands_beside_the_table(ct) -> None:
    html = ct._repr_html_()
    page = _Page(html)
    assert page.seen <= _TAGS
    assert "Patient's Name" in page.text
    assert "frame" not in page.text
    (encoded,) = re.findall(r"data:image/png;base64,([^\"]+)", html)
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
        assert picture.size == (128, 128)
    assert base64.b64decode(encoded) == ct._repr_png_()


def test_nothing_of_a_header_is_markup(ct) -> None:
    evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
    ct.PatientComments = evil
    ct.ReferencedStudySequence = [filmless.Dataset({"StudyDescription": evil})]
    ct.NumberOfFrames = 1
    ct.private(0x0029, "<b>MAKER</b>", create=True).add_new(0x10, "LO", evil)
    page = _Page(ct._repr_html_())
    assert page.seen <= _TAGS
    assert page.text.count("<script>") == 3


def test_several_frames_are_told_of() -> None:
    ds = to_dicom(np.zeros((5, 8, 8), np.uint8))
    assert "frame 2 of 0 to 4" in _Page(ds._repr_html_()).text
    del ds.PixelData
    assert "frame 2" not in _Page(ds._repr_html_()).text


def test_it_stays_small(ct) -> None:
    ct.ReferencedStudySequence = [filmless.Dataset({"StudyDescription": str(number)}) for number in range(10_000)]
    page = _Page(ct._repr_html_())
    assert 400 < page.rows < 600
    assert "and more" in page.text
    large = to_dicom(np.random.default_rng(5).integers(0, 255, (2000, 3000), np.uint8))
    assert len(large._repr_html_()) < 200_000


def test_it_never_fails(ct, tmp_path, monkeypatch) -> None:
    assert filmless.Dataset()._repr_png_() is None
    assert "<img" not in filmless.Dataset()._repr_html_()
    for change in ({"Rows": 0}, {"BitsAllocated": 7}, {"Rows": 65535}):
        broken = ct.copy()
        for keyword, value in change.items():
            setattr(broken, keyword, value)
        assert broken._repr_png_() is None
        assert "<img" not in broken._repr_html_()

    def out_of_memory(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr("filmless.pixels.rendering.render", out_of_memory)
    assert ct._repr_png_() is None


def test_a_file_that_went_away_leaves_what_is_known(ct, tmp_path) -> None:
    ct.ReferencedStudySequence = [filmless.Dataset({"StudyDescription": "x" * 60, "PatientComments": "y" * 9000})]
    path = tmp_path / "a.dcm"
    filmless.write(ct, path, lengths="defined")
    ds = filmless.read(path)
    path.unlink()
    page = _Page(ds._repr_html_())
    assert "the rest cannot be read: " in page.text
    assert "SOP Class UID" in page.text
    assert "img" not in page.seen
