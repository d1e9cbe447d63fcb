"""Frames in another form than they are stored in: as plain samples, or coded anew."""

from typing import Final

import numpy as np

from filmless import _core
from filmless.dataset import Dataset
from filmless.errors import UnsupportedError
from filmless.pixels import frames, transcode
from filmless.pixels.decoding import Frames
from filmless.pixels.encapsulation import encapsulate

__all__ = ["aligned", "coded", "plain_frames", "uncompressed"]

_EXPLICIT: Final = "1.2.840.10008.1.2.1"


def plain_frames(ds: Dataset) -> Frames:
    """Open the frames of a data set in the colours in which it would have them, were it uncompressed."""
    row = _core.transfer_syntax(str(ds.file_meta.TransferSyntaxUID))
    is_lossy = row is not None and not row["lossless"]
    # As `transcode` has it: YBR_FULL may be stored without a loss, other YBR becomes RGB.
    return frames(ds, as_rgb=is_lossy or str(ds.get("PhotometricInterpretation")) != "YBR_FULL")


def uncompressed(opened: Frames, frame: int) -> bytes:
    """Return the samples of a frame as Explicit VR Little Endian has them, beginning with a byte of their own.

    DICOM
    -----
    PS3.5 8.1.1, A.2; PS3.18 8.7.3.3
    """
    description = opened.description
    bits = description.bits_allocated
    if opened.is_encapsulated:
        samples = opened.decoded(frame).samples
        if bits == 1:
            return np.packbits(samples.reshape(-1).astype(bool), bitorder="little").tobytes()
        return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()
    data = opened.encoded(frame)
    if description.big_endian and bits in {16, 32, 64}:
        return np.frombuffer(data, f">u{bits // 8}").astype(f"<u{bits // 8}").tobytes()
    return aligned(data, frame * description.frame_bits % 8, description.frame_bits)


def aligned(data: bytes, first_bit: int, bits: int) -> bytes:
    """Return the bits of a frame, the first one lowest in the first byte; what is left of the last one is 0."""
    if not first_bit and bits % 8 == 0:
        return data
    all_bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    return np.packbits(all_bits[first_bit : first_bit + bits], bitorder="little").tobytes()


def coded(ds: Dataset, opened: Frames, frame: int, transfer_syntax: str) -> bytes:
    """Return a frame coded in a transfer syntax: it is transcoded as an image of its own.

    Raises
    ------
    DicomError
        It does not decode, or cannot be coded in that.
    """
    description = opened.description
    if description.keyword != "PixelData":
        raise UnsupportedError("floating point samples cannot be compressed", uid=transfer_syntax)
    one = ds.copy()
    if description.big_endian and not opened.is_encapsulated:
        one = Dataset(ds)
        one.file_meta = ds.file_meta.copy()
        one.file_meta.TransferSyntaxUID = _EXPLICIT
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        one.pop(keyword, None)
    if "NumberOfFrames" in one:
        one.NumberOfFrames = 1
    if opened.is_encapsulated:
        one.add_new("PixelData", "OB", encapsulate([opened.encoded(frame)]).value)
    else:
        data = uncompressed(opened, frame)
        one.add_new("PixelData", "OW" if description.bits_allocated > 8 else "OB", data + bytes(len(data) % 2))
    return frames(transcode(one, transfer_syntax, new_instance=False, threads=1)).encoded(0)
