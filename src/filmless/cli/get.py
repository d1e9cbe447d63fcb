"""`filmless get`: files out of a service in the network."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filmless.cli.dimse_get import fetch_from, listener_of, search_in
from filmless.cli.entity import Entity
from filmless.cli.find import search
from filmless.cli.naming import syntax_named
from filmless.cli.option_groups import OwnFirstCommand, in_group
from filmless.cli.peers import peer_of, peer_options
from filmless.cli.progress import progress
from filmless.cli.reporting import Failure, Misuse, report, say
from filmless.cli.wanted import Search, Wanted, instances_of, queries_of
from filmless.errors import DicomError

if TYPE_CHECKING:
    from filmless.dicomweb import BlockingClient

__all__ = ["get"]


@click.command(cls=OwnFirstCommand, short_help="Fetch files from an archive of the network.")
@click.argument("peer")
@click.argument("keys", nargs=-1, required=True, metavar="UID|KEYWORD=VALUE...")
@click.option("-o", "--output", type=Path, default=Path(), metavar="FOLDER", help="Where files go. [here]")
@click.option("--transfer-syntax", default="*", metavar="SYNTAX", help="As jpeg-ls; by default as they are stored.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 32),
    default=4,
    show_default=True,
    metavar="N",
    help="At a time: requests, or associations.",
)
@click.option("--force", is_flag=True, help="Fetch again what is there already.")
@click.option("--json", "as_json", is_flag=True, help="A list of what became of each.")
@in_group(
    "DIMSE",
    click.option(
        "--move-to",
        metavar="AE@[HOST]:PORT",
        help="Where a peer without C-GET sends to by C-MOVE: an AE title that it knows, and our port.",
    ),
    click.option("--allow", multiple=True, metavar="[AE@]ADDRESS", help="Who may send there beside PEER; repeatable."),
)
@peer_options
def get(
    peer: str,
    keys: tuple[str, ...],
    output: Path,
    transfer_syntax: str,
    jobs: int,
    force: bool,
    as_json: bool,
    move_to: str | None,
    allow: tuple[str, ...],
    **how: Any,
) -> None:
    """Fetch from PEER what is named: UIDs of studies, or matching keys as of `find`.

    Files are named by their SOP Instance UID, in folders of their study and series. What is there already is passed
    over, so a run that broke off goes on when it is started again.
    """
    syntax = syntax_named(transfer_syntax)
    queries_of(keys)
    listener = None if move_to is None else listener_of(move_to)
    found = peer_of(peer, **how)
    if isinstance(found, Entity):
        wanted = _listed(partial(search_in, found), keys)
        with progress("fetching", len(wanted)) as step:
            rows = fetch_from(
                found,
                wanted,
                output,
                jobs=jobs,
                transfer_syntax=syntax,
                force=force,
                listener=listener,
                allow=allow,
                step=step,
            )
        for error in dict.fromkeys(row["error"] for row in rows if row["status"] == "failed"):
            say(error)
    elif listener is not None:
        raise Misuse("--move-to is for DIMSE, and PEER is spoken to by DICOMweb")
    else:
        with found as client:
            wanted = _listed(partial(search, client), keys)
            rows = _fetch_all(client, wanted, jobs=jobs, output=output, transfer_syntax=syntax, force=force)
    _finish(rows, as_json=as_json)


def _listed(search: Search, keys: tuple[str, ...]) -> list[Wanted]:
    wanted = list(dict.fromkeys(instances_of(search, keys)))
    if not wanted:
        raise Failure("there is nothing like that", "`filmless find` shows what there is")
    return wanted


def _fetch_all(client: "BlockingClient", wanted: list[Wanted], *, jobs: int, **options: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with progress("fetching", len(wanted)) as step, ThreadPoolExecutor(jobs) as threads:
        tasks = [(one, threads.submit(_fetch, client, one, **options)) for one in wanted]
        try:
            for one, task in tasks:
                row: dict[str, Any] = {"instance": one.instance}
                try:
                    path, is_new = task.result()
                    row |= {"path": str(path), "status": "fetched" if is_new else "there"}
                except (DicomError, OSError, ValueError) as error:
                    row |= {"status": "failed", "error": str(error).partition("\nhint: ")[0]}
                    report(error)
                rows.append(row)
                step()
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise
    return rows


def _fetch(
    client: "BlockingClient", wanted: Wanted, *, output: Path, transfer_syntax: str, force: bool
) -> tuple[Path, bool]:
    from filmless.errors import DicomWebError
    from filmless.file.uid_grammar import is_uid

    if not all(map(is_uid, wanted[:3])):
        raise DicomWebError("the service names an instance by something that is no UID")
    folder = output / wanted.study / wanted.series
    there = folder / f"{wanted.instance}.dcm"
    if not force and there.exists():
        return there, False
    found = list(client.retrieve_to(folder, *wanted[:3], transfer_syntax=transfer_syntax))
    if len(found) != 1:
        raise DicomWebError(f"the service gives {len(found)} files for one instance")
    return found[0], True


def _finish(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    failed = sum(row["status"] == "failed" for row in rows)
    if as_json:
        json.dump(rows, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        there = sum(row["status"] == "there" for row in rows)
        fetched = len(rows) - there - failed
        click.echo(f"{fetched} fetched" + (f", {there} there already" if there else ""), err=True)
    if failed:
        say(f"{failed} of {len(rows)} instances failed")
        raise Failure
