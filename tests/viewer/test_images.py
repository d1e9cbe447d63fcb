"""What a viewer is told of an image, for JSON."""

import pytest

from filmless import Dataset
from filmless.viewer.images import describe_image


def image(positions: list[list[float] | None]) -> Dataset:
    """An enhanced image with a place for some of its frames."""
    ds = Dataset({"Rows": 4, "Columns": 5, "NumberOfFrames": len(positions), "Modality": "CT"})
    ds.update({"SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2", "PixelRepresentation": 0})
    ds.update({"BitsAllocated": 16, "BitsStored": 12, "HighBit": 11, "PixelData": bytes(40 * len(positions))})
    ds.SharedFunctionalGroupsSequence = [
        Dataset({"PixelMeasuresSequence": [Dataset({"PixelSpacing": [0.5, 0.25]})]}),
    ]
    ds.PerFrameFunctionalGroupsSequence = [
        Dataset({"PlanePositionSequence": [Dataset({"ImagePositionPatient": one})] if one else []}) for one in positions
    ]
    ds.file_meta = Dataset({"TransferSyntaxUID": "1.2.840.10008.1.2.1"})
    return ds


def test_a_frame_without_a_place_does_not_get_that_of_the_one_before():
    frames = describe_image(image([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], None, [0.0, 0.0, 2.0]]))["frames"]
    assert [one.get("position", "as before") for one in frames] == [[0, 0, 1], "as before", None, [0, 0, 2]]
    assert [one.get("spacing", "as before") for one in frames] == [[0.5, 0.25], *["as before"] * 3]


@pytest.mark.parametrize(
    ("more", "is_fractional"),
    [
        ({}, None),
        ({"RescaleSlope": 2, "RescaleIntercept": -1024}, None),
        ({"RescaleSlope": 0.5, "RescaleIntercept": 0}, True),
        ({"RescaleSlope": 1, "RescaleIntercept": 0.5}, True),
        ({"DoseGridScaling": 0.001}, True),
        ({"FloatPixelData": bytes(80), "BitsAllocated": 32}, True),
    ],
)
def test_it_is_said_when_values_lie_between_whole_numbers(more, is_fractional):
    ds = Dataset({"Rows": 4, "Columns": 5, "Modality": "MR", "SamplesPerPixel": 1, "PixelRepresentation": 0})
    ds.update({"PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11})
    if "FloatPixelData" not in more:
        ds.PixelData = bytes(40)
    ds.update(more)
    ds.file_meta = Dataset({"TransferSyntaxUID": "1.2.840.10008.1.2.1"})
    found = describe_image(ds)
    assert found.get("isFractional") is is_fractional
    assert found.get("doseGridScaling") == more.get("DoseGridScaling")


def test_the_rescale_of_any_frame_counts():
    ds = image([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]])
    for group, slope in zip(ds.PerFrameFunctionalGroupsSequence, (1, 0.25), strict=True):
        group.PixelValueTransformationSequence = [Dataset({"RescaleSlope": slope, "RescaleIntercept": 0})]
    assert describe_image(ds)["isFractional"] is True


def test_pixels_without_a_size_have_none():
    ds = image([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]])
    ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing = [0, 0]
    ds.ImagerPixelSpacing, ds.PixelAspectRatio = [0.2, 0], [4, 3]
    found = describe_image(ds)
    assert "spacing" not in found["frames"][0]
    assert "imagerPixelSpacing" not in found
    assert found["pixelAspectRatio"] == [4, 3]


def test_what_lies_on_a_slide_is_in_no_patient():
    ds = image([[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]])
    assert "isSlide" not in describe_image(ds)
    ds.ImageOrientationSlide = [0, -1, 0, -1, 0, 0]
    found = describe_image(ds)
    assert found["isSlide"] is True
