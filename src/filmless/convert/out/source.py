"""The frames of a data set, opened once for a writer: as pictures, as they are stored, in the modality's unit."""

from collections.abc import Callable, Iterator
from numbers import Integral
from threading import Lock
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from filmless.convert.icc_profile import rgb_profile
from filmless.convert.out.options import RENDERING, Job, told_to_nobody
from filmless.errors import ConversionError, DicomError
from filmless.pixels import to_modality, to_rgb
from filmless.pixels.codecs import Decoded
from filmless.pixels.codecs.jpeg_stream import damage, parse_jpeg
from filmless.pixels.decoding import frames
from filmless.pixels.description import described
from filmless.pixels.parallel import in_turn, threads_for
from filmless.pixels.presentation_state import PresentationState
from filmless.pixels.rendering import render_of

__all__ = ["PictureSource", "checked_number", "refuse_rendering"]

Result = TypeVar("Result")
_COLOURS = "without `depth` it is the colours as they are shown; npy has the stored values"


class PictureSource:
    """What a writer takes its frames from; its methods may be called from many threads.

    Parameters
    ----------
    job
        What is asked for.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.frames = frames(job.ds, as_rgb=False) if job.opened is None else job.opened
        self.description = self.frames.description
        self._rendering: dict[str, Any] = {name: job.options[name] for name in RENDERING & job.options.keys()}  # type: ignore[literal-required]
        state = self._rendering.get("presentation_state")
        if state is not None and not isinstance(state, PresentationState):
            self._rendering["presentation_state"] = PresentationState.of(state)
        layers = self._rendering.get("overlays", True)
        if not isinstance(layers, bool):
            self._rendering["overlays"] = list(layers)
        self._lock, self._profiles = Lock(), list[bytes | None]()  # of one profile, once it is looked at
        # What is drawn can have colours, on some frames and not on others.
        # To look takes half as long as to decode: not when nobody hears of it.
        self._may_be_damaged = (
            job.notice is not told_to_nobody and self.frames.is_encapsulated and described(job.ds)[1].family == "jpeg"
        )
        self._may_colour = len(job.frames) > 1 and (state is not None or not isinstance(layers, bool))

    def picture(self, frame: int) -> NDArray[np.uint8]:
        """Render a frame: shape (rows, columns) or (rows, columns, 3), uint8, the same for all frames."""
        if self.job.draw is not None:
            return self.job.draw(frame)
        self._look_for_damage(frame)
        picture = render_of(self.frames, self.job.ds, frame, **self._rendering)
        if self.job.finish is not None:
            picture = self.job.finish(picture, frame)
        return np.repeat(picture[..., None], 3, axis=-1) if self._may_colour and picture.ndim == 2 else picture

    def stored(self, frame: int) -> NDArray[Any]:
        """Decode a frame; YBR colours are RGB, as of `filmless.pixels.decode`."""
        decoded = self._decoded(frame)
        if decoded.photometric_interpretation.startswith("YBR"):
            return to_rgb(self.description, decoded.samples, decoded.photometric_interpretation)
        return decoded.samples

    def modality(self, frame: int) -> NDArray[np.float64]:
        """Decode a frame to values of the modality, in the unit of Rescale Type."""
        if self.description.samples > 1 or self.description.photometric_interpretation == "PALETTE COLOR":
            photometric = self.description.photometric_interpretation
            message = f"{photometric} has no values of the modality, expected grey"
            raise ConversionError(message, tag=0x0028_0004, hint=_COLOURS)
        return np.asarray(to_modality(self.job.ds, self._decoded(frame).samples, frame=frame), np.float64)

    def exact(self, frame: int) -> tuple[NDArray[Any], str]:
        """Decode a frame of grey or RGB of up to 16 bits, whose stored values a picture can hold; say which it is."""
        stored, photometric, _ = self._decoded(frame)
        bits, is_float = self.description.bits_stored, self.description.dtype.kind == "f"
        if photometric not in ("MONOCHROME1", "MONOCHROME2", "RGB") or bits > 16 or is_float:
            kind, hint = f"{photometric} of {bits} bits", _COLOURS
            if photometric.startswith("MONOCHROME"):
                kind, hint = f"{'float' if is_float else 'grey'} of {bits} bits", "tiff of depth 32, or npy"
            raise ConversionError(f"{kind} is not written with 16", frame=frame, hint=hint)
        return stored, photometric

    def _decoded(self, frame: int) -> Decoded:
        self._look_for_damage(frame)
        return self.frames.decoded(frame)

    def _look_for_damage(self, frame: int) -> None:
        """Tell, once, of a JPEG that its decoder draws in silence though it is damaged."""
        if not self._may_be_damaged:
            return
        data = self.frames.encoded(frame)
        try:
            is_damaged = damage(data, parse_jpeg(data)) is not None
        except DicomError:  # of which decoding says more
            return
        if is_damaged and self._may_be_damaged:
            self._may_be_damaged = False
            message = f"the JPEG of frame {frame} is damaged: a part of the picture may be wrong"
            self.job.notice("damaged-stream", message)

    def unsigned(self, frame: int) -> NDArray[np.uint16]:
        """Give the stored values of grey or RGB for pictures that know no sign and no MONOCHROME1.

        Signed ones are moved up by half of their range, MONOCHROME1 is inverted.
        """
        stored, photometric = self.exact(frame)
        bits = self.description.bits_stored
        if photometric != "MONOCHROME1" and not self.description.signed:
            return stored.astype(np.uint16)
        values = stored.astype(np.int32)
        if self.description.signed:
            values += 1 << (bits - 1)
        if photometric == "MONOCHROME1":
            values = (1 << bits) - 1 - values
        return values.astype(np.uint16)

    def profile(self, picture: NDArray[np.uint8]) -> bytes | None:
        """Give what the colours of a picture are in (PS3.3 C.11.15): of a presentation state, when one made them."""
        if picture.ndim != 3:
            return None
        if self.job.embed is not True:
            return self.job.embed or None
        if self.job.options.get("icc"):  # what is in sRGB needs nothing beside it
            return None
        with self._lock:
            if not self._profiles:
                self._profiles.append(self._checked_profile())
            return self._profiles[0]

    def _checked_profile(self) -> bytes | None:
        state = self._rendering.get("presentation_state")
        given = (self.job.ds if state is None else state.ds).get("ICCProfile")
        if not isinstance(given, bytes) or not given:
            return None
        profile = rgb_profile(given)
        if profile is None:
            self.job.notice("icc-dropped", "the ICC profile is left out: it is damaged or not one of RGB")
        return profile

    def each(self, work: Callable[[int], Result]) -> Iterator[Result]:
        """Do the work for each frame, in threads; give the results in the order of the frames, a few ahead."""
        # Frames of one stream come one after the other: threads would only wait.
        asked = 1 if self.frames.is_stream else self.job.options.get("threads")
        threads = threads_for(self.description.decoded_bytes * len(self.job.frames), asked)
        return in_turn(work, self.job.frames, threads)

    def encoded(self, encode: Callable[[NDArray[np.uint8]], Result]) -> Iterator[tuple[NDArray[np.uint8], Result]]:
        """Render and encode each frame, in threads; give the pictures, too, all of one shape."""

        def work(frame: int) -> tuple[NDArray[np.uint8], Result]:
            picture = self.picture(frame)
            return picture, encode(picture)

        shape = None
        for (picture, encoded), frame in zip(self.each(work), self.job.frames, strict=True):
            shape = self._same(shape, picture, frame)
            yield picture, encoded

    def same_shape(self, arrays: Iterator[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Hand on arrays that go into one file; a presentation state can make some larger than others."""
        shape = None
        for array, frame in zip(arrays, self.job.frames, strict=True):
            shape = self._same(shape, array, frame)
            yield array

    def _same(self, shape: tuple[int, ...] | None, array: NDArray[Any], frame: int) -> tuple[int, ...]:
        if shape not in (None, array.shape):
            message = f"a picture has shape {array.shape}, expected that of the others, {shape}"
            raise ConversionError(message, frame=frame, hint="a format of one frame a file can hold it")
        return array.shape


def refuse_rendering(job: Job, what: str, remedy: str) -> None:
    """Raise when options of rendering are given with samples that are not rendered."""
    for name in sorted(RENDERING & job.options.keys()):
        raise ConversionError(f"`{name}` does not go with {what}, which is not rendered", hint=remedy)


def checked_number(job: Job, name: Literal["quality", "level", "loop"], default: int, numbers: range, what: str) -> int:
    """Return the number of an option.

    Raises
    ------
    ConversionError
        It is none of those there are.
    """
    value: Any = job.options.get(name, default)
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_whole or int(value) not in numbers:
        expected = f"a whole number from {numbers[0]} to {numbers[-1]}"
        raise ConversionError(f"{name} {value!r} of {what} is not taken, expected {expected}")
    return int(value)
