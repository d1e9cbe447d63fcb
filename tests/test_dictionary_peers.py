"""The dictionaries say what pydicom's say, row by row, and nothing more."""

from __future__ import annotations

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._private_dict import private_dictionaries
from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import get_entry, get_private_entry

from filmless import _core

# What stands for an `x` of a pattern: low and high, even where the group has to be.
DIGITS = ("0", "2", "E")


def filled(pattern: str) -> list[int]:
    """Tags of a repeating pattern."""
    return sorted({int(pattern.replace("x", digit), 16) for digit in DIGITS})


def test_every_element() -> None:
    wrong = {}
    for tag, (vr, vm, name, retired, keyword) in DicomDictionary.items():
        if vr == "NONE":
            continue  # items and delimiters are no data elements (PS3.5 7.5)
        theirs = (tag, vr, vm, keyword, name, retired == "Retired")
        if _core.dictionary_entry(tag) != theirs or (keyword and _core.dictionary_entry(keyword) != theirs):
            wrong[f"{tag:08X}"] = (_core.dictionary_entry(tag), theirs)
    assert not wrong


def test_every_repeating_group() -> None:
    wrong = {}
    for pattern, (vr, vm, name, retired, keyword) in RepeatersDictionary.items():
        for tag in filled(pattern):
            if tag in DicomDictionary or get_entry(tag)[4] != keyword or not tag & 0xFFFF:
                continue  # a row of its own goes before a pattern, the first pattern before others; group lengths
            ours = _core.dictionary_entry(tag)
            if ours is None or ours[1:] != (vr, vm, keyword, name, retired == "Retired"):
                wrong[f"{pattern} {tag:08X}"] = (ours, vr, vm, name)
    assert not wrong


def test_every_keyword_is_known() -> None:
    rows = (*DicomDictionary.values(), *RepeatersDictionary.values())
    theirs = {row[4] for row in rows if row[0] != "NONE"} - {""}
    assert set(_core.keywords()) == theirs


def test_every_uid() -> None:
    wrong = {}
    for uid, (name, kind, _, retired, keyword) in UID_dictionary.items():
        theirs = (uid, name, kind, keyword, bool(retired))
        if _core.uid_entry(uid) != theirs:
            wrong[uid] = (_core.uid_entry(uid), theirs)
    assert not wrong


def test_every_private_element() -> None:
    wrong = {}
    for creator, rows in private_dictionaries.items():
        for pattern in rows:
            for tag in tags_of(pattern.replace("X", "x")):
                vr, vm, name, _ = get_private_entry(tag, creator)
                vr = vr.replace("_", " or ")  # one row has `OB_OW`
                if _core.private_entry(creator, tag) != (vr, vm, name):
                    wrong[f"{creator} {pattern} {tag:08X}"] = (_core.private_entry(creator, tag), vr, vm, name)
    assert not wrong


def tags_of(pattern: str) -> list[int]:
    """Tags a private row is for: odd groups, and elements in blocks that can be reserved (PS3.5 7.8.1)."""
    group, block, low = pattern[:4].replace("x", "1"), pattern[4:6], pattern[6:]
    if low == "xx":
        return []  # a note that a creator has a block, by which pydicom finds no element either
    blocks = ("10", "11", "FF") if block == "xx" else (block,)
    tags = [int(group + block + low, 16) for block in blocks]
    return [tag for tag in tags if tag >> 16 & 1 and tag & 0xFFFF >= 0x1000]
