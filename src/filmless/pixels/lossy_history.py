"""What a data set says of losses: which compressions its pixels went through, and from which image it was derived."""

from typing import Any

from filmless.dataset import Dataset
from filmless.file import generate_uid

__all__ = ["derive", "is_declared", "record_loss"]

_METHODS = {
    "jpeg": "ISO_10918_1",
    "jpeg-ls": "ISO_14495_1",
    "jpeg-2000": "ISO_15444_1",
    "htj2k": "ISO_15444_15",
    "jpeg-xl": "ISO_18181_1",
}
_VIDEO_METHODS = {"MPEG2": "ISO_13818_2", "MPEG4": "ISO_14496_10", "HEVCM": "ISO_23008_2"}
_LONGEST_DESCRIPTION = 1024  # ST


def is_declared(ds: Dataset) -> bool:
    """Whether the data set says that something was lost already."""
    return bool(ds.get("LossyImageCompression") == "01")


def record_loss(ds: Dataset, *, family: str, keyword: str, ratio: float) -> None:
    """Add a lossy compression to the history of an image: what was there stays, in its order.

    Parameters
    ----------
    ds
        Is changed.
    family, keyword
        How the transfer syntax codes, and its keyword.
    ratio
        Size of the uncompressed frames to that of the compressed ones.

    DICOM
    -----
    PS3.3 C.7.6.1.1.5
    """
    ratios, methods = _values(ds, "LossyImageCompressionRatio"), _values(ds, "LossyImageCompressionMethod")
    ds.LossyImageCompression = "01"
    ds.LossyImageCompressionRatio = [*ratios, float(f"{ratio:.4g}")]
    if keyword == "JPEGXLJPEGRecompression":  # what loses is the JPEG in it
        family = "jpeg"
    ds.LossyImageCompressionMethod = [*methods, _METHODS.get(family) or _VIDEO_METHODS[keyword[:5]]]


def derive(ds: Dataset, *, ratio: float, was_lossy: bool) -> None:
    """Make the data set an instance of its own, derived by lossy compression of the one it was.

    DICOM
    -----
    PS3.3 C.7.6.1.1.5, C.12.4; PS3.16 CID 7202, 7203
    """
    source = Dataset()
    for keyword in ("SOPClassUID", "SOPInstanceUID"):
        if uid := ds.get(keyword):
            source[f"Referenced{keyword}"] = uid
    if was_lossy:
        purpose = _code("121322", "Source image for image processing operation")
    else:
        purpose = _code("121320", "Uncompressed predecessor")
    source.PurposeOfReferenceCodeSequence = [purpose]
    if "ReferencedSOPInstanceUID" in source:
        ds.SourceImageSequence = [*_values(ds, "SourceImageSequence"), source]
    ds.DerivationCodeSequence = [*_values(ds, "DerivationCodeSequence"), _code("113040", "Lossy Compression")]
    method = _values(ds, "LossyImageCompressionMethod")[-1]
    described = [str(ds.get("DerivationDescription") or ""), f"lossy compression with {method}, ratio {ratio:.4g}"]
    ds.DerivationDescription = "; ".join(filter(None, described))[-_LONGEST_DESCRIPTION:]
    ds.SOPInstanceUID = generate_uid()
    _say_derived(ds, "ImageType")
    groups = [*_values(ds, "SharedFunctionalGroupsSequence"), *_values(ds, "PerFrameFunctionalGroupsSequence")]
    for group in groups:
        for element in group:
            if element.VR == "SQ" and element.keyword.endswith("FrameTypeSequence"):
                for item in element.value:
                    _say_derived(item, "FrameType")
    # They may no longer be true, and nobody asked for a search of all samples.
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
        ds.pop(keyword, None)


def _say_derived(ds: Dataset, keyword: str) -> None:
    kind = _values(ds, keyword)
    if kind and kind[0] != "DERIVED":
        setattr(ds, keyword, ["DERIVED", *kind[1:]])


def _code(value: str, meaning: str) -> Dataset:
    return Dataset({"CodeValue": value, "CodingSchemeDesignator": "DCM", "CodeMeaning": meaning})


def _values(ds: Dataset, keyword: str) -> list[Any]:
    value = ds.get(keyword)
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str | int | float) else list(value)
