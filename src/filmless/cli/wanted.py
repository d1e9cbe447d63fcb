"""What is to be fetched or moved, as a command line names it: by UIDs of studies, or by matching keys."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple

from filmless.cli.matching_keys import keys_of, level_of
from filmless.cli.reporting import Misuse
from filmless.dataset import Dataset

__all__ = ["Search", "Wanted", "identifier_of", "instances_of", "queries_of", "studies_of"]

Search = Callable[[str, dict[str, str]], Iterable[Dataset]]
"""Searches at a level."""


class Wanted(NamedTuple):
    """An instance that is named.

    Attributes
    ----------
    study, series, instance, sop_class
        UIDs.
    whole
        What all instances are named of: its study, its series, or the instance alone.
    """

    study: str
    series: str
    instance: str
    sop_class: str = ""
    whole: Literal["study", "series", "instance"] = "instance"


def queries_of(keys: tuple[str, ...]) -> list[dict[str, str]]:
    """Return matching keys: one query for each UID of a study, or a single one.

    Raises
    ------
    Misuse
        A key is neither a UID nor ``KEYWORD=VALUE``.
    """
    from filmless.file.uid_grammar import is_uid

    uids = [key for key in keys if "=" not in key]
    for uid in uids:
        if not is_uid(uid):
            raise Misuse("expected a UID of a study, or KEYWORD=VALUE")
    given = keys_of(key for key in keys if "=" in key)
    return [{"StudyInstanceUID": uid} | given for uid in uids] or [given]


def studies_of(search: Search, query: dict[str, str]) -> list[str]:
    """Return the UIDs of the studies that match."""
    return [str(study.get("StudyInstanceUID")) for study in search("study", query)]


def instances_of(search: Search, keys: tuple[str, ...]) -> Iterator[Wanted]:
    """Give each instance that is named: a list comes first, so that it is known what is missing."""
    for query in queries_of(keys):
        if level_of(query) != "study":
            is_whole = set(query) == {"StudyInstanceUID", "SeriesInstanceUID"}
            yield from _instances(search, query, "series" if is_whole else "instance")
            continue
        for uid in studies_of(search, query):
            yield from _instances(search, {"StudyInstanceUID": uid}, "study")


def _instances(
    search: Search, query: dict[str, str], whole: Literal["study", "series", "instance"]
) -> Iterator[Wanted]:
    study, series = query.get("StudyInstanceUID", ""), query.get("SeriesInstanceUID", "")
    for ds in search("instance", query):
        yield Wanted(
            str(ds.get("StudyInstanceUID") or study),
            str(ds.get("SeriesInstanceUID") or series),
            str(ds.get("SOPInstanceUID") or ""),
            str(ds.get("SOPClassUID") or ""),
            whole,
        )


def identifier_of(study: str, series: str | None = None, *instances: str) -> Dataset:
    """Return what asks for a study, a series of it, or instances of that (PS3.4 C.4.2.1.4)."""
    ds = Dataset()
    ds.QueryRetrieveLevel = "IMAGE" if instances else "SERIES" if series else "STUDY"
    ds.StudyInstanceUID = study
    if series is not None:
        ds.SeriesInstanceUID = series
    if instances:
        ds.SOPInstanceUID = list(instances) if len(instances) > 1 else instances[0]
    return ds
