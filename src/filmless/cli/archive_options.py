"""What the commands of `filmless archive` share: which archive, and which of its instances."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filmless.cli.reporting import Failure, Misuse, printable, say

if TYPE_CHECKING:
    from filmless.archive import Archive, Entry, Options
    from filmless.archive.query import Key
    from filmless.file.media import Remark

__all__ = [
    "archive_options",
    "confirmed",
    "counted",
    "entries_of",
    "folder_options",
    "keys_named",
    "of_archive",
    "opened",
    "remarks",
    "show",
    "table",
    "where",
]


_CONFIG = click.option("--config", type=Path, metavar="FILE", envvar="FILMLESS_CONFIG", help="Settings in TOML.")
_DATA = click.option(
    "--data", type=Path, metavar="DIR", help="The archive's folder; by default that of `filmless serve`."
)


def archive_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which archive."""
    for option in (
        click.option("--storage", metavar="URL", help="Object store of the files, as s3://bucket/prefix."),
        click.option("--index", metavar="URL", help="Database of the index; by default SQLite in the folder."),
        _DATA,
        _CONFIG,
    ):
        command = option(command)
    return command


def folder_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which folder."""
    return _CONFIG(_DATA(command))


def of_archive(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options that say which archive out of others; return what `opened` takes."""
    given = {name: options.pop(name, None) for name in ("config", "data", "index", "storage")}
    return where(**given)


def where(
    *, config: Path | None, data: Path | None, index: str | None = None, storage: str | None = None
) -> dict[str, Any]:
    """Return folder, index, storage and options of an archive: those that are given, else those of the settings."""
    from filmless.archive.options import default_data

    if config is None:
        return {"data": data or default_data(), "index": index, "storage": storage, "options": None}
    from filmless.server.settings import read_settings

    texts = {"data": None if data is None else str(data), "index": index, "storage": storage}
    settings = read_settings(config, given={name: text for name, text in texts.items() if text is not None})
    return {
        "data": settings.data,
        "index": settings.index,
        "storage": settings.storage,
        "options": settings.arrival,
    }


@contextmanager
def opened(
    *,
    data: Path,
    index: str | None,
    storage: str | None,
    options: "Options | None" = None,
    read_only: bool = False,
    new: bool = False,
) -> "Iterator[Archive]":
    """Open the archive; only what takes instances in may make a new one."""
    from filmless.archive import Archive

    if not new and not (data / "instances").is_dir() and not (data / "index.sqlite").exists() and storage is None:
        raise Failure(f"there is no archive: {data}", "--data DIR names its folder, --config FILE the settings")
    with Archive(data, index=index, storage=storage, options=options, read_only=read_only) as archive:
        yield archive


def keys_named(texts: Iterable[str], *, narrow: bool = False) -> "list[Key]":
    """Take matching keys apart.

    Parameters
    ----------
    texts
        As ``Keyword=value``.
    narrow
        Refuse keys that match everything, as for what is to be deleted.
    """
    from filmless.archive import Key
    from filmless.errors import FormatError

    keys = []
    for text in texts:
        try:
            key = Key.of(text)
        except FormatError as error:
            raise Misuse(error.message, error.hint) from None
        if narrow and not key.text.strip("*? "):
            raise Misuse(f"{text.partition('=')[0]} matches everything", "give it a value")
        keys.append(key)
    return keys


def entries_of(archive: "Archive", keys: "list[Key]", *, what: str = "nothing") -> "list[Entry]":
    """Return the instances that keys find; none is a failure, which says what was not found."""
    from filmless.archive.upkeep.selection import instances

    found = list(instances(archive, keys))
    if not found:
        message = "nothing in the archive matches" if what == "nothing" else f"{what} is not in the archive"
        raise Failure(message, "`filmless archive list` shows what there is")
    return found


def confirmed(question: str, *, yes: bool) -> None:
    """Ask before what cannot be undone; without a terminal only `--yes` is an answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(f"{question} was not answered", "--yes does it without asking")
    click.confirm(question, abort=True, err=True)


def show(value: Any) -> None:
    """Write a JSON object to stdout."""
    click.echo(json.dumps(value, ensure_ascii=False))


def counted(number: int, what: str) -> str:
    """Return a number of things: ``1 instance``, ``2 studies``."""
    many = f"{what[:-1]}ies" if what.endswith("y") else what if what.endswith("s") else f"{what}s"
    return f"{number} {what if number == 1 else many}"


def table(head: tuple[str, ...], rows: "Sequence[tuple[str, ...]]", *, right: int = 0) -> None:
    """Write rows below a line that says what they are, the last ``right`` columns to the right."""
    if not rows:
        return
    lines = [head, *(tuple(printable(text) for text in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [
            text.rjust(width) if column >= len(head) - right else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def remarks(found: "list[Remark]") -> None:
    """Tell of files."""
    for remark in found:
        say(str(remark))
