"""`filmless view` as a program: it says where to look, opens the browser, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from filmless.viewer import StaticFiles

DEADLINE_S = 30
COMMAND = [sys.executable, "-c", "from filmless.cli import main; main()", "view"]


@pytest.fixture
def run(tmp_path: Path):
    """Start the command with a browser that writes down what it is asked for; the line `ready`, and the process."""
    if not StaticFiles.built().are_there:
        (pytest.fail if os.environ.get("FILMLESS_REQUIRE_PEERS") == "1" else pytest.skip)("the viewer is not built")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    opened = tmp_path / "opened"
    os.mkfifo(opened)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    processes: list[subprocess.Popen[str]] = []

    def begin(*arguments: object) -> tuple[str, subprocess.Popen[str]]:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "BROWSER": f"{browser} %s", "TMPDIR": str(temporary)},
        )
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready http://127.0.0.1:"), process.communicate()
        return line.removeprefix("ready ").strip(), process

    begin.opened, begin.temporary = opened, temporary
    yield begin
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="a browser that is a shell script")
def test_a_file_is_looked_at_in_the_browser(run, ct: Path, tmp_path: Path) -> None:
    copied = tmp_path / "scans" / "slice.dcm"
    copied.parent.mkdir()
    copied.write_bytes(ct.read_bytes())
    (copied.parent / "notes.txt").write_text("no DICOM")
    url, process = run(copied.parent)
    page = run.opened.read_text().strip()  # waits for the browser
    assert page == f"{url}view/1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
    answer = httpx.get(page)
    assert answer.status_code == 200
    assert "<title>filmless" in answer.text
    assert list(run.temporary.iterdir())
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, out) == (0, "")
    assert told.splitlines() == [
        "filmless: 1 instance is shown",
        "filmless: 1 file is no DICOM and was passed over: notes.txt",
    ]
    assert not list(run.temporary.iterdir())
    assert sorted(path.name for path in copied.parent.iterdir()) == ["notes.txt", "slice.dcm"]


@pytest.mark.skipif(sys.platform == "win32", reason="a browser that is a shell script")
def test_the_viewer_of_an_archive_is_opened(run, ct: Path, tmp_path: Path) -> None:
    url, _ = run(ct, "--no-browser")
    again, process = run(f"{url}dicom-web")
    assert again == url
    assert run.opened.read_text().strip() == url
    assert process.wait(DEADLINE_S) == 0
    own = subprocess.run(
        [*COMMAND, url, "--port", "1"], check=False, capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert own.returncode == 2
    assert "its own affair" in own.stderr


def test_what_cannot_be_shown_is_refused_in_words(invoke, ct: Path) -> None:
    missing = invoke("view", "nowhere")
    assert (missing.exit_code, missing.stderr) == (1, "filmless: there is no such file or folder: nowhere\n")
    mixed = invoke("view", ct, "http://127.0.0.1:1/")
    assert mixed.exit_code == 2
    assert "stands alone" in mixed.stderr
    silent = invoke("view", "http://jane:geheim@127.0.0.1:1/", "--timeout", "2")
    assert silent.exit_code == 1
    assert "the archive does not answer" in silent.stderr
    assert "127.0.0.1:1\n" in silent.stderr
    assert "geheim" not in silent.stderr
    key = invoke("view", ct, "--header", "A:b")
    assert key.exit_code == 2
    assert "--header is for archives" in key.stderr


def test_an_archive_without_the_viewer_is_told_of(invoke, peer_without_viewer: str) -> None:
    refused = invoke("view", peer_without_viewer)
    assert refused.exit_code == 1
    assert "neither a viewer of filmless nor DICOMweb" in refused.stderr
    assert "--key-file" in refused.stderr


@pytest.fixture
def peer_without_viewer():
    """A web server that is something else."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<title>Orthanc</title>")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/dicom-web"
        server.shutdown()
        thread.join()


SHOWN = (
    "hint: what can be viewed: DICOM files, a folder or a ZIP of them, a medium by its DICOMDIR; "
    "by their names pictures, films and documents (JPEG, PNG, TIFF, MP4, PDF, ...)"
)


@pytest.mark.parametrize(
    ("name", "is_named", "lines"),
    [
        (None, False, ["filmless: there is nothing to show: no file is there", SHOWN]),
        (
            "notes.txt",
            False,
            [
                "filmless: there is nothing to show",
                "hint: ordinary pictures are shown when they are named: `filmless view photo.jpg`",
                "filmless: 1 file is no DICOM and was passed over: notes.txt",
            ],
        ),
        ("notes.txt", True, ["filmless: there is nothing to show", SHOWN, "filmless: not shown: notes.txt: the bytes"]),
    ],
)
def test_where_there_is_nothing_to_show_it_says_why(
    run, tmp_path: Path, name: str | None, is_named: bool, lines: list[str]
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    if name is not None:
        (folder / name).write_text("no DICOM")
    _, process = run(folder / name if is_named else folder, "--no-browser")
    assert process.stderr is not None
    told = [process.stderr.readline().rstrip() for _ in lines]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE_S)
    assert [one[: len(line)] for one, line in zip(told, lines, strict=True)] == lines
