"""`filmless convert` with many files: lines, exit codes, the report, and going on after an interruption."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import filmless
from filmless.cli.program import program
from filmless.convert.journal import JOURNAL

SECRET = "Secret^Patient"


def picture(path: str, level: int = 0) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (4, 3), level).save(path, "PNG")
    return path


def png(level: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (4, 3), level).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def tree(invoke) -> None:
    """Good, bad, empty, wrongly named, DICOM and other files, and a ZIP of such."""
    for number in range(1, 12):
        picture(f"in/img{number}.png", number)
    Path("in/bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    Path("in/notes.txt").write_text("nothing")
    Path("in/more.txt").write_text("nothing")
    filmless.convert.to_dicom(np.zeros((2, 2), np.uint8)).save_as("in/is.dcm")
    with zipfile.ZipFile("in/scans.zip", "w") as archive:
        archive.writestr("../a.png", png())


def test_lines_and_exit_codes(invoke, tree) -> None:
    result = invoke("convert", "in", "-o", "out")
    assert result.exit_code == 1
    first, *rest = result.stderr.splitlines()
    assert first.endswith("in/bad.png")
    assert rest == [
        "filmless: 1 file was passed over: already DICOM (in/is.dcm)",
        "filmless: 2 files were passed over: of no known format (in/more.txt, in/notes.txt)",
        "filmless: converted 12, skipped 3, failed 1",
    ]
    names = {path.relative_to("out").as_posix() for path in Path("out").rglob("*.dcm")}
    assert names == {f"img{number}.dcm" for number in range(1, 12)} | {"scans.zip/a.dcm"}
    Path("in/bad.png").unlink()
    result = invoke("convert", "in", "-o", "again")
    assert (result.exit_code, Path("again", JOURNAL).exists()) == (0, False)


def test_the_report(invoke, tree) -> None:
    exif = Image.Exif()
    exif[0x013B] = SECRET
    Image.new("L", (16, 16)).save("in/photo.jpg", exif=exif)
    result = invoke("convert", "in", "-o", "out", "--report", "report.json", "--set", f"PatientName={SECRET}")
    assert result.exit_code == 1
    text = Path("report.json").read_text()
    assert SECRET not in text
    report = json.loads(text)
    assert report["complete"] is True
    assert report["counts"] == {"converted": 13, "skipped": 3, "failed": 1}
    files = {entry["source"]: entry for entry in report["files"]}
    assert len(files) == 17
    assert files["in/img10.png"]["status"] == "converted"
    assert files["in/img10.png"]["targets"] == ["out/img10.dcm"]
    assert files["in/img10.png"]["seconds"] >= 0
    assert files["in/is.dcm"]["reason"] == "already DICOM"
    assert files["in/bad.png"]["status"] == "failed"
    assert "PNG" in files["in/bad.png"]["error"]
    assert {notice["code"] for notice in files["in/photo.jpg"]["notices"]} == {"embedded-exif"}
    assert invoke("convert", "in", "-o", "out2", "--report", "nowhere/report.json").exit_code == 1
    assert not Path("out2").exists()


def test_a_run_is_resumed(invoke, tree) -> None:
    assert invoke("convert", "in", "-o", "out").exit_code == 1
    before = {path: path.read_bytes() for path in Path("out").rglob("*.dcm")}
    picture("in/bad.png", 77)
    result = invoke("convert", "in", "-o", "out", "--resume")
    assert result.exit_code == 0
    assert "filmless: 12 files were passed over: converted before\n" in result.stderr
    assert result.stderr.endswith("filmless: converted 1, skipped 15\n")
    after = {path: path.read_bytes() for path in Path("out").rglob("*.dcm")}
    assert before.items() < after.items()
    result = invoke("convert", "in", "-o", "out", "--resume", "--set", "PatientID=1")
    assert result.exit_code == 1
    assert "begun with other options" in result.stderr
    assert {path: path.read_bytes() for path in Path("out").rglob("*.dcm")} == after


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_ctrl_c(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(60):
        picture(f"in/{number}.png")
    Path("in/30.png").unlink()
    child = (
        "import sys\n"
        "from filmless.convert import reading, pieces\n"
        "contents = reading.contents\n"
        "def slow(source, options):\n"
        "    if source == 'in/40.png': print('here', flush=True); sys.stdin.readline()\n"
        "    return contents(source, options)\n"
        "pieces.contents = slow\n"
        "from filmless.cli import main; main()\n"
    )
    command = [sys.executable, "-c", child, "convert", "in", "-o", "out", "--threads", "2", "--report", "report.json"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate("\n")
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert "--resume" in stderr
    report = json.loads(Path("report.json").read_text())
    assert report["complete"] is False
    assert 0 < report["counts"]["converted"] < 59
    assert {path.suffix for path in Path("out").iterdir()} == {".dcm", ".jsonl"}
    again = CliRunner().invoke(program, ["convert", "in", "-o", "out", "--resume"])
    assert again.exit_code == 0
    assert len(list(Path("out").glob("*.dcm"))) == 59


def test_the_journal_of_a_run_that_is_given_up_is_told_of(invoke, tree) -> None:
    assert invoke("convert", "in", "-o", "out").exit_code == 1
    assert "--resume" in invoke("convert", "in", "-o", "out").stderr


def test_a_zip_of_several(invoke) -> None:
    with zipfile.ZipFile("scans.zip", "w") as archive:
        for number in (1, 2):
            archive.writestr(f"{number}.png", png(number))
    assert invoke("convert", "scans.zip", "-o", "out").exit_code == 0
    assert {path.name for path in Path("out").iterdir()} == {"1.dcm", "2.dcm"}
    result = invoke("convert", "scans.zip", "-o", "a.dcm")
    assert result.exit_code == 2
    assert "IN holds 2 files" in result.stderr
    result = CliRunner().invoke(program, ["convert", "-", "-o", "piped"], input=Path("scans.zip").read_bytes())
    assert (result.exit_code, {path.name for path in Path("piped").iterdir()}) == (0, {"1.dcm", "2.dcm"})


def test_bounds_of_a_zip(invoke) -> None:
    with zipfile.ZipFile("scans.zip", "w") as archive:
        for number in (1, 2):
            archive.writestr(f"{number}.png", png(number))
    for bound, converted in (
        ("--max-members=1", 0),
        ("--max-member-bytes=9", 0),
        (f"--max-zip-bytes={len(png(1))}", 1),
    ):
        result = invoke("convert", "scans.zip", "-o", f"out{bound}", bound)
        assert result.exit_code == 1
        assert bound[2:].partition("=")[0] in result.stderr
        assert len(list(Path(f"out{bound}").glob("*.dcm"))) == converted


def test_out_may_be_a_folder_with_a_dot(invoke) -> None:
    picture("a.png")
    picture("b.png")
    assert invoke("convert", "a.png", "b.png", "-o", "study.zip/").exit_code == 0
    assert {path.name for path in Path("study.zip").iterdir()} == {"a.dcm", "b.dcm"}
    assert invoke("convert", "a.png", "b.png", "-o", "2020.01.02").exit_code == 0


def test_values_are_set_by_path_and_as_codes(invoke) -> None:
    picture("a.png")
    settings = ["RequestAttributesSequence[0].ScheduledProcedureStepID=S1", "0010,0020=42"]
    settings += ["AnatomicRegionSequence=81745001^SCT^Eye"]
    result = invoke("convert", "a.png", "-o", "a.dcm", *(word for one in settings for word in ("--set", one)))
    assert (result.exit_code, result.stderr) == (0, "")
    ds = filmless.read("a.dcm")
    assert ds.RequestAttributesSequence[0].ScheduledProcedureStepID == "S1"
    assert (ds.PatientID, ds.AnatomicRegionSequence[0].CodeMeaning) == ("42", "Eye")


def test_an_option_of_another_format(invoke, ct: Path) -> None:
    result = invoke("convert", str(ct), "-o", "a.png", "--sheet", "2x2")
    assert result.exit_code == 2
    assert result.stderr.startswith("filmless: --sheet is no option of png, expected depth")
    assert "hint: it is one of pdf" in result.stderr
    result = invoke("convert", str(ct), "-o", "a.pdf", "--font", "none.ttf")
    assert (result.exit_code, result.stderr) == (1, "filmless: no such file: none.ttf\n")


def test_standard_input_and_output(tmp_path: Path) -> None:
    def run(data: bytes, *arguments: str) -> bytes:
        command = [sys.executable, "-c", "from filmless.cli import main; main()", "convert", *arguments]
        done = subprocess.run(command, input=data, capture_output=True, cwd=tmp_path, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout

    dicom = run(png(9), "-", "-o", "-", "--set", "PatientID=7")
    assert filmless.read(io.BytesIO(dicom)).PatientID == "7"
    with Image.open(io.BytesIO(run(dicom, "-", "-o", "-"))) as image:
        assert image.size == (4, 3)
    assert run(png(9), "-", "-o", "a.dcm") == b""
    assert filmless.read(tmp_path / "a.dcm").Rows == 3
    assert json.loads(run(dicom, "-", "-o", "-", "--to", "json"))


@pytest.mark.parametrize(
    ("name", "to", "starts"),
    [
        ("a.png", None, b"\x89PNG"),
        ("a.tif", None, b"II"),
        ("a.JPG", None, b"\xff\xd8"),
        ("a.gif", None, b"GIF8"),
        ("a.npy", None, b"\x93NUMPY"),
        ("a.json", None, b"{"),
        ("a", None, b"\x89PNG"),
        ("a", "bmp", b"BM"),
        ("a.tiff", "tif", b"II"),
    ],
)
def test_the_name_of_out_says_the_format(invoke, ct: Path, name: str, to: str | None, starts: bytes) -> None:
    result = invoke("convert", ct, "-o", name, *(("--to", to) if to else ()))
    assert (result.exit_code, result.stderr) == (0, "")
    assert Path(name).read_bytes().startswith(starts)


def test_options_reach_formats(invoke, ct: Path) -> None:
    assert invoke("convert", ct, "-o", "a.npy", "--values", "modality").exit_code == 0
    assert np.load("a.npy").dtype.kind == "f"
    sizes = []
    for quality in ("10", "95"):
        assert invoke("convert", ct, "-o", "a.jpg", "--quality", quality).exit_code == 0
        sizes.append(Path("a.jpg").stat().st_size)
    assert sizes[0] < sizes[1]
    assert invoke("convert", ct, "-o", "a.png", "--size", "32").exit_code == 0
    with Image.open("a.png") as image:
        assert image.size == (32, 32)


def test_all_formats_of_a_folder(invoke, ct: Path) -> None:
    from filmless.convert.out.formats import FORMATS

    Path("in").mkdir()
    Path("in/ct.dcm").write_bytes(ct.read_bytes())
    Path("in/notes.txt").write_text("nothing")
    for row in FORMATS:
        if row.name in ("document", "mp4", "pdf"):
            continue
        result = invoke("convert", "in", "-o", f"{row.name}/", "--to", row.name)
        assert result.exit_code == 0, (row.name, result.stderr)
        if row.kind != "extraction":
            assert [path.name for path in Path(row.name).iterdir()] == [f"ct{row.suffixes[0]}"]


def test_several_become_the_pages_of_a_pdf(invoke, ct: Path) -> None:
    import pypdfium2

    Path("in").mkdir()
    Path("in/1.dcm").write_bytes(ct.read_bytes())
    Path("in/2.dcm").write_bytes(ct.read_bytes())
    Path("in/notes.txt").write_text("nothing")
    result = invoke("convert", "in", "-o", "a.pdf", "--captions", "Modality")
    assert result.exit_code == 0
    lines = ["filmless: 1 file was passed over: no DICOM (in/notes.txt)", "filmless: converted 2, skipped 1"]
    assert result.stderr.splitlines() == lines
    with pypdfium2.PdfDocument("a.pdf") as pdf:
        assert len(pdf) == 2
    Path("in/3.dcm").write_bytes(ct.read_bytes()[:5000])
    result = invoke("convert", "in", "-o", "b.pdf", "--sheet", "2x2", "--report", "report.json")
    assert result.exit_code == 1
    assert "in/3.dcm" in result.stderr
    assert json.loads(Path("report.json").read_text())["counts"]["failed"] >= 1
    with pypdfium2.PdfDocument("b.pdf") as pdf:
        assert len(pdf) == 1
    result = invoke("convert", "in", "-o", "c.pdf", "--captions", "Nonsense")
    assert result.exit_code in (1, 2)
    assert not Path("c.pdf").exists()


def test_a_page_that_does_not_decode_is_left_out_and_named(invoke, ct: Path) -> None:
    import pypdfium2

    Path("in").mkdir()
    for number in (1, 2, 4):
        Path(f"in/{number}.dcm").write_bytes(ct.read_bytes())
    for number in (3, 5):
        ds = filmless.file.read(ct)
        ds = filmless.pixels.transcode(ds, "RLELossless")
        stream = bytearray(filmless.file.encode(ds))
        at = stream.rindex(bytes([0xFE, 0xFF, 0x00, 0xE0]), 0, len(stream) - 100)
        stream[at + 8 + 64 : at + 8 + 400] = bytes([0x7F]) * 336
        Path(f"in/{number}.dcm").write_bytes(stream)
    result = invoke("convert", "in", "-o", "a.pdf", "--captions", "", "--report", "report.json")
    assert result.exit_code == 1
    for number in (1, 2, 4):
        assert f"in/{number}.dcm" not in result.stderr
    for number in (3, 5):
        assert f"in in/{number}.dcm" in result.stderr
    assert result.stderr.splitlines()[-1] == "filmless: converted 3, failed 2"
    with pypdfium2.PdfDocument("a.pdf") as pdf:
        assert len(pdf) == 3
    told = json.loads(Path("report.json").read_text())["files"]
    assert [one["status"] for one in told] == ["converted", "converted", "failed", "converted", "failed"]
    for number in (1, 2, 4):
        Path(f"in/{number}.dcm").unlink()
    result = invoke("convert", "in", "-o", "b.pdf")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "filmless: failed 2"
    assert not Path("b.pdf").exists()


def test_options_of_headers_are_handed_on(invoke, monkeypatch) -> None:
    given: dict[str, object] = {}

    def convert_many(sources, output, **options):
        given.update(options)
        yield from ()

    monkeypatch.setattr("filmless.convert.many.convert_many", convert_many)
    Path("a.pdf").write_bytes(b"%PDF-1.4")
    arguments = ["--study", "folder", "--series", "file", "--uid-root", "1.2.3", "--deterministic", "--exif"]
    arguments += ["--csv", "a.csv", "--csv-key", "file", "--template", "t.json", "--worklist", "w.dcm"]
    arguments += ["--csv-encoding", "cp1252", "--csv-delimiter", ";", "--exif-description"]
    arguments += ["--worklist-match", "AccessionNumber=4711", "--name-pattern", "{PatientID}_*", "--sop-class", "VL"]
    arguments += ["--set", "PatientID=7", "--apart", "--as-images", "--dpi", "300", "--size", "99", "--verify"]
    arguments += ["--max-pixels", "100", "--background", "1,2,3", "--strip-metadata", "--transfer-syntax", "j2k-lossy"]
    arguments += ["--quality", "50", "--layout", "study", "--copy-dicom", "--force", "--resume", "--threads", "3"]
    invoke("convert", "a.pdf", "-o", "out/", *arguments)
    expected: dict[str, object] = {"study": "folder", "series": "file", "uid_root": "1.2.3", "deterministic": True}
    expected |= {"exif": True, "table": "a.csv", "table_key": "file", "template": "t.json", "worklist": "w.dcm"}
    expected |= {"table_encoding": "cp1252", "table_delimiter": ";", "exif_description": True}
    expected |= {"sop_class": "VL", "worklist_match": {"AccessionNumber": "4711"}, "name_pattern": "{PatientID}_*"}
    expected |= {"values": {"PatientID": "7"}, "apart": True, "as_images": True, "dpi": 300.0, "size": 99}
    expected |= {"verify": True, "max_pixels": 100, "background": (1, 2, 3), "strip_metadata": True}
    expected |= {"transfer_syntax": "1.2.840.10008.1.2.4.91", "quality": 50.0, "layout": "study", "copy_dicom": True}
    assert given == expected | {"force": True, "resume": True, "threads": 3}


def test_messages_name_options_as_they_are_typed(invoke) -> None:
    picture("a.png")
    Path("t.csv").write_text("name,PatientID\na.png,1\n")
    result = invoke("convert", "a.png", "-o", "a.dcm", "--csv", "t.csv")
    assert result.exit_code == 2
    assert "hint: --csv-key names it" in result.stderr
    result = invoke("convert", "a.png", "-o", "a.dcm", "--sop-class", "Foo")
    assert result.stderr.startswith("filmless: --sop-class `Foo` is none")
    result = invoke("convert", "a.png", "-o", "a.dcm", "--csv", "t.csv", "--csv-key", "name")
    assert (result.exit_code, filmless.read("a.dcm").PatientID) == (0, "1")


def test_names_of_files_do_not_move_the_cursor(invoke) -> None:
    Path("in").mkdir()
    Path("in/ev\x1b[2Jil\n.png").write_bytes(b"bad")
    Path(os.fsdecode(b"in/\xff.png")).write_bytes(b"bad")
    result = invoke("convert", "in", "-o", "out", "--report", "report.json")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 3
    assert "\x1b" not in result.stderr
    assert len(json.loads(Path("report.json").read_text())["files"]) == 2


def test_help_fits_a_terminal(invoke) -> None:
    shown = CliRunner().invoke(program, ["convert", "--help"], terminal_width=80).stdout
    assert max(map(len, shown.splitlines())) <= 80
    for title in ("What and where", "To DICOM", "Header, to DICOM", "Either way", "From DICOM", "Many files"):
        assert f"\n{title}:\n" in shown
    assert "tiff       TIFF, a page a frame" in shown
