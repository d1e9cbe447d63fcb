"""`filmless move`: have a peer in the network send to a third."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from filmless.cli.dimse_find import search_peer
from filmless.cli.entity import Entity, check_ae_title
from filmless.cli.matching_keys import level_of
from filmless.cli.option_groups import OwnFirstCommand
from filmless.cli.peers import dimse_options, entity_of
from filmless.cli.progress import progress
from filmless.cli.reporting import Failure, report, say
from filmless.cli.wanted import identifier_of, queries_of, studies_of
from filmless.errors import DimseStatusError, LocalProtocolError

if TYPE_CHECKING:
    from filmless.dimse import BlockingPeer

__all__ = ["move"]

_COUNTS = ("completed", "failed", "warning")


@click.command(cls=OwnFirstCommand, short_help="Have an archive of the network send to a third.")
@click.argument("peer")
@click.argument("destination", metavar="AE_TITLE")
@click.argument("keys", nargs=-1, required=True, metavar="UID|KEYWORD=VALUE...")
@click.option("--json", "as_json", is_flag=True, help="A list of what became of each study.")
@dimse_options
def move(peer: str, destination: str, keys: tuple[str, ...], as_json: bool, **how: Any) -> None:
    """Have PEER send what is named to the application entity AE_TITLE, which it has to know (C-MOVE).

    What is named are UIDs of studies, or matching keys as of `find`; with SeriesInstanceUID or SOPInstanceUID among
    them, series or instances.
    """
    from filmless.dimse.uids import PATIENT_ROOT, STUDY_ROOT

    check_ae_title(destination)
    entity: Entity = entity_of(peer, **how)
    rows: list[dict[str, Any]] = []
    with entity.connected(sop_classes=[*STUDY_ROOT[:2], *PATIENT_ROOT[:2]]) as opened:
        wanted = list(_wanted(opened, keys))
        if not wanted:
            raise Failure("there is nothing like that", "`filmless find` shows what there is")
        with progress("moving", len(wanted)) as step:
            for uids in wanted:
                rows.append(_moved(opened, destination, uids))
                step()
    _finish(rows, as_json=as_json)


def _wanted(peer: "BlockingPeer", keys: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Give the UIDs of what is to be moved."""
    for query in queries_of(keys):
        level = level_of(query)
        uids = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
        if set(query) <= set(uids) and "StudyInstanceUID" in query and _is_plain(query):
            yield query
        elif level == "study":
            yield from ({"StudyInstanceUID": uid} for uid in studies_of(partial(search_peer, peer), query))
        else:
            depth = 2 if level == "series" else 3
            for ds in search_peer(peer, level, query):
                yield {name: str(ds.get(name)) for name in uids[:depth]}


def _is_plain(query: dict[str, str]) -> bool:
    """Whether a query has nothing to be sought: a UID of each level down to the lowest."""
    from filmless.file.uid_grammar import is_uid

    is_whole = "SOPInstanceUID" not in query or "SeriesInstanceUID" in query
    return is_whole and all(map(is_uid, query.values()))


def _moved(peer: "BlockingPeer", destination: str, uids: dict[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {"study": uids["StudyInstanceUID"]}
    for name, keyword in (("series", "SeriesInstanceUID"), ("instance", "SOPInstanceUID")):
        if keyword in uids:
            row[name] = uids[keyword]
    row |= dict.fromkeys(_COUNTS, 0)
    try:
        for counts in peer.move(identifier_of(*uids.values()), destination=destination):
            row |= {name: getattr(counts, name) or 0 for name in _COUNTS}
    except LocalProtocolError:
        raise Failure("the peer has no C-MOVE", "`filmless get` fetches by C-GET") from None
    except DimseStatusError as error:
        report(error)
        return row | {"status": "failed", "error": error.message}
    return row | {"status": "failed" if row["failed"] else "moved"}


def _finish(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        json.dump(rows, sys.stdout, indent=2)
        sys.stdout.write("\n")
    total = {name: sum(row[name] for row in rows) for name in _COUNTS}
    failed = [row for row in rows if row["status"] == "failed"]
    if not as_json:
        warned = f", {total['warning']} with warnings" if total["warning"] else ""
        click.echo(f"{total['completed'] + total['warning']} moved{warned}", err=True)
    if failed:
        if total["failed"]:
            say(f"{total['failed']} instances failed")
        raise Failure
