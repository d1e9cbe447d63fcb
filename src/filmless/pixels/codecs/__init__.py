"""Codecs, one file per family, chosen by the row of the registry of transfer syntaxes.

An adapter module has ``decode_frame``; ``open_stream`` when all frames are one stream; and, when the family is written,
``encode_frame`` and ``ENCODES``: what it can write in each transfer syntax, by keyword. All are pure functions, safe in
any thread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Finding
from filmless.errors import UnsupportedError
from filmless.pixels.description import PixelDescription

__all__ = ["Codec", "Decoded", "EncodeOptions", "Encoded", "Encodes", "FrameStream", "OpenStream", "codec_of"]


class Decoded(NamedTuple):
    """Samples of one frame.

    Attributes
    ----------
    samples
        Shape (rows, columns[, samples]), of the dtype of the description.
    photometric_interpretation
        What the samples are in: not always what the data set says of the stream.
    findings
        Where the stream and the data set disagree.
    """

    samples: NDArray[Any]
    photometric_interpretation: str
    findings: tuple[Finding, ...] = ()


class Encoded(NamedTuple):
    """The stream of one frame, and the photometric interpretation that the data set has to say of it."""

    data: bytes
    photometric_interpretation: str


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How much a lossy encoder may lose; each family knows the ones that fit it and refuses the others.

    Attributes
    ----------
    quality
        1 to 100, for JPEG, JPEG 2000, HTJ2K and JPEG XL; None for the family's own default.
    max_error
        Greatest difference of a sample, for JPEG-LS near-lossless.
    ratio
        Uncompressed to compressed size, for JPEG 2000.
    """

    quality: float | None = None
    max_error: int | None = None
    ratio: float | None = None

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise ValueError(f"`quality` is {self.quality}, expected 1 to 100")
        if self.max_error is not None and not 0 <= self.max_error <= 255:
            raise ValueError(f"`max_error` is {self.max_error}, expected 0 to 255")
        if self.ratio is not None and not self.ratio >= 1:
            raise ValueError(f"`ratio` is {self.ratio}, expected 1 or more")

    def only(self, what: str, *names: str) -> None:
        """Raise ValueError when another option is given than those that a family knows."""
        for name in ("quality", "max_error", "ratio"):
            if getattr(self, name) is not None and name not in names:
                raise ValueError(f"`{name}` means nothing to {what}")


class Encodes(NamedTuple):
    """What an adapter can write in a transfer syntax: least and greatest Bits Stored, samples per pixel, signed."""

    bits: tuple[int, int]
    samples: tuple[int, ...] = (1, 3)
    signed: bool = True


class DecodeFrame(Protocol):
    """Decode the bytes of one frame; of native ones the frame may begin at a bit ``first_bit`` of the first byte.

    ``out`` is a contiguous array of the frame's shape and dtype that may be decoded into; what is returned counts.
    """

    def __call__(
        self,
        data: bytes | memoryview,
        description: PixelDescription,
        frame: int,
        out: NDArray[Any] | None = None,
        **first_bit: int,
    ) -> Decoded: ...


class FrameStream(Protocol):
    """A stream of all frames that is being decoded; safe in many threads."""

    def decode_frame(self, frame: int, out: NDArray[Any] | None = None) -> Decoded:
        """Decode a frame: going through them in order costs one decoding of each."""
        ...


OpenStream = Callable[[bytes | memoryview, PixelDescription], FrameStream]
"""From all fragments, put together, and the description, to a stream of all frames."""

EncodeFrame = Callable[[NDArray[Any], PixelDescription, int, EncodeOptions], Encoded]
"""From samples (rows, columns[, samples]), the description of what is to be written (its transfer syntax and the
photometric interpretation of the samples), the frame's number for errors, and options, to a stream."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How the frames of a transfer syntax are stored, decoded and encoded.

    Attributes
    ----------
    encapsulated
        Whether they are in fragments.
    decode_frame
        Decodes one; from the whole stream when all frames are one.
    encode_frame, encodes
        Encodes one, and what can be encoded; None when nothing can.
    open_stream
        When all frames are one stream, opens it: all fragments put together, and the description.
    """

    encapsulated: bool
    decode_frame: DecodeFrame
    encode_frame: EncodeFrame | None
    encodes: Encodes | None
    open_stream: OpenStream | None = None


_MODULES: Mapping[str, str] = {  # by family, as the registry of transfer syntaxes names them
    "native": "native",
    "uncompressed": "native",
    "rle": "rle",
    "jpeg": "jpeg",
    "jpeg-lossless": "jpeg_lossless",
    "jpeg-ls": "jpeg_ls",
    "jpeg-2000": "jpeg_2000",
    "htj2k": "jpeg_2000",
    "jpeg-xl": "jpeg_xl",
    "deflated-frame": "deflated_frame",
    "video": "video",
}


@lru_cache(maxsize=256)
def codec_of(transfer_syntax: str) -> Codec:
    """Return the codec of a transfer syntax.

    Parameters
    ----------
    transfer_syntax
        UID or keyword.

    Raises
    ------
    UnsupportedError
        It is not registered, or has no pixels of its own.
    """
    row = _core.transfer_syntax(transfer_syntax)
    name = None if row is None else _MODULES.get(row["codec"])
    if row is None or name is None:
        message = f"pixel data of transfer syntax {transfer_syntax} cannot be decoded"
        raise UnsupportedError(message, uid=transfer_syntax)
    module = import_module(f"{__name__}.{name}")
    encodes = getattr(module, "ENCODES", {}).get(row["keyword"])
    encode_frame = module.encode_frame if encodes else None
    open_stream = getattr(module, "open_stream", None)
    return Codec(row["encapsulated"], module.decode_frame, encode_frame, encodes, open_stream)
