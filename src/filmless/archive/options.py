"""How an archive takes instances in."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Options"]


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
