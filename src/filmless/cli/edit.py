"""`filmless edit`: values of a file set and removed."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import click

import filmless
from filmless import _core
from filmless.cli.naming import ElementPath, path_named
from filmless.cli.reporting import Failure, Misuse, report, writing
from filmless.cli.values import check_value, place, value_typed
from filmless.dataset import Dataset
from filmless.errors import DicomError

__all__ = ["edit"]

_TRANSFER_SYNTAX_UID = 0x0002_0010
_EXPLICIT_VR = re.compile(r"(.*):([A-Z]{2})")


class Setting(NamedTuple):
    """An element to set: where it is, its value representation when it was named, and the value as it was typed."""

    path: ElementPath
    vr: str | None
    text: str


class _NoItemError(DicomError):
    """A path goes into an item that is not there."""


@click.command(short_help="Set and remove elements.")
@click.argument("file")
@click.argument("assignments", nargs=-1, metavar="[KEYWORD=VALUE]...")
@click.option(
    "--remove", "removed", multiple=True, metavar="PATH", help="Remove this element or item; can be repeated."
)
@click.option("--to", "transfer_syntax", metavar="SYNTAX", help="Transfer syntax to write, by keyword or UID.")
@click.option("--repair", is_flag=True, help="Mend what is invalid in elements that are not touched.")
@click.option("--unchecked", is_flag=True, help="Take values that break the rules of their value representation.")
@click.option("-o", "--output", metavar="OUT", help="The file to write.")
@click.option("--in-place", is_flag=True, help="Write over FILE, whole or not at all.")
def edit(
    file: str,
    assignments: tuple[str, ...],
    removed: tuple[str, ...],
    transfer_syntax: str | None,
    repair: bool,
    unchecked: bool,
    output: str | None,
    in_place: bool,
) -> None:
    r"""Set and remove elements of FILE; what is not named stays as it is, byte for byte.

    An element is named by keyword or as gggg,eeee, one inside a sequence as Sequence[0].Keyword (the item after the
    last one is added). A backslash parts several values: PixelSpacing=0.5\0.5. A private or unknown element takes
    its value representation along: 0029,1010:LO=text.
    """
    if (output is None) != in_place:
        raise Misuse("say where to write: either -o OUT or --in-place")
    if transfer_syntax is not None and _core.transfer_syntax(transfer_syntax) is None:
        raise Misuse(f"`{transfer_syntax}` is no transfer syntax, by keyword or UID")
    settings = [_setting(text, number) for number, text in enumerate(assignments, 1)]
    removals = [path_named(path) for path in removed]
    try:
        dataset = filmless.read(file)
        for path in removals:
            _remove(dataset, path)
        for setting in settings:
            _set(dataset, setting, unchecked=unchecked)
        target = Path(file if output is None else output)
        if target.is_dir():
            target /= Path(file).name
        with writing(target):
            filmless.write(dataset, target, transfer_syntax=transfer_syntax, repair=repair)
    except (DicomError, OSError) as error:
        report(error, file)
        raise Failure from error


def _setting(text: str, number: int) -> Setting:
    """Take ``path=value`` or ``path:VR=value`` apart."""
    name, equals, value = text.partition("=")
    if not equals:
        # The text is not repeated: it could be a value that a space parted from its keyword.
        raise Misuse(f"argument {number} after FILE sets nothing, expected Keyword=value")
    explicit = _EXPLICIT_VR.fullmatch(name)
    name, vr = (explicit[1], explicit[2]) if explicit else (name, None)
    path = path_named(name)
    if path.item is not None:
        raise Misuse(f"`{name}` is an item, expected an element of it: {name}.Keyword")
    if path.tag == _TRANSFER_SYNTAX_UID:
        raise Misuse("Transfer Syntax UID follows from how the file is written", "--to changes the transfer syntax")
    return Setting(path, vr, value)


def _set(dataset: Dataset, setting: Setting, *, unchecked: bool) -> None:
    tag = setting.path.tag
    parent = _parent(dataset, setting.path, create=True)
    vr = setting.vr or _vr(parent, tag)
    value = value_typed(tag, vr, setting.text)
    if not unchecked:
        check_value(tag, vr, value)
    try:
        parent.add_new(tag, vr, value)
    except (TypeError, ValueError) as error:
        raise Misuse(str(error)) from None


def _remove(dataset: Dataset, path: ElementPath) -> None:
    """Remove what a path names; what is not there needs no removing."""
    try:
        parent = _parent(dataset, path, create=False)
    except _NoItemError:
        return
    if path.tag not in parent:
        return
    if path.item is None:
        del parent[path.tag]
    elif path.item < len(items := _items(parent, path.tag)):
        del items[path.item]


def _parent(dataset: Dataset, path: ElementPath, *, create: bool) -> Dataset:
    """Go to the data set or item that holds an element; with `create`, add the item after the last one."""
    first = path.through[0][0] if path.through else path.tag
    here: Dataset = dataset.file_meta if first >> 16 == 2 else dataset
    for tag, number in path.through:
        if create and tag not in here:
            here.add_new(tag, "SQ", [])
        items = _items(here, tag) if tag in here else []
        if create and number == len(items):
            items.append(Dataset())
        if number >= len(items):
            raise _NoItemError(f"there is no item {number} to go into, the next one would be {len(items)}", tag=tag)
        here = items[number]
    return here


def _items(parent: Dataset, tag: int) -> Any:
    element = parent[tag]
    if element.VR != "SQ":
        raise Misuse(f"{place(tag)} is no sequence ({element.VR})")
    return element.value


def _vr(parent: Dataset, tag: int) -> str:
    if tag in parent and parent[tag].VR != "UN":
        return parent[tag].VR
    entry = _core.dictionary_entry(tag)
    if entry is None:
        raise Misuse(
            f"{place(tag)} is not in the data dictionary: its value representation is unknown",
            f"name it: {tag >> 16:04X},{tag & 0xFFFF:04X}:LO=...",
        )
    return str(entry[1])
