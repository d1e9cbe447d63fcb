"""What measurements are called: codes of the names, derivations and units, and the words for them."""

from typing import Final

from filmless.objects.code import Code

__all__ = [
    "DERIVATIONS",
    "KINDS",
    "NAMES",
    "OLDER",
    "Kind",
    "derived_name",
    "is_of_pixels",
    "unit_code",
    "unit_shown",
]

# Kind, and how many points it has: at least and at most.
Kind = str
KINDS: Final[dict[Kind, tuple[int, int]]] = {
    "length": (2, 2),
    "bidirectional": (4, 4),
    "angle": (3, 3),
    "cobb_angle": (4, 4),
    "ellipse": (4, 4),
    "rectangle": (4, 4),
    "freehand": (2, 5000),  # single precision values of an attribute take 65534 bytes, three of them a point
    "probe": (1, 1),
    "arrow": (2, 2),
    "text": (1, 1),
}

NAMES: Final[dict[str, Code]] = {
    "length": Code("410668003", "SCT", "Length"),
    "long_axis": Code("103339001", "SCT", "Long axis"),
    "short_axis": Code("103340004", "SCT", "Short axis"),
    "angle": Code("1483009", "SCT", "Angle"),
    "cobb_angle": Code("285285000", "SCT", "Cobb angle"),
    "area": Code("42798000", "SCT", "Area"),
    "perimeter": Code("131191004", "SCT", "Perimeter"),
    "time": Code("110858", "DCM", "Time"),
    "velocity": Code("velocity", "99FILMLESS", "Velocity"),  # the Standard names that of blood, and that of tissue
}
DERIVATIONS: Final[dict[str, Code]] = {
    "mean": Code("373098007", "SCT", "Mean"),
    "standard_deviation": Code("386136009", "SCT", "Standard Deviation"),
    "minimum": Code("255605001", "SCT", "Minimum"),
    "maximum": Code("56851009", "SCT", "Maximum"),
}
# The same in SNOMED RT's numbers and DCM's, which older writers use.
OLDER: Final[dict[tuple[str, str], Code]] = {
    ("G-D7FE", "SRT"): NAMES["length"],
    ("G-A185", "SRT"): NAMES["long_axis"],
    ("G-A186", "SRT"): NAMES["short_axis"],
    ("G-A166", "SRT"): NAMES["area"],
    ("110859", "DCM"): NAMES["angle"],
    ("R-00317", "SRT"): DERIVATIONS["mean"],
    ("R-10047", "SRT"): DERIVATIONS["standard_deviation"],
    ("113061", "DCM"): DERIVATIONS["standard_deviation"],
    ("R-404FB", "SRT"): DERIVATIONS["minimum"],
    ("G-A437", "SRT"): DERIVATIONS["maximum"],
}

_PIXEL_VALUE: Final = Code("pixel-value", "99FILMLESS", "Pixel value")  # the Standard has no name for one without unit
_OF_UNIT: Final[dict[str, Code]] = {
    "[hnsf'U]": Code("112031", "DCM", "Attenuation Coefficient"),
    "{SUVbw}g/ml": Code("126401", "DCM", "SUVbw"),
    "{SUVlbm}g/ml": Code("126402", "DCM", "SUVlbm"),
    "{SUVbsa}cm2/ml": Code("126403", "DCM", "SUVbsa"),
    "{SUVibw}g/ml": Code("126404", "DCM", "SUVibw"),
}
_UNITS: Final[dict[str, tuple[str, str]]] = {  # meaning, and what is shown
    "mm": ("millimeter", "mm"),
    "cm": ("centimeter", "cm"),
    "mm2": ("square millimeter", "mm²"),
    "cm2": ("square centimeter", "cm²"),
    "mm3": ("cubic millimeter", "mm³"),
    "deg": ("degree", "°"),
    "s": ("second", "s"),
    "cm/s": ("centimeter per second", "cm/s"),
    "[hnsf'U]": ("Hounsfield unit", "HU"),
    "{SUVbw}g/ml": ("Standardized Uptake Value body weight", "SUVbw"),
    "{SUVlbm}g/ml": ("Standardized Uptake Value lean body mass", "SUVlbm"),
    "{SUVbsa}cm2/ml": ("Standardized Uptake Value body surface area", "SUVbsa"),
    "{SUVibw}g/ml": ("Standardized Uptake Value ideal body weight", "SUVibw"),
    "Bq/ml": ("Becquerels/milliliter", "Bq/ml"),
    "{pixels}": ("pixels", "px"),
    "{pixels}2": ("square pixels", "px²"),
    "1": ("no units", ""),
}


def derived_name(key: str, unit: str) -> tuple[Code, Code | None]:
    """Return name and derivation of a value: ``"area"``, ``"mean"``, or ``"value"`` for that of a pixel.

    Raises
    ------
    ValueError
        There is no such value.
    """
    if key in NAMES:
        return NAMES[key], None
    quantity = _OF_UNIT.get(unit, _PIXEL_VALUE)
    if key == "value":
        return quantity, None
    if key not in DERIVATIONS:
        raise ValueError(f"a value is one of {', '.join([*NAMES, *DERIVATIONS, 'value'])}, or named by a code")
    return quantity, DERIVATIONS[key]


def is_of_pixels(name: Code) -> bool:
    """Tell whether a name is that of a pixel's value, which says no more than its unit."""
    return name in (*_OF_UNIT.values(), _PIXEL_VALUE)


def unit_code(unit: str) -> Code:
    """Return the UCUM code of a unit, with its meaning where it is a usual one."""
    return Code(unit, "UCUM", _UNITS[unit][0] if unit in _UNITS else unit)


def unit_shown(unit: str) -> str:
    """Return how people write a unit."""
    return _UNITS[unit][1] if unit in _UNITS else unit
