"""What a viewer is told of an image, for JSON."""

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
