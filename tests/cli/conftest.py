"""What the tests of the command line share."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from filmless.cli.program import program


@pytest.fixture
def ct(pydicom_files: list[Path]) -> Path:
    return next(path for path in pydicom_files if path.name == "CT_small.dcm")


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run the command inside this process, in a folder of its own; stdout and stderr are kept apart."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Result:
        result = CliRunner().invoke(program, [str(argument) for argument in arguments])
        assert "Traceback" not in result.stderr
        return result

    return call


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch):
    """Make a folder that cannot be read, not by root either."""
    scandir = os.scandir

    def make(name: str) -> None:
        Path(name).mkdir(parents=True)

        def refused(folder: str) -> object:
            if Path(folder) == Path(name):
                raise PermissionError(13, "Permission denied", folder)
            return scandir(folder)

        monkeypatch.setattr(os, "scandir", refused)

    return make
