"""The command line as a person uses it: what goes to stdout, what to stderr, and how it exits."""

import json
import subprocess
import sys
from pathlib import Path

import pydicom
import pytest
from PIL import Image

import filmless

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMAND = [sys.executable, "-c", "from filmless.cli import main; main()"]


@pytest.fixture
def run(tmp_path: Path):
    """Run the command in a folder of its own; gives exit code, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return call


def test_dump_shows_the_header(run, ct: Path) -> None:
    code, out, err = run("dump", ct)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert any("(0010,0010)" in line and "CompressedSamples^CT1" in line for line in lines)
    assert any("(0010,1002)" in line and "SQ" in line for line in lines)
    assert "\x1b" not in out, "no colours when piped"


def test_dump_of_one_tag(run, ct: Path) -> None:
    code, out, _ = run("dump", "--tag", "PatientID", ct)
    assert code == 0
    assert sum(line.strip().startswith("(0010,0020)") for line in out.splitlines()) == 3, "in items too"
    assert "(0010,0010)" not in out


def test_dump_as_json_and_xml(run, ct: Path) -> None:
    code, out, err = run("dump", "--json", ct)
    assert (code, err) == (0, "")
    assert json.loads(out)["00100020"]["Value"] == ["1CT1"]
    code, out, _ = run("dump", "--xml", ct)
    assert code == 0
    assert filmless.Dataset.from_xml(out).PatientID == "1CT1"


def test_dump_of_a_fileset(run, pydicom_files: list[Path]) -> None:
    path = next(path for path in pydicom_files if path.name == "DICOMDIR" and path.parent.name == "dicomdirtests")
    code, out, _ = run("dump", path)
    assert code == 0
    assert "PATIENT" in out
    assert "SERIES" in out


@pytest.mark.parametrize("command", ["dump", "check", "convert"])
def test_a_missing_file_is_one_line(run, command: str) -> None:
    extra = ["-o", "out.dcm"] if command == "convert" else []
    code, out, err = run(command, "nowhere.dcm", *extra)
    assert code != 0
    assert out == ""
    assert err.startswith("filmless: ")
    assert "nowhere.dcm" in err
    assert len(err.splitlines()) <= 2


def test_a_foreign_file_is_one_line(run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not DICOM at all")
    code, out, err = run("dump", "notes.txt")
    assert (code, out) == (1, "")
    assert err.startswith("filmless: not a DICOM file")


def test_wrong_usage_exits_with_2(run, ct: Path) -> None:
    assert run("dump")[0] == 2
    assert run("nothing")[0] == 2
    code, _, err = run("edit", ct, "PatienName=X", "-o", "out.dcm")
    assert code == 2
    assert "PatientName" in err, "the nearest keyword is named"


def test_check_says_what_deviates(run, tmp_path: Path, ct: Path) -> None:
    assert run("check", ct)[0] == 0
    (tmp_path / "cut.dcm").write_bytes(ct.read_bytes()[:20_000])
    code, out, _ = run("check", "cut.dcm")
    assert code == 1
    assert "truncated" in out


def test_edit_sets_and_removes(run, tmp_path: Path, ct: Path) -> None:
    code, out, err = run("edit", ct, "PatientName=Doe^Jane", "0010,0020=7", "--remove", "StudyDate", "-o", "out.dcm")
    assert (code, out, err) == (0, "", "")
    edited = pydicom.dcmread(tmp_path / "out.dcm")
    assert (edited.PatientName, edited.PatientID) == ("Doe^Jane", "7")
    assert "StudyDate" not in edited


def test_edit_refuses_a_bad_value_and_leaves_nothing(run, tmp_path: Path, ct: Path) -> None:
    code, _, err = run("edit", ct, "Rows=many", "-o", "out.dcm")
    assert code == 2
    assert "Rows" in err
    assert "many" not in err, "values stay out of messages"
    assert list(tmp_path.iterdir()) == []


def test_edit_in_items_and_to_another_syntax(run, tmp_path: Path, ct: Path) -> None:
    item = "OtherPatientIDsSequence[1].PatientID=other"
    code, _, err = run("edit", ct, item, "--to", "ImplicitVRLittleEndian", "-o", "out.dcm")
    assert (code, err) == (0, "")
    edited = pydicom.dcmread(tmp_path / "out.dcm")
    assert edited.OtherPatientIDsSequence[1].PatientID == "other"
    assert edited.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"


def test_convert_there_and_back(run, tmp_path: Path) -> None:
    code, _, err = run("convert", EXAMPLES / "head.png", "-o", "head.dcm", "--set", "PatientName=Doe^Jane")
    assert (code, err) == (0, "")
    assert pydicom.dcmread(tmp_path / "head.dcm").PatientName == "Doe^Jane"
    assert run("convert", "head.dcm", "-o", "head.png")[0] == 0
    assert Image.open(tmp_path / "head.png").tobytes() == Image.open(EXAMPLES / "head.png").tobytes()


def test_convert_many_goes_on_after_a_bad_one(run, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    code, _, err = run("convert", EXAMPLES / "head.png", "bad.png", EXAMPLES / "retina.jpg", "-o", "out/")
    assert code == 1
    assert "bad.png" in err
    assert sorted(path.name for path in (tmp_path / "out").glob("*.dcm")) == ["head.dcm", "retina.dcm"]


def test_scan_writes_csv(run, ct: Path) -> None:
    code, out, _ = run("scan", ct, "-k", "PatientID", "-k", "Modality")
    assert code == 0
    assert out.splitlines()[0].startswith("path,PatientID,Modality")
    assert ",1CT1,CT" in out.splitlines()[1]


def test_a_closed_pipe_is_quiet(ct: Path) -> None:
    with subprocess.Popen([*COMMAND, "dump", str(ct)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_numpy_is_not_loaded_for_a_dump(ct: Path) -> None:
    program = (
        "import sys; sys.argv = ['filmless', 'dump', sys.argv[1]]\n"
        "from filmless.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "assert 'numpy' not in sys.modules, 'numpy'\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(ct)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
