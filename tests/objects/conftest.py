"""Sources to segment and to measure."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import filmless
from filmless import UID, Dataset
from filmless.objects import Code, Measurement
from filmless.objects.measurement import Value
from filmless.objects.references import ImageReference
from filmless.series import sort_slices

HIGHDICOM = "ImagingDataCommons+highdicom/data/test_files"

MASS = Code("4147007", "SCT", "Mass")
LIVER = Code("10200004", "SCT", "Liver")
BOX = ((2.0, 2.0), (9.0, 2.0), (9.0, 6.0), (2.0, 6.0))
AREA = (Value.of("area", 28, "mm2"),)
STATISTICS = (
    *AREA,
    Value.of("mean", 1 / 3, "[hnsf'U]"),
    Value.of("standard_deviation", 3.25, "[hnsf'U]"),
    Value.of("minimum", -41.5, "[hnsf'U]"),
    Value.of("maximum", 1e-20 / 3, "[hnsf'U]"),
)
AXES = (Value.of("long_axis", 5, "mm"), Value.of("short_axis", 3, "mm"))


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


def _reference(image: Dataset, frame: int | None = None) -> ImageReference:
    """Point to an image."""
    return ImageReference(str(image.SOPClassUID), str(image.SOPInstanceUID), () if frame is None else (frame,))


def _on_image(on: ImageReference) -> list[Measurement]:
    """Return a measurement of each kind in an image of at least 10 by 8 pixels, with values and without."""
    ellipse = ((1.5, 4.0), (9.5, 4.0), (5.5, 2.0), (5.5, 6.0))
    cross = ((1, 1), (9, 7), (4, 5), (6, 3))
    return [
        Measurement(
            "length",
            ((1, 1), (9.1, 7)),
            image=on,
            values=(Value.of("length", 1 / 3, "mm"),),
            label="größe",
            finding=MASS,
            finding_site=LIVER,
            colour=(255, 128, 0),
        ),
        Measurement("length", ((1, 1), (9.1, 7)), image=on),
        Measurement("bidirectional", cross, image=on, values=AXES),
        Measurement("bidirectional", cross, image=on, values=AXES[::-1]),
        Measurement("bidirectional", cross, image=on, values=AXES[:1]),
        Measurement("angle", cross[:3], image=on, values=(Value.of("angle", 50, "deg"),)),
        Measurement("cobb_angle", cross, image=on, values=(Value.of("cobb_angle", 50, "deg"),)),
        Measurement("ellipse", ellipse, image=on, values=STATISTICS),
        Measurement("rectangle", BOX, image=on, values=STATISTICS),
        Measurement("freehand", BOX, image=on, values=(Value.of("length", 18, "mm"),)),
        Measurement("freehand", (*BOX, BOX[0]), image=on, values=AREA),
        Measurement("probe", ((4.5, 5.5),), image=on, values=(Value.of("value", 12, "{SUVbw}g/ml"),)),
        Measurement("probe", ((4.5, 5.5),), image=on),
        Measurement("arrow", ((5, 5), (1, 1)), image=on, label="here"),
        Measurement("text", ((2, 2),), image=on, label="two\nlines \\ here", tracking_uid="1.2.840.9.1"),
    ]


def _in_space(frame_of_reference_uid: str) -> list[Measurement]:
    """Return measurements of planes that are no image's."""
    box = tuple((x, y, 0.5 * x) for x, y in BOX)
    return [
        Measurement("length", ((1, 2, -3.5), (4, 5, 6)), frame_of_reference_uid=frame_of_reference_uid, values=AXES),
        Measurement("freehand", (*box, box[0]), frame_of_reference_uid=frame_of_reference_uid, values=AREA),
        Measurement("freehand", box, frame_of_reference_uid=frame_of_reference_uid),
        Measurement("rectangle", box, frame_of_reference_uid=frame_of_reference_uid, values=AREA),
        Measurement(
            "ellipse",
            ((0, 0, 0), (8, 0, 0), (4, 2, 0), (4, -2, 0)),
            frame_of_reference_uid=frame_of_reference_uid,
            values=STATISTICS,
        ),
        Measurement("probe", ((1, 2, 3),), frame_of_reference_uid=frame_of_reference_uid),
    ]


@pytest.fixture(scope="session")
def on_image() -> Callable[..., list[Measurement]]:
    """Make a measurement of each kind on an image, or a frame of it from 0."""
    return lambda image, frame=None: _on_image(_reference(image, frame))


@pytest.fixture(scope="session")
def in_space() -> Callable[[str], list[Measurement]]:
    """Make measurements in a frame of reference."""
    return _in_space


@pytest.fixture(scope="session")
def verified(peer: Callable[[str], str]) -> Callable[[Dataset, Path], list[str]]:
    """Write a data set and return the errors that dciodvfy finds in it."""

    def verify(ds: Dataset, path: Path) -> list[str]:
        ds.save_as(path)
        done = subprocess.run([peer("dciodvfy"), path], capture_output=True, text=True, check=False)
        lines = (done.stderr + done.stdout).splitlines()
        assert len(lines) > 0
        return [line for line in lines if line.startswith("Error")]

    return verify
