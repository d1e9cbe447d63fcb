"""What the headers of a run have in common, and what tables, templates and models have to do with it."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

import filmless
from filmless.convert.many import convert_many
from filmless.errors import ConversionError

MTL = "newmtl skin\nKd 1 1 1\nmap_Kd tex/skin.png\n"
OBJ = "mtllib bone.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl skin\nf 1 2 3\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("1.png", "a/1.png", "a/2.png", "b/1.png"):
        path = Path("in", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3)).save(path)
    return tmp_path


def read(name: str) -> filmless.Dataset:
    return filmless.read(f"out/{name}.dcm")


def convert(**options: object) -> list[filmless.Dataset]:
    found = list(convert_many("in", "out", force=True, **options))  # type: ignore[arg-type]
    assert {one.status for one in found} == {"converted"}, found
    return [filmless.read(one.target) for one in found if one.target is not None]


def test_one_study_and_series_for_a_run(here: Path) -> None:
    found = convert(PatientID="7")
    assert len({ds.StudyInstanceUID for ds in found}) == 1
    assert len({ds.SeriesInstanceUID for ds in found}) == 1
    assert [ds.InstanceNumber for ds in found] == [1, 2, 3, 4]
    assert {ds.PatientID for ds in found} == {"7"}
    first = found[0].StudyInstanceUID
    assert convert(PatientID="7")[0].StudyInstanceUID != first


def test_a_series_for_each_folder(here: Path) -> None:
    found = convert(series="folder")
    assert len({ds.StudyInstanceUID for ds in found}) == 1
    assert [(ds.SeriesNumber, ds.InstanceNumber) for ds in found] == [(1, 1), (2, 1), (2, 2), (3, 1)]
    assert len({ds.SeriesInstanceUID for ds in found}) == 3


def test_studies_as_asked(here: Path) -> None:
    assert len({ds.StudyInstanceUID for ds in convert(study="folder")}) == 3
    assert len({ds.StudyInstanceUID for ds in convert(study="file", series="file")}) == 4
    assert {ds.StudyInstanceUID for ds in convert(study="1.2.3.4")} == {"1.2.3.4"}
    assert all(ds.SOPInstanceUID.startswith("1.2.3.") for ds in convert(uid_root="1.2.3"))


def test_deterministic_uids_do_not_depend_on_threads(here: Path) -> None:
    uids = [[ds.SOPInstanceUID for ds in convert(deterministic=True, threads=threads)] for threads in (1, 4)]
    assert uids[0] == uids[1]


def test_deterministic_uids_do_not_depend_on_other_files(here: Path) -> None:
    def uids(*sources: str, **options: object) -> dict[str, tuple[str, str]]:
        found = convert_many(sources, deterministic=True, **options)
        return {one.source: (one.dataset.SeriesInstanceUID, one.dataset.SOPInstanceUID) for one in found if one.dataset}

    for series in ("one", "folder", "file"):
        before = uids("in", series=series)
        shutil.copy("in/1.png", "in/0.png")
        after = uids("in", series=series)
        Path("in/0.png").unlink()
        assert len({instance for _, instance in after.values()}) == len(after) == len(before) + 1
        assert {name: after[name] for name in before} == before
    # In two folders of which each was named, with the same names and the same content.
    shutil.copytree("in/a", "in/c")
    two = uids("in/a", "in/c")
    assert len({instance for _, instance in two.values()}) == len(two) == 4
    assert two["in/a/1.png"] == uids("in/a")["in/a/1.png"]


def test_a_table(here: Path) -> None:
    Path("t.csv").write_text("file,PatientID\n1.png,A\na/1.png,B\na/2.png,C\nb/1.png,D\n")
    assert [ds.PatientID for ds in convert(table="t.csv")] == ["A", "B", "C", "D"]
    Path("t.csv").write_text("file,PatientID\nb/1.png,B\na/9.png,C\n")
    found = list(convert_many("in/a", "out2", table="t.csv"))
    assert [(one.source, one.status) for one in found] == [
        ("in/a/1.png", "failed"),
        ("in/a/2.png", "failed"),
        ("t.csv", "skipped"),
    ]
    assert found[2].reason == "2 rows of t.csv are of no file: rows 2, 3"
    Path("t.csv").write_text("file,PatientBirthDate\n1.png,31 May\n")
    with pytest.raises(ConversionError, match="row 2, column PatientBirthDate"):
        convert_many("in", "out3", table="t.csv")
    assert not Path("out3").exists()


def test_a_row_that_fits_two_files_is_found_before_either_is_written(here: Path) -> None:
    Path("t.csv").write_text("file,PatientID\n1.png,7\n2.png,8\n")
    for sources in ("in", ["in/a", "in/b"], ["in/1.png", "in/a/1.png"]):
        with pytest.raises(ConversionError, match=r"row 2 of t\.csv is that of . files of the same name"):
            convert_many(sources, "out", table="t.csv")
    assert not Path("out").exists()


def test_a_table_names_members_of_zips(here: Path) -> None:
    import zipfile

    with zipfile.ZipFile("scans.zip", "w") as archive:
        archive.write("in/1.png", "x/1.png")
    Path("t.csv").write_text("file,PatientID\nx/1.png,A\n")
    (one,) = convert_many("scans.zip", table="t.csv")
    assert one.dataset is not None
    assert one.dataset.PatientID == "A"


def models(folder: str = "in") -> None:
    Path(folder, "tex").mkdir(parents=True)
    Path(folder, "bone.mtl").write_text(MTL)
    Path(folder, "bone.obj").write_text(OBJ)
    Path(folder, "z.png").write_bytes(Path("in/1.png").read_bytes())
    Path(folder, "tex/skin.png").write_bytes(Path("in/1.png").read_bytes())


def references(name: str) -> list[str]:
    items = read(name).ReferencedInstanceSequence
    return [item.ReferencedSOPInstanceUID for item in items]


def test_models_name_what_their_files_became(here: Path) -> None:
    models("models")
    found = list(convert_many("models", "out"))
    assert [one.source for one in found][-2:] == ["models/bone.mtl", "models/bone.obj"]
    assert {one.status for one in found} == {"converted"}
    assert not any(notice.code == "missing-reference" for one in found for notice in one.notices)
    assert references("bone") == [read("tex/skin").SOPInstanceUID]
    assert references("bone-2") == [read("bone").SOPInstanceUID]


def test_models_of_a_resumed_run(here: Path) -> None:
    models("models")
    hidden = Path("models/bone.obj").rename("bone.obj")
    list(convert_many("models", "out", resume=True))
    hidden.rename("models/bone.obj")
    found = list(convert_many("models", "out", resume=True))
    assert [one.status for one in found].count("converted") == 1
    assert references("bone-2") == [read("bone").SOPInstanceUID]


def test_a_model_whose_files_are_not_there(here: Path) -> None:
    Path("bone.obj").write_text(OBJ)
    (one,) = convert_many("bone.obj")
    assert one.status == "converted"
    assert "names 1 file that is not among the sources" in map(str, one.notices)
