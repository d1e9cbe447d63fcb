"""From a data set to arrays of samples."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from filmless.dataset import Dataset, Finding
from filmless.errors import PixelError
from filmless.pixels.codecs import Codec, Decoded, FrameStream, OpenStream, codec_of
from filmless.pixels.codecs.code_stream import used_bits
from filmless.pixels.colour import to_rgb
from filmless.pixels.description import described
from filmless.pixels.frame_index import NativeFrames, frame_index
from filmless.pixels.parallel import each, threads_for

__all__ = ["Frames", "decode", "decode_as_stored", "frames"]

_BIG_ENDIAN = sys.byteorder == "big"
_NATIVE = "1.2.840.10008.1.2.1"


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
        self.description, stored = described(ds)
        # Frames of a native transfer syntax need no codec: not even its import.
        self._codec: Codec | None = None if stored.family == "native" else codec_of(self.description.transfer_syntax)
        self._index = frame_index(ds, self.description, stored)
        if isinstance(self._index, NativeFrames):
            self._plain = self._index if self._index.are_plain else None
            self._codec = None if self._plain else codec_of(_NATIVE)
        else:
            self._plain, self._codec = None, self._codec or codec_of(_NATIVE)
        self._stream: FrameStream | None = None  # of all frames: a video's
        self._opening = Lock()
        self._as_rgb = as_rgb
        self._noted: dict[Finding, None] = {}

    @property
    def findings(self) -> list[Finding]:
        """Where pixel data and data set disagree, as far as it was noticed by now; of each kind once."""
        return list(dict.fromkeys((*self.description.findings, *self._index.findings, *self._noted)))

    @property
    def is_stream(self) -> bool:
        """Whether all frames are one stream, as those of a video are."""
        return self._codec is not None and self._codec.open_stream is not None

    @property
    def is_encapsulated(self) -> bool:
        """Whether the frames are in fragments, whatever the transfer syntax says."""
        return not isinstance(self._index, NativeFrames)

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

    def check(self, frame: int) -> None:
        """Raise when there is no such frame, by the Number of Frames."""
        if not 0 <= frame < self.description.frames:
            message = f"frame {frame} does not exist, expected 0 to {self.description.frames - 1}"
            raise PixelError(message, frame=frame)

    def require(self, first: int, last: int) -> None:
        """Raise when one of these frames is not there: before anything is allocated for them."""
        self._index.require(first, last)

    def decoded(self, frame: int, out: NDArray[Any] | None = None) -> Decoded:
        """Decode a frame, into ``out`` when it fits and that saves a copy, and say what its colours are in."""
        if out is not None and not self._fits(out):
            out = None
        if self._plain is not None:
            if out is None:
                self._plain.require(frame, frame)  # before anything of its size is allocated
                out = np.empty(self.description.frame_shape, self.description.dtype)
            return self._coloured(Decoded(self._read_plain(frame, out), self.description.photometric_interpretation))
        assert self._codec is not None  # noqa: S101 - there is one when the frames are not plain
        if self._codec.open_stream is not None:
            decoded = self._opened(self._codec.open_stream).decode_frame(frame, out)
        else:
            data, first_bit = self._index.encoded(frame)
            more = {"first_bit": first_bit} if first_bit else {}
            decoded = self._codec.decode_frame(data, self.description, frame, out, **more)
        self._noted |= dict.fromkeys(decoded.findings)
        return self._coloured(decoded._replace(samples=_owned(decoded.samples)))

    def raw(self, frame: int) -> NDArray[Any]:
        """Decode a frame to unsigned samples with all their bits, those that hold no sample too."""
        bits = self.description.bits_allocated
        whole = replace(self.description, bits_stored=bits, high_bit=bits - 1, signed=False)
        data, first_bit = self._index.encoded(frame)
        more = {"first_bit": first_bit} if first_bit else {}
        codec = self._codec or codec_of(_NATIVE)
        return codec.decode_frame(data, whole, frame, None, **more).samples

    def _fits(self, out: NDArray[Any]) -> bool:
        """Tell whether an array is one that a codec may decode a frame into: they do not look again."""
        expected = (self.description.frame_shape, self.description.dtype)
        return (out.shape, out.dtype) == expected and out.flags.c_contiguous and out.flags.writeable

    def _opened(self, open_stream: OpenStream) -> FrameStream:
        with self._opening:
            if self._stream is None:
                self._stream = open_stream(self._index.encoded(0)[0], self.description)
            return self._stream

    def fill(self, first: int, out: NDArray[Any]) -> bool:
        """Read frames that follow each other at once into an array of them; False when they have to be decoded."""
        if self._plain is None or (self._as_rgb and self.description.photometric_interpretation.startswith("YBR")):
            return False
        if out.dtype != self.description.dtype or not out.flags.c_contiguous:
            return False
        self._read_plain(first, out)
        return True

    def _read_plain(self, frame: int, out: NDArray[Any]) -> NDArray[Any]:
        assert self._plain is not None  # noqa: S101 - both callers looked
        self._plain.read_into(frame, out)
        if self.description.big_endian is not _BIG_ENDIAN and out.itemsize > 1:
            out.byteswap(inplace=True)
        return used_bits(out, self.description)

    def _coloured(self, decoded: Decoded) -> Decoded:
        if self._as_rgb and decoded.photometric_interpretation.startswith("YBR"):
            samples = to_rgb(self.description, decoded.samples, decoded.photometric_interpretation)
            return Decoded(samples, "RGB", decoded.findings)
        return decoded


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
    if frame is not None and frames is not None:
        raise TypeError("give `frame` or `frames`, not both")
    source = Frames(ds, as_rgb=as_rgb)
    if frame is None and len(source) == 1 and frames is None:
        frame = 0
    if frame is not None:
        source.check(frame)
        samples = source.decoded(frame, out).samples
        return samples if out is None or samples is out else _into(out, samples)
    wanted = range(len(source)) if frames is None else list(frames)
    if frames is not None:
        for number in wanted:
            source.check(number)
    return _stack(source, wanted, threads, out)


def decode_as_stored(ds: Dataset, frame: int) -> tuple[NDArray[Any], str]:
    """Decode one frame without converting colours; give its photometric interpretation with it.

    DICOM
    -----
    PS3.3 C.7.6.3.1.2
    """
    source = Frames(ds, as_rgb=False)
    source.check(frame)
    return source.decoded(frame)[:2]


def _unfit(out: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> ValueError:
    if not out.flags.writeable:
        return ValueError("`out` is read-only, expected an array that may be written to")
    expected = f"shape {shape} and dtype {dtype}"
    return ValueError(f"`out` has shape {out.shape} and dtype {out.dtype}, expected {expected}")


def _into(out: NDArray[Any], samples: NDArray[Any]) -> NDArray[Any]:
    if out.shape != samples.shape or out.dtype != samples.dtype or not out.flags.writeable:
        raise _unfit(out, samples.shape, samples.dtype)
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
        try:
            out = np.empty((len(wanted), *first.shape), dtype=first.dtype)
        except MemoryError:
            message = f"{len(wanted)} frames do not fit into memory at once: go through `frames` instead"
            raise PixelError(message, tag=0x0028_0008) from None
    elif out.shape != (len(wanted), *first.shape) or out.dtype != first.dtype or not out.flags.writeable:
        raise _unfit(out, (len(wanted), *first.shape), first.dtype)
    if isinstance(wanted, range) and wanted.step == 1 and source.fill(wanted[0], out):
        return out
    out[0] = first

    def fill(position: int) -> None:
        samples = source.decoded(wanted[position], out[position]).samples
        if not np.may_share_memory(samples, out):
            out[position] = samples

    # Frames of one stream come one after the other: threads would only wait, and one that is late begin anew.
    each(fill, range(1, len(wanted)), threads_for(out.nbytes, 1 if source.is_stream else threads))
    return out


def _owned(samples: NDArray[Any]) -> NDArray[Any]:
    """Return samples of native byte order, in the order of C, that may be written to."""
    flags = samples.flags
    if flags.writeable and flags.c_contiguous and samples.dtype.isnative:
        return samples
    return np.array(samples, dtype=samples.dtype.newbyteorder("="), order="C")
