"""From a data set to arrays of samples."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset, Finding
from filmless.errors import PixelError
from filmless.pixels.codecs import Decoded, codec_of
from filmless.pixels.colour import ybr_to_rgb
from filmless.pixels.description import PixelDescription
from filmless.pixels.frame_index import frame_index

__all__ = ["Frames", "decode", "decode_as_stored", "frames"]

_WORTH_THREADS = 1 << 18  # bytes of decoded frames below which starting threads costs more than it brings


class Frames(Sequence[NDArray[Any]]):
    """The frames of a data set, decoded when they are asked for; see `frames`.

    Attributes
    ----------
    description
        How the samples are stored.
    findings
        Where pixel data and data set disagree, as far as it was noticed by now.
    """

    def __init__(self, ds: Dataset, *, as_rgb: bool = True) -> None:
        self.description = PixelDescription.of(ds)
        self._codec = codec_of(self.description.transfer_syntax)
        row = _core.transfer_syntax(self.description.transfer_syntax)
        self._index = frame_index(ds, self.description, row["codec"] if row else "native")
        self._as_rgb = as_rgb
        self._noted: dict[Finding, None] = {}

    @property
    def findings(self) -> list[Finding]:
        """Where pixel data and data set disagree, as far as it was noticed by now; of each kind once."""
        return [*self._index.findings, *self._noted]

    def __len__(self) -> int:
        return self.description.frames

    @overload
    def __getitem__(self, frame: int) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, frame: slice) -> list[NDArray[Any]]: ...
    def __getitem__(self, frame: int | slice) -> NDArray[Any] | list[NDArray[Any]]:
        if isinstance(frame, slice):
            return [self[number] for number in range(*frame.indices(len(self)))]
        if not -len(self) <= frame < len(self):
            raise IndexError(f"frame {frame} does not exist, there are {len(self)}")
        return self.decoded(frame % len(self)).samples

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for frame in range(len(self)):
            yield self.decoded(frame).samples

    def encoded(self, frame: int) -> bytes:
        """Return the bytes of a frame as they are stored; of single bits those that hold it."""
        return self._index.encoded(frame)[0]

    def require(self, first: int, last: int) -> None:
        """Raise when one of these frames is not there: before anything is allocated for them."""
        self._index.require(first, last)

    def decoded(self, frame: int, out: NDArray[Any] | None = None) -> Decoded:
        """Decode a frame, into ``out`` when that saves a copy, and say what its colours are in."""
        data, first_bit = self._index.encoded(frame)
        more = {"first_bit": first_bit} if first_bit else {}
        decoded = self._codec.decode_frame(data, self.description, frame, out, **more)
        samples, photometric = decoded.samples, decoded.photometric_interpretation
        self._noted |= dict.fromkeys(decoded.findings)
        if self._as_rgb and photometric.startswith("YBR_FULL"):
            samples, photometric = ybr_to_rgb(samples), "RGB"
        return Decoded(samples, photometric, decoded.findings)


def frames(ds: Dataset, *, as_rgb: bool = True) -> Frames:
    """Give the frames of a data set, each decoded alone when it is asked for.

    Parameters
    ----------
    ds
        The data set.
    as_rgb
        Give YBR colours as RGB. Palette indices stay indices.

    Returns
    -------
    Frames
        A sequence of arrays of shape (rows, columns[, samples]). One frame's bytes are read for one frame; going
        through it holds one frame at a time.

    Raises
    ------
    PixelError
        There is no pixel data, or its description cannot be right.
    UnsupportedError
        The transfer syntax has no pixels that can be decoded.

    DICOM
    -----
    PS3.5 8, A.4

    Examples
    --------
    >>> from filmless import read
    >>> [frame.shape for frame in frames(read("slice.dcm"))]
    [(128, 128)]
    """
    return Frames(ds, as_rgb=as_rgb)


def decode(
    ds: Dataset,
    *,
    frame: int | None = None,
    frames: Iterable[int] | None = None,
    as_rgb: bool = True,
    threads: int | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Decode the pixel data of a data set.

    Parameters
    ----------
    ds
        The data set.
    frame
        Decode this frame alone, from 0; all of them when neither this nor ``frames`` is given.
    frames
        Decode these frames.
    as_rgb
        Give YBR colours as RGB. Palette indices stay indices.
    threads
        How many frames are decoded at a time; None for as many as there are processors, when it pays.
    out
        An array of the result's shape and dtype to decode into.

    Returns
    -------
    NDArray
        Shape (frames, rows, columns[, samples]); without the first axis for one frame. The dtype is the smallest of
        8, 16, 32 or 64 bits that holds Bits Allocated, signed by Pixel Representation, of native byte order; float32
        and float64 for Float and Double Float Pixel Data.

    Raises
    ------
    PixelError
        There is no pixel data or too little; `GeometryError` when its description cannot be right, `CodecError` when
        a compressed frame does not decode.
    UnsupportedError
        The transfer syntax or photometric interpretation is not implemented.

    DICOM
    -----
    PS3.3 C.7.6.3, PS3.5 8

    Examples
    --------
    >>> from filmless import read
    >>> decode(read("slice.dcm")).shape
    (128, 128)
    """
    source = Frames(ds, as_rgb=as_rgb)
    if frame is not None and frames is not None:
        raise TypeError("give `frame` or `frames`, not both")
    wanted = range(len(source)) if frames is None else list(frames)
    if frame is not None:
        wanted = [frame]
    for number in wanted if frame is not None or frames is not None else ():
        if not 0 <= number < len(source):
            raise PixelError(f"frame {number} does not exist, expected 0 to {len(source) - 1}", frame=number)
    if len(wanted) == 1 and frames is None:
        samples = source.decoded(wanted[0], out).samples
        if out is not None:
            return _into(out, samples)
        return samples if samples.flags.writeable else samples.copy()
    return _stack(source, wanted, threads, out)


def decode_as_stored(ds: Dataset, frame: int) -> tuple[NDArray[Any], str]:
    """Decode one frame without converting colours; give its photometric interpretation with it.

    DICOM
    -----
    PS3.3 C.7.6.3.1.2
    """
    source = Frames(ds, as_rgb=False)
    if not 0 <= frame < len(source):
        raise PixelError(f"frame {frame} does not exist, expected 0 to {len(source) - 1}", frame=frame)
    return source.decoded(frame)[:2]


def _into(out: NDArray[Any], samples: NDArray[Any]) -> NDArray[Any]:
    if out.shape != samples.shape or out.dtype != samples.dtype:
        expected = f"shape {samples.shape} and dtype {samples.dtype}"
        raise ValueError(f"`out` has shape {out.shape} and dtype {out.dtype}, expected {expected}")
    if not np.may_share_memory(out, samples):
        out[...] = samples
    return out


def _stack(source: Frames, wanted: Sequence[int], threads: int | None, out: NDArray[Any] | None) -> NDArray[Any]:
    """Fill one array with the frames, allocated when the last is known to be there and the first is decoded."""
    if not wanted:
        return np.empty((0, *source.description.frame_shape), source.description.dtype) if out is None else out
    ends = (wanted[0], wanted[-1]) if isinstance(wanted, range) else (min(wanted), max(wanted))
    source.require(*ends)
    first = source.decoded(wanted[0]).samples
    if out is None:
        out = np.empty((len(wanted), *first.shape), dtype=first.dtype.newbyteorder("="))
    elif out.shape != (len(wanted), *first.shape):
        raise ValueError(f"`out` has shape {out.shape}, expected {(len(wanted), *first.shape)}")
    out[0] = first

    def fill(position: int) -> None:
        samples = source.decoded(wanted[position], out[position]).samples
        if not np.may_share_memory(samples, out):
            out[position] = samples

    if threads is None:
        threads = os.cpu_count() or 1 if out.nbytes >= _WORTH_THREADS else 1
    if threads > 1 and len(wanted) > 2:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(fill, range(1, len(wanted))):
                pass
    else:
        for position in range(1, len(wanted)):
            fill(position)
    return out
