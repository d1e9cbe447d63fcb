"""Pages look as the pictures of them that are kept in tests/golden/viewer."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest
from PIL import Image, ImageOps

from filmless import read
from filmless.archive import Archive
from filmless.convert import to_dicom
from filmless.server import Server, read_settings

from .golden import GOLDEN, SHARE, assert_golden, differing
from .phantoms import series
from .test_derived import dose, seg, stored
from .test_documents import pdf

FILES = Path(pydicom.data.__file__).parent / "test_files"
CT, ECG, REPORT = (FILES / name for name in ("CT_small.dcm", "waveform_ecg.dcm", "reportsi.dcm"))
STUDY, PRIOR = "1.2.826.0.1.3680043.10.41", "1.2.826.0.1.3680043.10.42"
CELLS = ".cell:not([hidden]) .viewport"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server with one study of each kind, nothing in them by chance but their identifiers."""
    folder = tmp_path_factory.mktemp("golden")
    ct = read(CT)
    source = folder / "letter.pdf"
    source.write_bytes(pdf(2))
    letter = to_dicom(source, PatientName="Doe^Jane", PatientID="1", StudyDate="20240401")
    who: dict[str, Any] = {"PatientID": "A1", "PatientName": "Phantom^Trunk"}
    paths = [
        *(CT, ECG, REPORT),
        *(stored(folder, "seg", seg(ct)), stored(folder, "dose", dose(ct)), stored(folder, "letter", letter)),
        *series(folder / "new", **who, study=STUDY, StudyDate="20240501", count=40, size=64, pixel_mm=3.0),
        *series(folder / "old", **who, study=PRIOR, StudyDate="20230501", count=20, space_mm=5, size=64, pixel_mm=3.2),
    ]
    with Archive(folder / "data") as archive:
        for path in paths:
            archive.store(path)
    given = {"data": folder / "data", "http.port": 0, "logs.level": "error"}
    with Server(read_settings(given=given)) as started:
        yield started


def images(viewer: Any, count: int = 1) -> None:
    for cell in range(count):
        viewer.wait_for_image(cell)


def pictures(viewer: Any) -> None:
    viewer.until("[...document.images].length > 0 && [...document.images].every((one) => one.complete)")


def study_list(viewer: Any) -> None:
    viewer.open("/").wait_for_selector("#study-4")
    pictures(viewer)


def light_list(viewer: Any) -> None:
    study_list(viewer)
    viewer.page.keyboard.press("T")


def stack(viewer: Any) -> None:
    viewer.open(f"/view/{STUDY}?window=100,900")
    images(viewer)


def grid(viewer: Any) -> None:
    stack(viewer)
    page = viewer.page
    for key in ("Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    page.locator('[data-cell="3"]').focus()
    page.locator(".series").first.click()
    viewer.wait_for_image(0)
    viewer.wait_for_image(3)
    page.keyboard.press("Home")
    page.wait_for_selector('[data-cell="3"] [data-image="1"]')


def compared(viewer: Any) -> None:
    viewer.open(f"/view/{STUDY}/{PRIOR}")
    images(viewer, 2)


def opened_ct(viewer: Any, panel: str) -> Any:
    ds = read(CT)
    page = viewer.open(f"/view/{ds.StudyInstanceUID}?series={ds.SeriesInstanceUID}")
    images(viewer)
    page.get_by_role("button", name=panel, exact=True).click()
    return page


def header(viewer: Any) -> None:
    opened_ct(viewer, "Header").get_by_role("table", name="Header").get_by_text("Modality", exact=True).wait_for()


def segments(viewer: Any) -> None:
    page = opened_ct(viewer, "Overlays")
    page.get_by_label("Overlays").get_by_role("checkbox").first.check()
    page.wait_for_selector("canvas.derived-layer[data-layers='1']")


def dose_wash(viewer: Any) -> None:
    page = opened_ct(viewer, "Overlays")
    page.get_by_label("plan physical dose").check()
    page.wait_for_selector("canvas.derived-layer[data-layers='1']")


def ecg(viewer: Any) -> None:
    viewer.open(f"/view/{read(ECG).StudyInstanceUID}").wait_for_selector('[data-cell="0"] [data-drawn="true"]')


def document(viewer: Any) -> None:
    viewer.open("/?text=Doe").locator("#study-0").click()
    # The first page of it is blank: its text lies above its edge.
    second = viewer.page.locator('[data-cell="0"] img').nth(1)
    second.wait_for()
    second.evaluate("(one) => one.scrollIntoView()")
    second.evaluate("(one) => one.decode()")


def report(viewer: Any) -> None:
    viewer.open(f"/view/{read(REPORT).StudyInstanceUID}").wait_for_selector('[data-cell="0"] h2')


def planes(viewer: Any) -> None:
    stack(viewer)
    viewer.page.get_by_role("button", name="MPR").click()
    for plane in ("axial", "sagittal", "coronal"):
        viewer.page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"][data-loaded="true"]')


SCENES: dict[str, Callable[[Any], None]] = {
    "list-dark": study_list,
    "list-light": light_list,
    "stack": stack,
    "grid": grid,
    "compare": compared,
    "header": header,
    "segments": segments,
    "dose": dose_wash,
    "ecg": ecg,
    "document": document,
    "report": report,
    "planes": planes,
}


@pytest.mark.parametrize("name", SCENES)
def test_a_page_looks_as_its_picture(server, open_viewer, name):
    viewer = open_viewer(server)
    SCENES[name](viewer)
    assert_golden(viewer.page, name)


@pytest.mark.parametrize("name", ["stack", "compare", "segments", "planes"])
def test_a_picture_that_is_mirrored_moved_or_of_another_window_fails(name):
    """The tolerance is for fonts, not for images."""
    with Image.open(GOLDEN / f"{name}.png") as kept:
        picture = kept.convert("RGB")
    assert differing(picture, picture) == 0
    inside = (90, 60, picture.width, picture.height)  # the cells
    cells = picture.crop(inside)

    def with_cells(changed: Image.Image) -> float:
        other = picture.copy()
        other.paste(changed, inside[:2])
        return differing(picture, other)

    brighter = Image.fromarray((255 * (np.asarray(cells) / 255) ** 0.6).astype(np.uint8))
    for changed in (ImageOps.mirror(cells), ImageOps.flip(cells), brighter, Image.new("RGB", cells.size)):
        assert with_cells(changed) > SHARE
    assert differing(picture, Image.fromarray(np.roll(np.asarray(picture), 12, axis=1))) > SHARE
