"""What is said of files when a medium is written or verified."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["NO_PIXELS", "MediaReport", "Remark"]

#: What is said of an image whose file may have been cut between two elements.
NO_PIXELS = "it is an image without pixel data"


@dataclass(frozen=True)
class Remark:
    """Something to tell of a file, without a value of a data set.

    Attributes
    ----------
    code
        What it is, in a word: ``key-invented``, ``file-missing``.
    message
        What it is, lower case.
    file
        The file: of a source by its path, on the medium by its File ID with slashes.
    """

    code: str
    message: str
    file: str = ""

    def __str__(self) -> str:
        return f"{self.message}: {self.file}" if self.file else self.message


@dataclass
class MediaReport:
    """What became of the files that were to be written to a medium.

    Attributes
    ----------
    path
        The medium: a folder or a ZIP.
    written
        How many instances were written.
    repeated
        How many were there already, byte for byte.
    size
        Bytes of all that is on the medium; of a ZIP those of the ZIP. 0 when there is none.
    passed_over
        Files that are no DICOM instances.
    failed
        Instances that are not on the medium, and why.
    remarks
        What was made up or set right, and what is odd: files that disagree, a medium that is too large.
    """

    path: Path
    written: int = 0
    repeated: int = 0
    size: int = 0
    passed_over: list[Remark] = field(default_factory=list)
    failed: list[Remark] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
