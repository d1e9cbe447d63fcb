"""How large a medium is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from filmless.file.media.profiles import Profile
from filmless.file.media.remarks import MediaReport, Remark

__all__ = ["measure", "size_text"]


def measure(report: MediaReport, profile: Profile) -> None:
    """Put the size of a medium into its report, and a remark when the medium of the profile does not hold it."""
    report.size = sum(_sizes(report.path))
    if profile.capacity is not None and report.size > profile.capacity:
        message = f"{size_text(report.size)} is more than a medium of {profile.name} holds"
        report.remarks.append(Remark("too-large", f"{message}, {size_text(profile.capacity)}", str(report.path)))


def size_text(size: int) -> str:
    """Return a size as people read it, as media are labelled: ``700.0 MB``."""
    units = ("bytes", "kB", "MB", "GB", "TB")
    power = min((len(str(size)) - 1) // 3, len(units) - 1)
    return f"{size / 1000**power:.1f} {units[power]}" if power else f"{size} bytes"


def _sizes(path: Path) -> Iterator[int]:
    if path.is_file():
        yield path.stat().st_size
    for place, _, files in os.walk(path):
        for name in files:
            yield Path(place, name).lstat().st_size
