"""Small files beside the instances are in a backup, and come back."""

import os
from pathlib import Path

from filmless.archive import Archive
from filmless.archive.upkeep import backup, restore


def content(folder: Path) -> dict[str, bytes]:
    names = ("performed-steps", "worklist")
    return {f"{name}/{path.name}": path.read_bytes() for name in names for path in (folder / name).glob("*")}


def test_a_backup_has_steps_and_worklist(tmp_path: Path) -> None:
    source, copy, again = tmp_path / "archive", tmp_path / "copy", tmp_path / "again"
    with Archive(source) as archive:
        for name in ("performed-steps", "worklist"):
            (source / name).mkdir()
        (source / "performed-steps" / "1.dcm").write_bytes(b"in progress")
        (source / "worklist" / "1.wl").write_bytes(b"scheduled")
        (source / "worklist" / ".x.part").write_bytes(b"half")
        backup(archive, copy)
        expected = {"performed-steps/1.dcm": b"in progress", "worklist/1.wl": b"scheduled"}
        assert content(copy) == expected

        (source / "performed-steps" / "1.dcm").write_bytes(b"completed!!")  # of the same length
        os.utime(source / "performed-steps" / "1.dcm", (1, 1))
        (source / "worklist" / "1.wl").unlink()
        backup(archive, copy)
        assert content(copy) == {"performed-steps/1.dcm": b"completed!!"}
    restore(copy, again)
    assert content(again) == {"performed-steps/1.dcm": b"completed!!"}
