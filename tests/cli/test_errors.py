"""How the command line fails: one line and a hint, an exit code, nothing of a patient, nothing half-written."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import filmless
from filmless.cli import reporting

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "Secret^Person"


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("hint: ")]


def test_an_unexpected_error_is_a_bug_of_ours_and_says_no_value(invoke, ct: Path, monkeypatch) -> None:
    def fail(*_arguments, **_options):
        raise KeyError(SECRET)

    monkeypatch.setattr("filmless.cli.dump.read_source", fail)
    result = invoke("dump", ct)
    assert result.exit_code == 1
    assert lines(result.stderr) == [f"filmless: this is a bug of filmless, KeyError, in {ct}"]
    assert SECRET not in result.stderr


def test_debug_shows_where(ct: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from filmless.cli import main; main()", "--debug", "dump", "nowhere"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert done.stderr.splitlines()[-1] == "filmless: no such file or directory: nowhere"


@pytest.mark.parametrize("command", [["dump"], ["dump", "--json"], ["dump", "--xml"], ["check"]])
def test_damaged_files_never_end_in_a_bug(invoke, ct: Path, command: list[str]) -> None:
    source = ct.read_bytes()
    chance = random.Random(7)
    for number in range(40):
        damaged = bytearray(source[: chance.randrange(100, len(source))])
        for _ in range(20):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        Path("damaged.dcm").write_bytes(damaged)
        result = invoke(*command, "damaged.dcm")
        assert result.exit_code in {0, 1}
        assert "bug of filmless" not in result.stderr, number


def test_names_of_files_cannot_move_the_cursor(invoke) -> None:
    result = invoke("dump", "a\x1b[2J\nb")
    assert result.exit_code == 1
    assert "\x1b" not in result.stderr
    assert len(lines(result.stderr)) == 1


def test_values_cannot_move_the_cursor(invoke) -> None:
    ds = filmless.Dataset({"PatientName": "a\x1b[2Jb", "PatientComments": "c\nd\x9b"})
    filmless.write(ds, "escape.dcm", repair=True)
    output = invoke("dump", "--force", "escape.dcm").stdout
    assert "a·[2Jb" in output
    assert "\x1b" not in output
    assert "\x9b" not in output


def test_errors_do_not_repeat_values(invoke, ct: Path) -> None:
    for arguments in (
        ["edit", ct, f"StudyDate={SECRET}", "-o", "out.dcm"],
        ["edit", ct, f"Rows={SECRET}", "-o", "out.dcm"],
        ["edit", ct, "PatientName", SECRET, "-o", "out.dcm"],
        ["convert", EXAMPLES / "head.png", "-o", "out.dcm", "--set", f"StudyDate={SECRET}"],
        ["convert", EXAMPLES / "head.png", "-o", "out.dcm", "--set", SECRET],
    ):
        result = invoke(*arguments)
        assert result.exit_code == 2
        assert SECRET not in result.stderr
        assert not Path("out.dcm").exists()


def test_permissions_are_one_line(invoke, monkeypatch) -> None:
    def closed(name: str, **_options):
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr("filmless.cli.dump.read_source", closed)
    result = invoke("dump", "closed.dcm")
    assert (result.exit_code, result.stderr) == (1, "filmless: permission denied: closed.dcm\n")


def test_writing_names_what_was_asked_for(invoke, ct: Path, monkeypatch) -> None:
    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device", ".out.dcm.part")

    monkeypatch.setattr(filmless, "write", full)
    result = invoke("edit", ct, "PatientID=1", "-o", "out.dcm")
    assert (result.exit_code, result.stderr) == (1, "filmless: cannot write, no space left on device: out.dcm\n")


def test_a_folder_that_is_missing_is_named(invoke, ct: Path) -> None:
    for arguments in (["edit", ct], ["convert", ct]):
        result = invoke(*arguments, "-o", "nowhere/out.png")
        assert (result.exit_code, result.stderr) == (1, "filmless: no such folder: nowhere\n")


def test_many_files_end_with_a_summary(invoke, ct: Path) -> None:
    result = invoke("dump", "-t", "PatientID", "a", ct, "b")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "filmless: 2 of 3 files failed"
    assert "(0010,0020)" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_exits_with_130(tmp_path: Path) -> None:
    program = (
        "import sys, os, signal, click\n"
        "import filmless.cli.program as module\n"
        "@module.program.command()\n"
        "def wait(): os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.argv = ['filmless', 'wait']\n"
        "module.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr.strip() == ""


def test_only_a_closed_pipe_counts_as_one() -> None:
    assert reporting.is_broken_pipe(BrokenPipeError(32, "Broken pipe"))
    assert not reporting.is_broken_pipe(OSError(28, "No space left on device"))


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
@pytest.mark.parametrize("arguments", [["dump"], ["dump", "--json"], ["dump", "-t", "Rows"], ["scan", "-k", "Rows"]])
def test_a_reader_that_has_gone_is_no_error(ct: Path, arguments: list[str]) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-c", "from filmless.cli import main; main()", *arguments, str(ct)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False, env=buffered)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize("arguments", [["dump"], ["dump", "-t", "Rows"]])
def test_a_full_disk_is_one_line(ct: Path, arguments: list[str]) -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", "from filmless.cli import main; main()", *arguments, str(ct)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=buffered)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.stderr == "filmless: cannot write, no space left on device: standard output\n"
