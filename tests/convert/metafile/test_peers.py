"""Metafiles that Inkscape and LibreOffice make of drawings of ours, as Inkscape draws them and as we do."""

import base64
import functools
import io
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filmless.convert.metafile import MetafileOptions, read_metafile

COLUMNS = 1600
# Lines of a millimetre's grid are wider than a pixel then, and a grid that is half a millimetre off does not pass.
ECG_COLUMNS = 2400
# Inkscape sets letters as their font has them, whatever distances the file says; LibreOffice's are of whole pixels of
# a screen, and words end some of them farther on. See `test_a_page_of_text_as_libreoffice_sets_it`.
OFFICE_TEXT_COLUMNS = 800
REPORT = (
    "Resting electrocardiogram, 12 leads. Sinus rhythm at 72 beats per minute; PR 160 ms, QRS 92 ms, QT/QTc 388/425"
    " ms. Normal axis of 45 degrees. No acute ST segment changes. Unconfirmed report, to be read by a physician."
)


def _ecg() -> str:
    """Paper of 1 mm and 5 mm in light red, at 4 units a millimetre, and a thin trace."""

    def beat(time: float) -> float:
        waves = ((8, 0.2, 0.03), (-10, 0.34, 0.008), (80, 0.37, 0.012), (-18, 0.4, 0.01), (16, 0.62, 0.05))
        return sum(height * math.exp(-(((time % 1 - at) / width) ** 2)) for height, at, width in waves)

    grid = ""
    for at in range(0, 801, 4):
        style = 'stroke="#ff9090" stroke-width="1"' if at % 20 == 0 else 'stroke="#ffc0c0" stroke-width="0.5"'
        grid += f'<path d="M{at} 0V400" {style}/>'
        grid += f'<path d="M0 {at}H800" {style}/>' if at <= 400 else ""
    traces = ""
    for base in (120, 240, 360):
        points = " ".join(f"{x / 2:.2f},{base - beat(x / 320):.2f}" for x in range(20, 1580, 4))
        traces += f'<polyline points="{points}" fill="none" stroke="#000" stroke-width="1"/>'
    return grid + traces + '<text x="22" y="40" font-family="DejaVu Sans" font-size="18" fill="#000">25 mm/s</text>'


def _page() -> str:
    """A report: lines of many words in several faces, in a frame."""
    words = REPORT.split()
    page = '<rect x="40" y="40" width="720" height="320" stroke="#000" stroke-width="2"/>'
    for line in range(15):
        text = " ".join(words[(line * 7 + word) % len(words)] for word in range(9))
        face = ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono")[line % 3]
        style = f'font-family="{face}" font-size="{12 + line % 3}"'
        style += ' font-weight="bold"' if line % 5 == 4 else ' font-style="italic"' if line % 5 == 2 else ""
        page += f'<text x="50" y="{60 + 20 * line}" fill="#000" {style}>{text}</text>'
    return page


def _drawings() -> dict[str, str]:
    y, x = np.mgrid[0:48, 0:64]
    stream = io.BytesIO()
    Image.fromarray(np.dstack([x * 3, y * 4, (x + y) * 2]).astype(np.uint8)).save(stream, "PNG")
    picture = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    font = 'font-family="DejaVu Sans" fill="#000"'
    return {
        "ecg": _ecg(),
        "page": _page(),
        "text": f'<g {font}><text x="20" y="60" font-size="40">Regular ÄÖ</text>'
        '<text x="20" y="130" font-size="40" font-weight="bold">Bold ABC</text>'
        '<text x="400" y="130" font-size="30" font-style="italic" fill="#0000ff">Italic</text>'
        '<text x="400" y="200" text-anchor="middle" font-size="24">middle</text>'
        '<text x="700" y="250" text-anchor="end" font-size="24" font-family="DejaVu Serif">serif</text>'
        '<text transform="translate(100 350) rotate(-90)" font-size="28">turned</text>'
        '<text transform="translate(500 300) rotate(30)" font-size="28">thirty</text></g>',
        "bezier": '<path d="M50 200C100 0 300 0 350 200S600 400 750 100" stroke="#000" stroke-width="3"/>'
        '<path d="M100 300C150 250 250 350 300 300Q350 250 400 350Z" fill="#00a000" stroke="#a00000" stroke-width="6"/>'
        '<circle cx="600" cy="300" r="70" fill="#ffcc00" stroke="#000" stroke-width="2"/>'
        '<ellipse cx="650" cy="80" rx="100" ry="40" stroke="#0000ff" stroke-width="4"/>',
        "dash": '<g stroke="#000"><path d="M20 40H780" stroke-width="4" stroke-dasharray="20 10"/>'
        '<path d="M20 140L780 220" stroke-width="3" stroke-dasharray="30 10 5 10"/>'
        '<path d="M50 300h200v80h-200z" stroke-width="10" stroke-linejoin="miter"/>'
        '<path d="M300 380L400 280L500 380" stroke-width="16" stroke-linejoin="bevel" stroke-linecap="square"/>'
        '<path d="M550 380L650 280L750 380" stroke-width="16" stroke-linejoin="round" stroke-linecap="round"/></g>',
        "clip": '<defs><clipPath id="c"><circle cx="300" cy="200" r="150"/></clipPath>'
        '<clipPath id="d"><path d="M500 50H750V350H500Z"/></clipPath></defs>'
        '<g clip-path="url(#c)"><rect x="100" y="150" width="400" height="100" fill="#0080ff"/>'
        '<path d="M0 0L800 400L800 350L50 0Z" fill="#000"/></g>'
        '<g clip-path="url(#d)"><path d="M400 200H800V220H400Z" fill="#d00000"/>'
        '<circle cx="750" cy="350" r="80" fill="#00a000"/></g>',
        "fills": '<rect x="20" y="20" width="200" height="150" fill="#ff0000"/>'
        '<rect x="250" y="20" width="200" height="150" rx="30" fill="#00ff00" stroke="#000" stroke-width="2"/>'
        '<polygon points="600,20 700,180 480,80 720,80 500,180" fill="#0000ff" fill-rule="evenodd"/>'
        '<path d="M100 250h200v120h-200zM150 280v60h100v-60z" fill="#808080"/>'
        '<path d="M400 250h200v120h-200zM450 280h100v60h-100z" fill="#804000" fill-rule="evenodd"/>',
        "bitmap": f'<image x="50" y="50" width="320" height="240" preserveAspectRatio="none" xlink:href="{picture}"/>'
        '<path d="M400 0L800 400" stroke="#000" stroke-width="3"/>',
    }


DRAWINGS = _drawings()
FILES = [(by, name, kind) for by in ("inkscape", "soffice") for name in DRAWINGS for kind in ("emf", "wmf")]
# Windows draws wide, dashed pens of WMF solid, and so do we; Inkscape dashes them.
FILES.remove(("inkscape", "dash", "wmf"))
# Inkscape does not space letters as the file says: LibreOffice's own drawing is the peer of its page of text.
OFFICE_PAGES = [("soffice", "page", "emf"), ("soffice", "page", "wmf")]
FILES = [file for file in FILES if file not in OFFICE_PAGES]


@pytest.fixture(scope="session")
def metafiles(peer, tmp_path_factory) -> Path:
    """All files, by program; and `<file>.png`, as Inkscape draws each."""
    folder = tmp_path_factory.mktemp("metafiles")
    for name, body in DRAWINGS.items():
        (folder / f"{name}.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200mm"'
            f' height="100mm" viewBox="0 0 800 400"><g fill="none">{body}</g></svg>'
        )
    sources = [str(folder / f"{name}.svg") for name in DRAWINGS]
    actions, office = [], [peer("soffice"), f"-env:UserInstallation=file://{folder}/profile", "--headless"]
    for kind in ("emf", "wmf"):
        target = folder / "soffice"
        subprocess.run([*office, "--convert-to", kind, "--outdir", target, *sources], check=True, capture_output=True)
    for name in DRAWINGS:
        actions.append(f"file-open:{folder}/{name}.svg")
        actions += [f"export-filename:{folder}/inkscape/{name}.{kind}; export-do" for kind in ("emf", "wmf")]
        actions.append("file-close")
    (folder / "inkscape").mkdir()
    _inkscape(peer, actions)
    actions = []
    for by, name, kind in FILES:
        path = folder / by / f"{name}.{kind}"
        rows, columns = _draw(path).shape[:2]
        size = f"export-width:{columns}; export-height:{rows}; export-background:#ffffff; export-background-opacity:1"
        actions += [f"file-open:{path}", f"{size}; export-filename:{path}.png; export-do", "file-close"]
    _inkscape(peer, actions)
    return folder


def _inkscape(peer, actions: list[str]) -> None:
    command = [peer("inkscape"), "--actions", "; ".join(actions)]
    subprocess.run(command, check=True, capture_output=True)


@functools.lru_cache
def _draw(path: Path) -> np.ndarray:
    columns = {"ecg": ECG_COLUMNS, "text": OFFICE_TEXT_COLUMNS if path.parent.name == "soffice" else COLUMNS}
    drawing = read_metafile(path.read_bytes(), MetafileOptions(size=columns.get(path.stem, COLUMNS)))
    assert drawing.rgb is not None
    return drawing.rgb


@pytest.mark.parametrize(("by", "name", "kind"), FILES, ids=["-".join(file) for file in FILES])
def test_ink_lies_where_inkscape_has_it(by, name, kind, metafiles, near):
    path = metafiles / by / f"{name}.{kind}"
    ours = _draw(path)
    theirs = np.asarray(Image.open(f"{path}.png").convert("RGB"))
    assert near(ours, theirs) >= 0.995
    assert near(theirs, ours) >= 0.995


def test_a_page_of_text_as_libreoffice_sets_it(metafiles, near, peer, tmp_path):
    """Letters as far apart as the file says, which its WMF does not: there each player takes its own measures.

    LibreOffice puts the drawing onto a page: the frames are laid together.
    """
    path = metafiles / "soffice" / "page.emf"
    office = [peer("soffice"), f"-env:UserInstallation=file://{metafiles}/profile", "--headless"]
    subprocess.run([*office, "--convert-to", "pdf", "--outdir", tmp_path, path], check=True, capture_output=True)
    subprocess.run(
        [peer("pdftoppm"), "-r", "200", "-png", "-singlefile", tmp_path / "page.pdf", tmp_path / "page"], check=True
    )
    theirs = _within_frame(np.asarray(Image.open(tmp_path / "page.png").convert("RGB")))
    drawing = read_metafile(path.read_bytes(), MetafileOptions(dpi=200))
    ours = _within_frame(drawing.rgb)
    assert theirs.shape == pytest.approx(ours.shape, abs=2)
    rows, columns = np.minimum(ours.shape[:2], theirs.shape[:2])
    ours, theirs = ours[:rows, :columns], theirs[:rows, :columns]
    assert near(ours, theirs) >= 0.995
    assert near(theirs, ours) >= 0.995


def _within_frame(rgb: np.ndarray) -> np.ndarray:
    ys, xs = np.nonzero(rgb.max(axis=2) < 128)
    return rgb[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]


def test_an_empty_page_and_a_moved_one_fail(metafiles, near):
    ours = _draw(metafiles / "inkscape" / "text.emf")
    assert near(np.full_like(ours, 255), ours) == 0
    assert near(ours, np.full_like(ours, 255)) == 0
    assert near(ours, np.roll(ours, 8, axis=1)) < 0.9


def test_an_ecg_has_no_line_that_is_not_in_the_file(metafiles):
    """What a polyline would have, were it closed: a line from the last point to the first."""
    rgb = _draw(metafiles / "inkscape" / "ecg.emf")
    black = (rgb.max(axis=2) < 60).mean(axis=1)
    baseline = black.argmax()
    assert 0.4 < black[baseline] < 0.95
    flat = rgb[baseline].max(axis=1) < 60
    spikes = np.nonzero(rgb[baseline - 60].max(axis=1) < 60)[0]
    assert len(spikes)
    assert not flat[spikes].all()
