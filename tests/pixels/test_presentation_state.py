"""Presentation states: whom they are for, and what comes after the grey values."""

import contextlib
from collections.abc import Callable
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from filmless import Dataset
from filmless.errors import DicomError, LimitError, PixelError, UnsupportedError
from filmless.pixels import render
from filmless.pixels.presentation_state import PresentationState

GRAYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"
PICTURE = np.arange(10, 16, dtype=np.uint8).reshape(2, 3)


def state(**attributes: Any) -> PresentationState:
    return PresentationState.of(Dataset({"SOPClassUID": GRAYSCALE} | attributes))


def reference(uid: str, *frames: int) -> Dataset:
    item = Dataset({"ReferencedSOPInstanceUID": uid})
    if frames:
        item.ReferencedFrameNumber = list(frames)
    return item


def overlay(ds: Dataset, group: int, bits: bytes, layer: str | None = None) -> None:
    elements = {0x10: ("US", 2), 0x11: ("US", 3), 0x40: ("CS", "G"), 0x50: ("SS", [1, 1]), 0x3000: ("OW", bits)}
    for element, value in elements.items():
        ds.add_new((group, element), *value)
    if layer is not None:
        ds.add_new((group, 0x1001), "CS", layer)


@pytest.fixture
def ds(image: Callable[..., Dataset]) -> Dataset:
    return image(PICTURE.tobytes())


class TestWhich:
    @pytest.mark.parametrize(
        ("number", "kind"), [(1, "GRAYSCALE"), (2, "COLOR"), (3, "PSEUDO-COLOR"), (5, "GRAYSCALE")]
    )
    def test_kinds(self, number: int, kind: str) -> None:
        assert PresentationState.of(Dataset({"SOPClassUID": f"1.2.840.10008.5.1.4.1.1.11.{number}"})).kind == kind

    @pytest.mark.parametrize("number", [4, 6, 8, 9, 12])
    def test_others_are_named(self, number: int) -> None:
        uid = f"1.2.840.10008.5.1.4.1.1.11.{number}"
        with pytest.raises(UnsupportedError, match="cannot be applied") as error:
            PresentationState.of(Dataset({"SOPClassUID": uid}))
        assert (error.value.uid, error.value.feature) == (uid, "presentation state")

    def test_no_state_at_all(self, ds: Dataset) -> None:
        with pytest.raises(ValueError, match="no softcopy presentation state"):
            PresentationState.of(ds)

    def test_what_is_not_applied_is_found(self) -> None:
        mask = state(MaskSubtractionSequence=[Dataset()])
        assert [finding.code for finding in mask.findings] == ["mask"]

    def test_label_description_and_profile(self) -> None:
        made = state(ContentLabel="LUNG", ContentDescription="lung window", ICCProfile=b"icc!")
        assert (made.label, made.description, made.icc_profile) == ("LUNG", "lung window", b"icc!")


class TestReferences:
    def test_images_and_frames(self, ds: Dataset) -> None:
        series = [Dataset({"ReferencedImageSequence": [reference("9.9"), reference("1.2.3", 2, 4)]})]
        made = state(ReferencedSeriesSequence=series)
        assert [made.applies_to(ds, frame) for frame in range(4)] == [False, True, False, True]
        series[0].ReferencedImageSequence = [reference("1.2.3")]
        assert state(ReferencedSeriesSequence=series).applies_to(ds, 7)
        ds.SOPInstanceUID = "1.2.4"
        assert not state(ReferencedSeriesSequence=series).applies_to(ds)
        assert not state().applies_to(ds)

    def test_item_for_a_frame_comes_before_the_one_for_all(self, ds: Dataset) -> None:
        everywhere = Dataset({"DisplayedAreaTopLeftHandCorner": [1, 1], "DisplayedAreaBottomRightHandCorner": [3, 1]})
        own = Dataset({"DisplayedAreaTopLeftHandCorner": [1, 2], "DisplayedAreaBottomRightHandCorner": [2, 2]})
        own.ReferencedImageSequence = [reference("1.2.3", 2)]
        made = state(DisplayedAreaSelectionSequence=[everywhere, own])
        assert made.finish(PICTURE, ds, 0).tolist() == [[10, 11, 12]]
        assert made.finish(PICTURE, ds, 1).tolist() == [[13, 14]]


class TestFinish:
    def test_empty_state_changes_nothing(self, ds: Dataset) -> None:
        assert state().finish(PICTURE, ds).tolist() == PICTURE.tolist()

    def test_turned_cut_and_sized(self, ds: Dataset) -> None:
        area = Dataset({"DisplayedAreaTopLeftHandCorner": [2, 1], "DisplayedAreaBottomRightHandCorner": [3, 2]})
        made = state(ImageRotation=90, ImageHorizontalFlip="N", DisplayedAreaSelectionSequence=[area])
        assert made.finish(PICTURE, ds).tolist() == [[14, 11], [15, 12]]
        assert made.finish(PICTURE, ds, size=(8, 100)).shape == (8, 8)
        assert made.finish(np.stack([PICTURE] * 3, axis=-1), ds).shape == (2, 2, 3)

    def test_shutter_of_the_state_and_not_of_the_image(self, ds: Dataset) -> None:
        edges = {"ShutterShape": "RECTANGULAR", "ShutterLeftVerticalEdge": 2, "ShutterRightVerticalEdge": 3}
        edges |= {"ShutterUpperHorizontalEdge": 1, "ShutterLowerHorizontalEdge": 2}
        for keyword, value in edges.items():
            setattr(ds, keyword, value)
        assert state().finish(PICTURE, ds).tolist() == PICTURE.tolist()
        made = state(**edges, ShutterPresentationValue=0xFFFF)
        assert made.finish(PICTURE, ds).tolist() == [[255, 11, 12], [255, 14, 15]]

    def test_overlays_are_drawn_when_they_are_activated(self, ds: Dataset) -> None:
        overlay(ds, 0x6000, b"\x01\x00")
        overlay(ds, 0x6002, b"\x02\x00")
        assert state().finish(PICTURE, ds).tolist() == PICTURE.tolist()
        made = Dataset({"SOPClassUID": GRAYSCALE})
        made.add_new((0x6000, 0x1001), "CS", "LAYER")
        overlay(made, 0x6004, b"\x04\x00", "LAYER")
        overlay(made, 0x6006, b"\x08\x00")  # not activated
        made.GraphicLayerSequence = [Dataset({"GraphicLayer": "LAYER", "GraphicLayerOrder": 1})]
        made.GraphicLayerSequence[0].GraphicLayerRecommendedDisplayGrayscaleValue = 0x8080
        assert PresentationState.of(made).finish(PICTURE, ds).tolist() == [[128, 11, 128], [13, 14, 15]]
        made.GraphicLayerSequence[0].GraphicLayerRecommendedDisplayCIELabValue = [34885, 53485, 50171]
        assert PresentationState.of(made).finish(PICTURE, ds)[0, 0].tolist() == [250, 0, 6]

    def test_own_overlay_comes_before_that_of_the_image(self, ds: Dataset) -> None:
        overlay(ds, 0x6000, b"\x01\x00")
        made = Dataset({"SOPClassUID": GRAYSCALE})
        overlay(made, 0x6000, b"\x02\x00", "LAYER")
        assert PresentationState.of(made).finish(PICTURE, ds)[0].tolist() == [10, 255, 12]

    def test_overlays_are_turned_with_the_image_and_lie_over_the_shutter(self, ds: Dataset) -> None:
        overlay(ds, 0x6000, b"\x01\x00")
        shutter = {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [2, 3], "RadiusOfCircularShutter": 0}
        made = Dataset({"SOPClassUID": GRAYSCALE, "ImageRotation": 180} | shutter)
        made.add_new((0x6000, 0x1001), "CS", "LAYER")
        assert PresentationState.of(made).finish(PICTURE, ds).tolist() == [[15, 0, 0], [0, 0, 255]]

    def test_layers_are_drawn_by_their_order(self, image: Callable[..., Dataset]) -> None:
        ds = image(bytes(100), Rows=10, Columns=10)
        made = Dataset({"SOPClassUID": GRAYSCALE})
        for group, layer in ((0x6000, "MIDDLE"),):
            overlay(made, group, b"\xff\xff", layer)
        line = {"GraphicType": "POLYLINE", "GraphicAnnotationUnits": "PIXEL", "GraphicDimensions": 2}
        names = {"LOW": (1, 0x2020, 0.5), "MIDDLE": (2, 0x8080, None), "HIGH": (3, 0xF0F0, 1.5)}
        made.GraphicLayerSequence = []
        made.GraphicAnnotationSequence = []
        for name, (order, grey, y) in reversed(names.items()):
            layer = Dataset({"GraphicLayer": name, "GraphicLayerOrder": order})
            layer.GraphicLayerRecommendedDisplayGrayscaleValue = grey
            made.GraphicLayerSequence.append(layer)
            if y is not None:
                item = Dataset(line | {"GraphicData": [0.5, y, 9.5, y]})
                made.GraphicAnnotationSequence.append(Dataset({"GraphicLayer": name, "GraphicObjectSequence": [item]}))
        out = PresentationState.of(made).finish(np.zeros((10, 10), dtype=np.uint8), ds)
        assert out[0].tolist() == [0x80] * 3 + [0x20] * 7  # the overlay of 2 x 3 lies over the low line
        assert out[1].tolist() == [0xF0] * 10  # and below the high one

    def test_annotations_of_other_frames_are_left_out(self, image: Callable[..., Dataset]) -> None:
        ds = image(bytes(200), Rows=10, Columns=10, NumberOfFrames=2)
        line = Dataset(
            {"GraphicType": "POLYLINE", "GraphicAnnotationUnits": "PIXEL", "GraphicData": [0.5, 0.5, 9.5, 0.5]}
        )
        item = Dataset({"GraphicLayer": "L", "GraphicObjectSequence": [line]})
        item.ReferencedImageSequence = [reference("1.2.3", 2)]
        made = state(GraphicAnnotationSequence=[item])
        blank = np.zeros((10, 10), dtype=np.uint8)
        assert not made.finish(blank, ds, 0).any()
        assert made.finish(blank, ds, 1)[0].all()

    def test_picture_of_another_size_is_refused(self, ds: Dataset) -> None:
        with pytest.raises(ValueError, match="rows and columns"):
            state().finish(PICTURE.T, ds)

    def test_hostile_area(self, ds: Dataset) -> None:
        area = Dataset({"DisplayedAreaTopLeftHandCorner": [-(2**31), 1]})
        area.DisplayedAreaBottomRightHandCorner = [2**31 - 1, 2**31 - 1]
        made = state(DisplayedAreaSelectionSequence=[area])
        with pytest.raises(LimitError, match="expected at most"):
            made.finish(PICTURE, ds)
        assert max(made.finish(PICTURE, ds, size=64).shape) == 64


class TestPseudoColor:
    def test_greys_are_spread_over_the_palette(self, image: Callable[..., Dataset]) -> None:
        ds = image(bytes([0, 1, 127, 128, 254, 255]))
        made = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.3"})
        for name, entries in (("Red", (0, 255)), ("Green", (7, 7)), ("Blue", (255, 0))):
            made.add_new(f"{name}PaletteColorLookupTableDescriptor", "US", [2, 0, 8])
            made.add_new(f"{name}PaletteColorLookupTableData", "OW", bytes(entries))
        out = render(ds, presentation_state=made)
        assert out.reshape(-1, 3).tolist() == [[0, 7, 255]] * 3 + [[255, 7, 0]] * 3
        window = Dataset({"WindowCenter": 1.0, "WindowWidth": 1.0})
        made.SoftcopyVOILUTSequence = [window]
        assert render(ds, presentation_state=made)[0].tolist() == [[0, 7, 255], [255, 7, 0], [255, 7, 0]]

    def test_without_palette(self, ds: Dataset) -> None:
        with pytest.raises(PixelError):
            render(ds, presentation_state=Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.3"}))


class TestColor:
    def test_colours_are_turned_and_covered(self, image: Callable[..., Dataset]) -> None:
        ds = image(bytes(range(18)), SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
        made = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.2", "ImageRotation": 90, "ImageHorizontalFlip": "N"})
        made.update({"ShutterShape": "RECTANGULAR", "ShutterLeftVerticalEdge": 2, "ShutterRightVerticalEdge": 3})
        made.ShutterPresentationColorCIELabValue = [34885, 53485, 50171]
        out = render(ds, presentation_state=made)
        assert out.tolist() == [[[250, 0, 6], [250, 0, 6]], [[12, 13, 14], [3, 4, 5]], [[15, 16, 17], [6, 7, 8]]]


class TestGrey:
    def test_item_of_the_frame(self, image: Callable[..., Dataset]) -> None:
        ds = image(bytes(range(12)), NumberOfFrames=2)
        first = Dataset({"WindowCenter": 1.0, "WindowWidth": 1.0, "ReferencedImageSequence": [reference("1.2.3", 1)]})
        second = Dataset({"WindowCenter": 8.0, "WindowWidth": 1.0, "ReferencedImageSequence": [reference("1.2.3", 2)]})
        made = Dataset({"SOPClassUID": GRAYSCALE, "SoftcopyVOILUTSequence": [first, second]})
        assert render(ds, 0, presentation_state=made).ravel().tolist() == [0] + [255] * 5
        assert render(ds, 1, presentation_state=made).ravel().tolist() == [0] * 2 + [255] * 4

    def test_voi_lut_may_begin_below_zero(self, image: Callable[..., Dataset]) -> None:
        ds = image(bytes(range(6)))
        lut = Dataset({"LUTDescriptor": [2, 65536 - 2, 8]})
        lut.add_new("LUTData", "OW", b"\x10\x00\x20\x00")
        made = Dataset({"SOPClassUID": GRAYSCALE, "RescaleSlope": 1.0, "RescaleIntercept": -3.0})
        made.SoftcopyVOILUTSequence = [Dataset({"VOILUTSequence": [lut]})]
        assert render(ds, presentation_state=made).ravel().tolist() == [16, 16, 32, 32, 32, 32]

    def test_floats_have_no_range_of_all_values(self, image: Callable[..., Dataset]) -> None:
        ds = image(b"", BitsAllocated=32, BitsStored=32)
        del ds["PixelData"]
        ds.add_new("FloatPixelData", "OF", np.arange(6, dtype="<f4").tobytes())
        assert render(ds, presentation_state=Dataset({"SOPClassUID": GRAYSCALE})).ravel()[[0, 5]].tolist() == [0, 255]


INNER = ["GraphicData", "GraphicType", "GraphicDimensions", "NumberOfGraphicPoints", "GraphicAnnotationUnits"]
INNER += ["GraphicFilled", "UnformattedTextValue", "BoundingBoxTopLeftHandCorner", "BoundingBoxBottomRightHandCorner"]
INNER += ["AnchorPoint", "AnchorPointVisibility", "BoundingBoxAnnotationUnits", "AnchorPointAnnotationUnits"]
MIDDLE = ["GraphicLayer", "GraphicLayerOrder", "GraphicLayerRecommendedDisplayGrayscaleValue", "WindowCenter"]
MIDDLE += ["GraphicLayerRecommendedDisplayCIELabValue", "DisplayedAreaTopLeftHandCorner", "PresentationSizeMode"]
MIDDLE += ["DisplayedAreaBottomRightHandCorner", "PresentationPixelAspectRatio", "PresentationPixelSpacing"]
MIDDLE += ["PresentationPixelMagnificationRatio", "PixelOriginInterpretation", "WindowWidth", "VOILUTFunction"]
OUTER = ["ImageRotation", "ImageHorizontalFlip", "ShutterShape", "ShutterLeftVerticalEdge", "CenterOfCircularShutter"]
OUTER += ["RadiusOfCircularShutter", "VerticesOfThePolygonalShutter", "ShutterPresentationValue", "RescaleSlope"]
OUTER += ["ShutterOverlayGroup", "ShutterPresentationColorCIELabValue", "PresentationLUTShape", "RescaleIntercept"]
OUTER += [0x6000 << 16 | element for element in (0x10, 0x11, 0x15, 0x40, 0x50, 0x51, 0x100, 0x102, 0x1001, 0x3000)]
INNER_SEQUENCES = ["GraphicObjectSequence", "TextObjectSequence", "CompoundGraphicSequence", "VOILUTSequence"]
SEQUENCES = ["GraphicAnnotationSequence", "GraphicLayerSequence", "DisplayedAreaSelectionSequence"]
SEQUENCES += ["SoftcopyVOILUTSequence", "ReferencedSeriesSequence", "PresentationLUTSequence"]
WORDS = ["", "Y", "PIXEL", "DISPLAY", "MATRIX", "MAGNIFY", "VOLUME", "RECTANGULAR", "CIRCULAR", "POLYGONAL", "BITMAP"]
WORDS += ["POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE", "x"]
ODD = st.one_of(
    st.tuples(st.just("LO"), st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)),
    st.tuples(st.just("LO"), st.sampled_from(WORDS)),
    st.tuples(st.just("FL"), st.lists(st.floats(width=32), max_size=9)),
    st.tuples(st.just("FD"), st.lists(st.floats(-100, 100), max_size=9)),
    st.tuples(st.just("SL"), st.lists(st.integers(-(2**31), 2**31 - 1), max_size=9)),
    st.tuples(st.just("SL"), st.lists(st.integers(-5, 30), max_size=9)),
    st.tuples(st.just("OB"), st.binary(max_size=20)),
    st.tuples(st.just("SQ"), st.just([])),
    st.just(("SL", 0x6000)),
)


def odd(keys: list[Any], items: dict[str, Any]) -> st.SearchStrategy[Dataset]:
    """A data set that has some of these attributes, of any value representation, and these sequences."""

    def made(values: dict[Any, tuple[str, Any]], sequences: dict[str, list[Dataset]]) -> Dataset:
        ds = Dataset()
        for key, (vr, value) in values.items():
            ds.add_new(key, vr, value)
        ds.update({keyword: found for keyword, found in sequences.items() if found})
        return ds

    sequences = st.fixed_dictionaries({keyword: st.lists(item, max_size=2) for keyword, item in items.items()})
    return st.builds(made, st.dictionaries(st.sampled_from(keys), ODD, max_size=len(keys)), sequences)


# A failing state shows itself; making it smaller takes minutes.
NO_SHRINKING = (hypothesis.Phase.explicit, hypothesis.Phase.reuse, hypothesis.Phase.generate)
ITEM = odd(INNER, {})
STATE = odd(OUTER, dict.fromkeys(SEQUENCES, odd(MIDDLE, dict.fromkeys(INNER_SEQUENCES, ITEM))))


@hypothesis.given(attributes=STATE, colour=st.booleans())
@hypothesis.settings(max_examples=40, phases=NO_SHRINKING, suppress_health_check=list(hypothesis.HealthCheck))
def test_anything_is_drawn_or_refused_by_name(image: Callable[..., Dataset], attributes: Dataset, colour: bool) -> None:
    ds = image(bytes(240), Rows=12, Columns=20)
    attributes.SOPClassUID = GRAYSCALE
    picture = np.zeros((12, 20, 3) if colour else (12, 20), dtype=np.uint8)
    with contextlib.suppress(DicomError):
        made = PresentationState.of(attributes)
        assert not made.applies_to(ds)
        out = made.finish(picture, ds, size=64)
        assert (out.dtype, max(out.shape[:2])) == (np.uint8, 64)
