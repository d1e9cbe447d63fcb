"""What lies over other images is a picture by itself, too."""

from pathlib import Path

import numpy as np
import pydicom.data
import pytest

from filmless.archive import Archive
from filmless.file import encode, read
from filmless.objects import Segment, segmentation
from filmless.viewer.samples import samples_of
from filmless.viewer.series import describe_series

FILES = Path(pydicom.data.__file__).parent / "test_files"


def described(archive: Archive, data: object) -> tuple[dict, np.ndarray]:
    """What a viewer is told of an instance, and its first frame."""
    stored = archive.store(data)
    [entry] = archive.entries(stored.study_uid, stored.series_uid)
    [found] = describe_series(archive, [entry])
    return found, samples_of(archive, entry, 0)


@pytest.fixture
def archive(tmp_path: Path):
    with Archive(tmp_path / "archive") as archive:
        yield archive


def test_a_segmentation_is_its_masks(archive: Archive) -> None:
    ct = read(FILES / "CT_small.dcm")
    planes = np.zeros((1, ct.Rows, ct.Columns, 1), dtype=bool)
    planes[0, 10:20, 30:60, 0] = True
    found, samples = described(archive, encode(segmentation(planes, source=ct, segments=[Segment("liver")])))
    assert (found["kind"], found["image"]["source"], len(found["image"]["frames"])) == ("segmentation", "samples", 1)
    np.testing.assert_array_equal(samples, planes[0, :, :, 0])


def test_a_dose_is_its_values_in_gray(archive: Archive) -> None:
    found, samples = described(archive, FILES / "rtdose.dcm")
    assert found["kind"] == "dose"
    assert len(found["image"]["frames"]) == 15
    ds = read(FILES / "rtdose.dcm")
    stored = np.frombuffer(ds.PixelData, "<u4")[: ds.Rows * ds.Columns].reshape(ds.Rows, ds.Columns)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, stored * float(ds.DoseGridScaling), rtol=1e-6)
