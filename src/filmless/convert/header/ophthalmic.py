"""What Ophthalmic Photography asks for under conditions (PS3.3 C.8.17.2, C.8.17.4, C.8.17.5)."""

from typing import Any

from filmless.errors import ConversionError

__all__ = ["ophthalmic"]

_FUNDUS_CAMERA = {("409898007", "SCT"), ("R-1021A", "SRT")}


def ophthalmic(values: dict[Any, Any]) -> None:
    """Add what is required under conditions.

    Raises
    ------
    ConversionError
        Pixel Spacing is not given for a fundus camera: nothing in a picture tells it.
    """
    if values.get("SamplesPerPixel") == 1:
        values.setdefault("PresentationLUTShape", "IDENTITY")
    if values.get("PupilDilated") == "YES":
        values.setdefault("DegreeOfDilation", None)
        values.setdefault("MydriaticAgentSequence", [])
    devices = values.get("AcquisitionDeviceTypeCodeSequence") or []
    is_fundus = any((item.get("CodeValue"), item.get("CodingSchemeDesignator")) in _FUNDUS_CAMERA for item in devices)
    if is_fundus and not values.get("PixelSpacing"):
        raise ConversionError(
            "PixelSpacing is needed of a fundus camera, which nothing gives", hint="give PixelSpacing"
        )
