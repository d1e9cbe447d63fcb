"""Several frames: how many there are, and what tells them apart (PS3.3 C.7.6.5, C.7.6.6, C.8.6.4, C.8.6.5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from filmless.convert.content import MOST_NUMBERED, Picture
from filmless.convert.header.sop_classes import SopClass
from filmless.errors import ConversionError
from filmless.file._element_path import tag_named

__all__ = ["multi_frame"]

_MAX_TEXT = 0xFFFE  # bytes of IS and DS
_DIGITS = 10
_HINT = (
    "give FrameTime, the milliseconds between frames, or make each an object of its own by `apart` of `convert_many`"
)
_SLOWEST = 0.999  # frames in a second


def multi_frame(row: SopClass, picture: Picture, given: Mapping[Any, Any]) -> dict[str, Any]:
    """Fill the Multi-frame Module, and Cine or Vector by what is known of time.

    Raises
    ------
    ConversionError
        There are too many frames to number, or a vector that is given has another length.
    """
    if picture.frames == 1 and not row.multi_frame:
        return {}
    values: dict[str, Any] = {"NumberOfFrames": picture.frames} | _order(row, picture, given)
    if "SC Multi-frame Image" in row.modules and picture.samples == 1 and picture.bits_allocated > 1:
        values |= {"PresentationLUTShape": "IDENTITY", "RescaleIntercept": "0", "RescaleSlope": "1"}
        values["RescaleType"] = "US"
    return values


def _order(row: SopClass, picture: Picture, given: Mapping[Any, Any]) -> dict[str, Any]:
    """Say what goes up from frame to frame."""
    if picture.frames == 1 and "SC Multi-frame Image" in row.modules:
        return {}  # the other classes have a pointer of one frame, too
    known = {**picture.facts, **given}
    if known.get("FrameTime") is not None:
        return _timed({"FrameTime": known["FrameTime"]})
    vector = known.get("FrameTimeVector")
    if vector is not None:
        if len(vector if isinstance(vector, list) else [vector]) != picture.frames:
            raise ConversionError(f"FrameTimeVector has to have a value for each of the {picture.frames} frames")
        return {"FrameIncrementPointer": tag_named("FrameTimeVector"), "FrameTimeVector": vector}
    if any(time > 0 for time in picture.frame_times_ms):
        return _times(picture.frame_times_ms, picture.frames)
    if "SC Multi-frame Image" not in row.modules:
        return _timed({"FrameTime": "0"})  # of a single frame, which still has to have one
    if picture.frames > MOST_NUMBERED:
        raise ConversionError(f"{picture.frames} frames are too many to number", hint=_HINT)
    pages = list(range(1, picture.frames + 1))
    return {"FrameIncrementPointer": tag_named("PageNumberVector"), "PageNumberVector": pages}


def _times(times: Sequence[float], frames: int) -> dict[str, Any]:
    """Frame Time when all are shown as long, else Frame Time Vector, whose first is 0: nothing was before it."""
    if len(set(times)) == 1:
        return _timed({"FrameTime": _number(times[0])})
    steps = [0.0, *times][:frames]
    vector = [_number(step) for step in [*steps, *[times[-1]] * (frames - len(steps))]]
    if sum(map(len, vector)) + len(vector) > _MAX_TEXT:
        raise ConversionError(f"{frames} frames are too many for a time each", hint=_HINT)
    return {"FrameIncrementPointer": tag_named("FrameTimeVector"), "FrameTimeVector": vector}


def _timed(time: dict[str, Any]) -> dict[str, Any]:
    """Give Frame Time, and the rates that agree with it."""
    values = {"FrameIncrementPointer": tag_named("FrameTime"), **time}
    try:
        rate = 1000 / float(time["FrameTime"])
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return values
    if not _SLOWEST <= rate < (1 << 31) - 1:  # IS has no fractions
        return values
    return values | {"CineRate": round(rate), "RecommendedDisplayFrameRate": round(rate)}


def _number(value: float) -> str:
    """Write a decimal string: PS3.5 6.2, at most 16 bytes."""
    return f"{value:.{_DIGITS}g}"
