"""Commands that change an archive leave a line in its audit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filmless.archive import Archive
    from filmless.security.work import Work

__all__ = ["audited"]


@contextmanager
def audited(archive: "Archive", operation: str) -> "Iterator[Work]":
    """Note what a command does, in ``audit.jsonl`` in the archive's folder; it is not begun when that cannot be."""
    from filmless.security import Audit
    from filmless.security.work import system_user, worked

    with (
        Audit(archive.folder / "audit.jsonl") as audit,
        worked(audit, f"archive {operation}", who=system_user(), by="command line") as work,
    ):
        yield work
