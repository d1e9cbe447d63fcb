"""Softcopy presentation states: how somebody wanted an image to be shown (PS3.3 A.33, C.10, C.11; PS3.4 N)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset, Finding
from filmless.errors import UnsupportedError
from filmless.pixels import shutters
from filmless.pixels.annotations import Graphic, Label, Layer, annotations_of, layers_of
from filmless.pixels.attributes import integer, items, numbers, text
from filmless.pixels.description import PixelDescription
from filmless.pixels.displayed_area import Size, View, tile_offset, view_of
from filmless.pixels.drawing import Effort, draw_annotations
from filmless.pixels.grey import GreyTransform, Presentation, Rescale, can_be_negative, full_window, voi_views
from filmless.pixels.lut import Lut, lut_of
from filmless.pixels.overlays import GROUPS, Overlay, draw, overlays_by_group

if TYPE_CHECKING:
    from filmless.pixels.palette import Palette

__all__ = ["PresentationState"]

_KINDS = {
    "1.2.840.10008.5.1.4.1.1.11.1": "GRAYSCALE",
    "1.2.840.10008.5.1.4.1.1.11.2": "COLOR",
    "1.2.840.10008.5.1.4.1.1.11.3": "PSEUDO-COLOR",
    "1.2.840.10008.5.1.4.1.1.11.5": "GRAYSCALE",  # of X-ray angiography: what it has more is its mask
}
_FAMILY = "1.2.840.10008.5.1.4.1.1.11."  # blending, volumetric, variable modality LUT
_ACTIVATION_LAYER = 0x1001  # of an overlay's group


@dataclass(frozen=True, slots=True, eq=False)
class PresentationState:
    """A softcopy presentation state: grey values or palette, shutter, displayed area, rotation, annotations.

    Attributes
    ----------
    ds
        The data set.
    kind
        GRAYSCALE, COLOR or PSEUDO-COLOR.
    layers
        The graphic layers, the lowest first.
    findings
        What of it is not applied.

    Notes
    -----
    All that an image says of its presentation is replaced, also by nothing: without a Modality LUT in the state there
    is none, whatever the image has; so with windows, shutters, overlays and the inversion of MONOCHROME1 (PS3.4 N.2).

    DICOM
    -----
    PS3.3 A.33; PS3.4 N

    Examples
    --------
    >>> from filmless import Dataset
    >>> state = PresentationState.of(Dataset({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.11.1", "ContentLabel": "LUNG"}))
    >>> state.kind, state.label
    ('GRAYSCALE', 'LUNG')
    """

    ds: Dataset
    kind: str
    layers: tuple[Layer, ...]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, ds: Dataset) -> Self:
        """Take a data set as a presentation state.

        Parameters
        ----------
        ds
            A grayscale, color or pseudo-color softcopy presentation state.

        Raises
        ------
        UnsupportedError
            It is of another kind: blending, volumetric, of variable modality LUTs.
        ValueError
            It is no presentation state.
        TypeError
            It is no data set.
        """
        if not isinstance(ds, Dataset):
            raise TypeError(f"a presentation state is a Dataset, and a {type(ds).__name__} was given")
        uid = text(ds, "SOPClassUID")
        if uid not in _KINDS:
            if uid.startswith(_FAMILY):
                name = getattr(ds.SOPClassUID, "name", uid)
                raise UnsupportedError(f"{name} cannot be applied", feature="presentation state", uid=uid)
            raise ValueError("the data set is no softcopy presentation state")
        findings: list[Finding] = []
        if "MaskSubtractionSequence" in ds or "MaskPointerSequence" in ds:
            findings.append(Finding("mask", 0x0028_6100, 0, "mask subtraction is not applied"))
        annotations_of(items(ds, "GraphicAnnotationSequence"), findings)
        return cls(ds, _KINDS[uid], tuple(layers_of(ds)), tuple(dict.fromkeys(findings)))

    @property
    def label(self) -> str:
        """Content Label: its short name."""
        return text(self.ds, "ContentLabel")

    @property
    def description(self) -> str:
        """Content Description."""
        return text(self.ds, "ContentDescription")

    @property
    def icc_profile(self) -> bytes | None:
        """The ICC profile that its colours are meant in, when it has one."""
        profile = self.ds.get("ICCProfile")
        return profile if isinstance(profile, bytes) else None

    def applies_to(self, ds: Dataset, frame: int = 0) -> bool:
        """Tell whether an image, and a frame of it (from 0), is among those that the state was made for.

        DICOM
        -----
        PS3.3 C.11.11
        """
        series = items(self.ds, "ReferencedSeriesSequence")
        return any(_refers(item, ds, frame) for item in series)

    def grey(self, ds: Dataset, frame: int = 0) -> GreyTransform:
        """Return how the stored values of a frame become grey: modality, VOI and presentation LUT of the state.

        Raises
        ------
        PixelError
            A LUT is shorter than its descriptor says.

        DICOM
        -----
        PS3.4 N.2.1
        """
        modality = self.modality(ds)
        selection = self._item("SoftcopyVOILUTSequence", ds, frame)
        views = [] if selection is None else voi_views(selection, signed=can_be_negative(modality, ds))
        transform = GreyTransform(modality, None, self.presentation())
        return replace(transform, voi=views[0] if views else full_window(transform, PixelDescription.of(ds)))

    def modality(self, ds: Dataset) -> Lut | Rescale | None:
        """Return how the stored values of an image become those of the modality: PS3.3 C.11.1."""
        luts = items(self.ds, "ModalityLUTSequence", most=1)
        if luts:
            return lut_of(luts[0], signed=integer(ds, "PixelRepresentation", absent=0) == 1)
        slope, intercept = numbers(self.ds, "RescaleSlope"), numbers(self.ds, "RescaleIntercept")
        if not len(slope) and not len(intercept):
            return None
        return Rescale(float(slope[0]) if len(slope) else 1.0, float(intercept[0]) if len(intercept) else 0.0)

    def presentation(self) -> Presentation:
        """Return the presentation LUT, or its shape: PS3.3 C.11.6."""
        luts = items(self.ds, "PresentationLUTSequence", most=1)
        if luts:
            return lut_of(luts[0])
        return "INVERSE" if text(self.ds, "PresentationLUTShape") == "INVERSE" else "IDENTITY"

    def palette(self) -> Palette | None:
        """Return the palette of a pseudo-color state, over whose entries the grey values are spread; None for others.

        DICOM
        -----
        PS3.4 N.2.1.3; PS3.3 A.33.3
        """
        if self.kind != "PSEUDO-COLOR":
            return None
        from filmless.pixels.palette import palette_of

        return palette_of(self.ds)

    def finish(
        self, picture: NDArray[np.uint8], ds: Dataset, frame: int = 0, *, size: Size = None
    ) -> NDArray[np.uint8]:
        """Do what comes after the grey values or colours: shutter, displayed area, rotation, overlays, annotations.

        Parameters
        ----------
        picture
            Shape (rows, columns) or (rows, columns, 3), uint8: all of the frame.
        ds
            The image: overlays of it that the state activates are taken from it.
        frame
            Which frame it is, from 0.
        size
            The longest side of the result, or rows and columns it has to fit in. By default a pixel is one of the
            image; in MAGNIFY mode Presentation Pixel Magnification Ratio of them. Pixels that are not square are
            made so. TRUE SIZE is taken as SCALE TO FIT: a picture has no size in mm.

        Returns
        -------
        NDArray
            A new picture; a grey one stays grey while the state draws greys only. What lies beyond the image is black.

        Raises
        ------
        LimitError
            The displayed area would make a picture of more than 2^26 pixels, or there is more to draw than in a second
            or two.
        ValueError
            The picture is not of the rows and columns of the image, or the size is not from 1 to 65535.

        DICOM
        -----
        PS3.4 N.2.3 to N.2.6
        """
        rows, columns = picture.shape[:2]
        if (ds.get("Rows"), ds.get("Columns")) != (rows, columns):
            raise ValueError(f"picture has shape {picture.shape[:2]}, expected the rows and columns of the image")
        area = self._item("DisplayedAreaSelectionSequence", ds, frame)
        view = view_of(self.ds, area, ds, (rows, columns), frame, size)
        picture = shutters.apply(picture, shutters.shutter_of(self.ds, rows, columns, frame=frame, image=ds))
        picture = view.place(picture)
        annotations = annotations_of(self._items("GraphicAnnotationSequence", ds, frame), [])
        tile = tile_offset(ds, frame) if any(_in_matrix(item) for item in annotations) else (0, 0)
        overlays = self._overlays(ds, frame)
        by_layer: dict[str, list[Graphic | Label]] = {}
        for item in annotations:
            by_layer.setdefault(item.layer, []).append(item)
        # Annotations come after the shutter, which so does not hide them (PS3.4 N.2.3).
        pending: list[Graphic | Label] = []
        effort = Effort()
        for layer in self._all_layers([*overlays, *by_layer]):
            if layer.name in overlays:
                picture = draw_annotations(picture, pending, view, tile=tile, effort=effort)
                picture = draw(picture, [_placed(overlay, view, layer) for overlay in overlays[layer.name]])
                pending = []
            own = by_layer.get(layer.name, ())
            pending += [replace(item, colour=item.colour or layer.colour) for item in own]
        return draw_annotations(picture, pending, view, tile=tile, effort=effort)

    def _all_layers(self, named: list[str]) -> list[Layer]:
        """Return the layers, those that are used without being described at last."""
        known = {layer.name for layer in self.layers}
        return [*self.layers, *(Layer(name, 0) for name in dict.fromkeys(named) if name not in known)]

    def _overlays(self, ds: Dataset, frame: int) -> dict[str, list[Overlay]]:
        """Return the overlays that the state activates, by layer: its own, and those of the image."""
        layers = {group: text(self.ds, group << 16 | _ACTIVATION_LAYER) for group in GROUPS}
        active = {group: layer for group, layer in layers.items() if layer}
        if not active:
            return {}
        image = PixelDescription.of(ds)
        found = overlays_by_group(ds, image, frame, active)
        found |= overlays_by_group(self.ds, (image.rows, image.columns), frame, active)
        by_layer: dict[str, list[Overlay]] = {}
        for group in sorted(found):
            by_layer.setdefault(active[group], []).append(found[group])
        return by_layer

    def _item(self, keyword: str, ds: Dataset, frame: int) -> Dataset | None:
        """Return the item of a sequence that is for a frame: the one that names it, else the one for all."""
        found = self._items(keyword, ds, frame)
        return next((item for item in found if "ReferencedImageSequence" in item), found[0] if found else None)

    def _items(self, keyword: str, ds: Dataset, frame: int) -> list[Dataset]:
        return [item for item in items(self.ds, keyword) if _refers(item, ds, frame, absent=True)]


def _refers(item: Dataset, ds: Dataset, frame: int, *, absent: bool = False) -> bool:
    """Tell whether an item's Referenced Image Sequence names a frame; ``absent``, when it has none."""
    references = items(item, "ReferencedImageSequence")
    if not references:
        return absent
    uid = ds.get("SOPInstanceUID")
    for reference in references:
        if reference.get("ReferencedSOPInstanceUID") == uid:
            frames = numbers(reference, "ReferencedFrameNumber")
            if not len(frames) or frame + 1 in frames:
                return True
    return False


def _in_matrix(item: Graphic | Label) -> bool:
    units = (item.units,) if isinstance(item, Graphic) else (item.box_units, item.anchor_units)
    return "MATRIX" in units


def _placed(overlay: Overlay, view: View, layer: Layer) -> Overlay:
    return Overlay(view.place(np.asarray(overlay.mask)), layer.colour, overlay.opacity, overlay.label)
