"""Samples that the server decodes for a browser."""

import numpy as np
import pytest

from filmless import Dataset
from filmless.viewer import samples
from filmless.viewer.samples import samples_of


class Archived:
    """An archive of one image."""

    def __init__(self, ds: Dataset) -> None:
        self._ds = ds

    def dataset(self, _entry: object) -> Dataset:
        return self._ds


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([0.0, 255.0], "uint8", [0, 255]),
        ([-1.0, 300.0], "int16", [-1, 300]),
        ([0.0, 40_000.0], "uint16", [0, 40_000]),
        ([0.5, 1e20], "float32", [0.5, 1e20]),
        ([-3e9, np.nan], "float32", [-3e9, 0]),
        ([np.inf, -1e300], "float32", [samples._LARGEST, -samples._LARGEST]),
    ],
)
def test_values_are_of_the_smallest_type_that_holds_them_and_finite(values, kind, expected):
    ds = Dataset({"Rows": 1, "Columns": 2, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"})
    ds.update({"BitsAllocated": 64, "DoubleFloatPixelData": np.array(values, "<f8").tobytes()})
    ds.file_meta = Dataset({"TransferSyntaxUID": "1.2.840.10008.1.2.1"})
    found = samples_of(Archived(ds), None, 0)
    assert found.dtype == kind
    np.testing.assert_allclose(found, [expected], rtol=1e-6)
