"""`filmless get`: files out of a service in the network."""

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from filmless.cli.find import search
from filmless.cli.matching_keys import keys_of, level_of
from filmless.cli.peers import client_of, peer_options
from filmless.cli.progress import progress
from filmless.cli.reporting import Failure, Misuse, report, say
from filmless.errors import DicomError

if TYPE_CHECKING:
    from filmless.dicomweb import BlockingClient

__all__ = ["get"]


class _Wanted(NamedTuple):
    study: str
    series: str
    instance: str


@click.command(short_help="Fetch files from an archive of the network.")
@click.argument("peer")
@click.argument("keys", nargs=-1, required=True, metavar="UID|KEYWORD=VALUE...")
@click.option("-o", "--output", type=Path, default=Path(), metavar="FOLDER", help="Where files go. [here]")
@click.option("--transfer-syntax", default="*", metavar="SYNTAX", help="As jpeg-ls; by default as they are stored.")
@click.option("-j", "--jobs", type=click.IntRange(1, 32), default=4, show_default=True, metavar="N", help="At a time.")
@click.option("--force", is_flag=True, help="Fetch again what is there already.")
@click.option("--json", "as_json", is_flag=True, help="A list of what became of each.")
@peer_options
def get(
    peer: str,
    keys: tuple[str, ...],
    output: Path,
    transfer_syntax: str,
    jobs: int,
    force: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Fetch from PEER what is named: UIDs of studies, or matching keys as of `find`.

    Files are named by their SOP Instance UID, in folders of their study and series. What is there already is passed
    over, so a run that broke off goes on when it is started again.
    """
    syntax = _syntax(transfer_syntax)
    with client_of(peer, **how) as client:
        wanted = list(dict.fromkeys(_wanted(client, keys)))
        if not wanted:
            raise Failure("there is nothing like that", "`filmless find` shows what there is")
        rows: list[dict[str, Any]] = []
        failed = 0
        with progress("fetching", len(wanted)) as step, ThreadPoolExecutor(jobs) as threads:
            fetch = partial(_fetch, client, output=output, transfer_syntax=syntax, force=force)
            tasks = [(one, threads.submit(fetch, one)) for one in wanted]
            try:
                for one, task in tasks:
                    row: dict[str, Any] = {"instance": one.instance}
                    try:
                        path, is_new = task.result()
                        row |= {"path": str(path), "status": "fetched" if is_new else "there"}
                    except (DicomError, OSError, ValueError) as error:
                        failed += 1
                        row |= {"status": "failed", "error": str(error).partition("\nhint: ")[0]}
                        report(error)
                    rows.append(row)
                    step()
            except BaseException:
                threads.shutdown(cancel_futures=True)
                raise
    _finish(rows, failed, as_json)


def _syntax(name: str) -> str:
    from filmless.dicomweb.client.operations import syntax_named

    try:
        return syntax_named(name)
    except ValueError:
        raise Misuse(f"`{name}` is no transfer syntax", "`filmless transcode --help` lists short names") from None


def _wanted(client: "BlockingClient", keys: tuple[str, ...]) -> Iterator[_Wanted]:
    """Give each instance that is named: a list comes first, so that it is known what is missing."""
    from filmless.file.uid_grammar import is_uid

    uids = [key for key in keys if "=" not in key]
    for uid in uids:
        if not is_uid(uid):
            raise Misuse("expected a UID of a study, or KEYWORD=VALUE")
    given = keys_of(key for key in keys if "=" in key)
    queries = [{"StudyInstanceUID": uid} | given for uid in uids] or [given]
    for query in queries:
        if level_of(query) != "study":
            yield from _instances(client, query)
            continue
        for study in search(client, "study", query):
            yield from _instances(client, {"StudyInstanceUID": str(study.get("StudyInstanceUID"))})


def _instances(client: "BlockingClient", query: dict[str, str]) -> Iterator[_Wanted]:
    study, series = query.get("StudyInstanceUID", ""), query.get("SeriesInstanceUID", "")
    for ds in search(client, "instance", query):
        yield _Wanted(
            str(ds.get("StudyInstanceUID") or study),
            str(ds.get("SeriesInstanceUID") or series),
            str(ds.get("SOPInstanceUID") or ""),
        )


def _fetch(
    client: "BlockingClient", wanted: _Wanted, *, output: Path, transfer_syntax: str, force: bool
) -> tuple[Path, bool]:
    from filmless.errors import DicomWebError
    from filmless.file.uid_grammar import is_uid

    if not all(map(is_uid, wanted)):
        raise DicomWebError("the service names an instance by something that is no UID")
    folder = output / wanted.study / wanted.series
    there = folder / f"{wanted.instance}.dcm"
    if not force and there.exists():
        return there, False
    found = list(client.retrieve_to(folder, *wanted, transfer_syntax=transfer_syntax))
    if len(found) != 1:
        raise DicomWebError(f"the service gives {len(found)} files for one instance")
    return found[0], True


def _finish(rows: list[dict[str, Any]], failed: int, as_json: bool) -> None:
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
