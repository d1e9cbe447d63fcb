"""`filmless find`: what a service in the network has."""

import itertools
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from filmless.cli.dimse_find import search_entity
from filmless.cli.entity import Entity
from filmless.cli.matching_keys import LEVELS, keys_of
from filmless.cli.naming import tag_named
from filmless.cli.option_groups import OwnFirstCommand
from filmless.cli.peers import peer_of, peer_options
from filmless.cli.reporting import Misuse, printable
from filmless.dataset import Dataset

if TYPE_CHECKING:
    from filmless.dicomweb import BlockingClient

__all__ = ["find"]

_STEP = "ScheduledProcedureStepSequence"
_COLUMNS = {
    "patient": ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    "study": ("PatientName", "PatientID", "StudyDate", "ModalitiesInStudy", "StudyDescription",
              "NumberOfStudyRelatedInstances", "StudyInstanceUID"),
    "series": ("Modality", "SeriesNumber", "SeriesDescription", "NumberOfSeriesRelatedInstances", "StudyInstanceUID",
               "SeriesInstanceUID"),
    "instance": ("InstanceNumber", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
    "worklist": (
        "PatientName", "PatientID", "AccessionNumber", f"{_STEP}.Modality", f"{_STEP}.ScheduledStationAETitle",
        f"{_STEP}.ScheduledProcedureStepStartDate", f"{_STEP}.ScheduledProcedureStepStartTime",
        f"{_STEP}.ScheduledProcedureStepDescription", f"{_STEP}.ScheduledProcedureStepID",
    ),
}  # fmt: skip
_TITLES = {"NumberOfStudyRelatedInstances": "Instances", "NumberOfSeriesRelatedInstances": "Instances"}


@click.command(cls=OwnFirstCommand, short_help="Search in an archive of the network.")
@click.argument("peer")
@click.argument("keys", nargs=-1, metavar="[KEYWORD=VALUE]...")
@click.option(
    "-l",
    "--level",
    type=click.Choice(["patient", *LEVELS]),
    default="study",
    show_default=True,
    help="Of what rows are; patient by DIMSE alone.",
)
@click.option("--worklist", is_flag=True, help="Search in the modality worklist, by DIMSE.")
@click.option("-k", "--keyword", "more", multiple=True, metavar="KEYWORD", help="One more column; repeatable.")
@click.option("--fuzzy", is_flag=True, help="Match names by words that begin alike, by DICOMweb.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Rows at the most.")
@click.option("--json", "as_json", is_flag=True, help="DICOM JSON, all that was answered.")
@peer_options
def find(
    peer: str,
    keys: tuple[str, ...],
    level: str,
    worklist: bool,
    more: tuple[str, ...],
    fuzzy: bool,
    limit: int | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Search at PEER: a URL of DICOMweb, an application entity as AE@HOST:PORT, or a name of the configuration.

    Keys match as the Standard has it: PatientName='Doe*' with wildcards, StudyDate=20260101-20260131 as a range, UIDs
    as a list with commas between them. A dot leads into a sequence:
    RequestAttributesSequence.ScheduledProcedureStepID=S1.
    """
    values = keys_of(keys)
    for name in more:
        tag_named(name)
    found = peer_of(peer, **how)
    level = "worklist" if worklist else level
    if isinstance(found, Entity):
        if fuzzy:
            raise Misuse("--fuzzy is for DICOMweb, and PEER is spoken to by DIMSE", "PatientName='Doe*' has a wildcard")
        with search_entity(found, level, values, include=more, limit=limit) as rows:
            _write(rows, (*_COLUMNS[level], *more), as_json=as_json)
        return
    with found as client:
        if level in {"worklist", "patient"}:
            raise Misuse(f"DICOMweb has no search for a {level}", "a DIMSE peer (AE@HOST:PORT) may have one")
        rows = search(client, level, values, include=more, fuzzy=fuzzy, limit=limit)
        _write(rows if as_json else _with_uids(rows, values), (*_COLUMNS[level], *more), as_json=as_json)


def search(client: "BlockingClient", level: str, values: dict[str, str], **options: Any) -> Iterator[Dataset]:
    """Search at a level; UIDs of a study and series that are given become part of the URL, as all services take it."""
    rest: dict[str, Any] = dict(values)
    if level == "study":
        return client.search_studies(**options, **rest)
    study = _single(rest, "StudyInstanceUID")
    if level == "series":
        return client.search_series(study, **options, **rest)
    series = _single(rest, "SeriesInstanceUID") if study else None
    return client.search_instances(study, series, **options, **rest)


def _single(values: dict[str, Any], keyword: str) -> str | None:
    from filmless.file.uid_grammar import is_uid

    return values.pop(keyword) if is_uid(values.get(keyword)) else None


def _with_uids(found: Iterator[Dataset], values: dict[str, str]) -> Iterator[Dataset]:
    """Add the UIDs that rows are below of: not all services say again what became part of the URL."""
    from filmless.file.uid_grammar import is_uid

    known = {name: values[name] for name in ("StudyInstanceUID", "SeriesInstanceUID") if is_uid(values.get(name))}
    for ds in found:
        for name, uid in known.items():
            if not ds.get(name):
                setattr(ds, name, uid)
        yield ds


def _write(found: Iterator[Dataset], columns: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        _write_json(found)
    else:
        _write_table(found, columns)


def _write_json(found: Iterator[Dataset]) -> None:
    sys.stdout.write("[")
    for number, ds in enumerate(found):
        sys.stdout.write((",\n" if number else "\n") + json.dumps(json.loads(ds.to_json()), ensure_ascii=False))
    sys.stdout.write("\n]\n")


def _write_table(found: Iterator[Dataset], columns: tuple[str, ...]) -> None:
    first = list(itertools.islice(found, 1000))  # as wide as these are
    rows = [[_cell(ds, column) for column in columns] for ds in first]
    titles = [_TITLES.get(column, column.rpartition(".")[2]) for column in columns]
    widths = [max(len(row[place]) for row in [titles, *rows]) for place in range(len(columns))]
    if not rows:
        click.echo("nothing found", err=True)
        return
    rest = ([_cell(ds, column) for column in columns] for ds in found)
    for row in itertools.chain([titles], rows, rest):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def _cell(ds: Dataset, keyword: str) -> str:
    *above, last = keyword.split(".")
    for name in above:
        items = ds.get(name)
        if not items:
            return ""
        ds = items[0]
    value = ds.get(last)
    text = "" if value is None else "\\".join(map(str, value)) if isinstance(value, list) else str(value)
    # What comes from the network moves no cursor.
    return printable(text, "�")
