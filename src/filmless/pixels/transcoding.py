"""From one transfer syntax to another: frames decoded, encoded, verified, and the attributes that go with them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import CodecError, PixelError, UnsupportedError
from filmless.pixels.codecs import Codec, Decoded, EncodeOptions, codec_of
from filmless.pixels.coded_stream import CodedStream, coded_stream
from filmless.pixels.decoding import Frames
from filmless.pixels.description import PixelDescription
from filmless.pixels.embedded_overlays import take_overlays_out
from filmless.pixels.encapsulation import encapsulate
from filmless.pixels.lossy_history import derive, is_declared, record_loss
from filmless.pixels.moving import mover_of
from filmless.pixels.native_value import native_value
from filmless.pixels.parallel import each, threads_for
from filmless.pixels.targets import Row, check_capable, check_options, row_of, target_row, turns_pixels, written_as

__all__ = ["transcode"]

_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_WRITTEN = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB", "YBR_FULL"})
_WITHOUT_PIXELS = (
    "a data set without pixels can be ImplicitVRLittleEndian, ExplicitVRLittleEndian or DeflatedExplicitVRLittleEndian"
)
_PIXEL_DATA = 0x7FE0_0010
_ITEM = b"\xfe\xff\x00\xe0"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be written of which frames: ``first`` is the first one, decoded already.

    Samples beyond Bits Stored, which lossy streams have, are clipped where more is lost anyway.
    """

    source: Frames
    description: PixelDescription
    codec: Codec
    options: EncodeOptions
    first: Decoded
    clip: bool

    def samples(self, frame: int) -> NDArray[Any]:
        """Decode a frame to the samples that are to be written."""
        decoded = self.source.decoded(frame) if frame else self.first
        if decoded.photometric_interpretation != self.first.photometric_interpretation:
            message = f"the colours of the frame are {decoded.photometric_interpretation}, those of the first are not"
            raise PixelError(message, tag=0x0028_0004, frame=frame)
        samples = decoded.samples
        if needed := _bits_beyond(samples, self.description):
            if not self.clip:
                raise _MoreBitsError(needed)
            stored, signed = self.description.bits_stored, self.description.signed
            samples = samples.clip(-(1 << stored - 1) if signed else 0, (1 << stored - int(signed)) - 1)
        return samples.astype(self.description.dtype, copy=False)


class _MoreBitsError(Exception):
    """A lossy stream decodes to samples of more bits than the data set says."""

    def __init__(self, bits: int) -> None:
        super().__init__(bits)
        self.bits = bits


def transcode(
    ds: Dataset,
    transfer_syntax: str,
    *,
    quality: float | None = None,
    ratio: float | None = None,
    max_error: int | None = None,
    verify: bool = True,
    threads: int | None = None,
    new_instance: bool = True,
) -> Dataset:
    """Write the pixel data of a data set in another transfer syntax.

    Elements that do not describe the pixel data or the loss stay what they are, byte for byte. Streams that the target
    can carry are moved and not decoded: the transfer syntax that the data set is in, JPEG lossless and JPEG Lossless
    SV1, a lossless syntax and the one of its family that may be lossy (while no loss is asked for), JPEG and
    JPEG recompressed as JPEG XL, which restores bit for bit.

    Parameters
    ----------
    ds
        The data set; it is not changed.
    transfer_syntax
        UID, keyword or short name (``"jpeg-ls"``) of the target.
    quality
        Of a lossy target, 1 to 100: JPEG, JPEG 2000, HTJ2K, JPEG XL; None for the family's own default.
    ratio
        Of a lossy target, the uncompressed to the compressed size: JPEG 2000.
    max_error
        Of JPEG-LS near-lossless, how much a sample may change; 0 for nothing.
    verify
        Decode every frame that was written: a lossless one has to be what it was, a lossy one has to decode.
    threads
        How many frames are worked on at a time; None for as many as there are processors, when it pays.
    new_instance
        Whether an image that loses something becomes a new SOP instance, derived from the one it was, as the Standard
        demands of it. Without, it keeps its SOP Instance UID and Image Type.

    Returns
    -------
    Dataset
        A new one. Its file meta information names the target.

    Raises
    ------
    ValueError
        The transfer syntax is not known, or has no use for an option.
    UnsupportedError
        It cannot hold these samples, or is not written; the hint names those that can.
    CodecError
        A frame does not decode, does not encode, or did not come back from what was written.
    PixelError
        There is no pixel data for an encapsulated transfer syntax, or a frame is not there.

    Notes
    -----
    YBR of a lossy stream becomes RGB, as `decode` gives it; YBR of a lossless one stays. Palette indices and single
    bits are not compressed with loss. Bits that hold no sample are dropped, and an overlay in them becomes Overlay
    Data. A lossy stream whose samples go beyond Bits Stored gives a larger Bits Stored in a lossless target.

    With loss, these change: Lossy Image Compression with its Ratio and Method, Derivation Description and Code, Source
    Image Sequence, Image Type and SOP Instance UID; Smallest and Largest Image Pixel Value go. What was lost before
    stays on record, and is put there when it was not but the stream of the first frame shows it.

    Memory holds the encoded frames, and as many decoded ones as there are threads.

    DICOM
    -----
    PS3.5 8.2, A; PS3.3 C.7.6.1.1.5, C.7.6.3

    Examples
    --------
    >>> from filmless import read
    >>> ds = read("slice.dcm")
    >>> smaller = transcode(ds, "JPEGLSLossless")
    >>> smaller["PixelData"].length < ds["PixelData"].length / 2
    True
    >>> bool((smaller.pixel_array == ds.pixel_array).all())
    True
    """
    target = target_row(transfer_syntax)
    options = EncodeOptions(quality=quality, max_error=max_error, ratio=ratio)
    check_options(target, options)
    keyword = next((keyword for keyword in _PIXELS if keyword in ds), None)
    if keyword is None:
        if target["encapsulated"]:
            message = f"there is no pixel data to write as {target['name']}"
            raise PixelError(message, uid=target["uid"], hint=_WITHOUT_PIXELS)
        return _renamed(ds, target)
    stored = PixelDescription.of(ds)
    source = row_of(stored.transfer_syntax)
    in_fragments = keyword == "PixelData" and _core.value_range(ds, _PIXEL_DATA, 0, 4) == _ITEM
    in_fragments = in_fragments and (source["encapsulated"] or ds[keyword].is_encapsulated)
    if not (target["encapsulated"] or source["encapsulated"] or in_fragments or turns_pixels(source)):
        return _renamed(ds, target)
    asked = options != EncodeOptions()
    if target["uid"] == source["uid"] and in_fragments == target["encapsulated"] and not asked:
        return ds.copy()
    move = mover_of(source, target, ds, stored) if in_fragments and not asked else None
    if move is not None:
        return _moved(ds, source, target, move, threads)
    if not in_fragments:
        source = {**source, "codec": "native", "lossless": True, "lossy": False}
    return _encoded(ds, source, target, options, verify=verify, threads=threads, new_instance=new_instance)


def _encoded(
    ds: Dataset,
    source: Row,
    target: Row,
    options: EncodeOptions,
    *,
    verify: bool,
    threads: int | None,
    new_instance: bool,
) -> Dataset:
    """Decode and encode, with as many bits as the samples turn out to need."""
    lossy = not target["lossless"] and options.max_error != 0
    # JPEG codes YBR itself; the other lossy codecs decorrelate RGB, and take anything else for unrelated planes.
    as_rgb = not source["lossless"] or (lossy and target["codec"] != "jpeg")
    # No other YBR may be stored without a loss; JPEG 2000 has undone its own.
    is_full = PixelDescription.of(ds).photometric_interpretation.startswith("YBR_FULL")
    frames = Frames(ds, as_rgb=as_rgb or not is_full)
    if source["codec"] == "video":
        threads = 1  # its frames come from one stream, one after the other
    frames.require(0, len(frames) - 1)
    first = frames.decoded(0)
    bits = frames.description.bits_stored
    while True:
        description = written_as(frames.description, target, first.photometric_interpretation, bits)
        _check(ds, description, target, lossy=lossy)
        plan = _Plan(frames, description, codec_of(target["uid"]), options, first, clip=lossy)
        try:
            new, ratio = _written(ds, plan, target, exact=verify and not lossy, threads=threads)
            break
        except _MoreBitsError as more:
            bits = more.bits
    if verify and lossy:
        _check_lossy(new, plan, threads)
    stream = _first_stream(source, frames)
    take_overlays_out(new, frames, stream)
    was_lossy = is_declared(ds) or stream.shows_loss
    _record_former_loss(new, ds, source, frames, stream)
    if lossy:
        record_loss(new, family=target["codec"], keyword=target["keyword"], ratio=ratio)
        if new_instance:
            derive(new, ratio=ratio, was_lossy=was_lossy)
    return new


def _check(ds: Dataset, description: PixelDescription, target: Row, *, lossy: bool) -> None:
    photometric = description.photometric_interpretation
    if photometric not in _WRITTEN:
        message = f"samples in {photometric} cannot be written in another transfer syntax"
        raise UnsupportedError(message, feature=photometric, uid=target["uid"])
    indices = photometric == "PALETTE COLOR" or ds.get("SegmentationType") == "LABELMAP"
    if lossy and (indices or description.bits_stored == 1):
        what = "palette indices and labels" if indices else "single bits"
        hint = "choose a lossless transfer syntax, such as JPEGLSLossless or RLELossless"
        raise UnsupportedError(f"{what} have no meaning after a loss: {target['name']}", uid=target["uid"], hint=hint)
    if target["encapsulated"]:
        check_capable(description, target)


def _written(ds: Dataset, plan: _Plan, target: Row, *, exact: bool, threads: int | None) -> tuple[Dataset, float]:
    """Write all frames; return the data set and the ratio of uncompressed to compressed size."""
    description, count = plan.description, plan.description.frames
    threads = threads_for(description.decoded_bytes * description.frames, threads)
    digests: list[bytes] = [b""] * count

    def samples(frame: int) -> NDArray[Any]:
        decoded = plan.samples(frame)
        if exact:
            digests[frame] = _digest(decoded)
        return decoded

    if not target["encapsulated"]:
        vr = "OW" if description.bits_allocated > 8 or not target["explicit"] else "OB"
        new = _rebuilt(ds, target, description, vr, native_value(description, samples, threads))
        ratio = 1.0
    else:
        encode = plan.codec.encode_frame
        if encode is None:
            raise UnsupportedError(f"{target['name']} is not written", uid=target["uid"])
        encoded = each(lambda frame: encode(samples(frame), description, frame, plan.options), range(count), threads)
        photometrics = {stream.photometric_interpretation for stream in encoded}
        if len(photometrics) > 1:
            raise CodecError("frames were written in colours that differ", uid=target["uid"])
        description = replace(description, photometric_interpretation=photometrics.pop())
        streams = [stream.data for stream in encoded]
        del encoded
        ratio = description.decoded_bytes * count / max(1, sum(map(len, streams)))
        new = _with_fragments(ds, target, description, streams)
    if exact:
        _verify(new, plan, digests, threads)
    return new, ratio


def _verify(new: Dataset, plan: _Plan, digests: list[bytes], threads: int) -> None:
    """Read what was written as anybody would, and hold each frame against the one it was made of."""
    written = Frames(new, as_rgb=False)

    def compare(frame: int) -> None:
        decoded = written.decoded(frame)
        same_colours = decoded.photometric_interpretation == plan.first.photometric_interpretation
        samples = decoded.samples.astype(plan.description.dtype, copy=False)
        if not same_colours or _digest(samples) != digests[frame]:
            message = "the frame does not come back from what was written"
            raise CodecError(message, frame=frame, uid=plan.description.transfer_syntax)

    each(compare, range(len(written)), threads)


def _check_lossy(new: Dataset, plan: _Plan, threads: int | None) -> None:
    """Decode what was written; no sample may differ by more than was allowed."""
    written, limit = Frames(new, as_rgb=False), plan.options.max_error

    def decode(frame: int) -> None:
        samples = written.decoded(frame).samples
        if limit is not None and np.abs(samples.astype(np.int64) - plan.samples(frame)).max(initial=0) > limit:
            message = f"a sample of the frame differs by more than {limit} from what was written"
            raise CodecError(message, frame=frame, uid=plan.description.transfer_syntax)

    each(decode, range(len(written)), threads_for(plan.description.decoded_bytes * plan.description.frames, threads))


def _moved(
    ds: Dataset,
    source: Row,
    target: Row,
    move: Callable[[bytes, int], bytes],
    threads: int | None,
) -> Dataset:
    """Put the streams as they are, or as ``move`` rewrites them, into the target."""
    frames = Frames(ds, as_rgb=False)
    frames.require(0, len(frames) - 1)
    count = threads_for(frames.description.decoded_bytes * len(frames), threads)
    streams = each(lambda frame: move(frames.encoded(frame), frame), range(len(frames)), count)
    new = _with_fragments(ds, target, None, streams)
    _record_former_loss(new, ds, source, frames, _first_stream(source, frames))
    return new


def _first_stream(source: Row, frames: Frames) -> CodedStream:
    if frames.is_stream:  # a video is always lossy, and its stream is long
        return CodedStream(shows_loss=True)
    stream = coded_stream(source["codec"], frames.encoded(0), frames.description)
    return stream._replace(shows_loss=True) if source["lossy"] else stream


def _record_former_loss(new: Dataset, ds: Dataset, source: Row, frames: Frames, stream: CodedStream) -> None:
    """Put on record what was lost before, when the stream shows it and the data set does not say so."""
    if stream.shows_loss and not is_declared(ds):
        ratio = frames.description.decoded_bytes * len(frames) / max(1, ds["PixelData"].length)
        record_loss(new, family=source["codec"], keyword=source["keyword"], ratio=ratio)


def _with_fragments(ds: Dataset, target: Row, description: PixelDescription | None, streams: list[bytes]) -> Dataset:
    held = encapsulate(streams)
    new = _rebuilt(ds, target, description, "OB", held.value)
    if held.offsets is not None:
        new.ExtendedOffsetTable, new.ExtendedOffsetTableLengths = held.offsets, held.lengths
    return new


def _rebuilt(ds: Dataset, target: Row, description: PixelDescription | None, vr: str, value: bytes) -> Dataset:
    """Copy the data set with other pixel data; only attributes that say something else than before are touched."""
    new = _renamed(ds, target)
    new.add_new("PixelData", vr, value)
    if new["PixelData"].is_big_endian:
        # Bytes set in a copy of a big endian data set count as such: begin anew, with the elements of the old one.
        new = Dataset(ds)
        new.file_meta = ds.file_meta.copy()
        if ds.preamble is not None:
            new.preamble = ds.preamble
        new.file_meta.TransferSyntaxUID = target["uid"]
        new.add_new("PixelData", vr, value)
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        new.pop(keyword, None)
    if description is None:
        return new
    says: dict[str, Any] = {
        "PhotometricInterpretation": description.photometric_interpretation,
        "BitsAllocated": description.bits_allocated,
        "BitsStored": description.bits_stored,
        "HighBit": description.high_bit,
    }
    if description.samples > 1:
        says["PlanarConfiguration"] = 0
    for keyword, meant in says.items():
        if new.get(keyword) != meant:
            new[keyword] = meant
    return new


def _renamed(ds: Dataset, target: Row) -> Dataset:
    """Copy the data set and say that the copy is in another transfer syntax; writing it does the rest."""
    new = ds.copy()
    new.file_meta.TransferSyntaxUID = target["uid"]
    return new


def _bits_beyond(samples: NDArray[Any], description: PixelDescription) -> int:
    """Return how many bits the samples need, when that is more than there are; 0 when they fit."""
    stored = description.bits_stored
    if samples.dtype.kind == "f" or 8 * samples.dtype.itemsize <= stored or not samples.size:
        return 0
    highest, lowest = int(samples.max()), int(samples.min())
    needed = max(highest.bit_length(), (~lowest).bit_length() if lowest < 0 else 0) + int(description.signed)
    return needed if needed > stored else 0


def _digest(samples: NDArray[Any]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(samples).data, digest_size=16).digest()
