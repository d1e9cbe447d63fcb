"""One server at a time for a data folder."""

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from filmless.server.listening import StartError

__all__ = ["Claim"]


class Claim:
    """A lock on a data folder, which the system gives back when the process ends, however it does.

    Raises
    ------
    StartError
        Another process has it, or the folder cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise StartError(f"the data folder cannot be written to, {reason}", path=folder, hint=_WHERE) from None
        try:
            _lock(self._file)
        except OSError:
            os.close(self._file)
            hint = "stop it first, or give this one another folder with `--data`"
            raise StartError("another server has this data folder", path=folder, hint=hint) from None

    def release(self) -> None:
        """Give it back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


_WHERE = "`--data` names another folder"


def _lock(file: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
