"""`filmless archive`: the upkeep of an archive."""

import json
from dataclasses import asdict
from typing import Any

import click

from filmless.cli.archive_audit import audited
from filmless.cli.archive_copies import backup, export, restore
from filmless.cli.archive_options import (
    archive_options,
    counted,
    keys_named,
    of_archive,
    opened,
    remarks,
    show,
    table,
)
from filmless.cli.archive_setting_right import conflicts, delete, edit, originals, prune
from filmless.cli.naming import tag_named
from filmless.cli.progress import progress
from filmless.cli.reporting import Failure, printable

__all__ = ["archive"]

_THREADS = click.option("--threads", type=click.IntRange(min=1), metavar="N", help="How many files at a time.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Tell of each file.")
_COLUMNS = {
    "patient": ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    "study": ("StudyDate", "PatientID", "PatientName", "ModalitiesInStudy", "StudyDescription",
              "NumberOfStudyRelatedInstances", "StudyInstanceUID"),
    "series": ("Modality", "SeriesNumber", "SeriesDescription", "NumberOfSeriesRelatedInstances", "SeriesInstanceUID"),
    "instance": ("InstanceNumber", "SOPClassUID", "SOPInstanceUID"),
}  # fmt: skip


@click.group(short_help="Import, list, verify, edit, back up an archive.")
def archive() -> None:
    """Look after the archive that `filmless serve` serves.

    What only reads works beside a server. What changes the archive needs it to be stopped, or goes through DICOMweb.
    """


@archive.command("import", short_help="Take in files, folders and ZIPs.")
@click.argument("sources", nargs=-1, required=True, metavar="FOLDER...")
@click.option("--link", is_flag=True, help="Link to files that nobody has leave to write, in place of copying them.")
@_VERBOSE
@_THREADS
@_JSON
@archive_options
def import_(
    sources: tuple[str, ...], link: bool, verbose: bool, threads: int | None, as_json: bool, **place: Any
) -> None:
    """Take in the DICOM instances in FOLDERs: files, folders with all that is in them, ZIPs.

    Files are copied byte for byte. With --link those that nobody has leave to write become hard links, where the file
    system can: the same file under two names, which takes no room. A run that was stopped goes on when the same
    command is given again. What is no DICOM instance is passed over; the exit code is 1 when a file failed.
    """
    from filmless.archive.upkeep.importing import count_files, import_files

    kinds = ("stored", "identical", "quarantined", "replaced", "skipped")
    with (
        opened(**of_archive(place), new=True) as target,
        progress("importing", count_files(sources)) as advance,
        audited(target, "import") as work,
    ):
        target.tell_outcomes(lambda outcome, _: work.studies.add(outcome.study_uid))
        report = import_files(target, sources, link=link, threads=threads, progress=advance)
        work.counts |= {kind: getattr(report, kind) for kind in kinds} | {"failed": len(report.failed)}
    if as_json:
        show(asdict(report))
    else:
        remarks(report.failed)
        remarks(report.passed_over if verbose else [])
        parts = [f"{getattr(report, kind)} {kind}" for kind in kinds if getattr(report, kind) or kind == "stored"]
        parts += [f"{len(report.passed_over)} passed over"] if report.passed_over else []
        parts += [f"{len(report.failed)} failed"] if report.failed else []
        click.echo(", ".join(parts))
    if report.failed:
        raise Failure


@archive.command(short_help="Read all files again and compare their digests.")
@click.option("--repair", is_flag=True, help="Take in files that are not in the index.")
@click.option("--forget-missing", is_flag=True, help="Take out of the index what has no file any more.")
@click.option("--from-start", is_flag=True, help="Do not go on where a run was stopped.")
@_THREADS
@_JSON
@archive_options
def verify(
    repair: bool, forget_missing: bool, from_start: bool, threads: int | None, as_json: bool, **place: Any
) -> None:
    """Read every file again, compare its SHA-256 with its name, and the index with the files.

    A run that was stopped goes on. The exit code is 1 when a file is damaged or missing, or is not in the index.
    What is missing comes back from a backup: `filmless archive import` of its folder. When there is none,
    --forget-missing takes it out of the index.
    """
    from filmless.archive.upkeep.verifying import verify as verify_archive

    with (
        opened(**of_archive(place), read_only=not (repair or forget_missing)) as target,
        progress("verifying", target.index.totals().instances) as advance,
    ):
        report = verify_archive(
            target,
            repair=repair,
            forget=forget_missing,
            resume=not from_start,
            threads=threads,
            progress=lambda _size: advance(),
        )
    if as_json:
        show(asdict(report) | {"sound": report.is_sound})
    else:
        for found in (report.damaged, report.missing, report.unlisted):
            remarks(found)
        counts = f"{report.files + report.resumed} files, {report.size} bytes read"
        wrong = f"{len(report.damaged)} damaged, {len(report.missing)} missing, {len(report.unlisted)} not in the index"
        click.echo(f"{counts}: {'all is well' if report.is_sound else wrong}")
    if len(report.unlisted) > report.repaired and not as_json:
        raise Failure("files are not in the index", "`filmless archive verify --repair` takes them in")
    if not report.is_sound:
        raise Failure


@archive.command(short_help="Make the index again from the files.")
@_THREADS
@_JSON
@archive_options
def rebuild(threads: int | None, as_json: bool, **place: Any) -> None:
    """Make the index again: it was lost or damaged. No server may be at work."""
    from filmless.archive.upkeep import rebuild as rebuild_index

    where = of_archive(place)
    folder = where.pop("data")
    if not folder.is_dir():
        raise Failure(f"there is no archive: {folder}", "--data DIR names its folder")
    with progress("rebuilding", sum(1 for _ in folder.glob("instances/*/*.dcm")) or 2) as advance:
        report = rebuild_index(folder, threads=threads, progress=advance, **where)
    if as_json:
        show(asdict(report))
    else:
        remarks(report.failed)
        counts = f"{counted(report.instances, 'instance')}, {counted(report.conflicts, 'conflict')}"
        click.echo(f"{counts}, {len(report.failed)} failed")
    if report.failed:
        raise Failure


@archive.command(short_help="Show how much there is.")
@_JSON
@archive_options
def stats(as_json: bool, **place: Any) -> None:
    """Show counts and sizes, in all, by modality and by transfer syntax."""
    from filmless.archive.upkeep import stats as stats_of
    from filmless.dataset import UID
    from filmless.file.media.sizes import size_text

    with opened(**of_archive(place), read_only=True) as target:
        found = stats_of(target)
    if as_json:
        show(found)
        return
    for name in ("patients", "studies", "series", "instances", "frames"):
        click.echo(f"{name:12} {found[name]:>12}")
    for name, key in (("files", "bytes"), ("conflicts", "conflict_bytes"), ("originals", "original_bytes")):
        click.echo(f"{name:12} {size_text(found[key]):>12}")
    click.echo(f"{'free':12} {size_text(found['free_bytes']):>12}")
    modalities = [
        (row["modality"] or "-", f"{row['series']}", f"{row['instances']}", size_text(row["bytes"]))
        for row in found["modalities"]
    ]
    syntaxes = [
        (UID(row["uid"]).name or row["uid"], f"{row['instances']}", size_text(row["bytes"]))
        for row in found["transfer_syntaxes"]
    ]
    for head, rows in (
        (("MODALITY", "SERIES", "INSTANCES", "SIZE"), modalities),
        (("TRANSFER SYNTAX", "INSTANCES", "SIZE"), syntaxes),
    ):
        if rows:
            click.echo()
        table(head, rows, right=len(head) - 1)


@archive.command("list", short_help="Show studies, series or instances.")
@click.argument("keys", nargs=-1, metavar="[KEYWORD=VALUE]...")
@click.option(
    "--level", type=click.Choice(["patient", "study", "series", "instance"]), default="study", show_default=True
)
@click.option("--include", multiple=True, metavar="KEYWORD", help="Show this attribute, too; can be repeated.")
@click.option("--fuzzy", is_flag=True, help="Match names by words that begin alike.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The most rows.")
@click.option("--json", "as_json", is_flag=True, help="Write a DICOM JSON object a line.")
@archive_options
def list_(
    keys: tuple[str, ...],
    level: Any,
    include: tuple[str, ...],
    fuzzy: bool,
    limit: int | None,
    as_json: bool,
    **place: Any,
) -> None:
    """Show what there is, by the keys of a query: a value, one with * and ?, a range of dates as 20200101-20201231.

    \b
    filmless archive list PatientName='doe*' StudyDate=20200101-
    filmless archive list --level series StudyInstanceUID=1.2.3 --json
    """  # noqa: D301 - \b keeps the lines of examples
    from filmless.archive import Query

    more = tuple(tag_named(name) for name in include)
    query = Query(level, tuple(keys_named(keys)), include=frozenset((tag,) for tag in more), fuzzy=fuzzy, limit=limit)
    with opened(**of_archive(place), read_only=True) as target:
        found = target.search(query)
    columns = [tag_named(name) for name in _COLUMNS[level]] + list(more)
    rows = [_cells(row.json, columns) for row in found.rows] if not as_json else []
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    for row in found.rows if as_json else ():
        click.echo(row.json.decode())
    for cells in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


def _cells(row: bytes, tags: list[int]) -> list[str]:
    found = json.loads(row)
    return [printable(_cell(found.get(f"{tag:08X}", {}).get("Value") or [])) for tag in tags]


def _cell(values: list[Any]) -> str:
    texts = [
        value.get("Alphabetic") or next(iter(value.values()), "") if isinstance(value, dict) else value
        for value in values
    ]
    return "\\".join(str(text) for text in texts if not isinstance(text, (dict, list)))[:64]


for _command in (delete, edit, conflicts, originals, prune, export, backup, restore):
    archive.add_command(_command)
