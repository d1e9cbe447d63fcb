"""Slices in order, and planes that are the same."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import filmless
from filmless import Dataset
from filmless.errors import GeometryError
from filmless.series import coincident_frames, geometry_of, sort_slices

Make = Callable[..., Dataset]


def stack(image: Make, heights: list[float]) -> list[Dataset]:
    cosines = image().ImageOrientationPatient
    normal = np.cross(cosines[:3], cosines[3:])
    return [image(ImagePositionPatient=[float(v) for v in normal * z]) for z in heights]


def test_slices_are_sorted_along_their_normal(image: Make) -> None:
    slices = stack(image, [-7.5, -5, -2.5, 0, 2.5, 5, 40])
    shuffled = slices.copy()
    random.Random(1).shuffle(shuffled)
    assert [id(ds) for ds in sort_slices(shuffled)] == [id(ds) for ds in slices]
    assert sort_slices([]) == []


def test_slices_that_are_not_parallel(image: Make) -> None:
    with pytest.raises(GeometryError, match="parallel"):
        sort_slices([image(), image(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])])


def test_the_real_series_of_pydicom(pydicom_files: list[Path]) -> None:
    slices = [filmless.read(path) for path in pydicom_files if path.parent.name == "CT2"]
    assert len(slices) > 2
    heights = [ds.ImagePositionPatient[2] for ds in sort_slices(reversed(slices))]
    assert heights == sorted(ds.ImagePositionPatient[2] for ds in slices)


def test_a_plane_finds_its_frame(image: Make) -> None:
    volume = geometry_of(stack(image, [0, 2.5, 5, 7.5]))
    assert coincident_frames(volume, geometry_of(stack(image, [5.01]))).tolist() == [2]
    assert coincident_frames(volume, geometry_of(stack(image, [5.2]))).tolist() == []
    assert coincident_frames(volume, geometry_of(stack(image, [5.2])), tolerance_mm=0.3).tolist() == [2]


def test_of_planes_within_the_tolerance_the_nearest_is_meant(image: Make) -> None:
    volume = geometry_of(stack(image, [0, 0.05, 0.05, 0.1]))
    assert coincident_frames(volume, geometry_of(stack(image, [0.06]))).tolist() == [1, 2]


def test_planes_at_an_angle_are_not_the_same(image: Make) -> None:
    tilted = image(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    assert coincident_frames(geometry_of(image()), geometry_of(tilted)).tolist() == []


def test_planes_of_other_frames_of_reference_are_not_the_same(image: Make) -> None:
    here = geometry_of(image())
    assert coincident_frames(here, geometry_of(image(FrameOfReferenceUID="1.2.4"))).tolist() == []
    assert coincident_frames(here, geometry_of(image(FrameOfReferenceUID=None))).tolist() == [0]
