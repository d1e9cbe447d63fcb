"""The files that a data set becomes, each of which can be written alone, in a thread of its own.

This is what the command line and `from_dicom` build on::

    for part in outputs(ds, "png", frames="all", window=(40, 400)):
        part.save(folder / f"scan{part.number}{part.suffix}")     # or part.encode() -> bytes
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import BinaryIO, Literal, Unpack

from filmless.convert.notice import ConversionNotice
from filmless.convert.out.formats import Format
from filmless.convert.out.options import Job, OutOptions
from filmless.dataset import Dataset

__all__ = ["Part", "outputs"]


@dataclass(frozen=True, slots=True)
class Part:
    """A file that a data set, or one of its frames, becomes.

    Attributes
    ----------
    format
        What it is.
    job
        What goes into it.
    suffix
        Of its name, with the dot: ``".png"``.
    frame
        The frame it is, when it is one of several parts; None when it is all there is.
    number
        To put before the suffix: ``".007"``, of as many digits as the last frame needs, three at least; empty when
        it is all there is.
    """

    format: Format
    job: Job
    suffix: str
    frame: int | None = None
    number: str = ""

    def encode(self) -> bytes:
        """Return the file."""
        raise NotImplementedError

    def save(self, path: str | PathLike[str]) -> None:
        """Write the file, whole or not at all, in bounded memory."""
        raise NotImplementedError

    def write(self, stream: BinaryIO) -> None:
        """Write the file to a stream when it is complete, so that nothing stands there when it fails."""
        raise NotImplementedError


def outputs(
    ds: Dataset | Sequence[Dataset],
    format: str | Format,  # noqa: A002 - the word everybody looks for
    *,
    frame: int | None = None,
    frames: Iterable[int] | Literal["all"] | None = None,
    notices: Callable[[ConversionNotice], None] | None = None,
    **options: Unpack[OutOptions],
) -> list[Part]:
    """Tell what files a data set becomes, without making them.

    Parameters
    ----------
    ds
        The data set; several for a format that takes many.
    format
        A name or row of `FORMATS`.
    frame
        One frame, from 0.
    frames
        Frames, or ``"all"``. By default a format of one frame a file takes the first, with the notice
        ``first-frame`` when there are more, and one of all frames all.
    notices
        Is called with what is odd, from the thread that encodes.
    **options
        Of the format.

    Returns
    -------
    list of Part
        One for each frame of a format of one frame a file, else one. They can be encoded in any order, in threads.

    Raises
    ------
    ConversionError
        There is no such format, or it does not take one of the options.
    PixelError
        There are no pixels, or no such frame.
    """
    raise NotImplementedError
