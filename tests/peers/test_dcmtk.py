"""DCMTK's dcmdump accepts what we write: after an edit, and in every uncompressed transfer syntax."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import filmless
from filmless import errors

SYNTAXES = ["ImplicitVRLittleEndian", "ExplicitVRLittleEndian", "ExplicitVRBigEndian", "DeflatedExplicitVRLittleEndian"]
SMALL = 300_000


def complaints(dcmdump: str, paths: list[Path]) -> dict[str, list[str]]:
    """What dcmdump says of each file: error lines and, when it gives up, that."""
    found = {}
    for path in paths:
        done = subprocess.run([dcmdump, "-q", "-M", str(path)], capture_output=True, check=False, timeout=60)
        loud = (
            subprocess.run([dcmdump, "-M", str(path)], capture_output=True, check=False, timeout=60)
            if done.returncode
            else done
        )
        lines = re.findall(rb"^E: .*", loud.stderr, re.MULTILINE)
        found[path.name] = [line.decode("latin-1") for line in lines] + (["gave up"] if done.returncode else [])
    return found


@pytest.fixture(scope="module")
def samples(pydicom_files: list[Path], peer: Callable[[str], str]) -> list[Path]:
    """Small files that dcmdump has no complaint about as they are."""
    dcmdump = peer("dcmdump")
    small = [path for path in pydicom_files if path.stat().st_size < SMALL and path.name != "DICOMDIR"][::2]
    by_name = complaints(dcmdump, small)
    return [path for path in small if not by_name[path.name]]


@pytest.mark.parametrize("syntax", [None, *SYNTAXES])
def test_dcmdump_accepts_what_we_write(
    samples: list[Path], peer: Callable[[str], str], tmp_path: Path, syntax: str | None
) -> None:
    written = []
    for number, path in enumerate(samples):
        try:
            dataset = filmless.read(path)
        except errors.DicomError:
            continue
        dataset.PatientID = "edited"
        if "OtherPatientIDsSequence" in dataset:
            dataset.OtherPatientIDsSequence[0].PatientID = "edited too"
        target = tmp_path / f"{number}-{path.name}"
        try:
            filmless.write(dataset, target, transfer_syntax=syntax)
        except errors.UnsupportedError:
            continue  # its pixels are compressed
        written.append(target)
    assert len(written) > 40
    wrong = {name: lines for name, lines in complaints(peer("dcmdump"), written).items() if lines}
    assert wrong == {}
