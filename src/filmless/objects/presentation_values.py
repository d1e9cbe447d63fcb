"""Grey values and areas of images as a presentation state says them (PS3.3 C.10.4, C.11.1, C.11.6, C.11.8)."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError, ValidationError
from filmless.objects.references import ImageReference
from filmless.pixels.attributes import items, numbers, text
from filmless.pixels.decoding import decode
from filmless.pixels.description import number_of_frames
from filmless.pixels.grey import Lut, Rescale, Window, grey_transform, modality_of, presentation_of
from filmless.pixels.multi_frame import frame_group
from filmless.pixels.scaling import SPACINGS

__all__ = ["displayed_areas", "set_modality", "set_polarity", "softcopy_vois"]

Area = tuple[int, int, int, int]


def set_modality(ds: Dataset, images: Sequence[Dataset]) -> None:
    """Set how stored values become those of the modality, which is one way for all images.

    Raises
    ------
    ConversionError
        They differ in it.

    DICOM
    -----
    PS3.3 C.11.1
    """
    found = {_key(modality_of(image, frame)): (image, frame) for image, frame in _frames(images)}
    image, frame = next(iter(found.values()))
    if len(found) > 1:
        raise ConversionError(
            "the sources differ in their modality LUT or rescale, expected one that is the same for all",
            hint="make a presentation state for each image",
        )
    modality = modality_of(image, frame)
    if isinstance(modality, Rescale):
        group = frame_group(image, "PixelValueTransformationSequence", frame)
        ds.RescaleSlope, ds.RescaleIntercept = modality.slope, modality.intercept
        ds.RescaleType = text(image if group is None else group, "RescaleType") or _usual_unit(image)
    elif modality is not None:
        ds.ModalityLUTSequence = [items(image, "ModalityLUTSequence", most=1)[0].copy()]


def set_polarity(ds: Dataset, images: Sequence[Dataset], *, invert: bool) -> None:
    """Set whether small values are dark.

    Raises
    ------
    ConversionError
        The images differ in it, or have a presentation LUT.

    DICOM
    -----
    PS3.3 C.11.6
    """
    found = {presentation if isinstance(presentation, str) else "" for presentation in map(presentation_of, images)}
    if len(found) > 1 or "" in found:
        raise ConversionError("the sources differ in whether small values are dark, or have a presentation LUT")
    ds.PresentationLUTShape = "INVERSE" if ("INVERSE" in found) != invert else "IDENTITY"


def softcopy_vois(images: Sequence[Dataset], window: tuple[float, float] | Window | None) -> list[Dataset]:
    """Return the items of Softcopy VOI LUT Sequence: a window for all, or what each image is shown with by itself.

    DICOM
    -----
    PS3.3 C.11.8
    """
    if window is not None:
        shown = window if isinstance(window, Window) else Window(*window)
        return [_voi_item(shown, images[0], 0)]
    views: dict[Hashable, tuple[Dataset, list[tuple[Dataset, int]]]] = {}
    for image, frame in _frames(images):
        view = _view(image, frame)
        if view is not None:
            views.setdefault(_key(view), (_voi_item(view, image, frame), []))[1].append((image, frame))
    whole = len(views) == 1 and sum(len(frames) for _, frames in views.values()) == len(list(_frames(images)))
    if not whole:
        for item, frames in views.values():
            item.ReferencedImageSequence = list(_references(frames))
    return [item for item, _ in views.values()]


def displayed_areas(images: Sequence[Dataset], area: Area | None, *, rotation: int, flip: bool) -> list[Dataset]:
    """Return the items of Displayed Area Selection Sequence: an area of all, or all of each.

    Raises
    ------
    ValidationError
        An image has no rows and columns.

    DICOM
    -----
    PS3.3 C.10.4
    """
    found: dict[Hashable, tuple[Dataset, list[tuple[Dataset, int]]]] = {}
    for image in images:
        rows, columns = image.get("Rows"), image.get("Columns")
        if not isinstance(rows, int) or not isinstance(columns, int) or not rows or not columns:
            raise ValidationError("a source image has no Rows or Columns that can be right", tag=0x0028_0010)
        edges = (0, 0, columns, rows) if area is None else area
        keyword, spacing = _spacing(image)
        tiled = "TotalPixelMatrixColumns" in image
        key = (edges, keyword, tuple(spacing), tiled)
        if key not in found:
            first, last = _corners(edges, rotation, flip=flip)
            item = Dataset({"DisplayedAreaTopLeftHandCorner": first, "DisplayedAreaBottomRightHandCorner": last})
            item.PresentationSizeMode = "SCALE TO FIT"
            item[keyword] = spacing
            if tiled:
                item.PixelOriginInterpretation = "FRAME"
            found[key] = (item, [])
        found[key][1].append((image, 0))
    if len(found) > 1:
        for item, frames in found.values():
            item.ReferencedImageSequence = [_reference(image).item() for image, _ in frames]
    return [item for item, _ in found.values()]


def _view(image: Dataset, frame: int) -> Lut | Window | None:
    """Return what a frame is shown with by itself: its window or LUT, else all values that it has."""
    transform = grey_transform(image, frame)
    if transform.voi is not None:
        return transform.voi
    try:
        return transform.computed_window(decode(image, frame=frame))
    except DicomError:  # there are no pixels to be seen
        return None


def _corners(edges: Area, rotation: int, *, flip: bool) -> tuple[list[int], list[int]]:
    """Return column and row of the pixels that are shown in the upper left and the lower right corner."""
    left, top, right, bottom = edges[0] + 1, edges[1] + 1, edges[2], edges[3]
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    first = -(rotation // 90) % 4 + (1 if flip else 0)
    return corners[first % 4], corners[(first + 2) % 4]


def _spacing(image: Dataset) -> tuple[str, list[Any]]:
    measures = frame_group(image, "PixelMeasuresSequence", 0)
    for ds in [image] if measures is None else [measures, image]:
        for keyword in SPACINGS:
            values = numbers(ds, keyword).tolist()
            if len(values) == 2 and min(values) > 0:
                if keyword == "PixelAspectRatio":
                    return "PresentationPixelAspectRatio", [int(value) for value in values]
                return "PresentationPixelSpacing", values
    return "PresentationPixelAspectRatio", [1, 1]


def _frames(images: Sequence[Dataset]) -> Iterator[tuple[Dataset, int]]:
    """Give the frames that can say different things: of an image without functional groups the first."""
    for image in images:
        for frame in range(number_of_frames(image) if "PerFrameFunctionalGroupsSequence" in image else 1):
            yield image, frame


def _references(frames: Sequence[tuple[Dataset, int]]) -> Iterator[Dataset]:
    by_image: dict[str, tuple[Dataset, list[int]]] = {}
    for image, frame in frames:
        by_image.setdefault(str(image.SOPInstanceUID), (image, []))[1].append(frame)
    for image, own in by_image.values():
        every = "PerFrameFunctionalGroupsSequence" not in image or len(own) == number_of_frames(image)
        yield _reference(image, () if every else tuple(own)).item()


def _reference(image: Dataset, frames: tuple[int, ...] = ()) -> ImageReference:
    return ImageReference(str(image.SOPClassUID), str(image.SOPInstanceUID), frames)


def _key(value: Lut | Rescale | Window | None) -> Hashable:
    if isinstance(value, Lut):
        return value.first, value.bits, value.table.tobytes()
    return value


def _voi_item(view: Lut | Window, image: Dataset, frame: int) -> Dataset:
    if isinstance(view, Lut):
        group = frame_group(image, "FrameVOILUTSequence", frame)
        luts = items(image if group is None else group, "VOILUTSequence", most=1)
        return Dataset({"VOILUTSequence": [luts[0].copy()]})
    item = Dataset({"WindowCenter": view.center, "WindowWidth": view.width})
    if view.explanation:
        item.WindowCenterWidthExplanation = view.explanation
    if view.function != "LINEAR":
        item.VOILUTFunction = view.function
    return item


def _usual_unit(image: Dataset) -> str:
    return "HU" if text(image, "Modality") == "CT" else "US"
