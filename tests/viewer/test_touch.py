"""A tablet: fingers do what the pointer does, and whatever is tapped is large enough for one."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Viewer, snap
from .phantoms import series
from .test_reach import complaints

STUDY = "1.2.826.0.1.3680043.10.61"
Point = tuple[float, float]


@pytest.fixture
def touched(serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path) -> Viewer:
    """A study of two series on a tablet."""
    who: dict[str, Any] = {"study": STUDY, "size": 64, "pixel_mm": 3.0}
    paths = [
        *series(tmp_path / "thin", **who, count=30, SeriesDescription="thin"),
        *series(tmp_path / "thick", **who, count=6, SeriesDescription="thick", SeriesNumber="2"),
    ]
    viewer = open_viewer(serve(paths), width=1024, height=768, has_touch=True)
    viewer.open(f"/view/{STUDY}?window=40,1000")
    viewer.wait_for_image()
    return viewer


class Fingers:
    """Fingers on the screen: Playwright's own touch screen can only tap."""

    def __init__(self, page: Any) -> None:
        self.page, self.session = page, page.context.new_cdp_session(page)

    def drag(self, *ways: tuple[Point, Point], steps: int = 10) -> None:
        """Lay down a finger at the beginning of each way, draw it along, and let it rest before it is lifted.

        What is lifted while it moves is a fling, and Chromium takes the next tap as what ends the fling.
        """
        began = time.time()
        for step in range(steps + 1):
            at = [
                {"x": one[0] + (end[0] - one[0]) * step / steps, "y": one[1] + (end[1] - one[1]) * step / steps}
                for one, end in ways
            ]
            points = [{**point, "id": number} for number, point in enumerate(at)]
            self._send("touchMove" if step else "touchStart", points, began + step * 0.02)
        self._send("touchEnd", [], began + steps * 0.02 + 0.5)

    def _send(self, kind: str, points: list[dict[str, float]], moment: float) -> None:
        told = {"type": kind, "touchPoints": points, "timestamp": moment}
        self.session.send("Input.dispatchTouchEvent", told)


def corner(viewer: Viewer, text: str) -> str:
    """Return the line of the corners that has a text in it."""
    return viewer.page.locator(".corner > div", has_text=text).first.inner_text()


def test_one_finger_does_what_is_chosen(touched):
    page, fingers = touched.page, Fingers(touched.page)
    before = corner(touched, "W ")
    fingers.drag(((500, 400), (620, 460)))
    touched.until(f"!document.querySelector('.corners').textContent.includes({before!r})")
    page.get_by_role("button", name="Scroll", exact=True).tap()
    fingers.drag(((500, 350), (500, 550)))
    touched.until("document.querySelector('.viewport').dataset.image > 16")


def test_two_fingers_move_and_zoom(touched):
    fingers = Fingers(touched.page)
    scale = float(touched.page.locator(".viewport").get_attribute("data-scale"))
    window = corner(touched, "W ")
    fingers.drag(((560, 450), (510, 450)), ((660, 450), (710, 450)))
    touched.until(f"document.querySelector('.viewport').dataset.scale > {scale * 1.5}")
    touched.page.keyboard.press("f")
    # Both downwards: the image goes with them, and its bone is where there was none.
    bar = "document.querySelector('.slider').ariaValueNow"
    shown = touched.until(bar)
    image = touched.page.locator(".viewport").screenshot()
    fingers.drag(((560, 350), (560, 500)), ((660, 350), (660, 500)))
    assert touched.page.locator(".viewport").screenshot() != image
    assert float(touched.page.locator(".viewport").get_attribute("data-scale")) == pytest.approx(scale, rel=0.02)
    assert (touched.until(bar), corner(touched, "W ")) == (shown, window), "neither scrolled nor windowed"


def test_a_length_is_drawn_by_a_finger(touched):
    page = touched.page
    page.get_by_role("button", name="Measuring").tap()
    page.get_by_role("button", name="Length", exact=True).tap()
    page.wait_for_selector(".folds .tool-group:popover-open", state="detached")
    Fingers(page).drag(((500, 400), (640, 480)))
    page.get_by_role("button", name="Measurements", exact=True).tap()
    page.get_by_role("button", name="Go to 1, Length").wait_for()
    # Its dialogs are there, though its menu is closed.
    page.get_by_role("button", name="Back to the studies").tap()
    page.get_by_role("dialog", name="Measurements are not saved").get_by_role("button", name="Stay").tap()
    page.get_by_role("dialog").wait_for(state="detached")


def test_a_tapped_series_goes_to_the_cell_that_was_tapped(touched):
    page = touched.page
    page.get_by_role("button", name="Layout").tap()
    page.get_by_role("button", name="1 by 2").tap()
    page.locator('[data-cell="1"]').tap()
    page.locator(".series", has_text="thick").tap()
    touched.wait_for_image(1)
    assert "thin" in page.locator('[data-cell="0"]').get_attribute("aria-label")
    assert "thick" in page.locator('[data-cell="1"]').get_attribute("aria-label")


def test_the_slider_is_as_wide_as_a_finger(touched):
    box = touched.page.locator(".slider").bounding_box()
    assert box["width"] >= 40
    touched.page.touchscreen.tap(box["x"] + 6, box["y"] + box["height"] - 2)
    touched.until("document.querySelector('.viewport').dataset.image === '30'")


@pytest.mark.parametrize("panel", ["Measurements", "Overlays", "Header"])
def test_what_is_tapped_is_large_enough(touched, panel):
    page = touched.page
    page.get_by_role("button", name=panel, exact=True).tap()
    page.wait_for_selector(".panel .loading", state="detached")
    for menu in ("Measuring", "Screen", "Image"):
        page.get_by_role("button", name=f"{menu} ▾").tap()
        page.wait_for_selector(".tool-group:popover-open")
        snap(page, f"touch-{panel}-{menu}")
        assert [one for one in complaints(page, least=40) if " px: " in one] == []
        page.keyboard.press("Escape")
    touched.open("/")
    page.wait_for_selector("#study-0")
    assert [one for one in complaints(page, least=40) if " px: " in one] == []


def test_a_long_list_scrolls_under_a_finger(touched):
    page = touched.open("/")
    page.wait_for_selector("#study-0")
    page.evaluate("document.querySelector('.studies .grid').style.height = '160px'")
    Fingers(page).drag(((400, 200), (400, 120)))
    touched.until("document.querySelector('.studies .grid').scrollTop > 0")
    assert page.url.endswith("/"), "what was a drag opens no study"
