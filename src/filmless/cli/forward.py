"""`filmless forward`: what waits for being sent to peers, also while the server runs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from filmless.cli.reporting import Misuse, printable

if TYPE_CHECKING:
    from filmless.archive import Archive
    from filmless.server.forwarding import Queue
    from filmless.server.settings import Settings

__all__ = ["forward"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _of_archive(command: _Command) -> _Command:
    for option in (
        click.option("--index", metavar="URL", help="Database of the index."),
        click.option("--data", metavar="PATH", help="Folder of the archive."),
        click.option("--config", type=Path, metavar="FILE", envvar="FILMLESS_CONFIG", help="Settings in TOML."),
    ):
        command = option(command)
    return command


@click.group(short_help="Show and change what waits for being sent on.")
def forward() -> None:
    """Show, retry and drop instances that wait for being sent to peers."""


@forward.command("list", short_help="Show what waits.")
@click.option("--peer", metavar="NAME", help="For this peer.")
@click.option("--state", type=click.Choice(["waiting", "sending", "dead"]), help="In this state.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@_of_archive
def show(peer: str | None, state: str | None, as_json: bool, **place: Any) -> None:
    """Show what waits, the oldest first: its number, peer, state, attempts, next attempt, and last error."""
    with _queue(**place) as queue:
        for row in queue.rows(peer=peer, state=state):
            if as_json:
                click.echo(json.dumps(row._asdict()))
                continue
            due = "" if row.state == "dead" else datetime.fromtimestamp(row.due, UTC).isoformat(timespec="seconds")
            error = printable(row.error, "�")
            click.echo(f"{row.id}\t{row.peer}\t{row.state}\t{row.attempts}\t{due}\t{row.instance_uid}\t{error}")


@forward.command(short_help="Put instances of the archive into the queue.")
@click.argument("keys", nargs=-1, required=True, metavar="KEYWORD=VALUE...")
@click.option("--peer", required=True, metavar="NAME", help="For this peer.")
@_of_archive
def add(keys: tuple[str, ...], peer: str, **place: Any) -> None:
    """Have what matches all keys sent to a peer: what was imported, edited, or is in a folder in place.

    \b
    filmless forward add --peer backup StudyInstanceUID=1.2.3
    """  # noqa: D301 - \b keeps the lines of examples
    from filmless.cli.archive_options import entries_of, keys_named
    from filmless.server.forwarding import Queue

    wanted = keys_named(keys)
    with _archive(**place) as (settings, archive):
        if peer not in settings.peers:
            raise Misuse(f"there is no peer `{peer}`", "a peer is a table `[peers.NAME]` of the file of --config")
        found = entries_of(archive, wanted)
        added = Queue(archive.index.database).add(peer, [(entry.instance_uid, entry.sha256) for entry in found])
    click.echo(f"{added} will be sent")


@forward.command(short_help="Try again now.")
@click.argument("numbers", nargs=-1, type=int, metavar="[NUMBER]...")
@click.option("--peer", metavar="NAME", help="All for this peer.")
@click.option("--all", "everything", is_flag=True, help="All.")
@_of_archive
def retry(numbers: tuple[int, ...], peer: str | None, everything: bool, **place: Any) -> None:
    """Send instances again now, those that were given up, too."""
    _need_choice(numbers, peer, everything)
    with _queue(**place) as queue:
        click.echo(f"{queue.retry(peer=peer, ids=numbers)} will be sent again")


@forward.command(short_help="Forget about sending.")
@click.argument("numbers", nargs=-1, type=int, metavar="[NUMBER]...")
@click.option("--peer", metavar="NAME", help="All for this peer.")
@click.option("--all", "everything", is_flag=True, help="All.")
@_of_archive
def drop(numbers: tuple[int, ...], peer: str | None, everything: bool, **place: Any) -> None:
    """Forget about sending instances; they stay in the archive."""
    _need_choice(numbers, peer, everything)
    with _queue(**place) as queue:
        click.echo(f"{queue.drop(peer=peer, ids=numbers)} were dropped")


def _need_choice(numbers: tuple[int, ...], peer: str | None, everything: bool) -> None:
    if not (numbers or peer or everything):
        raise Misuse("nothing was chosen", "give NUMBERs as `filmless forward list` shows them, --peer NAME, or --all")


@contextmanager
def _queue(**place: Any) -> Iterator["Queue"]:
    """Open the queue of an archive, beside a server that may have it."""
    from filmless.server.forwarding import Queue

    with _archive(**place) as (_, archive):
        yield Queue(archive.index.database)


@contextmanager
def _archive(*, config: Path | None, data: str | None, index: str | None) -> "Iterator[tuple[Settings, Archive]]":
    from filmless.archive import Archive
    from filmless.server.settings import read_settings

    given = {name: value for name, value in (("data", data), ("index", index)) if value is not None}
    settings = read_settings(config, given=given)
    with Archive(settings.data, index=settings.index, read_only=True) as archive:
        yield settings, archive
