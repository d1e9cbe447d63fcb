"""`filmless echo`: whether a peer in the network answers."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from filmless.cli.entity import Entity
from filmless.cli.option_groups import OwnFirstCommand
from filmless.cli.peers import peer_of, peer_options

__all__ = ["echo"]


@click.command(cls=OwnFirstCommand, short_help="Ask whether a peer of the network answers.")
@click.argument("peer")
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="How often.")
@click.option("--json", "as_json", is_flag=True, help="An object with all times.")
@peer_options
def echo(peer: str, count: int, as_json: bool, **how: Any) -> None:
    """Ask PEER whether it is there: by C-ECHO, or of a DICOMweb service by a search for one study.

    Tells how long it took to open the association, and to answer.
    """
    found = peer_of(peer, **how)
    began = time.perf_counter()
    times = []
    with _asking(found, peer) as (name, ask):
        opened_ms = (time.perf_counter() - began) * 1000
        for _ in range(count):
            began = time.perf_counter()
            ask()
            times.append((time.perf_counter() - began) * 1000)
    if as_json:
        row: dict[str, Any] = {"peer": name, "echo_ms": [round(one, 3) for one in times]}
        if isinstance(found, Entity):
            row["association_ms"] = round(opened_ms, 3)
        json.dump(row, sys.stdout)
        sys.stdout.write("\n")
        return
    opened = f"association {opened_ms:.1f} ms, " if isinstance(found, Entity) else ""
    click.echo(f"{name} answers: {opened}{_among(times)}")


def _among(times: list[float]) -> str:
    if len(times) == 1:
        return f"echo {times[0]:.1f} ms"
    return f"{len(times)} echoes, least {min(times):.1f}, mean {sum(times) / len(times):.1f}, most {max(times):.1f} ms"


@contextmanager
def _asking(found: Any, name: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Give how a peer is called, and what asks it."""
    if isinstance(found, Entity):
        from filmless.dimse.operations.echo import VERIFICATION

        with found.connected(sop_classes=[VERIFICATION]) as entity:
            yield found.name, entity.echo
    else:
        with found as client:
            yield name, lambda: list(client.search_studies(limit=1))
