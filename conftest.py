"""Runs the examples of the documentation and of docstrings, each in a folder of its own that holds real files."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

EXAMPLES = Path(__file__).parent / "examples"


def fill(folder: Path) -> None:
    """Put there the files that examples name: ``slice.dcm`` and the pictures of ``examples/``."""
    from pydicom.data import get_testdata_file

    shutil.copy(get_testdata_file("CT_small.dcm", download=False), folder / "slice.dcm")
    for picture in EXAMPLES.glob("*.*"):
        if picture.suffix != ".py":
            shutil.copy(picture, folder)


@pytest.fixture
def example_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the files that examples name."""
    fill(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def example_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Work in such a folder for a whole page, whose examples build on each other."""
    folder = tmp_path_factory.mktemp("page")
    fill(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(autouse=True)
def _docstring_example(request: pytest.FixtureRequest) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        import filmless

        request.getfixturevalue("doctest_namespace")["filmless"] = filmless
        request.getfixturevalue("example_folder")


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["docs/*.md", "README.md"],
    fixtures=["example_page"],
).pytest()
