"""What is kept for how long, and how much: the oldest studies go first."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from filmless.archive.archive import Archive
from filmless.archive.options import Age, Retention
from filmless.archive.upkeep.deleting import KeptFiles, delete
from filmless.archive.upkeep.rows import StudyAge, study_ages

__all__ = ["Expired", "Retention", "enforce", "expired"]

_DAY_S: Final = 86_400.0


class Expired(NamedTuple):
    """A study that no rule keeps."""

    study_uid: str
    size: int
    instances: int
    reason: Literal["age", "size"]


def expired(archive: Archive, rules: Iterable[Retention], *, now: float | None = None) -> list[Expired]:
    """Return the studies that are to be deleted, by rules; the oldest first.

    Parameters
    ----------
    archive
        The archive.
    rules
        Each deletes on its own.
    now
        Seconds since 1970; the present by default.

    Examples
    --------
    >>> from filmless.archive import Archive
    >>> from filmless.archive.upkeep import Retention, expired
    >>> with Archive("archive") as archive:
    ...     _ = archive.store("slice.dcm")
    ...     len(expired(archive, [Retention(max_age_days=30, age="study_date")]))
    1
    """
    moment = time.time() if now is None else now
    studies = study_ages(archive.index)
    found: dict[str, Expired] = {}
    for rule in rules:
        concerned = [study for study in studies if not rule.modalities or _is_of(study, rule.modalities)]
        concerned.sort(key=lambda study, rule=rule: (_since(study, rule.age), study.study_uid))  # type: ignore[misc]
        total = sum(study.size for study in concerned)
        for study in concerned:
            reason: Literal["age", "size"] | None = None
            if rule.max_age_days is not None and _since(study, rule.age) < moment - rule.max_age_days * _DAY_S:
                reason = "age"
            elif rule.max_bytes is not None and total > rule.max_bytes:
                reason = "size"
            if reason is not None:
                total -= study.size
                found.setdefault(study.study_uid, Expired(study.study_uid, study.size, study.instances, reason))
    return list(found.values())


def enforce(
    archive: Archive,
    rules: Iterable[Retention],
    *,
    dry_run: bool = False,
    keep_originals: bool = False,
    now: float | None = None,
    told: Callable[[Expired], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> list[Expired]:
    """Delete what no rule keeps, study by study; a server calls this from time to time.

    Parameters
    ----------
    archive
        The archive.
    rules
        Each deletes on its own.
    dry_run
        Only tell.
    keep_originals
        Leave what was kept of the instances: what they were before they were edited, and what was set aside.
    now
        Seconds since 1970; the present by default.
    told
        Told of each study, before it is deleted.
    stopping
        Asked before each study whether to stop.

    Returns
    -------
    list of Expired
        What was deleted, or would be. Instances of folders that are served in place are never deleted.
    """
    found = expired(archive, rules, now=now)
    gone, kept = [], KeptFiles(archive)
    for study in found:
        if stopping():
            break
        own = [entry for entry in archive.entries(study.study_uid) if not entry.storage]
        if own:
            told(study)
            gone.append(study)
            if not dry_run:
                _ = archive.delete(own) if keep_originals else delete(archive, own, kept=kept)
    return gone


def _is_of(study: StudyAge, modalities: frozenset[str]) -> bool:
    return bool(study.modalities) and study.modalities <= modalities


def _since(study: StudyAge, age: Age) -> float:
    """Return when a study began to age, in seconds since 1970."""
    if age == "study_date" and len(study.date) == 8:
        try:
            day = datetime.strptime(study.date, "%Y%m%d").replace(tzinfo=UTC)
            return (day - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
        except ValueError:
            pass
    return study.received
