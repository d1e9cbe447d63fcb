"""Studies of a patient beside each other: which there are, how they lie, what they do together."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pydicom.data
import pytest

from filmless import read

from .conftest import snap
from .phantoms import series

FILES = Path(pydicom.data.__file__).parent / "test_files"
NEW, OLD = "1.2.826.0.1.3680043.10.21", "1.2.826.0.1.3680043.10.22"


def ct(folder: Path, uid: str, **given: Any) -> Path:
    """Write a study of one image."""
    ds = read(FILES / "CT_small.dcm")
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID = uid, f"{uid}.1", f"{uid}.1.1"
    for keyword, value in given.items():
        setattr(ds, keyword, value)
    path = folder / f"{uid}.dcm"
    ds.save_as(path)
    return path


def others(server: Any, uid: str) -> Any:
    return httpx.get(f"{server.addresses.urls[0]}/viewer/studies/{uid}/others").json()


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"PatientID": "A1"}, ["1.2.3.2", "1.2.3.1"]),
        # For a query these are wildcards.
        ({"PatientID": "A?"}, []),
        ({"PatientID": "*"}, []),
        ({"PatientID": "a1"}, []),
        ({"PatientID": "A1", "IssuerOfPatientID": "elsewhere"}, []),
    ],
)
def test_others_are_those_of_the_same_id_and_issuer(serve, tmp_path, own, expected):
    paths = [
        ct(tmp_path, "1.2.3.1", PatientID="A1", StudyDate="20230101"),
        ct(tmp_path, "1.2.3.2", PatientID="A1", StudyDate="20240101", StudyDescription="later"),
        ct(tmp_path, "1.2.3.3", PatientID="A2"),
        ct(tmp_path, "1.2.3.4", PatientID=""),
        ct(tmp_path, "1.2.3.9", **own),
    ]
    told = others(serve(paths), "1.2.3.9")["studies"]
    assert [one["uid"] for one in told] == expected
    if expected:
        assert told[0]["modalities"] == ["CT"]
        assert (told[0]["instances"], told[0]["StudyDescription"]) == (1, "later")


def test_nobody_is_the_other_without_an_id(serve, tmp_path):
    paths = [ct(tmp_path, uid, PatientID="") for uid in ("1.2.3.1", "1.2.3.2")]
    server = serve(paths)
    told = others(server, "1.2.3.1")
    assert told["studies"] == []
    assert "no Patient ID" in told["why"]
    assert httpx.get(f"{server.addresses.urls[0]}/viewer/studies/9.9/others").status_code == 404


@pytest.fixture
def two_dates(tmp_path: Path) -> Callable[..., list[Path]]:
    """Two dates of a patient: the later of slices half as far apart, of two series of which one is like the other."""

    def made(*, frames: tuple[str, str] = ("1.2.3.101", "1.2.3.102")) -> list[Path]:
        shared: dict[str, Any] = {"PatientID": "A1", "PatientName": "Doe^Jane", "size": 64, "pixel_mm": 3.0}
        new = {**shared, "study": NEW, "StudyDate": "20240501", "StudyDescription": "Thorax <b>follow-up</b>"}
        old = {**shared, "study": OLD, "StudyDate": "20230214", "StudyDescription": "Thorax"}
        return [
            *series(tmp_path / "new", **new, count=40, space_mm=2.5, SeriesDescription="Thorax soft ax",
                    frame_of_reference=frames[0]),
            *series(tmp_path / "bone", **old, count=8, space_mm=12, SeriesDescription="Bone cor",
                    SeriesNumber=1, frame_of_reference=frames[1]),
            *series(tmp_path / "old", **old, count=20, space_mm=5, SeriesDescription="Thorax soft ax 5mm",
                    SeriesNumber=2, frame_of_reference=frames[1]),
        ]  # fmt: skip

    return made


def image(viewer: Any, cell: int, number: int) -> None:
    viewer.page.wait_for_selector(f'[data-cell="{cell}"] [data-image="{number}"]')


def test_another_date_is_chosen_and_follows(serve, open_viewer, two_dates):
    viewer = open_viewer(serve(two_dates()))
    page = viewer.open(f"/view/{NEW}")
    viewer.wait_for_image()
    page.get_by_role("button", name="Compare with…").click()
    other = page.get_by_role("dialog").get_by_role("button", name="2023-02-14")
    assert "older" in other.inner_text()
    snap(page, "compare-choice")
    other.click()
    page.wait_for_url(f"**/view/{NEW}/{OLD}?*")
    viewer.wait_for_image(0)
    viewer.wait_for_image(1)
    headings = page.locator(".cell-heading").all_inner_texts()
    assert "2024-05-01" in headings[0]
    assert "prior" not in headings[0]
    assert "<b>follow-up</b>" in headings[0], "text of headers is text"
    assert "2023-02-14" in headings[1]
    assert "prior" in headings[1]
    assert "Thorax soft ax 5mm" in page.locator('[data-cell="1"]').get_attribute("aria-label")
    image(viewer, 0, 20)
    image(viewer, 1, 10)
    page.keyboard.press("PageDown")
    image(viewer, 0, 30)
    image(viewer, 1, 15)  # ten images of 2.5 mm are five of 5 mm
    page.keyboard.press("End")
    image(viewer, 0, 40)
    image(viewer, 1, 20)
    snap(page, "compare")
    page.get_by_role("button", name="Close the study of 2023-02-14").click()
    viewer.until(f"location.pathname === '/view/{NEW}'")
    viewer.until("document.querySelectorAll('.cell').length === 1")
    viewer.wait_for_image()
    page.go_back()
    viewer.wait_for_image(1)


def test_what_was_beside_each_other_stays_so(serve, open_viewer, two_dates):
    viewer = open_viewer(serve(two_dates()))
    page = viewer.open(f"/view/{NEW}/{OLD}")
    viewer.wait_for_image(0)
    viewer.wait_for_image(1)
    page.locator('[data-cell="1"]').focus()
    together = page.get_by_role("button", name="Scroll together")
    together.click()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    image(viewer, 1, 12)
    image(viewer, 0, 20)
    together.click()
    page.keyboard.press("End")
    image(viewer, 1, 20)
    image(viewer, 0, 36)
    page.locator('[data-cell="0"]').focus()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    image(viewer, 0, 1)
    image(viewer, 1, 2)


def test_in_one_frame_of_reference_they_show_the_same_place(serve, open_viewer, two_dates):
    viewer = open_viewer(serve(two_dates(frames=("1.2.3.101", "1.2.3.101"))))
    page = viewer.open(f"/view/{NEW}/{OLD}")
    viewer.wait_for_image(0)
    viewer.wait_for_image(1)
    page.keyboard.press("Home")
    image(viewer, 0, 1)
    image(viewer, 1, 1)
    for _ in range(8):
        page.keyboard.press("ArrowDown")
    image(viewer, 0, 9)
    image(viewer, 1, 5)


def test_studies_of_others_are_called_that(serve, open_viewer, tmp_path):
    viewer = open_viewer(serve([ct(tmp_path, "1.2.3.1", PatientID="A1"), ct(tmp_path, "1.2.3.2", PatientID="")]))
    page = viewer.open("/view/1.2.3.1/1.2.3.2")
    viewer.wait_for_image(1)
    page.get_by_role("alert").get_by_text("do not say that they are of one patient").wait_for()
    assert "ID A1" in page.locator(".cell-heading").nth(0).inner_text()
    snap(page, "compare-strangers")
    page.go_back()
    page = viewer.open("/view/1.2.3.2")
    viewer.wait_for_image()
    page.keyboard.press("C")
    page.get_by_role("dialog").get_by_text("This study has no Patient ID").wait_for()
    snap(page, "compare-nobody")


def test_a_study_is_not_compared_with_itself(serve, open_viewer, tmp_path):
    viewer = open_viewer(serve([ct(tmp_path, "1.2.3.1", PatientID="A1")]))
    page = viewer.open("/view/1.2.3.1/1.2.3.1")
    viewer.wait_for_image()
    assert page.locator(".cell").count() == 1
    assert page.locator(".cell-heading").count() == 0
    page.keyboard.press("C")
    page.get_by_role("dialog").get_by_text("There is no other study with this Patient ID here.").wait_for()
