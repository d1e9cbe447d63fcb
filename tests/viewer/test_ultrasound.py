"""Ultrasound is measured in the units of its regions: tissue in millimetres, traces in seconds and velocities."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from filmless import Dataset, read
from filmless.file import generate_uid
from filmless.viewer.images import describe_image
from filmless.viewer.regions import regions_of

from .conftest import snap, stored
from .test_measuring import Page as Drawing

STUDY = "1.2.826.0.1.3680043.10.77"


def region(edges: tuple[int, int, int, int], kind: int, units: tuple[int, int], deltas: tuple[float, float]) -> Dataset:
    item = Dataset({"RegionSpatialFormat": kind, "RegionDataType": 1, "RegionFlags": 0})
    names = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")
    item.update(dict(zip(names, edges, strict=True)))
    item.PhysicalUnitsXDirection, item.PhysicalUnitsYDirection = units
    item.PhysicalDeltaX, item.PhysicalDeltaY = deltas
    return item


@pytest.fixture(scope="module")
def ultrasound() -> Dataset:
    """Tissue above, a Doppler trace below, whose baseline is in its middle."""
    ds = Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1", "SOPInstanceUID": generate_uid(), "Modality": "US"})
    ds.update(
        {"StudyInstanceUID": STUDY, "SeriesInstanceUID": generate_uid(), "PatientName": "Echo", "PatientID": "U1"}
    )
    ds.update({"Rows": 128, "Columns": 128, "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2"})
    ds.update({"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0})
    doppler = region((0, 64, 127, 127), 3, (4, 7), (0.02, -1.5))
    doppler.ReferencePixelX0, doppler.ReferencePixelY0 = 0, 32
    doppler.ReferencePixelPhysicalValueX, doppler.ReferencePixelPhysicalValueY = 0.0, 0.0
    ds.SequenceOfUltrasoundRegions = [region((0, 0, 127, 63), 1, (3, 3), (0.05, 0.05)), doppler]
    rows, columns = np.mgrid[0:128, 0:128]
    ds.PixelData = np.where(rows < 64, (columns + rows) % 200, 40).astype(np.uint8).tobytes()
    ds.file_meta = Dataset({"TransferSyntaxUID": "1.2.840.10008.1.2.1"})
    return ds


def test_regions_are_told(ultrasound):
    tissue, doppler = describe_image(ultrasound)["regions"]
    assert tissue == {"edges": [0, 0, 128, 64], "units": ["cm", "cm"], "deltas": [0.05, 0.05], "isTissue": True}
    assert (doppler["units"], doppler["reference"], doppler["values"]) == (["s", "cm/s"], [0, 96], [0.0, 0.0])


@pytest.mark.parametrize(
    "changes",
    [
        {"PhysicalDeltaX": 0.0}, {"PhysicalDeltaX": None}, {"PhysicalUnitsYDirection": 1},
        {"RegionLocationMaxX1": None}, {"RegionLocationMinX0": 500},
    ],
)  # fmt: skip
def test_regions_of_no_size_are_left_out(ultrasound, changes):
    ds = Dataset({"SequenceOfUltrasoundRegions": [region((0, 0, 127, 63), 1, (3, 3), (0.05, 0.05))]})
    assert len(regions_of(ds)) == 1
    for keyword, value in changes.items():
        ds.SequenceOfUltrasoundRegions[0][keyword] = value
    assert regions_of(ds) == []


def test_a_real_cine_has_regions(corpus):
    path = corpus / "dcm4che+dcm4che/dcm4che-test-data/src/main/resources/will-jxl.dcm"
    assert any(one["units"] == ["cm", "cm"] and one["isTissue"] for one in regions_of(read(path)))


class Echo(Drawing):
    def __init__(self, viewer: Any) -> None:
        self.viewer, self.page = viewer, viewer.open(f"/view/{STUDY}")
        self.find_image()


def test_lines_are_measured_in_the_units_of_their_region(serve, open_viewer, tmp_path: Path, ultrasound):
    viewer = open_viewer(serve([stored(tmp_path, "us", ultrasound)]), width=1600)
    echo = Echo(viewer)
    echo.page.get_by_role("button", name="Measurements", exact=True).click()
    echo.find_image()
    for number, line in enumerate([((20, 10), (60, 40)), ((20, 80), (70, 100)), ((20, 40), (20, 100))], 1):
        echo.key("l")
        echo.drag(*line)
        echo.items(number)
        echo.key("Escape")
    echo.key("d")
    echo.drag((40, 76.5), (40, 76.5))
    tissue, trace, across, velocity = map(echo.values, echo.items(4))
    assert tissue == {"Length": (pytest.approx(25, abs=0.3), "mm")}
    assert trace["Time"] == (pytest.approx(1.0, abs=0.02), "s")
    assert trace["Velocity"] == (pytest.approx(30, abs=1), "cm/s")
    assert across == {"Length": (pytest.approx(60, abs=0.5), "px")}
    assert velocity["Velocity"] == (pytest.approx(30, abs=1), "cm/s")
    snap(echo.page, "ultrasound")
    echo.key("Control+s")
    echo.page.get_by_text(re.compile("Saved 4 measurements")).wait_for()
    study = f"{viewer.root}/viewer/studies/{STUDY}/measurements"
    (report,) = echo.page.request.get(study).json()["reports"]
    told = [[(value["name"]["meaning"], value["unit"]) for value in one["values"]] for one in report["measurements"]]
    assert told == [
        [("Length", "mm")], [("Time", "s"), ("Velocity", "cm/s")], [("Length", "{pixels}")], [("Velocity", "cm/s")],
    ]  # fmt: skip
