"""Modality, VOI, presentation: what data sets ask for, and that the fast path gives what the plain one does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from filmless import Dataset, pixels
from filmless.errors import PixelError
from filmless.pixels.grey import (
    GreyTransform,
    Lut,
    Rescale,
    Window,
    grey_transform,
    modality_of,
    padding_of,
    to_presentation,
    voi_views,
)
from filmless.pixels.lut import lut_of

_DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8", "<u2", ">i2"]


def luts(least=-40, greatest=40):
    tables = hnp.arrays("u2", st.integers(1, 50), elements=st.integers(0, 4095))
    return st.builds(Lut, st.integers(least, greatest), tables, st.integers(12, 16))


numbers = st.floats(-5000, 5000)
windows = st.one_of(
    st.builds(Window, numbers, st.floats(1, 5000), st.just("LINEAR")),
    st.builds(Window, numbers, st.floats(1e-3, 5000), st.sampled_from(["LINEAR_EXACT", "SIGMOID"])),
)
rescales = st.builds(Rescale, st.floats(-10, 10), st.floats(-2000, 2000))
transforms = st.builds(
    GreyTransform,
    st.one_of(st.none(), rescales, luts()),
    st.one_of(st.none(), windows, luts()),
    st.one_of(st.sampled_from(["IDENTITY", "INVERSE"]), luts(0, 0)),
    st.one_of(st.none(), st.tuples(st.integers(-300, 300), st.integers(0, 50)).map(lambda p: (p[0], p[0] + p[1]))),
)


@st.composite
def stored_values(draw):
    dtype = np.dtype(draw(st.sampled_from(_DTYPES)))
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=12))
    if dtype.kind == "f":
        return draw(hnp.arrays(dtype, shape, elements=st.floats(width=8 * dtype.itemsize)))
    return draw(hnp.arrays(dtype, shape))


def plainly(transform, stored):
    """The stages one after the other, as a reader of the Standard writes them."""
    low, high = transform.padding or (1, 0)
    background = (stored >= low) & (stored <= high)
    values = stored.astype(np.float64)
    if isinstance(transform.modality, Lut):
        values = transform.modality.look_up(stored).astype(np.float64)
    elif transform.modality is not None:
        values = values * transform.modality.slope + transform.modality.intercept
    voi = transform.voi or transform.computed_window(stored)
    y = to_presentation(pixels.to_voi(values, voi), transform.presentation)
    no_number = np.isnan(values) if stored.dtype.kind == "f" else np.zeros(stored.shape, bool)
    return np.where(background | no_number, 0, np.floor(y + 0.5)).astype(np.uint8)


@given(transforms, stored_values())
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:overflow:RuntimeWarning")
def test_fast_is_plain(transform, stored):
    expected = plainly(transform, stored)
    np.testing.assert_array_equal(transform.apply(stored), expected)
    np.testing.assert_array_equal(transform.exactly(stored), expected)


@given(st.sampled_from(["u1", "i1", "u2", "i2"]), rescales, windows, st.booleans())
def test_every_value_of_a_type(dtype, rescale, window, inverse):
    info = np.iinfo(dtype)
    every = np.arange(info.min, info.max + 1).astype(dtype)
    transform = GreyTransform(rescale, window, "INVERSE" if inverse else "IDENTITY")
    np.testing.assert_array_equal(transform.apply(every), transform.exactly(every))


def test_many_pixels():
    """So many that they are drawn in parts, of all values, and not contiguous."""
    stored = (np.arange(11 << 17) * 7).astype("u2").reshape(11 << 7, 1 << 10)
    ramp, curve = (
        GreyTransform(Rescale(2, -1000), Window(40000, 50001)),
        GreyTransform(None, Window(400, 800, "SIGMOID"), padding=(3, 3)),
    )
    for transform, view in ((ramp, stored), (ramp, stored.T), (curve, stored), (curve, stored[::3, 1:])):
        np.testing.assert_array_equal(transform.apply(view), plainly(transform, view))


def test_computed_window():
    stored = np.array([-2000, -10, 0, 10, 30], "i2")
    padded = GreyTransform(Rescale(1, 0), padding=(-2000, -1000))
    assert padded.apply(stored).tolist() == [0, 0, 64, 128, 255]
    assert GreyTransform(padding=(-3000, 3000)).apply(stored).tolist() == [0] * 5
    lut = Lut(-10, np.array([5, 6, 7], "u2"), 8)
    assert GreyTransform(lut, padding=(-2000, -2000)).apply(stored[:3]).tolist() == [0, 0, 255]
    assert GreyTransform().apply(np.array([np.nan, -np.inf, 1, 3, np.inf])).tolist() == [0, 0, 0, 255, 255]
    assert GreyTransform(presentation="INVERSE").apply(np.array([np.nan, 1, 3])).tolist() == [0, 255, 0]
    assert GreyTransform(Rescale(-1, 0)).apply(stored[1:]).tolist() == [255, 191, 128, 0]
    assert GreyTransform(Rescale(0, 7)).apply(stored).tolist() == [0] * 5
    assert GreyTransform(Rescale(np.inf, 0)).apply(stored).shape == (5,)
    assert GreyTransform().apply(np.zeros((0, 3), "u2")).shape == (0, 3)


def _groups(*items):
    return [Dataset({keyword: [Dataset(values)] for keyword, values in item.items()}) for item in items]


def test_stages_per_frame(image):
    stored = np.arange(12, dtype="u2").reshape(2, 2, 3)
    ds = image(stored.tobytes(), vr="OW", BitsAllocated=16, NumberOfFrames=2, WindowCenter=1, WindowWidth=2)
    ds.PerFrameFunctionalGroupsSequence = _groups(
        {"PixelValueTransformationSequence": {"RescaleSlope": 2, "RescaleIntercept": -3, "RescaleType": "US"}},
        {"FrameVOILUTSequence": {"WindowCenter": [8, 9], "WindowWidth": [5, 6]}},
    )
    assert modality_of(ds) == Rescale(2, -3)
    assert modality_of(ds, 1) is None
    assert pixels.to_modality(ds, stored[0], frame=0).tolist() == [[-3, -1, 1], [3, 5, 7]]
    assert voi_views(ds, 0) == [Window(1, 2)]
    assert voi_views(ds, 1) == [Window(8, 5), Window(9, 6)]
    ds.SharedFunctionalGroupsSequence = _groups({"PixelValueTransformationSequence": {"RescaleSlope": 5}})
    assert modality_of(ds, 1) == Rescale(5, 0)
    assert pixels.render(ds, 1).tolist() == grey_transform(ds, 1).exactly(stored[1]).tolist()


def _lut(descriptor, data, vr="US", explanation=None):
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if any(number < 0 for number in descriptor) else "US", descriptor)
    item.add_new("LUTData", vr, data)
    if explanation is not None:
        item.LUTExplanation = explanation
    return item


def test_views(image):
    ds = image(bytes([0, 10, 20, 30, 40, 50]), WindowCenter=[20, 40, 1], WindowWidth=[11, 21, 0])
    ds.WindowCenterWidthExplanation = ["NORMAL", "WIDE"]
    ds.VOILUTSequence = [_lut([3, 19, 8], [0, 51, 255], explanation="STEPS"), _lut([1, 0, 8], [51])]
    views = voi_views(ds)
    assert [view.explanation for view in views] == ["STEPS", "", "NORMAL", "WIDE"]
    assert pixels.render(ds).tolist() == [[0, 0, 51], [255, 255, 255]]
    assert pixels.render(ds, voi=1).tolist() == [[51] * 3] * 2
    assert pixels.render(ds, voi="wide ").tolist() == pixels.render(ds, window=(40, 21)).tolist()
    assert pixels.render(ds, voi=Window(40, 21)).tolist() == pixels.render(ds, voi=3).tolist()
    with pytest.raises(PixelError, match="view 4 does not exist: the data set has 4"):
        pixels.render(ds, voi=4)
    with pytest.raises(PixelError, match="has this explanation"):
        pixels.render(ds, voi="BONE")
    with pytest.raises(TypeError, match="not both"):
        pixels.render(ds, voi=0, window="full")
    with pytest.raises(ValueError, match="centre and width"):
        pixels.render(ds, window="wide")


def test_presentation_lut(image):
    ds = image(bytes([0, 51, 102, 153, 204, 255]), PhotometricInterpretation="MONOCHROME1")
    assert pixels.render(ds).tolist() == [[255, 204, 153], [102, 51, 0]]
    ds.PresentationLUTSequence = [_lut([6, 0, 10], [1023, 0, 1023, 0, 1023, 0])]
    assert pixels.render(ds).tolist() == [[255, 0, 255], [0, 255, 0]]


def test_padding(image):
    stored = np.array([-2000, -1990, 0, 50, 100, 200], "<i2")
    more = {"BitsAllocated": 16, "PixelRepresentation": 1, "PhotometricInterpretation": "MONOCHROME1"}
    ds = image(stored.tobytes(), vr="OW", **more)
    ds.add_new("PixelPaddingValue", "US", 63536)
    ds.add_new("PixelPaddingRangeLimit", "US", 63546)
    assert padding_of(ds) == (-2000, -1990)
    assert pixels.render(ds).tolist() == [[0, 0, 255], [191, 128, 0]]
    assert pixels.render(ds, window=(100, 201)).tolist() == [[0, 0, 254], [191, 127, 0]]


def test_float_pixels(image):
    ds = image(bytes(6), BitsAllocated=32, BitsStored=None)
    del ds.PixelData
    ds.add_new("FloatPixelData", "OF", np.array([0, 0.25, 0.5, 0.75, 1, -9], "<f4").tobytes())
    ds.FloatPixelPaddingValue = -9.0
    assert pixels.render(ds).tolist() == [[0, 64, 128], [191, 255, 0]]
    assert pixels.render(ds, voi=Window(0.5, 0.5, "LINEAR_EXACT")).tolist() == [[0, 0, 128], [255, 255, 0]]
    assert pixels.render(ds, window="full").tolist() == pixels.render(ds).tolist()


@pytest.mark.parametrize("dtype", ["<u4", "<i4"])
def test_32_bits(image, dtype):
    stored = np.array([0, 1, 2, 3, 1000, 2**31 - 1], dtype)
    ds = image(stored.tobytes(), vr="OW", BitsAllocated=32, PixelRepresentation=int(dtype == "<i4"))
    assert pixels.render(ds, window=(2, 4)).tolist() == [[0, 85, 170], [255, 255, 255]]
    assert pixels.render(ds)[1].tolist() == [0, 0, 255]


@pytest.mark.parametrize(
    ("descriptor", "data", "vr", "first", "table", "bits"),
    [
        ([4, 10, 12], [1, 2, 3, 4095], "US", 10, [1, 2, 3, 4095], 12),
        ([4, 10, 8], bytes([1, 2, 3, 4]), "OW", 10, [1, 2, 3, 4], 8),  # two to a word
        ([3, 10, 8], bytes([1, 2, 3, 0]), "OW", 10, [1, 2, 3], 8),
        ([3, 10, 8], bytes([1, 2, 3]), "OB", 10, [1, 2, 3], 8),
        ([4, 10, 8], bytes([1, 0, 2, 0, 3, 0, 4, 0]), "OW", 10, [1, 2, 3, 4], 8),  # one to a word
        ([2, 65526, 16], [1, 2], "US", -10, [1, 2], 16),
        ([2, -10, 16], [1, 2], "US", -10, [1, 2], 16),
        ([2, 0, 10], [1, 5000], "US", 0, [1, 5000], 13),
        ([1, 0, 16], [7, 8, 9], "US", 0, [7], 16),
    ],
)
def test_lut_data(descriptor, data, vr, first, table, bits):
    lut = lut_of(_lut(descriptor, data, vr), signed=True)
    assert (lut.first, lut.table.tolist(), lut.bits) == (first, table, bits)
    codes = {"lut-bits": bits == 13, "lut-length": len(table) == 1}
    assert [finding.code for finding in lut.findings] == [code for code, found in codes.items() if found]


def test_lut_of_65536_entries():
    data = np.arange(65536, dtype="<u2")[::-1].tobytes()
    lut = lut_of(_lut([0, 0, 16], data, "OW"))
    assert lut.look_up(np.array([0, 1, 65535, -5, 10**12])).tolist() == [65535, 65534, 0, 65535, 0]
    assert lut_of(_lut([2, 65526, 16], [1, 2])).first == 65526


@pytest.mark.parametrize(
    ("descriptor", "data", "message"),
    [
        ([0, 0, 0], [1], "says 0 bits"),
        ([1, 0, 17], [1], "says 17 bits"),
        ([1, 0], [1], "not three whole numbers"),
        ([0, 0, 16], [1, 2], "has 2 entries, expected 65536"),
        ([4, 0, 16], [1, 2], "has 2 entries, expected 4"),
    ],
)
def test_luts_that_are_none(descriptor, data, message):
    with pytest.raises(PixelError, match=message):
        lut_of(_lut(descriptor, data))


def test_first_value_of_a_voi_lut(image):
    """Whether it is negative depends on what comes out of the modality stage."""
    ds = image(bytes(6), RescaleSlope=1, RescaleIntercept=-1024, VOILUTSequence=[_lut([2, 64512, 8], [1, 2])])
    assert voi_views(ds)[0].first == -1024
    ds.RescaleIntercept = 0
    assert voi_views(ds)[0].first == 64512
    ds.PixelRepresentation = 1
    assert voi_views(ds)[0].first == -1024
    ds.ModalityLUTSequence = [_lut([2, 0, 16], [1, 2])]
    assert voi_views(ds)[0].first == 64512


def test_values_between_entries():
    lut = Lut(0, np.array([10, 20, 30], "u2"), 8)
    assert lut.look_up(np.array([-np.inf, np.nan, 0.49, 0.5, 1.0000001, 0.9999999, np.inf])).tolist() == [
        10, 10, 10, 20, 20, 20, 30,
    ]  # fmt: skip
