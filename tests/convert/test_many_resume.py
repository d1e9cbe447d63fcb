"""Runs that are interrupted and go on: by an error of the caller, Ctrl-C, and kill -9."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import filmless
from filmless.convert.content import Picture
from filmless.convert.journal import JOURNAL, digest
from filmless.convert.many import convert_many
from filmless.errors import ConversionError

COUNT = 30


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number in range(1, COUNT + 1):
        path = Path("in", f"img{number}.png") if number % 3 else Path("in/sub", f"img{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3), number).save(path)
    return tmp_path


def held(folder: str) -> dict[str, tuple[int, int]]:
    """Names of files, the picture that is in each, and its number."""
    found = {}
    for path in Path(folder).rglob("*.dcm"):
        ds = filmless.read(path)
        found[path.relative_to(folder).as_posix()] = (int(ds.pixel_array[0, 0]), ds.InstanceNumber)
    return found


def no_half_files(folder: str) -> bool:
    return {path.suffix for path in Path(folder).rglob("*") if path.is_file()} == {".dcm", ".jsonl"}


def statuses(**options: object) -> list[str]:
    return [one.status for one in convert_many("in", "out", resume=True, **options)]  # type: ignore[arg-type]


def test_after_an_error_of_the_caller(here: Path) -> None:
    list(convert_many("in", "whole"))
    assert not Path("whole", JOURNAL).exists()

    def stop() -> None:
        for number, _ in enumerate(convert_many("in", "out", threads=2)):
            if number == 9:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        stop()
    assert no_half_files("out")
    before = {path: path.read_bytes() for path in Path("out").rglob("*.dcm")}
    assert 10 <= len(before) < COUNT
    assert statuses() == ["skipped"] * 10 + ["converted"] * (COUNT - 10)
    assert held("out") == held("whole")
    done = json.loads(Path("out", JOURNAL).read_text().splitlines()[1])
    assert before[Path("out", done["target"])] == Path("out", done["target"]).read_bytes()
    assert statuses() == ["skipped"] * COUNT
    Path("in/img1.png").rename("in/img1b.png")
    assert statuses().count("converted") == 1
    assert statuses() == ["skipped"] * COUNT


def test_one_study_and_series(here: Path) -> None:
    conversions = convert_many("in", "out", threads=1)
    for _ in range(5):
        next(conversions)
    conversions.close()
    assert statuses().count("converted") > 0
    found = [filmless.read(path) for path in Path("out").rglob("*.dcm")]
    assert len(found) == COUNT
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "StudyDate", "StudyTime"):
        assert len({ds.get(keyword) for ds in found}) == 1, keyword
    assert len({ds.SOPInstanceUID for ds in found}) == COUNT


# Threads that read ahead are let go in the middle of it: once in many runs one of them had just opened its file.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_after_ctrl_c(here: Path, monkeypatch) -> None:
    def interrupted(source, options):
        if str(source).endswith("img14.png"):
            raise KeyboardInterrupt
        return contents(source, options)

    contents = filmless.convert.reading.contents
    monkeypatch.setattr("filmless.convert.pieces.contents", interrupted)
    with pytest.raises(KeyboardInterrupt):
        list(convert_many("in", "out", threads=2))
    assert no_half_files("out")
    monkeypatch.setattr("filmless.convert.pieces.contents", contents)
    list(convert_many("in", "out", resume=True))
    list(convert_many("in", "whole"))
    assert held("out") == held("whole")


CHILD = """
import sys
from filmless.convert.many import convert_many
for one in convert_many("in", "out", threads=2):
    print(one.source, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("lines", [1, 8, 20])
def test_after_kill_9(here: Path, lines: int) -> None:
    list(convert_many("in", "whole"))
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for _ in range(lines):
            assert child.stdout.readline()
            child.stdin.write("\n")
            child.stdin.flush()
        os.kill(child.pid, signal.SIGKILL)
    found = statuses()
    assert found.count("skipped") >= lines - 1
    assert "failed" not in found
    assert held("out") == held("whole")
    assert no_half_files("out")


def begun() -> list[str]:
    """Stop a run after a few sources, and return the lines of its journal."""
    conversions = convert_many("in", "out", threads=1)
    for _ in range(4):
        next(conversions)
    conversions.close()
    return Path("out", JOURNAL).read_text().splitlines(keepends=True)


def test_what_a_killed_process_leaves(here: Path) -> None:
    lines = begun()
    planned = json.loads([line for line in lines if '"target"' in line][-1])
    Path("out", JOURNAL).write_text(
        "".join(line for line in lines if planned["source"] not in line or "target" in line)
    )
    target = Path("out", planned["target"])
    half = target.with_name(f".{target.name}.4711-12.tmp")
    half.write_bytes(b"half")
    other = target.with_name(f".{target.name}.backup.tmp")
    other.write_bytes(b"of somebody else")
    target.write_bytes(b"not told of")
    assert statuses().count("converted") > 0
    assert not half.exists()
    other.unlink()
    list(convert_many("in", "whole"))
    assert held("out") == held("whole")


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_torn_journal(here: Path, cut: int) -> None:
    lines = begun()
    Path("out", JOURNAL).write_text("".join(lines)[:-cut])
    statuses()
    list(convert_many("in", "whole"))
    assert held("out") == held("whole")
    assert all(json.loads(line) for line in Path("out", JOURNAL).read_text().splitlines())


def test_a_journal_that_was_never_begun(here: Path) -> None:
    Path("out").mkdir()
    Path("out", JOURNAL).write_text('{"filmless":1,"ru')
    assert statuses() == ["converted"] * COUNT


@pytest.mark.parametrize(
    "line",
    [
        "junk\n",
        "[]\n",
        "3\n",
        '{"done":"nothing of the kind"}\n',
        '{"source":"a","identity":[],"numbers":[1,1,1,1],"folder":"","parts":1,"part":0,"target":"../../evil"}\n',
        '{"source":"a","identity":[],"numbers":[1,1,1,1],"folder":"","parts":1,"part":0,"target":"/evil"}\n',
        '{"source":"a","identity":[],"numbers":[1],"folder":"","parts":1,"part":0,"target":"a"}\n',
        '{"source":"a","identity":[],"numbers":[1,1,1,1],"folder":"","parts":1,"part":0,"target":3}\n',
        '{"source":"a","identity":[],"numbers":[1,1,1,1],"folder":"","parts":1,"part":1,"target":"a"}\n',
        '{"source":"a","identity":[],"numbers":[1,1,1,1],"folder":"","parts":99999999999,"part":0,"target":"a"}\n',
    ],
)
def test_a_damaged_journal(here: Path, line: str) -> None:
    lines = begun()
    Path("out", JOURNAL).write_text("".join([*lines[:2], line, *lines[2:]]))
    with pytest.raises(ConversionError, match="line 3") as caught:
        convert_many("in", "out", resume=True)
    assert caught.value.hint is not None


def test_other_options_are_refused(here: Path) -> None:
    begun()
    for options in ({"PatientID": "4711"}, {"layout": "uid"}, {"to": "png"}, {"transfer_syntax": "RLELossless"}):
        with pytest.raises(ConversionError, match="other options"):
            convert_many("in", "out", resume=True, **options)  # type: ignore[arg-type]
    assert "4711" not in Path("out", JOURNAL).read_text()
    assert statuses(threads=3).count("converted") > 0


def test_a_source_that_has_changed(here: Path) -> None:
    statuses()
    Image.new("L", (40, 30), 200).save("in/img4.png")
    Path("out/img7.dcm").unlink()
    assert statuses().count("converted") == 2
    assert held("out")["img4.dcm"] == (200, 3)
    assert len(held("out")) == COUNT


def test_what_failed_is_tried_again(here: Path) -> None:
    good = Path("in/img4.png").read_bytes()
    Path("in/img4.png").write_bytes(b"bad")
    assert [one.status for one in convert_many("in", "out")].count("failed") == 1
    assert Path("out", JOURNAL).exists()
    Path("in/img4.png").write_bytes(good)
    assert statuses().count("converted") == 1
    list(convert_many("in", "whole"))
    assert held("out") == held("whole")


def test_new_sources_get_numbers_of_their_own(here: Path) -> None:
    statuses()
    Image.new("L", (4, 3), 77).save("in/img0.png")
    assert statuses().count("converted") == 1
    numbers = [number for _, number in held("out").values()]
    assert sorted(numbers) == list(range(1, COUNT + 2))


def test_parts_and_uids_as_names(here: Path, monkeypatch) -> None:
    def contents(source, options) -> list[Picture]:
        return [Picture.of_samples(np.full((3, 4), part, np.uint8)) for part in range(3)]

    monkeypatch.setattr("filmless.convert.pieces.contents", contents)
    for layout in ("mirror", "uid"):
        conversions = convert_many("in", layout, layout=layout, threads=1)  # type: ignore[arg-type]
        for _ in range(10):
            next(conversions)
        conversions.close()
        list(convert_many("in", layout, layout=layout, resume=True))  # type: ignore[arg-type]
        assert sorted(number for _, number in held(layout).values()) == list(range(1, 3 * COUNT + 1))


def test_uids_as_names_that_are_the_same_again(here: Path) -> None:
    options = {"layout": "uid", "deterministic": True, "PatientID": "1"}
    list(convert_many("in", "whole", **options))  # type: ignore[arg-type]
    conversions = convert_many("in", "out", threads=1, **options)  # type: ignore[arg-type]
    for _ in range(5):
        next(conversions)
    conversions.close()
    assert statuses(**options).count("converted") > 0
    assert held("out") == held("whole")


def test_a_run_that_did_nothing_leaves_nothing(here: Path) -> None:
    assert [one.status for one in convert_many("nowhere", "out")] == ["failed"]
    assert list(Path("out").iterdir()) == []


def test_sources_without_a_path(here: Path) -> None:
    def several() -> list[object]:
        data = Path("in/img1.png").read_bytes()
        return [data, np.full((3, 4), 9, np.uint8), Image.new("L", (4, 3), 5), data]

    assert [one.status for one in convert_many(several(), "out", resume=True)] == ["converted"] * 4
    assert [one.status for one in convert_many(several(), "out", resume=True)] == ["skipped"] * 4


@pytest.mark.skipif(sys.platform == "win32", reason="needs names of any bytes")
def test_names_of_any_bytes(here: Path) -> None:
    for name in (b"\xff.png", b"\n.png", "\u2028é.png".encode()):
        Path(os.fsdecode(b"in/" + name)).write_bytes(Path("in/img1.png").read_bytes())
    assert statuses() == ["converted"] * (COUNT + 3)
    assert statuses() == ["skipped"] * (COUNT + 3)


def test_out_of_dicom(here: Path) -> None:
    list(convert_many("in", "dicom"))
    for _ in range(2):
        found = list(convert_many("dicom", "out", to="png", resume=True))
    assert [one.status for one in found] == ["skipped"] * COUNT
    assert len(list(Path("out").rglob("*.png"))) == COUNT


def test_digests() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    values = [1, "1", b"1", [1], (1,), {"1": 1}, None, 1.0, True, Path("1"), np.array([1]), np.array([1.0])]
    values += [filmless.Dataset({"PatientID": "1"}), filmless.Dataset({"PatientID": "2"}), [[1], 2], [1, [2]]]
    assert len({digest(value) for value in values}) == len(values)
    assert digest(1, salt="a") != digest(1, salt="b")
