"""Documents, videos and waveforms: what the server says of them, and what is seen."""

import re
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom.data
import pytest

import filmless
from filmless import read
from filmless.convert import to_dicom
from filmless.convert.documents import extraction
from filmless.file import _waveform, waveform
from filmless.objects import Measurement, measurement_report
from filmless.viewer import documents

from .conftest import snap, stored
from .phantoms import series

FILES = Path(pydicom.data.__file__).parent / "test_files"
ECG = FILES / "waveform_ecg.dcm"


def pdf(pages: int) -> bytes:
    """A PDF with a line of text on each page."""
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    kids = []
    for number in range(pages):
        text = f"BT /F 24 Tf 72 700 Td (Page {number + 1} of the report) Tj ET"
        objects.append(f"<</Length {len(text)}>>stream\n{text}\nendstream")
        height = 842 if number else 595
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 {height}]/Contents {len(objects)} 0 R"
            "/Resources<</Font<</F 3 0 R>>>>>>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {pages}>>"
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj{body}endobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    start = len(out)
    size = len(objects) + 1
    trailer = f"trailer<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


@pytest.fixture
def document(tmp_path: Path) -> Path:
    source = tmp_path / "report.pdf"
    source.write_bytes(pdf(3))
    return stored(tmp_path, "document", to_dicom(source, PatientName="Doe^Jane", PatientID="1"))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    import av

    source = tmp_path / "clip.mp4"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for number in range(25):
            picture = np.zeros((120, 160, 3), np.uint8)
            picture[:, number * 4 : number * 4 + 20] = (255, 120, 0)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return stored(tmp_path, "video", to_dicom(source, PatientName="Doe^Jane", PatientID="1"))


def own_url(server: Any, path: Path) -> str:
    ds = read(path)
    instance = f"series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
    return f"{server.addresses.urls[0]}/viewer/studies/{ds.StudyInstanceUID}/{instance}"


def page_of(path: Path) -> str:
    return f"/view/{read(path).StudyInstanceUID}"


def test_samples_are_those_of_the_waveform(serve):
    url = own_url(serve([ECG]), ECG)
    told = httpx.get(f"{url}/waveforms").json()
    assert [group["samples"] for group in told["groups"]] == [10_000, 1_200]
    assert told["groups"][0]["channels"][0] == {"label": "Lead I (Einthoven)", "unit": "uV"}
    for number, group in enumerate(told["groups"]):
        sent = np.frombuffer(httpx.get(f"{url}/waveforms/{number + 1}").content, "<f4")
        expected = waveform(read(ECG), number).samples.T
        np.testing.assert_allclose(sent.reshape(len(group["channels"]), -1), expected)
    assert httpx.get(f"{url}/waveforms/3").status_code == 404


@pytest.fixture
def holter(tmp_path: Path) -> Path:
    """Three channels of a day: 128 samples a second, each a saw tooth of its own length."""
    ds = read(ECG)
    group = ds.WaveformSequence[0]
    seconds = 24 * 3600
    teeth = [np.arange(seconds * 128) % (64 * number) for number in (1, 2, 3)]
    group.WaveformData = np.stack(teeth, axis=1).astype("<i2").tobytes()
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples, group.SamplingFrequency = 3, seconds * 128, 128
    group.ChannelDefinitionSequence = list(group.ChannelDefinitionSequence)[:3]
    ds.WaveformSequence = [group]
    return stored(tmp_path, "holter", ds)


def test_of_a_day_a_part_is_read_and_sent_at_a_time(serve, holter, monkeypatch):
    url = own_url(serve([holter]), holter)
    monkeypatch.setattr(_waveform._core, "value_range", noted := _Noted(_waveform._core.value_range))
    [told] = httpx.get(f"{url}/waveforms").json()["groups"]
    assert (told["samples"], told["part"] * 3 <= 1 << 21) == (11_059_200, True)
    samples = httpx.get(f"{url}/waveforms/1?first=1000001&count=7680")
    sent = np.frombuffer(samples.content, "<f4").reshape(3, 7680)
    np.testing.assert_allclose(sent, waveform(read(holter), first=1_000_001, count=7680).samples.T)
    np.testing.assert_allclose(sent[1] - sent[1].min(), (np.arange(7680) + 1_000_001) % 128 * (np.ptp(sent[1]) / 127))
    assert max(noted.lengths) < 100_000, "all of it is 66 MB"
    whole = httpx.get(f"{url}/waveforms/1")
    assert (whole.status_code, "at a time" in whole.json()["error"]) == (400, True)
    end = httpx.get(f"{url}/waveforms/1?first=11059195")
    assert len(end.content) == 5 * 3 * 4
    assert httpx.get(f"{url}/waveforms/1?first=99999999999").content == b""
    for wrong in ("first=-1", "count=x", "first=1e3", "count=99999999999999999999", "first=%D9%A1"):
        assert httpx.get(f"{url}/waveforms/1?{wrong}").status_code == 400, wrong


class _Noted:
    """A function whose answers' lengths are noted."""

    def __init__(self, function: Any) -> None:
        self._function, self.lengths = function, [0]

    def __call__(self, *args: Any) -> Any:
        found = self._function(*args)
        self.lengths.append(len(found))
        return found


def test_a_document_is_read_as_it_is_sent_and_in_ranges(serve, tmp_path, monkeypatch):
    source = tmp_path / "large.pdf"
    source.write_bytes(pdf(1).replace(b"\nstartxref", b"\n%" + b"x" * 3_000_000 + b"\nstartxref"))
    path = stored(tmp_path, "large", to_dicom(source, PatientName="Doe^Jane", PatientID="1"))
    url = own_url(serve([path]), path)
    monkeypatch.setattr(extraction._core, "value_range", noted := _Noted(extraction._core.value_range))
    kept = httpx.get(f"{url}/document/file")
    assert kept.content == source.read_bytes()
    assert kept.headers["content-length"] == str(source.stat().st_size)
    part = httpx.get(f"{url}/document/file", headers={"Range": "bytes=2000000-2000009"})
    assert (part.status_code, part.content) == (206, b"x" * 10)
    assert max(noted.lengths) <= 1024, "none of it by way of memory"
    # Of what is larger than is held in memory no page is drawn, and that is said.
    monkeypatch.setattr(documents, "IN_MEMORY_BYTES", 1 << 20)
    told = httpx.get(f"{url}/document").json()
    assert (told["size"], "1 MiB at the most" in told["error"]) == (source.stat().st_size, True)
    assert httpx.get(f"{url}/document/pages/1").status_code == 406


@pytest.mark.parametrize("what", ["waveforms", "header"])
def test_squeezed_answers_have_tags_of_their_own(serve, what):
    url = own_url(serve([ECG]), ECG)
    plain, squeezed = (httpx.get(f"{url}/{what}", headers={"Accept-Encoding": coding}) for coding in ("", "gzip"))
    assert squeezed.headers["content-encoding"] == "gzip"
    assert plain.headers["etag"] != squeezed.headers["etag"]
    assert plain.json() == squeezed.json()
    for coding, own, other in (("gzip", squeezed, plain), ("", plain, squeezed)):
        known = {"Accept-Encoding": coding, "If-None-Match": own.headers["etag"]}
        assert httpx.get(f"{url}/{what}", headers=known).status_code == 304
        known["If-None-Match"] = other.headers["etag"]
        assert httpx.get(f"{url}/{what}", headers=known).status_code == 200


def test_pages_are_drawn_at_the_width_that_is_asked_for(serve, document):
    from io import BytesIO

    from PIL import Image

    url = own_url(serve([document]), document)
    told = httpx.get(f"{url}/document").json()
    assert told["pages"] == [[595, 595], [595, 842], [595, 842]]
    with Image.open(BytesIO(httpx.get(f"{url}/document/pages/2?width=300").content)) as picture:
        assert picture.size == (300, 425)
        assert picture.convert("L").getextrema()[0] < 100, "there is ink"
    assert httpx.get(f"{url}/document/pages/4").status_code == 404
    for width in ("0", "99999", "-5", "x", "63"):
        assert httpx.get(f"{url}/document/pages/1?width={width}").status_code == 400
    kept = httpx.get(f"{url}/document/file")
    assert kept.content == pdf(3)
    assert kept.headers["content-disposition"] == 'attachment; filename="document.pdf"'
    assert kept.headers["cache-control"].startswith("private")
    assert kept.headers["content-security-policy"] == "default-src 'none'; sandbox"
    same = httpx.get(f"{url}/document/file", headers={"If-None-Match": kept.headers["etag"]})
    assert same.status_code == 304


def test_a_document_that_is_damaged_says_so_and_can_be_saved(serve, document, tmp_path):
    ds = read(document)
    ds.EncapsulatedDocument = b"%PDF-1.4 nothing"
    ds.EncapsulatedDocumentLength = 16
    path = stored(tmp_path, "damaged", ds)
    url = own_url(serve([path]), path)
    assert "damaged" in httpx.get(f"{url}/document").json()["error"]
    assert httpx.get(f"{url}/document/file").content == b"%PDF-1.4 nothing"


def test_the_header_is_that_of_the_document_that_is_shown(serve, open_viewer, document, tmp_path):
    ds = read(document)
    ds.DocumentTitle, ds.InstanceNumber = "The second", int(ds.InstanceNumber) + 1
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ds.SOPInstanceUID}.1"
    viewer = open_viewer(serve([document, stored(tmp_path, "second", ds)]))
    page = viewer.open(page_of(document))
    page.get_by_role("button", name="Header", exact=True).click()
    search = page.get_by_label("Search the header")
    search.fill("(0042,0010)")
    page.get_by_role("button", name="Next").click()
    page.locator(".header-row", has_text="The second").wait_for()
    page.get_by_role("button", name="Previous").click()
    page.locator(".header-row", has_text="The second").wait_for(state="detached")


def test_a_video_steps_by_the_time_that_its_file_says(serve, open_viewer, video, tmp_path):
    ds = read(video)
    ds.FrameTime = 50
    slow = stored(tmp_path, "slow", ds)
    server = serve([slow])
    series = f"/viewer/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}"
    told = httpx.get(server.addresses.urls[0] + series).json()["instances"][0]
    assert (told["kind"], told["frameTimesMs"]) == ("video", [50])
    viewer = open_viewer(server)
    page = viewer.open(page_of(slow))
    page.wait_for_selector('video[data-drawn="true"]')
    page.get_by_role("button", name="One frame on").click()
    page.get_by_role("button", name="One frame on").click()
    viewer.until("Math.abs(document.querySelector('video').currentTime - 2.5 * 0.05) < 0.001")
    page.get_by_role("button", name="One frame back").click()
    viewer.until("Math.abs(document.querySelector('video').currentTime - 1.5 * 0.05) < 0.001")


def test_what_is_no_document_has_none(serve):
    url = own_url(serve([ECG]), ECG)
    assert httpx.get(f"{url}/document").status_code == 404


def test_an_ecg_is_drawn_on_its_paper(serve, open_viewer):
    viewer = open_viewer(serve([ECG]))
    page = viewer.open(page_of(ECG))
    page.wait_for_selector("canvas[data-drawn=true]")
    page.get_by_label("Columns").select_option("4")
    canvas = page.get_by_role("img", name="12 channels of 10.0 s")
    assert canvas.bounding_box()["width"] == pytest.approx((10 * 25 + 10) * 4, abs=1), "25 mm a second, 4 pixels a mm"
    snap(page, "ecg")
    page.get_by_label("Group").select_option("1")
    page.get_by_role("img", name="12 channels of 1.2 s").wait_for()


def test_of_a_day_a_minute_is_on_the_sheet(serve, open_viewer, holter):
    viewer = open_viewer(serve([holter]))
    page = viewer.open(page_of(holter))
    page.wait_for_selector('canvas[data-first="0"]')
    canvas = page.get_by_role("img", name="3 channels of 60.0 s")
    assert canvas.bounding_box()["width"] == pytest.approx((60 * 25 + 10) * 4, abs=1)
    assert page.get_by_role("button", name="Earlier").is_disabled()
    page.get_by_role("button", name="Later").click()
    page.wait_for_selector('canvas[data-first="7680"]')
    page.get_by_text("1:00–2:00 of 24:00:00").wait_for()
    snap(page, "holter")
    slider = page.get_by_role("slider", name="Part of the time")
    slider.press("End")
    page.get_by_text("23:59:00–24:00:00 of 24:00:00").wait_for()
    assert page.get_by_role("button", name="Later").is_disabled()


def test_pages_of_a_pdf_are_seen(serve, open_viewer, document):
    viewer = open_viewer(serve([document]))
    page = viewer.open(page_of(document))
    first = page.get_by_alt_text("Page 1")
    viewer.until("document.querySelector('img[alt=\"Page 1\"]')?.naturalWidth === 1200")
    snap(page, "pdf")
    before = first.bounding_box()["width"]
    page.get_by_role("button", name="Larger").click()
    viewer.until("document.querySelector('img[alt=\"Page 1\"]')?.naturalWidth === 1800")
    assert first.bounding_box()["width"] > before


def test_a_video_plays(serve, open_viewer, video):
    viewer = open_viewer(serve([video]))
    page = viewer.open(page_of(video))
    page.wait_for_selector("video[data-drawn=true]")
    page.evaluate("document.querySelector('video').play()")
    viewer.until("document.querySelector('video').currentTime > 0.2")
    assert "/frames/1" in page.evaluate("document.querySelector('video').currentSrc"), "as it is stored"
    page.get_by_role("button", name="One frame on").click()
    assert page.evaluate("document.querySelector('video').paused")
    snap(page, "video")


def test_what_has_nothing_to_draw_says_so(serve, open_viewer):
    plan = FILES / "rtplan.dcm"
    viewer = open_viewer(serve([plan]))
    page = viewer.open(page_of(plan))
    page.get_by_text("has nothing that can be drawn by itself").wait_for()
    assert filmless.read(plan).Modality == "RTPLAN"


def test_a_report_is_read_and_searched(serve, open_viewer):
    report = FILES / "reportsi.dcm"
    viewer = open_viewer(serve([report]))
    page = viewer.open(page_of(report))
    article = page.get_by_role("article")
    article.wait_for()
    told = httpx.get(own_url(serve([report]), report) + "/report").json()
    said = [item for section in told["items"] for item in [section, *section["items"]]]
    texts = [item["text"] for item in said if item["text"] and item["kind"] in {"TEXT", "CODE", "PNAME", "UIDREF"}]
    assert texts
    shown = " ".join(article.inner_text().split())
    for text in texts:
        assert " ".join(text.split()) in shown
    snap(page, "report")
    page.get_by_label("Search the report").fill("no such words")
    page.get_by_text("Nothing in this report matches.").wait_for()
    page.get_by_label("Search the report").fill(texts[-1][:12])
    article.get_by_text(texts[-1].split("\n")[0]).first.wait_for()


def test_many_images_of_a_report_are_one_line(serve, open_viewer, tmp_path):
    paths = series(tmp_path / "ct", count=5, size=16)
    slices = [read(path) for path in paths]
    space = {"frame_of_reference_uid": str(slices[0].FrameOfReferenceUID)}
    report = measurement_report([Measurement("length", ((0, 0, 0), (0, 0, 9)), **space)], source=slices)
    viewer = open_viewer(serve([*paths, stored(tmp_path, "report", report)]))
    page = viewer.open(f"/view/{report.StudyInstanceUID}?series={report.SeriesInstanceUID}")
    library = page.locator(".report-images")
    library.get_by_text("5 images").wait_for()
    assert page.get_by_role("button", name=re.compile("Show image")).count() == 0
    library.locator("summary").click()
    page.get_by_role("button", name="Show image 5", exact=True).wait_for()
    assert page.get_by_role("button", name=re.compile("Show image")).count() == 5
    snap(page, "report-images")
    page.get_by_role("button", name="Show image 4", exact=True).click()
    page.wait_for_selector('[data-cell="0"] .viewport[data-image="4"]')
