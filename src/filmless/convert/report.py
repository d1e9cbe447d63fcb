"""What became of a run, as a file for programs."""

import json
import time
from collections import Counter
from os import PathLike, fspath
from types import TracebackType
from typing import Any, Self

from filmless import _core
from filmless.convert.conversion import Conversion, Status
from filmless.convert.destinations import is_full
from filmless.errors import DicomError

__all__ = ["Report", "message_of"]

_ORDER: tuple[Status, ...] = ("converted", "skipped", "failed")
#: What a source is of whose parts one is this and one that.
_RANK: dict[Status, int] = {"skipped": 0, "converted": 1, "failed": 2}


class Report:
    """Counts what became of sources, and writes it as JSON at the end: also at an early one.

    Parameters
    ----------
    path
        The file, which is written whole or not at all; None to count only.

    Attributes
    ----------
    counts
        Sources by status. A source of several parts has failed when one of them has, and was converted when one was.
    reasons
        Why sources were skipped, and how many.
    is_stopped
        Whether there was no room left, which ends a run before its end.

    Examples
    --------
    >>> from filmless.convert import convert_many
    >>> with Report("report.json") as report:
    ...     for conversion in convert_many(["retina.jpg", "slice.dcm"], "out"):
    ...         report.add(conversion)
    >>> report.summary()
    'converted 1, skipped 1'
    """

    def __init__(self, path: str | PathLike[str] | None = None) -> None:
        self._path = path
        self._files: list[dict[str, Any]] = []
        self._last: dict[str, Any] = {}
        self.is_stopped = False
        self._started = time.monotonic()
        self.counts: Counter[Status] = Counter()
        self.reasons: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._path is not None:
            _core.write_bytes(fspath(self._path), self.encode(is_complete=kind is None and not self.is_stopped))

    def add(self, conversion: Conversion) -> None:
        """Count a conversion; the parts of a source one after the other."""
        if conversion.part == 0 or not self._last:
            self._last = {"source": conversion.source, "status": None, "targets": [], "notices": [], "seconds": 0.0}
            if self._path is not None:
                self._files.append(self._last)
        entry = self._last
        before, now = entry["status"], conversion.status
        if before is None or _RANK[now] > _RANK[before]:
            entry["status"] = now
            self.counts[now] += 1
            if before is not None:
                self.counts[before] -= 1
        self.is_stopped = self.is_stopped or is_full(conversion.error)
        if conversion.target is not None and now != "failed":
            entry["targets"].append(str(conversion.target))
        entry["notices"] += [{"code": notice.code, "message": notice.message} for notice in conversion.notices]
        entry["seconds"] = round(entry["seconds"] + conversion.seconds, 4)
        if conversion.reason is not None:
            self.reasons[conversion.reason] += "reason" not in entry
            entry["reason"] = conversion.reason
        if conversion.error is not None and "error" not in entry:
            entry["error"] = message_of(conversion.error)

    def summary(self) -> str:
        """Return a line for people: ``converted 9,998, skipped 1, failed 1``."""
        return ", ".join(f"{status} {self.counts[status]:,}" for status in _ORDER if self.counts[status]) or "nothing"

    def encode(self, *, is_complete: bool = True) -> bytes:
        """Return the report as JSON."""
        content = {
            "complete": is_complete,
            "counts": {status: self.counts[status] for status in _ORDER},
            "seconds": round(time.monotonic() - self._started, 3),
            "files": self._files,
        }
        return json.dumps(content, indent=1, ensure_ascii=True).encode() + b"\n"


def message_of(error: Exception) -> str:
    """Return an error as one line without a value of the file."""
    if isinstance(error, DicomError):
        return error.message
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    if isinstance(error, MemoryError):
        return "out of memory"
    # Its text could hold a value: the type alone says enough.
    return f"this is a bug of filmless, {type(error).__name__}"
