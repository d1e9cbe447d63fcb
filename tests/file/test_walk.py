"""Going through elements: the fast ways give what the plain ones give."""

from pathlib import Path

import filmless
from filmless import DataElement, Dataset


def by_hand(dataset: Dataset) -> list[tuple[int, str, object]]:
    """Every element by looking each up by its tag: no position, no reuse."""
    found: list[tuple[int, str, object]] = []
    for tag in dataset.keys():  # noqa: SIM118  iterating a data set gives elements
        element = dataset[tag]
        found.append((int(tag), element.VR, None if element.VR == "SQ" else element.value))
        if element.VR == "SQ":
            for item in element.value:
                found += by_hand(item)
    return found


def walked(elements: list[DataElement]) -> list[tuple[int, str, object]]:
    return [(int(element.tag), element.VR, None if element.VR == "SQ" else element.value) for element in elements]


def same(left: list[tuple[int, str, object]], right: list[tuple[int, str, object]]) -> bool:
    return repr(left) == repr(right)  # NaN is NaN


def test_walking_gives_what_looking_up_gives(pydicom_files: list[Path]) -> None:
    for path in pydicom_files:
        try:
            dataset = filmless.read(path, force=True)
        except filmless.errors.DicomError:
            continue
        assert same(walked(list(dataset.walk())), by_hand(filmless.read(path, force=True))), path


def test_elements_that_are_kept_stay_what_they_were(pydicom_files: list[Path]) -> None:
    path = next(path for path in pydicom_files if path.name == "CT_small.dcm")
    dataset = filmless.read(path)
    kept = list(dataset.walk())
    assert len({id(element) for element in kept}) == len(kept)
    passing = [(int(element.tag), element.VR) for element in dataset.walk()]
    assert [(int(element.tag), element.VR) for element in kept] == passing
    every_second = [element for number, element in enumerate(dataset.walk()) if number % 2]
    assert [int(element.tag) for element in every_second] == [tag for tag, _ in passing][1::2]


def test_plain_values_are_the_values_of_the_long_way(pydicom_files: list[Path]) -> None:
    # A data set that was copied by assignment has no positions to go by: its values take the long way.
    for path in pydicom_files:
        if path.name not in {"CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "MR_small_bigendian.dcm"}:
            continue
        source = filmless.read(path)
        other = Dataset()
        for element in source:
            if element.VR not in {"SQ", "OW", "OB", "UN"}:
                other.add_new(element.tag, element.VR, element.value)
        for element in other:
            assert element.value == source[element.tag].value, (path.name, element.tag)
