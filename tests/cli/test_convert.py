"""`filmless convert`: the direction, and where conversions go."""

import io
import shutil
from pathlib import Path, PurePath

import numpy as np
import pytest
from PIL import Image

import filmless
from filmless.convert.destinations import Folder
from filmless.convert.parallel import in_order
from filmless.convert.sources import files
from filmless.errors import CodecError
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
    result = invoke("convert", "picture.dcm", "dicom.png", "bare", "-o", "out")
    assert result.exit_code == 0
    passed_over = "filmless: 2 files were passed over: already DICOM (dicom.png, bare)"
    lines = [passed_over, "filmless: converted 1, skipped 2"]
    assert result.stderr.splitlines() == lines
    assert [path.name for path in Path("out").iterdir()] == ["picture.dcm"]
    assert invoke("convert", "dicom.png", "bare", "-o", "out").exit_code == 0
    assert filmless.read("out/picture.dcm").Rows == 448
    assert picture("out/dicom.png").size == picture("out/bare.png").size == (128, 128)


def test_names_never_meet(invoke) -> None:
    for name in ("a/scan.png", "b/scan.png", "b/SCAN.bmp", "b/c/scan.png"):
        Path(name).parent.mkdir(exist_ok=True, parents=True)
        Image.new("L", (8, 8)).save(name)
    result = invoke("convert", "a/scan.png", "b/scan.png", "b/SCAN.bmp", "-o", "many")
    assert (result.exit_code, result.stderr) == (0, "filmless: converted 3\n")
    assert sorted(path.name for path in Path("many").iterdir()) == ["SCAN-3.dcm", "scan-2.dcm", "scan.dcm"]
    assert invoke("convert", "b", "-o", "b/out").exit_code == 0
    written = {path.relative_to("b/out").as_posix() for path in Path("b/out").rglob("*.dcm")}
    assert written == {"SCAN.dcm", "c/scan.dcm", "scan-2.dcm"}
    again = invoke("convert", "b", "-o", "b/out", "--force")
    assert again.exit_code == 0
    assert {path.relative_to("b/out").as_posix() for path in Path("b/out").rglob("*.dcm")} == written
    before = {name: Path("b/out", name).read_bytes() for name in written}
    assert invoke("convert", "b", "-o", "b/out").exit_code == 0
    after = {path.relative_to("b/out").as_posix(): path.read_bytes() for path in Path("b/out").rglob("*.dcm")}
    assert after.keys() - written == {"SCAN-2.dcm", "c/scan-2.dcm", "scan-3.dcm"}
    assert before.items() <= after.items()


def test_no_source_is_written_over(invoke) -> None:
    source = (EXAMPLES / "head.png").read_bytes()
    Path("a.dcm").write_bytes(source)
    assert invoke("convert", "a.dcm", "-o", "a.dcm").exit_code == 2
    assert invoke("convert", "a.dcm", "-o", ".").exit_code == 0
    assert Path("a.dcm").read_bytes() == source
    assert filmless.read("a-2.dcm").Rows == 448


def test_uids_as_names_are_kept_whole(tmp_path: Path) -> None:
    folder = Folder(tmp_path, ())
    names = [folder.name_for(PurePath(name), ".png").name for name in ("1.2.840.1", "1.2.840.2", "IM1", "a.DCM")]
    assert names == ["1.2.840.1.png", "1.2.840.2.png", "IM1.png", "a.png"]


def test_the_folder_written_to_is_not_read(tmp_path: Path) -> None:
    for name in ("a.png", "out/b.png", "outer/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = files([str(tmp_path)], leave_out=tmp_path / "out")
    assert [source.relative.as_posix() for source in found] == ["a.png", "outer/c.png"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["head.png", "-o", "a.png"],
        ["ct.dcm", "-o", "a.dcm"],
        ["ct.dcm", "-o", "a.emf"],
        ["ct.dcm", "-o", "a.jpg", "--level", "3"],
        ["ct.dcm", "-o", "a.png", "--study", "folder"],
        ["ct.dcm", "-o", "a.png", "--resume"],
        ["head.png", "-o", "a.dcm", "--force"],
        ["head.png", "-o", "a.dcm", "--transfer-syntax", "j3k"],
        ["head.png", "-o", "a.dcm", "--background", "red"],
        ["head.png", "-o", "a.dcm", "--quality", "50"],
        ["head.png", "-o", "a.dcm", "--to", "dicm"],
        ["head.png", "-o", "a.jpg"],
        ["-", "head.png", "-o", "out"],
        ["ct.dcm", "-o", "a.png", "--set", "PatientID=1"],
        ["ct.dcm", "-o", "a.png", "--strip-metadata"],
        ["ct.dcm", "-o", "a.png", "--window", "40"],
        ["ct.dcm", "-o", "a.png", "--window", "40,0"],
        ["ct.dcm", "-o", "a.png", "--window", "40,nan"],
        ["ct.dcm", "-o", "a.png", "--window", "nan,4"],
        ["ct.dcm", "-o", "a.png", "--window", "inf,1"],
        ["ct.dcm", "-o", "a.png", "--window", "1,inf"],
        ["ct.dcm", "-o", "a.png", "--depth", "16", "--icc"],
        ["ct.dcm", "-o", "a.png", "--window", "40,400", "--depth", "16"],
        ["ct.dcm", "-o", "a.png", "--frame", "-1"],
        ["ct.dcm", "-o", "a.png", "--frame", "3-2"],
        ["ct.dcm", "-o", "a.png", "--frame", "1-"],
        ["ct.dcm", "-o", "a.png", "--frame", "every"],
        ["ct.dcm", "-o", "a.png", "--voi", "0", "--window", "full"],
        ["ct.dcm", "-o", "a.png", "--depth", "16", "--no-overlays"],
        ["ct.dcm", "-o", "a.png", "--depth", "16", "--size", "9"],
        ["ct.dcm", "-o", "a.png", "--size", "0"],
        ["ct.dcm", "-o", "a.png", "--level", "13"],
        ["ct.dcm", "-o", "a.png", "--to", "jpeg"],
        ["ct.dcm", "-o", "a.png", "--presentation-state", "ct.dcm"],
        ["head.png", "-o", "a.dcm", "--to", "png"],
        ["head.png", "-o", "a.dcm", "--level", "3"],
        ["head.png", "-o", "a.dcm", "--no-overlays"],
        ["head.png", "-o", "a.dcm", "--frame", "1"],
        ["head.png", "-o", "a.dcm", "--set", "Rows=1"],
        ["head.png", "-o", "a.dcm", "--set", "PatienName=1"],
        ["head.png", "ct.dcm", "-o", "head.png"],
        ["head.png", "-o", "a.zip"],
        ["head.png", "ct.dcm", "-o", "a.zip"],
        ["ct.dcm", "-o", "a.ZIP", "--to", "png"],
        ["head.png", "head.png", "-o", "a.dcm"],
        ["ct.dcm", "ct.dcm", "-o", "a.png"],
        ["ct.dcm", "-o", "a.xyz"],
        ["head.png", "-o", "a.dcm", "--set", "PatientID=1", "--set", "PatientID=2"],
        ["head.png", "-o", "a.dcm", "--set", "PatientID=1", "--set", "0010,0020=2"],
        ["head.png", "-o", "a.dcm", "--set", "AnatomicRegionSequence=Eye"],
        ["head.png", "-o", "a.dcm", "--max-members", "0"],
        ["head.png", "-o", "a.dcm", "--report", "."],
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


def _frames(path: str, count: int, *, rows: int = 6) -> None:
    array = np.arange(count, dtype=np.uint8)[:, None, None] * 10 + np.zeros((rows, 5), np.uint8)
    filmless.convert.to_dicom(array).save_as(path)


def test_frames_become_numbered_files(invoke) -> None:
    _frames("many.dcm", 12)
    assert invoke("convert", "many.dcm", "-o", "a.png", "--frame", "all", "--window", "full").exit_code == 0
    names = sorted(path.name for path in Path().glob("a*"))
    assert names == [f"a.{frame:03}.png" for frame in range(12)]
    assert [picture(name).getpixel((0, 0)) for name in names] == [frame * 10 for frame in range(12)]
    assert invoke("convert", "many.dcm", "-o", "some.png", "--frame", "3-4", "--window", "full").exit_code == 0
    assert {path.name for path in Path().glob("some*")} == {"some.003.png", "some.004.png"}
    assert picture("some.004.png").getpixel((0, 0)) == 40
    assert invoke("convert", "many.dcm", "-o", "one.png", "--frame", "7", "--window", "full").exit_code == 0
    assert picture("one.png").getpixel((0, 0)) == 70


def test_frames_of_a_folder(invoke, ct: Path) -> None:
    Path("in").mkdir()
    _frames("in/many.dcm", 3)
    _frames("in/few.dcm", 2)
    shutil.copy(ct, "in/single.dcm")
    shutil.copy(ct, "in/many.001.dcm")  # a name that a frame would like to have
    result = invoke("convert", "in", "-o", "out", "--frame", "all", "--to", "png")
    assert (result.exit_code, result.stderr) == (0, "filmless: converted 4\n")
    names = {path.name: picture(str(path)).size for path in Path("out").iterdir()}
    assert names == {
        **dict.fromkeys(["few.000.png", "few.001.png", "many.000.png", "many-2.001.png", "many.002.png"], (5, 6)),
        **dict.fromkeys(["many.001.png", "single.png"], (128, 128)),
    }
    shutil.rmtree("out")
    result = invoke("convert", "in", "-o", "out", "--frame", "0-2")
    assert result.exit_code == 1
    assert "frame 2 does not exist, expected 0 to 1, in in/few.dcm" in result.stderr.replace("\n", ", ")
    assert result.stderr.endswith("filmless: converted 1, failed 3\n")
    assert {path.name for path in Path("out").glob("*.png")} == {"many.000.png", "many.001.png", "many.002.png"}


def test_frames_that_are_cut_off_are_told_of_once(invoke) -> None:
    _frames("many.dcm", 4)
    dataset = filmless.read("many.dcm")
    dataset.NumberOfFrames = 1_000_000
    dataset.save_as("lying.dcm")
    result = invoke("convert", "lying.dcm", "-o", "a.png", "--frame", "all")
    assert result.exit_code == 1
    assert result.stderr.count("filmless: ") == 1
    assert not list(Path().glob("a*"))


def test_one_frame_of_a_file_may_be_damaged(invoke, ct: Path, monkeypatch) -> None:
    def render(frames: object, ds: filmless.Dataset, frame: int, **options: object) -> np.ndarray:
        if frame == 1:
            raise CodecError("a frame is damaged", frame=frame)
        return np.zeros((4, 4), np.uint8)

    monkeypatch.setattr("filmless.convert.out.source.render_of", render)
    _frames("many.dcm", 3)
    result = invoke("convert", "many.dcm", ct, "-o", "out", "--frame", "all")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "filmless: converted 1, failed 1"
    assert {path.name for path in Path("out").glob("*.png")} == {"CT_small.png", "many.000.png", "many.002.png"}


def test_options_of_rendering_are_handed_on(invoke, ct: Path, monkeypatch) -> None:
    given = []

    def render(frames: object, ds: filmless.Dataset, frame: int, **options: object) -> np.ndarray:
        usual = {"window": None, "voi": None, "presentation_state": None, "overlays": True, "size": None, "icc": False}
        given.append({name: value for name, value in options.items() if value is not usual[name]})
        return np.zeros((4, 4), np.uint8)

    monkeypatch.setattr("filmless.convert.out.source.render_of", render)
    state = filmless.read(ct)
    state.SOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"
    state.save_as("state.dcm")
    for arguments in (["--voi", "1"], ["--voi", "BONE"], ["--no-overlays"], ["--icc"], ["--window", "full"], []):
        assert invoke("convert", ct, "-o", "a.png", *arguments).exit_code == 0
    assert given == [{"voi": 1}, {"voi": "BONE"}, {"overlays": False}, {"icc": True}, {"window": "full"}, {}]
    assert invoke("convert", ct, "-o", "a.png", "--presentation-state", "state.dcm").exit_code == 0
    assert invoke("convert", ct, "-o", "a.png", "--size", "64").exit_code == 0
    assert given.pop() == {"size": 64}
    assert given[-1]["presentation_state"].ds.SOPClassUID == state.SOPClassUID


def test_a_presentation_state(invoke, ct: Path) -> None:
    image = filmless.read(ct)
    referenced = {"ReferencedSOPClassUID": image.SOPClassUID, "ReferencedSOPInstanceUID": image.SOPInstanceUID}
    series = {"SeriesInstanceUID": image.SeriesInstanceUID}
    window = {"WindowCenter": 40, "WindowWidth": 400}
    rescale = {"RescaleIntercept": image.RescaleIntercept, "RescaleSlope": 1, "RescaleType": "HU"}
    state = filmless.Dataset(
        {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1",
            "SOPInstanceUID": filmless.generate_uid(),
            "SoftcopyVOILUTSequence": [filmless.Dataset(window)],
            "PresentationLUTShape": "INVERSE",
            **rescale,
        }
    )
    images = [filmless.Dataset(referenced)]
    state.ReferencedSeriesSequence = [filmless.Dataset({**series, "ReferencedImageSequence": images})]
    state.save_as("state.dcm")
    assert invoke("convert", ct, "-o", "plain.png", "--window", "40,400").exit_code == 0
    result = invoke("convert", ct, "-o", "a.png", "--presentation-state", "state.dcm")
    assert (result.exit_code, result.stderr) == (0, "")
    drawn, plain = (np.asarray(picture(name)).astype(int) for name in ("a.png", "plain.png"))
    assert np.abs(255 - drawn - plain).max() <= 1
    state.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID = "1.2.3"
    state.save_as("state.dcm")
    for command in (["convert", ct, "-o", "a.png"], ["show", ct]):
        result = invoke(*command, "--presentation-state", "state.dcm")
        assert result.exit_code == 0
        assert result.stderr == f"filmless: {ct}: the presentation state was made for other images\n"


def test_level_makes_files_smaller(invoke, ct: Path) -> None:
    sizes = []
    for level in (0, 1, 6, 12):
        assert invoke("convert", ct, "-o", "a.png", "--level", level).exit_code == 0
        sizes.append(Path("a.png").stat().st_size)
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 4


def test_notices_come_in_the_order_of_files(invoke) -> None:
    for number in range(40):
        _frames(f"{number:02}.dcm", 2, rows=300 if number % 7 == 0 else 2)
    result = invoke("convert", *sorted(Path().glob("*.dcm")), "-o", "out")
    *notices, last = [line for line in result.stderr.splitlines() if line.startswith("filmless: ")]
    assert last == "filmless: converted 40"
    assert notices == [f"filmless: {number:02}.dcm: the first of 2 frames" for number in range(40)]


def test_tasks_are_taken_a_few_ahead() -> None:
    taken = []

    def tasks():
        for number in range(1000):
            taken.append(number)
            yield number

    for number, (task, outcome) in enumerate(in_order(str, tasks(), threads=2)):
        assert (task, outcome.result()) == (number, str(number))
        assert len(taken) < number + 20
    assert len(taken) == 1000


@pytest.mark.parametrize("more", [[], ["--frame", "all"]])
def test_what_a_folder_holds_beside_images_is_passed_over(invoke, ct: Path, pydicom_files, more: list[str]) -> None:
    by_name = {path.name: path for path in pydicom_files}
    Path("in").mkdir()
    for path in (ct, by_name["reportsi.dcm"], by_name["rtplan.dcm"]):
        shutil.copy(path, "in")
    result = invoke("convert", "in", "-o", "out", "--to", "png", *more)
    assert result.exit_code == 0
    lines = [
        "filmless: 2 files were passed over: without pixels (in/reportsi.dcm, in/rtplan.dcm)",
        "filmless: converted 1, skipped 2",
    ]
    assert result.stderr.splitlines() == lines
    assert [path.name for path in Path("out").iterdir()] == ["CT_small.png"]
    result = invoke("convert", "in/rtplan.dcm", "-o", "out", "--to", "png", *more)
    assert result.exit_code == 1
    assert "there is no pixel data" in result.stderr
    Path("in/notes.txt").write_text("nothing")
    result = invoke("convert", "in", "-o", "out", "--to", "png", *more)
    assert result.exit_code == 0
    assert "filmless: 1 file was passed over: no DICOM (in/" in result.stderr
    result = invoke("convert", "in/notes.txt", "-o", "a.png", "--to", "png", *more)
    assert result.exit_code == 1
    assert result.stderr == "filmless: this is not DICOM, which becomes png, in in/notes.txt\n"


def test_stored_values_of_nothing(invoke, pydicom_files) -> None:
    plan = next(path for path in pydicom_files if path.name == "rtplan.dcm")
    result = invoke("convert", plan, "-o", "a.png", "--depth", "16")
    assert result.exit_code == 1
    assert "there is no pixel data" in result.stderr


def test_a_state_that_cannot_be_read_is_named(invoke, ct: Path) -> None:
    Path("bad.dcm").write_bytes(b"nothing" * 99)
    blending = filmless.Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.4", "SOPInstanceUID": "1.2.3"})
    blending.save_as("blending.dcm")
    for name in ("nope.dcm", "bad.dcm", "blending.dcm"):
        for command in (["convert", ct, "-o", "a.png"], ["show", ct]):
            result = invoke(*command, "--presentation-state", name)
            assert result.exit_code == 1
            assert name in result.stderr
            assert str(ct) not in result.stderr
    result = invoke("show", ct, "--presentation-state", ct)
    assert result.exit_code == 2
    assert str(ct) in result.stderr
