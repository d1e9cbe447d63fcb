"""`filmless delete`: delete in an archive of the network."""

from typing import Any

import click

from filmless.cli.archive_options import confirmed
from filmless.cli.peers import client_of, web_options
from filmless.cli.reporting import Failure, Misuse

__all__ = ["delete"]


@click.command(short_help="Delete in an archive of the network, for good.")
@click.argument("peer")
@click.argument("study")
@click.argument("series", required=False)
@click.argument("instance", required=False)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@web_options
def delete(peer: str, study: str, series: str | None, instance: str | None, yes: bool, **how: Any) -> None:
    """Delete at PEER a STUDY, a SERIES of it or an INSTANCE, each named by its UID, for good.

    What there is is counted first, and asked about. The service has to let one: ours asks for a key with the role
    `delete`, and many have none.
    """
    from filmless.file.uid_grammar import is_uid

    if not all(is_uid(uid) for uid in (study, series, instance) if uid is not None):
        raise Misuse("expected UIDs", "`filmless find` shows them")
    with client_of(peer, **how) as client:
        keys: dict[str, Any] = {} if instance is None else {"SOPInstanceUID": instance}
        count = sum(1 for _ in client.search_instances(study, series, **keys))
        if not count:
            raise Failure("there is nothing like that", "`filmless find` shows what there is")
        what = f"{count} {'instance' if count == 1 else 'instances'}"
        confirmed(f"delete {what}?", yes=yes)
        client.delete(study, series, instance)
    click.echo(f"{what} deleted", err=True)
