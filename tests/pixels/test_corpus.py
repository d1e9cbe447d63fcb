"""Real files: every picture without a crash. Their values are compared in test_codec_values.py."""

import pytest

from filmless import pixels
from filmless.errors import DicomError
from filmless.file import read

pytestmark = pytest.mark.filterwarnings("ignore")  # of the reader


def test_every_file_renders_or_says_why(all_files):
    rendered = 0
    for path in all_files:
        try:
            ds = read(path, force=True)
        except Exception:  # noqa: BLE001 - the reader's matter
            continue
        try:
            picture = pixels.render(ds)
        except DicomError:
            continue
        assert picture.dtype == "uint8"
        assert picture.shape[:2] == (ds.Rows, ds.Columns)
        rendered += 1
    assert rendered > 50
