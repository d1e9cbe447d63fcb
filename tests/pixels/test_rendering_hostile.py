"""Whatever a file says in the attributes that rendering reads: a picture, or an error of the tree, in bounded time."""

import io
import struct
from collections.abc import Callable
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from filmless import Dataset, read
from filmless.errors import DicomError
from filmless.pixels import functional_groups, render
from filmless.pixels.overlays import overlays_of
from filmless.pixels.real_world import to_real_world
from filmless.pixels.rendering import thumbnail
from filmless.pixels.tiles import total_pixel_matrix

Make = Callable[..., Dataset]
GRAYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"

# Where: what rendering reads there. An image, items of its sequences, a presentation state and items of its own.
IMAGE = [
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "NumberOfFrames",
    "PerFrameFunctionalGroupsSequence",
    "SharedFunctionalGroupsSequence",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "WindowCenterWidthExplanation",
    "VOILUTFunction",
    "PresentationLUTSequence",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "FloatPixelPaddingValue",
    "DoubleFloatPixelPaddingValue",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelAspectRatio",
    "PixelPresentation",
    "ICCProfile",
    "OpticalPathSequence",
    "Modality",
    "ShutterShape",
    "ShutterLeftVerticalEdge",
    "ShutterRightVerticalEdge",
    "ShutterUpperHorizontalEdge",
    "ShutterLowerHorizontalEdge",
    "CenterOfCircularShutter",
    "RadiusOfCircularShutter",
    "VerticesOfThePolygonalShutter",
    "ShutterOverlayGroup",
    "ShutterPresentationValue",
    "ShutterPresentationColorCIELabValue",
    "RealWorldValueMappingSequence",
    "TotalPixelMatrixRows",
    "TotalPixelMatrixColumns",
    "TotalPixelMatrixFocalPlanes",
    "NumberOfOpticalPaths",
    "SegmentSequence",
    "SegmentationType",
    "DimensionOrganizationType",
    "TotalPixelMatrixOriginSequence",
    "ImageOrientationSlide",
    "RedPaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableData",
]
OVERLAY = [
    0x6000_0000 | element for element in (0x10, 0x11, 0x15, 0x22, 0x40, 0x50, 0x51, 0x100, 0x102, 0x1500, 0x3000)
]
ITEMS = {
    "VOILUTSequence": ["LUTDescriptor", "LUTData", "LUTExplanation"],
    "ModalityLUTSequence": ["LUTDescriptor", "LUTData", "LUTExplanation"],
    "RealWorldValueMappingSequence": [
        "LUTLabel",
        "RealWorldValueFirstValueMapped",
        "RealWorldValueLastValueMapped",
        "RealWorldValueLUTData",
        "RealWorldValueSlope",
        "RealWorldValueIntercept",
        "DoubleFloatRealWorldValueFirstValueMapped",
        "DoubleFloatRealWorldValueLastValueMapped",
    ],
    "OpticalPathSequence": ["OpticalPathIdentifier", "ICCProfile"],
    "SegmentSequence": ["SegmentNumber"],
    "TotalPixelMatrixOriginSequence": ["XOffsetInSlideCoordinateSystem", "ZOffsetInSlideCoordinateSystem"],
}
STATE = [
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "SoftcopyVOILUTSequence",
    "PresentationLUTSequence",
    "PresentationLUTShape",
    "ImageRotation",
    "ImageHorizontalFlip",
    "DisplayedAreaSelectionSequence",
    "GraphicAnnotationSequence",
    "GraphicLayerSequence",
    "ShutterShape",
    "VerticesOfThePolygonalShutter",
    "CenterOfCircularShutter",
    "RadiusOfCircularShutter",
    "ReferencedSeriesSequence",
    "MaskSubtractionSequence",
    "ContentLabel",
    "ICCProfile",
]
STATE_ITEMS = {
    "SoftcopyVOILUTSequence": ["WindowCenter", "WindowWidth", "VOILUTSequence", "ReferencedImageSequence"],
    "DisplayedAreaSelectionSequence": [
        "DisplayedAreaTopLeftHandCorner",
        "DisplayedAreaBottomRightHandCorner",
        "PresentationSizeMode",
        "PresentationPixelSpacing",
        "PresentationPixelAspectRatio",
        "PresentationPixelMagnificationRatio",
        "PixelOriginInterpretation",
    ],
    "GraphicAnnotationSequence": ["GraphicLayer", "GraphicObjectSequence", "TextObjectSequence"],
    "GraphicLayerSequence": ["GraphicLayer", "GraphicLayerOrder", "GraphicLayerRecommendedDisplayGrayscaleValue"],
}
NUMBERS = [0, 1, 2, 7, 65535]
WRONG = [
    *(("LO", text) for text in ("", "abc", ["Doe", "John"], "4", ["2", "0", "8"], "TILED_FULL", "COLOR", "POLYGONAL")),
    *(("US", value) for value in (*NUMBERS, [2, 0, 8], [0, 0, 16], [3, 65535, 16])),
    *(("SS", value) for value in (-1, -32768, [2, -1, 8])),
    *(("UL", value) for value in (0, 1_500_000_000, 2**32 - 1)),
    *(("FD", value) for value in (0.5, 1e15, 1e308, -1e308, float("inf"), float("nan"), [1e308, -1e308], [1.0, 2.0])),
    *(("DS", value) for value in ("1", ["1", "2"], ["1e30", "1e-30"], ["5"] * 7)),
    *(("OB", value) for value in (b"", b"\1\2", bytes(64))),
    ("OW", b"\1\2\3\4"),
    ("PN", "Doe^John"),
    ("AT", 0x0028_0010),
    ("SQ", []),
]


def put(ds: Dataset, key: str | int, vr: str, value: Any) -> None:
    if key in ds:
        del ds[key]
    ds.add_new(key, vr, [Dataset()] if vr == "SQ" else value)


def table() -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [2, 0, 8])
    item.add_new("LUTData", "OW", struct.pack("<2H", 0, 255))
    return item


def grey(image: Make) -> Dataset:
    ds = image(np.arange(6, dtype="<u2").tobytes(), vr="OW", BitsAllocated=16, RescaleSlope=1, WindowCenter=3)
    ds.WindowWidth = 5
    return ds


def colour(image: Make) -> Dataset:
    return image(bytes(range(18)), PhotometricInterpretation="RGB", SamplesPerPixel=3, PlanarConfiguration=0)


def palette(image: Make) -> Dataset:
    ds = image(bytes(range(6)), PhotometricInterpretation="PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        ds.add_new(f"{name}PaletteColorLookupTableDescriptor", "US", [4, 0, 8])
        ds.add_new(f"{name}PaletteColorLookupTableData", "OW", bytes([1, 2, 3, 4]))
    return ds


def supplemental(image: Make) -> Dataset:
    ds = palette(image)
    ds.PhotometricInterpretation, ds.PixelPresentation = "MONOCHROME2", "COLOR"
    return ds


def tiled(image: Make) -> Dataset:
    more = {"TotalPixelMatrixRows": 2, "TotalPixelMatrixColumns": 6, "DimensionOrganizationType": "TILED_FULL"}
    return image(bytes(range(12)), NumberOfFrames=2, **more)


MAKERS = [grey, colour, palette, supplemental, tiled]


def everything(ds: Dataset, state: Dataset | None = None) -> None:
    """Do all that reads these attributes; only errors of the tree may come of it."""
    actions: list[Callable[[], object]] = [
        lambda: render(ds, presentation_state=state),
        lambda: render(ds, presentation_state=state, size=8),
        lambda: render(ds, icc=True),
        lambda: render(ds, window="full", presentation_state=state),
        lambda: render(ds, voi="x", presentation_state=state),
        lambda: to_real_world(ds, np.array([0, 1, 65535], dtype=np.uint16)),
        lambda: to_real_world(ds, np.array([0.5, 1e308, np.nan])),
        lambda: total_pixel_matrix(ds)[:4, :4],
        lambda: functional_groups(ds),
        lambda: overlays_of(ds),
    ]
    for action in actions:
        said = ""
        try:
            action()
        except DicomError as error:
            said = str(error)
        assert "Doe" not in said
    thumbnail(ds, side=8)


def stored(ds: Dataset) -> Dataset:
    stream = io.BytesIO()
    ds.save_as(stream)
    return read(stream.getvalue())


@pytest.mark.parametrize("make", MAKERS)
def test_every_attribute_of_every_representation(image: Make, make: Callable[[Make], Dataset]) -> None:
    for key in [*IMAGE, *OVERLAY]:
        for vr, value in WRONG:
            ds = make(image)
            if isinstance(key, int):
                ds.add_new(0x6000_0010, "US", 2)
                ds.add_new(0x6000_0011, "US", 3)
                ds.add_new(0x6000_3000, "OW", b"\xff\xff")
            put(ds, key, vr, value)
            everything(ds)


@pytest.mark.parametrize("make", [grey, palette, tiled])
def test_every_attribute_of_items(image: Make, make: Callable[[Make], Dataset]) -> None:
    for holder, keys in ITEMS.items():
        for key in keys:
            for vr, value in WRONG:
                ds, item = make(image), table() if "LUTSequence" in holder else Dataset()
                item.add_new("RealWorldValueFirstValueMapped", "US", 0)
                item.add_new("RealWorldValueLastValueMapped", "US", 1)
                put(item, key, vr, value)
                setattr(ds, holder, [item])
                everything(ds)


def test_every_attribute_of_a_presentation_state(image: Make) -> None:
    for holder, keys in {"": STATE, **STATE_ITEMS}.items():
        for key in keys:
            for vr, value in WRONG:
                state = Dataset({"SOPClassUID": GRAYSCALE})
                item = Dataset() if holder else state
                put(item, key, vr, value)
                if holder:
                    setattr(state, holder, [item])
                everything(grey(image), state)


@hypothesis.settings(deadline=None, max_examples=150, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(
    st.sampled_from(MAKERS),
    st.lists(st.tuples(st.sampled_from([*IMAGE, *OVERLAY]), st.sampled_from(WRONG)), min_size=2, max_size=6),
)
def test_several_at_once_from_a_file(image: Make, make: Any, wrong: list[Any]) -> None:
    ds = make(image)
    for key, (vr, value) in wrong:
        put(ds, key, vr, value)
    everything(stored(ds))
