"""An image in space, to change."""

from collections.abc import Callable

import pytest

from filmless import Dataset

OBLIQUE = [0.9541666, -0.2080757, 0.2151061, 0.2785886, 0.880128, -0.3843997]  # of rt-utils' sample


@pytest.fixture(scope="session")
def image() -> Callable[..., Dataset]:
    """Make an oblique image of 4 rows and 6 columns; keywords change or, with None, remove its attributes."""

    def make(**changes: object) -> Dataset:
        values: dict[str, object] = {
            "Rows": 4,
            "Columns": 6,
            "ImagePositionPatient": [10.0, -20.0, 30.0],
            "ImageOrientationPatient": OBLIQUE,
            "PixelSpacing": [3.5, 2.5],
            "FrameOfReferenceUID": "1.2.3",
        }
        return Dataset({key: value for key, value in (values | changes).items() if value is not None})

    return make
