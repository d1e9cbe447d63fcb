"""`filmless scan`: a table of some attributes of many files."""

import csv
import os
import sys
from typing import Any

import click

import filmless
from filmless import _core
from filmless.cli.naming import tag_named
from filmless.cli.reporting import Failure, Misuse, report
from filmless.cli.sources import expand

__all__ = ["scan"]


@click.command(short_help="Write a table of many files as CSV.")
@click.argument("folder")
@click.option("-k", "--keyword", "names", multiple=True, required=True, metavar="KEYWORD", help="A column; repeatable.")
def scan(folder: str, names: tuple[str, ...]) -> None:
    """Write a row of CSV for each file in FOLDER: its path, the attributes asked for, its error if it has one.

    Exit code 1 when a folder in it cannot be read.
    """
    os.stat(folder)  # noqa: PTH116  a folder that is not there is no row of a table
    keywords = [_keyword(name) for name in names]
    unread: list[OSError] = []
    table = filmless.scan(list(expand([folder], unread.append)), keywords)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = ["path", *keywords, "error"]
    writer.writerow(columns)
    for row in table.rows:
        writer.writerow([_cell(row[name]) for name in columns])
    for error in unread:
        report(error)
    if unread:
        raise Failure


def _keyword(name: str) -> str:
    row = _core.dictionary_entry(tag_named(name))
    if row is None or not row[3]:
        raise Misuse(f"`{name}` is not in the data dictionary")
    return str(row[3])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return "\\".join(map(str, value)) if isinstance(value, list) else str(value).partition("\nhint: ")[0]
