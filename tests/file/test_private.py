"""Private blocks."""

import pytest

import filmless
from filmless.file import encode


def test_blocks_of_a_file(wheel_file) -> None:
    ds = filmless.read(wheel_file("CT_small.dcm"))
    block = ds.private(0x0043, "GEMS_PARM_01")
    assert block[0x10] == ds[0x0043, 0x1010]
    assert 0x10 in block
    assert 0xFE not in block
    assert all(element.private_creator == "GEMS_PARM_01" for element in block)
    assert block[0x10].name.startswith("[")
    with pytest.raises(KeyError, match="no block"):
        ds.private(0x0043, "NOBODY")
    with pytest.raises(ValueError, match="odd"):
        ds.private(0x0044, "GEMS_PARM_01")


def test_new_blocks_take_the_first_free_number() -> None:
    ds = filmless.Dataset()
    first = ds.private(0x0029, "A", create=True)
    second = ds.private(0x0029, "B", create=True)
    first.add_new(1, "LO", "of a")
    second.add_new(1, "DS", "1.50")
    assert (first.tag(1), second.tag(1)) == (0x00291001, 0x00291101)
    back = filmless.read(encode(ds))
    assert back.private(0x0029, "A")[1].value == "of a"
    assert (back.private(0x0029, "B")[1].value, back[0x0029, 0x1101].text) == (1.5, "1.50")
    assert back[0x0029, 0x1101].private_creator == "B"
    assert ds.private(0x0029, "A", create=True).tag(1) == first.tag(1)


def test_setting_and_deleting_through_a_block() -> None:
    ds = filmless.Dataset()
    block = ds.private(0x0029, "A", create=True)
    block.add_new(1, "SH", "x")
    block[1] = filmless.DataElement(block.tag(1), "SH", "y")
    assert block[1].value == "y"
    del block[1]
    assert 1 not in block
    with pytest.raises(ValueError, match="0x00 to 0xff"):
        block.tag(0x100)


def test_known_creators_give_representations_in_implicit_files() -> None:
    ds = filmless.Dataset()
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
    ds.private(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0C, "IS", "1000")
    ds.private(0x0019, "UNKNOWN CREATOR", create=True).add_new(0x0C, "LO", "text")
    back = filmless.read(encode(ds))
    known, unknown = back[0x0019, 0x100C], back[0x0019, 0x110C]
    assert (known.VR, known.value) == ("IS", 1000)
    assert (unknown.VR, unknown.value) == ("UN", b"text")
