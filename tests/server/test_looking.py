"""What is shown where it lies comes into an index, and nothing is written beside it."""

import shutil
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pydicom.data
import pytest
from PIL import Image

from filmless.archive import Archive
from filmless.file import read, write
from filmless.server.looking import Looked, Looking
from filmless.server.shown import Shown

from .conftest import instance

MEDIUM = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., tuple[Looked, Archive]]:
    """Look at paths once; what was found, and the archive that shows it."""
    archives: list[Archive] = []

    def once(*paths: Path, stopping: threading.Event | None = None, tell=lambda _: None, **options):
        archive = Archive(tmp_path / f"index{len(archives)}")
        archives.append(archive)
        looking = Looking(archive, Shown(paths=paths, **options), tell)
        looking.look(stopping or threading.Event())
        assert looking.found.done.is_set()
        return looking.found, archive

    yield once
    for archive in archives:
        archive.close()


@pytest.fixture
def folder(tmp_path: Path, ct: Path) -> Path:
    """Three instances of two studies, one of them twice, and what is no DICOM."""
    below = tmp_path / "scans" / "below"
    below.mkdir(parents=True)
    for number in (1, 2):
        (below / f"{number}.dcm").write_bytes(instance(ct, number))
    (below.parent / "other").write_bytes(instance(ct, 1, study=2))
    (below.parent / "again").write_bytes(instance(ct, 1, study=2))
    (below.parent / "readme.txt").write_text("no DICOM")
    (below.parent / "empty").touch()
    Image.new("L", (4, 4)).save(below / "cover.png")
    return below.parent


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


def test_a_folder_is_shown_as_it_is(look, folder: Path) -> None:
    before = state(folder)
    found, archive = look(folder)
    assert (found.files, found.instances, found.duplicates) == (7, 3, 1)
    assert (found.other.count, sorted(found.other.first)) == (3, ["cover.png", "empty", "readme.txt"])
    assert found.failed.count == found.missing.count == 0
    assert state(folder) == before
    [entry] = archive.entries("1.2.1", "1.2.1.1", "1.2.1.1.2")
    assert (entry.storage, entry.location) == (str(folder), "below/2.dcm")
    with archive.open(entry) as file:
        assert file.read() == (folder / "below/2.dcm").read_bytes()


def test_named_files_are_shown_and_pictures_among_them(look, folder: Path) -> None:
    before = state(folder)
    found, archive = look(folder / "below/cover.png", folder / "other", folder / "readme.txt")
    assert (found.instances, found.pictures) == (2, 1)
    assert "readme.txt" in found.failed.first[0], found.failed
    assert len(archive.search("study").rows) == 2
    assert state(folder) == before


def test_a_zip_is_looked_into(look, folder: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in (folder / "below/1.dcm", folder / "readme.txt"):
            archive.write(path, path.name)
    found, _ = look(packed)
    assert (found.files, found.instances, found.other.first) == (2, 1, ["readme.txt"])


@pytest.fixture
def medium(tmp_path: Path, ct: Path) -> Path:
    """A medium that lacks a file which its DICOMDIR names, and has one more."""
    copied = tmp_path / "cd"
    shutil.copytree(MEDIUM, copied)
    (copied / "more.dcm").write_bytes(instance(ct, 1))
    next(path for path in copied.rglob("*") if path.is_file() and path.parent.name == "CR1").unlink()
    return copied


@pytest.mark.parametrize("name", ["", "DICOMDIR"])
def test_of_a_medium_that_is_shown_which_its_directory_names(look, medium: Path, name: str) -> None:
    found, archive = look(medium / name)
    assert found.instances == 30
    assert found.missing.count == 1
    assert found.missing.first[0].startswith("77654033/CR1/")
    assert found.unlisted.count >= 1
    assert not archive.entries("1.2.1")


def test_all_of_a_medium_is_shown_when_that_is_asked_for(look, medium: Path) -> None:
    found, archive = look(medium, everything=True)
    assert found.unlisted.count == 0
    assert archive.entries("1.2.1")


def test_a_medium_with_a_damaged_directory_is_a_folder(look, medium: Path) -> None:
    damaged = medium / "DICOMDIR"
    damaged.write_bytes(damaged.read_bytes()[:300])
    found, archive = look(medium)
    assert found.instances >= 31
    assert any("DICOMDIR" in what for what in found.failed.first)
    assert archive.entries("1.2.1")


def test_what_was_found_is_there_while_the_rest_is_gone_through(look, folder: Path, ct: Path) -> None:
    """Between two folders the first can be looked at; then it is stopped, and the second is not begun."""
    stopping = threading.Event()
    seen: list[int] = []

    def tell(looked: Looked) -> None:
        seen.append(looked.instances)
        assert not looked.done.is_set()
        stopping.set()

    found, archive = look(folder, tell=tell, stopping=stopping)
    assert len(seen) == 1
    assert 0 < found.instances < 3
    assert archive.index.totals().instances == found.instances


def test_what_lacks_uids_is_shown_completed(look, tmp_path: Path, ct: Path) -> None:
    """Two files of a folder without any UIDs become one study; the files stay as they are."""
    bare = read(ct)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
        delattr(bare, keyword)
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("1.dcm", "2.dcm"):
        write(bare, folder / name)
    before = state(folder)
    found, archive = look(folder)
    assert (found.instances, found.mended, found.failed.count) == (2, 2, 0)
    assert archive.index.totals().studies == archive.index.totals().series == 1
    assert state(folder) == before


def test_a_file_without_a_preamble_is_shown_when_it_is_named(look, pydicom_files: list[Path]) -> None:
    bare = next(path for path in pydicom_files if path.name == "ExplVR_LitEndNoMeta.dcm")
    found, _ = look(bare)
    assert (found.instances, found.mended) == (1, 1)


def test_copies_of_a_file_without_a_preamble_count_once(look, tmp_path: Path, pydicom_files: list[Path]) -> None:
    bare = next(path for path in pydicom_files if path.name == "ExplVR_LitEndNoMeta.dcm")
    shutil.copy(bare, tmp_path / "copy")
    other = tmp_path / "other"  # of the same UID
    other.write_bytes(bare.read_bytes().replace(b"ORIGINAL", b"ANOTHER "))
    found, archive = look(bare, tmp_path / "copy", other)
    assert (found.instances, found.mended, found.duplicates) == (1, 1, 2)
    assert archive.index.totals().instances == 1


def test_what_cannot_be_shown_is_told_with_why(look, tmp_path: Path) -> None:
    damaged = tmp_path / "odd.dcm"
    damaged.write_bytes(bytes(128) + b"DICM" + b"\xff" * 99)
    found, _ = look(damaged)
    assert found.instances == 0
    [told] = found.failed.first
    assert told.startswith("odd.dcm: ")
