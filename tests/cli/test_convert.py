"""`filmless convert`: the direction, and where conversions go."""

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

import filmless
from filmless.cli.destinations import Folder, Source, sources
from filmless.file import encode

EXAMPLES = Path(__file__).parents[2] / "examples"


def picture(path: str) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def test_the_content_says_what_a_file_is(invoke, ct: Path) -> None:
    shutil.copy(EXAMPLES / "head.png", "picture.dcm")
    shutil.copy(ct, "dicom.png")
    Path("bare").write_bytes(encode(filmless.read(ct), part10=False))
    assert invoke("convert", "picture.dcm", "dicom.png", "bare", "-o", "out").exit_code == 0
    assert filmless.read("out/picture.dcm").Rows == 448
    assert picture("out/dicom.png").size == picture("out/bare.png").size == (128, 128)


def test_names_never_meet(invoke) -> None:
    for name in ("a/scan.png", "b/scan.png", "b/SCAN.bmp", "b/c/scan.png"):
        Path(name).parent.mkdir(exist_ok=True, parents=True)
        Image.new("L", (8, 8)).save(name)
    result = invoke("convert", "a/scan.png", "b/scan.png", "b/SCAN.bmp", "-o", "many")
    assert (result.exit_code, result.stderr) == (0, "")
    assert sorted(path.name for path in Path("many").iterdir()) == ["SCAN-3.dcm", "scan-2.dcm", "scan.dcm"]
    assert invoke("convert", "b", "-o", "b/out").exit_code == 0
    written = {path.relative_to("b/out").as_posix() for path in Path("b/out").rglob("*.dcm")}
    assert written == {"SCAN.dcm", "c/scan.dcm", "scan-2.dcm"}
    again = invoke("convert", "b", "-o", "b/out")
    assert again.exit_code == 0
    assert {path.relative_to("b/out").as_posix() for path in Path("b/out").rglob("*.dcm")} == written


def test_no_source_is_written_over(invoke) -> None:
    source = (EXAMPLES / "head.png").read_bytes()
    Path("a.dcm").write_bytes(source)
    assert invoke("convert", "a.dcm", "-o", "a.dcm").exit_code == 2
    assert invoke("convert", "a.dcm", "-o", ".").exit_code == 0
    assert Path("a.dcm").read_bytes() == source
    assert filmless.read("a-2.dcm").Rows == 448


def test_uids_as_names_are_kept_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path, ())
    names = [
        folder.name_for(Source(name, Path(name)), ".png").name for name in ("1.2.840.1", "1.2.840.2", "IM1", "a.DCM")
    ]
    assert names == ["1.2.840.1.png", "1.2.840.2.png", "IM1.png", "a.png"]


def test_the_folder_written_to_is_not_read(tmp_path: Path) -> None:
    for name in ("a.png", "out/b.png", "outer/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = sources([str(tmp_path)], leave_out=tmp_path / "out")
    assert [source.relative.as_posix() for source in found] == ["a.png", "outer/c.png"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["head.png", "-o", "a.png"],
        ["ct.dcm", "-o", "a.dcm"],
        ["ct.dcm", "-o", "a.jpg"],
        ["ct.dcm", "-o", "a.png", "--set", "PatientID=1"],
        ["ct.dcm", "-o", "a.png", "--strip-metadata"],
        ["ct.dcm", "-o", "a.png", "--window", "40"],
        ["ct.dcm", "-o", "a.png", "--window", "40,0"],
        ["ct.dcm", "-o", "a.png", "--window", "40,nan"],
        ["ct.dcm", "-o", "a.png", "--window", "40,400", "--depth", "16"],
        ["ct.dcm", "-o", "a.png", "--frame", "-1"],
        ["head.png", "-o", "a.dcm", "--frame", "1"],
        ["head.png", "-o", "a.dcm", "--set", "Rows=1"],
        ["head.png", "-o", "a.dcm", "--set", "PatienName=1"],
        ["head.png", "ct.dcm", "-o", "head.png"],
    ],
)
def test_wrong_usage(invoke, ct: Path, arguments: list[str]) -> None:
    shutil.copy(EXAMPLES / "head.png", "head.png")
    shutil.copy(ct, "ct.dcm")
    result = invoke("convert", *arguments)
    assert result.exit_code == 2, result.stderr
    assert result.stderr.startswith("filmless: ")
    assert sorted(path.name for path in Path().iterdir()) == ["ct.dcm", "head.png"]


def test_options_reach_the_conversion(invoke, ct: Path) -> None:
    assert invoke("convert", ct, "-o", "a.png", "--window", "minmax").exit_code == 0
    assert invoke("convert", ct, "-o", "b.png", "--window", "40,1").exit_code == 0
    assert invoke("convert", ct, "-o", "c.png", "--depth", "16").exit_code == 0
    pictures = [picture(name) for name in ("a.png", "b.png", "c.png")]
    assert pictures[0].tobytes() != pictures[1].tobytes()
    assert pictures[2].mode.startswith("I")
    result = invoke("convert", ct, "-o", "d.png", "--frame", "1")
    assert result.exit_code == 1
    assert not Path("d.png").exists()


def test_what_a_jpeg_carries_is_told_and_can_be_left_out(invoke) -> None:
    exif = Image.Exif()
    exif[0x013B] = "Secret Artist"
    stream = io.BytesIO()
    Image.new("L", (16, 16)).save(stream, "JPEG", exif=exif)
    Path("a.jpg").write_bytes(stream.getvalue())
    result = invoke("convert", "a.jpg", "-o", "a.dcm")
    assert result.exit_code == 0
    assert "EXIF" in result.stderr
    assert b"Secret Artist" in Path("a.dcm").read_bytes()
    result = invoke("convert", "a.jpg", "-o", "b.dcm", "--strip-metadata")
    assert result.exit_code == 0
    assert b"Secret Artist" not in Path("b.dcm").read_bytes()
