"""Pictures of pages that are kept, and what is shown now beside them: letters, that differ by machine, are hidden."""

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GOLDEN = Path(__file__).parents[1] / "golden/viewer"
#: Compared as small as this: what fonts move by a pixel or two is not seen, what lies elsewhere is.
SIZE = (320, 200)
#: A small pixel differs by more than so many levels of 255; so many of them may.
LEVELS, SHARE = 32, 0.015

HIDE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`*, *::placeholder, ::before, ::after {
    color: transparent !important; -webkit-text-fill-color: transparent !important; text-shadow: none !important;
    caret-color: transparent !important; animation: none !important; transition: none !important;
  }
  svg text { fill: transparent !important; }`);
  document.adoptedStyleSheets = [sheet];
}"""
SHOW = "document.adoptedStyleSheets = []"


def picture(page: Any) -> Image.Image:
    """Return what is shown, without its letters."""
    page.evaluate(HIDE)
    page.mouse.move(0, 0)
    shown = Image.open(BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    page.evaluate(SHOW)
    return shown


def small(image: Image.Image) -> NDArray[np.int16]:
    """Return a picture as it is compared."""
    return np.asarray(image.resize(SIZE, Image.Resampling.BOX), np.int16)


def differing(one: Image.Image, other: Image.Image) -> float:
    """Return the share of the pixels that differ."""
    return float((np.abs(small(one) - small(other)).max(axis=-1) > LEVELS).mean())


def assert_golden(page: Any, name: str) -> Image.Image:
    """Compare what is shown with the picture of that name; ``FILMLESS_GOLDEN=write`` keeps it anew."""
    shown, path = picture(page), GOLDEN / f"{name}.png"
    if os.environ.get("FILMLESS_GOLDEN") == "write":
        half = shown.resize((shown.width // 2, shown.height // 2), Image.Resampling.BOX)
        path.parent.mkdir(parents=True, exist_ok=True)
        half.save(path, optimize=True)
        assert path.stat().st_size <= 150_000, f"{path.name} is too large to be kept"
    with Image.open(path) as kept:
        share = differing(shown, kept.convert("RGB"))
    if share > SHARE and (folder := os.environ.get("FILMLESS_SCREENSHOTS")):
        shown.save(Path(folder) / f"{name}-now.png")
    assert share <= SHARE, f"{name}: {share:.1%} of the picture differ; renew by FILMLESS_GOLDEN=write and look at it"
    return shown
