"""The header of a Secondary Capture image: every type 1 and 2 attribute of its modules."""

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from filmless import _core
from filmless.convert.content import Picture
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError
from filmless.file import generate_uid
from filmless.pixels.encapsulation import encapsulate
from filmless.values import nearest_keyword

__all__ = ["check_header", "secondary_capture"]

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

_SC_IMAGE = "1.2.840.10008.5.1.4.1.1.7"
_SC_MULTIFRAME = {  # by samples per pixel and bits allocated: PS3.3 A.8.3 to A.8.5
    (1, 8): "1.2.840.10008.5.1.4.1.1.7.2",
    (1, 16): "1.2.840.10008.5.1.4.1.1.7.3",
    (3, 8): "1.2.840.10008.5.1.4.1.1.7.4",
}

_MAX_VALUE = 0xFFFF_FFFE
_MAX_PAGES = 10_000  # their numbers have to fit in 65,534 bytes of IS

# Of the picture, or of how it is stored: not for the caller to say.
_TAKEN_FROM_PICTURE = frozenset({
    "BitsAllocated", "BitsStored", "Columns", "FrameIncrementPointer", "HighBit", "ICCProfile", "LossyImageCompression",
    "LossyImageCompressionMethod", "LossyImageCompressionRatio", "NumberOfFrames", "PageNumberVector",
    "PhotometricInterpretation", "PixelData", "PixelRepresentation", "PlanarConfiguration", "Rows", "SOPClassUID",
    "SamplesPerPixel", "SpecificCharacterSet",
})  # fmt: skip

_TYPE_1 = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "Modality", "ConversionType")
_TYPE_2 = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "ReferringPhysicianName", "StudyID"),
    *("AccessionNumber", "Laterality", "Manufacturer", "PatientOrientation"),
)
_CONVERSION_TYPES = ("DV", "DI", "DF", "WSD", "SD", "SI", "DRW", "SYN")  # PS3.3 C.8.6.1
_SCANNED = ("DF", "SD", "SI")

_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
_WINDOWS = ("WindowCenter", "WindowWidth", "VOILUTSequence")
_DATE_AND_TIME = (("StudyDate", "StudyTime"), ("ContentDate", "ContentTime"))


def check_header(header: Mapping[str, Any]) -> None:
    """Check the header values of a caller, before the picture is read.

    Raises
    ------
    ConversionError
        A keyword is unknown (the hint is the nearest), is the picture's to say, or may not be empty.
    """
    for keyword, value in header.items():
        tag = _tag_of(keyword)
        if tag is None:
            near = nearest_keyword(keyword)
            raise ConversionError(
                f"{keyword} is no keyword of the data dictionary", hint=f"did you mean {near}?" if near else None
            )
        if keyword in _TAKEN_FROM_PICTURE or tag < 0x0008_0000:
            raise ConversionError(f"{keyword} cannot be given: it follows from the picture", tag=tag)
        if keyword in _TYPE_1 and not value:
            raise ConversionError(f"{keyword} must not be empty", tag=tag)
    if ("WindowCenter" in header) != ("WindowWidth" in header):
        raise ConversionError("WindowCenter and WindowWidth have to be given together")
    conversion_type = header.get("ConversionType", "WSD")
    if conversion_type not in _CONVERSION_TYPES:
        expected = ", ".join(_CONVERSION_TYPES)
        raise ConversionError(f"ConversionType is none of its defined terms, expected {expected}", tag=0x0008_0064)


def secondary_capture(picture: Picture, header: Mapping[str, Any]) -> Dataset:
    """Build the data set of a picture.

    Parameters
    ----------
    picture
        The picture.
    header
        Values by keyword, checked by `check_header`.

    Raises
    ------
    ConversionError
        No Secondary Capture SOP class holds such a picture, or a value does not fit its value representation.

    DICOM
    -----
    PS3.3 A.8.1 to A.8.5, C.8.6
    """
    values = {"SpecificCharacterSet": "ISO_IR 192", "SOPClassUID": _sop_class(picture)}
    values |= _identity() | _moment(header) | _image_pixel(picture) | _voi(picture, header)
    if picture.frames > 1:
        values |= _multi_frame(picture, header)
    values |= header
    if header.get("ImageLaterality"):
        del values["Laterality"]  # of a paired body part there is the one or the other
    values |= _geometry(picture, values)
    ds = Dataset()
    for keyword, value in values.items():
        try:
            setattr(ds, keyword, value)
        except (TypeError, ValueError, DicomError):
            # The cause would show the value, which is a patient's.
            raise ConversionError(f"the value given for {keyword} does not fit", tag=_tag_of(keyword)) from None
    _check_values(ds, header)
    _store_pixels(ds, picture)
    return ds


def _check_values(ds: Dataset, header: Mapping[str, Any]) -> None:
    """Refuse values of the caller that break the rules of their value representation: what we make is valid."""
    given = {_tag_of(keyword): keyword for keyword in header}
    for finding in ds.findings:
        if finding.tag in given:
            raise ConversionError(
                f"the value given for {given[finding.tag]} is wrong: {finding.message}", tag=finding.tag
            )


def _tag_of(keyword: str) -> int | None:
    entry = _core.dictionary_entry(keyword)
    return None if entry is None else entry[0]


def _sop_class(picture: Picture) -> str:
    if picture.frames == 1:
        return _SC_IMAGE
    sop_class = _SC_MULTIFRAME.get((picture.samples, picture.bits_allocated))
    if sop_class is None or picture.signed:
        what = f"{'signed ' if picture.signed else ''}samples of {picture.bits_allocated} bits"
        raise ConversionError(
            f"no multi-frame Secondary Capture holds {'grey' if picture.samples == 1 else 'colour'} {what}",
            hint="unsigned grey of 8 or 16 bits and RGB of 8 bits can have frames",
        )
    return sop_class


def _identity() -> dict[str, Any]:
    """Patient, General Study, Series, Equipment and Image, SC Equipment: what is not known is empty (type 2)."""
    return dict.fromkeys(_TYPE_2, "") | {
        "StudyInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "SOPInstanceUID": generate_uid(),
        "Modality": "OT",
        "SeriesNumber": 1,
        "InstanceNumber": 1,
        "ImageType": ["DERIVED", "SECONDARY"],
        "ConversionType": "WSD",
        "SecondaryCaptureDeviceManufacturer": "filmless",
    }


def _moment(header: Mapping[str, Any]) -> dict[str, Any]:
    """Now, in local time; the time of a date that was given is not known."""
    now = datetime.now().astimezone()
    date, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S")
    values = {"InstanceCreationDate": date, "InstanceCreationTime": time}
    values |= {"DateOfSecondaryCapture": date, "TimeOfSecondaryCapture": time}
    for date_keyword, time_keyword in _DATE_AND_TIME:
        values |= {date_keyword: date, time_keyword: "" if date_keyword in header else time}
    return values


def _image_pixel(picture: Picture) -> dict[str, Any]:
    """Fill the Image Pixel Module, and what General Image says of lossy compression."""
    values: dict[str, Any] = {
        "SamplesPerPixel": picture.samples,
        "PhotometricInterpretation": picture.photometric_interpretation,
        "Rows": picture.rows,
        "Columns": picture.columns,
        "BitsAllocated": picture.bits_allocated,
        "BitsStored": picture.bits_stored,
        "HighBit": picture.bits_stored - 1,
        "PixelRepresentation": int(picture.signed),
    }
    if picture.samples > 1:
        values["PlanarConfiguration"] = 0
    if picture.icc_profile is not None:
        values["ICCProfile"] = picture.icc_profile + b"\0" * (len(picture.icc_profile) % 2)
    lossy_bytes, method = picture.lossy_bytes, picture.lossy_method
    if picture.stream is not None and picture.stream.lossy_method is not None:
        lossy_bytes, method = sum(map(len, picture.stream.frames)), picture.stream.lossy_method
    if lossy_bytes:
        values["LossyImageCompression"] = "01"
        values["LossyImageCompressionRatio"] = f"{picture.stored_bytes / lossy_bytes:.4g}"
        values["LossyImageCompressionMethod"] = method
    return values


def _voi(picture: Picture, header: Mapping[str, Any]) -> dict[str, Any]:
    """Give a window over the values that are there, for grey whose range no screen shows; 8 bits need none."""
    plain = picture.bits_stored == 8 and not picture.signed
    if picture.pixels is None or picture.samples > 1 or plain or any(keyword in header for keyword in _WINDOWS):
        return {}
    low, high = int(picture.pixels.min()), int(picture.pixels.max())
    return {"WindowCenter": f"{(low + high + 1) / 2:.10g}", "WindowWidth": f"{high - low + 1}"}


def _multi_frame(picture: Picture, header: Mapping[str, Any]) -> dict[str, Any]:
    """Multi-frame, SC Multi-frame Image and SC Multi-frame Vector Modules.

    Whether names are burned in is not known. YES is the answer that protects a patient.
    """
    values: dict[str, Any] = {"NumberOfFrames": picture.frames, "BurnedInAnnotation": "YES"}
    if "FrameTime" in header:
        values["FrameIncrementPointer"] = _tag_of("FrameTime")
    elif picture.frames <= _MAX_PAGES:
        values["FrameIncrementPointer"] = _tag_of("PageNumberVector")
        values["PageNumberVector"] = list(range(1, picture.frames + 1))
    else:
        raise ConversionError(
            f"{picture.frames} frames are too many to number", hint="give FrameTime, the milliseconds between frames"
        )
    if picture.samples == 1:
        values |= {"PresentationLUTShape": "IDENTITY", "RescaleIntercept": "0", "RescaleSlope": "1"}
        values["RescaleType"] = "US"
    return values


def _geometry(picture: Picture, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give spacing or aspect: dots per inch are a size for print, and a pixel's true size only on a scan."""
    resolution = picture.resolution
    if resolution is None or "PixelAspectRatio" in values or any(keyword in values for keyword in _SPACINGS):
        return {}
    if resolution.absolute and values["ConversionType"] in _SCANNED:
        return {"NominalScannedPixelSpacing": [f"{25.4 / resolution.y:.10g}", f"{25.4 / resolution.x:.10g}"]}
    ratio = Fraction(resolution.x / resolution.y).limit_denominator(1000)  # height of a pixel : its width
    return {} if ratio == 1 else {"PixelAspectRatio": [str(ratio.numerator), str(ratio.denominator)]}


def _store_pixels(ds: Dataset, picture: Picture) -> None:
    """Set Pixel Data, and the transfer syntax that it is in."""
    if picture.stream is not None:
        encapsulated = encapsulate(picture.stream.frames)
        ds.add_new("PixelData", "OB", encapsulated.value)
        if encapsulated.offsets is not None and encapsulated.lengths is not None:
            ds.add_new("ExtendedOffsetTable", "OV", encapsulated.offsets)
            ds.add_new("ExtendedOffsetTableLengths", "OV", encapsulated.lengths)
        ds.file_meta.TransferSyntaxUID = picture.stream.transfer_syntax
        return
    if picture.pixels is None:
        raise ConversionError("the picture has neither samples nor a stream")
    if picture.stored_bytes > _MAX_VALUE:
        raise ConversionError(f"{picture.stored_bytes} bytes of samples are too many, expected at most {_MAX_VALUE}")
    little = picture.pixels.astype(picture.pixels.dtype.newbyteorder("<"), copy=False)
    value = little.tobytes()
    ds.add_new("PixelData", "OB" if picture.bits_allocated == 8 else "OW", value + b"\0" * (len(value) % 2))
    ds.file_meta.TransferSyntaxUID = EXPLICIT_VR_LITTLE_ENDIAN
