"""What leaves a line in the audit though nobody asked for it over a network: commands, and rules that delete."""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from filmless.security.audit import Audit

__all__ = ["Work", "system_user", "worked"]

_TOGETHER = 100  # UIDs in a line


@dataclass
class Work:
    """What was done; `worked` writes it.

    Attributes
    ----------
    studies
        UIDs of the studies that it was about.
    instance
        UID of the instance, where it is one.
    counts
        How many of what.
    """

    studies: set[str] = field(default_factory=set)
    instance: str | None = None
    counts: dict[str, int] = field(default_factory=dict)


@contextmanager
def worked(audit: Audit, operation: str, *, who: str, by: str) -> Iterator[Work]:
    """Write a line about what is done while ``with`` lasts; of more studies than go into one, further lines.

    Parameters
    ----------
    audit
        Where lines go.
    operation
        What is done, in a few words.
    who, by
        In whose name, and by what: of a command the user of the system.

    Raises
    ------
    SecurityError
        There is no room for the line; nothing is begun then.

    Examples
    --------
    >>> from filmless.security import Audit
    >>> with Audit("audit.jsonl") as audit, worked(audit, "delete", who="retention", by="server") as work:
    ...     work.studies.add("1.2.3")
    ...     work.counts["instances"] = 12
    """
    work, began, outcome = Work(), datetime.now(UTC), "failed"
    audit.hold()
    try:
        yield work
        outcome = "success"
    except (KeyboardInterrupt, GeneratorExit):
        outcome = "aborted"
        raise
    finally:
        fields: dict[str, object] = {
            "time": began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "who": who,
            "by": by,
            "operation": operation,
            "outcome": outcome,
        }
        studies = sorted(work.studies)
        one = {} if work.instance is None else {"instance": work.instance}
        audit.write_reserved({**fields, "uids": {**one, "studies": studies[:_TOGETHER]}, **work.counts})
        for start in range(_TOGETHER, len(studies), _TOGETHER):
            audit.write({**fields, "uids": {"studies": studies[start : start + _TOGETHER]}, "continued": True})


def system_user() -> str:
    """Return who runs this process, by the system and not by its environment, where it can be had."""
    if sys.platform != "win32":
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:  # a user without a name, as of a container
            return str(os.getuid())
    return getpass.getuser()
