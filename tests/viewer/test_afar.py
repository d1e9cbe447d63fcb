"""`filmless view URL` of an archive that is none of ours: its studies are seen in the browser, as if they lay here."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from filmless.dicomweb import BlockingClient
from tests.orthanc import orthanc

from .conftest import Viewer, snap
from .phantoms import series

NEW, OLD = "1.2.826.0.1.3680043.10.41", "1.2.826.0.1.3680043.10.42"


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    who = {"PatientID": "A1", "PatientName": "Doe^Jane", "size": 64}
    return [
        *series(tmp_path / "new", **who, count=30, study=NEW, StudyDate="20240501", StudyDescription="Thorax"),
        *series(tmp_path / "old", **who, count=4, study=OLD, StudyDate="20230501", StudyDescription="Abdomen"),
    ]


@pytest.fixture
def view(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Run `filmless view` of something; gives where to look. At the end nothing is left of it."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> str:
        command = [sys.executable, "-c", "from filmless.cli import main; main()", "view", "--no-browser"]
        process = subprocess.Popen(
            [*command, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        )
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), process.communicate()
        return line.removeprefix("ready ").strip().rstrip("/")

    yield start
    for process in processes:
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=30)
        assert (process.returncode, out) == (0, "")
        assert told.startswith("filmless: the studies at 127.0.0.1:")
        assert told.count("\n") == 1
    assert list(temporary.iterdir()) == []


def look(open_viewer: Callable[..., Viewer], root: str) -> Any:
    class At:
        class addresses:
            urls = (root,)

    return open_viewer(At)


def test_orthanc_is_looked_at(open_viewer, view, paths, tmp_path: Path, peer: Callable[[str], str]) -> None:
    (tmp_path / "orthanc").mkdir()
    with orthanc(peer("Orthanc"), tmp_path / "orthanc", servers={}, users={"jane": "se:cret"}) as there:
        url = there.url.replace("http://", "http://jane:se%3Acret@")
        with BlockingClient(f"{there.url}/dicom-web", auth=("jane", "se:cret")) as client:
            assert len(client.store(paths).stored) == len(paths)
        viewer = look(open_viewer, view(url, "--save-to", tmp_path / "saved"))
        page = viewer.open("/")
        page.wait_for_selector("#study-1")
        page.get_by_text(f"2 studies at {there.url.removeprefix('http://')}").wait_for()
        snap(page, "afar-list")
        page.get_by_label("Search studies").fill("thorax")
        page.wait_for_selector('table[aria-rowcount="2"]')
        page.locator("#study-0").click()
        viewer.wait_for_image()
        snap(page, "afar-image")
        assert page.locator(".coming").count() == 0
        # The other study of the patient is found there, and comes, too.
        page.get_by_role("button", name="Compare with").click()
        page.get_by_role("dialog").get_by_text("Abdomen").click()
        viewer.wait_for_image(1)
        snap(page, "afar-compared")
        page.goto(f"{viewer.root}/view/1.2.3.4")
        page.get_by_role("alert").get_by_text("no such study").wait_for()


def test_while_it_comes_the_page_says_how_far_it_is(open_viewer, serve, paths) -> None:
    viewer = open_viewer(serve(paths))
    page = viewer.page
    told = iter([{"instances": 0, "of": 0}, {"instances": 12, "of": 30}])
    held: list[Any] = []

    def answer(route: Any) -> None:
        if (fetching := next(told, None)) is None:
            held.append(route)
        else:
            route.fulfill(status=202, json={"fetching": fetching})

    page.route(f"**/viewer/studies/{NEW}", answer)
    viewer.open(f"/view/{NEW}")
    page.get_by_role("status").get_by_text("12 of 30 instances").wait_for()
    assert page.get_by_label("Fetched").get_attribute("value") == "12"
    snap(page, "afar-coming")
    held[0].fallback()
    viewer.wait_for_image()
    assert page.locator(".coming").count() == 0
