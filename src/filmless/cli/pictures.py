"""Options of commands that make pictures of DICOM: which frames, and how they are rendered."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

import click

from filmless.cli.reporting import Failure, Misuse, report
from filmless.dataset import Dataset
from filmless.errors import DicomError, PixelError
from filmless.file import read

__all__ = ["FrameChoice", "frames_given", "rendering_given", "rendering_options", "strangeness"]

Window = tuple[float, float] | Literal["minmax", "full"]
Command = TypeVar("Command", bound=Callable[..., Any])

_PRESENTATION_STATES = "1.2.840.10008.5.1.4.1.1.11."


class FrameChoice(NamedTuple):
    """Frames from the first to the last one, counted from 0; no last one for all that there are."""

    first: int
    last: int | None

    def of(self, count: int) -> Sequence[int]:
        """Return those of a file that has so many.

        Raises
        ------
        PixelError
            When it has fewer.
        """
        last = count - 1 if self.last is None else self.last
        if last >= count:
            raise PixelError(f"frame {last} does not exist, expected 0 to {count - 1}", frame=last)
        return range(self.first, last + 1)


def rendering_options(command: Command) -> Command:
    """Add the options that `rendering_given` takes."""
    options = [
        click.option("--window", metavar="C,W", help="Centre and width, or minmax, or full."),
        click.option("--voi", metavar="N|NAME", help="Which of the file's windows and LUTs, from 0."),
        click.option("--presentation-state", "state", metavar="FILE", help="Show it as this state does."),
        click.option("--no-overlays", "plain", is_flag=True, help="Without the overlays of the file."),
        click.option("--icc", is_flag=True, help="Colours in sRGB, by the file's ICC profile."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def rendering_given(
    *, window: str | None, voi: str | None, state: str | None, plain: bool, icc: bool, size: int | None = None
) -> dict[str, Any]:
    """Return the options of `filmless.pixels.render` that were given, and no others."""
    if window is not None and voi is not None:
        raise Misuse("--window and --voi both choose the greys, give one")
    rendering: dict[str, Any] = {}
    if window is not None:
        rendering["window"] = _window(window)
    if voi is not None:
        rendering["voi"] = int(voi) if voi.isascii() and voi.isdigit() else voi
    if state is not None:
        rendering["presentation_state"] = _state(state)
    if plain:
        rendering["overlays"] = False
    if icc:
        rendering["icc"] = True
    if size is not None:
        rendering["size"] = size
    return rendering


def strangeness(rendering: dict[str, Any], dataset: Dataset, frame: int) -> str | None:
    """Return what a person should know of a presentation state: that it was made for other images."""
    if "presentation_state" not in rendering:
        return None
    from filmless.pixels.presentation_state import PresentationState

    if PresentationState.of(rendering["presentation_state"]).applies_to(dataset, frame):
        return None
    return "the presentation state was made for other images"


def frames_given(text: str | None) -> int | FrameChoice | None:
    """Take ``N``, ``A-B`` or ``all`` for frames."""
    if text is None:
        return None
    if text == "all":
        return FrameChoice(0, None)
    first, dash, last = text.partition("-")
    if not (first.isascii() and first.isdigit() and (not dash or (last.isascii() and last.isdigit()))):
        raise Misuse("--frame takes a number from 0 as N, several as A-B, or all")
    if not dash:
        return int(first)
    if int(last) < int(first):
        raise Misuse("--frame A-B ends before it begins")
    return FrameChoice(int(first), int(last))


def _window(text: str) -> Window:
    named: dict[str, Window] = {"minmax": "minmax", "full": "full"}
    if text in named:
        return named[text]
    try:
        center, width = (float(number) for number in text.split(","))
    except ValueError:
        raise Misuse("--window takes a centre and a width as C,W, or minmax, or full") from None
    if not (math.isfinite(center) and math.isfinite(width)):
        raise Misuse("the centre and width of a window are finite numbers")
    if width < 1:
        raise Misuse("the width of a window is at least 1")
    return center, width


def _state(path: str) -> Dataset:
    from filmless.pixels.presentation_state import PresentationState

    try:
        state = read(path)
    except (DicomError, OSError) as error:
        # Here, where it is known which of the files that were named it is.
        report(error, path)
        raise Failure from error
    if not str(state.get("SOPClassUID")).startswith(_PRESENTATION_STATES):
        raise Misuse(f"--presentation-state takes a presentation state, which this is not: {path}")
    try:
        PresentationState.of(state)
    except DicomError as error:
        report(error, path)
        raise Failure from error
    return state
