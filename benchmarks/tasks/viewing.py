"""The viewer in Chromium with software GL: the first image, scrolling, what is loaded, and memory."""

import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.contenders import OURS, ROOT
from benchmarks.servers import Server, resident, servers
from benchmarks.session import PeerError
from benchmarks.table import Row, duration, size, verdict

from . import Bench
from .serving import Slices, at_once, on_disk

_STATIC = ROOT / "src/filmless/viewer/static"
_FLAGS = [
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--disable-sync",
]
_SLICES, _MANY = 500, 2_000
_FIRST_S, _FRAMES_S, _BUNDLE, _MEMORY = 1.0, 20.0, 1_300_000, 2_500_000_000
_READ_S = 3.0
_DRAWN = '[data-cell="0"] [data-drawn="true"]'


def viewing(bench: Bench) -> list[Row]:
    """Measure the budgets of the viewer; nobody else is beside it."""
    rounds = min(bench.rounds, 5)
    with on_disk() as folder, servers(folder, only_ours=True) as [server], _chromium() as (browser, process):
        _store(server, 1, _SLICES)
        clicked_at_once = [_first_image(browser, server, f"Name{1:06}") for _ in range(rounds)]
        first = [_first_image(browser, server, f"Name{1:06}", read_s=_READ_S) for _ in range(rounds)]
        rate = _scrolling(browser, server)
        _store(server, 2, _MANY)
        memory = _memory(browser, process, server)
    bundle = _bundle()
    return [
        Row(
            f"first image of {_SLICES} CT slices after a click as soon as the list is there",
            {OURS: duration(statistics.median(clicked_at_once))},
        ),
        _row(
            f"first image of {_SLICES} CT slices after the click, the list read for {_READ_S:g} s",
            duration(statistics.median(first)),
            f"< {_FIRST_S:g} s",
            met=statistics.median(first) < _FIRST_S,
        ),
        _row("scrolling slices that are cached", f"{rate:.0f}/s", f">= {_FRAMES_S:g}/s", met=rate >= _FRAMES_S),
        _row("code for the first image, compressed", size(bundle), f"<= {size(_BUNDLE)}", met=bundle <= _BUNDLE),
        _row(
            f"memory of the browser, {_MANY:,} slices scrolled through",
            size(memory),
            f"< {size(_MEMORY)}",
            met=memory < _MEMORY,
        ),
    ]


def _row(task: str, value: str, bar: str, *, met: bool) -> Row:
    return Row(task, {OURS: value}, bar=bar, verdict=verdict(met=met))


def _store(server: Server, study: int, count: int) -> None:
    slices = Slices()
    at_once(server, 4, lambda each: [[slices.file(study, number)] for number in range(1, count + 1)[each::4]])


@contextmanager
def _chromium() -> Iterator[tuple[Any, int]]:
    """Give a browser, and the process that its others descend from."""
    path = shutil.which("chromium")
    if path is None:
        raise PeerError("chromium is not installed")
    if not _STATIC.is_dir():
        raise PeerError("the viewer is not built")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=path, args=_FLAGS, chromium_sandbox=False, viewport={"width": 1280, "height": 800}
        )
        [process] = _browsers_on(profile)
        yield context, process
        context.close()


def _browsers_on(profile: str) -> list[int]:
    """Return the processes that were started for a profile and are nobody's helper."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}" in words and not any(word.startswith("--type=") for word in words):
            found.append(int(path.parent.name))
    return found


def _first_image(browser: Any, server: Server, patient: str, *, read_s: float = 0) -> float:
    """Time from the click on a study to its first image, in a page that was loaded anew and read for some time."""
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/")
    row = page.get_by_text(re.compile(patient)).first
    row.wait_for()
    page.wait_for_timeout(read_s * 1000)
    start = perf_counter()
    row.dblclick()
    page.wait_for_selector(_DRAWN)
    elapsed = perf_counter() - start
    page.close()
    return elapsed


_SCROLL = """async () => {
  // Two hundred slices to and fro: each is drawn before the next one is asked for.
  const cell = document.querySelector('[data-cell="0"]');
  const image = () => document.querySelector('[data-cell="0"] [data-drawn]').dataset.image;
  const start = performance.now();
  for (let step = 0; step < 200; step++) {
    const before = image();
    cell.dispatchEvent(new KeyboardEvent("keydown", { key: step < 100 ? "ArrowDown" : "ArrowUp", bubbles: true }));
    while (image() === before) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return 200 / ((performance.now() - start) / 1000);
}"""


def _scrolling(browser: Any, server: Server) -> float:
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/view/{_study(server, 1)}")
    page.wait_for_selector(_DRAWN)
    page.evaluate("document.querySelector('[data-cell=\"0\"]').focus()")
    page.evaluate(_SCROLL)  # what is not cached yet comes now
    rate = float(page.evaluate(_SCROLL))
    page.close()
    return rate


def _memory(browser: Any, process: int, server: Server) -> int:
    """Scroll from end to end, and return the most that the browser's processes held at a time."""
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.port}/view/{_study(server, 2)}")
    page.wait_for_selector(_DRAWN)
    page.evaluate("document.querySelector('[data-cell=\"0\"]').focus()")
    most = 0
    page.keyboard.press("Home")
    for _ in range(_MANY // 10):
        page.keyboard.press("PageDown")
        page.wait_for_timeout(100)
        most = max(most, sum(resident(each, "RssAnon") for each in _family(process)))
    page.close()
    return most


def _family(process: int) -> list[int]:
    """Return a process and all that descend from it."""
    table = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in table.splitlines()]
    family = {process}
    while more := {child for child, parent in parents if parent in family} - family:
        family |= more
    return sorted(family)


def _study(server: Server, number: int) -> str:
    import json

    with server.connection as connection:
        path = f"/dicom-web/studies?PatientID=BENCH{number:06}"
        answer = connection.request("GET", path, {"Accept": "application/dicom+json"}, keep=True)
    return str(json.loads(answer.body)[0]["0020000D"]["Value"][0])


def _bundle() -> int:
    """Bytes of scripts and styles that are loaded before the first image, packed; codecs are beside them."""
    assets = _STATIC / "assets"
    wanted = set(re.findall(r"assets/([\w.-]+\.(?:js|css))", (_STATIC / "index.html").read_text()))
    wanted |= {path.name for path in assets.glob("reading-page-*") if path.suffix != ".br"}
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        imported = set(re.findall(r'(?:from|import)\s*"\./([\w.-]+\.js)"', (assets / name).read_text()))
        waiting += imported - wanted
        wanted |= imported
    packed = [assets / f"{name}.br" for name in wanted]
    return sum((path if path.is_file() else path.with_suffix("")).stat().st_size for path in packed)
