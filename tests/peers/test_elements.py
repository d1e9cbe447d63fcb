"""The element tree of every real file is the one pydicom reads, or it is listed here why ours is right."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import filmless

from .trees import differences, ours, read_theirs, theirs

GROUP_LENGTH = "PS3.5 7.2: a group length is UL in every group; of private groups in implicit VR pydicom says UN"
GE_GROUPS = ("0009", "0011", "0019", "0021", "0023", "0025", "0027", "0029", "0043")

# End of the file's path -> path of the element (`*` for any) -> why ours is right.
DIFFERENCES: dict[str, dict[str, str]] = {
    "test_files/no_meta.dcm": {
        "(0820,0500)": "one byte too many at the start, so no element is at its place: pydicom takes the rest of the "
        "file for the value of one that does not exist, DCMTK and we find none",
    },
    "testImages/CTImage.dcm": {f"({group},0000)": GROUP_LENGTH for group in GE_GROUPS},
    "testImages/CTImage.dcm_LittleEndianImplicitTransferSyntax_1.2.840.10008.1.2.dcm": {
        f"({group},0000)": GROUP_LENGTH for group in GE_GROUPS
    },
    "emri_small_jpeg_2k_lossless_too_short.dcm": {
        "*": "the file ends inside the pixel data: pydicom returns an empty data set, we give what is whole",
    },
}


def listed(path: Path) -> dict[str, str]:
    """The differences that are known of a file."""
    known = (reasons for name, reasons in DIFFERENCES.items() if path.as_posix().endswith(name))
    return next(known, {})


def test_elements(files: list[Path]) -> None:
    found: dict[str, object] = {}
    stale: list[str] = []
    for path in files:
        different = differences(ours(filmless.read(path, force=True)), theirs(read_theirs(path)))
        reasons = listed(path)
        unknown = {at: pair for at, pair in different.items() if not any(fnmatchcase(at, known) for known in reasons)}
        stale += [f"{path.name} {known}" for known in reasons if not any(fnmatchcase(at, known) for at in different)]
        if unknown:
            found[str(path)] = {at: tuple(str(side)[:80] for side in pair) for at, pair in unknown.items()}
    assert not found
    assert not stale


def test_few_are_listed(files: list[Path]) -> None:
    count = sum(bool(listed(path)) for path in files)
    assert count <= len(files) / 100


def test_what_pydicom_opens_we_open(files: list[Path]) -> None:
    """Neither needs `force` more often than the other."""
    import pydicom

    refused = []
    for path in files:
        try:
            pydicom.dcmread(path, stop_before_pixels=True)
        except Exception:  # noqa: BLE001  no measure for what we read
            continue
        try:
            filmless.read(path)
        except filmless.errors.DicomError as error:
            refused.append((path, str(error)))
    assert not refused
