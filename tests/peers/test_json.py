"""DICOM JSON and XML of every real file: there and back, and what pydicom writes."""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import filmless
from filmless import Dataset

from .trees import WORDS, read_theirs, swapped

BIG_ENDIAN = "1.2.840.10008.1.2.2"
CHARACTER_SET = "00080005"

# End of the file's path -> paths of elements that differ (`*` for any) -> why ours is right.
DIFFERENCES: dict[str, dict[str, str]] = {
    "test_files/no_meta.dcm": {"08200500": "one byte too many at the start: see test_elements.py"},
    "emri_small_jpeg_2k_lossless_too_short.dcm": {"*": "pydicom reads an empty data set: see test_elements.py"},
}


@pytest.mark.parametrize(
    "there_and_back",
    [
        pytest.param(lambda dataset: Dataset.from_json(dataset.to_json()), id="json"),
        pytest.param(lambda dataset: Dataset.from_xml(dataset.to_xml()), id="xml"),
    ],
)
def test_round_trip(files: list[Path], there_and_back: Callable[[Dataset], Dataset]) -> None:
    changed = []
    for path in files:
        dataset = filmless.read(path, force=True)
        if there_and_back(dataset) != dataset:
            changed.append(path)
    assert not changed


def test_json_is_pydicoms(files: list[Path]) -> None:
    found: dict[str, Any] = {}
    raised = []
    for path in files:
        peer = read_theirs(path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = peer.to_json_dict(bulk_data_threshold=1 << 40)
        except ValueError:
            raised.append(path.name)  # for a value that is not of its representation
            continue
        big_endian = getattr(peer.file_meta, "TransferSyntaxUID", None) == BIG_ENDIAN
        expected = dict(flat(json.loads(json.dumps(theirs)), big_endian=big_endian))
        ours = dict(flat(json.loads(filmless.read(path, force=True).to_json())))
        known = next((reasons for name, reasons in DIFFERENCES.items() if path.as_posix().endswith(name)), {})
        different = {
            at: (ours.get(at), expected.get(at))
            for at in ours.keys() | expected.keys()
            if ours.get(at) != expected.get(at) and at not in known and "*" not in known
        }
        if different:
            found[str(path)] = {at: tuple(str(side)[:80] for side in pair) for at, pair in different.items()}
    assert not found
    assert len(raised) <= len(files) / 100


def flat(attributes: dict[str, Any], path: str = "", *, big_endian: bool = False) -> Iterator[tuple[str, Any]]:
    """Path and value of each attribute, as the Standard has them where pydicom leaves it.

    PS3.18 F: group lengths are left out, text is in ISO_IR 192, an empty one of several values is null, words are
    least significant byte first. PS3.5 6.2: spaces at the end of a value are padding.
    """
    for tag, attribute in attributes.items():
        here = path + tag
        if tag.endswith("0000"):
            continue
        if tag == CHARACTER_SET:
            yield here, attribute["vr"]
            continue
        values = attribute.get("Value", [])
        if attribute["vr"] == "SQ":
            yield here, len(values)
            for number, item in enumerate(values):
                yield from flat(item, f"{here}[{number}]", big_endian=big_endian)
        elif "InlineBinary" in attribute:
            content = base64.b64decode(attribute["InlineBinary"])
            yield here, (attribute["vr"], swapped(content, WORDS.get(attribute["vr"], 1)) if big_endian else content)
        else:
            yield here, (attribute["vr"], [plain(value) for value in values])


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {group: text for group, text in value.items() if text} or None
    return (value.rstrip(" ") or None) if isinstance(value, str) else value
