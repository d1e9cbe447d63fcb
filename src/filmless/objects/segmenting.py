"""Segmentations from masks and the images that they were drawn on."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import ConversionError
from filmless.objects.derived_header import set_header
from filmless.objects.mask_planes import MaskPlanes
from filmless.objects.segment import BACKGROUND, Segment, segment_item, segments_of
from filmless.objects.segment_colours import PALETTE
from filmless.objects.segmentation_groups import set_frames
from filmless.objects.segmentation_header import common_modules
from filmless.objects.source_frames import SourceFrames
from filmless.pixels.colour import srgb_profile
from filmless.pixels.transcoding import transcode

__all__ = ["segmentation"]

_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
_LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
_MAXIMUM = 255
_MOST_BYTES = 0xFFFF_FFFE  # of a native value
_KINDS = ("BINARY", "FRACTIONAL", "LABELMAP")

Kind = Literal["BINARY", "FRACTIONAL", "LABELMAP"]


def segmentation(
    array: NDArray[Any],
    *,
    source: Dataset | Sequence[Dataset],
    segments: Sequence[Segment | str],
    kind: Kind = "BINARY",
    fractional_type: Literal["PROBABILITY", "OCCUPANCY"] = "PROBABILITY",
    omit_empty: bool = True,
    palette: bool = False,
    transfer_syntax: str | None = None,
    header: Mapping[str, Any] | None = None,
) -> Dataset:
    """Make a segmentation from masks.

    Parameters
    ----------
    array
        Masks in the rows and columns of the source, in the order of its frames: of shape (frames, rows, columns), or
        (rows, columns) for one frame. Bool, or float from 0 to 1, for one segment; whole numbers for a label map,
        in which a pixel is the number of its segment and 0 of none. Or of shape (frames, rows, columns, segments):
        bool, 0 and 1, or float, in which segments may overlap.
    source
        What the masks were drawn on: one image, of one or several frames, or a list of images of one frame each, in
        the order of the array (`filmless.series.sort_slices` puts slices in theirs).
    segments
        What the segments show; a text is the label of one. Their numbers are 1, 2, ...
    kind
        ``"BINARY"``: a bit for each pixel. ``"FRACTIONAL"``: steps of 1/255. ``"LABELMAP"``: a number for each
        pixel, which newer programs read; its segments can have numbers of their own.
    fractional_type
        What a fraction is: the probability, or how much of the pixel is occupied.
    omit_empty
        Leave frames out in which there is nothing, as long as one is left.
    palette
        Let a label map be shown in its segments' colours (PALETTE COLOR) by programs that know no segmentations.
    transfer_syntax
        Compress it, losslessly: its UID or name. By default it is uncompressed.
    header
        More values by keyword: ``SeriesDescription``, ``ContentLabel``, ``ContentCreatorName``, ``Manufacturer``, ...

    Returns
    -------
    Dataset
        A segmentation of its own series, in the patient and study of the source.

    Raises
    ------
    TypeError
        The sources are no data sets, or the segments something else.
    ValueError
        The array, the segments or the sources do not fit each other, or a value given does not.
    ValidationError
        A source image has not what a segmentation points to.
    GeometryError
        A source image has fewer functional groups than frames.
    UnsupportedError, CodecError
        The transfer syntax does not hold it.
    ConversionError
        Uncompressed, the masks are longer than a value can be.

    DICOM
    -----
    PS3.3 A.51, C.8.20

    Examples
    --------
    >>> from filmless import pixels, read
    >>> ct = read("slice.dcm")
    >>> bone = pixels.to_modality(ct, ct.pixel_array) > 200
    >>> seg = segmentation(bone, source=ct, segments=["bone"])
    >>> seg.SegmentSequence[0].SegmentLabel, seg.NumberOfFrames
    ('bone', 1)
    >>> bool((seg.pixel_array == bone).all())
    True
    """
    if kind not in _KINDS:
        raise ValueError(f"`kind` is one of {', '.join(_KINDS)}")
    if fractional_type not in ("PROBABILITY", "OCCUPANCY"):
        raise ValueError("`fractional_type` is PROBABILITY or OCCUPANCY")
    if palette and kind != "LABELMAP":
        raise ValueError("`palette` is for segmentations of kind LABELMAP")
    row = None if transfer_syntax is None else _core.transfer_syntax(transfer_syntax)
    if row is not None and not row["lossless"]:
        raise ValueError("`transfer_syntax` loses something, which a mask cannot")
    described = segments_of(segments, kind)
    numbers = [int(segment.number or 0) for segment in described]
    frames = SourceFrames.of(source)
    masks = MaskPlanes.of(np.asarray(array), numbers, fractional=kind == "FRACTIONAL")
    expected = (frames.count, frames.rows, frames.columns)
    if masks.shape != expected:
        raise ValueError(f"the array has (frames, rows, columns) {masks.shape}, the source has {expected}")
    ds = common_modules(frames, described, sop_class=_LABEL_MAP if kind == "LABELMAP" else _SEGMENTATION)
    ds.SegmentationType = kind
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PixelRepresentation = frames.rows, frames.columns, 1, 0
    ds.PhotometricInterpretation = "MONOCHROME2"
    if kind == "LABELMAP":
        _label_map(ds, frames, masks, described, omit_empty=omit_empty, palette=palette)
    else:
        if kind == "FRACTIONAL":
            ds.SegmentationFractionalType, ds.MaximumFractionalValue = fractional_type, _MAXIMUM
        ds.SegmentsOverlap = "YES" if masks.overlap else "NO"
        _bit_planes(ds, frames, masks, omit_empty=omit_empty)
    set_header(ds, header or {})
    return ds if transfer_syntax is None else transcode(ds, transfer_syntax)


def _bit_planes(ds: Dataset, frames: SourceFrames, masks: MaskPlanes, *, omit_empty: bool) -> None:
    """Store a frame for each segment and each frame of the source."""
    wanted = masks.present if omit_empty and masks.present.any() else np.ones_like(masks.present)
    kept = [(int(frame), int(segment)) for segment, frame in np.argwhere(wanted.T)]
    bits = 1 if ds.SegmentationType == "BINARY" else 8
    _check_length(len(kept) * frames.rows * frames.columns * bits // 8)
    set_frames(ds, frames, [frame for frame, _ in kept], [masks.numbers[segment] for _, segment in kept])
    _store(ds, masks.bits(kept) if bits == 1 else masks.fractions(kept, _MAXIMUM), bits)


def _label_map(
    ds: Dataset,
    frames: SourceFrames,
    masks: MaskPlanes,
    segments: Sequence[Segment],
    *,
    omit_empty: bool,
    palette: bool,
) -> None:
    """Store a frame of numbers for each frame of the source.

    Every value in the pixels has to be described, the background's too (PS3.3 C.8.20.2.3).
    """
    any_segment = masks.present.any(axis=1)
    wanted = any_segment if omit_empty and any_segment.any() else np.ones_like(any_segment)
    kept = [int(frame) for frame in np.flatnonzero(wanted)]
    bits = 8 if max(masks.numbers) < 256 else 16
    _check_length(len(kept) * frames.rows * frames.columns * bits // 8)
    ds.SegmentSequence = [
        segment_item(BACKGROUND, 0),
        *(segment_item(segment, int(segment.number or 0), with_colour=not palette) for segment in segments),
    ]
    ds.SegmentsOverlap = "NO"
    ds.PixelPaddingValue = 0
    if palette:
        _palette(ds, segments)
    set_frames(ds, frames, kept, None)
    _store(ds, b"".join(masks.label_maps(kept, np.dtype(f"<u{bits // 8}"))), bits)


def _palette(ds: Dataset, segments: Sequence[Segment]) -> None:
    """Set the Palette Color Lookup Table and ICC Profile Modules: PS3.3 C.7.9, C.11.15."""
    last = max(int(segment.number or 0) for segment in segments)
    table = np.zeros((last + 1 + (last + 1) % 2, 3), dtype=np.uint8)  # whole words
    for place, segment in enumerate(segments):
        table[int(segment.number or 0)] = segment.colour or PALETTE[place % len(PALETTE)]
    entries = len(table) if len(table) < 0x10000 else 0  # 0 stands for 65536
    ds.PhotometricInterpretation = "PALETTE COLOR"
    for name, values in zip(("Red", "Green", "Blue"), table.T, strict=True):
        ds[f"{name}PaletteColorLookupTableDescriptor"] = [entries, 0, 8]
        ds.add_new(f"{name}PaletteColorLookupTableData", "OW", values.tobytes())
    profile = srgb_profile()
    ds.ICCProfile = profile + b"\0" * (len(profile) % 2)


def _store(ds: Dataset, data: bytes, bits: int) -> None:
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    ds.add_new("PixelData", "OW" if bits == 16 else "OB", data + b"\0" * (len(data) % 2))


def _check_length(length: int) -> None:
    if length > _MOST_BYTES:
        raise ConversionError(f"{length} bytes of masks are too many, expected at most {_MOST_BYTES}")
