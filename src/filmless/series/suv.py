"""Standardized uptake values (SUV) of PET: uptake over what it would be, were the dose spread evenly in the body."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from filmless.dataset import Dataset
from filmless.pixels.attributes import items, numbers, text, texts

__all__ = ["Uptake", "uptake_of"]

_DATE: Final = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_TIME: Final = re.compile(r"(\d{2}):?(?:(\d{2}):?(?:(\d{2})(?:\.(\d{1,6})\d*)?)?)?")
_ZONE: Final = re.compile(r"([+-])(\d{2})(\d{2})$")
#: A dose of less is no dose of PET: it was written in MBq, as some do, against the Standard.
_LEAST_BQ: Final = 1e4
_LATEST: Final = timedelta(days=2)  # from injection to scan; what is longer is a wrong date
_PHILIPS: Final = "Philips PET Private Group"


@dataclass(frozen=True, slots=True)
class Uptake:
    """How the values of a PET image, after its rescale slope and intercept, become uptake.

    Attributes
    ----------
    suvbw
        What to multiply them by to have SUV by body weight, in g/ml; None when it cannot be told.
    unit
        What they are counted in without it: ``Bq/ml``, ``counts``, or what Units says.
    missing
        Why there is no factor, in words; empty when there is one.
    """

    suvbw: float | None
    unit: str
    missing: str = ""


def uptake_of(ds: Dataset) -> Uptake:
    """Tell how the values of a PET image become uptake.

    Parameters
    ----------
    ds
        The header of an image of PET.

    Returns
    -------
    Uptake
        Nothing is guessed: without weight, dose, half-life or times there is no factor.

    DICOM
    -----
    PS3.3 C.8.9.1, C.8.9.2, C.8.22.4; the rules are those of QIBA's vendor-neutral pseudo-code

    Examples
    --------
    >>> from filmless import Dataset
    >>> from filmless.series import uptake_of
    >>> ds = Dataset({"Units": "BQML", "DecayCorrection": "ADMIN", "CorrectedImage": ["ATTN", "DECY"]})
    >>> uptake_of(ds).missing
    'PatientWeight is missing'
    """
    units = text(ds, "Units")
    if not units and "DecayCorrectionDateTime" in ds:
        units = "BQML"  # enhanced PET has no Units: its values are activity
    if units == "GML":
        kind = text(ds, "SUVType") or "BW"
        return Uptake(1.0, "g/ml") if kind == "BW" else Uptake(None, f"g/ml SUV {kind}", f"the values are SUV {kind}")
    if units == "BQML":
        return _of_activity(ds, 1.0, "Bq/ml")
    if units == "CNTS":
        return _of_counts(ds)
    told = units if units.isalnum() else "missing or not known"
    return Uptake(None, "", f"Units is {told}, expected BQML, CNTS or GML")


def _of_counts(ds: Dataset) -> Uptake:
    """Use what Philips says of its counts: a factor to SUV, or one to Bq/ml."""
    suv = _private(ds, 0x00)
    if suv is not None:
        return Uptake(suv, "counts")
    activity = _private(ds, 0x09)
    if activity is not None:
        return _of_activity(ds, activity, "counts")
    return Uptake(None, "counts", "the values are counts, and nothing says how many make what activity")


def _private(ds: Dataset, element: int) -> float | None:
    for block in range(0x10, 0x100):
        if text(ds, 0x7053_0000 | block) == _PHILIPS:
            found = numbers(ds, 0x7053_0000 | block << 8 | element)
            return float(found[0]) if len(found) and found[0] > 0 else None
    return None


def _of_activity(ds: Dataset, scale: float, unit: str) -> Uptake:
    corrected = texts(ds, "CorrectedImage")
    if corrected and not {"ATTN", "DECY"} <= set(corrected):
        return Uptake(None, unit, "the values are not corrected for attenuation and decay")
    weight = _positive(ds, "PatientWeight")
    if weight is None:
        return Uptake(None, unit, "PatientWeight is missing")
    given = next(iter(items(ds, "RadiopharmaceuticalInformationSequence", most=1)), None)
    dose = None if given is None else _positive(given, "RadionuclideTotalDose")
    if given is None or dose is None:
        return Uptake(None, unit, "RadionuclideTotalDose is missing")
    if dose < _LEAST_BQ:
        return Uptake(None, unit, "RadionuclideTotalDose is too small to be in Bq")
    left = _left(ds, given)
    if isinstance(left, str):
        return Uptake(None, unit, left)
    if not dose * left > 0 or not math.isfinite(scale * weight * 1000 / (dose * left)):
        return Uptake(None, unit, "RadionuclideHalfLife is too short to be right")
    return Uptake(scale * weight * 1000 / (dose * left), unit)


def _left(ds: Dataset, given: Dataset) -> float | str:
    """Return how much of the dose is left at the time that the values are corrected to, or why that is not known."""
    correction = text(ds, "DecayCorrection")
    if correction == "ADMIN":
        return 1.0
    reference = _moment(ds, "DecayCorrectionDateTime")  # of enhanced PET
    if correction not in {"START", ""} or not (correction or reference):
        return f"DecayCorrection is {correction if correction.isalnum() else 'missing'}, expected START or ADMIN"
    half_life = _positive(given, "RadionuclideHalfLife")
    if half_life is None:
        return "RadionuclideHalfLife is missing"
    scan = reference or _scan_start(ds, half_life)
    if scan is None:
        return "the time at which the scan began is missing"
    injected = _injection(given, scan)
    if injected is None:
        return "the time of the injection is missing"
    waited = scan - injected
    if not timedelta() <= waited <= _LATEST:
        return "the scan did not begin within two days after the injection, by the times that are there"
    return float(2.0 ** (-waited.total_seconds() / half_life))


def _scan_start(ds: Dataset, half_life: float) -> datetime | None:
    """Return the time that values are corrected to: the series' own, but for a series that was made later.

    Then it is told from the image's: its Frame Reference Time is counted from that time on, to the moment of the
    average activity in the frame's duration.
    """
    series, acquired = _moment_of(ds, "Series"), _moment_of(ds, "Acquisition")
    if acquired is None or (series is not None and series <= acquired):
        return series
    if (private := _ge_scan_start(ds)) is not None:
        return private
    reference_ms, duration_ms = (numbers(ds, name) for name in ("FrameReferenceTime", "ActualFrameDuration"))
    if not len(reference_ms) or not len(duration_ms) or duration_ms[0] <= 0:
        return None
    decay = math.log(2) / half_life
    elapsed = decay * duration_ms[0] / 1000
    if not 1e-9 < elapsed < 100:
        return None
    to_average = math.log(elapsed / -math.expm1(-elapsed)) / decay
    offset = to_average - reference_ms[0] / 1000
    return acquired + timedelta(seconds=offset) if abs(offset) < _LATEST.total_seconds() else None


def _ge_scan_start(ds: Dataset) -> datetime | None:
    for block in range(0x10, 0x100):
        if text(ds, 0x0009_0000 | block) == "GEMS_PETD_01":
            return _moment(ds, 0x0009_0000 | block << 8 | 0x0D)
    return None


def _injection(given: Dataset, scan: datetime) -> datetime | None:
    """Return when the dose was given; a time without a date is the last one before the scan."""
    moment = _moment(given, "RadiopharmaceuticalStartDateTime")
    if moment is not None:
        return moment.replace(tzinfo=scan.tzinfo) if (moment.tzinfo is None or scan.tzinfo is None) else moment
    time = _TIME.fullmatch(text(given, "RadiopharmaceuticalStartTime"))
    if time is None:
        return None
    found = _combined((scan.year, scan.month, scan.day), time, scan.tzinfo)
    return found - timedelta(days=1) if found is not None and found > scan else found


def _moment_of(ds: Dataset, what: str) -> datetime | None:
    date = _DATE.fullmatch(text(ds, f"{what}Date"))
    time = _TIME.fullmatch(text(ds, f"{what}Time"))
    if date is None or time is None:
        moment = _moment(ds, "AcquisitionDateTime") if what == "Acquisition" else None
        return None if moment is None else moment.replace(tzinfo=None)
    return _combined((int(date[1]), int(date[2]), int(date[3])), time, None)


def _moment(ds: Dataset, key: str | int) -> datetime | None:
    """Read a date with time."""
    value = text(ds, key)
    zone = None
    if (found := _ZONE.search(value)) is not None:
        minutes = int(found[2]) * 60 + int(found[3])
        offset = timedelta(minutes=-minutes if found[1] == "-" else minutes)
        zone = timezone(offset) if abs(offset) < timedelta(hours=24) else UTC
        value = value[: found.start()]
    date, time = _DATE.fullmatch(value[:8]), _TIME.fullmatch(value[8:])
    if date is None or time is None:
        return None
    return _combined((int(date[1]), int(date[2]), int(date[3])), time, zone)


def _combined(date: tuple[int, int, int], time: re.Match[str], zone: tzinfo | None) -> datetime | None:
    hour, minute, second = (int(time[group] or 0) for group in (1, 2, 3))
    fraction = int((time[4] or "").ljust(6, "0") or 0)
    try:
        return datetime(*date, hour, minute, min(second, 59), fraction, tzinfo=zone)
    except ValueError:
        return None


def _positive(ds: Dataset, keyword: str) -> float | None:
    found = numbers(ds, keyword)
    return float(found[0]) if len(found) and found[0] > 0 else None
