"""Folders that a command line names."""

import shutil
from pathlib import Path

import pytest

from filmless.cli.sources import OWN
from filmless.convert.journal import JOURNAL


@pytest.mark.parametrize("arguments", [["check"], ["scan", "-k", "Modality"]])
def test_a_folder_that_cannot_be_read_is_an_error(invoke, closed, ct: Path, arguments: list[str]) -> None:
    closed("in/closed")
    shutil.copy(ct, "in/a.dcm")
    result = invoke(*arguments, "in")
    assert result.exit_code == 1
    assert f"filmless: permission denied: {Path('in/closed')}" in result.stderr.splitlines()
    assert (",CT," in result.stdout) == (arguments[0] == "scan")


@pytest.mark.parametrize("arguments", [["check"], ["scan", "-k", "Modality"]])
def test_books_of_filmless_are_passed_over(invoke, ct: Path, arguments: list[str]) -> None:
    Path("in").mkdir()
    shutil.copy(ct, "in/a.dcm")
    expected = invoke(*arguments, "in")
    assert JOURNAL.startswith(OWN)
    Path("in", JOURNAL).write_text("{}")
    result = invoke(*arguments, "in")
    assert (result.exit_code, result.stdout, result.stderr) == (expected.exit_code, expected.stdout, "")
