"""`filmless transcode`: names of transfer syntaxes, where files go, and what becomes of those that cannot."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import filmless
from filmless.cli.program import program
from filmless.file._short_names import SHORT_NAMES
from filmless.pixels.targets import targets


def syntax_of(path: str | Path) -> str:
    return filmless.read(path).file_meta.TransferSyntaxUID.keyword


def test_the_table_has_every_target(invoke) -> None:
    assert sorted(SHORT_NAMES.values()) == sorted(row["keyword"] for row in targets())
    text = invoke("transcode", "--help").stdout
    assert all(f"  {short} " in text and keyword in text for short, keyword in SHORT_NAMES.items())


@pytest.mark.parametrize("name", ["jpeg-ls", "JPEG-LS", "JPEGLSLossless", "jpeglslossless", "1.2.840.10008.1.2.4.80"])
def test_a_file(invoke, ct: Path, name: str) -> None:
    result = invoke("transcode", ct, "-o", "out.dcm", "--to", name)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert syntax_of("out.dcm") == "JPEGLSLossless"
    np.testing.assert_array_equal(filmless.read("out.dcm").pixel_array, filmless.read(ct).pixel_array)
    assert Path("out.dcm").stat().st_size < ct.stat().st_size


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--to", "jpeg-lss"], "`jpeg-lss` is no transfer syntax", "did you mean jpeg-ls"),
        (["--to", "JPEG2000Losless"], "is no transfer syntax", "did you mean JPEG2000Lossless"),
        (["--to", "zzz"], "is no transfer syntax", "--help"),
        (["--to", "MPEG2MPML"], "is not written", "--help"),
        (["--to", "j2k", "--quality", "50"], "`quality` does not go with JPEG2000Lossless", "--help"),
        (["--to", "j2k-lossy", "--quality", "500"], "expected 1 to 100", "--help"),
        (["--to", "j2k-lossy", "--quality", "50", "--ratio", "5"], "not both", "--help"),
        (["--to", "rle", "--in-place"], "either -o OUT or --in-place", "--help"),
        ([], "missing option", "--help"),
    ],
)
def test_wrong_usage(invoke, ct: Path, arguments: list[str], message: str, hint: str) -> None:
    result = invoke("transcode", ct, "-o", "out.dcm", *arguments)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert message in lines[0]
    assert lines[1].startswith("hint: ")
    assert hint in lines[1]
    assert list(Path().iterdir()) == []


def test_the_input_is_written_over_only_in_place(invoke, ct: Path) -> None:
    shutil.copy(ct, "a.dcm")
    before = Path("a.dcm").read_bytes()
    result = invoke("transcode", "a.dcm", "-o", "a.dcm", "--to", "rle")
    assert (result.exit_code, Path("a.dcm").read_bytes()) == (2, before)
    assert "--in-place" in result.stderr
    assert invoke("transcode", "a.dcm", "-o", ".", "--to", "rle").exit_code == 0
    assert Path("a.dcm").read_bytes() == before
    assert syntax_of("a-2.dcm") == "RLELossless"
    assert invoke("transcode", "a.dcm", "--in-place", "--to", "rle").exit_code == 0
    assert syntax_of("a.dcm") == "RLELossless"
    assert invoke("transcode", "a.dcm", "--in-place", "--to", "explicit").exit_code == 0
    assert filmless.file.encode(filmless.read("a.dcm"), part10=False) == filmless.file.encode(
        filmless.read(ct), part10=False
    )
    assert sorted(path.name for path in Path().iterdir()) == ["a-2.dcm", "a.dcm"]


def test_a_folder(invoke, ct: Path) -> None:
    for name in ("in/IM1", "in/b/a.dcm", "in/b/c.DCM"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ct, name)
    Path("in/notes.txt").write_text("not DICOM")
    result = invoke("transcode", "in", "-o", "in/out", "--to", "j2k", "--threads", "2")
    assert result.exit_code == 1
    assert "in/notes.txt" in result.stderr.splitlines()[0]
    assert result.stderr.splitlines()[-1] == "filmless: 1 of 4 files failed"
    written = sorted(path.relative_to("in/out").as_posix() for path in Path("in/out").rglob("*") if path.is_file())
    assert written == ["IM1", "b/a.dcm", "b/c.DCM"]
    assert {syntax_of(f"in/out/{name}") for name in written} == {"JPEG2000Lossless"}
    Path("in/notes.txt").unlink()
    assert invoke("transcode", "in", "--in-place", "--to", "rle").exit_code == 0
    assert {syntax_of(path) for path in Path("in").rglob("*") if path.is_file()} == {"RLELossless"}


def test_what_cannot_be_written_leaves_nothing(invoke, pydicom_files: list[Path]) -> None:
    report = next(path for path in pydicom_files if path.name == "reportsi.dcm")
    result = invoke("transcode", report, "-o", "out.dcm", "--to", "rle")
    assert (result.exit_code, list(Path().iterdir())) == (1, [])
    assert "there is no pixel data" in result.stderr
    assert str(report) in result.stderr
    signed = next(path for path in pydicom_files if path.name == "CT_small.dcm")
    result = invoke("transcode", signed, "-o", "out.dcm", "--to", "jpeg")
    assert (result.exit_code, list(Path().iterdir())) == (1, [])
    assert " j2k," in result.stderr.splitlines()[1]
    result = invoke("transcode", signed, "-o", "out.dcm", "--to", "jpeg-ls-lossy", "--max-error", "2")
    assert (result.exit_code, list(Path().iterdir())) == (1, [])
    assert result.stderr.splitlines()[1].startswith("hint: these can: j2k-lossy, ")


def test_loss(invoke, ct: Path) -> None:
    assert invoke("transcode", ct, "-o", "a.dcm", "--to", "j2k-lossy", "--ratio", "10").exit_code == 0
    assert invoke("transcode", ct, "-o", "b.dcm", "--to", "j2k-lossy", "--quality", "30", "--keep-uid").exit_code == 0
    before, derived, kept = (filmless.read(path) for path in (ct, "a.dcm", "b.dcm"))
    assert derived.LossyImageCompression == kept.LossyImageCompression == "01"
    assert derived.SOPInstanceUID != before.SOPInstanceUID == kept.SOPInstanceUID
    assert 9 < derived.LossyImageCompressionRatio < 15


def test_without_verifying(invoke, ct: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("filmless.pixels.transcoding._verify", lambda *given: asked.append(given))
    assert invoke("transcode", ct, "-o", "a.dcm", "--to", "rle", "--no-verify").exit_code == 0
    assert asked == []
    assert invoke("transcode", ct, "-o", "a.dcm", "--to", "rle").exit_code == 0
    assert len(asked) == 1


def test_a_damaged_frame_is_named(invoke, pydicom_files: list[Path]) -> None:
    path = next(path for path in pydicom_files if path.name == "MR_small_RLE.dcm")
    ds = filmless.read(path)
    ds.PixelData = ds.PixelData[:200]
    filmless.write(ds, "bad.dcm")
    result = invoke("transcode", "bad.dcm", "-o", "out.dcm", "--to", "explicit")
    assert result.exit_code == 1
    assert "frame 0" in result.stderr
    assert not Path("out.dcm").exists()


@pytest.fixture
def study(ct: Path, pydicom_files: list[Path]) -> Path:
    """A folder with an image, a report, a file of bare elements, and the directory of a file-set."""
    by_name = {path.name: path for path in pydicom_files}
    Path("study/b").mkdir(parents=True)
    shutil.copy(ct, "study/b/ct.dcm")
    shutil.copy(by_name["reportsi.dcm"], "study/report.dcm")
    shutil.copy(by_name["rtplan.dcm"], "study/b/plan.dcm")
    directory = filmless.Dataset({"FileSetID": "A"})
    directory.DirectoryRecordSequence = []
    directory.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    directory.save_as("study/DICOMDIR")
    return Path("study")


def test_of_a_study_all_is_there(invoke, study: Path) -> None:
    result = invoke("transcode", study, "-o", "out", "--to", "jpeg-ls")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines() == [
        "filmless: 2 files without pixels were copied",
        "filmless: the DICOMDIR was left out: it no longer fits the files",
    ]
    written = sorted(path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.is_file())
    assert written == ["b/ct.dcm", "b/plan.dcm", "report.dcm"]
    for name in ("b/plan.dcm", "report.dcm"):
        assert Path("out", name).read_bytes() == (study / name).read_bytes()
    assert syntax_of("out/b/ct.dcm") == "JPEGLSLossless"


def test_in_place_only_images_are_written_over(invoke, study: Path) -> None:
    before = {name: (study / name).read_bytes() for name in ("b/plan.dcm", "report.dcm", "DICOMDIR")}
    result = invoke("transcode", study, "--in-place", "--to", "jpeg-ls")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[0] == "filmless: 2 files without pixels were passed over"
    assert before == {name: (study / name).read_bytes() for name in before}
    assert syntax_of("study/b/ct.dcm") == "JPEGLSLossless"


def test_a_file_without_pixels_that_is_named(invoke, study: Path) -> None:
    result = invoke("transcode", "study/report.dcm", "-o", "out.dcm", "--to", "jpeg-ls")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[1].startswith("hint: ")
    assert invoke("transcode", "study/report.dcm", "-o", "out.dcm", "--to", "implicit").exit_code == 0
    assert syntax_of("out.dcm") == "ImplicitVRLittleEndian"
    result = invoke("transcode", "study/DICOMDIR", "-o", "dir", "--to", "implicit")
    assert (result.exit_code, Path("dir").exists()) == (1, False)
    assert "DICOMDIR" in result.stderr.splitlines()[0]


def test_the_input_folder_is_not_written_into(invoke, ct: Path) -> None:
    Path("in/b").mkdir(parents=True)
    shutil.copy(ct, "in/a.dcm")
    for output in ("in", "in/", "./in/b/.."):
        result = invoke("transcode", "in", "-o", output, "--to", "rle")
        assert result.exit_code == 2
        assert "--in-place" in result.stderr.splitlines()[1]
    assert sorted(path.name for path in Path("in").iterdir()) == ["a.dcm", "b"]


def test_standard_input(ct: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> int:
        return CliRunner().invoke(program, ["transcode", *arguments, "--to", "rle"], input=ct.read_bytes()).exit_code

    assert call("-", "-o", "out.dcm") == 0
    assert syntax_of("out.dcm") == "RLELossless"
    assert call("-", "--in-place") == call("-", str(ct), "-o", "out") == call("-", "-o", ".") == 2
    assert [path.name for path in Path().iterdir()] == ["out.dcm"]
