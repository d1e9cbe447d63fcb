"""Presentation states as plain data, for programs that draw them themselves (PS3.3 A.33, C.10, C.11)."""

from dataclasses import dataclass
from typing import Any

from filmless.dataset import Dataset, Finding
from filmless.objects.references import ImageReference, references_in
from filmless.pixels.annotations import Graphic, Label, Layer, annotations_of
from filmless.pixels.attributes import integer, items, numbers, text
from filmless.pixels.displayed_area import edges_of
from filmless.pixels.grey import Lut, Presentation, Rescale, Window, can_be_negative, voi_views
from filmless.pixels.overlays import GROUPS
from filmless.pixels.presentation_state import PresentationState
from filmless.pixels.scaling import pixel_height
from filmless.pixels.shutters import Shapes, shapes_of

__all__ = ["Annotation", "DisplayedArea", "Presented", "Voi", "read_annotations", "read_presentation_state"]

_MOST_WORK = 1 << 20  # points and characters, as for drawing


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """A graphic or text object, and the images that it is drawn on.

    Attributes
    ----------
    item
        What is drawn: `Graphic` or `Label`, whose ``layer`` is the name of a layer. In units of PIXEL points are
        column and row from 0, 0, the upper left corner of the image; in DISPLAY fractions of the displayed area.
    images
        Where; all that the state is for, when there are none.
    """

    item: Graphic | Label
    images: tuple[ImageReference, ...] = ()


@dataclass(frozen=True, slots=True)
class DisplayedArea:
    """What of images is shown.

    Attributes
    ----------
    images
        Which; all that the state is for, when there are none.
    edges
        Left, top, right, bottom in pixels of the image, whose own edges are 0, 0, columns and rows; None for all.
    size_mode
        SCALE TO FIT, TRUE SIZE or MAGNIFY.
    pixel_height
        How high a pixel is when it is 1 wide.
    magnification
        Pixels of the display to one of the image, for MAGNIFY.
    spacing_mm
        Between the centres of rows, and of columns, for TRUE SIZE.
    """

    images: tuple[ImageReference, ...]
    edges: tuple[int, int, int, int] | None
    size_mode: str
    pixel_height: float
    magnification: float | None
    spacing_mm: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Voi:
    """Windows and LUTs of images; of all that the state is for, when no image is named."""

    images: tuple[ImageReference, ...]
    views: tuple[Lut | Window, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Presented:
    """All that a presentation state says, as data.

    Attributes
    ----------
    kind
        GRAYSCALE, COLOR or PSEUDO-COLOR.
    label, description, creator
        Its name, more about it, and who made it.
    images
        What it is for.
    modality, vois, presentation
        How stored values become grey: rescale or LUT, windows and LUTs, IDENTITY, INVERSE or a LUT.
    rotation, flipped
        How far it is turned clockwise, in degrees, and whether left and right are swapped then.
    areas
        What of the images is shown.
    shutter
        What covers the rest of the picture.
    layers, annotations
        What is drawn, the layers from the lowest.
    overlay_groups
        Groups of the overlays of the image that are shown.
    findings
        What of it cannot be drawn.
    """

    kind: str
    label: str
    description: str
    creator: str
    images: tuple[ImageReference, ...]
    modality: Lut | Rescale | None
    vois: tuple[Voi, ...]
    presentation: Presentation
    rotation: int
    flipped: bool
    areas: tuple[DisplayedArea, ...]
    shutter: Shapes | None
    layers: tuple[Layer, ...]
    annotations: tuple[Annotation, ...]
    overlay_groups: tuple[int, ...]
    findings: tuple[Finding, ...]


def read_presentation_state(ds: Dataset, *, image: Dataset | None = None) -> Presented:
    """Read a presentation state as plain data.

    Parameters
    ----------
    ds
        A grayscale, color or pseudo-color softcopy presentation state.
    image
        One of the images: its LUTs are for signed values, when its own are.

    Returns
    -------
    Presented
        `filmless.objects.references.as_plain` makes JSON's data of it.

    Raises
    ------
    TypeError
        It is no data set.
    UnsupportedError
        It is of another kind.
    ValueError
        It is no presentation state.
    PixelError
        A LUT is shorter than it says.
    LimitError
        A shutter has too many vertices.

    DICOM
    -----
    PS3.3 A.33, C.10, C.11

    Examples
    --------
    >>> from filmless import read
    >>> from filmless.objects import presentation_state
    >>> state = presentation_state([], source=read("slice.dcm"), window=(40, 400), rotation=90)
    >>> shown = read_presentation_state(state)
    >>> shown.vois[0].views[0].width, shown.rotation, shown.areas[0].edges
    (400.0, 90, (0, 0, 128, 128))
    """
    state = PresentationState.of(ds)
    modality = state.modality(Dataset() if image is None else image)
    signed = can_be_negative(modality, Dataset() if image is None else image)
    series = items(ds, "ReferencedSeriesSequence")
    return Presented(
        state.kind,
        state.label,
        state.description,
        text(ds, "ContentCreatorName").partition("=")[0].replace("^", " ").strip(),
        tuple(one for item in series for one in references_in(items(item, "ReferencedImageSequence"))),
        modality,
        tuple(
            Voi(_images(item), tuple(voi_views(item, signed=signed))) for item in items(ds, "SoftcopyVOILUTSequence")
        ),
        state.presentation(),
        integer(ds, "ImageRotation", absent=0) // 90 % 4 * 90,
        text(ds, "ImageHorizontalFlip") == "Y",
        tuple(map(_area, items(ds, "DisplayedAreaSelectionSequence"))),
        shapes_of(ds),
        state.layers,
        read_annotations(ds),
        tuple(group for group in GROUPS if text(ds, group << 16 | 0x1001)),
        state.findings,
    )


def read_annotations(ds: Dataset) -> tuple[Annotation, ...]:
    """Read what is drawn, in the order of the items; what cannot be drawn is left out, and all beyond a million points.

    Parameters
    ----------
    ds
        A presentation state.

    DICOM
    -----
    PS3.3 C.10.5
    """
    found: list[Annotation] = []
    work = 0
    for item in items(ds, "GraphicAnnotationSequence"):
        images = _images(item)
        for one in annotations_of([item], []):
            work += 16 + (len(one.points) if isinstance(one, Graphic) else len(one.text))
            if work > _MOST_WORK:
                return tuple(found)
            found.append(Annotation(one, images))
    return tuple(found)


def _images(item: Dataset) -> tuple[ImageReference, ...]:
    return references_in(items(item, "ReferencedImageSequence"))


def _area(item: Dataset) -> DisplayedArea:
    ratio: list[Any] = numbers(item, "PresentationPixelMagnificationRatio").tolist()
    spacing: list[Any] = numbers(item, "PresentationPixelSpacing").tolist()
    return DisplayedArea(
        _images(item),
        edges_of(item),
        text(item, "PresentationSizeMode"),
        pixel_height(item, ("PresentationPixelSpacing", "PresentationPixelAspectRatio")),
        ratio[0] if ratio and ratio[0] > 0 else None,
        (spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None,
    )
