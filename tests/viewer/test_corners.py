"""What is written on an image stays apart from its scale, and can be read where it is cut short."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import snap
from .phantoms import series

STUDY = "1.2.826.0.1.3680043.10.74"
LONG = "Abdomen and pelvis, portal venous phase, iterative reconstruction 3, soft kernel"
#: The lines of a cell's corners that meet its scale.
MEETING = """() => {
  const scale = document.querySelector('[data-cell="0"] .scale-bar').getBoundingClientRect();
  return [...document.querySelectorAll('[data-cell="0"] .corner > div')].filter((line) => {
    const { left, right, top, bottom } = line.getBoundingClientRect();
    return right > left && left < scale.right && right > scale.left && top < scale.bottom && bottom > scale.top;
  }).map((line) => line.textContent);
}"""


def test_a_long_description_does_not_meet_the_scale(
    serve: Callable[..., Any], open_viewer: Callable[..., Any], tmp_path: Path
) -> None:
    paths = series(tmp_path, PatientID="A1", study=STUDY, count=4, size=64, SeriesDescription=LONG)
    viewer = open_viewer(serve(paths), width=1200)
    page = viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    viewer.until(f"({MEETING})().length === 0")
    for key in ("Shift+ArrowRight", "Shift+ArrowDown") * 3:
        page.keyboard.press(key)
    viewer.until("""document.querySelector('[data-cell="0"]').clientWidth < 300""")
    viewer.until(f"({MEETING})().length === 0")
    snap(page, "corners")
    line = page.locator('[data-cell="0"] .corner').get_by_text(LONG)
    assert line.evaluate("(one) => one.scrollWidth > one.clientWidth")
    line.hover(force=True)
    cell = page.locator('[data-cell="0"] .viewport')
    assert cell.get_attribute("title") == LONG
    cell.hover()
    assert cell.get_attribute("title") == ""
