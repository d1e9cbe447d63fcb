"""What can be asked of a conversion out of DICOM, and what a writer is given."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset
from filmless.pixels.decoding import Frames
from filmless.pixels.grey import Lut, Window, WindowChoice
from filmless.pixels.overlays import Overlay

__all__ = ["DEFAULTS", "RENDERING", "Job", "OutOptions", "told_to_nobody"]


class OutOptions(TypedDict, total=False):
    """Options by name; one that is not there has its default, which is the writer's to know."""

    # Of `filmless.pixels.render`.
    window: WindowChoice | None
    voi: int | str | Lut | Window | None
    presentation_state: Dataset | None
    overlays: bool | Iterable[Overlay]
    size: int | tuple[int, int] | None
    icc: bool
    # Of samples.
    depth: Literal[8, 16, 32]
    values: Literal["stored", "modality", "display"]
    # Of encoders.
    level: int
    quality: int
    lossless: bool
    subsampling: str
    compression: str
    # Of pictures that move.
    fps: float
    loop: int
    # Of a PDF.
    captions: Iterable[str]
    sheet: tuple[int, int]
    paper: Literal["a4", "letter"]
    font: str | PathLike[str]
    # How many frames are worked on at a time.
    threads: int | None


#: The options that `filmless.pixels.render` takes.
RENDERING = frozenset({"window", "voi", "presentation_state", "overlays", "size", "icc"})

#: Values that say nothing, beside None.
DEFAULTS = {"overlays": True, "icc": False}


def told_to_nobody(code: str, message: str) -> None:
    """Take a notice that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a writer is given.

    Attributes
    ----------
    ds
        The data set.
    frames
        Its frames that are asked for, from 0, which are there; of one for a format of one frame a file, none for
        whole headers and documents.
    options
        Those that were given, all of which the format takes; values are the writer's to check.
    notice
        Tells of something odd: a code, and a message without a value of the data set.
    is_one
        Whether one frame was asked for by its number, or there is no other: an array of it has no axis for frames.
    more
        Further data sets, for a format that takes many (all their frames).
    opened
        The frames of the data set, as they are stored, when they are open: threads may share them.
    finish
        What is done to each picture between rendering and encoding: from the picture and its frame to the picture that
        is written. Threads call it.
    draw
        What makes the picture of a frame, by its number, in place of rendering the data set: for pictures of many data
        sets, of one size and all in colours, in one file. Threads call it.
    embed
        Which ICC profile goes along with a picture in colours: True for its own, False for none, else this one.
    """

    ds: Dataset
    frames: Sequence[int] = ()
    options: OutOptions = field(default_factory=OutOptions)
    notice: Callable[[str, str], None] = told_to_nobody
    is_one: bool = False
    more: Sequence[Dataset] = ()
    opened: Frames | None = None
    finish: Callable[[NDArray[np.uint8], int], NDArray[np.uint8]] | None = None
    draw: Callable[[int], NDArray[np.uint8]] | None = None
    embed: bool | bytes = True
