"""Room that is given up when a disk is full: to delete something, the index has to write first."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

from filmless.archive.storage.durable import make_file

__all__ = ["Ballast"]

_SIZE: Final = 2 << 20


class Ballast:
    """A file of 2 MiB that nobody needs.

    Parameters
    ----------
    folder
        Of the archive.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ballast"

    def fill(self) -> None:
        """Make it, while there is room."""
        with suppress(OSError):
            if not self._path.exists() and shutil.disk_usage(self._path.parent).free > 4 * _SIZE:
                make_file(self._path)
                self._path.write_bytes(bytes(_SIZE))

    def drop(self) -> None:
        """Give its room up."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
