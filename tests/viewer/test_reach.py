"""Every control can be reached, named, seen and touched: on all pages, with each panel open, in dark and light."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import snap
from .phantoms import series

STUDY = "1.2.826.0.1.3680043.10.31"
PRIOR = "1.2.826.0.1.3680043.10.32"
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")


def complaints(page: Any, *, least: int = 28) -> list[str]:
    """What is wrong with what is shown: no name, no contrast, too small, cut off, lying over each other."""
    return page.evaluate(f"({AUDIT})({{ least: {least} }})")


def audit(page: Any, name: str) -> None:
    """Audit what is shown in both themes."""
    for theme in ("dark", "light"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        snap(page, f"reach-{name}-{theme}")
        assert complaints(page) == [], f"{name} in {theme}"
    page.evaluate("document.documentElement.dataset.theme = 'dark'")


FOCUSED = """() => {
  const shown = document.activeElement;
  if (!shown || shown === document.body) return null;
  // The button in a field of a date is within it: it shows the focus itself.
  const isWithin = shown.type === "date" && shown.dataset.reached;
  shown.dataset.reached = "true";
  const [style, after] = [getComputedStyle(shown), getComputedStyle(shown, "::after")];
  // A cell has a ring over its image: one around it would lie behind.
  const hasRing = after.content !== "none" && parseFloat(after.borderTopWidth) >= 2;
  const hasOutline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const isSeen = Boolean(isWithin) || hasOutline || hasRing;
  return [shown.getAttribute("aria-label") ?? shown.textContent.slice(0, 40) ?? shown.tagName, isSeen];
}"""
UNREACHED = """() => [...document.querySelectorAll("button, input, select, textarea, summary, a[href]")]
  .filter((one) => !one.disabled && one.tabIndex === 0 && !one.dataset.reached && one.checkVisibility())
  // Of radio buttons of one name the arrows go through.
  .filter((one) => one.type !== "radio")
  .map((one) => one.getAttribute("aria-label") ?? (one.textContent.slice(0, 40) || one.outerHTML.slice(0, 80)))"""


def tab_through(page: Any) -> None:
    """Press Tab until all is reached: each shows that it has the focus, and none is left out."""
    page.evaluate("document.activeElement?.blur()")
    rounds = 0
    for _ in range(200):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:
            # At the end; it began where somebody clicked last.
            rounds += 1
            if rounds == 2:
                break
            continue
        name, is_seen = found
        assert is_seen, f"the focus is not seen on {name}"
        if not page.evaluate(UNREACHED):
            break
    assert page.evaluate(UNREACHED) == []


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """Two dates of a patient whose name and descriptions are long, and not all of them Latin."""
    who: dict[str, Any] = {
        "PatientID": "A1",
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": "Wolfeschlegelsteinhausenbergerdorff^Hubert=山田^太郎",
        "size": 32,
        "pixel_mm": 6.0,
        "StudyDescription": "Schädel & <b>Hals</b> 頭頸部の検査, with contrast, arterial and late phase",
    }
    return [
        *series(tmp_path / "new", **who, count=6, study=STUDY, StudyDate="20240501"),
        *series(tmp_path / "old", **who, count=6, study=PRIOR, StudyDate="20230501"),
    ]


@pytest.fixture
def reading(serve: Callable[..., Any], open_viewer: Callable[..., Any], paths: list[Path]) -> Callable[..., Any]:
    """Open the page of some studies: ``reading(*uids, width=1280)``."""

    def start(*uids: str, **options: Any) -> Any:
        viewer = open_viewer(serve(paths), **options)
        viewer.open("/view/" + "/".join(uids))
        viewer.wait_for_image()
        return viewer

    return start


def test_an_audit_finds_what_is_wrong(serve, open_viewer, paths):
    page = open_viewer(serve(paths)).open("/")
    page.wait_for_selector("#study-0")
    wrong = {
        "no name": ("button", "", ""),
        "contrast": ("p", "color: #444; background: #222", "hard to read"),
        "px": ("button", "width: 20px; height: 20px; min-height: 0; padding: 0", "x"),
        "tabindex": ("button", "", "late"),
        "cut off": ("button", "position: fixed; left: 1260px; width: 90px", "outside"),
    }
    for said, (tag, style, text) in wrong.items():
        page.evaluate(
            """([tag, style, text, late]) => {
              const made = document.createElement(tag);
              made.id = "wrong";
              made.style.cssText = "position: fixed; top: 300px; left: 300px; z-index: 99;" + style;
              made.textContent = text;
              if (late) made.tabIndex = 3;
              document.body.append(made);
            }""",
            [tag, style, text, said == "tabindex"],
        )
        assert any(said in one for one in complaints(page)), said
        page.evaluate("document.getElementById('wrong').remove()")


def test_the_list_of_studies(serve, open_viewer, paths):
    page = open_viewer(serve(paths)).open("/")
    page.wait_for_selector("#study-0")
    audit(page, "list")
    tab_through(page)
    page.locator("#study-0 .check").click()
    page.locator("#study-1 .check").click()
    page.get_by_role("button", name="Compare").wait_for()
    audit(page, "selected")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    audit(page, "keys")


def test_the_page_of_a_study_with_each_panel(reading):
    page = reading(STUDY).page
    audit(page, "reading")
    tab_through(page)
    tabs = page.locator(".panel-tabs button")
    for number in range(tabs.count()):
        tabs.nth(number).click()
        page.wait_for_selector(".panel :not(.loading)")
        page.wait_for_selector(".panel .loading", state="detached")
        audit(page, f"panel-{number}")
    tab_through(page)
    page.keyboard.press("?")
    keys = page.get_by_role("dialog").locator("dl > div")
    for row in keys.all():
        assert row.locator("dt").inner_text().strip()
        assert row.locator("dd").inner_text().strip()


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (768, 1024)])
def test_a_tablet_shows_all_of_it(reading, width, height):
    viewer = reading(STUDY, PRIOR, width=width, height=height, has_touch=True)
    page = viewer.page
    viewer.wait_for_image(1)
    audit(page, f"tablet-{width}")
    page.get_by_role("button", name="Header").tap()
    page.get_by_role("table", name="Header").wait_for()
    audit(page, f"tablet-panel-{width}")


def test_what_is_not_there_is_said_in_words(serve, open_viewer, paths):
    server = serve(paths)
    viewer = open_viewer(server)
    page = viewer.open("/view/1.2.3.4.5")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert len(alert.inner_text()) > 10
    snap(page, "reach-absent")
    alert.get_by_role("button", name="To the studies").click()
    page.wait_for_selector("#study-0")
    server.__exit__(None, None, None)
    page.locator("#study-0").click()
    page.get_by_role("alert").get_by_text("the server does not answer").wait_for()
    page.get_by_role("button", name="Try again").wait_for()
    snap(page, "reach-stopped")


KEEP_CONTEXTS = """
window.contexts = [];
for (const kind of [HTMLCanvasElement, OffscreenCanvas]) {
  const own = kind.prototype.getContext;
  kind.prototype.getContext = function (name, ...rest) {
    const made = own.call(this, name, ...rest);
    if (name.startsWith("webgl") && made) window.contexts.push(made);
    return made;
  };
}
"""


def test_lost_graphics_are_said_in_words(serve, open_viewer, paths):
    viewer = open_viewer(serve(paths))
    page = viewer.page
    page.add_init_script(KEEP_CONTEXTS)
    viewer.open(f"/view/{STUDY}")
    viewer.wait_for_image()
    page.evaluate("contexts.forEach((one) => one.getExtension('WEBGL_lose_context')?.loseContext())")
    page.get_by_role("alert").get_by_text("took the graphics away").wait_for()
    snap(page, "reach-graphics")
    viewer.complaints.clear()  # what Cornerstone says of it
    page.get_by_role("button", name="Load the page anew").click()
    viewer.wait_for_image()
