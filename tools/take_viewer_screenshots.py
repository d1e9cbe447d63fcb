"""Take the screenshots of docs/viewer.md: a server with made-up patients, looked at by Chromium without a window.

python tools/take_viewer_screenshots.py [NAME...]    all of them, or those that are named

It needs Chromium, Playwright, and the viewer built. Nobody's images are in them: the patients are formulas.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import sync_playwright

from filmless import Dataset, generate_uid
from filmless.archive import Archive
from filmless.file import write
from filmless.server import Server, read_settings

TO = Path(__file__).resolve().parent.parent / "docs" / "viewer"
FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-first-run"]
SIZE, WIDTH = (1280, 800), 960
ACCENTS = ("#5cc8ff", "#ffd83d", "#ffd479", "#ffb454", "#ff8a80", "#7fe0a7")
CT, PRIOR, BREASTS = (f"1.2.826.0.1.3680043.10.{number}" for number in (201, 202, 203))
SLICES, SIDE, PIXEL_MM, SLICE_MM = 100, 192, 2.0, 3.0
Points = NDArray[np.float64]


def trunk(x: Points, y: Points, z: float, rng: np.random.Generator) -> Points:
    """Return HU at points in mm (x to the left, y to the back, z to the head)."""

    def ball(at: tuple[float, float, float], radii: tuple[float, float, float]) -> Points:
        parts = zip((x, y, np.full_like(x, z)), at, radii, strict=True)
        squares: Points = np.sum([((one - middle) / radius) ** 2 for one, middle, radius in parts], axis=0)
        return squares

    skin = (x / 165) ** 2 + (y / 110) ** 2
    values = np.where(skin < 1, -90.0, -1000.0)  # fat
    values[(x / 150) ** 2 + (y / 96) ** 2 < 1] = 45
    for side in (-1, 1):
        values[ball((side * 68, -4, 15), (52, 72, 105)) < 1] = -860
        for number in range(14):  # vessels, that lead outwards
            angle, height = number * 2.4, -70 + number * 12
            values[ball((side * (45 + 9 * np.cos(angle)), 20 * np.sin(angle), height), (16, 4, 4)) < 1] = 20
    values[ball((22, -20, -20), (48, 42, 58)) < 1] = 120  # the heart
    values[ball((-55, -5, -125), (85, 75, 62)) < 1] = 85  # the liver
    values[(x - 18) ** 2 + (y - 38) ** 2 < 12**2] = 190  # the aorta
    values[(x / 20) ** 2 + ((y - 62) / 17) ** 2 < 1] = 320 if z % 27 > 5 else 90  # vertebrae and disks
    values[(x / 9) ** 2 + ((y - 88) / 12) ** 2 < 1] = 420
    wall = np.sqrt((x / 140) ** 2 + (y / 88) ** 2)
    values[(np.abs(wall - 1) < 0.045) & ((z + 0.35 * y + 400) % 26 < 10)] = 560  # ribs
    values[ball((-62, 22, 38), (9, 9, 9)) < 1] = 35  # what is looked for
    return values + rng.normal(0, 12, x.shape)


def common(study: str, series: str, sop_class: str, **attributes: Any) -> Dataset:
    """Return a data set with what each image has."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, str(generate_uid())
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def put(ds: Dataset, pixels: NDArray[Any], folder: Path) -> Path:
    """Write an image; return where."""
    ds.Rows, ds.Columns = pixels.shape
    ds.PixelData = np.clip(np.round(pixels), 0, 4095).astype("<u2").tobytes()
    path = folder / f"{ds.SOPInstanceUID}.dcm"
    write(ds, path)
    return path


def chest(folder: Path, study: str, date: str, slices: int) -> list[Path]:
    """Write a CT of a chest."""
    series, rng, paths = str(generate_uid()), np.random.default_rng(1), []
    offsets = (np.arange(SIDE) - (SIDE - 1) / 2) * PIXEL_MM
    x, y = np.meshgrid(offsets, offsets)
    space = SLICE_MM * SLICES / slices
    for index in range(slices):
        z = (index - (slices - 1) / 2) * space
        ds = common(study, series, "1.2.840.10008.5.1.4.1.1.2", Modality="CT", SeriesNumber="2")
        ds.PatientName, ds.PatientID, ds.PatientSex, ds.PatientBirthDate = "Example^Erika", "EX-1", "F", "19640812"
        ds.StudyDate, ds.StudyTime, ds.StudyDescription = date, "101500", "CT chest"
        ds.SeriesDescription, ds.InstanceNumber = f"Thorax {space:.0f} mm", index + 1
        ds.FrameOfReferenceUID, ds.SliceThickness = "1.2.826.0.1.3680043.10.209", space
        ds.PixelSpacing = [PIXEL_MM, PIXEL_MM]
        ds.ImagePositionPatient = [float(offsets[0]), float(offsets[0]), float(z)]
        ds.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        ds.RescaleSlope, ds.RescaleIntercept, ds.WindowCenter, ds.WindowWidth = 1, -1024, 50, 400
        paths.append(put(ds, trunk(x, y, float(z), rng) + 1024, folder))
    return paths


def breasts(folder: Path) -> list[Path]:
    """Write the four views of a screening mammogram."""
    rng = np.random.default_rng(2)
    paths: list[Path] = []
    rows, columns = np.mgrid[0:480, 0:360]
    clouds = np.zeros((480, 360))
    for step in (6, 12, 24, 40):
        coarse = Image.fromarray(rng.normal(size=(480 // step, 360 // step)).astype(np.float32))
        clouds += step * np.asarray(coarse.resize((360, 480), Image.Resampling.BICUBIC))
    for laterality, front in (("R", "P"), ("L", "A")):
        for view in ("CC", "MLO"):
            off = columns if laterality == "L" else 359 - columns
            tilt = 0.0 if view == "CC" else 0.25
            shape = (off / 270) ** 2 + ((rows - 240 - tilt * off) / 205) ** 2
            values = np.where(shape < 1, 900 + 900 * np.sqrt(np.clip(1 - shape, 0, 1)) + 11 * clouds, 0)
            if view == "MLO":
                values = np.where(off + rows * 0.5 < 130, 2500 + 4 * clouds, values)
            ds = common(BREASTS, f"{BREASTS}.{len(paths) + 1}", "1.2.840.10008.5.1.4.1.1.1.2", Modality="MG")
            ds.PatientName, ds.PatientID, ds.PatientSex = "Sample^Sam", "EX-2", "F"
            ds.StudyDate, ds.StudyDescription, ds.SeriesDescription = "20260302", "Screening", f"{laterality} {view}"
            ds.ImageLaterality, ds.ViewPosition, ds.PatientOrientation = laterality, view, [front, "F"]
            ds.ImagerPixelSpacing, ds.WindowCenter, ds.WindowWidth = [0.5, 0.5], 1700, 2600
            paths.append(put(ds, values, folder))
    return paths


class Browser:
    """A page of the viewer."""

    def __init__(self, page: Any, root: str) -> None:
        self.page, self.root = page, root

    def open(self, path: str, cells: int = 1) -> Any:
        """Go to a page, and wait for its images."""
        self.page.goto(self.root + path)
        for cell in range(cells):
            self.page.wait_for_selector(f'[data-cell="{cell}"] [data-drawn="true"]')
        return self.page


def studies(browser: Browser) -> None:
    """The list."""
    browser.open("/", 0).wait_for_selector("#study-2 img")
    browser.page.wait_for_timeout(1500)  # pictures of the rows come a little later


def reading(browser: Browser) -> None:
    """A CT in the window for lungs, with something measured."""
    page = browser.open(f"/view/{CT}?window=-600,1500")
    page.get_by_role("button", name="Measurements", exact=True).click()
    page.locator('[data-cell="0"]').focus()
    for key in ("PageDown", "ArrowDown", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    page.wait_for_selector('[data-image="63"]')
    page.wait_for_timeout(500)  # the cell is less wide now
    box = page.locator(".viewport").bounding_box()
    scale = float(page.locator(".viewport").get_attribute("data-scale")) / PIXEL_MM
    x, y = box["x"] + box["width"] / 2 - 62 * scale, box["y"] + box["height"] / 2 + 22 * scale
    # An ellipse goes from its centre outwards, a length from end to end.
    for key, left, out in (("E", 0, (16, 16)), ("l", -9, (9, 0))):
        page.keyboard.press(key)
        page.mouse.move(x + left * scale, y)
        page.mouse.down()
        page.mouse.move(x + out[0] * scale, y + out[1] * scale, steps=5)
        page.mouse.up()
    page.get_by_role("button", name="Go to 2, Length").wait_for()


def planes(browser: Browser) -> None:
    """Planes, and the whole."""
    page = browser.open(f"/view/{CT}")
    page.get_by_role("button", name="3-D").click()
    for shown in ('[data-plane="axial"]', '[data-plane="sagittal"]', '[data-plane="coronal"]', "[data-whole]"):
        page.wait_for_selector(f'{shown}[data-drawn="true"][data-loaded="true"]')
    page.wait_for_timeout(3000)  # the whole is drawn finely once it is at rest


def mammograms(browser: Browser) -> None:
    """Breasts that face each other."""
    browser.open(f"/view/{BREASTS}", 4)


def compared(browser: Browser) -> None:
    """Two dates, in light."""
    page = browser.open(f"/view/{CT}/{PRIOR}", 2)
    page.keyboard.press("T")


def header(browser: Browser) -> None:
    """The header, searched."""
    page = browser.open(f"/view/{CT}")
    page.get_by_role("button", name="Header", exact=True).click()
    page.get_by_role("table", name="Header").get_by_text("Modality", exact=True).wait_for()


SCENES: dict[str, Callable[[Browser], None]] = {
    "studies": studies,
    "reading": reading,
    "planes": planes,
    "mammograms": mammograms,
    "compared": compared,
    "header": header,
}


def keep(picture: bytes, name: str) -> None:
    """Write a picture as small as it can be looked at."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    image = image.resize((WIDTH, image.height * WIDTH // image.width), Image.Resampling.LANCZOS)
    path = TO / f"{name}.png"
    # Colours that few pixels have are to be among the ones that are kept.
    marked = Image.new("RGB", (image.width, image.height + 24 * len(ACCENTS)))
    marked.paste(image)
    for row, accent in enumerate(ACCENTS):
        marked.paste(accent, (0, image.height + 24 * row, image.width, image.height + 24 * (row + 1)))
    palette = marked.quantize(112, dither=Image.Dither.NONE)
    palette.crop((0, 0, *image.size)).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1024} KiB")


def main(names: Sequence[str]) -> int:
    """Take the pictures."""
    TO.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as kept, sync_playwright() as playwright:
        folder = Path(kept)
        paths = [*chest(folder, CT, "20260512", SLICES), *chest(folder, PRIOR, "20250430", 30), *breasts(folder)]
        with Archive(folder / "data") as archive:
            for path in paths:
                archive.store(path)
        given = {"data": folder / "data", "http.port": 0, "logs.level": "error"}
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=FLAGS, chromium_sandbox=False
        )
        with Server(read_settings(given=given)) as server:
            for name in names or SCENES:
                context = chromium.new_context(viewport={"width": SIZE[0], "height": SIZE[1]})
                page = context.new_page()
                SCENES[name](Browser(page, server.addresses.urls[0]))
                page.mouse.move(0, 0)
                page.wait_for_timeout(500)
                keep(page.screenshot(), name)
                context.close()
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
