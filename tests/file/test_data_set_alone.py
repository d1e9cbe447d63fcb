"""The data set of a file without its head: as bytes, and piece by piece."""

import zlib
from pathlib import Path

import pytest

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import DicomError, UnsupportedError
from filmless.file import encode, read
from filmless.pixels import transcode

DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
EXPLICIT = "1.2.840.10008.1.2.1"


def behind_head(data: bytes) -> bytes:
    """Return what follows the file meta information, which ends by its length."""
    assert data[128:140] == b"DICM\2\0\0\0UL\4\0"
    return data[144 + int.from_bytes(data[140:144], "little") :]


def pieces(ds: Dataset, transfer_syntax: str | None, size: int) -> list[bytes]:
    made = _core.DataSetPieces(ds, (transfer_syntax, "keep", False), size)
    found = list(made)
    assert made.length == sum(map(len, found))
    assert all(len(piece) == size for piece in found[:-1])
    return found


def named(files: list[Path], name: str) -> Dataset:
    ds: Dataset = read(next(path for path in files if path.name == name))
    return ds


def test_pieces_are_the_whole(pydicom_files: list[Path]) -> None:
    count = 0
    for path in pydicom_files:
        try:
            ds = read(path)
            whole = encode(ds, part10=False)
        except DicomError:
            continue
        count += 1
        assert b"".join(pieces(ds, None, 997)) == whole, path.name
    assert count > 50


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
@pytest.mark.parametrize(
    ("name", "transfer_syntax"),
    [("MR_small_bigendian.dcm", EXPLICIT), ("MR_small.dcm", BIG_ENDIAN), ("CT_small.dcm", "1.2.840.10008.1.2")],
)
def test_words_change_their_order_wherever_a_piece_ends(
    pydicom_files: list[Path], name: str, transfer_syntax: str, size: int
) -> None:
    ds = named(pydicom_files, name)
    whole = behind_head(encode(ds, transfer_syntax=transfer_syntax))
    assert encode(ds, transfer_syntax=transfer_syntax, part10=False) == whole
    if size > 1 or len(whole) < 50_000:
        assert b"".join(pieces(ds, transfer_syntax, size)) == whole


def test_encapsulated_pixel_data_ends_with_a_delimiter(pydicom_files: list[Path]) -> None:
    ds = transcode(named(pydicom_files, "CT_small.dcm"), "RLELossless")
    data = encode(ds, part10=False)
    assert data == behind_head(encode(ds))
    at = data.index(b"\xe0\x7f\x10\0")
    assert data[at + 4 : at + 12] == b"OB\0\0\xff\xff\xff\xff"
    assert b"\xfe\xff\xdd\xe0\0\0\0\0" in data[-200:]


def test_a_deflated_data_set_is_deflated(pydicom_files: list[Path]) -> None:
    ds = named(pydicom_files, "CT_small.dcm")
    data = encode(ds, transfer_syntax=DEFLATED, part10=False)
    assert len(data) % 2 == 0
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data)
    # What follows the data set in its file is no part of it.
    assert behind_head(encode(ds)).startswith(inflated[:-200])
    there = named(pydicom_files, "image_dfl.dcm")
    stored = behind_head(next(path for path in pydicom_files if path.name == "image_dfl.dcm").read_bytes())
    assert encode(there, part10=False) == stored + b"\0" * (len(stored) % 2)
    there.PatientID = "edited"
    again = zlib.decompressobj(-zlib.MAX_WBITS).decompress(encode(there, part10=False))
    assert read(again, force=True).PatientID == "edited"


def test_what_needs_a_codec_is_not_pretended(pydicom_files: list[Path]) -> None:
    with pytest.raises(UnsupportedError, match="codec"):
        encode(named(pydicom_files, "JPEG2000.dcm"), transfer_syntax=EXPLICIT, part10=False)


def test_a_data_set_of_no_file_is_as_it_was() -> None:
    ds = Dataset({"PatientID": "1"})
    assert encode(ds, part10=False) == b"\x10\0\x20\0LO\2\x001 "
    assert encode(ds, transfer_syntax="implicit", part10=False) == b"\x10\0\x20\0\2\0\0\x001 "
    assert pieces(Dataset(), None, 10) == []
    with pytest.raises(ValueError, match="one byte"):
        _core.DataSetPieces(ds, (None, "keep", False), 0)
