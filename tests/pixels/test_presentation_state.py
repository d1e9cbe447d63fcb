"""Presentation states: whom they are for, and what comes after the grey values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from filmless import Dataset
from filmless.errors import LimitError, UnsupportedError
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
