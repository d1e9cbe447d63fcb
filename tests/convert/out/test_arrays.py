"""Numpy files and raw samples."""

import io
import re

import numpy as np
import pytest

import filmless
from filmless import Dataset
from filmless.convert import from_dicom, to_dicom
from filmless.errors import ConversionError
from filmless.pixels import decode, render, to_modality


def _npy(data: bytes) -> np.ndarray:
    return np.load(io.BytesIO(data), allow_pickle=False)


@pytest.fixture(scope="session")
def ct(pydicom_files):
    return filmless.read(next(path for path in pydicom_files if path.name == "CT_small.dcm"))


def test_stored_values_are_those_of_decode(ct, moving_grey, moving_colours, grey16):
    for ds in (ct, moving_grey(), moving_colours(), to_dicom(grey16), to_dicom(grey16.astype(np.int16))):
        found, expected = _npy(from_dicom(ds, "npy")), decode(ds)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(found, expected)


def test_files_of_the_corpus_as_decode_gives_them(pydicom_files):
    """Of compressed ones, YBR and palettes, too."""
    names = {
        "SC_rgb_jpeg_dcmtk.dcm",
        "examples_palette.dcm",
        "MR_small_RLE.dcm",
        "JPEG2000.dcm",
        "SC_ybr_full_422_uncompressed.dcm",
    }
    files = [path for path in pydicom_files if path.name in names]
    assert len(files) >= 4
    for path in files:
        ds = filmless.read(path)
        np.testing.assert_array_equal(_npy(from_dicom(ds, "npy")), decode(ds), err_msg=path.name)


def test_values_of_the_modality_and_of_the_display(ct, moving_grey):
    found = _npy(from_dicom(ct, "npy", values="modality"))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, to_modality(ct, decode(ct)))
    ds = moving_grey()
    shown = _npy(from_dicom(ds, "npy", values="display", window=(90, 30)))
    np.testing.assert_array_equal(shown, [render(ds, frame, window=(90, 30)) for frame in range(5)])


def test_axes(moving_grey):
    ds = moving_grey()
    assert _npy(from_dicom(ds, "npy")).shape == (5, 31, 17)
    assert _npy(from_dicom(ds, "npy", frame=2)).shape == (31, 17)
    assert _npy(from_dicom(ds, "npy", frames=[2])).shape == (1, 31, 17)
    np.testing.assert_array_equal(_npy(from_dicom(ds, "npy", frames=[4, 0])), decode(ds, frames=[4, 0]))
    np.testing.assert_array_equal(_npy(from_dicom(ds, "npy", frames=np.array([1, 2]))), decode(ds)[1:3])


def test_npz_says_what_the_pixels_are(ct, moving_grey):
    with np.load(io.BytesIO(from_dicom(ct, "npz")), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["pixels"], decode(ct))
        assert file["spacing_mm"].tolist() == [[0.661468, 0.661468]]
        assert file["positions_mm"].shape == (1, 3)
        assert file["orientations"].tolist() == [[1, 0, 0, 0, 1, 0]]
        assert file["rescale"].tolist() == [[1, -1024]]
        assert str(file["photometric_interpretation"]) == "MONOCHROME2"
    with np.load(
        io.BytesIO(from_dicom(moving_grey(FrameTime=50), "npz", frames=[1, 3, 4], compression="none"))
    ) as file:
        assert file["frames"].tolist() == [1, 3, 4]
        assert file["frame_times_ms"].tolist() == [0, 50, 100]
        assert "positions_mm" not in file


def test_npz_of_chosen_frames_says_what_is_said_of_them(moving_grey):
    def group(number: int) -> Dataset:
        item, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, 2.5 * number]
        item.PlanePositionSequence = [position]
        return item

    ds = moving_grey()
    ds.PerFrameFunctionalGroupsSequence = [group(number) for number in range(5)]
    with np.load(io.BytesIO(from_dicom(ds, "npz", frames=[4, 1]))) as file:
        assert file["positions_mm"].tolist() == [[0, 0, 10], [0, 0, 2.5]]


def test_the_same_data_set_gives_the_same_file(moving_grey):
    assert from_dicom(moving_grey(), "npz") == from_dicom(moving_grey(), "npz")


def test_raw_samples(moving_colours, grey16):
    for ds, dtype in ((moving_colours(), "u1"), (to_dicom(grey16), "<u2"), (to_dicom(grey16.astype(np.int16)), "<i2")):
        notices = []
        data = from_dicom(ds, "raw", notices=notices)
        assert [notice.code for notice in notices] == ["raw-shape"]
        shape = [int(side) for side in re.findall(r"\d+", notices[0].message.partition("(")[2])]
        np.testing.assert_array_equal(np.frombuffer(data, dtype).reshape(shape), decode(ds))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("npy", {"values": "hu"}),
        ("npz", {"compression": "lzw"}),
        ("raw", {"window": (1, 2)}),
        ("npy", {"frames": "some"}),
    ],
)
def test_what_is_not_written(name, options, moving_grey):
    with pytest.raises(ConversionError):
        from_dicom(moving_grey(), name, **options)
