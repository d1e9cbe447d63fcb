"""What was read and not touched is written as it was, to the byte."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import filmless
from filmless.file import encode

from .trees import differences, read_theirs, theirs

PATIENT_ID = "(0010,0020)"
EDITED = ("LO", "EDITED")
# What writing may change in the file meta information: its length, what it says of the SOP instance (PS3.10 7.1) where
# it is absent or says other than the data set, its version and who wrote it.
META = {f"meta (0002,{element:04X})" for element in (0x0000, 0x0001, 0x0002, 0x0003, 0x0010, 0x0012, 0x0013)}


def test_unchanged_is_identical(files: list[Path], tmp_path: Path) -> None:
    changed = []
    for path in files:
        content = path.read_bytes()
        filmless.write(filmless.read(path, force=True), tmp_path / "file")
        from_memory = encode(filmless.read(content, force=True))
        if (tmp_path / "file").read_bytes() != content or from_memory != content:
            changed.append(path)
    assert not changed


def test_looked_at_is_identical(files: list[Path]) -> None:
    """Decoding every value, lists and sequences included, changes nothing."""
    changed = []
    for path in files:
        dataset = filmless.read(path, force=True)
        looked_at = [element.value for part in (dataset.file_meta, dataset) for element in part.walk()]
        if encode(dataset) != path.read_bytes():
            changed.append((path, len(looked_at)))
    assert not changed


def test_edit_changes_nothing_else(files: list[Path]) -> None:
    """After an edit of one element pydicom reads all the others as before, and the edit."""
    found: dict[str, object] = {}
    for path in files:
        dataset = filmless.read(path, force=True)
        before = theirs(read_theirs(path))
        dataset.PatientID = EDITED[1]
        after = theirs(read_theirs(BytesIO(encode(dataset))))
        if all(at.startswith("meta") for at in before):
            continue  # pydicom reads no data set of it, before or after
        different = differences(before, after)
        edited = different.pop(PATIENT_ID, None)
        # The length of the group that was edited no longer holds: it is retired, and left out.
        different.pop("(0010,0000)", None)
        if edited is None or edited[1] != EDITED or different.keys() - META:
            found[str(path)] = (edited, sorted(different.keys() - META)[:3])
    assert not found


def test_edit_in_an_item_changes_nothing_else(files: list[Path]) -> None:
    found: dict[str, object] = {}
    for path in files:
        dataset = filmless.read(path, force=True)
        sequence = next((element for element in dataset if element.VR == "SQ" and len(element.value)), None)
        if sequence is None:
            continue
        before = theirs(read_theirs(path))
        sequence.value[-1].PatientID = EDITED[1]
        after = theirs(read_theirs(BytesIO(encode(dataset))))
        here = f"{sequence.tag}[{len(sequence.value) - 1}]{PATIENT_ID}"
        groups = {f"({sequence.tag.group:04X},0000)", f"{here[:-len(PATIENT_ID)]}(0010,0000)"}
        different = differences(before, after).keys() - META - groups
        if different != {here} or after[here] != EDITED:
            found[str(path)] = sorted(different)[:5]
    assert not found
