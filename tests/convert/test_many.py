"""Many sources in one run: what they are, what they are called, what becomes of each."""

import io
import os
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import filmless
from filmless.convert.content import Picture
from filmless.convert.conversion import Conversion
from filmless.convert.destinations import Folder, OneFile
from filmless.convert.many import convert_many
from filmless.convert.report import Report
from filmless.convert.sources import items
from filmless.errors import ConversionError, UnsupportedError
from filmless.file._natural_order import natural_key

UNKNOWN = "of no known format"


def picture(path: str | Path, level: int = 0) -> Path:
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (4, 3), level).save(path, "PNG")
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ct(pydicom_files: list[Path]) -> Path:
    return next(path for path in pydicom_files if path.name == "CT_small.dcm")


def written(folder: str = "out") -> set[str]:
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}


def told(conversions: Iterator[Conversion]) -> dict[str, tuple[str, str | None]]:
    return {one.source: (one.status, one.reason or (one.error and str(one.error).split(":")[0])) for one in conversions}


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes and links")
@pytest.mark.parametrize("threads", [1, 3])
def test_a_folder_of_all_sorts(here: Path, ct: Path, threads: int) -> None:
    for name in ("img10.png", "img2.png", "IMG1.png", "sub/deep/a.jpg", "sub/b.dcm"):
        picture(f"in/{name}")
    Path("in/notes.txt").write_text("nothing")
    Path("in/empty.png").touch()
    Path("in/empty").touch()
    Path("in/bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    Path("in/junk.tif").write_bytes(b"junk" * 99)
    Path("in/._img2.png").write_bytes(b"left about by a system")
    Path("in/real.jpg").write_bytes(ct.read_bytes())
    Path("in/link.png").symlink_to("img2.png")
    Path("in/dead.png").symlink_to("nowhere")
    Path("in/sub/up").symlink_to("..")
    os.mkfifo("in/pipe.png")
    found = list(convert_many("in", "out", threads=threads))
    assert [one.source for one in found] == [
        *("in/._img2.png", "in/bad.png", "in/dead.png", "in/empty", "in/empty.png", "in/IMG1.png", "in/img2.png"),
        *("in/img10.png", "in/junk.tif", "in/link.png", "in/notes.txt", "in/pipe.png", "in/real.jpg"),
        *("in/sub/b.dcm", "in/sub/up", "in/sub/deep/a.jpg"),
    ]
    by_source = {one.source.removeprefix("in/"): one for one in found}
    skipped = {name: one.reason for name, one in by_source.items() if one.status == "skipped"}
    assert skipped == {
        "._img2.png": UNKNOWN,
        "notes.txt": UNKNOWN,
        "empty": "empty",
        "pipe.png": "no regular file",
        "real.jpg": "already DICOM",
        "sub/up": "a link to a folder",
    }
    failed = {name for name, one in by_source.items() if one.status == "failed"}
    assert failed == {"bad.png", "dead.png", "empty.png", "junk.tif"}
    assert all(by_source[name].error is not None and by_source[name].target is None for name in failed)
    names = {"IMG1.dcm", "img2.dcm", "img10.dcm", "link.dcm", "sub/b.dcm", "sub/deep/a.dcm"}
    assert written() - {".filmless-convert.jsonl"} == names
    assert all(filmless.read(f"out/{name}").Columns == 4 for name in names)


def test_unknown_files_that_are_named_fail(here: Path, ct: Path) -> None:
    Path("notes.txt").write_text("nothing")
    found = list(convert_many(["notes.txt", "nowhere.png", ct], "out"))
    assert [one.status for one in found] == ["failed", "failed", "skipped"]
    assert isinstance(found[0].error, ConversionError)
    assert str(found[0].error).endswith("in notes.txt")
    assert isinstance(found[1].error, FileNotFoundError)


def test_sources_of_all_kinds(here: Path) -> None:
    path = picture("a.png", 1)
    data = path.read_bytes()

    def several() -> Iterator[object]:
        yield path
        yield str(path)
        yield data
        yield bytearray(data)
        yield io.BytesIO(data)
        with path.open("rb") as file:  # closed when the next one is asked for
            yield file
        yield Image.new("L", (4, 3), 1)
        yield np.full((3, 4), 1, np.uint8)

    found = list(convert_many(several()))
    assert [one.status for one in found] == ["converted"] * 8, found
    assert all(one.target is None for one in found)
    assert {one.dataset.pixel_array.tobytes() for one in found if one.dataset is not None} == {b"\1" * 12}
    assert [one.source for one in found[2:5]] == ["source 3", "source 4", "source 5"]
    for one in (path, data, io.BytesIO(data), Image.new("L", (4, 3)), np.zeros((3, 4), np.uint8)):
        assert [found.status for found in convert_many(one)] == ["converted"]


def test_sources_that_are_none(here: Path) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError(5, "broken")

    found = list(convert_many([3, io.StringIO("text"), Broken(), None]))
    assert [type(one.error) for one in found] == [TypeError, TypeError, OSError, TypeError]
    assert list(convert_many([])) == []


def test_sources_are_taken_a_few_ahead(here: Path) -> None:
    taken = []

    def several() -> Iterator[np.ndarray]:
        for number in range(400):
            taken.append(number)
            yield np.full((3, 4), number % 256, np.uint8)

    for number, one in enumerate(convert_many(several(), threads=2)):
        assert one.dataset is not None
        assert one.dataset.pixel_array[0, 0] == number % 256
        assert len(taken) <= number + 30
    assert len(taken) == 400


def test_contents_are_not_held(here: Path) -> None:
    def several() -> Iterator[np.ndarray]:
        for _ in range(60):
            yield np.zeros((1 << 10, 1 << 10), np.uint8)

    tracemalloc.start()
    try:
        for one in convert_many(several(), "out", threads=1):
            assert one.status == "converted"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


def test_one_bad_source_does_not_stop_the_rest(here: Path, monkeypatch) -> None:
    def data_set(self, content, origin, **rest):
        if origin.number == 2:
            raise MemoryError
        return make(self, content, origin, **rest)

    make = filmless.convert.header.HeaderRules.data_set
    monkeypatch.setattr("filmless.convert.header.HeaderRules.data_set", data_set)
    found = list(convert_many([np.zeros((2, 2), np.uint8)] * 3))
    assert [one.status for one in found] == ["converted", "failed", "converted"]
    assert isinstance(found[1].error, MemoryError)


def test_what_cannot_be_written_fails_alone(here: Path) -> None:
    for name in ("in/a.png", "in/sub/b.png", "in/c.png"):
        picture(name)
    Path("out").mkdir()
    Path("out/sub").write_text("a file where a folder is needed")
    found = list(convert_many("in", "out"))
    assert [one.status for one in found] == ["converted", "converted", "failed"]
    assert isinstance(found[2].error, OSError)
    assert Path("out/sub").read_text().startswith("a file")


def test_names_never_meet(here: Path) -> None:
    for name in ("a/scan.png", "a/Scan.bmp", "a/SCAN", "b/scan.png", "b/scan-2.png", "b/scan.dcm"):
        picture(name)
    Path("out").mkdir()
    Path("out/scan.dcm").write_bytes(b"was here")
    found = list(convert_many(["a", *sorted(Path("b").iterdir())], "out"))
    assert {one.status for one in found} == {"converted"}
    assert len({str(one.target).casefold() for one in found}) == 6
    assert Path("out/scan.dcm").read_bytes() == b"was here"


def test_force_writes_over_all_but_sources(here: Path) -> None:
    picture("a.png")
    source = picture("a.dcm").read_bytes()
    Path("b.dcm").write_bytes(b"was here")
    picture("b.png")
    found = list(convert_many(["a.png", "a.dcm", "b.png"], ".", force=True))
    assert [str(one.target) for one in found] == ["a-2.dcm", "a-3.dcm", "b.dcm"]
    assert Path("a.dcm").read_bytes() == source
    assert filmless.read("b.dcm").Rows == 3


def test_force_needs_to_know_the_sources(here: Path) -> None:
    picture("in/a.png")
    with pytest.raises(ValueError, match="gone through twice"):
        convert_many(Path("in").iterdir(), "in", force=True)
    with Path("in/a.png").open("rb") as stream:  # which can be iterated, and is one source
        assert [one.status for one in convert_many(stream, "out", force=True)] == ["converted"]


def test_names_of_many_that_are_the_same_are_found_at_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    names = [folder.name_for(Path("scan.png"), ".dcm").name for _ in range(5000)]
    assert names[:2] == ["scan.dcm", "scan-2.dcm"]
    assert names[-1] == "scan-5000.dcm"


def test_names_that_differ_by_composition_or_length(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.name_for(Path("é.png"), ".dcm").name == "é.dcm"
    assert folder.name_for(Path("é.png"), ".dcm").name == "é-2.dcm"
    long = [folder.name_for(Path("ü" * 125 + end), ".dcm") for end in ("1234", "1235", "1234.png")]
    assert len({path.name for path in long}) == 3
    assert all(len(path.name.encode()) <= 255 for path in long)
    assert OneFile(Path("a/b.c")).name_for(Path("x"), ".png", ".007") == Path("a/b.007.c")


def test_natural_order() -> None:
    names = ["img10", "img9", "img09", "IMG1", "img", "a2b10", "a2b9", "9" * 5000, "10", "9"]
    expected = ["9", "10", "9" * 5000, "a2b9", "a2b10", "img", "IMG1", "img09", "img9", "img10"]
    assert sorted(names, key=natural_key) == expected


@pytest.mark.parametrize("threads", [1, 4])
def test_numbers_go_up_in_natural_order(here: Path, monkeypatch, threads: int) -> None:
    for name in ("a/10.png", "a/9.png", "b/1.png", "b/2.png", "1.png"):
        picture(f"in/{name}")
    Path("in/b/bad.png").write_bytes(b"bad")
    Path("in/b/aside.txt").write_bytes(b"nothing")
    last = threading.Event()
    origins = {}

    def data_set(self, content, origin, **rest):
        if threads > 1 and origin.number == 1:
            last.wait(10)  # the first one is made last
        elif origin.number == 5:
            last.set()
        origins[origin.path] = origin
        return make(self, content, origin, **rest)

    make = filmless.convert.header.HeaderRules.data_set
    monkeypatch.setattr("filmless.convert.header.HeaderRules.data_set", data_set)
    list(convert_many("in", "out", threads=threads))
    numbers = {
        path: (origin.number, origin.folder_number, origin.number_in_folder, origin.file_number, origin.folder)
        for path, origin in origins.items()
    }
    assert numbers == {
        "in/1.png": (1, 1, 1, 1, ""),
        "in/a/9.png": (2, 2, 1, 2, "a"),
        "in/a/10.png": (3, 2, 2, 3, "a"),
        "in/b/1.png": (4, 3, 1, 4, "b"),
        "in/b/2.png": (5, 3, 2, 5, "b"),
    }


def test_parts_of_a_source(here: Path, monkeypatch) -> None:
    def contents(source, options) -> list[Picture]:
        wide = (4, 5, 6) if str(source) == "in/a.tif" else (4,)
        return [Picture.of_samples(np.zeros((3, columns), np.uint8)) for columns in wide]

    monkeypatch.setattr("filmless.convert.pieces.contents", contents)
    for name in ("in/a.tif", "in/b.png", "in/a.002.png"):
        picture(name)
    found = list(convert_many("in", "out"))
    assert [(one.part, one.parts) for one in found] == [(0, 1), (0, 3), (1, 3), (2, 3), (0, 1)]
    names = [one.target.name for one in found if one.target is not None]
    assert names == ["a.002.dcm", "a.001.dcm", "a-2.002.dcm", "a.003.dcm", "b.dcm"]
    assert [filmless.read(f"out/{name}").Columns for name in names] == [4, 4, 5, 6, 4]
    report = Report()
    for one in found:
        report.add(one)
    assert report.summary() == "converted 3"


def test_layouts(here: Path) -> None:
    picture("in/a.png", 1)
    picture("in/b.png", 2)
    for layout in ("uid", "study"):
        for one in convert_many("in", layout, layout=layout):
            assert one.target is not None
            ds = filmless.read(one.target)
            parts = [ds.StudyInstanceUID, ds.SeriesInstanceUID] if layout == "study" else []
            assert one.target == Path(layout, *parts, f"{ds.SOPInstanceUID}.dcm")


def test_compressed_as_asked(here: Path, ct: Path) -> None:
    picture("a.png", 7)
    for syntax, options in (("JPEGLSLossless", {}), ("JPEG2000", {"quality": 90}), ("RLELossless", {})):
        (one,) = convert_many("a.png", transfer_syntax=syntax, **options)
        assert one.dataset is not None
        assert filmless._core.transfer_syntax(one.dataset.file_meta.TransferSyntaxUID)["keyword"] == syntax
        assert abs(int(one.dataset.pixel_array[0, 0]) - 7) < 3


def test_dicom_is_copied_as_asked(here: Path, ct: Path) -> None:
    picture("in/a.png")
    Path("in/ct").write_bytes(ct.read_bytes())
    found = list(convert_many("in", "out", copy_dicom=True))
    assert [one.status for one in found] == ["converted", "converted"]
    assert Path("out/ct").read_bytes() == ct.read_bytes()


def test_out_of_dicom(here: Path, ct: Path) -> None:
    picture("in/a.png")
    Path("in/ct").write_bytes(ct.read_bytes())
    Path("in/notes.txt").write_text("nothing")
    Path("in/bad.dcm").write_text("nothing")
    found = told(convert_many(["in", np.zeros((2, 2))], "out", to="png", window="full"))
    assert found == {
        "in/a.png": ("skipped", "no DICOM"),
        "in/bad.dcm": ("failed", "this is not DICOM, which becomes png, in in/bad.dcm"),
        "in/ct": ("converted", None),
        "in/notes.txt": ("skipped", "no DICOM"),
        "source 2": ("skipped", "no DICOM"),
    }
    with Image.open("out/ct.png") as image:
        assert image.size == (128, 128)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"PatienName": "x"}, ConversionError),
        ({"Rows": 3}, ConversionError),
        ({"layout": "flat"}, ValueError),
        ({"threads": 0}, ValueError),
        ({"background": 256}, ValueError),
        ({"transfer_syntax": "nothing"}, ValueError),
        ({"transfer_syntax": "MPEG2MPML"}, UnsupportedError),
        ({"quality": 50}, ValueError),
        ({"quality": 50, "transfer_syntax": "RLELossless"}, ValueError),
        ({"to": "nothing"}, ConversionError),
        ({"to": "png", "fps": 3}, ConversionError),
        ({"to": "png", "PatientID": "3"}, ConversionError),
    ],
)
def test_wrong_arguments_are_refused_at_once(here: Path, options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        convert_many(picture("a.png"), "out", **options)  # type: ignore[arg-type]
    assert not Path("out").exists()
    assert not list(Path().glob("**/*.jsonl"))


def test_output_is_needed(here: Path) -> None:
    with pytest.raises(ValueError, match="output"):
        convert_many("a", to="png")
    with pytest.raises(ValueError, match="folder"):
        convert_many("a", resume=True)
    Path("file").touch()
    with pytest.raises(NotADirectoryError):
        convert_many("a", "file")


def test_a_folder_that_cannot_be_read(here: Path, monkeypatch) -> None:
    picture("in/a.png")
    picture("in/closed/b.png")
    scandir = os.scandir

    def closed(folder: str) -> object:
        if folder.endswith("closed"):
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr("filmless.convert.sources.os.scandir", closed)
    found = list(items("in"))
    assert [(item.name, type(item.error)) for item in found] == [
        ("in/a.png", type(None)),
        ("in/closed", PermissionError),
    ]


def test_deep_folders(here: Path) -> None:
    path = Path("in", *["d"] * 400, "a.png")
    picture(path)
    assert [item.name for item in items("in")] == [str(path)]
