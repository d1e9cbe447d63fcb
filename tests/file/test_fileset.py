"""File-sets: DICOMDIRs as they are, right and wrong."""

import shutil
from pathlib import Path

import pytest
from pydicom.fileset import FileSet as Peer

import filmless
from filmless.errors import FormatError
from filmless.file import encode

KINDS = ["", "-bigEnd", "-implicit", "-nooffset", "-nopatient", "-reordered"]
LINKS = ("OffsetOfTheNextDirectoryRecord", "OffsetOfReferencedLowerLevelDirectoryEntity")


@pytest.fixture(scope="session")
def cd(wheel_file) -> Path:
    """The folder of pydicom's file-set."""
    return wheel_file("dicomdirtests/DICOMDIR").parent


@pytest.fixture
def small(tmp_path, cd) -> Path:
    """A file-set with two patients, four images and their files, in a folder of the test's own."""
    ds = filmless.Dataset({"FileSetID": "SMALL", "OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity": 0})
    ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    image = next(path for path in sorted(cd.glob("98892003/MR1/*")))
    records = []
    for patient in "AB":
        records.append(record("PATIENT", PatientID=patient, PatientName=f"{patient}^X"))
        records.append(record("STUDY", StudyInstanceUID=f"1.{ord(patient)}"))
        records.append(record("SERIES", Modality="MR", SeriesNumber=1))
        for number in "12":
            records.append(record("IMAGE", ReferencedFileID=["IMAGES", patient, f"IM{number}"], InstanceNumber=number))
            target = tmp_path / "IMAGES" / patient / f"IM{number}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, target)
    ds.DirectoryRecordSequence = records
    write_linked(ds, tmp_path / "DICOMDIR")
    return tmp_path


def record(kind: str, **values) -> filmless.Dataset:
    """A directory record, not linked yet."""
    ds = filmless.Dataset({LINKS[0]: 0, "RecordInUseFlag": 0xFFFF, LINKS[1]: 0, "DirectoryRecordType": kind})
    ds.update(values)
    return ds


def write_linked(ds: filmless.Dataset, path: Path) -> None:
    """Write a DICOMDIR with offsets that follow from the order and kinds of its records."""
    for item in ds.DirectoryRecordSequence:
        item.update(dict.fromkeys(LINKS, 0))
    ds = filmless.read(encode(ds))
    items = list(ds.DirectoryRecordSequence)
    level = {"PATIENT": 0, "STUDY": 1, "SERIES": 2}
    last: dict[int, filmless.Dataset] = {}
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = items[0]._offset
    for item in items:
        depth = level.get(item.DirectoryRecordType, 3)
        if depth in last:
            setattr(last[depth], LINKS[0], item._offset)
        elif depth:
            setattr(last[depth - 1], LINKS[1], item._offset)
        last = {key: value for key, value in last.items() if key < depth} | {depth: item}
    path.write_bytes(encode(ds))


def change(folder: Path, at: int, **values) -> None:
    """Change values of one record."""
    ds = filmless.read((folder / "DICOMDIR").read_bytes())
    for keyword, value in values.items():
        setattr(ds.DirectoryRecordSequence[at], keyword, value)
    if values.keys() & set(LINKS):
        (folder / "DICOMDIR").write_bytes(encode(ds))
    else:  # lengths may have changed
        write_linked(ds, folder / "DICOMDIR")


def offsets(folder: Path) -> list[int]:
    return [item._offset for item in filmless.read(folder / "DICOMDIR").DirectoryRecordSequence]


def codes(fileset: filmless.file.FileSet) -> list[str]:
    """Codes of what is odd beside the file itself."""
    return [finding.code for finding in fileset.findings if finding.code.startswith(("record-", "file-"))]


def shape(fileset: filmless.file.FileSet) -> list[str]:
    return [f"{record.kind}{'.' * len(record.children)}" for record in fileset.walk()]


RIGHT = ["PATIENT.", "STUDY.", "SERIES..", "IMAGE", "IMAGE"] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_real_ones_name_all_their_files(cd, kind) -> None:
    fileset = filmless.read_fileset(cd / f"DICOMDIR{kind}")
    assert len(fileset) == len(list(fileset)) == 31
    assert fileset.missing == []
    assert len(fileset.studies) == 6
    assert len(fileset.series) == 13
    assert len(fileset.patients) == (0 if kind == "-nopatient" else 2)
    assert codes(fileset) == (["record-link-wrong"] if kind == "-nopatient" else [])


@pytest.mark.parametrize("name", ["DICOMDIR", "DICOMDIR-reordered", "TINY_ALPHA/DICOMDIR"])
def test_the_tree_is_pydicoms(cd, name) -> None:
    ours, theirs = filmless.read_fileset(cd / name), Peer(cd / name)
    keys = ["PatientID", "StudyInstanceUID", "SeriesInstanceUID"]
    expected = {(str(Path(each.path).resolve()), *(str(getattr(each, key)) for key in keys)) for each in theirs}
    found = set()
    for patient in ours.patients:
        for study in patient.children:
            for series in study.children:
                above = [level.dataset.get(key) for level, key in zip((patient, study, series), keys, strict=True)]
                found |= {(str(file.path.resolve()), *map(str, above)) for file in series.files}
    theirs._stage["t"].cleanup()
    assert found == expected


def test_what_records_say_is_what_their_files_say(cd) -> None:
    fileset = filmless.read_fileset(cd)
    for patient in fileset.patients:
        for file in patient.files:
            assert file.read(stop_before_pixels=True).PatientID == patient.dataset.PatientID
            assert file.read().SOPInstanceUID == file.dataset.ReferencedSOPInstanceUIDInFile


def test_find(cd) -> None:
    fileset = filmless.read_fileset(cd)
    assert len(fileset.find("IMAGE", PatientID="98890234", Modality="CT")) == 7
    assert fileset.find("IMAGE", PatientID="nobody") == []
    assert len(fileset.find()) == 52
    assert [record.kind for record in fileset.find(Modality="CR")[:2]] == ["SERIES", "IMAGE"]
    with pytest.raises(KeyError, match="no keyword"):
        fileset.find("IMAGE", Patientid="x")


def test_an_empty_one(cd) -> None:
    fileset = filmless.read_fileset(cd / "DICOMDIR-empty.dcm")
    assert (len(fileset), fileset.records, list(fileset)) == (0, (), [])
    assert fileset


def test_repr(cd) -> None:
    text = repr(filmless.read_fileset(cd))
    assert text.startswith("FileSet of 31 files: ")
    assert "   PATIENT Doe^Peter 98890234" in text
    assert "SERIES MR 700 (7 files)" in text
    assert repr(filmless.read_fileset(cd).files[0]) == "IMAGE 77654033/CR1/6154"


def test_right_links(small) -> None:
    fileset = filmless.read_fileset(small)
    assert shape(fileset) == RIGHT
    assert codes(fileset) == []
    assert [file.path.relative_to(small).as_posix() for file in fileset][:2] == ["IMAGES/A/IM1", "IMAGES/A/IM2"]


def test_links_count_not_the_order(small) -> None:
    """Study of the first patient, and its series, stand behind the second patient in the file."""
    ds = filmless.read((small / "DICOMDIR").read_bytes())
    starts = offsets(small)
    by_start = {start: at for at, start in enumerate(starts)}
    order = [0, 5, 6, 7, 8, 9, 1, 2, 3, 4]
    items = [ds.DirectoryRecordSequence[at] for at in order]
    ds.DirectoryRecordSequence = items
    moved = [item._offset for item in filmless.read(encode(ds)).DirectoryRecordSequence]
    new_start = {starts[at]: moved[order.index(at)] for at in by_start.values()}
    for item in items:
        for link in LINKS:
            setattr(item, link, new_start.get(getattr(item, link), 0))
    (small / "DICOMDIR").write_bytes(encode(ds))
    fileset = filmless.read_fileset(small)
    assert (shape(fileset), codes(fileset)) == (RIGHT, [])
    assert {file.path.parent.name for file in fileset.patients[0].files} == {"A"}


def test_offsets_that_are_all_wrong_by_as_much(small) -> None:
    ds = filmless.read((small / "DICOMDIR").read_bytes())
    ds.file_meta.SourceApplicationEntityTitle = "MOVES ALL"
    (small / "DICOMDIR").write_bytes(encode(ds))
    fileset = filmless.read_fileset(small)
    assert (shape(fileset), codes(fileset)) == (RIGHT, ["record-offset-shifted"])


def test_no_offsets(small) -> None:
    ds = filmless.read((small / "DICOMDIR").read_bytes())
    del ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity
    for item in ds.DirectoryRecordSequence:
        for link in LINKS:
            delattr(item, link)
    (small / "DICOMDIR").write_bytes(encode(ds))
    fileset = filmless.read_fileset(small)
    assert (shape(fileset), codes(fileset)) == (RIGHT, ["record-unlinked"])


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("target", ["itself", "first", "nowhere"])
@pytest.mark.parametrize("at", range(10))
def test_a_wrong_or_cyclic_link_ends(small, link, target, at) -> None:
    starts = offsets(small)
    change(small, at, **{link: {"itself": starts[at], "first": starts[0], "nowhere": starts[0] + 1}[target]})
    fileset = filmless.read_fileset(small)
    assert codes(fileset) == ["record-link-wrong"]
    assert shape(fileset) == RIGHT


def test_a_patient_that_nothing_leads_to(small) -> None:
    change(small, 0, **{LINKS[0]: 0})
    fileset = filmless.read_fileset(small)
    assert (shape(fileset), codes(fileset)) == (RIGHT, ["record-unlinked"])


def test_records_that_are_not_in_use(small) -> None:
    change(small, 3, RecordInUseFlag=0)
    change(small, 5, RecordInUseFlag=0)
    fileset = filmless.read_fileset(small)
    assert shape(fileset) == ["PATIENT.", "STUDY.", "SERIES.", "IMAGE"]
    assert codes(fileset) == []


def test_names_in_any_case_and_with_versions(small) -> None:
    (small / "IMAGES").rename(small / "images")
    (small / "images/A/IM1").rename(small / "images/A/im1.;1")
    (small / "images/A/IM2").rename(small / "images/A/Im2;1")
    (small / "DICOMDIR").rename(small / "dicomdir")
    fileset = filmless.read_fileset(small)
    assert len(fileset) == 4
    assert [file.path.name for file in fileset][:2] == ["im1.;1", "Im2;1"]
    assert codes(fileset) == []


def test_the_exact_name_comes_first(small) -> None:
    (small / "IMAGES/A/im1").write_bytes(b"")
    paths = [file.path.name for file in filmless.read_fileset(small)]
    assert paths[0] == "IM1"


def test_slashes_inside_a_file_id(small) -> None:
    change(small, 3, ReferencedFileID="images/a/im1")
    assert filmless.read_fileset(small).files[0].file_id == ("images", "a", "im1")
    assert len(filmless.read_fileset(small)) == 4


def test_missing_files_are_listed(small) -> None:
    (small / "IMAGES/A/IM1").unlink()
    shutil.rmtree(small / "IMAGES/B")
    (small / "IMAGES/B").write_bytes(b"a file where a folder should be")
    fileset = filmless.read_fileset(small)
    assert len(fileset) == 1
    assert ["/".join(record.file_id) for record in fileset.missing] == ["IMAGES/A/IM1", "IMAGES/B/IM1", "IMAGES/B/IM2"]
    assert codes(fileset) == ["file-missing"] * 3
    assert "3 missing" in repr(fileset)
    with pytest.raises(FileNotFoundError, match="IMAGE record is not in the file-set"):
        fileset.missing[0].read()


@pytest.mark.parametrize(
    "file_id",
    [["..", "secret"], ["IMAGES", "..", "..", "secret"], "/secret", ["", "secret"], "../secret", "C:/secret",
     ["C:", "secret"], "IMAGES/../../secret", "..\\secret"],
)  # fmt: skip
def test_names_never_lead_out(small, file_id) -> None:
    inside = small / "inside"
    inside.mkdir()
    shutil.move(small / "DICOMDIR", inside)
    shutil.move(small / "IMAGES", inside)
    (small / "secret").write_bytes(b"secret")
    change(inside, 3, ReferencedFileID=file_id)
    fileset = filmless.read_fileset(inside)
    assert codes(fileset) == ["file-outside"]
    assert len(fileset.missing) == 1
    assert len(fileset) == 3


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_links_of_the_file_system_never_lead_out(small, tmp_path_factory, kind) -> None:
    secret = tmp_path_factory.mktemp("outside") / "IM1"
    secret.write_bytes(b"secret")
    shutil.rmtree(small / "IMAGES/A")
    try:
        if kind == "folder":
            (small / "IMAGES/A").symlink_to(secret.parent, target_is_directory=True)
        else:
            (small / "IMAGES/A").mkdir()
            (small / "IMAGES/A/IM1").symlink_to(secret)
    except OSError:
        pytest.skip("the file system has no symbolic links for us")
    fileset = filmless.read_fileset(small)
    assert {file.path.parent.name for file in fileset} == {"B"}
    assert "file-outside" in codes(fileset)


def test_links_that_stay_inside_are_followed(small) -> None:
    (small / "IMAGES/A/IM1").unlink()
    (small / "IMAGES/A/IM1").symlink_to(small / "IMAGES/B/IM1")
    assert len(filmless.read_fileset(small)) == 4


def test_what_is_no_file_set(small, slice_path) -> None:
    with pytest.raises(FormatError, match="not a DICOMDIR"):
        filmless.read_fileset(slice_path)
    with pytest.raises(FileNotFoundError, match="no DICOMDIR"):
        filmless.read_fileset(small / "IMAGES")
    with pytest.raises(FileNotFoundError):
        filmless.read_fileset(small / "gone")


def test_a_chain_without_end_is_put_in_order(tmp_path) -> None:
    ds = filmless.Dataset({"OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity": 0})
    ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    ds.DirectoryRecordSequence = [record("IMAGE") for _ in range(5000)]
    (tmp_path / "DICOMDIR").write_bytes(encode(ds))
    ds = filmless.read((tmp_path / "DICOMDIR").read_bytes())
    starts = offsets(tmp_path)
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = starts[0]
    for item, below in zip(ds.DirectoryRecordSequence, starts[1:], strict=False):
        setattr(item, LINKS[1], below)
    (tmp_path / "DICOMDIR").write_bytes(encode(ds))
    fileset = filmless.read_fileset(tmp_path)
    assert len(fileset.records) == 5000
    assert codes(fileset) == ["record-link-wrong"]
