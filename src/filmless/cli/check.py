"""`filmless check`: what in files deviates from the Standard."""

import sys
from typing import Any

import click

from filmless import _core
from filmless.cli.reporting import Batch, Failure, say
from filmless.cli.sources import expand, read_source
from filmless.dataset import Finding

__all__ = ["check"]


@click.command(short_help="Say what deviates from the Standard.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--ignore", multiple=True, metavar="CODE", help="Pass over findings of this code; can be repeated.")
@click.option("--json", "as_json", is_flag=True, help="An array with the findings of each file.")
@click.option("--force", is_flag=True, help="Read what does not look like DICOM as if it were.")
def check(files: tuple[str, ...], ignore: tuple[str, ...], as_json: bool, force: bool) -> None:
    """Say what in FILEs deviates from the Standard, a line each; exit code 1 when anything does.

    Folders are read with all that is in them; - is standard input.
    """
    batch = Batch()
    count = faulty = 0
    rows = []

    def unread(error: OSError) -> None:
        with batch.file(error.filename):
            raise error

    for path in expand(files, unread):
        with batch.file(path):
            findings = [finding for finding in read_source(path, force=force).findings if finding.code not in ignore]
            count += len(findings)
            faulty += bool(findings)
            if as_json:
                rows.append({"path": path, "findings": [_row(finding) for finding in findings]})
            else:
                sys.stdout.writelines(f"{path}: {finding}\n" for finding in findings)
    if as_json:
        import json

        json.dump(rows, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    elif sys.stderr.isatty() and batch.files > 1:
        say(f"{count} findings in {faulty} of {batch.files} files")
    batch.finish()
    if count:
        raise Failure


def _row(finding: Finding) -> dict[str, Any]:
    tag = finding.tag
    entry = None if tag is None else _core.dictionary_entry(tag)
    return {
        "code": finding.code,
        "tag": None if tag is None else f"{tag:08X}",
        "keyword": entry[3] if entry else None,
        "offset": finding.offset,
        "message": finding.message,
    }
