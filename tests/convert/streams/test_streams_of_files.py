"""Streams of real files, taken out and converted back: the same, in the narrowest transfer syntax that has it."""

import os
import warnings

import pytest

from filmless import read
from filmless.convert import to_dicom
from filmless.errors import ConversionError, DicomError
from filmless.pixels.decoding import Frames

_UID = "1.2.840.10008.1.2.4."
# A stream without loss, of the baseline process or of first-order prediction is what it is wherever it lies.
_NARROWER = {"51": "50", "57": "70", "81": "80", "91": "90", "112": "110", "201": "202", "203": "201"}
_MOST_BYTES = 1_500_000

_NOT_CONVERTED = {
    "JPEG2000-embedded-sequence-delimiter.dcm": "the bytes of a delimiter stand where its columns should",
}
_DECODED = {"53"}  # progressive, which no transfer syntax of today has


def _first_streams(paths):
    for path in paths:
        if path.stat().st_size > _MOST_BYTES:
            continue
        try:
            ds = read(path)
            syntax = str(ds.file_meta.get("TransferSyntaxUID", ""))
            if not syntax.startswith(_UID) or "PixelData" not in ds:
                continue
            found = Frames(ds)
            yield path.name, syntax.removeprefix(_UID), bytes(found.encoded(0)), found.description
        except DicomError:
            continue


@pytest.fixture(scope="module")
def streams(all_files):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {stream: (name, syntax, given) for name, syntax, stream, given in _first_streams(all_files)}


def test_back_to_what_it_was(streams):
    seen = set()
    for stream, (name, syntax, given) in streams.items():
        try:
            ds = to_dicom(stream)
        except ConversionError:
            assert name in _NOT_CONVERTED
            continue
        got = str(ds.file_meta.TransferSyntaxUID).removeprefix(_UID)
        if syntax in _DECODED:
            assert got == "1.2.840.10008.1.2.1"
            continue
        assert got in (syntax, _NARROWER.get(syntax)), name
        kept = bytes(Frames(ds).encoded(0)).rstrip(b"\0")
        assert kept in stream, name
        assert len(kept) + 2 >= len(stream.rstrip(b"\0")) or stream.startswith((b"\0\0\0\x0cjP", b"\0\0\0\x0cJXL")), (
            name
        )
        assert (ds.Rows, ds.Columns, ds.SamplesPerPixel) == (given.rows, given.columns, given.samples)
        seen.add(got)
    # Pydicom's wheel has some of them, the larger set all.
    wanted = {"50", "51", "57", "70", "80", "81", "90", "91"}
    assert seen & wanted == wanted if "FILMLESS_CORPUS" in os.environ else len(seen) > 3
