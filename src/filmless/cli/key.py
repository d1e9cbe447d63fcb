"""`filmless key`: API keys made, listed and revoked, also while the server runs."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from filmless.cli.reporting import Misuse, say

if TYPE_CHECKING:
    from filmless.security import ApiKeys
    from filmless.security.keys import ApiKey

__all__ = ["key"]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_ROLES = ("read", "write", "delete", "admin")
_DAYS = re.compile(r"([0-9]{1,5})d")


def _of_archive(command: _Command) -> _Command:
    for option in (
        click.option("--data", type=Path, metavar="DIR", help="Folder of the archive."),
        click.option("--config", type=Path, metavar="FILE", envvar="FILMLESS_CONFIG", help="Settings in TOML."),
    ):
        command = option(command)
    return command


def _end(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    """Read when a key ends: a date, a time, or days from now."""
    if text is None:
        return None
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        days = _DAYS.fullmatch(text)
        end = now + timedelta(days=int(days[1])) if days else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Misuse("--expires is no date such as 2027-01-31, and no number of days such as 90d") from None
    end = end if end.tzinfo else end.astimezone()
    if end <= now:
        raise Misuse("--expires has gone by")
    return end


@click.group(short_help="Make, list and revoke keys for programs that use the archive.")
def key() -> None:
    """Make, list and revoke API keys: who shows one may do what its roles say.

    As soon as there is a key, everyone has to show one. A running server takes changes up at once.
    """


@key.command(short_help="Make a key, and print it: it is not kept.")
@click.argument("name", metavar="NAME")
@click.option("--role", "roles", multiple=True, type=click.Choice(_ROLES), help="May be repeated; by default `read`.")
@click.option("--study", "studies", multiple=True, metavar="UID", help="Restrict to this study; may be repeated.")
@click.option("--patient", "patients", multiple=True, metavar="ID", help="Restrict to this patient; may be repeated.")
@click.option("--expires", callback=_end, metavar="DATE", help="When it ends: 2027-01-31, or 90d from now.")
@click.option("--toml", is_flag=True, help="Keep nothing: print lines for a configuration, then the key on stderr.")
@_of_archive
def create(
    name: str,
    roles: tuple[str, ...],
    studies: tuple[str, ...],
    patients: tuple[str, ...],
    expires: datetime | None,
    toml: bool,
    **place: Any,
) -> None:
    """Make a key of NAME, a program or person, and print it: only its digest is kept."""
    from filmless.dataset import UID
    from filmless.security.keys import new_key

    if not all(UID(uid).is_valid for uid in studies):
        raise Misuse("--study is no UID")
    options: dict[str, Any] = {
        "roles": roles or ("read",),
        "studies": studies or None,
        "patients": patients or None,
        "expires": expires,
    }
    if toml:
        made, entry = new_key(name, **options)
        click.echo(_toml(entry))
        say(f"the key, which is not shown again: {made}")
        return
    keys = _keys(**place)
    is_first = not keys.is_configured
    click.echo(keys.create(name, **options))
    say("this key is not shown again: only its digest is kept")
    if is_first:
        say("from now on everyone has to show a key")


@key.command("list", short_help="List keys.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line, without digests.")
@_of_archive
def show(as_json: bool, **place: Any) -> None:
    """List keys, a line each: name, roles, when made, when it ends, and what it is restricted to."""
    from filmless.security.key_file import fields_of

    for entry in _keys(**place).all():
        if as_json:
            fields = {name: value for name, value in fields_of(entry).items() if name != "sha256"}
            click.echo(json.dumps(fields | {"expired": entry.is_expired()}))
            continue
        limits = [
            f"{len(values)} {what if len(values) == 1 else many}"
            for values, what, many in ((entry.patients, "patient", "patients"), (entry.studies, "study", "studies"))
            if values is not None
        ]
        end = "" if entry.expires is None else entry.expires.isoformat() + (" (over)" if entry.is_expired() else "")
        made = "" if entry.created is None else entry.created.isoformat()
        click.echo("\t".join((entry.name, ",".join(sorted(entry.roles)), made, end, " and ".join(limits))))


@key.command(short_help="Make keys useless.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_of_archive
def revoke(names: tuple[str, ...], **place: Any) -> None:
    """Revoke the keys of these NAMEs: who shows one is refused from the next request on."""
    keys = _keys(**place)
    for name in names:
        keys.revoke(name)


def _keys(*, data: Path | None, config: Path | None) -> "ApiKeys":
    from filmless.security import ApiKeys
    from filmless.server.settings import read_settings

    settings = read_settings(config, given={} if data is None else {"data": str(data)}).security
    return ApiKeys(settings.key_file, fixed=settings.keys)


def _toml(entry: "ApiKey") -> str:
    """Write a key as a table of TOML, whose texts and lists are those of JSON."""
    from filmless.security.key_file import fields_of

    def value(name: str, field: Any) -> str:
        return str(field) if name in {"created", "expires"} else json.dumps(field, ensure_ascii=False)

    return "\n".join(["[[security.keys]]", *(f"{name} = {value(name, f)}" for name, f in fields_of(entry).items())])
