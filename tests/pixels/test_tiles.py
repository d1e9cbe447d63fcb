"""The total pixel matrix: what highdicom puts together, and tiles that overlap, lack, or lie outside."""

import numpy as np
import pytest

from filmless import Dataset, read
from filmless.errors import GeometryError, LimitError
from filmless.pixels import decode
from filmless.pixels.tiles import total_pixel_matrix

_NAMES = ["sm_image", "sm_image_numbers", "sm_image_grayscale", "sm_image_jpegls_nobot", "sm_image_dots"]
_SEGMENTATIONS = [
    "seg_image_sm_dots_tiled_full",
    "seg_image_sm_dots",
    "seg_image_sm_control",
    "seg_image_sm_control_labelmap",
]


def _file(corpus, name):
    return next(corpus.glob(f"ImagingDataCommons+highdicom/**/{name}.dcm"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _NAMES)
def test_images_are_those_of_highdicom(name, corpus):
    highdicom = pytest.importorskip("highdicom")
    path = _file(corpus, name)
    peer = highdicom.imread(path)
    expected = peer.get_total_pixel_matrix(dtype=np.uint16, apply_icc_profile=False, apply_real_world_transform=False)
    matrix = total_pixel_matrix(read(path))
    assert matrix.shape == expected.shape
    np.testing.assert_array_equal(matrix[:], expected)
    for part in (
        np.s_[3:17, 9:41],
        np.s_[49:, :1],
        np.s_[-5:, -7:-2],
        np.s_[::7, 1::3],
        np.s_[12, 5:9],
        np.s_[7],
        np.s_[20:20],
    ):
        np.testing.assert_array_equal(matrix[part], expected[part])
    if expected.ndim == 3:
        np.testing.assert_array_equal(matrix[3:17, 4:6, 1], expected[3:17, 4:6, 1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", _SEGMENTATIONS)
def test_segmentations_are_those_of_highdicom(name, corpus):
    highdicom = pytest.importorskip("highdicom")
    path = _file(corpus, name)
    peer = highdicom.seg.segread(path)
    ds = read(path)
    if ds.get("SegmentationType") == "LABELMAP":
        expected = peer.get_total_pixel_matrix(combine_segments=True)
        np.testing.assert_array_equal(total_pixel_matrix(ds)[:], expected)
        return
    expected = peer.get_total_pixel_matrix()
    for index, number in enumerate(peer.segment_numbers):
        np.testing.assert_array_equal(total_pixel_matrix(ds, segment=number)[:], expected[..., index])
    with pytest.raises(ValueError, match="there is no"):
        total_pixel_matrix(ds, segment=99)


@pytest.fixture
def sparse(image):
    """Make an image of tiles of 2 rows and 3 columns, each of one value, where it is said."""

    def sparse(places, values, *, planes=None, paths=None, size=(4, 6), **more):
        samples = more.get("SamplesPerPixel", 1)
        value = b"".join(bytes([n]) * 6 * samples for n in values)
        ds = image(
            value, NumberOfFrames=len(values), TotalPixelMatrixRows=size[0], TotalPixelMatrixColumns=size[1], **more
        )
        items = []
        for index, (row, column) in enumerate(places):
            place = Dataset(
                {"RowPositionInTotalImagePixelMatrix": row, "ColumnPositionInTotalImagePixelMatrix": column}
            )
            place.XOffsetInSlideCoordinateSystem = place.YOffsetInSlideCoordinateSystem = 0
            place.ZOffsetInSlideCoordinateSystem = planes[index] if planes else 0
            item = Dataset({"PlanePositionSlideSequence": [place]})
            if paths:
                item.OpticalPathIdentificationSequence = [Dataset({"OpticalPathIdentifier": paths[index]})]
            items.append(item)
        ds.PerFrameFunctionalGroupsSequence = items
        return ds

    return sparse


def test_tiles_that_overlap_lack_or_lie_outside(sparse):
    ds = sparse([(1, 1), (2, 3), (4, 6), (-1, 0), (9, 1), (1, -9)], [1, 2, 3, 4, 5, 6])
    expected = np.zeros((4, 6), np.uint8)
    expected[0:2, 0:3] = 1
    expected[1:3, 2:5] = 2
    expected[3, 5] = 3
    matrix = total_pixel_matrix(ds)
    assert matrix[:].tolist() == expected.tolist()
    for row in range(4):
        for column in range(6):
            assert matrix[row, column] == expected[row, column]
            assert matrix[row - 4 :, column:].tolist() == expected[row - 4 :, column:].tolist()


def test_background_of_colours_is_white(sparse):
    ds = sparse([(1, 4)], [9], SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    matrix = total_pixel_matrix(ds)
    assert matrix.background == 255
    assert matrix[0, 2:4].tolist() == [[255] * 3, [9] * 3]


def test_optical_paths_and_focal_planes(sparse):
    places = [(1, 1)] * 4
    ds = sparse(places, [1, 2, 3, 4], planes=[0, 2.5, 0, 2.5], paths=["A", "A", "B", "B"])
    assert total_pixel_matrix(ds)[0, 0] == 1
    assert total_pixel_matrix(ds, focal_plane=1)[0, 0] == 2
    assert total_pixel_matrix(ds, optical_path="B", focal_plane=1)[0, 0] == 4
    assert total_pixel_matrix(ds, optical_path="B").frames.tolist() == [2]
    for wrong in ({"optical_path": "C"}, {"focal_plane": 2}, {"segment": 1}):
        with pytest.raises(ValueError, match="there is no"):
            total_pixel_matrix(ds, **wrong)


def test_tiled_full_with_planes_and_paths(image):
    frames = [number for number in range(1, 9) for _ in range(6)]
    ds = image(bytes(frames), NumberOfFrames=8, TotalPixelMatrixRows=3, TotalPixelMatrixColumns=3)
    ds.DimensionOrganizationType = "TILED_FULL"
    ds.TotalPixelMatrixFocalPlanes = 2
    ds.OpticalPathSequence = [Dataset({"OpticalPathIdentifier": name}) for name in ("A", "B")]
    found = {
        (path, plane): total_pixel_matrix(ds, optical_path=path, focal_plane=plane)[:].tolist()
        for path in "AB"
        for plane in (0, 1)
    }
    for index, (path, plane) in enumerate([("A", 0), ("A", 1), ("B", 0), ("B", 1)]):
        first = 2 * index + 1
        assert found[path, plane] == [[first] * 3, [first] * 3, [first + 1] * 3]


def test_only_the_tiles_that_are_needed_are_decoded(sparse):
    ds = sparse([(1, 1), (1, 4), (3, 1), (3, 4)], [1, 2, 3, 4])
    ds.PixelData = ds.PixelData[:18]
    matrix = total_pixel_matrix(ds)
    assert matrix[0:4, 0:3].tolist() == [[1] * 3] * 2 + [[3] * 3] * 2
    with pytest.raises(Exception, match="pixel data has 18 bytes, expected 24"):
        matrix[:]
    assert decode(ds, frame=1).tolist() == [[2] * 3] * 2


def test_what_cannot_be(sparse, image):
    with pytest.raises(GeometryError, match="no total pixel matrix"):
        total_pixel_matrix(image(bytes(6)))
    with pytest.raises(GeometryError, match="no frame says where"):
        total_pixel_matrix(image(bytes(6), TotalPixelMatrixRows=2, TotalPixelMatrixColumns=3))
    huge = total_pixel_matrix(sparse([(1, 1)], [1], size=(2**32 - 1, 2**32 - 1)))
    with pytest.raises(LimitError):
        huge[:]
    assert huge[1:3, 2:4].tolist() == [[1, 0], [0, 0]]
    with pytest.raises(IndexError):
        huge[2**32 - 1]
    with pytest.raises(IndexError):
        huge[0, 0, 0]
    with pytest.raises(ValueError, match="positive steps"):
        huge[::-1]
