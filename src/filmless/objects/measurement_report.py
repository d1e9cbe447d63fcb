"""Measurements written as structured reports (PS3.3 A.35.13, PS3.16 TID 1500)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from filmless.dataset import Dataset
from filmless.file import generate_uid
from filmless.objects.code import Code
from filmless.objects.content_item import (
    CONTAINS,
    INFERRED_FROM,
    MODIFIER,
    OBSERVATION,
    code_item,
    container,
    coordinates,
    image_item,
    number_item,
    text_item,
)
from filmless.objects.derived_header import check_images, derived_header, evidence, set_header
from filmless.objects.measurement import Measurement
from filmless.objects.measurement_names import NAMES
from filmless.objects.references import ImageReference
from filmless.pixels.description import number_of_frames

__all__ = ["CONCEPTS", "check_measurements", "hex_colour", "measurement_report", "set_report"]

_COMPREHENSIVE_3D = "1.2.840.10008.5.1.4.1.1.88.34"
_IMAGING_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
_ENGLISH = Code("en-US", "RFC5646", "English (United States)")

CONCEPTS: Final[dict[str, Code]] = {
    "report": Code("126000", "DCM", "Imaging Measurement Report"),
    "language": Code("121049", "DCM", "Language of Content Item and Descendants"),
    "observer_type": Code("121005", "DCM", "Observer Type"),
    "person": Code("121006", "DCM", "Person"),
    "person_name": Code("121008", "DCM", "Person Observer Name"),
    "device": Code("121007", "DCM", "Device"),
    "device_uid": Code("121012", "DCM", "Device Observer UID"),
    "device_name": Code("121013", "DCM", "Device Observer Name"),
    "device_manufacturer": Code("121014", "DCM", "Device Observer Manufacturer"),
    "procedure": Code("121058", "DCM", "Procedure reported"),
    "library": Code("111028", "DCM", "Image Library"),
    "library_group": Code("126200", "DCM", "Image Library Group"),
    "measurements": Code("126010", "DCM", "Imaging Measurements"),
    "group": Code("125007", "DCM", "Measurement Group"),
    "tracking_id": Code("112039", "DCM", "Tracking Identifier"),
    "tracking_uid": Code("112040", "DCM", "Tracking Unique Identifier"),
    "finding": Code("121071", "DCM", "Finding"),
    "site": Code("363698007", "SCT", "Finding Site"),
    "method": Code("370129005", "SCT", "Measurement Method"),
    "comment": Code("121106", "DCM", "Comment"),
    "region": Code("111030", "DCM", "Image Region"),
    "source": Code("121112", "DCM", "Source of Measurement"),
    "derivation": Code("121401", "DCM", "Derivation"),
    "colour": Code("display-colour", "99FILMLESS", "Display Colour"),
}


def measurement_report(
    measurements: Sequence[Measurement],
    *,
    source: Dataset | Sequence[Dataset],
    observer: str = "",
    procedure: Code = _IMAGING_PROCEDURE,
    language: Code = _ENGLISH,
    complete: bool = True,
    header: Mapping[str, Any] | None = None,
) -> Dataset:
    """Write measurements as a structured report.

    Parameters
    ----------
    measurements
        At least one; or none in a report that replaces others, by ``PredecessorDocumentsSequence`` in the header: what
        they have is no more.
    source
        The images that were measured, of one study; for measurements in space those that they were made on, and those
        that are the source of values.
    observer
        Who measured: a name as DICOM writes it, ``"Doe^Jane"``.
    procedure
        What was done to get the images.
    language
        Of labels.
    complete
        Whether nothing is to come.
    header
        More values by keyword: ``SeriesDescription``, ``SeriesNumber``, ``Manufacturer``, ...

    Returns
    -------
    Dataset
        A Comprehensive 3D SR of template 1500, in a series of its own.

    Raises
    ------
    TypeError
        The sources are no data sets, or the measurements something else.
    ValueError
        There is no measurement, one is on an image or frame that is not among the sources, or a value does not fit.
    ValidationError
        A source image has no UIDs.

    DICOM
    -----
    PS3.3 A.35.13; PS3.16 TID 1500, 1410, 1501

    Examples
    --------
    >>> from filmless import read
    >>> from filmless.objects.measurement import Value
    >>> from filmless.objects.references import ImageReference
    >>> ct = read("slice.dcm")
    >>> on = ImageReference(ct.SOPClassUID, ct.SOPInstanceUID)
    >>> line = Measurement("length", ((10, 20), (40, 60)), image=on, values=(Value.of("length", 33.1, "mm"),))
    >>> report = measurement_report([line], source=ct, observer="Doe^Jane")
    >>> from filmless.objects import read_measurements
    >>> read_measurements(report) == [line]
    True
    """
    images = check_images(source)
    tiled = check_measurements(measurements, images)
    if not measurements and "PredecessorDocumentsSequence" not in (header or {}):
        raise ValueError("`measurements` is a list of at least one")
    ds = derived_header(images[0], sop_class=_COMPREHENSIVE_3D, modality="SR")
    groups = [_group(measurement, tiled=_uid(measurement) in tiled) for measurement in measurements]
    content = [
        code_item(MODIFIER, CONCEPTS["language"], language),
        *_observers(observer),
        code_item(MODIFIER, CONCEPTS["procedure"], procedure),
        container(CONCEPTS["library"], list(_library(images)), template="1600"),
        container(CONCEPTS["measurements"], groups),
    ]
    set_report(ds, container(CONCEPTS["report"], content, relationship="", template="1500"))
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE" if complete else "PARTIAL", "UNVERIFIED"
    ds.PreliminaryFlag = "FINAL" if complete else "PRELIMINARY"
    ds.PerformedProcedureCodeSequence = []
    ds.CurrentRequestedProcedureEvidenceSequence = [evidence(images)]
    set_header(ds, header or {})
    return ds


def set_report(ds: Dataset, root: Dataset) -> None:
    """Set the root of the content, and what the series of a document has.

    DICOM
    -----
    PS3.3 C.17.1, C.17.3
    """
    for element in root.values():
        ds[element.tag] = element
    ds.ReferencedPerformedProcedureStepSequence = []


def check_measurements(measurements: Sequence[Measurement], images: Sequence[Dataset]) -> frozenset[str]:
    """Check that all measurements are on images at hand; return the instances that are tiles of a slide.

    Raises
    ------
    TypeError
        They are something else.
    ValueError
        One is on an image or frame that is not there.
    """
    given: object = measurements
    if isinstance(given, Measurement) or not isinstance(given, Sequence):
        raise TypeError(f"`measurements` is a list of Measurements, not {type(given).__name__}")
    known = {str(image.SOPInstanceUID): image for image in images}
    for number, measurement in enumerate(measurements, 1):
        one: object = measurement
        if not isinstance(one, Measurement):
            raise TypeError(f"`measurements` is a list of Measurements, not of {type(one).__name__}")
        if measurement.image is not None:
            image = _known(measurement.image, known, f"measurement {number} is")
            if number_of_frames(image) > 1 and not measurement.image.frames:
                count = number_of_frames(image)
                raise ValueError(f"measurement {number} is on an image of {count} frames, expected one of them")
        for value in measurement.values:
            for reference in value.source:
                _known(reference, known, f"a value of measurement {number} is")
    return frozenset(uid for uid, image in known.items() if "TotalPixelMatrixColumns" in image)


def _known(reference: ImageReference, known: Mapping[str, Dataset], what: str) -> Dataset:
    image = known.get(reference.sop_instance_uid)
    if image is None or str(image.SOPClassUID) != reference.sop_class_uid:
        raise ValueError(f"{what} on an image that is not among the sources")
    count = number_of_frames(image)
    if any(frame >= count for frame in reference.frames):
        raise ValueError(f"{what} on a frame that is not there, expected 0 to {count - 1}")
    return image


def hex_colour(colour: tuple[int, int, int]) -> str:
    """Return a colour as it is written in a text: ``#ff8000``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _uid(measurement: Measurement) -> str:
    return "" if measurement.image is None else measurement.image.sop_instance_uid


def _observers(person: str) -> Iterator[Dataset]:
    """Give who observed: a person, and this program (PS3.16 TID 1002 to 1004)."""
    if person:
        yield code_item(OBSERVATION, CONCEPTS["observer_type"], CONCEPTS["person"])
        yield text_item(OBSERVATION, CONCEPTS["person_name"], person, kind="PNAME")
    yield code_item(OBSERVATION, CONCEPTS["observer_type"], CONCEPTS["device"])
    uid = str(generate_uid(entropy=["filmless", "device observer"]))
    yield text_item(OBSERVATION, CONCEPTS["device_uid"], uid, kind="UIDREF")
    yield text_item(OBSERVATION, CONCEPTS["device_name"], "filmless")
    yield text_item(OBSERVATION, CONCEPTS["device_manufacturer"], "filmless")


def _library(images: Sequence[Dataset]) -> Iterator[Dataset]:
    """Give a group of the image library for each series (PS3.16 TID 1600)."""
    for _, series in groupby(sorted(images, key=_series), _series):
        entries = [image_item(CONTAINS, ImageReference(str(ds.SOPClassUID), str(ds.SOPInstanceUID))) for ds in series]
        yield container(CONCEPTS["library_group"], entries)


def _series(image: Dataset) -> str:
    return str(image.SeriesInstanceUID)


def _group(measurement: Measurement, *, tiled: bool) -> Dataset:
    """Return a measurement group: of a region (TID 1410), or of lines and points (TID 1501).

    The kind is its method, which tells a square drawn freehand from a rectangle. What has no number stands on its
    region: a group has no other place for it.
    """
    by_region = measurement.closed or not _has_lines(measurement)
    content = [
        text_item(OBSERVATION, CONCEPTS["tracking_id"], measurement.tracking_id),
        text_item(OBSERVATION, CONCEPTS["tracking_uid"], measurement.tracking_uid, kind="UIDREF"),
    ]
    if measurement.finding is not None:
        content.append(code_item(CONTAINS, CONCEPTS["finding"], measurement.finding))
    kind = measurement.kind
    method = Code(kind.replace("_", "-"), "99FILMLESS", kind.replace("_", " ").capitalize())
    content.append(code_item(MODIFIER, CONCEPTS["method"], method))
    if measurement.finding_site is not None:
        content.append(code_item(MODIFIER, CONCEPTS["site"], measurement.finding_site))
    if by_region:
        content.append(_graphic(measurement, measurement.points, CONTAINS, tiled=tiled))
    content += _numbers(measurement, by_region=by_region, tiled=tiled)
    if measurement.label:
        content.append(text_item(CONTAINS, CONCEPTS["comment"], measurement.label))
    if measurement.colour is not None:
        content.append(text_item(CONTAINS, CONCEPTS["colour"], hex_colour(measurement.colour)))
    return container(CONCEPTS["group"], content, template="1410" if by_region else "1501")


def _has_lines(measurement: Measurement) -> bool:
    """Tell whether all points stand below a number: those of a bidirectional need one for each axis."""
    if measurement.kind != "bidirectional":
        return bool(measurement.values)
    return all(
        any(value.name.means(NAMES[axis]) for value in measurement.values) for axis in ("long_axis", "short_axis")
    )


def _numbers(measurement: Measurement, *, by_region: bool, tiled: bool) -> Iterator[Dataset]:
    for value in measurement.values:
        below: list[Dataset] = []
        if not by_region:
            points = measurement.points
            if measurement.kind == "bidirectional":
                points = points[2:] if value.name.means(NAMES["short_axis"]) else points[:2]
            below.append(_graphic(measurement, points, INFERRED_FROM, tiled=tiled))
        below += [image_item(INFERRED_FROM, image, CONCEPTS["source"]) for image in value.source]
        yield number_item(value, below, CONCEPTS["derivation"])


def _graphic(
    measurement: Measurement, points: tuple[tuple[float, ...], ...], relationship: str, *, tiled: bool
) -> Dataset:
    graphic = "POINT" if len(points) == 1 else "ELLIPSE" if measurement.kind == "ellipse" else "POLYLINE"
    if measurement.kind == "rectangle":
        points = (*points, points[0])
    if graphic == "POLYLINE" and measurement.closed and measurement.image is None:
        graphic = "POLYGON"
    place = measurement.frame_of_reference_uid if measurement.image is None else measurement.image
    concept = CONCEPTS["region" if relationship == CONTAINS else "source"]
    return coordinates(relationship, concept, graphic, points, place, tiled=tiled)
