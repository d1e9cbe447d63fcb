"""Where frames lie: the Standard's equation, real files, and what cannot be right."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import filmless
from filmless import Dataset
from filmless.errors import DicomError, GeometryError
from filmless.series import geometry_of

Make = Callable[..., Dataset]
HIGHDICOM = "ImagingDataCommons+highdicom/data/test_files"


def test_the_equation_of_the_standard(image: Make) -> None:
    geometry = geometry_of(image())
    cosines = np.array(image().ImageOrientationPatient)
    first, second = cosines[:3], cosines[3:]
    expected = np.array([10, -20, 30]) + 2.5 * 5 * first + 3.5 * 3 * second
    assert np.allclose(geometry.to_patient((5, 3)), expected, atol=1e-5)
    assert np.allclose(geometry.affine() @ [5, 3, 0, 1], [*geometry.to_patient((5, 3)), 1])
    assert np.allclose(geometry.corners[0, 3], geometry.to_patient((5, 3)))
    assert np.allclose(geometry.normals[0], np.cross(first, second), atol=1e-5)


@given(point=st.tuples(*[st.floats(-1e4, 1e4)] * 3))
def test_there_and_back(image: Make, point: tuple[float, float, float]) -> None:
    geometry = geometry_of(image())
    column, row, above = geometry.to_pixels(point)
    back = geometry.to_patient((column, row)) + above * geometry.normals[0]
    assert np.allclose(back, point, atol=1e-6)


def test_an_axial_slice_has_its_normal_to_the_head(image: Make) -> None:
    geometry = geometry_of(image(ImageOrientationPatient=[1, 0, 0, 0, 1, 0]))
    assert geometry.normals.tolist() == [[0, 0, 1]]
    assert geometry.distances_mm.tolist() == [30]


def test_slices_become_rows(image: Make) -> None:
    geometry = geometry_of([image(), image(ImagePositionPatient=[0, 0, 0])])
    assert geometry.positions.tolist() == [[10, -20, 30], [0, 0, 0]]
    assert len(geometry) == 2


@pytest.mark.parametrize(
    ("other", "what"),
    [({"Rows": 5}, "size"), ({"FrameOfReferenceUID": "1.2.4"}, "frame of reference")],
)
def test_slices_that_do_not_belong_together(other: dict[str, object], what: str, image: Make) -> None:
    with pytest.raises(GeometryError, match=what):
        geometry_of([image(), image(**other)])


@pytest.mark.parametrize(
    "changes",
    [
        {"ImagePositionPatient": None},
        {"ImagePositionPatient": [1, 2]},
        {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]},
        {"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]},
        {"ImageOrientationPatient": None},
        {"PixelSpacing": [0, 1]},
        {"PixelSpacing": [-1, 1]},
        {"PixelSpacing": None},
        {"Rows": 0},
        {"Columns": None},
    ],
)
def test_what_cannot_be_right_is_a_geometry_error(changes: dict[str, object], image: Make) -> None:
    with pytest.raises(GeometryError):
        geometry_of(image(**changes))


def multi_frame(frames: int, groups: list[Dataset]) -> Dataset:
    ds = Dataset({"Rows": 4, "Columns": 6, "NumberOfFrames": frames})
    shared = Dataset()
    shared.PlaneOrientationSequence = [Dataset({"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]})]
    shared.PixelMeasuresSequence = [Dataset({"PixelSpacing": [1, 2], "SliceThickness": 3})]
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = groups
    return ds


def at(z: float) -> Dataset:
    group = Dataset()
    group.PlanePositionSequence = [Dataset({"ImagePositionPatient": [0, 0, z]})]
    return group


def test_functional_groups_shared_and_own() -> None:
    own = at(7)
    own.PixelMeasuresSequence = [Dataset({"PixelSpacing": [5, 6]})]
    geometry = geometry_of(multi_frame(2, [at(4), own]))
    assert geometry.positions.tolist() == [[0, 0, 4], [0, 0, 7]]
    assert geometry.spacing_mm.tolist() == [[1, 2], [5, 6]]
    assert geometry.distances_mm.tolist() == [4, 7]


def test_a_frame_without_position_is_nan_and_the_others_are_there() -> None:
    geometry = geometry_of(multi_frame(2, [at(4), Dataset()]))
    assert np.isnan(geometry.positions[1]).all()
    assert geometry.to_patient((0, 0), 0).tolist() == [0, 0, 4]
    for frame in (1, 2, -1):
        with pytest.raises(GeometryError, match="not known where"):
            geometry.affine(frame)


@pytest.mark.parametrize("frames", [3, 2**31 - 1])
def test_more_frames_than_groups(frames: int) -> None:
    with pytest.raises(GeometryError):
        geometry_of(multi_frame(frames, [at(4), at(5)]))


def test_tiles_are_counted_off_as_they_are_described(corpus: Path) -> None:
    image = geometry_of(filmless.read(corpus / HIGHDICOM / "sm_image_dots.dcm"))
    full = geometry_of(filmless.read(corpus / HIGHDICOM / "seg_image_sm_dots_tiled_full.dcm"))
    assert len(image) == 25
    assert len(full) == 1250  # 50 segments
    assert np.allclose(full.positions[:25], image.positions, atol=1e-6)
    assert np.allclose(full.positions[25 * 49 :], image.positions, atol=1e-6)


def test_highdicom_computes_the_same(pydicom_files: list[Path]) -> None:
    spatial = pytest.importorskip("highdicom.spatial")
    pydicom = pytest.importorskip("pydicom")
    compared = 0
    for path in pydicom_files:
        if path.name not in {"CT_small.dcm", "MR_small.dcm"}:
            continue
        peer = spatial.PixelToReferenceTransformer.for_image(pydicom.dcmread(path))
        geometry = geometry_of(filmless.read(path))
        pixels = np.array([[0, 0], [3, 8], [40, 12]])
        assert np.allclose(peer(pixels), geometry.to_patient(pixels), atol=1e-9)
        compared += 1
    assert compared == 2


@pytest.mark.usefixtures("corpus")  # whose files are counted
def test_every_real_file_has_a_geometry_or_a_typed_error(all_files: list[Path]) -> None:
    known = 0
    for path in all_files:
        try:
            ds = filmless.read(path, force=True)
            known += len(geometry_of(ds)) > 0
        except DicomError:
            continue
    assert known > 90
