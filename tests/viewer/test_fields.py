"""Doses and parametric maps in the plane of an image: values against what they were made of."""

from pathlib import Path

import numpy as np
import pytest

from filmless import Dataset
from filmless.errors import GeometryError, LimitError
from filmless.series import geometry_of
from filmless.viewer.fields import Field


def image(position=(-10.0, -8.0, 4.0), orientation=(1, 0, 0, 0, 1, 0), spacing=(1.0, 1.0), size=(16, 20)) -> Dataset:
    ds = Dataset({"Rows": size[0], "Columns": size[1], "FrameOfReferenceUID": "1.2.3"})
    ds.ImagePositionPatient, ds.ImageOrientationPatient = list(position), list(orientation)
    ds.PixelSpacing = list(spacing)
    return ds


def linear(points):
    """What the field is at x, y, z: interpolation between cells has to give just that."""
    x, y, z = np.moveaxis(np.asarray(points), -1, 0)
    return 1000 + 2 * x - 3 * y + 0.5 * z


def dose(offsets=(0.0, 3.0, 6.0, 9.0), orientation=(1, 0, 0, 0, 1, 0), *, frame_of_reference="1.2.3") -> Dataset:
    """A dose grid of 2.5 mm whose values are linear in space."""
    ds = image((-20.0, -20.0, -2.0), orientation, (2.5, 2.5), (17, 19))
    ds.FrameOfReferenceUID = frame_of_reference
    ds.update({"NumberOfFrames": len(offsets), "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"})
    ds.update({"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31, "PixelRepresentation": 0})
    ds.DoseUnits, ds.DoseGridScaling, ds.GridFrameOffsetVector = "GY", 0.001, list(offsets)
    affine = geometry_of(image((-20.0, -20.0, -2.0), orientation, (2.5, 2.5), (17, 19))).affine(0)
    normal = affine[:3, 2]
    planes = []
    for offset in offsets:
        rows, columns = np.mgrid[0:17, 0:19]
        pixels = np.stack([columns, rows, np.zeros_like(rows), np.ones_like(rows)], axis=-1)
        planes.append(linear((pixels @ affine.T)[..., :3] + normal * offset))
    ds.PixelData = np.round(np.stack(planes) * 1000).astype("<u4").tobytes()
    ds.file_meta = Dataset({"TransferSyntaxUID": "1.2.840.10008.1.2.1"})
    return ds


@pytest.mark.parametrize("offsets", [(0.0, 3.0, 6.0, 9.0), (0.0, -3.0, -6.0, -9.0)], ids=["up", "down"])
@pytest.mark.parametrize(
    "orientation",
    [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (0.8, 0.6, 0, -0.6, 0.8, 0)],
    ids=["axial", "sagittal", "turned"],
)
def test_values_are_those_at_the_place(orientation, offsets):
    field = Field.of(dose(offsets, orientation))
    middle = (np.linalg.inv(field.to_grid) @ [9.2, 8.3, 1.4, 1])[:3]
    corner = middle - [10 * 0.9, 8 * 0.7, 0]
    found = field.on(geometry_of(image(tuple(corner), spacing=(0.7, 0.9))), 0)
    assert found is not None
    rows, columns = np.mgrid[0:16, 0:20]
    points = np.stack([corner[0] + columns * 0.9, corner[1] + rows * 0.7, np.full(rows.shape, corner[2])], axis=-1)
    inside = np.isfinite(found)
    places = (np.concatenate([points, np.ones((16, 20, 1))], axis=-1) @ field.to_grid.T)[..., :3]
    size = np.array([19, 17, 4])
    core = ((places >= 0) & (places <= size - 1)).all(axis=-1)
    assert core.any()
    assert inside[core].all()
    np.testing.assert_allclose(found[core], linear(points)[core], atol=2e-3)
    assert field.unit == "Gy"


def test_outside_of_the_grid_there_is_nothing():
    field = Field.of(dose())
    assert field.on(geometry_of(image((500.0, 0.0, 0.0))), 0) is None
    assert field.on(geometry_of(image((-10.0, -8.0, 40.0))), 0) is None
    found = field.on(geometry_of(image((-30.0, -8.0, 4.0))), 0)
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 15]).all()


def test_another_frame_of_reference_is_another_place():
    assert Field.of(dose(frame_of_reference="9.9")).on(geometry_of(image()), 0) is None


def test_planes_that_are_not_even_are_refused():
    with pytest.raises(GeometryError, match="not evenly apart"):
        Field.of(dose((0.0, 3.0, 7.0, 9.0)))


def test_a_grid_that_is_too_large_is_refused_before_it_is_made():
    ds = dose()
    ds.NumberOfFrames, ds.Rows, ds.Columns = 100_000, 65_535, 65_535
    with pytest.raises(LimitError):
        Field.of(ds)


def test_a_parametric_map_has_its_unit(corpus: Path):
    from filmless import read

    [path] = corpus.rglob("parametric_map_float.dcm")
    field = Field.of(read(path))
    assert field.values.shape[0] == read(path).NumberOfFrames
    assert field.unit
