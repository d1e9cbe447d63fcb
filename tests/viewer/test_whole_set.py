"""A file of each kind, opened one after the other in one page: it is drawn, or a sentence says why it is not."""

import base64
import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
import pytest
from numpy.typing import NDArray
from PIL import Image

from filmless import Dataset, read, write
from filmless.archive import Archive
from filmless.errors import DicomError
from filmless.pixels import render
from filmless.server import Server, read_settings

from .conftest import Viewer
from .test_pixels import CANVAS

FILES = Path(pydicom.data.__file__).parent / "test_files"
CORPUS = Path(os.environ.get("FILMLESS_CORPUS", ""))
ROOT = "1.2.826.0.1.3680043.9.7433.10"

GO = """(path) => {
  document.querySelector('[data-cell="0"]')?.setAttribute('data-left', '');
  history.pushState(null, '', path);
  dispatchEvent(new PopStateEvent('popstate'));
}"""
#: What the first cell shows, once it shows something of the study that was gone to.
SHOWN = """(series) => {
  const cell = document.querySelector('[data-cell="0"]:not([data-left])');
  const failure = document.querySelector('main .failure, .failure');
  if (!cell) return failure && { words: failure.innerText };
  const drawn = cell.querySelector(`[data-drawn="true"][data-series="${series}"]`);
  if (drawn) return { image: Number(drawn.dataset.image) };
  const alert = cell.querySelector('[role=alert]');
  if (alert) return { words: alert.innerText };
  if (cell.querySelector('[role=status]') || cell.querySelector('.image-cell')) return null;
  const shown = [...cell.querySelectorAll('video, canvas, embed, iframe, img')].some((one) => one.clientWidth > 0);
  const text = cell.querySelector('.cell-body')?.innerText.trim();
  return text || shown ? { words: text, shown } : null;
}"""

Kind = tuple[str, str, str]


def kind_of(ds: Dataset) -> Kind:
    """What decides how a file is shown: SOP class, transfer syntax, photometric interpretation."""
    syntax = "" if ds.file_meta is None else ds.file_meta.get("TransferSyntaxUID")
    return str(ds.get("SOPClassUID")), str(syntax), str(ds.get("PhotometricInterpretation"))


def one_of_each_kind() -> dict[Kind, Path]:
    """Return a file of each kind, of all real files that there are."""
    found: dict[Kind, Path] = {}
    for root in (FILES, *([CORPUS] if CORPUS.is_dir() and CORPUS.name else [])):
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            try:
                found.setdefault(kind_of(read(path, stop_before_pixels=True)), path)
            except DicomError:
                continue  # no DICOM
    return found


def as_study(path: Path, number: int, to: Path) -> None:
    """Write a file as a study of its own: many of them share their UIDs."""
    ds = read(path)
    ds.StudyInstanceUID = ds.SeriesInstanceUID = f"{ROOT}.{number}"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.{number}.1"  # type: ignore[union-attr]
    write(ds, to, repair=True)


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, Path]]:
    """An archive with a study for each kind of file, and which they are."""
    folder = tmp_path_factory.mktemp("whole")
    studies: dict[int, Path] = {}
    with Archive(folder / "archive") as archive:
        for number, path in enumerate(one_of_each_kind().values()):
            try:
                as_study(path, number, folder / "file.dcm")
                archive.store(folder / "file.dcm")
            except (DicomError, AttributeError):
                continue  # a DICOMDIR, or too broken to be kept
            studies[number] = path
    return folder / "archive", studies


@pytest.fixture
def server(archived: tuple[Path, dict[int, Path]]) -> Any:
    with Server(read_settings(given={"data": archived[0], "http.port": 0, "logs.level": "error"})) as running:
        yield running


def is_sentence(words: str) -> bool:
    """Whether words were written to be read."""
    return len(words.split()) >= 3 and not re.search(r"undefined|null|NaN|\[object|Error:|Traceback", words)


def shades(picture: NDArray[np.uint8]) -> int:
    """Return from how dark to how bright a picture is."""
    return int(picture.max()) - int(picture.min())


def is_wrong(page: Any, path: Path, image: int) -> bool:
    """Whether nothing is seen of an image in which something is, or something of one that cannot be decoded."""
    try:
        expected = render(read(path), image - 1, overlays=False)
    except DicomError:
        return True  # what cannot be drawn was drawn
    _, coded = page.evaluate(CANVAS).split(",", 1)
    return shades(expected) > 64 and shades(np.asarray(Image.open(io.BytesIO(base64.b64decode(coded))))) < 16


def test_every_kind_is_drawn_or_said(
    server: Server, open_viewer: Callable[..., Viewer], archived: tuple[Path, dict[int, Path]]
) -> None:
    viewer = open_viewer(server, width=760, height=560)
    page, studies = viewer.open(), archived[1]
    assert len(studies) >= 40
    wrong: list[str] = []
    for number, path in studies.items():
        series, said = f"{ROOT}.{number}", len(viewer.complaints)
        page.evaluate(GO, f"/view/{series}?series={series}")
        try:
            shown = viewer.until(f"({SHOWN})('{series}')")
        except AssertionError:
            wrong.append(f"{path.name}: nothing is shown")
            continue
        if "image" in shown:
            if is_wrong(page, path, shown["image"]):
                wrong.append(f"{path.name}: it is not what is drawn")
        elif not shown.get("shown") and not is_sentence(shown["words"]):
            wrong.append(f"{path.name}: {shown['words']!r}")
        wrong += [f"{path.name}: {one}" for one in viewer.complaints[said:]]
    assert wrong == []
