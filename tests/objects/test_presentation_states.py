"""Presentation states that are made, drawn by our renderer and read as data."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import filmless
from filmless import Dataset
from filmless.errors import ConversionError, UnsupportedError, ValidationError
from filmless.objects import Code, Measurement, presentation_state
from filmless.objects.measurement import Value
from filmless.objects.presentation_reading import read_annotations, read_presentation_state
from filmless.objects.references import ImageReference, as_plain
from filmless.pixels.annotations import Graphic, Label
from filmless.pixels.grey import Rescale, Window

Made = Callable[..., list[Measurement]]
Slice = Callable[..., Dataset]
WEASIS = "nroduit+weasis-dicom-tools/weasis-dicom-tools/src/test/resources/org/dcm4che3/img"


@pytest.fixture(params=["ct", "enhanced", "slide", "radiograph"])
def images(request: pytest.FixtureRequest) -> list[Dataset]:
    source = request.getfixturevalue(request.param)
    return source if isinstance(source, list) else [source]


def drawn_on(images: list[Dataset], on_image: Made) -> list[Measurement]:
    frames = images[0].get("NumberOfFrames") or 1
    return on_image(images[0], frames - 1 if frames > 1 else None)


def reference(image: Dataset) -> ImageReference:
    return ImageReference(str(image.SOPClassUID), str(image.SOPInstanceUID))


# -- other programs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
def test_dciodvfy_finds_no_error(
    images: list[Dataset], on_image: Made, turned: bool, verified: Any, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"rotation": 270, "flip": True, "displayed_area": (1, 1, 9, 7)} if turned else {}
    measurements = drawn_on(images, on_image)
    state = presentation_state(measurements, source=images, creator="Müller^Jörg", description="marked", **options)
    assert verified(state, tmp_path / "state.dcm") == []
    assert filmless.read(tmp_path / "state.dcm").findings == []
    del state.ContentLabel
    assert verified(state, tmp_path / "state.dcm") != []


@pytest.mark.parametrize("invert", [False, True])
def test_dcmtk_draws_the_same_greys(
    ct: list[Dataset], invert: bool, peer: Callable[[str], str], tmp_path: Path
) -> None:
    image, state, out = tmp_path / "ct.dcm", tmp_path / "state.dcm", tmp_path / "out.pgm"
    made = presentation_state([], source=ct[0], window=(40, 400), invert=invert)
    ct[0].save_as(image)
    made.save_as(state)
    subprocess.run([peer("dcmp2pgm"), "-p", state, image, out], check=True, capture_output=True, cwd=tmp_path)
    theirs = np.asarray(Image.open(out)).astype(int)
    ours = filmless.pixels.render(ct[0], presentation_state=made).astype(int)
    assert np.abs(theirs - ours).max() <= 1
    assert np.ptp(ours) > 100


def test_pydicom_reads_the_graphics(ct: list[Dataset], on_image: Made, tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    presentation_state(on_image(ct[0])[:1], source=ct).save_as(tmp_path / "state.dcm")
    item = pydicom.dcmread(tmp_path / "state.dcm").GraphicAnnotationSequence[0]
    assert item.GraphicObjectSequence[0].GraphicData == pytest.approx([1, 1, 9.1, 7])
    assert item.TextObjectSequence[0].UnformattedTextValue == "größe\r\nLength 0.3333 mm"


# -- drawn ---------------------------------------------------------------------------------------------------------


def test_without_anything_asked_a_frame_looks_as_by_itself(images: list[Dataset]) -> None:
    state = presentation_state([], source=images)
    for image in images:
        ours = filmless.pixels.render(image, presentation_state=state)
        assert np.array_equal(ours, filmless.pixels.render(image))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("invert", [False, True])
def test_polarity_is_kept_or_inverted(make_slice: Slice, photometric: str, invert: bool) -> None:
    image = make_slice(
        PhotometricInterpretation=photometric, PixelSpacing=[1, 1], BitsStored=8, HighBit=7, PixelRepresentation=0
    )
    image.add_new("PixelData", "OB", bytes(range(80)))
    state = presentation_state([], source=image, window=(40, 80), invert=invert)
    plain = filmless.pixels.render(image, window=(40, 80))
    drawn = filmless.pixels.render(image, presentation_state=state)
    assert np.array_equal(drawn, 255 - plain if invert else plain)
    assert np.ptp(plain) > 100


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", [False, True])
def test_it_is_turned_and_cut(ct: list[Dataset], rotation: int, flip: bool) -> None:
    state = presentation_state(
        [], source=ct[0], window=(0, 500), rotation=rotation, flip=flip, displayed_area=(1, 2, 9, 8)
    )
    part = np.rot90(filmless.pixels.render(ct[0], window=(0, 500))[2:8, 1:9], -rotation // 90)
    assert np.array_equal(filmless.pixels.render(ct[0], presentation_state=state), part[:, ::-1] if flip else part)
    # The pixel that is shown in the upper left corner is what the Standard asks for (PS3.3 C.10.4).
    stored = np.arange(1, 17)[:, np.newaxis] * 100 + np.arange(1, 17)
    turned = np.rot90(stored[2:8, 1:9], -rotation // 90)
    turned = turned[:, ::-1] if flip else turned
    area = state.DisplayedAreaSelectionSequence[0]
    for corner, value in (("TopLeft", turned[0, 0]), ("BottomRight", turned[-1, -1])):
        column, row = area[f"DisplayedArea{corner}HandCorner"].value
        assert row * 100 + column == value


def black(make_slice: Slice, **changes: Any) -> Dataset:
    return make_slice(
        BitsStored=8, HighBit=7, PixelRepresentation=0, Rows=40, Columns=60, PixelSpacing=[1, 1], **changes
    )


def lit(picture: np.ndarray) -> np.ndarray:
    return picture.any(axis=-1) if picture.ndim == 3 else picture > 0


@pytest.mark.parametrize(
    ("kind", "points", "on", "off"),
    [
        ("length", ((5.5, 5.5), (25.5, 5.5)), [(5, 5), (5, 15), (5, 25)], [(6, 15), (5, 27)]),
        ("angle", ((5.5, 5.5), (5.5, 25.5), (25.5, 25.5)), [(10, 5), (25, 15)], [(10, 15)]),
        ("bidirectional", ((5.5, 5.5), (25.5, 5.5), (10.5, 2.5), (10.5, 8.5)), [(5, 15), (3, 10)], [(8, 20)]),
        ("cobb_angle", ((5.5, 5.5), (25.5, 5.5), (5.5, 15.5), (25.5, 15.5)), [(5, 9), (15, 9)], [(10, 15)]),
        ("rectangle", ((5, 5), (20, 5), (20, 15), (5, 15)), [(5, 10), (15, 10), (10, 5), (10, 20)], [(10, 10)]),
        ("ellipse", ((5.5, 15.5), (25.5, 15.5), (15.5, 10.5), (15.5, 20.5)), [(15, 5), (10, 15)], [(15, 15), (11, 6)]),
        ("freehand", ((5.5, 5.5), (25.5, 5.5), (25.5, 15.5)), [(5, 10), (10, 25)], [(10, 15)]),
        ("probe", ((12.5, 20.5),), [(20, 12)], [(20, 20)]),
        ("arrow", ((5.5, 5.5), (35.5, 5.5)), [(5, 5), (5, 30), (4, 7), (6, 7)], [(3, 30)]),
    ],
)
def test_each_kind_is_drawn_where_it_is(
    make_slice: Slice, kind: str, points: Any, on: list[tuple[int, int]], off: list[tuple[int, int]]
) -> None:
    image = black(make_slice)
    measurement = Measurement(kind, points, image=reference(image), colour=(0, 255, 0))
    state = presentation_state([measurement], source=image, window=(128, 256))
    picture = filmless.pixels.render(image, presentation_state=state)
    for row, column in on:
        assert picture[row, column].tolist() == [0, 255, 0], (row, column)
    for row, column in off:
        assert not picture[row, column].any(), (row, column)


def test_words_stand_beside_what_they_are_about(make_slice: Slice) -> None:
    image = black(make_slice)
    text = Measurement("text", ((5, 20),), image=reference(image), label="IIIII")
    picture = lit(filmless.pixels.render(image, presentation_state=presentation_state([text], source=image)))
    rows, columns = np.nonzero(picture)
    assert 10 < rows.mean() < 30
    assert 5 < columns.min() < 12


def test_it_is_drawn_on_its_own_image_and_frame(ct: list[Dataset], enhanced: Dataset) -> None:
    for images, at in ((ct, ImageReference(ct[2].SOPClassUID, ct[2].SOPInstanceUID)), ([enhanced], None)):
        on = at or ImageReference(enhanced.SOPClassUID, enhanced.SOPInstanceUID, (2,))
        line = Measurement("length", ((1, 1), (14, 14)), image=on)
        dark = (60000, 10)
        state = presentation_state([line], source=images, window=dark)
        plain = presentation_state([], source=images, window=dark)
        frames = [(image, frame) for image in images for frame in range(image.get("NumberOfFrames") or 1)]
        differ = [
            bool((filmless.pixels.render(one, frame=frame, presentation_state=state)
                  != filmless.pixels.render(one, frame=frame, presentation_state=plain)).any())
            for one, frame in frames
        ]  # fmt: skip
        assert differ == [place == 2 for place in range(len(frames))]


def test_images_in_colour(make_slice: Slice, verified: Any, tmp_path: Path) -> None:
    image = make_slice(PhotometricInterpretation="RGB", SamplesPerPixel=3, PlanarConfiguration=0)
    image.BitsStored, image.HighBit, image.PixelRepresentation = 8, 7, 0
    image.add_new("PixelData", "OB", bytes(range(240)))
    line = Measurement("length", ((1.5, 1.5), (5.5, 1.5)), image=reference(image), colour=(255, 0, 0))
    state = presentation_state([line], source=image)
    assert state.SOPClassUID == "1.2.840.10008.5.1.4.1.1.11.2"
    assert verified(state, tmp_path / "state.dcm") == []
    picture = filmless.pixels.render(image, presentation_state=state, size=(8, 10))
    assert picture.shape[2] == 3
    assert read_presentation_state(state).kind == "COLOR"
    for wrong in ({"window": (1, 2)}, {"invert": True}):
        with pytest.raises(ValueError, match="for grey images"):
            presentation_state([], source=image, **wrong)  # type: ignore[arg-type]


def test_luts_are_taken_over(corpus: Path, verified: Any, tmp_path: Path) -> None:
    image = filmless.read(corpus / "pydicom+pydicom-data/data_store/data/mlut_18.dcm")
    state = presentation_state([], source=image)
    assert np.array_equal(filmless.pixels.render(image, presentation_state=state), filmless.pixels.render(image))
    assert len(state.ModalityLUTSequence) == 1
    assert verified(state, tmp_path / "state.dcm") == []


# -- read ----------------------------------------------------------------------------------------------------------


def test_it_is_read_as_data(ct: list[Dataset], on_image: Made) -> None:
    measurements = on_image(ct[1])
    state = presentation_state(
        measurements, source=ct, window=(40, 400), displayed_area=(1, 2, 9, 8), rotation=90, flip=True, invert=True,
        label="MARKED", description="größe", creator="Doe^Jane",
    )  # fmt: skip
    shown = read_presentation_state(state)
    assert (shown.kind, shown.label, shown.description, shown.creator) == ("GRAYSCALE", "MARKED", "größe", "Doe Jane")
    assert shown.images == tuple(map(reference, ct))
    assert (shown.rotation, shown.flipped, shown.presentation) == (90, True, "INVERSE")
    assert shown.modality == Rescale(ct[0].RescaleSlope, ct[0].RescaleIntercept)
    assert shown.vois[0].views == (Window(40, 400),)
    assert shown.areas[0].edges == (1, 2, 9, 8)
    assert [layer.colour for layer in shown.layers] == [(255, 128, 0), (255, 255, 255)]
    graphics = [one for one in shown.annotations if isinstance(one.item, Graphic)]
    labels = [one for one in shown.annotations if isinstance(one.item, Label)]
    assert {one.images for one in shown.annotations} == {(reference(ct[1]),)}
    assert len(graphics) == sum(
        {"bidirectional": 2, "cobb_angle": 2, "arrow": 2, "text": 0}.get(m.kind, 1) for m in measurements
    )
    assert len(labels) == sum(bool(one.label or one.values) for one in measurements)
    assert labels[0].item.text == "größe\nLength 0.3333 mm"
    assert shown.findings == ()
    data = json.loads(json.dumps(as_plain(shown)))
    assert data["annotations"][0]["item"]["points"] == [[1.0, 1.0], [pytest.approx(9.1), 7.0]]
    assert data["vois"][0]["views"][0]["center"] == 40


def test_states_of_others_are_read(corpus: Path) -> None:
    luts = read_presentation_state(filmless.read(corpus / WEASIS / "prLUTs.dcm"))
    assert luts.vois or luts.modality is not None
    overlays = read_presentation_state(filmless.read(corpus / WEASIS / "prOverlay.dcm"))
    for shown in (luts, overlays):
        assert shown.images
        assert shown.areas
        json.dumps(as_plain(shown))


def test_what_cannot_be_drawn_is_a_finding(ct: list[Dataset], on_image: Made) -> None:
    state = presentation_state(on_image(ct[0])[:1], source=ct)
    state.GraphicAnnotationSequence[0].GraphicObjectSequence[0].GraphicType = "SCRIBBLE"
    shown = read_presentation_state(state)
    assert [type(one.item) for one in shown.annotations] == [Label]
    (finding,) = json.loads(json.dumps(as_plain(shown)))["findings"]
    assert (finding["code"], finding["tag"]) == ("graphic", 0x0070_0009)


def test_shutters_and_units_are_read(ct: list[Dataset]) -> None:
    state = presentation_state([], source=ct)
    state.ShutterShape = ["CIRCULAR", "RECTANGULAR", "POLYGONAL"]
    state.CenterOfCircularShutter, state.RadiusOfCircularShutter = [8, 7], 5
    state.ShutterLeftVerticalEdge, state.ShutterRightVerticalEdge = 2, 14
    state.VerticesOfThePolygonalShutter = [1, 1, 1, 16, 16, 16]
    state.ShutterPresentationValue = 0xFFFF
    text = Dataset({"UnformattedTextValue": "L", "BoundingBoxAnnotationUnits": "DISPLAY"})
    text.BoundingBoxTopLeftHandCorner, text.BoundingBoxBottomRightHandCorner = [0.1, 0.2], [0.3, 0.4]
    state.GraphicAnnotationSequence = [Dataset({"GraphicLayer": "A", "TextObjectSequence": [text]})]
    shown = read_presentation_state(state)
    assert shown.shutter is not None
    assert (shown.shutter.center, shown.shutter.radius, shown.shutter.value) == ((8, 7), 5, 255)
    assert shown.shutter.rectangle == (2, None, 14, None)
    assert shown.shutter.polygon == ((1, 1), (1, 16), (16, 16))
    (label,) = read_annotations(state)
    assert isinstance(label.item, Label)
    assert (label.item.box_units, label.item.text, label.images) == ("DISPLAY", "L", ())


def test_what_is_no_presentation_state(ct: list[Dataset]) -> None:
    with pytest.raises(ValueError, match="no softcopy presentation state"):
        read_presentation_state(ct[0])
    with pytest.raises(TypeError):
        read_presentation_state("state.dcm")  # type: ignore[arg-type]
    with pytest.raises(UnsupportedError):
        read_presentation_state(Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.4"}))


# -- what does not fit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"rotation": 45}, "`rotation` is 0"),
        ({"label": "lower"}, "16 capitals"),
        ({"label": "A" * 17}, "16 capitals"),
        ({"description": "x" * 65}, "`description` has at most 64"),
        ({"creator": "A\\B"}, "`creator` has at most 64"),
        ({"displayed_area": (5, 5, 5, 9)}, "before its right"),
        ({"displayed_area": (5, 5, 9)}, "four whole numbers"),
        ({"displayed_area": (0.5, 0, 9, 9)}, "four whole numbers"),
        ({"window": (40, 0)}, "too small"),
        ({"header": {"PatientName": "X"}}, "PatientName"),
    ],
)
def test_options_that_do_not_fit(ct: list[Dataset], options: dict[str, Any], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        presentation_state([], source=ct, **options)


def test_measurements_that_cannot_be_drawn(ct: list[Dataset], in_space: Made, on_image: Made) -> None:
    with pytest.raises(ValueError, match="in space cannot be drawn"):
        presentation_state(in_space("1.2.3"), source=ct)
    with pytest.raises(ValueError, match="not among the sources"):
        presentation_state(on_image(ct[0]), source=ct[1])


def test_images_that_cannot_have_one_state(make_slice: Slice) -> None:
    one = make_slice(RescaleSlope=1, RescaleIntercept=0)
    other = make_slice(5, RescaleSlope=2, RescaleIntercept=0)
    with pytest.raises(ConversionError, match="rescale") as raised:
        presentation_state([], source=[one, other], window=(1, 2))
    assert raised.value.hint == "make a presentation state for each image"
    with pytest.raises(ConversionError, match="dark"):
        presentation_state([], source=[make_slice(), make_slice(5, PhotometricInterpretation="MONOCHROME1")])
    with pytest.raises(ConversionError, match="colour"):
        presentation_state([], source=[make_slice(), make_slice(5, PhotometricInterpretation="RGB")])
    without = make_slice()
    del without.Rows
    with pytest.raises(ValidationError, match="Rows"):
        presentation_state([], source=without, window=(1, 2))


def test_windows_and_sizes_of_their_own(make_slice: Slice, verified: Any, tmp_path: Path) -> None:
    images = [
        make_slice(z, WindowCenter=c, WindowWidth=100, Rows=rows) for z, c, rows in ((0, 1, 8), (5, 2, 8), (9, 2, 6))
    ]
    state = presentation_state([], source=images)
    referenced = [
        [[one.ReferencedSOPInstanceUID for one in item.ReferencedImageSequence] for item in state[keyword].value]
        for keyword in ("SoftcopyVOILUTSequence", "DisplayedAreaSelectionSequence")
    ]
    uids = [image.SOPInstanceUID for image in images]
    assert referenced == [[uids[:1], uids[1:]], [uids[:2], uids[2:]]]
    assert verified(state, tmp_path / "state.dcm") == []


def test_a_value_without_a_code_of_the_standard_is_drawn_by_its_name(make_slice: Slice) -> None:
    image = make_slice()
    value = Value(Code("k", "99X", "Stiffness"), 2.5, "kPa")
    probe = Measurement("probe", ((1, 1),), image=reference(image), values=(value,))
    (_, label) = read_annotations(presentation_state([probe], source=image))
    assert isinstance(label.item, Label)
    assert label.item.text == "Stiffness 2.5 kPa"
