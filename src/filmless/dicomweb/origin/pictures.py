"""Frames become files of pictures: the one pixel path, with what a request asks for around it."""

import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from filmless.convert.out.formats import format_named
from filmless.convert.out.options import Job, OutOptions
from filmless.dataset import Dataset
from filmless.dicomweb.origin.burned_in import burn
from filmless.dicomweb.origin.rendering_parameters import Rendering
from filmless.errors import ArchiveError, ConversionError, DicomError, DicomWebError, UnsupportedError
from filmless.pixels.colour import icc_profile_of, srgb_profile
from filmless.pixels.decoding import Frames, frames
from filmless.pixels.presentation_state import PresentationState
from filmless.pixels.scaling import scaled

__all__ = ["ANIMATED", "Image", "media_types", "mend"]

_FORMATS: Final = {
    "image/jpeg": "jpeg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/jp2": "jpeg-2000",
    "image/jxl": "jpeg-xl",
    "video/mp4": "mp4",
}
ANIMATED: Final = frozenset({"image/gif", "image/webp", "video/mp4"})
"""Media types that hold all frames."""

_WITH_QUALITY: Final = frozenset({"image/jpeg", "image/webp", "image/jxl", "video/mp4"})
_MOST_PIXELS: Final = 1 << 28  # of a frame: several copies of it are in memory while it is drawn
_MOST_MOVING: Final = 1 << 30  # pixels of all frames of an animation, which takes a thread for about half a minute
_SPOOLED: Final = 4 << 20  # bytes of an animation that are held in memory


def media_types(*, moving: bool = False) -> tuple[str, ...]:
    """Return what images are rendered to, the default first; video where the extra is installed and frames move.

    DICOM
    -----
    PS3.18 8.7.4
    """
    video = moving and find_spec("av") is not None
    return tuple(name for name in _FORMATS if video or name != "video/mp4")


@contextmanager
def mend() -> Iterator[None]:
    """Turn what can go wrong with pixels into answers: 400 for the request, 406 for the format, 500 for the instance.

    Nothing that a client changes makes pixels whole that are damaged: so they are 500, with what is wrong.
    """
    try:
        yield
    except (DicomWebError, ArchiveError):  # what is gone, or cannot be reached now
        raise
    except (UnsupportedError, ConversionError) as error:
        raise DicomWebError(error.message, status=406, hint=error.hint) from error
    except DicomError as error:
        raise DicomWebError(f"the instance cannot be drawn: {error.message}", status=500) from error
    except ValueError as error:
        raise DicomWebError(f"it cannot be drawn so: {error}", status=400) from error
    except OSError as error:
        raise DicomWebError("the stored file cannot be read now", status=503) from error
    except MemoryError:
        raise DicomWebError("the instance is too large to be drawn here", status=500) from None


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is open: its frames can be drawn from many threads.

    Attributes
    ----------
    ds
        The data set.
    opened
        Its frames.
    state
        The presentation state that it is drawn through.
    """

    ds: Dataset
    opened: Frames
    state: PresentationState | None = None

    @classmethod
    def of(cls, ds: Dataset, state: PresentationState | None = None) -> "Image":
        """Open an image.

        Raises
        ------
        DicomWebError
            406, 500: it has no pixels that can be drawn.
        """
        with mend():
            image = cls(ds, frames(ds, as_rgb=False), state)
        size = image.opened.description.rows * image.opened.description.columns
        if size > _MOST_PIXELS:
            message = f"a frame has {size} pixels, expected {_MOST_PIXELS} at the most"
            raise DicomWebError(message, status=406, hint="frames and bulk data are not bounded")
        return image

    def draw(self, numbers: Sequence[int], media_type: str, rendering: Rendering) -> bytes:
        """Draw a frame, or some for a media type that holds many, as a file.

        Parameters
        ----------
        numbers
            Of the frames, from 0.
        media_type
            One of `media_types`.
        rendering
            How.

        Raises
        ------
        DicomWebError
            400, 406, 500.
        """
        stream = io.BytesIO()
        self._write(numbers, media_type, rendering, stream)
        return stream.getvalue()

    def animate(self, numbers: Sequence[int], media_type: str, rendering: Rendering) -> IO[bytes]:
        """As `draw`, into a temporary file, which stands at its start then; the caller closes it."""
        stream: Any = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115 - who asked closes it
        try:
            self._write(numbers, media_type, rendering, stream)
            stream.seek(0)
        except BaseException:
            stream.close()
            raise
        return stream  # type: ignore[no-any-return]

    def _check_length(self, count: int) -> None:
        pixels = self.opened.description.rows * self.opened.description.columns * count
        if count > 1 and pixels > _MOST_MOVING:
            message = f"{count} frames have {pixels} pixels, expected {_MOST_MOVING} at the most in one file"
            raise DicomWebError(message, status=406, hint='ask for frames, or for multipart/related; type="image/jpeg"')

    def _write(self, numbers: Sequence[int], media_type: str, rendering: Rendering, stream: Any) -> None:
        self._check_length(len(numbers))
        options = OutOptions()
        if rendering.window is not None:
            options["voi"] = rendering.window
        if self.state is not None:
            options["presentation_state"] = self.state  # type: ignore[typeddict-item] # what is read once is taken, too
        if rendering.viewport is not None and not rendering.shows_a_part:
            options["size"] = rendering.viewport.height, rendering.viewport.width
        if rendering.quality is not None and media_type in _WITH_QUALITY:
            options["quality"] = rendering.quality
        if rendering.icc_profile == "srgb":
            options["icc"] = True

        def finish(picture: NDArray[np.uint8], frame: int) -> NDArray[np.uint8]:
            if rendering.shows_a_part:
                picture = _part(picture, self.ds, rendering)
            return burn(picture, self.ds, frame, rendering.annotations, frames=len(self.opened))

        needed = rendering.shows_a_part or rendering.annotations
        job = Job(
            self.ds,
            numbers,
            options,
            opened=self.opened,
            finish=finish if needed else None,
            embed=self._embedded(rendering),
        )
        with mend():
            format_named(_FORMATS[media_type]).write(job, stream)

    def _embedded(self, rendering: Rendering) -> bool | bytes:
        """Tell which ICC profile goes along with colours."""
        asked = rendering.icc_profile
        if asked in (None, "no"):
            return asked is None
        own = icc_profile_of(self.ds) if self.state is None else self.state.icc_profile or icc_profile_of(self.ds)
        return True if asked == "yes" and own is not None else srgb_profile()


def _part(picture: NDArray[np.uint8], ds: Dataset, rendering: Rendering) -> NDArray[np.uint8]:
    """Cut out the region that is asked for, flip and scale it."""
    rows, columns = picture.shape[:2]
    viewport, flips = rendering.viewport, (1, 1)
    if rendering.fractions is not None:
        left, top, right, bottom = rendering.fractions
        across, down = (left * columns, right * columns), (top * rows, bottom * rows)
    else:
        assert viewport is not None  # noqa: S101 - without it no part is asked for
        across = viewport.left, viewport.left + abs(viewport.region_width or columns - viewport.left)
        down = viewport.top, viewport.top + abs(viewport.region_height or rows - viewport.top)
        flips = (-1 if (viewport.region_height or 0) < 0 else 1), (-1 if (viewport.region_width or 0) < 0 else 1)
    x, y = _span(*across, columns), _span(*down, rows)
    part = np.ascontiguousarray(picture[y, x][:: flips[0], :: flips[1]])
    return part if viewport is None else np.ascontiguousarray(scaled(part, ds, (viewport.height, viewport.width)))


def _span(first: float, last: float, most: int) -> slice:
    if not 0 <= first < most or last <= first:
        raise DicomWebError("the region does not lie in the image", status=400)
    start = min(round(first), most - 1)
    return slice(start, min(max(round(last), start + 1), most))
