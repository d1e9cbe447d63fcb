"""Real files: the samples that other decoders found, and every picture without a crash."""

import csv
import hashlib
from collections import defaultdict

import pytest

from filmless import pixels
from filmless.errors import DicomError
from filmless.file import read
from filmless.pixels.codecs import codec_of

_EXTENDED = "1.2.840.10008.1.2.4.51"

pytestmark = pytest.mark.filterwarnings("ignore")  # of the reader


def _can_decode(transfer_syntax):
    try:
        codec_of(transfer_syntax)
    except DicomError:
        return False
    return True


def test_samples_are_those_of_another_decoder(corpus):
    expected = defaultdict(set)
    with (corpus / "expected_pixels.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            if row["status"] in {"one", "agree"} and row["ts"] != _EXTENDED and _can_decode(row["ts"]):
                expected[row["path"]].add(row["sha256"])
    assert len(expected) > 400
    wrong = []
    for path, digests in expected.items():
        ds = read(corpus / path, force=True)
        samples = pixels.decode(ds, as_rgb=False)
        if hashlib.sha256(samples.astype(samples.dtype.newbyteorder("<")).tobytes()).hexdigest() not in digests:
            wrong.append(path)
    assert wrong == []


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
