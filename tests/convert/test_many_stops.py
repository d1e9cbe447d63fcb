"""Runs that cannot go on, or must not: a full disk, an interruption, another run, files that are there."""

import errno
import json
import os
import signal
import sys
import threading
from pathlib import Path, PurePath
from typing import Any

import pytest
from PIL import Image

import filmless
from filmless.convert import pieces
from filmless.convert.conversion import Conversion
from filmless.convert.destinations import OneFile
from filmless.convert.journal import JOURNAL
from filmless.convert.many import convert_many
from filmless.convert.report import Report
from filmless.errors import ConversionError

COUNT = 30


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for number in range(COUNT):
        Image.new("L", (4, 3), number).save(f"in/img{number:02}.png")
    return tmp_path


def test_one_run_at_a_time(here: Path) -> None:
    first = convert_many("in", "out", threads=1)
    next(first)
    for resume in (False, True):
        second = convert_many("in", "out", resume=resume)
        with pytest.raises(ConversionError, match="another run is at work in the folder"):
            next(second)
    assert len([one for one in first if one.status == "converted"]) == COUNT - 1
    assert len(list(Path("out").iterdir())) == COUNT
    assert {one.status for one in convert_many("in", "out", force=True)} == {"converted"}


def test_a_run_that_ended_since_the_journal_was_read(here: Path) -> None:
    second = convert_many("in", "out", resume=True)
    assert {one.status for one in convert_many("in", "out", resume=True)} == {"converted"}
    assert {one.reason for one in second} == {"converted before"}


def test_a_file_that_was_changed_is_made_again(here: Path) -> None:
    list(convert_many("in", "out", resume=True))
    cut, touched = Path("out/img03.dcm"), Path("out/img07.dcm")
    os.truncate(cut, 100)
    os.utime(touched, (1, 1))
    again = {one.target: one.status for one in convert_many("in", "out", resume=True)}
    assert [path for path, status in again.items() if status == "converted"] == [cut, touched]
    assert filmless.read(cut).InstanceNumber == 4
    assert len(list(Path("out").glob("*.dcm"))) == COUNT
    assert {one.status for one in convert_many("in", "out", resume=True)} == {"skipped"}


def test_files_that_are_there_are_told_of_once(here: Path) -> None:
    assert not any(one.notices for one in convert_many("in", "out"))
    codes = [notice.code for one in convert_many("in", "out") for notice in one.notices]
    assert codes == ["names-taken"]
    assert not any(one.notices for one in convert_many("in", "out", force=True))


def test_the_report_has_what_was_converted_before(here: Path) -> None:
    Image.new("L", (4, 3)).save("in/pages.tif", save_all=True, append_images=[Image.new("L", (5, 3))])
    list(convert_many("in", "out", resume=True))
    with Report("report.json") as report:
        for one in convert_many("in", "out", resume=True):
            report.add(one)
    assert report.summary() == f"skipped {COUNT + 1}"
    assert report.reasons == {"converted before": COUNT + 1}
    files = {Path(one["source"]).name: one["targets"] for one in json.loads(Path("report.json").read_bytes())["files"]}
    assert [PurePath(name).name for name in files["img04.png"]] == ["img04.dcm"]
    assert [PurePath(name).name for name in files["pages.tif"]] == ["pages.001.dcm", "pages.002.dcm"]


@pytest.mark.parametrize("code", ["ENOSPC", "EDQUOT"])
def test_a_full_disk_ends_the_run(here: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    write, at = pieces.write, []

    def full(ds: Any, target: Path) -> None:
        at.append(target)
        if len(at) > 5:
            raise OSError(getattr(errno, code), "No space left on device")
        write(ds, target)

    monkeypatch.setattr(pieces, "write", full)
    with Report("report.json") as report:
        found = list(convert_many("in", "out", threads=2, resume=True))
        for one in found:
            report.add(one)
    assert report.counts["failed"] == 1
    assert len(found) < 10
    assert json.loads(Path("report.json").read_bytes())["complete"] is False
    monkeypatch.setattr(pieces, "write", write)
    rest = [one.status for one in convert_many("in", "out", resume=True)]
    assert (rest.count("skipped"), rest.count("converted")) == (5, COUNT - 5)
    assert len(list(Path("out").glob("*.dcm"))) == COUNT


def test_a_journal_that_finds_no_room(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, lines = os.write, []

    def full(file: int, data: bytes) -> int:
        lines.append(data)
        if len(lines) > 8:
            write(file, data[:3])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    with monkeypatch.context() as patched:
        patched.setattr("filmless.convert.journal.os.write", full)
        found = list(convert_many("in", "out", threads=1, resume=True))
    assert [one.status for one in found].count("failed") <= 1
    assert Path("out", JOURNAL).read_bytes().endswith(b"}\n")
    assert {one.status for one in convert_many("in", "out", resume=True)} <= {"converted", "skipped"}
    assert len(list(Path("out").glob("*.dcm"))) == COUNT


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_what_was_written_is_told_of_when_interrupted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = pieces.write

    def interrupted(ds: Any, target: Path) -> None:
        write(ds, target)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(pieces, "write", interrupted)
    found: list[Conversion] = []

    def go_on() -> None:
        for one in convert_many("in/img00.png", OneFile(Path("one.dcm"))):
            found.append(one)  # noqa: PERF402  what came before the interruption

    with pytest.raises(KeyboardInterrupt):
        go_on()
    assert [(one.status, one.target) for one in found] == [("converted", Path("one.dcm"))]


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("threads", [1, 3])
def test_what_is_at_work_stops_between_frames(here: Path, monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    frames = []
    stopped = threading.Event()

    def endless(ds: Any, target: Path) -> None:
        try:
            while not stopped.wait(0.01):
                # As a terminal does; and again, since an interruption that comes to a finalizer is lost.
                if len(frames) % 500 == 0:
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                frames.append(target)
        except KeyboardInterrupt:
            stopped.set()
            raise

    monkeypatch.setattr(pieces, "write", endless)
    with pytest.raises(KeyboardInterrupt):
        list(convert_many("in/img00.png", "out", threads=threads))
    assert stopped.is_set()
    assert {path.name for path in Path("out").iterdir()} == {JOURNAL}


def test_an_error_of_the_system_names_the_file_that_was_asked_for(here: Path) -> None:
    Path("out").mkdir()
    Path("out/sub").touch()
    Path("in/sub").mkdir()
    Path("in/img00.png").rename("in/sub/a.png")
    (error,) = (one.error for one in convert_many("in", "out") if one.error is not None)
    assert isinstance(error, OSError)
    assert Path(error.filename) == Path("out/sub/a.dcm")


def test_numbers_stand_before_a_suffix(here: Path) -> None:
    names = ["scan.dcm", "scan", "1.2.840.7", "scan.TIFF"]
    given = [OneFile(Path(name)).name_for(PurePath("x.y"), ".dcm", ".001").name for name in names]
    assert given == ["scan.001.dcm", "scan.001.dcm", "1.2.840.7.001.dcm", "scan.001.TIFF"]
    assert [OneFile(Path(name)).name_for(PurePath("x.y"), ".dcm").name for name in names] == names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"notices": ()}, "`notices` are in each `Conversion`"),
        ({"output": 5}, "`output` is a int, expected the path of a folder"),
        ({"output": "out", "to": "png", "frame": [0, 2]}, "`frames` takes several"),
        ({"output": "out", "to": "png", "frame": "all"}, "`frame` is a str"),
        ({"output": "out", "to": "png", "frames": 3}, "`frames` are numbers, or 'all'"),
        ({"output": "out", "to": "png", "frames": ["x"]}, "`frames` are numbers, or 'all'"),
    ],
)
def test_arguments_of_wrong_types(here: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        convert_many("in", **options)
    assert not Path("out").exists()
