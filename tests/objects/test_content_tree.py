"""Structured reports as trees of headed sections."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import filmless
from filmless import Dataset
from filmless.objects import Code, report_sections
from filmless.objects.content_item import CONTAINS, container, content_item, text_item
from filmless.objects.content_tree import Section
from filmless.objects.references import ImageReference, as_plain, references_in

FINDING = Code("121071", "DCM", "Finding")
CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def reports(all_files: list[Path]) -> Iterator[tuple[Path, Dataset]]:
    return (
        (path, ds)
        for path in all_files
        if path.name in {"reportsi.dcm", "reportsi_with_empty_number_tags.dcm", "test-SR.dcm", "report_dfl"}
        or path.name.startswith("sr_document")
        for ds in [filmless.read(path)]
    )


def one(item: Dataset) -> Section:
    root = report_sections(container(FINDING, [item], relationship=""))
    (section,) = root.items
    return section


def test_real_reports_have_headings_and_texts(reports: Iterator[tuple[Path, Dataset]]) -> None:
    seen = 0
    for path, ds in reports:
        root = report_sections(ds)
        items = list(root.walk())
        assert root.heading, path
        assert len(items) > 2, path
        assert any(item.text and item.heading for item in items), path
        json.dumps(as_plain(root))
        seen += 1
    assert seen >= 5


def test_a_real_report_says_what_it_says(pydicom_files: list[Path]) -> None:
    root = report_sections(filmless.read(next(path for path in pydicom_files if path.name == "reportsi.dcm")))
    assert root.heading == "Document Title"
    assert [(item.kind, item.heading, item.text) for item in root.walk()][1:7] == [
        ("CODE", "Observation Context Mode", "DIRECT"),
        ("PNAME", "Recording Observer's Name", "Enter text"),
        ("TEXT", "Recording Observer's Organization Name", "Enter text"),
        ("CODE", "Observation Context Mode", "PATIENT"),
        ("CONTAINER", "Section Heading", ""),
        ("TEXT", "Report Text", "Enter text"),
    ]


def test_each_kind_of_value_is_read() -> None:
    unit = Code("mm", "UCUM", "millimeter").item()
    measured = Dataset({"NumericValue": 12.5, "MeasurementUnitsCodeSequence": [unit]})
    reference = Dataset(
        {"ReferencedSOPClassUID": CT, "ReferencedSOPInstanceUID": "1.2.3", "ReferencedFrameNumber": [2, 3]}
    )
    liver = Code("10200004", "SCT", "Liver")
    cases: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("TEXT", {"TextValue": "a\nb"}, {"text": "a\nb"}),
        ("CODE", {"ConceptCodeSequence": [liver.item()]}, {"text": "Liver", "code": liver}),
        ("NUM", {"MeasuredValueSequence": [measured]}, {"text": "12.5 mm", "number": 12.5}),
        ("DATE", {"Date": "20200102"}, {"text": "2020-01-02"}),
        ("DATE", {}, {"text": ""}),
        ("TIME", {"Time": "101112.5"}, {"text": "10:11:12"}),
        ("TIME", {"Time": "10"}, {"text": "10"}),
        ("DATETIME", {"DateTime": "20200102101112.000+0100"}, {"text": "2020-01-02 10:11:12 +0100"}),
        ("DATETIME", {"DateTime": "20200102"}, {"text": "2020-01-02"}),
        ("DATETIME", {"DateTime": "2020"}, {"text": "2020"}),
        ("PNAME", {"PersonName": "Doe^Jane=x"}, {"text": "Doe Jane"}),
        ("UIDREF", {"UID": "1.2.3"}, {"text": "1.2.3"}),
        ("IMAGE", {"ReferencedSOPSequence": [reference]}, {"reference": ImageReference(CT, "1.2.3", (1, 2))}),
        ("SCOORD", {"GraphicType": "POLYLINE", "GraphicData": [1, 2, 3, 4, 5]}, {"points": ((1, 2), (3, 4))}),
        (
            "SCOORD3D",
            {"GraphicType": "POINT", "GraphicData": [1, 2, 3], "ReferencedFrameOfReferenceUID": "1.2"},
            {"points": ((1, 2, 3),), "graphic": "POINT", "frame_of_reference_uid": "1.2"},
        ),
        ("TCOORD", {"TemporalRangeType": "POINT"}, {"text": "POINT"}),
        ("IMAGE", {}, {"text": "", "reference": None}),
        ("NUM", {"MeasuredValueSequence": []}, {"text": "", "number": None}),
        ("CODE", {"ConceptCodeSequence": []}, {"text": "", "code": None}),
        ("NONSENSE", {}, {"text": "", "heading": "Finding"}),
    ]
    for kind, values, expected in cases:
        item = content_item(CONTAINS, kind, FINDING)
        for keyword, value in values.items():
            item[keyword] = value
        section = one(item)
        assert {name: getattr(section, name) for name in expected} == expected, kind
        assert (section.kind, section.heading, section.relationship) == (kind, "Finding", CONTAINS)


def test_a_number_that_is_not_there_says_why() -> None:
    item = content_item(CONTAINS, "NUM", FINDING)
    item.NumericValueQualifierCodeSequence = [Code("114000", "DCM", "Not a number").item()]
    assert one(item).text == "Not a number"


def test_a_number_without_unit_is_bare() -> None:
    item = content_item(CONTAINS, "NUM", FINDING)
    measured = Dataset({"NumericValue": 3, "MeasurementUnitsCodeSequence": [Code("1", "UCUM", "no units").item()]})
    item.MeasuredValueSequence = [measured]
    assert (one(item).text, one(item).unit) == ("3", Code("1", "UCUM", "no units"))


def test_sections_keep_their_order_and_place() -> None:
    leaves = [text_item(CONTAINS, FINDING, str(number)) for number in range(4)]
    inner = container(Code("1", "99X", "inner"), leaves[1:3])
    root = report_sections(container(FINDING, [leaves[0], inner, leaves[3]], relationship=""))
    assert [item.text for item in root.walk() if item.kind == "TEXT"] == ["0", "1", "2", "3"]
    assert [len(item.items) for item in root.items] == [0, 2, 0]


@pytest.mark.parametrize(
    "broken", [{"ContentSequence": "text"}, {"ValueType": ["A", "B"]}, {"ConceptNameCodeSequence": []}]
)
def test_what_is_broken_says_nothing(broken: dict[str, Any]) -> None:
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"})
    for keyword, value in broken.items():
        if isinstance(value, str):
            ds.add_new(keyword, "LO", value)
        else:
            ds[keyword] = value
    root = report_sections(ds)
    assert (root.heading, root.items) == ("Structured Report", ())


def test_references_without_uids_are_none() -> None:
    items = [Dataset({"ReferencedSOPInstanceUID": "1.2"}), Dataset(), Dataset({"ReferencedSOPClassUID": CT})]
    assert references_in(items) == ()
