"""Every control of dialogs, menus, planes and documents can be reached, named, seen and touched, in dark and light."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydicom.data
import pytest

from filmless import read
from filmless.archive import Archive
from filmless.convert import to_dicom
from filmless.server import Server, read_settings

from .conftest import stored
from .phantoms import series
from .test_documents import pdf
from .test_reach import audit, tab_through

FILES = Path(pydicom.data.__file__).parent / "test_files"
ECG, REPORT = (FILES / name for name in ("waveform_ecg.dcm", "reportsi.dcm"))
EXAMPLES = Path(__file__).parents[2] / "examples"
STUDY, PRIOR = "1.2.826.0.1.3680043.10.81", "1.2.826.0.1.3680043.10.82"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a study of each kind, and somebody to send them to."""
    folder = tmp_path_factory.mktemp("reach")
    (source := folder / "letter.pdf").write_bytes(pdf(2))
    letter = to_dicom(source, PatientName="Doe^Jane", PatientID="1", StudyDate="20240401")
    who: dict[str, Any] = {"PatientID": "A1", "PatientName": "Phantom^Trunk", "size": 32, "pixel_mm": 6.0}
    paths = [
        *(ECG, REPORT, stored(folder, "letter", letter)),
        *series(folder / "new", **who, count=12, space_mm=10, study=STUDY, StudyDate="20240501"),
        *series(folder / "old", **who, count=6, space_mm=20, study=PRIOR, StudyDate="20230501"),
    ]
    config = folder / "filmless.toml"
    config.write_text('[peers.pacs]\nurl = "http://127.0.0.1:9/dicom-web"\n')
    with Archive(folder / "data") as archive:
        for path in paths:
            archive.store(path)
    given = {"data": folder / "data", "http.port": 0, "logs.level": "error"}
    with Server(read_settings(config, given=given)) as started:
        yield started


def button(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def listed(viewer: Any) -> Any:
    page = viewer.open("/?text=Trunk")
    page.wait_for_selector("#study-1")
    # What can be sent is known a little later.
    viewer.until("fetch('/viewer/peers').then((answer) => answer.ok)")
    return page


def menu(viewer: Any) -> Any:
    page = listed(viewer)
    page.locator("#study-0 .more").click()
    page.get_by_role("menuitem", name="Send to a peer").wait_for()
    return page


def importing(viewer: Any) -> None:
    page = listed(viewer)
    page.get_by_label("Files to import").set_input_files([EXAMPLES / "retina.jpg", EXAMPLES / "make_examples.py"])
    page.get_by_role("button", name="Leave pictures out").wait_for()


def imported(viewer: Any) -> None:
    importing(viewer)
    button(viewer.page, "Leave pictures out")
    viewer.page.wait_for_selector('.importing[data-over="true"]')


def sending(viewer: Any) -> None:
    menu(viewer).get_by_role("menuitem", name="Send to a peer").click()
    viewer.page.get_by_role("dialog", name="Send 1 study").wait_for()


def deleting(viewer: Any) -> None:
    menu(viewer).get_by_role("menuitem", name="Delete").click()
    viewer.page.get_by_role("dialog", name="Delete this study?").wait_for()


def no_match(viewer: Any) -> None:
    viewer.open("/?text=nobody").get_by_text("No study matches").wait_for()


def reading(viewer: Any) -> Any:
    viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    return viewer.page


def layout(viewer: Any) -> None:
    reading(viewer).get_by_role("button", name="Layout").click()


def saving(viewer: Any) -> None:
    button(reading(viewer), "Save and share")
    viewer.page.get_by_role("menuitem", name="Copy link").wait_for()


def comparing(viewer: Any) -> None:
    reading(viewer).get_by_role("button", name="Compare with").click()
    viewer.page.get_by_role("dialog").get_by_text("older").wait_for()


def measured(viewer: Any, tool: str = "Length") -> Any:
    page = reading(viewer)
    page.get_by_role("button", name="Measuring").click()
    button(page, tool)
    box = page.locator(".viewport").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=3)
    page.mouse.up()
    return page


def measurements(viewer: Any) -> None:
    button(measured(viewer), "Measurements")
    viewer.page.get_by_role("button", name="Go to 1, Length").wait_for()


def leaving(viewer: Any) -> None:
    measurements(viewer)
    button(viewer.page, "Back to the studies")
    viewer.page.get_by_role("dialog", name="Measurements are not saved").wait_for()


def words(viewer: Any) -> None:
    measured(viewer, "Arrow with words").get_by_role("dialog", name="Text").wait_for()


def differences(viewer: Any) -> None:
    page = reading(viewer)
    button(page, "Header")
    page.get_by_role("table", name="Header").wait_for()
    button(page, "Compare")
    page.keyboard.press("End")
    page.locator('[data-cell="0"]').focus()
    page.keyboard.press("End")
    page.get_by_role("table", name="Differences").get_by_text("Instance Number").wait_for()


def planes(viewer: Any) -> Any:
    page = reading(viewer)
    button(page, "MPR")
    for plane in ("axial", "sagittal", "coronal"):
        page.wait_for_selector(f'[data-plane="{plane}"][data-drawn="true"]')
    return page


def slab(viewer: Any) -> None:
    planes(viewer).get_by_role("button", name="Slab").click()


def whole(viewer: Any) -> None:
    button(reading(viewer), "3-D")
    viewer.page.wait_for_selector('[data-whole][data-drawn="true"]')


def document(viewer: Any) -> None:
    page = viewer.open(f"/view/{study_of(viewer, 'DOC')}")
    page.get_by_role("link", name="Save the file").wait_for()


def study_of(viewer: Any, modality: str) -> str:
    page = viewer.open(f"/?modality={modality}")
    return page.locator("#study-0").get_attribute("data-study")


def report(viewer: Any) -> None:
    viewer.open(f"/view/{read(REPORT).StudyInstanceUID}").get_by_label("Search the report").wait_for()


def ecg(viewer: Any) -> None:
    viewer.open(f"/view/{read(ECG).StudyInstanceUID}").wait_for_selector('[data-cell="0"] [data-drawn="true"]')


SCENES: list[Callable[[Any], Any]] = [
    *(menu, importing, imported, sending, deleting, no_match),
    *(layout, saving, comparing, measurements, leaving, words, differences),
    *(planes, slab, whole, document, report, ecg),
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_it_can_be_seen_and_touched(server, open_viewer, scene):
    viewer = open_viewer(server, width=1024, height=768)
    scene(viewer)
    audit(viewer.page, scene.__name__)


@pytest.mark.parametrize("scene", [planes, document, report, ecg], ids=lambda scene: scene.__name__)
def test_it_can_be_reached_by_the_keyboard(server, open_viewer, scene):
    viewer = open_viewer(server)
    scene(viewer)
    tab_through(viewer.page)


@pytest.mark.parametrize(
    "scene", [saving, layout, slab, comparing, sending, importing], ids=lambda scene: scene.__name__
)
def test_escape_closes_it_and_nothing_else(server, open_viewer, scene):
    viewer = open_viewer(server, width=1440)
    scene(viewer)
    page, url = viewer.page, viewer.page.url
    is_open = "document.querySelector('dialog[open], :popover-open') !== null"
    assert page.evaluate(is_open)
    page.keyboard.press("Escape")
    viewer.until(f"!({is_open})")
    assert page.url.split("?")[0] == url.split("?")[0]


def test_the_focus_goes_back_to_where_it_was(server, open_viewer):
    viewer = open_viewer(server, width=1440)
    page = reading(viewer)
    page.get_by_role("button", name="Compare with").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text("older").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.evaluate("document.activeElement.textContent") == "Compare with…"


def test_escape_leaves_a_field_and_not_the_page(server, open_viewer):
    viewer = open_viewer(server, width=1440)
    page = reading(viewer)
    page.get_by_label("Window centre").focus()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body")
    assert "/view/" in page.url
    page.keyboard.press("Escape")
    page.wait_for_selector("#study-0")
