"""What is measured with the mouse, against numbers that are known; saved, and there again."""

import re
from pathlib import Path

import numpy as np
import pydicom.data
import pytest

import filmless

from .conftest import snap

FILES = Path(pydicom.data.__file__).parent / "test_files"
CT = FILES / "CT_small.dcm"
STUDY = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
SPACING_MM = 0.661468
# A step of the mouse is a pixel of the screen, of which one of the image has more than five.
PLACES = 0.25


class Page:
    """An image of 128 × 128 pixels in a browser, and how to draw on it."""

    def __init__(self, viewer):
        self.viewer, self.page = viewer, viewer.page
        self.find_image()

    def find_image(self):
        self.viewer.wait_for_image()
        self.page.wait_for_selector('button[aria-label="Length"]:enabled')
        # The canvas follows when a panel opens beside it.
        self.page.wait_for_function(
            "() => { const canvas = document.querySelector('.viewport canvas');"
            " return Math.abs(canvas.width - canvas.closest('.viewport').clientWidth) < 2; }"
        )
        box = self.page.locator('[data-cell="0"] .viewport').bounding_box()
        self.scale = min(box["width"], box["height"]) / 128
        self.left = box["x"] + box["width"] / 2 - 64 * self.scale
        self.top = box["y"] + box["height"] / 2 - 64 * self.scale

    def at(self, column, row):
        """The place on the screen of a column and row, 0, 0 at the corner of the image."""
        return self.left + column * self.scale, self.top + row * self.scale

    def drag(self, *points):
        self.page.mouse.move(*self.at(*points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.at(*point), steps=4)
        self.page.mouse.up()

    def key(self, key):
        self.page.keyboard.press(key)

    def words(self, text):
        self.page.get_by_role("textbox", name="Text", exact=True).fill(text)
        self.key("Enter")

    def items(self, count):
        """The measurements in the list, once there are so many."""
        self.page.wait_for_function(
            "count => document.querySelectorAll('.measurements ol > li').length == count", arg=count
        )
        return self.page.locator(".measurements ol > li").all()

    def values(self, item):
        """The values of a measurement by name: number and unit."""
        found = {}
        for row in item.locator("> dl > div").all():
            text = row.locator("dd").inner_text().replace("−", "-")
            amount = re.match(r"-?[\d.]+", text)[0]
            found[row.locator("dt").inner_text()] = float(amount), text[len(amount) :].strip()
        return found

    def shot(self, name):
        snap(self.page, name)


@pytest.fixture
def server(serve):
    return serve([CT])


@pytest.fixture
def ct(server, open_viewer):
    viewer = open_viewer(server, width=1600)
    viewer.open(f"/view/{STUDY}")
    page = Page(viewer)
    page.page.get_by_role("button", name="Measurements", exact=True).click()
    page.page.wait_for_selector(".measurements")
    page.find_image()
    return page


def inside(polygon):
    """Which pixels of the image have their centre in a polygon without dents, by its half planes."""
    rows, columns = np.mgrid[0:128, 0:128] + 0.5
    sides = [
        (x1 - x0) * (rows - y0) - (y1 - y0) * (columns - x0)
        for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    ]
    return np.all(np.array(sides) > 0, axis=0)


def test_numbers_are_those_of_numpy(ct):
    ct.key("l")
    ct.drag((20.5, 20), (60.5, 20))
    ct.key("q")
    ct.drag((30.2, 40.2), (60.2, 70.2))
    ct.key("E")
    ct.drag((90.2, 80.2), (98.2, 96.2))
    ct.key("d")
    ct.drag((50.5, 100.5), (50.5, 100.5))
    length, rectangle, ellipse, probe = map(ct.values, ct.items(4))
    hu = filmless.read(CT).pixel_array.astype(float) - 1024
    assert length["Length"] == (pytest.approx(40 * SPACING_MM, abs=PLACES * SPACING_MM), "mm")
    mask = inside([(30.2, 40.2), (60.2, 40.2), (60.2, 70.2), (30.2, 70.2)])
    assert mask.sum() == 900
    assert rectangle["Area"] == (pytest.approx(900 * SPACING_MM**2, rel=0.02), "mm²")
    assert_statistics(rectangle, hu[mask])
    rows, columns = np.mgrid[0:128, 0:128] + 0.5
    # Cornerstone draws an ellipse from its centre.
    mask = ((columns - 90.2) / 8) ** 2 + ((rows - 80.2) / 16) ** 2 <= 1
    assert ellipse["Area"] == (pytest.approx(np.pi * 8 * 16 * SPACING_MM**2, rel=0.04), "mm²")
    assert ellipse["Mean"][0] == pytest.approx(hu[mask].mean(), abs=2)
    assert probe["Value"] == (hu[100, 50], "HU")
    ct.shot("measuring")


def assert_statistics(values, pixels):
    found = {name: values[name][0] for name in ("Mean", "SD", "Min", "Max")}
    expected = {"Mean": pixels.mean(), "SD": pixels.std(), "Min": pixels.min(), "Max": pixels.max()}
    assert found == pytest.approx(expected, abs=0.051)
    assert {values[name][1] for name in found} == {"HU"}


def test_all_kinds_are_drawn_saved_and_there_again(ct, server):
    ct.key("b")
    ct.drag((10, 60), (22, 66))
    ct.key("a")
    ct.drag((70, 20), (80, 30))
    ct.page.mouse.move(*ct.at(90, 20), steps=4)
    ct.page.mouse.click(*ct.at(90, 20))
    ct.key("c")
    ct.drag((5, 100), (20, 104))
    ct.drag((5, 115), (20, 112))
    ct.key("y")
    ct.drag((100, 20), (120, 22), (122, 40), (105, 45), (100, 20))
    ct.key("A")
    ct.drag((60, 90), (75, 80))
    ct.words("Spinous process")
    ct.key("t")
    ct.drag((90, 12), (90, 12))
    ct.words("Aorta")
    ct.key("q")
    ct.drag((30, 40), (60, 70))
    ct.key("E")
    ct.drag((100, 80), (108, 92))
    ct.key("Escape")
    assert ct.page.get_by_label("Save also as presentation state").is_checked()
    before = [(ct.values(item), item.locator(".label").input_value()) for item in ct.items(8)]
    assert before[1][0]["Angle"] == (pytest.approx(90, abs=1.5), "°")
    assert before[2][0]["Cobb angle"][0] == pytest.approx(np.degrees(np.arctan(4 / 15) + np.arctan(3 / 15)), abs=1.5)
    ct.shot("measuring-kinds")
    ct.key("Control+s")
    ct.page.get_by_text(re.compile("Saved 8 measurements .* and as a presentation state")).wait_for()
    ct.page.wait_for_selector('.measurements[data-saved="true"]')
    ct.page.reload()
    ct.viewer.wait_for_image()
    ct.page.get_by_role("button", name="Measurements", exact=True).click()
    after = [(ct.values(item), item.locator(".label").input_value()) for item in ct.items(8)]
    for (values, label), (expected, said) in zip(after, before, strict=True):
        assert label == said
        assert values == expected
    ct.page.get_by_text("Saved reports").wait_for()
    ct.shot("measuring-again")
    assert_drawn_by_a_state(ct)


def assert_drawn_by_a_state(ct):
    """The same, without the measurements: as a viewer shows it that knows presentation states alone."""
    ct.page.get_by_role("button", name="Hide", exact=True).click()
    ct.page.get_by_role("button", name="Overlays", exact=True).click()
    ct.page.get_by_label("MEASUREMENTS").check()
    ct.find_image()
    # From 30, 40 to 60, 70 there is a rectangle: its upper edge is yellow, or as the layer says.
    ct.viewer.until(
        "() => { const canvas = document.querySelector('canvas.derived-layer'); if (!canvas) return false;"
        f" const [x, y] = [{ct.at(45, 40)[0]}, {ct.at(45, 40)[1]}]; const box = canvas.getBoundingClientRect();"
        " const [left, top] = [x - box.x, y - box.y].map(at => at * canvas.width / box.width - 4);"
        " const { data } = canvas.getContext('2d').getImageData(left, top, 8, 8);"
        " return data.some((one, index) => index % 4 === 3 && one > 128); }"
    )
    ct.shot("measuring-state")


def test_what_was_done_is_undone_and_done_again(ct):
    page = ct.page
    ct.key("l")
    ct.drag((20, 20), (60, 20))
    ct.key("Escape")
    (item,) = ct.items(1)
    long = ct.values(item)["Length"][0]
    ct.drag((60, 20), (40, 20))
    page.wait_for_function("() => !document.querySelector('.measurements dd').textContent.startsWith('26')")
    short = ct.values(item)["Length"][0]
    assert short == pytest.approx(long / 2, abs=0.3)
    ct.key("Delete")
    ct.items(0)
    ct.key("Control+z")
    (item,) = ct.items(1)
    assert ct.values(item)["Length"][0] == short
    ct.key("Control+z")
    page.wait_for_function("() => document.querySelector('.measurements dd').textContent.startsWith('26')")
    ct.key("Control+z")
    ct.items(0)
    ct.key("Control+y")
    ct.key("Control+Shift+Z")
    (item,) = ct.items(1)
    assert ct.values(item)["Length"][0] == short
    ct.key("X")
    ct.drag((30, 20), (30, 20))
    ct.items(0)


def test_that_all_were_deleted_is_saved_after_a_question(ct):
    page = ct.page
    save = page.locator(".measurements").get_by_role("button", name="Save")
    assert save.is_disabled()
    ct.key("l")
    ct.drag((20, 20), (60, 20))
    ct.items(1)
    ct.key("Control+s")
    page.wait_for_selector('.measurements[data-saved="true"]')
    page.get_by_role("button", name="Delete 1, Length").click()
    ct.items(0)
    save.click()
    dialog = page.get_by_role("dialog", name="All measurements are deleted")
    dialog.wait_for()
    ct.shot("measuring-emptied")
    dialog.get_by_role("button", name="Do not save").click()
    assert save.is_enabled()
    save.click()
    dialog.get_by_role("button", name="Save without measurements").click()
    page.wait_for_selector('.measurements[data-saved="true"]')
    page.reload()
    ct.find_image()
    page.get_by_role("button", name="Measurements", exact=True).click()
    page.get_by_text("replaced by a later one").wait_for()
    ct.shot("measuring-none")
    ct.items(0)


def test_a_page_with_measurements_that_are_not_saved_asks(ct):
    page = ct.page
    ct.key("l")
    ct.drag((20, 20), (60, 20))
    ct.items(1)
    ct.key("Escape")
    page.wait_for_selector('button[aria-label="Length"][aria-pressed="false"]')
    ct.key("Escape")
    dialog = page.get_by_role("dialog", name="Measurements are not saved")
    dialog.wait_for()
    ct.shot("measuring-leaving")
    dialog.get_by_role("button", name="Stay").click()
    dialog.wait_for(state="hidden")
    assert "/view/" in page.url
    page.get_by_label("Back to the studies").click()
    dialog.get_by_role("button", name="Save and leave").click()
    page.get_by_role("heading", name="Studies").wait_for()


def test_who_goes_back_and_stays_has_the_address_again(server, open_viewer):
    viewer = open_viewer(server, width=1600)
    viewer.open().get_by_text("CompressedSamples, CT1").click()
    ct = Page(viewer)
    ct.page.wait_for_url("**&image=1")
    address = ct.page.url
    ct.key("l")
    ct.drag((20, 20), (60, 20))
    dialog = ct.page.get_by_role("dialog", name="Measurements are not saved")
    # The page warns as soon as it knows of the length.
    viewer.until("(event => !dispatchEvent(event))(new Event('beforeunload', { cancelable: true }))")
    ct.page.go_back()
    dialog.get_by_role("button", name="Stay").click()
    dialog.wait_for(state="hidden")
    assert ct.page.url == address
    assert ct.page.evaluate("history.state.screen.cells.length") == 1
    ct.key("Control+s")
    ct.page.get_by_text("Saved 1 measurement as").wait_for()


def test_what_is_saved_is_shown_among_the_series_and_reports(ct):
    ct.key("l")
    ct.drag((20, 20), (60, 20))
    for number in (1, 2):
        ct.items(number)
        ct.key("Control+s")
        ct.page.wait_for_function(
            "count => document.querySelectorAll('.measurements .reports li').length == count", arg=number
        )
        ct.drag((20, 20 + 20 * number), (60, 20 + 20 * number))
    assert ct.page.locator(".series-panel .series", has_text="SR").count() == 2
    ct.page.get_by_text("replaced by a later one").wait_for()


def test_no_two_keys_of_a_page_are_the_same(ct):
    page = ct.page
    for heading in ("Measuring", "Select"):
        ct.key("?")
        dialog = page.get_by_role("dialog", name="Keys")
        dialog.get_by_text(heading).first.wait_for()
        rows = [
            (
                ["+".join(keys.locator("kbd").all_inner_texts()) for keys in row.locator("dt > span").all()],
                row.locator("dd").inner_text(),
            )
            for row in dialog.locator("dl > div").all()
        ]
        ct.shot("keys")
        # What is on top of the page goes before it.
        does = [(key, what) for keys, what in rows for key in keys if key != "Escape"]
        assert len(does) > 10
        doubled = {key for key, _ in does if [other for other, _ in does].count(key) > 1}
        assert [row for row in does if row[0] in doubled] == []
        dialog.get_by_role("button", name="Close").click()
        if heading == "Measuring":
            page.get_by_label("Back to the studies").click()
            page.get_by_role("heading", name="Studies").wait_for()
