"""Of every file, broken ones too, at least as many elements are found as the best of the peers finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import filmless

from .trees import read_theirs, theirs

Runner = Callable[[Sequence[str], Sequence[Path]], dict[Path, Any]]

# As far as they go over what is broken.
DCMDUMP = ("-q", "+Ep", "+rd", "+oi", "+vi", "+pe")
GDCMDUMP = ("-I",)

# End of the file's path -> why the peer's elements are none.
LISTED = {
    "test_files/no_meta.dcm": "one byte too many at the start: of the elements the file was made of no peer finds any, "
    "the one that pydicom and a lenient DCMTK show is not in it",
    "dcm4che-test-data/src/main/resources/MR-JPEGLosslessSV1.dcm": "GDCM takes three values of UN for sequences for "
    "it matches private creators whatever their case; LO has upper and lower case (PS3.5 6.2), so they are unknown",
}


@pytest.fixture(scope="module")
def best(files: list[Path], outputs: Runner, dumps: Runner, peer: Callable[[str], str]) -> dict[Path, dict[str, int]]:
    """Elements that each peer finds in each file."""
    dcmtk = dumps(DCMDUMP, files)
    gdcm = outputs([peer("gdcmdump"), *GDCMDUMP], files)
    return {
        path: {"pydicom": in_pydicom(path), "DCMTK": sum(dcmtk[path].elements), "GDCM": sum(gdcm[path].elements)}
        for path in files
    }


def in_pydicom(path: Path) -> int:
    try:
        return len(theirs(read_theirs(path)))
    except Exception:  # noqa: BLE001  what it raises for it does not read
        return 0


def count(path: Path) -> int:
    dataset = filmless.read(path, force=True)
    return sum(1 for part in (dataset.file_meta, dataset) for _ in part.walk())


def test_nobody_finds_more(best: dict[Path, dict[str, int]]) -> None:
    fewer = {}
    for path, peers in best.items():
        ours = count(path)
        if ours < max(peers.values()) and not any(path.as_posix().endswith(name) for name in LISTED):
            fewer[str(path)] = (ours, peers)
    assert not fewer


def test_listed_files_are_few(files: list[Path]) -> None:
    listed = sum(any(path.as_posix().endswith(name) for name in LISTED) for path in files)
    assert listed <= max(1, len(files) / 200)


def test_every_end_is_survived(pydicom_files: list[Path]) -> None:
    """A file cut anywhere is read as far as it is whole, and says so."""
    path = next(path for path in pydicom_files if path.name == "nested_priv_SQ.dcm")
    content = path.read_bytes()
    found, sound = [0], []
    for length in range(140, len(content)):
        dataset = filmless.read(content[:length], force=True)
        found.append(sum(1 for part in (dataset.file_meta, dataset) for _ in part.walk()))
        if not dataset.findings:
            sound.append(length)
    assert found == sorted(found)
    assert found[-1] == count(path)
    # Only a file that ends between two elements of the data set looks whole.
    assert len(sound) <= len(list(filmless.read(path)))
