"""What verifying finds on a medium."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import filmless
from filmless.errors import FormatError
from filmless.file import encode, write
from filmless.file.media import create_fileset, verify_fileset


@pytest.fixture(scope="session")
def original(wheel_file, tmp_path_factory) -> Path:
    """A file-set that is right."""
    folder = tmp_path_factory.mktemp("media") / "disc"
    create_fileset(wheel_file("dicomdirtests/DICOMDIR").parent / "98892003", folder)
    return folder


@pytest.fixture
def disc(original, tmp_path) -> Path:
    """A copy of it to break."""
    return Path(shutil.copytree(original, tmp_path / "disc"))


def first(disc: Path) -> Path:
    return filmless.read_fileset(disc).files[0].path


def edit(disc: Path, change: Callable[[filmless.Dataset], None], kind: str | None = None) -> None:
    """Change the DICOMDIR, or the first record of a kind; what changes has to keep its length."""
    ds = filmless.read((disc / "DICOMDIR").read_bytes())
    change(
        ds if kind is None else next(item for item in ds.DirectoryRecordSequence if item.DirectoryRecordType == kind)
    )
    (disc / "DICOMDIR").write_bytes(encode(ds))


def rewrite(path: Path, **values) -> None:
    ds = filmless.read(path.read_bytes())
    ds.update(values)
    write(ds, path)


def cut(disc: Path, to: float) -> None:
    data = first(disc).read_bytes()
    first(disc).write_bytes(data[: int(len(data) * to) if 0 < to < 1 else int(to)])


def between(disc: Path) -> int:
    """Where Modality begins in the first file: its value, and eight bytes before it."""
    offset = filmless.read(first(disc))["Modality"].offset
    assert offset is not None
    return offset - 8


def replace(disc: Path, old: bytes, new: bytes) -> None:
    data = (disc / "DICOMDIR").read_bytes()
    assert old in data
    (disc / "DICOMDIR").write_bytes(data.replace(old, new, 1))


def lower_case(disc: Path) -> None:
    replace(disc, rb"DICOM\PT000001\ST000001\SE000001\IM000001", rb"DICOM\PT000001\ST000001\SE000001\im000001")


def other_uid(disc: Path) -> None:
    uid = filmless.read(first(disc)).SOPInstanceUID
    rewrite(first(disc), SOPInstanceUID=uid[:-1] + ("1" if uid[-1] != "1" else "2"))


def sizes(disc: Path) -> None:
    rewrite(first(disc), Rows=7)


DAMAGE: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a file is gone": (lambda disc: first(disc).unlink(), {"file-missing"}),
    "a file is empty": (lambda disc: first(disc).write_bytes(b""), {"file-unreadable"}),
    "a file is text": (lambda disc: first(disc).write_text("hello"), {"file-unreadable"}),
    "a file ends early": (lambda disc: cut(disc, 0.5), {"file-damaged"}),
    "a file ends one byte early": (lambda disc: cut(disc, -1), {"file-damaged"}),
    "a file ends in its header": (lambda disc: cut(disc, 900), {"file-damaged"}),
    "a file ends in its meta information": (lambda disc: cut(disc, 300), {"file-damaged", "file-other"}),
    "a file ends before it says what it is": (lambda disc: cut(disc, 150), {"file-damaged", "file-meta"}),
    "a file ends between two elements": (lambda disc: cut(disc, between(disc)), {"no-pixels"}),
    "pixel data are too short": (lambda disc: rewrite(first(disc), PixelData=b"12"), {"file-damaged"}),
    "another instance": (other_uid, {"file-other"}),
    "another class": (lambda disc: rewrite(first(disc), SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), {"file-other"}),
    "another syntax": (
        lambda disc: write(
            filmless.read(first(disc).read_bytes()), first(disc), transfer_syntax="ImplicitVRLittleEndian"
        ),
        {"file-other", "profile-syntax"},
    ),
    "no meta information": (
        lambda disc: first(disc).write_bytes(encode(filmless.read(first(disc)), part10=False)),
        {"file-meta", "file-other"},
    ),
    "a DICOMDIR": (lambda disc: shutil.copy(disc / "DICOMDIR", first(disc)), {"file-other"}),
    "another patient": (lambda disc: rewrite(first(disc), PatientName="X^Y"), {"key-differs"}),
    "another size": (sizes, {"key-differs"}),
    "a name of small letters": (lower_case, {"file-id", "value-characters"}),
    "unlisted": (lambda disc: shutil.copy(first(disc), disc / "MORE"), {"file-unlisted"}),
    "a viewer beside it": (lambda disc: (disc / "README.TXT").write_text("hello"), set()),
    "last record": (
        lambda disc: edit(disc, lambda ds: setattr(ds, "OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity", 0)),
        {"last-record"},
    ),
    "wrong link": (
        lambda disc: edit(disc, lambda ds: setattr(ds, "OffsetOfReferencedLowerLevelDirectoryEntity", 4), "STUDY"),
        {"record-link-wrong"},
    ),
    "not consistent": (
        lambda disc: edit(disc, lambda ds: setattr(ds, "FileSetConsistencyFlag", 0xFFFF)),
        {"not-consistent"},
    ),
    "kind": (lambda disc: replace(disc, b"CS\6\0IMAGE ", b"CS\6\0IMAGO "), {"record-kind"}),
    "place": (lambda disc: replace(disc, b"CS\6\0IMAGE ", b"CS\6\0STUDY "), {"record-place", "key-missing"}),
    "root": (lambda disc: replace(disc, b"CS\6\0IMAGE ", b"CS\6\0TRACT "), {"key-missing"}),
    "directory's name": (lambda disc: (disc / "DICOMDIR").rename(disc / "dicomdir"), {"directory-name"}),
    "directory's class": (
        lambda disc: replace(disc, b"1.2.840.10008.1.3.10", b"1.2.840.10008.1.3.11"),
        {"directory-class"},
    ),
    "directory's syntax": (
        lambda disc: write(
            filmless.read((disc / "DICOMDIR").read_bytes()), disc / "DICOMDIR", transfer_syntax="ImplicitVRLittleEndian"
        ),
        {"directory-syntax", "record-link-wrong", "record-offset-shifted", "last-record"},
    ),
    "leads out": (
        lambda disc: replace(disc, b"DICOM\\PT000001\\", b"..\\AB\\PT000001\\"),
        {"file-missing", "file-id", "file-unlisted", "value-characters"},
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_each_damage_is_found(disc, name) -> None:
    assert verify_fileset(disc, profile="STD-GEN-CD") == []
    damage, codes = DAMAGE[name]
    damage(disc)
    found = {remark.code for remark in verify_fileset(disc, profile="STD-GEN-CD")}
    assert found <= codes
    assert bool(found) == bool(codes)


def test_a_remark_says_where_and_no_value(disc) -> None:
    rewrite(first(disc), PatientName="Secret^Name")
    [remark] = verify_fileset(disc)
    assert remark.file == "DICOM/PT000001/ST000001/SE000001/IM000001"
    assert "PatientName" in str(remark)
    assert "Secret" not in str(remark)


@pytest.mark.parametrize(
    ("keyword", "kind", "code"), [("PatientID", "PATIENT", "key-missing"), ("StudyDate", "STUDY", "key-missing")]
)
def test_required_keys(disc, keyword, kind, code) -> None:
    from filmless.file.media import tree
    from filmless.file.media.updating import _node

    fileset = filmless.read_fileset(disc)
    record = fileset.find(kind)[0]
    del record.dataset[keyword]
    (disc / "DICOMDIR").write_bytes(tree.encoded(fileset.dataset, [_node(each) for each in fileset.records]))
    assert [remark.code for remark in verify_fileset(disc)] == [code]


def test_profiles(tmp_path, wheel_file) -> None:
    create_fileset(wheel_file("JPEG2000.dcm"), tmp_path / "disc", profile="STD-GEN-DVD-J2K")
    assert verify_fileset(tmp_path / "disc", profile="STD-GEN-DVD-J2K") == []
    assert verify_fileset(tmp_path / "disc") == []
    assert [remark.code for remark in verify_fileset(tmp_path / "disc", profile="std-gen-dvd-jpeg")] == [
        "profile-syntax"
    ]
    with pytest.raises(ValueError, match="no application profile"):
        verify_fileset(tmp_path / "disc", profile="nothing")


def test_what_is_no_medium_is_an_error(tmp_path, slice_path) -> None:
    with pytest.raises(FileNotFoundError, match="no DICOMDIR"):
        verify_fileset(tmp_path)
    with pytest.raises(FormatError, match="not a DICOMDIR"):
        verify_fileset(slice_path)
    with pytest.raises(FileNotFoundError):
        verify_fileset(tmp_path / "nowhere")


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_link_on_the_medium_is_not_followed_out(disc, tmp_path, slice_path) -> None:
    target = first(disc)
    target.unlink()
    target.symlink_to(slice_path)
    assert {remark.code for remark in verify_fileset(disc)} == {"file-missing"}
