"""`filmless edit`: values of a file set and removed."""

import re
from pathlib import Path

import click

import filmless
from filmless import _core
from filmless.cli.naming import Step, steps_named
from filmless.cli.reporting import Failure, Misuse, report, writing
from filmless.cli.values import check_value, place, value_typed
from filmless.dataset import Dataset
from filmless.errors import DicomError

__all__ = ["edit"]

_TRANSFER_SYNTAX_UID = 0x0002_0010
_EXPLICIT_VR = re.compile(r"(.*):([A-Z]{2})")


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
    removals = [steps_named(path) for path in removed]
    try:
        dataset = filmless.read(file)
        for steps in removals:
            _remove(dataset, steps)
        for steps, vr, text in settings:
            _set(dataset, steps, vr, text, unchecked)
        target = Path(file if output is None else output)
        if target.is_dir():
            target /= Path(file).name
        with writing(target):
            filmless.write(dataset, target, transfer_syntax=transfer_syntax, repair=repair)
    except (DicomError, OSError) as error:
        report(error, file)
        raise Failure from error


def _setting(text: str, number: int) -> tuple[list[Step], str | None, str]:
    """Take ``path=value`` or ``path:VR=value`` apart."""
    path, equals, value = text.partition("=")
    if not equals:
        # The text is not repeated: it could be a value that a space parted from its keyword.
        raise Misuse(f"argument {number} after FILE sets nothing, expected Keyword=value")
    explicit = _EXPLICIT_VR.fullmatch(path)
    path, vr = (explicit[1], explicit[2]) if explicit else (path, None)
    steps = steps_named(path)
    if steps[-1].item is not None:
        raise Misuse(f"`{path}` is an item, expected an element of it: {path}.Keyword")
    if steps[0].tag == _TRANSFER_SYNTAX_UID:
        raise Misuse("Transfer Syntax UID follows from how the file is written", "--to changes the transfer syntax")
    return steps, vr, value


def _set(dataset: Dataset, steps: list[Step], vr: str | None, text: str, unchecked: bool) -> None:
    tag = steps[-1].tag
    parent = _parent(dataset, steps, create=True)
    assert parent is not None
    vr = vr or _vr(parent, tag)
    value = value_typed(tag, vr, text)
    if not unchecked:
        check_value(tag, vr, value)
    try:
        parent.add_new(tag, vr, value)
    except (TypeError, ValueError) as error:
        raise Misuse(str(error)) from None


def _remove(dataset: Dataset, steps: list[Step]) -> None:
    """Remove what a path names; what is not there needs no removing."""
    parent = _parent(dataset, steps, create=False)
    *_, (tag, item) = steps
    if parent is None or tag not in parent:
        return
    if item is None:
        del parent[tag]
    elif parent[tag].VR == "SQ" and item < len(parent[tag].value):
        del parent[tag].value[item]


def _parent(dataset: Dataset, steps: list[Step], *, create: bool) -> Dataset | None:
    """Go to the data set or item that holds the last element of a path."""
    here = dataset.file_meta if steps[0].tag >> 16 == 2 else dataset
    for tag, number in steps[:-1]:
        assert number is not None
        if tag not in here:
            if not create:
                return None
            here.add_new(tag, "SQ", [])
        element = here[tag]
        if element.VR != "SQ":
            raise Misuse(f"{place(tag)} is no sequence ({element.VR})")
        items = element.value
        if number == len(items) and create:
            items.append(Dataset())
        if number >= len(items):
            if not create:
                return None
            raise DicomError(f"there is no item {number} to set, the next one would be {len(items)}", tag=tag)
        here = items[number]
    return here


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
