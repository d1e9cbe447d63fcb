"""PDF: encapsulated as it is, and its pages as images."""

import contextlib
import gc
import io
import json
import subprocess
import sys
import threading
import time

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from filmless.convert.content import Document, Resolution
from filmless.convert.documents import drawing, pdf
from filmless.convert.documents._draw import GREETING
from filmless.convert.documents.drawing import drawn_pages
from filmless.convert.documents.pdf import read
from filmless.convert.options import ReadOptions
from filmless.convert.reading import contents
from filmless.errors import ConversionError, LimitError, UnsupportedError

_RED = "1 0 0 rg 0 0 50 50 re f"
_GREY = "0.5 g 10 10 50 50 re f"


def images(data, **options):
    return list(read(data, ReadOptions(as_images=True, **options)))


def test_document_is_the_file(make_pdf):
    data, options = make_pdf(title=b"Report"), ReadOptions()
    (document,) = contents(data, options)
    assert document == Document(kind="PDF", data=data, mime_type="application/pdf", facts={"DocumentTitle": "Report"})
    assert document.data is data
    assert [notice.code for notice in options.notices] == ["document-title"]
    assert "Report" not in str(options.notices)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (b"", None),
        (b"  two\\n lines ", "two lines"),
        (b"\xfe\xff\x03\x91\x00\x01", "\u0391"),
        (b"x" * 2000, "x" * 1024),
    ],
)
def test_title_fits_its_attribute(make_pdf, title, expected):
    (document,) = contents(make_pdf(title=title), ReadOptions())
    assert document.facts.get("DocumentTitle") == expected


def test_pages_of_one_size_are_frames(make_pdf):
    (picture,) = images(make_pdf([(200, 100, _GREY), (200, 100, _RED)]), dpi=144)
    assert picture.pixels.shape == (2, 200, 400, 3)
    assert picture.resolution == Resolution(144, 144)
    assert picture.photometric_interpretation == "RGB"
    assert picture.pixels[1, -1, 0].tolist() == [255, 0, 0]
    assert picture.pixels[0, 199 - 100, 100].tolist() == [128, 128, 128]
    assert picture.pixels[0, 0, 0].tolist() == [255, 255, 255]


def test_colours_may_come_first(make_pdf):
    (picture,) = images(make_pdf([(200, 100, _RED), (200, 100, _GREY)]), dpi=72)
    assert picture.pixels.shape == (2, 100, 200, 3)
    assert picture.pixels[1, 99 - 20, 20].tolist() == [128, 128, 128]
    assert picture.pixels[0, 99, 0].tolist() == [255, 0, 0]


def test_grey_pages_are_grey(make_pdf):
    (picture,) = images(make_pdf([(200, 100, _GREY)] * 3), dpi=72)
    assert picture.pixels.shape == (3, 100, 200)
    assert picture.photometric_interpretation == "MONOCHROME2"


def test_pages_of_other_sizes_are_pictures(make_pdf):
    found = images(make_pdf([(200, 100, _GREY), (100, 200, _RED)]), dpi=72)
    assert [picture.pixels.shape for picture in found] == [(1, 100, 200), (1, 200, 100, 3)]


def test_pages_apart(make_pdf):
    found = images(make_pdf([(200, 100, _GREY), (200, 100, _RED)]), dpi=72, apart=True)
    assert [picture.pixels.shape for picture in found] == [(1, 100, 200), (1, 100, 200, 3)]


def test_size_in_place_of_dpi(make_pdf):
    (picture,) = images(make_pdf([(612, 792, _GREY)]), size=400)
    assert picture.pixels.shape == (1, 400, 310)
    assert picture.resolution.x == pytest.approx(400 / 11)


def test_background_is_the_paper(make_pdf):
    (picture,) = images(make_pdf([(20, 10, "0 g 0 0 5 5 re f")]), dpi=72, background=(10, 20, 30))
    assert picture.pixels[0, 0, 0].tolist() == [10, 20, 30]
    assert picture.pixels[0, 9, 0].tolist() == [0, 0, 0]


def test_turned_page(make_pdf):
    (picture,) = images(make_pdf([(200, 100, _GREY)], page_entries="/Rotate 90"), dpi=72)
    assert picture.pixels.shape == (1, 200, 100)


def test_form_fields_are_drawn(make_pdf):
    field = (
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (x) /Rect [10 10 60 60] /F 4 /MK << /BG [0 0 0] >>"
        " /AP << /N 6 0 R >> >>"
    )
    shape = "<< /Type /XObject /Subtype /Form /BBox [0 0 50 50] /Length 17 >>\nstream\n0 g 0 0 50 50 re f\nendstream"
    data = make_pdf([(100, 100, "")], page_entries="/Annots [5 0 R]", more=[field, shape])
    data = data.replace(b"/Catalog", b"/Catalog /AcroForm << /Fields [5 0 R] >>")
    (picture,) = images(data, dpi=72)
    assert picture.pixels[0, 60, 30] == 0


def test_pixels_are_those_of_pdfium(make_pdf):
    data = make_pdf([(333, 111, f"{_RED} 0 0 1 RG 3 w 10 10 m 300 100 l S 100 20 m 150 90 200 90 220 20 c f")])
    (picture,) = images(data, dpi=150)
    with pypdfium2.PdfDocument(data) as pdf:
        bitmap = pdf[0].render(scale=150 / 72, prefer_bgrx=True, rev_byteorder=True)
        np.testing.assert_array_equal(picture.pixels[0], bitmap.to_numpy()[..., :3])


def test_ink_is_that_of_poppler(make_pdf, peer, tmp_path):
    content = "2 w 20 20 m 180 80 l S 100 50 m 150 90 180 90 190 20 c f 0.2 g 10 60 40 30 re f"
    (tmp_path / "a.pdf").write_bytes(make_pdf([(200, 100, content)]))
    (picture,) = images((tmp_path / "a.pdf").read_bytes(), dpi=150)
    subprocess.run([peer("pdftoppm"), "-r", "150", "-gray", tmp_path / "a.pdf", tmp_path / "a"], check=True)
    theirs = np.asarray(Image.open(next(tmp_path.glob("*.pgm")))) < 128
    ours = picture.pixels[0] < 128
    assert ours.shape == theirs.shape
    assert 0.05 < ours.mean() < 0.5
    assert (ours != theirs).mean() < 0.005


def test_picture_of_pillow_comes_back(encode, grey):
    data = encode(grey, "PDF", resolution=72)
    (picture,) = images(data, dpi=72)
    assert picture.pixels.shape == (1, *grey.shape)
    assert np.abs(picture.pixels[0].astype(int) - grey).mean() < 12  # it went in as JPEG


def test_encrypted(make_pdf):
    with pytest.raises(ConversionError, match="encrypted") as caught:
        contents(make_pdf(password=b"secret"), ReadOptions())
    assert "password" in caught.value.hint
    # What opens without one is anybody's to open.
    (document,) = contents(make_pdf(password=b""), ReadOptions())
    assert document.kind == "PDF"


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.97])
def test_cut_off(make_pdf, part):
    data = make_pdf([(200, 100, _GREY)] * 5)
    with pytest.raises(ConversionError, match="ends early"):
        contents(data[: int(len(data) * part)], ReadOptions())


def test_cut_off_in_an_update(make_pdf):
    data = make_pdf()
    with pytest.raises(ConversionError, match="ends early"):
        contents(data + b"4 0 obj\n<< /Length 3 >>\nstream\n0 ", ReadOptions())
    assert contents(data + b"\r\n\0\0\0", ReadOptions())[0].kind == "PDF"


def test_cut_off_when_linearized(make_pdf):
    data = make_pdf()
    head, rest = data[:9], data[9:]
    with pytest.raises(ConversionError, match="ends early"):
        contents(head + b"9 0 obj << /Linearized 1 /L 99999 /O 3 >> endobj\n" + rest, ReadOptions())


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4",
        b"%PDF-1.4\n" + b"\0" * 1000,
        b"%PDF-1.4\nstartxref\n0\n%%EOF",
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF",
    ],
)
def test_nothing_in_it(data):
    with pytest.raises(ConversionError):
        contents(data, ReadOptions())


def test_no_pages(make_pdf):
    with pytest.raises(ConversionError):
        contents(make_pdf([]), ReadOptions())


@pytest.mark.parametrize("size", [(1e6, 1e6), (1e6, 10)])
def test_page_that_is_too_large(make_pdf, size):
    data = make_pdf([(f"{size[0]:.0f}", f"{size[1]:.0f}", _GREY)])
    with pytest.raises((ConversionError, LimitError), match="pixels") as caught:
        images(data)
    assert "dpi" in caught.value.hint


def test_frames_count_together(make_pdf):
    data = make_pdf([(200, 100, _GREY)] * 10)
    with pytest.raises(LimitError) as caught:
        images(data, dpi=72, max_pixels=199_999)
    assert caught.value.limit == "max_pixels"
    assert "apart" in caught.value.hint
    assert len(images(data, dpi=72, max_pixels=200_000)) == 1
    assert len(images(data, dpi=72, max_pixels=20_000, apart=True)) == 10


def test_claim_of_a_billion_pages(make_pdf):
    data = make_pdf().replace(b"/Count 1 ", b"/Count 999999999 ")
    started = time.monotonic()
    with contextlib.suppress(ConversionError):
        contents(data, ReadOptions())
    assert time.monotonic() - started < 10


def test_thousands_of_pages(make_pdf):
    data = make_pdf([(72, 36, _GREY)] * 3000)
    assert contents(data, ReadOptions())[0].data is data
    (picture,) = images(data, dpi=10)
    assert picture.pixels.shape == (3000, 5, 10)


def _laugh(number):
    """Make objects, from a number on: a laugh of a billion, each form draws the next ten times."""
    depth = 14
    more = []
    for level in range(depth):
        following = f"/Resources << /XObject << /X {number + 1 + level} 0 R >> >>" if level < depth - 1 else ""
        content = "/X Do " * 10 if level < depth - 1 else "0 0 1 1 re f"
        more.append(
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] {following} /Length {len(content)} >>\nstream\n"
            f"{content}\nendstream"
        )
    return more


def test_page_without_end(make_pdf):
    data = make_pdf([(9, 9, "0 g"), (9, 9, "/X Do")], resources="/XObject << /X 7 0 R >>", more=_laugh(7))
    pages = drawn_pages(data, [(9, 9), (9, 9)], (255, 255, 255), seconds_per_page=1.5)
    assert next(pages).shape == (9, 9)
    with pytest.raises(ConversionError, match="takes more than") as caught:
        next(pages)
    assert caught.value.frame == 1


def test_every_byte_changed_is_an_error_or_a_document(make_pdf, rng):
    data = make_pdf([(20, 10, _GREY), (20, 10, _RED)], title=b"x")
    for place in rng.integers(0, len(data), 20):
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(0, 8))
        for options in (ReadOptions(), ReadOptions(as_images=True, dpi=72)):
            try:
                list(read(bytes(damaged), options))
            except (ConversionError, LimitError):
                continue


def test_threads(make_pdf):
    """PDFium is no place for two at a time."""
    data = make_pdf([(200, 100, _GREY), (200, 100, _RED)] * 4)
    expected = images(data, dpi=72)[0].pixels
    wrong = []

    def work():
        same = [np.array_equal(images(data, dpi=72)[0].pixels, expected) for _ in range(2)]
        wrong.extend(one for one in same if not one)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_lines_before_it(make_pdf):
    data = b"\r\n-- scanned --\r\n" + make_pdf([(72, 72, _GREY)])
    assert contents(data, ReadOptions())[0].data is data
    assert images(data, dpi=72)[0].pixels[0, 40, 20] == 128


def test_streams_and_paths(make_pdf, tmp_path):
    (tmp_path / "a.txt").write_bytes(make_pdf())
    assert contents(tmp_path / "a.txt", ReadOptions())[0].kind == "PDF"
    assert contents(io.BytesIO(make_pdf()), ReadOptions())[0].kind == "PDF"


@pytest.mark.parametrize("program", ["true", "cat", "sleep"])
@pytest.mark.parametrize("size", [0, 1 << 20])
def test_program_that_is_no_python(make_pdf, monkeypatch, tmp_path, program, size):
    """Such as an application that Python is embedded in: it is told, whatever it does with the PDF."""
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!/bin/sh\nexec {program} 1\n" if program != "cat" else "#!/bin/sh\nexec cat\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr(drawing, "get_executable", lambda: str(stand_in))
    monkeypatch.setattr(drawing, "_SECONDS_TO_BEGIN", 2.0)  # cat waits for us, and we for it
    data = make_pdf([(9, 9, _GREY)]) + b"\n%" + b" " * size
    with pytest.raises(UnsupportedError, match="cannot be started") as caught:
        list(drawn_pages(data, [(9, 9)], (255, 255, 255)))
    assert "set_executable" in caught.value.hint
    gc.collect()  # of pipes that were left open there would be a warning


@pytest.mark.parametrize("executable", [None, "", b"/opt/viewer/viewer", "/usr/bin/uwsgi"])
def test_application_is_not_started_in_place_of_python(make_pdf, monkeypatch, executable):
    monkeypatch.setattr(drawing, "get_executable", lambda: executable)
    monkeypatch.setattr(drawing.subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    with pytest.raises(UnsupportedError, match="cannot be started"):
        list(drawn_pages(make_pdf([(9, 9, _GREY)]), [(9, 9)], (255, 255, 255)))


def test_python_that_is_not_there(make_pdf, monkeypatch):
    """A compiled application may name one that it does not have."""
    monkeypatch.setattr(drawing, "get_executable", lambda: b"/nonexistent/python")
    with pytest.raises(UnsupportedError, match="cannot be started"):
        list(drawn_pages(make_pdf([(9, 9, _GREY)]), [(9, 9)], (255, 255, 255)))


def test_frozen_application_is_not_started_again(make_pdf, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(drawing.subprocess, "Popen", lambda *_, **__: pytest.fail("started"))
    with pytest.raises(UnsupportedError, match="cannot be started"):
        list(drawn_pages(make_pdf([(9, 9, _GREY)]), [(9, 9)], (255, 255, 255)))


def test_path_in_sys_path(make_pdf, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])
    (page,) = drawn_pages(make_pdf([(9, 9, _GREY)]), [(9, 9)], (255, 255, 255))
    assert page.shape == (9, 9)


def test_drawing_ends_when_nobody_waits_for_it(make_pdf):
    """Of an application that was killed no process stays behind with a page without end."""
    data = make_pdf([(9, 9, "/X Do")], resources="/XObject << /X 5 0 R >>", more=_laugh(5))
    request = json.dumps({"sizes": [(9, 9)], "colour": (255, 255, 255), "seconds": 0.5}).encode()
    program = [sys.executable, str(drawing._PROGRAM)]
    done = subprocess.run(program, input=request + b"\n" + data, capture_output=True, timeout=50, check=False)
    assert done.returncode == 1
    assert done.stdout == GREETING


def test_too_many_pages_are_refused_before_one_is_drawn(make_pdf, monkeypatch):
    monkeypatch.setattr(pdf, "drawn_pages", lambda *_: pytest.fail("drawn"))
    monkeypatch.setattr(pdf, "_page_sizes", lambda _: [(10.0, 10.0)] * 10_001)
    with pytest.raises(ConversionError, match="10001 frames are too many to number") as caught:
        images(make_pdf(), dpi=10)
    assert "apart" in str(caught.value.hint)
    assert "FrameTime" not in str(caught.value.hint)
