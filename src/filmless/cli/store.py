"""`filmless store`: files into a service in the network."""

import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Any

import click

from filmless.cli.dimse_store import store_at
from filmless.cli.entity import Entity
from filmless.cli.naming import syntax_named
from filmless.cli.option_groups import OwnFirstCommand
from filmless.cli.peers import peer_of, peer_options
from filmless.cli.progress import progress
from filmless.cli.reporting import Failure, Misuse, say
from filmless.cli.stored_row import stored_row
from filmless.errors import DicomError

if TYPE_CHECKING:
    from filmless.convert.sources import Item
    from filmless.dicomweb import BlockingClient
    from filmless.dicomweb.client import Stored, StoreReport

__all__ = ["store"]

_DIRECTORY = b"1.2.840.10008.1.3.10"  # Media Storage Directory Storage
_HEAD = 1024


@click.command(cls=OwnFirstCommand, short_help="Send files to an archive of the network.")
@click.argument("peer")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 32),
    default=4,
    show_default=True,
    metavar="N",
    help="At a time: requests, or associations.",
)
@click.option("--study", metavar="UID", help="The study that all have to be of.")
@click.option(
    "--transfer-syntax",
    metavar="SYNTAX",
    help="Send all as this, such as explicit, by DIMSE; by default as they are, or as the peer takes them.",
)
@click.option("--json", "as_json", is_flag=True, help="A list of what became of each.")
@peer_options
def store(
    peer: str,
    files: tuple[str, ...],
    jobs: int,
    study: str | None,
    transfer_syntax: str | None,
    as_json: bool,
    **how: Any,
) -> None:
    """Send FILEs to PEER; folders and ZIP files with all DICOM that is in them.

    What fails for a time is sent again. What is no DICOM instance, such as a DICOMDIR, is passed over in folders and
    ZIP files.
    """
    from filmless.convert.sources import items

    syntax = None if transfer_syntax is None else syntax_named(transfer_syntax)
    target = peer_of(peer, **how)
    if syntax is not None and not isinstance(target, Entity):
        raise Misuse(
            "--transfer-syntax is for DIMSE, and PEER is spoken to by DICOMweb", "`filmless transcode` makes files"
        )
    found = [item for item in items(files) if item.is_named or _is_instance(item)]
    rows: list[dict[str, Any]] = []
    with progress("sending", len(found)) as step:
        lock = Lock()

        def told(row: dict[str, Any]) -> None:
            with lock:
                rows.append(row)
                step()

        if isinstance(target, Entity):
            store_at(target, found, jobs=jobs, study=study, transfer_syntax=syntax, told=told)
        else:
            with target as client, ThreadPoolExecutor(jobs) as threads:
                tasks = [threads.submit(_send, client, part, study, told) for part in _shares(found, jobs)]
                for task in tasks:
                    task.result()
    _finish(rows, as_json=as_json)


def _finish(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    failed = [row for row in rows if row["status"] == "failed"]
    if as_json:
        json.dump(rows, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        for row in failed:
            say(f"{row['error']}, in {row['source']}")
        click.echo(f"{len(rows) - len(failed)} stored{_among_them(rows)}", err=True)
    if failed:
        if len(rows) > 1:
            say(f"{len(failed)} of {len(rows)} files failed")
        raise Failure
    if not rows:
        raise Failure("there is no DICOM file to send")


def _among_them(rows: list[dict[str, Any]]) -> str:
    """Tell how many the service did not put where they will be found."""
    aside = sum(row.get("comment", "").startswith("set aside") for row in rows)
    return f", {aside} of them set aside: the service has others with their UIDs" if aside else ""


def _shares(found: list["Item"], jobs: int) -> Iterator[list["Item"]]:
    """Cut the files into as many runs as are sent at a time, neighbours together."""
    size = max(1, -(-len(found) // jobs))
    for start in range(0, len(found), size):
        yield found[start : start + size]


def _send(client: "BlockingClient", part: list["Item"], study: str | None, told: Any) -> "StoreReport[Stored]":
    names: dict[str, str] = {}

    def sources() -> Iterable[Any]:
        for number, item in enumerate(part, start=1):
            if item.path is not None:
                yield item.path
                continue
            names[f"source {number}"] = item.name
            try:
                yield item.data()
            except (DicomError, OSError, ValueError):
                yield b""  # told of as no DICOM, under its name

    return client.store(sources(), study=study, progress=lambda result: told(_row(result, names)))


def _is_instance(item: "Item") -> bool:
    """Whether a file looks like one to send: with a preamble and no DICOMDIR, or with the UID of an instance.

    Without a preamble files of many other formats can be read as a data set.
    """
    from filmless.convert.pieces import kind_of
    from filmless.file import read

    if kind_of(item) != "DICOM":
        return False
    head, _ = item.head(_HEAD)
    if head[128:132] == b"DICM":
        return _DIRECTORY not in head[132:]
    try:
        return "SOPInstanceUID" in read(item.path or item.data(), stop_before_pixels=True)
    except (DicomError, OSError, ValueError):
        return True  # told of when it is sent


def _row(result: "Stored", names: dict[str, str]) -> dict[str, Any]:
    return stored_row(
        names.get(result.source, result.source),
        result,
        failure_reason=result.failure_reason,
        warning_reason=result.warning_reason,
    )
