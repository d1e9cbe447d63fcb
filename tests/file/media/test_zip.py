"""File-sets in a ZIP: made, and unpacked within bounds."""

import shutil
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

import filmless
from filmless.errors import FormatError, LimitError
from filmless.file.media import create_fileset, verify_fileset


@pytest.fixture(scope="session")
def original(wheel_file, tmp_path_factory) -> Path:
    """A file-set that is right."""
    folder = tmp_path_factory.mktemp("media") / "disc"
    create_fileset(wheel_file("dicomdirtests/DICOMDIR").parent / "98892003", folder)
    return folder


def test_a_zip_holds_the_same_file_set(original, wheel_file, tmp_path) -> None:
    source = wheel_file("dicomdirtests/DICOMDIR").parent / "98892003"
    uid = filmless.read(original / "DICOMDIR").file_meta.MediaStorageSOPInstanceUID
    for name in ("a.zip", "b.ZIP"):
        report = create_fileset(source, tmp_path / name, file_set_uid=uid)
        assert report.written == len(filmless.read_fileset(original))
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.ZIP").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.ZIP"]
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist()[-1] == "DICOMDIR"
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_DEFLATED}
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files == {
        path.relative_to(original).as_posix(): path.read_bytes() for path in original.rglob("*") if path.is_file()
    }
    assert verify_fileset(tmp_path / "a.zip", profile="STD-GEN-CD") == []
    assert verify_fileset(tmp_path / "b.ZIP") == []


def test_an_interrupted_zip_leaves_nothing(wheel_file, tmp_path, monkeypatch) -> None:
    copied = []

    def copy(source, target, length: int) -> None:
        target.write(b"half")
        copied.append(source)
        if len(copied) > 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", copy)
    with pytest.raises(OSError, match="No space"):
        create_fileset(wheel_file("dicomdirtests/DICOMDIR").parent, tmp_path / "disc.zip")
    assert list(tmp_path.iterdir()) == []


def zipped(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "..\\out", "C:\\out", "a/b:c"])
def test_names_that_lead_out_are_refused(tmp_path, name) -> None:
    zipped(tmp_path / "bad.zip", **{"DICOMDIR": b"", name: b"evil"})
    with pytest.raises(FormatError, match="leads out"):
        verify_fileset(tmp_path / "bad.zip")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["bad.zip"]
    assert not (tmp_path.parent / "out").exists()


def test_links_in_a_zip_are_refused(tmp_path) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(FormatError, match="leads out"):
        verify_fileset(tmp_path / "bad.zip")


def test_bombs_are_bounded(tmp_path) -> None:
    zipped(tmp_path / "bomb.zip", DICOMDIR=bytes(50 << 20))
    with pytest.raises(LimitError) as raised:
        verify_fileset(tmp_path / "bomb.zip", max_unpacked=5 << 20)
    assert (raised.value.limit, raised.value.value) == ("max_unpacked", 5 << 20)


def test_broken_zips_are_errors(tmp_path, slice_path) -> None:
    create_fileset(slice_path, tmp_path / "disc.zip")
    data = (tmp_path / "disc.zip").read_bytes()
    (tmp_path / "no.zip").write_bytes(b"hello")
    (tmp_path / "short.zip").write_bytes(data[: len(data) // 2])
    (tmp_path / "flipped.zip").write_bytes(data[:3000] + bytes(byte ^ 0x55 for byte in data[3000:3100]) + data[3100:])
    for name in ("no", "short", "flipped"):
        with pytest.raises(FormatError):
            verify_fileset(tmp_path / f"{name}.zip")


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a", "a")])
def test_names_in_each_others_way_are_refused(tmp_path, names) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's, of the same name twice
        with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
            for name in names:
                archive.writestr(name, b"x")
    with pytest.raises(FormatError, match="cannot be unpacked"):
        verify_fileset(tmp_path / "bad.zip")


def test_zip_among_the_sources_is_told(cd, tmp_path) -> None:
    create_fileset(cd / "98892003", tmp_path / "in.zip")
    with pytest.raises(FormatError) as caught:
        create_fileset(tmp_path / "in.zip", tmp_path / "disc")
    assert caught.value.hint == "unpack a ZIP first"
    report = create_fileset([tmp_path / "in.zip", cd / "98892003"], tmp_path / "disc")
    assert "unpack it first" in str(report.passed_over[0])
