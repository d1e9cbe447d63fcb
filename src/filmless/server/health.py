"""Whether the server lives, and whether it is ready: the disk takes writes and has room, the index answers."""

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["Health", "Report"]

_FRESH_S: Final = 1.0


class Report(NamedTuple):
    """What was found: of each check ``"ok"``, or what is wrong in words without a path."""

    checks: dict[str, str]

    @property
    def is_ready(self) -> bool:
        """Whether all is well."""
        return all(found == "ok" for found in self.checks.values())


class Health:
    """Checks whether an archive can take and give.

    Parameters
    ----------
    folder
        Where files come in.
    index
        Asks the index something; raises when it does not answer.
    free_bytes
        What the disk has to have free.
    further
        What else has to be so, by the name of the check.
    """

    def __init__(
        self,
        folder: Path,
        *,
        index: Callable[[], object],
        free_bytes: int,
        further: Mapping[str, Callable[[], bool]] | None = None,
    ) -> None:
        self._folder, self._index, self._free_bytes = folder, index, free_bytes
        self._further = further or {}
        self._lock = threading.Lock()
        self._last: tuple[float, Report] | None = None

    def report(self) -> Report:
        """Check, unless that was done a moment ago: who asks often costs nothing. Blocks."""
        with self._lock:
            now = time.monotonic()
            if self._last is None or now - self._last[0] > _FRESH_S:
                checks = {"disk": self._disk(), "space": self._space(), "index": self._asked()}
                checks |= {name: "ok" if is_well() else "does not answer" for name, is_well in self._further.items()}
                self._last = (time.monotonic(), Report(checks))
            return self._last[1]

    def _disk(self) -> str:
        try:
            with tempfile.TemporaryFile(dir=self._folder, buffering=0) as file:
                file.write(b"health")
        except OSError as error:
            return f"cannot be written to: {(error.strerror or type(error).__name__).lower()}"
        return "ok"

    def _space(self) -> str:
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            return (error.strerror or type(error).__name__).lower()
        return "ok" if free >= self._free_bytes else f"{free} bytes are free, expected {self._free_bytes} or more"

    def _asked(self) -> str:
        try:
            self._index()
        except Exception as error:  # noqa: BLE001 - whatever it is, the index does not answer
            return f"does not answer: {type(error).__name__}"
        return "ok"
