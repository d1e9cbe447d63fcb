"""`filmless serve`: the archive, DICOMweb, and what belongs to running them."""

import json
import os
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from filmless.cli.option_groups import GroupedCommand
from filmless.server.settings.options import OPTIONS, SECTIONS, TABLES, Option

__all__ = ["serve"]

_TITLES = {
    "": "Archive",
    "http": "Where it listens",
    "dimse": "DIMSE",
    "arrival": "What comes in",
    "in_place": "Folders in place",
    "ohif": "OHIF",
    "dimse.tls": "DIMSE over TLS",
    "security.tls": "TLS",
    "forward": "Forwarding",
    "peers": "Forwarding",
    "retention": "Quota and retention",
    "quota": "Quota and retention",
}


_METAVARS: dict[type, str] = {str: "TEXT", int: "N", float: "N", Path: "PATH", dict: "{...}"}


class _Words(click.ParamType[Any]):
    """Text of the command line as a value of TOML: the settings check it, for both alike."""

    name = "value"

    def __init__(self, option: Option) -> None:
        self._option = option

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        kind = self._option.kind
        if kind.type is dict:
            try:
                return tomllib.loads(f"value = {value}")["value"]
            except tomllib.TOMLDecodeError:
                return value
        if kind.type in {int, float} and not kind.is_size(self._option.name):
            try:
                return kind.type(value)
            except ValueError:
                return value  # the settings say what was expected
        return value


def _with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give the command an option for each row of the table."""
    made = []
    for option in OPTIONS:
        if not option.flag:
            continue
        destination = _destination(option.key)
        names = [option.flag, destination]
        options: dict[str, Any] = {"help": option.help, "multiple": option.kind.is_many, "default": None}
        if option.kind.type is bool:
            names[0] = f"{option.flag}/--no-{option.flag[2:]}"
        else:
            options |= {"type": _Words(option), "metavar": _metavar(option)}
        made.append((_title(option.section), click.option(*names, **options)))
    for table in TABLES:
        decorator = click.option(
            table.flag, _destination(table.key), multiple=True, metavar=table.metavar, help=f"{table.help} Repeatable."
        )
        made.append((_title(table.key if "." not in table.key else table.key.rpartition(".")[0]), decorator))
    # Options of a group stand together in the help.
    made.sort(key=lambda one: _order(one[0]))
    for title, decorator in reversed(made):
        command = decorator(command)
        command.__click_params__[-1].group = title  # type: ignore[attr-defined]
    return command


def _destination(key: str) -> str:
    return key.replace(".", "__")


def _title(section: str) -> str:
    return _TITLES.get(section, section.rpartition(".")[2].capitalize())


def _order(title: str) -> int:
    titles = list(dict.fromkeys(_title(section.key) for section in SECTIONS))
    return titles.index(title) if title in titles else len(titles)


def _metavar(option: Option) -> str:
    kind = option.kind
    if kind.choices:
        return "|".join(kind.choices)
    return "SIZE" if kind.is_size(option.name) else _METAVARS[kind.type]


@click.command(cls=GroupedCommand, short_help="Serve an archive over DICOMweb and DIMSE.")
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@click.option(
    "--config", type=Path, metavar="FILE", envvar="FILMLESS_CONFIG", help="Settings in TOML; options go before them."
)
@click.option("--show-config", is_flag=True, help="Show the settings as TOML, each explained, and end.")
@click.option("--conformance", is_flag=True, help="Show the DICOM conformance statement of these settings, and end.")
@click.option(
    "--ready-file", type=Path, metavar="FILE", help="Write a JSON object of addresses when requests are answered."
)
@_with_options
def serve(
    folders: tuple[str, ...],
    config: Path | None,
    show_config: bool,
    conformance: bool,
    ready_file: Path | None,
    **given: Any,
) -> None:
    """Keep, find and give DICOM instances over DICOMweb and DIMSE; FOLDERs are served where they are, read-only.

    When requests are answered, a line `ready URL` or `ready AE@HOST:PORT` for each address is written to standard
    output. Ctrl-C or SIGTERM stops: what is being answered is finished. A second one ends at once.

    \b
    filmless serve
    filmless serve --dimse 11112 --ae-title FILMLESS
    filmless serve ~/scans --port 0
    filmless serve --config filmless.toml
    """  # noqa: D301 - \b keeps the lines of examples
    from filmless.server.settings import as_toml, read_settings

    tables = {table.key: given.pop(_destination(table.key)) for table in TABLES}
    values = {key.replace("__", "."): value for key, value in given.items() if value not in (None, ())}
    if folders:
        values["folders"] = folders
    settings = read_settings(config, given=values, tables=tables)
    if show_config:
        click.echo(as_toml(settings), nl=False)
        return
    if conformance:
        from filmless.server import conformance_statement

        click.echo(conformance_statement(settings).markdown(), nl=False)
        return

    # Late: the settings alone need neither the services nor the web framework.
    from filmless.server import Addresses, Server

    def ready(addresses: Addresses) -> None:
        for place in (*addresses.urls, *addresses.dimse):
            print(f"ready {place}", flush=True)
        if ready_file is not None:
            found = {**addresses._asdict(), "dicom_web": addresses.dicom_web}
            _write_whole(ready_file, {"pid": os.getpid(), **found})

    with _gone(ready_file):
        Server(settings).run(ready=ready)


def _write_whole(path: Path, content: dict[str, Any]) -> None:
    """Write a file that is whole whenever somebody reads it."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(content) + "\n", encoding="utf-8")
    part.replace(path)


@contextmanager
def _gone(path: Path | None) -> Iterator[None]:
    """Take a file away at the end: while it is there, requests are answered."""
    try:
        yield
    finally:
        if path is not None:
            path.unlink(missing_ok=True)
