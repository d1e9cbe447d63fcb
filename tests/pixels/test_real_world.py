"""Real world value maps."""

import numpy as np
import pytest

from filmless import Dataset
from filmless.errors import PixelError
from filmless.pixels.real_world import to_real_world


def _map(first, last, vr="US", label="T1", **more):
    item = Dataset({"LUTLabel": label, **more})
    item.add_new("RealWorldValueFirstValueMapped", vr, first)
    item.add_new("RealWorldValueLastValueMapped", vr, last)
    return item


def _line(first, last, slope, intercept, **more):
    return _map(first, last, RealWorldValueSlope=slope, RealWorldValueIntercept=intercept, **more)


def test_lines():
    ds = Dataset({"RealWorldValueMappingSequence": [_line(0, 9, 2.0, -1.0), _line(20, 29, 0.5, 0.0)]})
    values = to_real_world(ds, np.array([[0, 9], [10, 20]], "u2"))
    np.testing.assert_array_equal(values, [[-1, 17], [np.nan, 10]])


def test_labels():
    ds = Dataset({"RealWorldValueMappingSequence": [_line(0, 9, 2.0, 0.0), _line(0, 9, 3.0, 0.0, label="T2")]})
    assert to_real_world(ds, np.array([3])).tolist() == [6]
    assert to_real_world(ds, np.array([3]), label="T2").tolist() == [9]
    with pytest.raises(PixelError, match="has this label"):
        to_real_world(ds, np.array([3]), label="T3")


def test_tables_and_signs():
    ds = Dataset({"PixelRepresentation": 1})
    ds.RealWorldValueMappingSequence = [_map(65534, 1, RealWorldValueLUTData=[0.5, 1.5, 2.5, 3.5])]
    values = to_real_world(ds, np.array([-3, -2, 1, 2], "i2"))
    np.testing.assert_array_equal(values, [np.nan, 0.5, 3.5, np.nan])
    ds.RealWorldValueMappingSequence = [_map(65534, 1, RealWorldValueLUTData=[0.5, 1.5])]
    with pytest.raises(PixelError, match="has 2 entries"):
        to_real_world(ds, np.array([0]))


def test_per_frame():
    group = Dataset({"RealWorldValueMappingSequence": [_line(0, 9, 5.0, 0.0)]})
    shared = Dataset({"RealWorldValueMappingSequence": [_line(0, 9, 7.0, 0.0)]})
    ds = Dataset({"PerFrameFunctionalGroupsSequence": [group, Dataset()], "SharedFunctionalGroupsSequence": [shared]})
    assert [to_real_world(ds, np.array([1]), frame=frame).tolist() for frame in (0, 1)] == [[5], [7]]


def test_float_ends():
    item = Dataset({"RealWorldValueSlope": 2.0, "RealWorldValueIntercept": 0.0})
    item.DoubleFloatRealWorldValueFirstValueMapped, item.DoubleFloatRealWorldValueLastValueMapped = -0.5, 0.5
    values = to_real_world(Dataset({"RealWorldValueMappingSequence": [item]}), np.array([-1, 0.25]))
    np.testing.assert_array_equal(values, [np.nan, 0.5])


def test_maps_that_are_none():
    with pytest.raises(PixelError, match="RealWorldValueMappingSequence is absent"):
        to_real_world(Dataset(), np.array([1]))
    with pytest.raises(PixelError, match="RealWorldValueSlope or"):
        to_real_world(Dataset({"RealWorldValueMappingSequence": [_map(0, 9)]}), np.array([1]))
    with pytest.raises(PixelError, match="LastValueMapped is absent or wrong"):
        to_real_world(Dataset({"RealWorldValueMappingSequence": [_line(9, 0, 1.0, 0.0)]}), np.array([1]))
