"""Who else is on the machine reads nothing of an archive."""

import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filmless.archive import Archive, Options
from filmless.archive.upkeep import backup, import_files, verify
from filmless.security import ApiKeys

from .conftest import Target, instance, stow

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="leave is told by other means than the mode there")


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """The umask that most systems have."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """What may be done with all that is in a folder, and the folder."""
    return {str(path): stat.S_IMODE(path.lstat().st_mode) for path in [folder, *folder.rglob("*")]}


def test_others_have_no_leave(begin: Callable[..., Target], ct: Path) -> None:
    target = begin()
    files = [instance(ct, number, "A") for number in (1, 2)]
    assert stow(target.client, *files, instance(ct, 1, "A", StudyDescription="another")).status_code == 200
    assert target.client.delete("/dicom-web/studies/1.2.65/series/1.2.65.1/instances/1.2.65.1.2").status_code == 204
    ApiKeys(target.data / "keys.json").create("one")
    found = modes(target.data)
    assert {"quarantine", "instances", "trash", "incoming", "index.sqlite", "index.sqlite-wal", "audit.jsonl"} <= {
        Path(path).name for path in found
    }
    assert [path for path, mode in found.items() if mode & 0o077] == []


def test_copies_and_the_umask(ct: Path, tmp_path: Path) -> None:
    with Archive(tmp_path / "own") as archive:
        archive.store(instance(ct, 1, "A"))
        import_files(archive, ct)
        verify(archive)
        backup(archive, tmp_path / "copy")
    assert [path for path, mode in modes(tmp_path / "copy").items() if mode & 0o077] == []
    with Archive(tmp_path / "shared", options=Options(umask="027")) as archive:
        archive.store(instance(ct, 1, "A"))
    found = modes(tmp_path / "shared")
    assert not any(mode & 0o027 for mode in found.values())
    assert found[str(tmp_path / "shared")] == 0o750
    assert {mode for path, mode in found.items() if path.endswith((".dcm", "index.sqlite"))} == {0o640}
    with pytest.raises(ValueError, match="umask"):
        Options(umask="0777")
