"""What was once drawn wrongly, without bound, or differently by two ways to the same picture."""

import struct
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from filmless import Dataset
from filmless.errors import GeometryError, LimitError, UnsupportedError
from filmless.pixels import functional_groups, render
from filmless.pixels.colour import icc_profile_of, to_rgb, ybr_to_rgb
from filmless.pixels.grey import can_be_negative, padding_of, voi_views
from filmless.pixels.grey_values import GreyTransform, Rescale, Window
from filmless.pixels.lut import Lut
from filmless.pixels.overlays import overlays_of
from filmless.pixels.palette import Palette
from filmless.pixels.presentation_state import PresentationState
from filmless.pixels.tiles import total_pixel_matrix

Make = Callable[..., Dataset]
GRAYSCALE = "1.2.840.10008.5.1.4.1.1.11.1"


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


def tiled(image: Make) -> Dataset:
    more = {"TotalPixelMatrixRows": 2, "TotalPixelMatrixColumns": 6, "DimensionOrganizationType": "TILED_FULL"}
    return image(bytes(range(12)), NumberOfFrames=2, **more)


@pytest.mark.parametrize(("vr", "columns"), [("UL", 1_500_000_000), ("FD", 1e15), ("UL", 65535)])
def test_overlays_take_the_memory_of_their_picture(image: Make, vr: str, columns: float) -> None:
    ds = grey(image)
    ds.add_new(0x6000_0010, "US", 2)
    ds.add_new(0x6000_0011, vr, columns)
    ds.add_new(0x6000_3000, "OW", b"\xff\xff" * 8192)
    tracemalloc.start()
    found = overlays_of(ds)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 22
    assert [overlay.mask.tolist() for overlay in found] == ([[[True] * 3] * 2] if columns == 65535 else [])


def test_wide_overlays_are_unpacked_in_parts(image: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    bits = np.random.default_rng(3).integers(0, 2, (40, 50), dtype=np.uint8)
    ds = image(bytes(1600), Rows=40, Columns=40)
    ds.add_new(0x6000_0010, "US", 40)
    ds.add_new(0x6000_0011, "US", 50)
    ds.add_new(0x6000_0050, "SS", [-1, -4])
    ds.add_new(0x6000_3000, "OW", np.packbits(bits, bitorder="little").tobytes())
    whole = overlays_of(ds)[0].mask
    monkeypatch.setattr("filmless.pixels.overlays._BLOCK_BITS", 160)
    assert (overlays_of(ds)[0].mask == whole).all()
    assert (whole[:38] == bits[2:, 5:45]).all()


def test_samples_that_are_not_aligned() -> None:
    raw = np.frombuffer(b"x" + np.arange(4096, dtype=np.uint16).tobytes(), np.uint16, offset=1)
    assert not raw.flags.aligned
    for transform in (GreyTransform(None, Window(2048, 4096)), GreyTransform(), GreyTransform(None, table_of(4096))):
        assert (transform.apply(raw) == transform.apply(raw.copy())).all()
    colours = Palette(0, np.arange(4096 * 3).reshape(-1, 3).astype(np.uint16))
    assert (colours.apply(raw) == colours.colours).all()
    pixels = raw[:4095].reshape(-1, 3)
    assert (ybr_to_rgb(pixels, bits=12) == ybr_to_rgb(pixels.copy(), bits=12)).all()


def table_of(entries: int) -> Lut:
    return Lut(0, np.arange(entries, dtype=np.uint16), 12)


def test_the_core_refuses_what_is_not_aligned() -> None:
    from filmless import _core

    raw = np.frombuffer(b"x" + bytes(64), np.uint16, offset=1)
    with pytest.raises(ValueError, match="aligned"):
        _core.sample_range(raw, None)
    with pytest.raises(ValueError, match="aligned"):
        _core.look_up_samples(raw, 0, b"\1", np.empty(32, np.uint8))


@pytest.mark.parametrize("number", [0, -1])
@pytest.mark.parametrize("keyword", ["TotalPixelMatrixFocalPlanes", "NumberOfOpticalPaths"])
def test_no_planes_and_no_channels(image: Make, keyword: str, number: int) -> None:
    ds = tiled(image)
    ds.add_new(keyword, "SL", number)
    with pytest.raises(GeometryError, match="at least 1"):
        functional_groups(ds)


def test_planes_that_are_text_say_nothing(image: Make) -> None:
    ds = tiled(image)
    ds.add_new("TotalPixelMatrixFocalPlanes", "LO", "Doe^John")
    assert functional_groups(ds).frames == 2


def test_free_text_in_the_photometric_interpretation(image: Make) -> None:
    ds = image(bytes(18), PhotometricInterpretation="DOE^JOHN", SamplesPerPixel=3)
    with pytest.raises(UnsupportedError) as caught:
        to_rgb(ds, np.zeros((2, 3, 3), np.uint8))
    assert "DOE" not in str(caught.value) + str(caught.value.feature)


def test_views_keep_their_explanations() -> None:
    ds = Dataset({"WindowCenter": [1, 2, 3], "WindowWidth": [4, 5, 6], "WindowCenterWidthExplanation": ["A", "", "C"]})
    assert [view.explanation for view in voi_views(ds)] == ["A", "", "C"]


def test_padding_that_is_no_number() -> None:
    ds = Dataset()
    ds.add_new("PixelPaddingValue", "FD", float("inf"))
    assert padding_of(ds) is None


def test_a_profile_in_no_sequence(image: Make) -> None:
    ds = colour(image)
    ds.add_new("OpticalPathSequence", "LO", "ab")
    assert icc_profile_of(ds) is None


@pytest.mark.parametrize(
    ("modality", "signed", "negative"),
    [
        (None, 0, False),
        (None, 1, True),
        (Rescale(1, 2048), 1, False),
        (Rescale(1, -1), 0, True),
        (Rescale(-1, 4095), 0, False),
        (Rescale(-1, 4094), 0, True),
        (table_of(2), 1, False),
    ],
)
def test_first_values_of_luts_are_read_alike(image: Make, modality: Any, signed: int, negative: bool) -> None:
    ds = image(bytes(12), BitsAllocated=16, BitsStored=12, PixelRepresentation=signed)
    assert can_be_negative(modality, ds) == negative
    lut = Dataset({"LUTDescriptor": [2, 65535, 8], "LUTData": [1, 2]})
    views = [Dataset({"VOILUTSequence": [lut]})]
    state = Dataset({"SOPClassUID": GRAYSCALE, "SoftcopyVOILUTSequence": views})
    for holder in (ds, state):
        if isinstance(modality, Rescale):
            holder.RescaleSlope, holder.RescaleIntercept = modality.slope, modality.intercept
        elif modality is not None:
            holder.ModalityLUTSequence = [table()]
    ds.VOILUTSequence = [lut]
    voi = PresentationState.of(state).grey(ds).voi
    assert isinstance(voi, Lut)
    assert isinstance(own := voi_views(ds)[0], Lut)
    assert voi.first == own.first == (-1 if negative else 65535)


def test_colours_beyond_bits_stored_are_the_brightest(image: Make, encapsulate: Any) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    samples = np.full((4, 4, 3), 4096, dtype=np.uint16)
    stream = bytes(imagecodecs.jpeg2k_encode(samples, 0, codecformat="j2k", reversible=True, mct=False))
    more = {"Rows": 4, "Columns": 4, "BitsAllocated": 16, "PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}
    syntax = "1.2.840.10008.1.2.4.91"
    for bits in (8, 12):
        ds = image(encapsulate(stream), syntax=syntax, BitsStored=bits, HighBit=bits - 1, PlanarConfiguration=0, **more)
        assert (render(ds) == 255).all()


def test_full_is_that_of_the_state(image: Make) -> None:
    ds = image(bytes([0, 128, 255, 0, 0, 0]), RescaleSlope=1, RescaleIntercept=-1000)
    state = Dataset({"SOPClassUID": GRAYSCALE, "RescaleSlope": 2, "RescaleIntercept": 50})
    picture = render(ds, window="full", presentation_state=state)
    assert picture[0].tolist() == [0, 128, 255]
    known = PresentationState.of(state)
    assert (render(ds, window="full", presentation_state=known) == picture).all()


@pytest.mark.parametrize("size", [0, -5, (0, 3), 65536, (1,)])
def test_sizes_are_checked_alike(image: Make, size: Any) -> None:
    state = Dataset({"SOPClassUID": GRAYSCALE})
    for given in (None, state):
        with pytest.raises(ValueError, match="does not fit"):
            render(grey(image), presentation_state=given, size=size)


def test_overlapping_tiles_are_pasted_in_order(image: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    frames, side = 40, 512
    ds = image(
        b"".join(bytes([number]) * side**2 for number in range(frames)),
        Rows=side,
        Columns=side,
        NumberOfFrames=frames,
        TotalPixelMatrixRows=600,
        TotalPixelMatrixColumns=600,
    )
    groups = []
    for number in range(frames):
        place = Dataset()
        place.RowPositionInTotalImagePixelMatrix = 1 + number // 20
        place.ColumnPositionInTotalImagePixelMatrix = 1 + number % 3
        groups.append(Dataset({"PlanePositionSlideSequence": [place]}))
    ds.PerFrameFunctionalGroupsSequence = groups
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    matrix = total_pixel_matrix(ds)
    slow_first = matrix._source.decoded

    def decoded(frame: int) -> Any:
        time.sleep(0.002 * (frame % 4 == 2))
        return slow_first(frame)

    monkeypatch.setattr(matrix._source, "decoded", decoded)
    out = matrix[:]
    assert out[300, 300] == frames - 1
    expected = np.zeros((600, 600), np.uint8)
    for number in range(frames):
        expected[number // 20 : number // 20 + side, number % 3 : number % 3 + side] = number
    assert (out == expected).all()


class TestWork:
    @staticmethod
    def timed(ds: Dataset, state: Dataset | None = None) -> None:
        begin = time.process_time()
        with pytest.raises(LimitError):
            render(ds, presentation_state=state)
        assert time.process_time() - begin < 10  # seconds; half of one on an idle computer

    def test_shutters(self, image: Make) -> None:
        ds = image(bytes(4_000_000), Rows=4000, Columns=1000)
        rows, columns = np.tile([1, 4000], 8192), np.linspace(1, 1000, 16384)
        ds.ShutterShape = "POLYGONAL"
        ds.VerticesOfThePolygonalShutter = [str(int(value)) for value in np.stack([rows, columns], 1).ravel()]
        self.timed(ds)

    @pytest.mark.parametrize("count", [8, 60])
    def test_graphics(self, image: Make, count: int) -> None:
        x, y = np.linspace(0, 1000, 8192), np.tile([0, 1000], 4096)
        points = np.stack([x, y], axis=1).ravel().tolist()
        graphic = {"GraphicType": "POLYLINE", "GraphicAnnotationUnits": "PIXEL", "GraphicFilled": "Y"}
        item = Dataset(graphic | {"GraphicData": points})
        annotation = Dataset({"GraphicLayer": "A", "GraphicObjectSequence": [item] * count})
        state = Dataset({"SOPClassUID": GRAYSCALE, "GraphicAnnotationSequence": [annotation]})
        self.timed(image(bytes(1_000_000), Rows=1000, Columns=1000), state)

    def test_an_outline_of_many_points_is_thinned_to_fill_it(self, image: Make) -> None:
        x, y = np.linspace(0, 1000, 1 << 16), np.tile([100, 900], 1 << 15)
        graphic = {"GraphicType": "POLYLINE", "GraphicAnnotationUnits": "PIXEL", "GraphicFilled": "Y"}
        item = Dataset(graphic | {"GraphicData": np.stack([x, y], axis=1).ravel().tolist()})
        annotation = Dataset({"GraphicLayer": "A", "GraphicObjectSequence": [item]})
        state = Dataset({"SOPClassUID": GRAYSCALE, "GraphicAnnotationSequence": [annotation]})
        begin = time.process_time()
        picture = render(image(bytes(1_000_000), Rows=1000, Columns=1000), presentation_state=state)
        assert time.process_time() - begin < 10
        assert picture[500].all()

    def test_texts(self, image: Make) -> None:
        text = Dataset({"UnformattedTextValue": "W" * 1000, "AnchorPoint": [1, 1]})
        annotation = Dataset({"GraphicLayer": "A", "TextObjectSequence": [text] * 200})
        state = Dataset({"SOPClassUID": GRAYSCALE, "GraphicAnnotationSequence": [annotation]})
        self.timed(image(bytes(1_000_000), Rows=1000, Columns=1000), state)
