"""`filmless dump`: the header of files, for people or as JSON or XML."""

import sys
from collections.abc import Collection
from pathlib import Path

import click

from filmless.cli.fileset import is_directory, print_fileset
from filmless.cli.naming import tag_named
from filmless.cli.reporting import Batch, Misuse
from filmless.cli.sources import STDIN, read_source
from filmless.cli.tree import Line, lines, printer
from filmless.dataset import Dataset

__all__ = ["dump"]


@click.command(short_help="Show headers, as a tree, JSON or XML.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "form", flag_value="json", help="DICOM JSON (PS3.18 F); of several files an array.")
@click.option("--xml", "form", flag_value="xml", help="The native XML model (PS3.19 A.1), of one file.")
@click.option("-t", "--tag", "names", multiple=True, metavar="TAG", help="Only this element, by keyword or gggg,eeee.")
@click.option("-l", "--long", is_flag=True, help="Values uncut; with --json and --xml also binary ones above 1 KiB.")
@click.option("--elements", is_flag=True, help="Of a DICOMDIR the elements, not the tree of its records.")
@click.option("--force", is_flag=True, help="Read what does not look like DICOM as if it were.")
def dump(
    files: tuple[str, ...], form: str | None, names: tuple[str, ...], long: bool, elements: bool, force: bool
) -> None:
    """Show the header of FILEs; - is standard input.

    Of a DICOMDIR, or a folder that holds one, the tree of its records is shown.
    """
    if form == "xml" and len(files) > 1:
        raise Misuse("--xml takes one file")
    tags = {tag_named(name) for name in names}
    batch = Batch()
    if form:
        _dump_as(form, files, tags, long, force, batch)
    else:
        _dump_trees(files, tags, long, force, elements, batch)
    batch.finish()


def _dump_trees(
    files: tuple[str, ...], tags: Collection[int], long: bool, force: bool, elements: bool, batch: Batch
) -> None:
    write, width = printer(long=long)
    for number, path in enumerate(files):
        with batch.file(path):
            if Path(path).is_dir():
                print_fileset(path, write)
                continue
            dataset = read_source(path, force=force)
            if len(files) > 1:
                if number:
                    write(Line(0, ""))
                write(Line(0, path))
            if is_directory(dataset) and path != STDIN and not tags and not elements:
                print_fileset(path, write)
                continue
            for part in (dataset.file_meta, dataset):
                for line in lines(part, tags=tags, width=width, long=long):
                    write(line)


def _dump_as(form: str, files: tuple[str, ...], tags: Collection[int], long: bool, force: bool, batch: Batch) -> None:
    written = 0
    for path in files:
        with batch.file(path):
            dataset = read_source(path, force=force)
            if tags:
                _prune(dataset, tags)
            bulk = "inline" if long else "skip"
            text = dataset.to_json(bulk_data=bulk) if form == "json" else dataset.to_xml(bulk_data=bulk)
            if len(files) > 1:
                sys.stdout.write(",\n" if written else "[\n")
            sys.stdout.write(text.rstrip("\n"))
            written += 1
    if len(files) > 1:
        sys.stdout.write("\n]" if written else "[]")
    if written or len(files) > 1:
        sys.stdout.write("\n")


def _prune(dataset: Dataset, tags: Collection[int]) -> bool:
    """Leave only the elements asked for and the sequences that lead to them; tell whether anything is left."""
    for element in list(dataset):
        if element.tag in tags:
            continue
        kept = [_prune(item, tags) for item in element.value] if element.VR == "SQ" else []
        if not any(kept):
            del dataset[element.tag]
    return bool(dataset)
