"""Sources to segment."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import filmless
from filmless import UID, Dataset
from filmless.series import sort_slices

HIGHDICOM = "ImagingDataCommons+highdicom/data/test_files"


@pytest.fixture
def ct(pydicom_files: list[Path]) -> list[Dataset]:
    """The four slices of a real CT series, 16 by 16 pixels, from the feet to the head."""
    return sort_slices([filmless.read(path) for path in pydicom_files if path.parent.name == "CT2"])


@pytest.fixture
def enhanced(corpus: Path) -> Dataset:
    """A real enhanced MR image of 6 frames of 64 by 64 pixels."""
    return filmless.read(corpus / "neurolabusc+dcm_qa_enh/In/Siemens/XA10/6_1.dcm")


@pytest.fixture
def slide(corpus: Path) -> Dataset:
    """A slide of 25 tiles of 10 by 10 pixels."""
    return filmless.read(corpus / HIGHDICOM / "sm_image_control.dcm")


@pytest.fixture
def radiograph(corpus: Path) -> Dataset:
    """An image without a place in space."""
    return filmless.read(corpus / HIGHDICOM / "dx_image.dcm")


@pytest.fixture(scope="session")
def make_slice() -> Callable[..., Dataset]:
    """Make an axial slice of 8 rows and 10 columns, 2 by 3 mm apart, with the pixels that it needs."""

    def make(z: float = 0.0, **changes: object) -> Dataset:
        values: dict[str, object] = {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
            "SOPInstanceUID": UID(f"1.2.3.{round(z * 1000) + 10**6}"),
            "StudyInstanceUID": "1.2.3",
            "SeriesInstanceUID": "1.2.4",
            "FrameOfReferenceUID": "1.2.5",
            "Rows": 8,
            "Columns": 10,
            "BitsAllocated": 8,
            "PhotometricInterpretation": "MONOCHROME2",
            "SamplesPerPixel": 1,
            "ImagePositionPatient": [0.0, 0.0, z],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "PixelSpacing": [2.0, 3.0],
            "SliceThickness": 5.0,
        }
        values |= changes
        ds = Dataset({key: value for key, value in values.items() if value is not None})
        ds.add_new("PixelData", "OB", bytes(np.zeros(ds.Rows * ds.Columns, dtype=np.uint8)))
        return ds

    return make
