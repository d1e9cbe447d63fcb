"""The modules of a segmentation that are about all of it (PS3.3 A.51)."""

from collections.abc import Sequence

from filmless.dataset import Dataset
from filmless.objects.derived_header import derived_header, referenced_series, take_over
from filmless.objects.segment import Segment, segment_item
from filmless.objects.source_frames import SourceFrames

__all__ = ["common_modules"]

# Multi-frame tiles, Microscope Slide Layer Tile Organization, Specimen: PS3.3 C.8.12.14, C.7.6.22.
_SLIDE = (
    *("TotalPixelMatrixColumns", "TotalPixelMatrixRows", "TotalPixelMatrixOriginSequence", "ImageOrientationSlide"),
    *("TotalPixelMatrixFocalPlanes", "ContainerIdentifier", "IssuerOfTheContainerIdentifierSequence"),
    *("ContainerTypeCodeSequence", "SpecimenDescriptionSequence"),
)


def common_modules(source: SourceFrames, segments: Sequence[Segment], *, sop_class: str) -> Dataset:
    """Make the data set of a segmentation, without what depends on its pixels.

    DICOM
    -----
    PS3.3 A.51.3, C.7.1 to C.7.5, C.8.20, C.12.1, C.12.2
    """
    first = source.images[0]
    ds = derived_header(first, sop_class=sop_class, modality="SEG")
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = "SEGMENTATION", "", ""
    take_over(ds, first, ("BodyPartExamined", "Laterality"))
    ds.ReferencedSeriesSequence = list(referenced_series(source.images))
    ds.SegmentSequence = [segment_item(segment, int(segment.number or 0)) for segment in segments]
    _lossy(ds, source)
    _place(ds, source)
    return ds


def _lossy(ds: Dataset, source: SourceFrames) -> None:
    """Say what lossy compression the source has been through: PS3.3 C.8.20.2.2."""
    lossy = [image for image in source.images if image.get("LossyImageCompression") == "01"]
    ds.LossyImageCompression = "01" if lossy else "00"
    if lossy:
        take_over(ds, lossy[0], ("LossyImageCompressionRatio", "LossyImageCompressionMethod"))


def _place(ds: Dataset, source: SourceFrames) -> None:
    """Frame of Reference Module, and the orientation in words where there is none in numbers."""
    first = source.images[0]
    if source.geometry is not None:
        ds.FrameOfReferenceUID = source.geometry.frame_of_reference_uid
        ds.PositionReferenceIndicator = ""
        take_over(ds, first, ("PositionReferenceIndicator",))
    if source.geometry is None or source.tile_positions is not None:
        ds.PatientOrientation = ""
        take_over(ds, first, ("PatientOrientation",))
    if source.tile_positions is None:
        return
    ds.DimensionOrganizationType = "TILED_SPARSE"
    take_over(ds, first, _SLIDE)
