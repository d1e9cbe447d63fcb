"""What `filmless convert` says and refuses: reports over files, what is passed over, options without use."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import filmless
from filmless.convert import pieces
from filmless.convert.journal import JOURNAL


@pytest.fixture(autouse=True)
def pictures(invoke) -> None:  # the fixture goes to the folder
    Path("in").mkdir()
    for number in range(5):
        Image.new("L", (4, 3), number).save(f"in/img{number}.png")


@pytest.mark.parametrize("name", ["in/img0.png", "link.png", "t.csv", "t.json", "out.dcm", "old.dcm"])
def test_a_report_is_not_written_over_a_file_of_the_run(invoke, name: str) -> None:
    Path("link.png").symlink_to("in/img0.png")
    Path("t.csv").write_text("file,PatientID\nimg0.png,1\n")
    Path("t.json").write_text("{}")
    Path("old.dcm").write_bytes(b"old")
    output = "old.dcm" if name == "old.dcm" else "out.dcm"
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    more = ("--csv", "t.csv", "--template", "t.json")
    result = invoke("convert", "in/img0.png", "-o", output, *more, "--report", name)
    assert result.exit_code == 2
    assert "the report is" in result.stderr
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_a_report_in_a_folder_that_is_gone_through(invoke) -> None:
    assert invoke("convert", "in", "-o", "out", "--report", "in/img3.png").exit_code == 2
    assert not Path("out").exists()
    Path("out").mkdir()
    assert invoke("convert", "in", "-o", "out", "--report", f"out/{JOURNAL}").exit_code == 2
    assert not list(Path("out").iterdir())
    for _ in range(2):
        assert invoke("convert", "in", "-o", "out", "--force", "--report", "in/report.json").exit_code == 0


def test_pictures_that_are_not_converted_fail_by_name(invoke) -> None:
    contents = {
        "a.heic": b"\0\0\0\x18ftypheic\0\0\0\0",
        "b": b"\0\0\0\x18ftypavif\0\0\0\0",
        "c.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "d.bin": b"8BPS\0\1" + bytes(30),
        "e.eps": b"\xc5\xd0\xd3\xc6" + bytes(30),
        "f.jxr": b"II\xbc\1" + bytes(30),
        ".hidden.svg": b"<svg/>",
        "page.html": b"<html/>",
        "text.gz": b"\x1f\x8b\x08\0, and so on to the end of the text",
    }
    for name, content in contents.items():
        Path("in", name).write_bytes(content)
    result = invoke("convert", "in", "-o", "out")
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    for name, what in (("a.heic", "HEIF or AVIF"), ("b", "HEIF or AVIF"), ("c.svg", "SVG"), ("f.jxr", "JPEG XR")):
        assert [line for line in lines if line.endswith(f"in/{name}") and f"{what}" in line and "not converted" in line]
    assert lines[-2].startswith("filmless: 3 files were passed over: of no known format (in/")
    assert lines[-1] == "filmless: converted 5, skipped 3, failed 6"


def test_what_is_passed_over_is_named(invoke) -> None:
    for number in range(5):
        Path(f"in/notes{number}.txt").write_text("nothing")
    lines = invoke("convert", "in", "-o", "out").stderr.splitlines()
    names = ", ".join(f"in/notes{number}.txt" for number in range(3))
    assert lines[0] == f"filmless: 5 files were passed over: of no known format ({names}, ...)"
    lines = invoke("convert", "in", "-o", "out2", "-v").stderr.splitlines()
    assert lines[:5] == [f"filmless: in/notes{n}.txt: passed over, of no known format" for n in range(5)]
    assert lines[5] == "filmless: 5 files were passed over: of no known format"


def test_names_that_are_taken_are_told_of(invoke) -> None:
    assert invoke("convert", "in", "-o", "out").stderr == "filmless: converted 5\n"
    first, hint, last = invoke("convert", "in", "-o", "out", "--resume").stderr.splitlines()
    assert first == "filmless: in/img0.png: names are taken by files that are there, and get a number"
    assert "--force writes over them" in hint
    assert last == "filmless: converted 5"


def test_a_full_disk_is_told_of_once(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(ds: Any, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pieces, "write", full)
    result = invoke("convert", "in", "-o", "out")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"filmless: cannot write, no space left on device: {Path('out/img0.dcm')}",
        "filmless: there is no room left, 4 files were not reached",
        "hint: --resume goes on from there",
        "filmless: failed 1",
    ]


def test_a_folder_that_cannot_be_read(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("in/closed").mkdir()
    scandir = os.scandir

    def closed(path: str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("filmless.convert.sources.os.scandir", closed)
    result = invoke("convert", "in", "-o", "out")
    assert result.exit_code == 1
    where = os.path.join("in", "closed")  # noqa: PTH118
    assert result.stderr == f"filmless: permission denied: {where}\nfilmless: converted 5, failed 1\n"


def test_limits_are_named_as_typed(invoke) -> None:
    result = invoke("convert", "in/img0.png", "-o", "a.dcm", "--max-pixels", "2")
    assert "expected at most --max-pixels 2" in result.stderr


def test_frames_in_files_without_a_suffix(invoke) -> None:
    Image.new("L", (4, 3)).save("two.tif", save_all=True, append_images=[Image.new("L", (4, 3), 9)])
    assert invoke("convert", "two.tif", "-o", "cine.dcm").exit_code == 0
    assert invoke("convert", "cine.dcm", "-o", "cine", "--to", "png", "--frame", "all").exit_code == 0
    assert invoke("convert", "two.tif", "-o", "objects", "--apart").exit_code == 0
    assert sorted(path.name for path in Path().glob("cine.0*")) == ["cine.000.png", "cine.001.png"]
    assert [filmless.read(f"objects.00{number}.dcm").Rows for number in (1, 2)] == [3, 3]


@pytest.mark.parametrize(
    "options",
    [
        ["--size", "9"],
        ["--dpi", "9"],
        ["--as-images"],
        ["--layout", "uid"],
        ["--csv-key", "file"],
        ["--csv-delimiter", ";"],
    ],
)
def test_options_without_use(invoke, options: list[str]) -> None:
    result = invoke("convert", "in/img0.png", "-o", "a.dcm", *options)
    assert result.exit_code == 2
    assert options[0] in result.stderr
    assert not Path("a.dcm").exists()


def test_a_document_is_not_compressed(invoke) -> None:
    Path("a.stl").write_text("solid a\nfacet normal 0 0 1\nouter loop\n")
    result = invoke("convert", "a.stl", "-o", "a.dcm", "--transfer-syntax", "j2k")
    assert result.exit_code == 2
    assert "a document has none" in result.stderr
