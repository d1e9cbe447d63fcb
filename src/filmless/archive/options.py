"""Where an archive is, how it takes instances in, and what it keeps."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Age", "Options", "Retention", "default_data"]

Age = Literal["received", "study_date"]


@dataclass(frozen=True, slots=True)
class Options:
    """How an archive takes instances in.

    Attributes
    ----------
    duplicates
        What becomes of a data set whose SOP Instance UID is there with other contents: ``"quarantine"`` keeps it
        beside for a person to decide, ``"replace"`` lets it take the place of the old one.
    batch_size
        How many instances share a transaction at the most.
    batch_delay_s
        How long the first instance of a transaction waits for more. While one transaction is being made durable the
        next ones gather, so that 0 is best for senders that wait for their answer.
    compared_bytes
        Up to which size two files of different bytes are compared as data sets; longer ones count as different.
    umask
        What the files of the archive and its index may not be used for by others of the machine, as `umask` has it:
        ``"077"`` not at all, ``"027"`` lets the group read, ``"007"`` lets it write.
    """

    duplicates: Literal["quarantine", "replace"] = "quarantine"
    batch_size: int = 128
    batch_delay_s: float = 0.0
    compared_bytes: int = 64 << 20
    umask: Literal["077", "027", "007"] = "077"

    def __post_init__(self) -> None:
        if self.duplicates not in {"quarantine", "replace"}:
            raise ValueError("duplicates is 'quarantine' or 'replace'")
        if self.batch_size < 1 or self.batch_delay_s < 0:
            raise ValueError("batch_size is at least 1, and batch_delay_s at least 0")
        if self.umask not in {"077", "027", "007"}:
            raise ValueError("umask is '077', '027' or '007'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """A rule of what is kept. Without a bound it has no effect.

    Attributes
    ----------
    max_age_days
        Studies that are older are deleted.
    max_bytes
        When the studies it is about are larger in all, the oldest are deleted until they are not.
    age
        What tells how old a study is: ``"received"``, when its first instance was, or ``"study_date"``; a study without
        a date is as old as it was received.
    modalities
        The rule is about studies of these modalities and no others; empty for all.
    """

    max_age_days: float | None = None
    max_bytes: int | None = None
    age: Age = "received"
    modalities: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.max_age_days is not None and self.max_age_days < 0:
            raise ValueError("max_age_days is at least 0")
        if self.max_bytes is not None and self.max_bytes < 0:
            raise ValueError("max_bytes is at least 0")
        if self.age not in ("received", "study_date"):
            raise ValueError("age is 'received' or 'study_date'")


def default_data() -> Path:
    """Return where a person's archive is, by the conventions of the system."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(base) / "filmless"
