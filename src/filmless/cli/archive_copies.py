"""`filmless archive`: what writes instances elsewhere, and brings them back."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from filmless.cli.archive_options import (
    archive_options,
    entries_of,
    folder_options,
    keys_named,
    of_archive,
    opened,
    remarks,
    show,
    where,
)
from filmless.cli.progress import progress
from filmless.cli.reporting import Failure

__all__ = ["backup", "export", "restore"]

_JSON = click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")


@click.command(short_help="Write instances out as files, a ZIP or a file-set.")
@click.argument("keys", nargs=-1, required=True, metavar="KEYWORD=VALUE...")
@click.option("-o", "--output", required=True, metavar="OUT", help="A folder, or a .zip that is not there.")
@click.option("--fileset", is_flag=True, help="With a DICOMDIR, under names that every medium can hold.")
@click.option("--profile", default="general", show_default=True, metavar="PROFILE", help="What a file-set may hold.")
@_JSON
@archive_options
def export(keys: tuple[str, ...], output: str, fileset: bool, profile: str, as_json: bool, **place: Any) -> None:
    """Write what matches all keys to OUT, byte for byte: as study/series/instance.dcm, or as a file-set.

    \b
    filmless archive export PatientID=4711 -o patient.zip
    filmless archive export StudyInstanceUID=1.2.3 --fileset -o disc
    """  # noqa: D301 - \b keeps the lines of examples
    from filmless.archive.upkeep import export as export_files
    from filmless.archive.upkeep import export_fileset

    with opened(**of_archive(place), read_only=True) as target:
        found = entries_of(target, keys_named(keys))
        with progress("writing", len(found)) as advance:
            if fileset:
                report: Any = export_fileset(target, found, output, profile=profile, progress=advance)
            else:
                report = export_files(target, found, output, progress=advance)
    if as_json:
        show({"written": report.written, "bytes": report.size, "failed": [asdict(remark) for remark in report.failed]})
    else:
        remarks(report.failed)
        click.echo(f"{report.written} written, {len(report.failed)} failed: {output}")
    if report.failed:
        raise Failure


@click.command(short_help="Bring a copy of the archive up to date.")
@click.argument("target", metavar="DIR")
@click.option("--link", is_flag=True, help="Hard links in place of copies, on the same file system.")
@_JSON
@archive_options
def backup(target: str, link: bool, as_json: bool, **place: Any) -> None:
    """Copy what is new to DIR, and remove from it what the archive no longer has. A server may be at work.

    The copy is an archive: `filmless archive verify --data DIR` reads it again, `filmless archive restore DIR` brings
    it back. The exit code is 1 when a file of the archive is missing or damaged: what an earlier backup has stays.
    An index in PostgreSQL is not in it: dump it with `pg_dump`, or make it again with `rebuild`.
    """
    from filmless.archive.upkeep import backup as back_up

    with (
        opened(**of_archive(place), read_only=True) as source,
        progress("copying", source.index.totals().instances) as advance,
    ):
        report = back_up(source, target, link=link, progress=advance)
    if as_json:
        show(asdict(report))
    else:
        remarks(report.failed)
        failed = f", {len(report.failed)} failed" if report.failed else ""
        click.echo(f"{report.copied} copied, {report.there} there already, {report.removed} removed{failed}: {target}")
        if not report.with_index:
            click.echo("the index is not in it: pg_dump --format=custom --file=index.dump DATABASE", err=True)
    if report.failed:
        raise Failure


@click.command(short_help="Make an archive of a backup.")
@click.argument("source", metavar="DIR")
@_JSON
@folder_options
def restore(source: str, as_json: bool, **place: Any) -> None:
    """Copy the backup in DIR to the archive's folder, which has to be missing or empty."""
    from filmless.archive.upkeep import restore as restore_backup

    folder = where(**place)["data"]
    total = sum(1 for _ in Path(source).glob("*/*/*.dcm"))
    with progress("copying", total) as advance:
        report = restore_backup(source, folder, progress=advance)
    if as_json:
        show(asdict(report))
    else:
        remarks(report.failed)
        click.echo(f"{report.copied} copied{f', {len(report.failed)} failed' if report.failed else ''}: {folder}")
    if report.failed:
        raise Failure
