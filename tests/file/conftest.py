"""Files that the tests of this room work on."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom.data
import pytest

import filmless


@pytest.fixture(scope="session")
def wheel_file() -> Callable[[str], Path]:
    """Find a file of pydicom's wheel by its name."""
    return lambda name: Path(pydicom.data.get_testdata_file(name, download=False))


@pytest.fixture
def slice_path(tmp_path, wheel_file) -> Path:
    """A CT slice in a folder of the test's own."""
    return Path(shutil.copy(wheel_file("CT_small.dcm"), tmp_path / "slice.dcm"))


@pytest.fixture
def ct(slice_path) -> filmless.Dataset:
    """The CT slice, read."""
    return filmless.read(slice_path)


@pytest.fixture
def nested() -> filmless.Dataset:
    """A data set with sequences three deep, as read from a file."""
    ds = filmless.Dataset()
    ds.PatientID = "1"
    inner = filmless.Dataset({"CodeValue": "C", "ImageType": ["A", "B"]})
    middle = filmless.Dataset({"PurposeOfReferenceCodeSequence": [inner]})
    ds.ReferencedStudySequence = [filmless.Dataset({"ReferencedSeriesSequence": [middle]}), filmless.Dataset()]
    return filmless.read(filmless.file.encode(ds))
