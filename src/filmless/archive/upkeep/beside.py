"""What lies in an archive's folder beside instances and index: small files of the workflow, which a backup has, too."""

import os
import stat
from pathlib import Path
from typing import Final

from filmless.archive.storage.durable import make_folder, replace_file, sync_folder

__all__ = ["FOLDERS", "copy_beside"]

FOLDERS: Final = ("performed-steps", "worklist")
"""Performed procedure steps, and items of the modality worklist."""

_LARGEST: Final = 16 << 20


def copy_beside(source: Path, target: Path) -> None:
    """Bring a copy of these folders up to date: what changed is copied, what is gone is removed.

    Parameters
    ----------
    source, target
        The folder of the archive, and that of its copy.
    """
    for name in FOLDERS:
        there = _files(source / name)
        copies = _files(target / name)
        if there:
            make_folder(target / name)
        for file, found in there.items():
            copy = copies.get(file)
            if copy is None or (copy.st_size, copy.st_mtime_ns) != (found.st_size, found.st_mtime_ns):
                try:
                    content = (source / name / file).read_bytes()
                except FileNotFoundError:  # it went meanwhile
                    continue
                replace_file(target / name / file, content)
                os.utime(target / name / file, ns=(found.st_atime_ns, found.st_mtime_ns))
        gone = copies.keys() - there.keys() if (source / name).is_dir() else set()
        for file in gone:
            (target / name / file).unlink(missing_ok=True)
        if gone:
            sync_folder(target / name)


def _files(folder: Path) -> dict[str, os.stat_result]:
    found = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                about = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(about.st_mode) and not entry.name.startswith(".") and about.st_size <= _LARGEST:
                    found[entry.name] = about
    except FileNotFoundError:
        pass
    return found
