"""DCMTK reads what we write as it reads what we read: no error, and the same elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import filmless
from filmless.errors import UnsupportedError

from .trees import WORDS, Tree, differences, read_theirs, swapped, theirs

Runner = Callable[[Sequence[str], Sequence[Path]], dict[Path, Any]]

UNCOMPRESSED = {
    "ImplicitVRLittleEndian": "1.2.840.10008.1.2",
    "ExplicitVRLittleEndian": "1.2.840.10008.1.2.1",
    "ExplicitVRBigEndian": "1.2.840.10008.1.2.2",
    "DeflatedExplicitVRLittleEndian": "1.2.840.10008.1.2.1.99",
}
LARGEST = 400_000  # bytes of the files that are converted
EVERY = 2


@pytest.fixture(scope="module")
def originals(files: list[Path], dumps: Runner) -> dict[Path, Any]:
    """What dcmdump says of the files it reads without an error."""
    return {path: done for path, done in dumps((), files).items() if not done.status and not done.errors}


def count(path: Path) -> int:
    dataset = filmless.read(path, force=True)
    return sum(1 for part in (dataset.file_meta, dataset) for _ in part.walk())


def refused(written: dict[Path, Path], dumps: Runner) -> dict[str, Any]:
    """The files that dcmdump says an error of, or counts other elements in than we do."""
    found = {}
    for copy, done in dumps((), list(written)).items():
        if done.status or done.errors or done.elements != (count(copy),):
            found[str(written[copy])] = (done.status, done.errors[:2], done.elements, count(copy))
    return found


def test_accepts_what_was_edited(originals: dict[Path, Any], dumps: Runner, tmp_path: Path) -> None:
    written = {}
    for number, path in enumerate(originals):
        dataset = filmless.read(path, force=True)
        dataset.PatientID = "EDITED"
        dataset.InstitutionName = "Krankenhaus Süd 病院"
        copy = tmp_path / f"{number}.dcm"
        filmless.write(dataset, copy)
        written[copy] = path
    assert not refused(written, dumps)


@pytest.mark.parametrize("syntax", UNCOMPRESSED)
def test_accepts_what_was_converted(originals: dict[Path, Any], dumps: Runner, tmp_path: Path, syntax: str) -> None:
    written = {}
    for number, path in enumerate(list(originals)[::EVERY]):
        if path.stat().st_size > LARGEST:
            continue
        copy = tmp_path / f"{number}.dcm"
        try:
            filmless.file.write(filmless.read(path, force=True), copy, transfer_syntax=syntax)
        except UnsupportedError:
            continue  # encapsulated
        assert filmless.read(copy).file_meta.TransferSyntaxUID == UNCOMPRESSED[syntax]
        written[copy] = path
    assert written
    assert not refused(written, dumps)
    changed = {}
    for copy, path in written.items():
        different = values_differ(path, copy)
        if syntax == "ExplicitVRBigEndian" and are_words_in_ob(path):
            different.pop("(7FE0,0010)", None)  # pydicom compares the bytes, which were turned around
        if different:
            changed[str(path)] = list(different.items())[:3]
    assert not changed


def are_words_in_ob(path: Path) -> bool:
    """Whether samples of more than a byte stand in OB: in big endian they are words all the same."""
    ds = read_theirs(path)
    return ds.get("BitsAllocated", 8) > 8 and "PixelData" in ds and ds["PixelData"].VR in ("OB", "OB or OW")


def values_differ(path: Path, copy: Path) -> dict[str, Any]:
    """Elements of the data set that pydicom reads otherwise; implicit VR loses what is not as in the dictionary."""
    different = differences(settled(path), settled(copy))
    implicit = read_theirs(copy).original_encoding[0]
    return {
        at: tuple(str(side)[:60] for side in sides)
        for at, sides in different.items()
        if not (implicit and None not in sides and sides[0][0] != sides[1][0])
    }


def settled(path: Path) -> Tree:
    """The data set as pydicom reads it, in what is the same in every transfer syntax.

    Words turn round with the byte order, pixels of 32 bits as a whole; OB is OW in implicit VR (PS3.5 A.1); values that
    were of odd length are padded; lengths of groups change.
    """
    peer = read_theirs(BytesIO(path.read_bytes()))
    big_endian = peer.original_encoding == (False, False)
    pixel_size = peer.get("BitsAllocated", 16) // 8
    tree = {at: pair for at, pair in theirs(peer).items() if not at.startswith("meta") and not at.endswith(",0000)")}
    for at, (vr, value) in tree.items():
        if isinstance(value, bytes):
            word = max(2, pixel_size) if (at, vr) == ("(7FE0,0010)", "OW") else WORDS.get(vr, 1)
            ordered = swapped(value, word) if big_endian else value
            tree[at] = ("OB or OW" if vr in {"OB", "OW"} else vr, ordered + b"\0" * (len(ordered) % 2))
    return tree
