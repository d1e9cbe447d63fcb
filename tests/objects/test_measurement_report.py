"""Measurements as structured reports: written and read, by us and by others."""

import io
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

import filmless
from filmless import Dataset
from filmless.errors import LimitError, ValidationError
from filmless.file import encode
from filmless.objects import Code, Measurement, measurement_report, read_measurements, report_sections
from filmless.objects.content_item import CONTAINS, INFERRED_FROM, container, coordinates, number_item
from filmless.objects.measurement import Value
from filmless.objects.measurement_report import CONCEPTS
from filmless.objects.references import ImageReference

Made = Callable[..., list[Measurement]]
FRAME_OF_REFERENCE = "1.2.840.99.5"


@pytest.fixture(params=["ct", "enhanced", "slide", "radiograph"])
def measured(request: pytest.FixtureRequest, on_image: Made, in_space: Made) -> tuple[Any, list[Measurement]]:
    source = request.getfixturevalue(request.param)
    if isinstance(source, list):
        return source, [*on_image(source[0]), *on_image(source[3]), *in_space(FRAME_OF_REFERENCE)]
    frames = source.get("NumberOfFrames") or 1
    return source, on_image(source, frames - 1 if frames > 1 else None)


def groups_of(report: Dataset) -> Sequence[Dataset]:
    return next(
        item.ContentSequence
        for item in report.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeValue == CONCEPTS["measurements"].value
    )


# -- there and back ------------------------------------------------------------------------------------------------


def test_they_are_read_as_they_were(measured: tuple[Any, list[Measurement]], tmp_path: Path) -> None:
    source, measurements = measured
    measurement_report(measurements, source=source, observer="Müller^Jörg").save_as(tmp_path / "sr.dcm")
    assert read_measurements(filmless.read(tmp_path / "sr.dcm")) == measurements


def test_dciodvfy_finds_no_error(measured: tuple[Any, list[Measurement]], verified: Any, tmp_path: Path) -> None:
    source, measurements = measured
    report = measurement_report(
        measurements,
        source=source,
        observer="Müller^Jörg",
        complete=False,
        header={"SeriesDescription": "measured"},
    )
    assert verified(report, tmp_path / "sr.dcm") == []
    del report.CompletionFlag
    assert verified(report, tmp_path / "sr.dcm") != []


def test_dcmtk_reads_it(measured: tuple[Any, list[Measurement]], peer: Callable[[str], str], tmp_path: Path) -> None:
    source, measurements = measured
    measurement_report(measurements, source=source).save_as(tmp_path / "sr.dcm")
    done = subprocess.run([peer("dsrdump"), "+Pc", tmp_path / "sr.dcm"], capture_output=True, text=True, check=True)
    warnings = [line for line in done.stderr.splitlines() if "Specific Character Set: ISO_IR 192" not in line]
    assert warnings == []  # its checker of text does not know UTF-8
    assert done.stdout.count('"Measurement Group"') == len(measurements)


def test_highdicom_reads_the_same(ct: list[Dataset], on_image: Made, in_space: Made, tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    measurements = [*on_image(ct[1]), *in_space(FRAME_OF_REFERENCE)]
    measurement_report(measurements, source=ct, observer="Doe^Jane").save_as(tmp_path / "sr.dcm")
    content = highdicom.sr.srread(tmp_path / "sr.dcm").content
    planar, lines = content.get_planar_roi_measurement_groups(), content.get_image_measurement_groups()
    by_uid = {measurement.tracking_uid: measurement for measurement in measurements}
    assert len(planar) + len(lines) == len(by_uid)
    assert len(content.get_observer_contexts()) == 2
    for group in [*planar, *lines]:
        ours = by_uid[group.tracking_uid]
        assert group.tracking_identifier == ours.tracking_id
        assert [one.value for one in group.get_measurements()] == [value.number for value in ours.values]
        assert [one.unit.value for one in group.get_measurements()] == [value.unit for value in ours.values]
        assert (group.finding_type is None) == (ours.finding is None)
    for group in planar:
        ours, region = by_uid[group.tracking_uid], group.roi
        closing = 1 if ours.kind == "rectangle" else 0
        assert region.value[: len(ours.points)].tolist() == [list(point) for point in ours.points]
        assert len(region.value) == len(ours.points) + closing
        assert ours.closed or ours.kind in {"length", "bidirectional", "probe", "arrow", "text", "freehand"}


@pytest.mark.parametrize("kind", ["rectangle", "probe"])
def test_a_value_names_the_images_that_it_was_counted_on(
    kind: str, ct: list[Dataset], in_space: Made, verified: Any, tmp_path: Path
) -> None:
    """As the uptake of a PET over a CT: in a region (TID 1410), and at a point (TID 1501)."""
    highdicom = pytest.importorskip("highdicom")
    source = tuple(ImageReference(str(image.SOPClassUID), str(image.SOPInstanceUID)) for image in ct[1:3])
    uptake = replace(Value.of("mean", 3.25, "{SUVbw}g/ml"), source=source)
    [shape] = [one for one in in_space(FRAME_OF_REFERENCE) if one.kind == kind] or [
        Measurement(kind, ((1, 2, 3),), frame_of_reference_uid=FRAME_OF_REFERENCE)
    ]
    measurement = replace(shape, values=(Value.of("mean", 41.5, "[hnsf'U]"), uptake))
    assert Measurement.from_dict(measurement.as_dict()) == measurement
    report = measurement_report([measurement], source=ct)
    assert read_measurements(report) == [measurement]
    assert verified(report, tmp_path / "sr.dcm") == []
    content = highdicom.sr.srread(tmp_path / "sr.dcm").content
    groups = [*content.get_planar_roi_measurement_groups(), *content.get_image_measurement_groups()]
    own, other = groups[0].get_measurements()
    assert own.referenced_images == []
    assert [image.referenced_sop_instance_uid for image in other.referenced_images] == [
        image.sop_instance_uid for image in source
    ]
    with pytest.raises(ValueError, match="a value of measurement 1 is on an image that is not among the sources"):
        measurement_report([measurement], source=ct[0])
    with pytest.raises(ValueError, match="expected at most"):
        replace(uptake, source=source * 5001)


def test_pydicom_reads_the_content(ct: list[Dataset], on_image: Made, tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    measurement_report(on_image(ct[0]), source=ct).save_as(tmp_path / "sr.dcm")
    ds = pydicom.dcmread(tmp_path / "sr.dcm")
    assert ds.SOPClassUID.name == "Comprehensive 3D SR Storage"
    assert ds.ContentSequence[-1].ContentSequence[0].ContentSequence[0].TextValue == "größe"


UCUM = st.sampled_from(["mm", "[hnsf'U]", "1", "{SUVbw}g/ml", "kPa"])
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False) | st.integers(-(10**6), 10**6)
LABELS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]) | st.just("\n"), max_size=40)


@hypothesis.settings(max_examples=40)
@hypothesis.given(
    points=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=20),
    numbers=st.lists(st.tuples(st.sampled_from(["length", "mean", "value"]), NUMBERS, UCUM), max_size=3),
    label=LABELS,
    colour=st.none() | st.tuples(*[st.integers(0, 255)] * 3),
)
def test_whatever_is_measured_is_read_as_it_was(
    make_slice: Callable[..., Dataset], points: Any, numbers: Any, label: str, colour: Any
) -> None:
    image = make_slice()
    on = ImageReference(image.SOPClassUID, image.SOPInstanceUID)
    values = tuple(Value.of(*number) for number in numbers)
    measurement = Measurement("freehand", tuple(points), image=on, values=values, label=label, colour=colour)
    data = encode(measurement_report([measurement], source=image))
    assert read_measurements(filmless.read(io.BytesIO(data))) == [measurement]


# -- header --------------------------------------------------------------------------------------------------------


def test_patient_study_and_evidence_are_the_sources(ct: list[Dataset], on_image: Made) -> None:
    report = measurement_report(on_image(ct[0]), source=ct)
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate"):
        assert report[keyword].value == ct[0][keyword].value
    assert report.SeriesInstanceUID != ct[0].SeriesInstanceUID
    (study,) = report.CurrentRequestedProcedureEvidenceSequence
    references = [item for series in study.ReferencedSeriesSequence for item in series.ReferencedSOPSequence]
    assert [item.ReferencedSOPInstanceUID for item in references] == [image.SOPInstanceUID for image in ct]


def test_frames_and_tiles_are_pointed_to(slide: Dataset, on_image: Made) -> None:
    group = groups_of(measurement_report(on_image(slide, 24), source=slide))[0]
    (number,) = [item for item in group.ContentSequence if item.ValueType == "NUM"]
    (graphic,) = number.ContentSequence
    assert graphic.PixelOriginInterpretation == "FRAME"
    assert graphic.ContentSequence[0].ReferencedSOPSequence[0].ReferencedFrameNumber == 25


def test_a_number_is_kept_in_full(ct: list[Dataset], on_image: Made) -> None:
    group = groups_of(measurement_report(on_image(ct[0]), source=ct))[0]
    (number,) = [item for item in group.ContentSequence if item.ValueType == "NUM"]
    assert number.MeasuredValueSequence[0].FloatingPointValue == 1 / 3
    assert number.MeasuredValueSequence[0].NumericValue == pytest.approx(1 / 3)


# -- reports of others ---------------------------------------------------------------------------------------------


def test_what_highdicom_wrote_is_read(corpus: Path) -> None:
    folder = corpus / "ImagingDataCommons+highdicom/data/test_files"
    (one,) = read_measurements(filmless.read(folder / "sr_document.dcm"))
    assert one.values
    assert len(read_measurements(filmless.read(folder / "sr_document_with_multiple_groups.dcm"))) >= 1


def written_by_highdicom(ct: list[Dataset], path: Path) -> Dataset:
    """Return a report with a circle, a square, a polygon in space, a length and two axes, by highdicom."""
    import numpy as np
    import pydicom
    from highdicom import sr
    from pydicom.sr.codedict import codes

    files = []
    for number, image in enumerate(ct):
        image.save_as(path / f"{number}.dcm")
        files.append(pydicom.dcmread(path / f"{number}.dcm"))
    source = sr.SourceImageForRegion(ct[0].SOPClassUID, ct[0].SOPInstanceUID)

    def tracked(name: str) -> Any:
        return sr.TrackingIdentifier(pydicom.uid.generate_uid(), name)

    def roi(name: str, graphic: Any, points: list[list[float]]) -> Any:
        region = sr.ImageRegion(graphic, np.array(points), source)
        mean = sr.Measurement(
            codes.DCM.AttenuationCoefficient, 41.5, codes.UCUM.HounsfieldUnit, derivation=codes.SCT.Mean
        )
        site = sr.FindingSite(codes.SCT.Liver)
        return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
            tracked(name), region, finding_type=codes.SCT.Mass, finding_sites=[site], measurements=[mean]
        )

    def line(concept: Any, number: float, points: list[list[float]]) -> Any:
        image = sr.SourceImageForMeasurement(ct[0].SOPClassUID, ct[0].SOPInstanceUID)
        graphic = sr.CoordinatesForMeasurement(sr.GraphicTypeValues.POLYLINE, np.array(points), image)
        return sr.Measurement(concept, number, codes.UCUM.Millimeter, referenced_coordinates=[graphic])

    polygon = sr.ImageRegion3D(
        sr.GraphicTypeValues3D.POLYGON, np.array([[0.0, 0, 0], [4, 0, 0], [4, 3, 0], [0, 0, 0]]), FRAME_OF_REFERENCE
    )
    long = line(codes.SCT.LongAxis, 5.0, [[0, 0], [3, 4]])
    short = line(codes.SCT.ShortAxis, 2.0, [[1, 3], [2, 1]])
    groups = [
        roi("circle", sr.GraphicTypeValues.CIRCLE, [[5.0, 5.0], [5.0, 8.0]]),
        roi("square", sr.GraphicTypeValues.POLYLINE, [[1, 1], [4, 1], [4, 4], [1, 4], [1, 1]]),
        sr.PlanarROIMeasurementsAndQualitativeEvaluations(tracked("polygon"), polygon),
        sr.MeasurementsAndQualitativeEvaluations(
            tracked("length"), measurements=[line(codes.SCT.Length, 5.0, [[0, 0], [3, 4]])]
        ),
        sr.MeasurementsAndQualitativeEvaluations(tracked("axes"), measurements=[short, long]),
        sr.MeasurementsAndQualitativeEvaluations(
            tracked("nowhere"), measurements=[sr.Measurement(codes.SCT.Length, 5.0, codes.UCUM.Millimeter)]
        ),
    ]
    person = sr.ObserverContext(codes.DCM.Person, sr.PersonObserverIdentifyingAttributes("Doe^Jane"))
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_person_context=person),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=groups,
    )
    uids = [pydicom.uid.generate_uid() for _ in range(2)]
    document = sr.Comprehensive3DSR(files, report[0], uids[0], 1, uids[1], 1, manufacturer="M")
    document.save_as(path / "sr.dcm")
    return filmless.read(path / "sr.dcm")


def test_kinds_are_told_by_what_they_look_like(ct: list[Dataset], tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    found = read_measurements(written_by_highdicom(ct, tmp_path))
    assert {one.tracking_id: one.kind for one in found} == {
        "circle": "ellipse",
        "square": "rectangle",
        "polygon": "freehand",
        "length": "length",
        "axes": "bidirectional",
    }
    circle, _, polygon, length, axes = found
    assert circle.points == ((2, 5), (8, 5), (5, 2), (5, 8))
    assert circle.values == (Value.of("mean", 41.5, "[hnsf'U]"),)
    assert circle.finding is not None
    assert circle.finding_site is not None
    assert (circle.finding.meaning, circle.finding_site.meaning) == ("Mass", "Liver")
    assert (polygon.closed, polygon.frame_of_reference_uid, polygon.image) == (True, FRAME_OF_REFERENCE, None)
    assert length.image == ImageReference(ct[0].SOPClassUID, ct[0].SOPInstanceUID)
    assert axes.points == ((0, 0), (3, 4), (1, 3), (2, 1))  # the long axis first, whichever comes first


def test_words_and_tools_of_ohif_are_read(ct: list[Dataset], on_image: Made) -> None:
    report = measurement_report(on_image(ct[0])[1:2], source=ct)
    (group,) = groups_of(report)
    group.ContentSequence[0].TextValue = "Cornerstone3DTools@^0.1.0:ArrowAnnotate"
    words = Code("CORNERSTONEFREETEXT", "CORNERSTONEJS", "look here")
    method = next(item for item in group.ContentSequence if item.ValueType == "CODE")
    method.ConceptNameCodeSequence, method.ConceptCodeSequence = [CONCEPTS["finding"].item()], [words.item()]
    (found,) = read_measurements(report)
    assert (found.kind, found.label, found.finding) == ("arrow", "look here", None)


def test_a_reference_to_another_item_is_followed(ct: list[Dataset], on_image: Made) -> None:
    report = measurement_report(on_image(ct[0])[:1], source=ct)
    (group,) = groups_of(report)
    number = next(item for item in group.ContentSequence if item.ValueType == "NUM")
    graphic = number.ContentSequence[0]
    group.ContentSequence.append(graphic)
    graphic.RelationshipType = CONTAINS
    place = len(report.ContentSequence)
    by_reference = Dataset({"RelationshipType": "R-INFERRED FROM"})
    by_reference.ReferencedContentItemIdentifier = [1, place, 1, len(group.ContentSequence)]
    number.ContentSequence = [by_reference]
    assert [one.points for one in read_measurements(report)] == [((1, 1), (pytest.approx(9.1), 7))]
    for nonsense in ([1, place, 1, 99], [1], [1, 0], [1, place, 0], [1, place, 1, 7, 1, 1]):
        by_reference.ReferencedContentItemIdentifier = nonsense
        assert read_measurements(report) == []


def test_many_regions_and_numbers_take_no_time(ct: list[Dataset]) -> None:
    on = ImageReference(str(ct[0].SOPClassUID), str(ct[0].SOPInstanceUID))
    regions = [coordinates(CONTAINS, CONCEPTS["region"], "POINT", [(x, 1)], on) for x in range(1500)]
    numbers = [number_item(Value.of("length", 1, "mm"), [], CONCEPTS["derivation"]) for _ in range(1500)]
    report = measurement_report([Measurement("probe", ((1, 1),), image=on)], source=ct)
    groups_of(report)[0].ContentSequence = [*regions, *numbers]
    found = read_measurements(report)
    assert (len(found), found[0].values) == (1500, ())


def test_coordinates_that_many_name_are_compared_once(ct: list[Dataset]) -> None:
    on = ImageReference(str(ct[0].SOPClassUID), str(ct[0].SOPInstanceUID))
    report = measurement_report([Measurement("probe", ((1, 1),), image=on)], source=ct)
    long = coordinates(CONTAINS, CONCEPTS["source"], "POLYLINE", [(1, 1)] * 50_000, on)
    place = [1, len(report.ContentSequence), 1, 1]
    names = [Dataset({"RelationshipType": "R-INFERRED FROM"}) for _ in range(5000)]
    for name in names:
        name.ReferencedContentItemIdentifier = place
    numbers = [
        number_item(Value.of("length", 1, "mm"), names[at : at + 5], CONCEPTS["derivation"]) for at in range(0, 5000, 5)
    ]
    groups_of(report)[0].ContentSequence = [long, *numbers]
    start = time.process_time()
    assert read_measurements(report) == []  # of more points than any kind has
    assert time.process_time() - start < 5  # a fraction of a second; many, were each hashed


@pytest.mark.parametrize(
    "change",
    [
        {"GraphicData": [1.0]},
        {"GraphicType": "SCRIBBLE"},
        {"GraphicData": [float("nan"), 1.0, 2.0, 3.0]},
        {"GraphicData": [1e30, 1.0, 2.0, 3.0]},
        {"ValueType": "TEXT"},
        {"ContentSequence": []},
    ],
)
def test_broken_coordinates_are_passed_over(ct: list[Dataset], on_image: Made, change: dict[str, Any]) -> None:
    report = measurement_report(on_image(ct[0])[:1] + on_image(ct[0])[7:8], source=ct)
    number = next(item for item in groups_of(report)[0].ContentSequence if item.ValueType == "NUM")
    for keyword, value in change.items():
        number.ContentSequence[0][keyword] = value
    kinds = [one.kind for one in read_measurements(report)]
    assert kinds[-1] == "ellipse"
    assert len(kinds) == (2 if "GraphicType" in change else 1)


# -- what does not fit ---------------------------------------------------------------------------------------------


def test_texts_that_are_none_are_cleaned(ct: list[Dataset], on_image: Made) -> None:
    report = measurement_report(on_image(ct[0])[:1], source=ct)
    items = groups_of(report)[0].ContentSequence
    items[0].TextValue = "a\x00b" + "x" * 2000
    number = next(item for item in items if item.ValueType == "NUM")
    number.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue = "m\x01"
    (found,) = read_measurements(report)
    assert (found.tracking_id[:4], len(found.tracking_id), found.values) == ("a bx", 1024, ())


def test_a_name_is_one(ct: list[Dataset], on_image: Made) -> None:
    with pytest.raises(ValueError, match="no backslash"):
        measurement_report(on_image(ct[0]), source=ct, observer="A\\B")


def test_measurements_that_do_not_fit(ct: list[Dataset], enhanced: Dataset, on_image: Made) -> None:
    fitting = on_image(ct[0])
    with pytest.raises(ValueError, match="not among the sources"):
        measurement_report(fitting, source=ct[1])
    with pytest.raises(ValueError, match="at least one"):
        measurement_report([], source=ct)
    with pytest.raises(ValueError, match="expected 0 to 5"):
        measurement_report(on_image(enhanced, 6), source=enhanced)
    with pytest.raises(ValueError, match="image of 6 frames"):
        measurement_report(on_image(enhanced), source=enhanced)
    for wrong in (fitting[0], "length", [fitting[0], "length"], None):
        with pytest.raises(TypeError, match="`measurements` is a list of Measurements"):
            measurement_report(wrong, source=ct)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="`source` is a Dataset"):
        measurement_report(fitting, source="ct.dcm")  # type: ignore[arg-type]
    ct[1].StudyInstanceUID = "1.2.3"
    with pytest.raises(ValueError, match="StudyInstanceUID"):
        measurement_report(fitting, source=ct)


def test_what_is_no_report(ct: list[Dataset]) -> None:
    with pytest.raises(ValidationError, match="no structured report"):
        read_measurements(ct[0])
    with pytest.raises(TypeError, match="`ds` is a Dataset"):
        read_measurements("sr.dcm")  # type: ignore[arg-type]


def test_too_many_items_are_too_many() -> None:
    report = container(CONCEPTS["report"], [container(CONCEPTS["group"], []) for _ in range(10)], relationship="")
    assert len(report_sections(report, max_items=11).items) == 10
    with pytest.raises(LimitError, match="more than 10 content items") as raised:
        report_sections(report, max_items=10)
    assert (raised.value.limit, raised.value.value) == ("max_items", 10)


def test_a_deep_report_is_read_as_far_as_people_write() -> None:
    item = container(CONCEPTS["group"], [])
    for _ in range(200):
        item = container(CONCEPTS["group"], [item], relationship=INFERRED_FROM)
    assert len(list(report_sections(item).walk())) == 65
