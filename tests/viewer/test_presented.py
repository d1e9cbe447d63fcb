"""Images through presentation states: their greys, what of them is seen and how large; saved as they are shown."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom.data
import pytest
from PIL import Image

from filmless import Dataset, read
from filmless.objects import presentation_state
from filmless.pixels import render

from .conftest import snap, stored
from .test_derived import opened
from .test_measurements import assert_valid, fetched

CT = Path(pydicom.data.__file__).parent / "test_files/CT_small.dcm"


@pytest.fixture(scope="module")
def ct() -> Dataset:
    return read(CT)


def lut(first: int, values: np.ndarray, bits: int = 8) -> Dataset:
    item = Dataset({"LUTDescriptor": [len(values), first, bits]})
    item.LUTData = values.astype("<u2").tobytes()
    return item


def steps(ct: Dataset) -> Dataset:
    """A state whose VOI LUT has four greys, as no window has."""
    state = presentation_state([], source=ct, label="STEPS")
    greys = np.repeat([20, 220, 90, 250], 300)
    voi = Dataset()
    voi.VOILUTSequence = [lut(-200, greys)]
    state.SoftcopyVOILUTSequence = [voi]
    return state


def raw(ct: Dataset) -> Dataset:
    """A state of stored values: without a rescale, whatever the image has."""
    state = presentation_state([], source=ct, window=(1064, 400), label="STORED")
    del state.RescaleSlope, state.RescaleIntercept, state.RescaleType
    return state


def everything(ct: Dataset) -> Dataset:
    """A state without a window: all values there can be; and a presentation LUT."""
    state = presentation_state([], source=ct, label="ALL")
    del state.SoftcopyVOILUTSequence, state.PresentationLUTShape
    state.PresentationLUTSequence = [lut(0, np.arange(256) // 64 * 80)]
    return state


def test_the_server_draws_what_no_window_can(serve, tmp_path, ct):
    states = {"steps": steps(ct), "all": everything(ct)}
    server = serve([CT, *(stored(tmp_path, name, ds) for name, ds in states.items())])
    for ds in states.values():
        instance = f"studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
        query = f"series={ct.SeriesInstanceUID}&image={ct.SOPInstanceUID}&frame=1"
        answer = httpx.get(f"{server.addresses.urls[0]}/viewer/{instance}/presented?{query}")
        picture = np.asarray(Image.open(io.BytesIO(answer.content)))
        np.testing.assert_array_equal(picture, render(ct, presentation_state=ds))
        again = httpx.get(str(answer.url), headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    own = f"studies/{ct.StudyInstanceUID}/series/{ct.SeriesInstanceUID}/instances/{ct.SOPInstanceUID}"
    assert httpx.get(f"{server.addresses.urls[0]}/viewer/{own}/presented?{query}").status_code == 404


GREY = """([column, row]) => {
  const canvas = document.querySelector("%s");
  const box = canvas.getBoundingClientRect();
  const side = Math.min(box.width, box.height);
  const x = (box.width - side) / 2 + (column + 0.5) / 128 * side;
  const y = (box.height - side) / 2 + (row + 0.5) / 128 * side;
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  context.drawImage(canvas, -Math.floor(x * canvas.width / box.width), -Math.floor(y * canvas.height / box.height));
  return context.getImageData(0, 0, 1, 1).data[0];
}"""
PLACES = [(64, 64), (30, 60), (100, 40), (64, 110), (20, 20)]


def test_greys_are_those_of_the_state(serve, open_viewer, tmp_path, ct):
    states = {"steps": steps(ct), "raw": raw(ct), "all": everything(ct)}
    viewer = opened(serve, open_viewer, [CT, *(stored(tmp_path, name, ds) for name, ds in states.items())], ct)
    page = viewer.page
    for key in ("o", "n"):  # without text over the image, and without pixels between pixels
        page.keyboard.press(key)
    page.wait_for_selector('.viewport[data-smooth="false"]')
    for ds, way in ((states["steps"], "picture"), (states["all"], "picture"), (states["raw"], "window")):
        page.get_by_label(ds.ContentLabel, exact=True).check()
        page.wait_for_selector(f'canvas.derived-layer[data-state="{way}"]')
        snap(page, f"state-{ds.ContentLabel.lower()}")
        expected = render(ct, presentation_state=ds)
        canvas = "canvas.derived-layer" if way == "picture" else ".viewport canvas"
        for column, row in PLACES:
            # The image is drawn a moment after the state is there.
            grey = int(expected[row, column])
            viewer.until(f"Math.abs(({GREY % canvas})([{column}, {row}]) - {grey}) <= 2")
        if way == "picture":
            # Who windows it sees its own greys.
            page.get_by_label("Window width").fill("321")
            page.get_by_label("Window width").press("Tab")
            page.wait_for_selector('canvas.derived-layer[data-state="window"]')
        page.get_by_label(ds.ContentLabel, exact=True).uncheck()
        page.wait_for_selector("canvas.derived-layer", state="detached")


def sized(ct: Dataset, label: str, mode: str, **more: Any) -> Dataset:
    state = presentation_state([], source=ct, displayed_area=(32, 48, 96, 80), rotation=90, label=label)
    area = state.DisplayedAreaSelectionSequence[0]
    area.PresentationSizeMode = mode
    for keyword, value in more.items():
        area[keyword] = value
    return state


def test_the_area_of_a_state_is_what_is_seen(serve, open_viewer, tmp_path, ct):
    states = [
        sized(ct, "FIT", "SCALE TO FIT"),
        sized(ct, "MAGNIFIED", "MAGNIFY", PresentationPixelMagnificationRatio=3.0),
        sized(ct, "TRUE", "TRUE SIZE"),
    ]
    viewer = opened(serve, open_viewer, [CT, *(stored(tmp_path, ds.ContentLabel, ds) for ds in states)], ct)
    page = viewer.page
    box = page.locator(".viewport").bounding_box()
    for ds in states:
        page.get_by_label(ds.ContentLabel, exact=True).check()
        for height in (640, 800):  # and so it stays when the cell has another size
            page.set_viewport_size({"width": 1280, "height": height})
            cell = page.locator(".viewport").bounding_box()
            # Turned by 90 degrees, it is 32 pixels wide and 64 high.
            fitting = min(cell["width"] / 32, cell["height"] / 64)
            scale = {"FIT": fitting, "MAGNIFIED": 3, "TRUE": ct.PixelSpacing[0] * 96 / 25.4}[ds.ContentLabel]
            viewer.until(f"Math.abs(document.querySelector('.viewport').dataset.scale / {scale} - 1) < 0.02")
        snap(page, f"area-{ds.ContentLabel.lower()}")
        page.get_by_label(ds.ContentLabel, exact=True).uncheck()
        viewer.until(f"Math.abs(document.querySelector('.viewport').dataset.scale * 128 / {box['height']} - 1) < 0.1")


def test_a_state_is_saved_as_the_image_is_shown(serve, open_viewer, tmp_path, ct):
    server = serve([CT])
    viewer = opened(serve=lambda _: server, open_viewer=open_viewer, paths=[], ct=ct)
    page = viewer.page
    cell = page.locator('[data-cell="0"]')
    page.wait_for_selector('button[aria-label="Length"]:enabled')
    cell.focus()
    for key in ("r", "h", "i", "+", "+", "+"):
        page.keyboard.press(key)
    page.wait_for_selector('button[aria-label="Invert"][aria-pressed="true"]')
    box = page.locator(".viewport").bounding_box()
    page.keyboard.press("l")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 80, box["y"] + box["height"] / 2 + 20, steps=4)
    page.mouse.up()
    page.keyboard.press("Escape")
    before = edges(page), float(page.locator(".viewport").get_attribute("data-scale"))
    page.keyboard.press("Control+s")
    page.get_by_text("and as a presentation state").wait_for()
    snap(page, "shown-before")
    with httpx.Client(base_url=viewer.root) as client:
        [state] = client.get(f"/viewer/studies/{ct.StudyInstanceUID}/derived").json()["objects"]
        path = fetched(client, state, tmp_path / "state.dcm", ct.StudyInstanceUID)
    assert_valid(path)
    saved = pydicom.dcmread(path)
    assert (saved.PresentationLUTShape, saved.ImageHorizontalFlip) == ("INVERSE", "Y")
    left, top, right, bottom = state["state"]["areas"][0]["edges"]
    assert right - left < 128 or bottom - top < 128, json.dumps(state["state"]["areas"])
    page.reload()
    viewer.wait_for_image()
    page.get_by_role("button", name="Overlays", exact=True).click()
    page.get_by_label("MEASUREMENTS").check()
    page.wait_for_selector('button[aria-label="Invert"][aria-pressed="true"]')
    viewer.until(f"Math.abs(document.querySelector('.viewport').dataset.scale / {before[1]} - 1) < 0.03")
    assert edges(page) == before[0]
    snap(page, "shown-after")


def edges(page: Any) -> str:
    return "".join(page.locator(f".edge.on-{side}").inner_text() for side in ("top", "right", "bottom", "left"))
