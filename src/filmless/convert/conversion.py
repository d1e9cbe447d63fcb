"""What became of a source."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filmless.convert.notice import ConversionNotice
from filmless.dataset import Dataset

__all__ = ["Conversion", "Status"]

Status = Literal["converted", "skipped", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What became of a source, or of a part of one that becomes several objects.

    Attributes
    ----------
    source
        What it is called: the path, ``scans.zip/a.png`` for the member of a ZIP, ``source 3`` for what has no name.
    part, parts
        Which part it is, from 0, and of how many.
    status
        ``"converted"``, ``"skipped"`` or ``"failed"``.
    target
        The file that was written.
    dataset
        The data set, when it was not written.
    notices
        What its user should know.
    error
        Why it failed.
    reason
        Why it was passed over.
    seconds
        How long it was worked on.
    """

    source: str
    part: int = 0
    parts: int = 1
    status: Status = "converted"
    target: Path | None = None
    dataset: Dataset | None = None
    notices: tuple[ConversionNotice, ...] = ()
    error: Exception | None = None
    reason: str | None = None
    seconds: float = 0.0
