"""Header values of EXIF: the device and the time; never the place, nor a name."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

__all__ = ["values_of_exif"]

_TIME = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_LONGEST = 64  # LO
_LONGEST_COMMENT = 1024
_TEXTS = {
    "Make": "Manufacturer",
    "Model": "ManufacturerModelName",
    "Software": "SoftwareVersions",
    "BodySerialNumber": "DeviceSerialNumber",
}


def values_of_exif(exif: Mapping[str, Any], *, description: bool = False) -> dict[str, Any]:
    """Return the header values that EXIF gives.

    Parameters
    ----------
    exif
        By its names of EXIF.
    description
        Whether Image Description becomes Image Comments.

    DICOM
    -----
    PS3.3 C.7.5.1, C.7.6.1
    """
    values: dict[str, Any] = {}
    for name, keyword in _TEXTS.items():
        text = _text(exif.get(name), _LONGEST)
        if text:
            values[keyword] = text
    if description and (text := _text(exif.get("ImageDescription"), _LONGEST_COMMENT)):
        values["ImageComments"] = text
    for kind in ("Original", "Digitized"):
        moment = _moment(exif, kind)
        if moment is not None:
            return values | moment
    return values


def _moment(exif: Mapping[str, Any], kind: str) -> dict[str, str] | None:
    found = _TIME.match(str(exif.get(f"DateTime{kind}", "")).strip("\0 "))
    if found is None:
        return None
    try:
        when = datetime.strptime(" ".join(found.groups()), "%Y %m %d %H %M %S")  # noqa: DTZ007  the offset follows as text
    except ValueError:  # a camera without a clock writes zeros
        return None
    fraction = str(exif.get(f"SubSecTime{kind}", "")).strip("\0 ")[:6]
    date, time = when.strftime("%Y%m%d").rjust(8, "0"), when.strftime("%H%M%S")
    if fraction.isascii() and fraction.isdigit():
        time += f".{fraction}"
    offset = _OFFSET.fullmatch(str(exif.get(f"OffsetTime{kind}", "")).strip("\0 "))
    zone = "" if offset is None or int(offset[2]) > 14 or int(offset[3]) > 59 else "".join(offset.groups())
    return {"AcquisitionDateTime": f"{date}{time}{zone}", "ContentDate": date, "ContentTime": time}


def _text(value: Any, longest: int) -> str:
    """Return a text that LO holds: without control characters and backslashes, which would part it."""
    if not isinstance(value, str):
        return ""
    clean = "".join(letter if letter.isprintable() and letter != "\\" else " " for letter in value)
    return " ".join(clean.split())[:longest].strip()
