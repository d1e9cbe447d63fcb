"""Makes the images that are measured, once in each transfer syntax: the same bytes every time.

``python -m benchmarks.make_pixels FOLDER`` writes them for a look.
"""

import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import encode, make_files, phantoms
from .code_streams import BITS_STORED, JPEG_LS, NATIVE, RLE, SYNTAXES, Syntax
from .encode import Node

MAMMOGRAM_CLASS = "1.2.840.10008.5.1.4.1.1.1.2"
ROOT = make_files.ROOT
CT_WINDOW, MAMMOGRAM_WINDOW = (40, 400), (1700, 2800)
_OFFSET = 1024  # of stored values to HU
_ITEM, _END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)


@dataclass(frozen=True)
class Image:
    """A file, the code stream in it (its pixels when they are native), and what the samples add up to."""

    path: Path
    stream: Path
    syntax: Syntax
    shape: dict[str, int]
    samples: int
    total: int


@cache
def ct_samples() -> NDArray[np.uint16]:
    """Stored values of the CT slice: 12 bits, unsigned."""
    return (phantoms.ct() + _OFFSET).astype(np.uint16)


@cache
def mammogram_samples() -> NDArray[np.uint16]:
    """Stored values of the mammogram: 12 bits, unsigned."""
    return phantoms.mammogram()


def ct(folder: Path, syntax: Syntax) -> Image:
    """Write the CT slice in a transfer syntax; with the window on it in one of 8 bits."""
    samples: NDArray[Any] = ct_samples()
    if syntax.bits == 8:
        low = CT_WINDOW[0] - CT_WINDOW[1] / 2 + _OFFSET
        samples = np.clip((samples - low) * (255 / CT_WINDOW[1]), 0, 255).astype(np.uint8)
    return _image(folder, "ct", _ct_header(), samples, syntax, make_files.CT_CLASS)


def mammogram(folder: Path, syntax: Syntax) -> Image:
    """Write the mammogram in a transfer syntax; its upper bits in one of 8 bits."""
    samples: NDArray[Any] = mammogram_samples()
    if syntax.bits == 8:
        samples = (samples >> (BITS_STORED - 8)).astype(np.uint8)
    return _image(folder, "mg", _mammogram_header(), samples, syntax, MAMMOGRAM_CLASS)


def signed_ct(path: Path, number: int = 0) -> Path:
    """Write the CT slice as signed native values of 16 bits, as scanners do whose HU are the stored values."""
    header = _described(_ct_header(), phantoms.CT_SHAPE, 16, signed=True)
    _set(header, {0x00281052: "0", 0x00080018: f"{ROOT}.7.{number}", 0x00200013: str(number + 1)})
    pixels = phantoms.ct(number).astype("<i2").tobytes()
    return _write(path, header, encode.element(make_files.PIXEL_DATA, "OW", pixels), make_files.CT_CLASS, NATIVE)


def series(folder: Path, slices: int) -> list[Path]:
    """Write CT slices, all different."""
    folder.mkdir()
    return [signed_ct(folder / f"{number:04}.dcm", number) for number in range(slices)]


def multi_frame(path: Path, syntax: Syntax, frames: int, *, different: int = 8) -> Path:
    """Write frames of CT one after the other, ``different`` ones of them in turn."""
    header = [*_described(_ct_header(), phantoms.CT_SHAPE, syntax.bits), Node(0x00280008, "IS", str(frames))]
    kinds = [(phantoms.ct(number) + _OFFSET).astype("<u2") for number in range(different)]
    if syntax.compress is None:
        size = kinds[0].nbytes * frames
        start = encode.header(make_files.PIXEL_DATA, "OW", size)
        bodies: Sequence[bytes] = [kind.tobytes() for kind in kinds]
        pieces: Iterable[bytes] = (bodies[frame % different] for frame in range(frames))
        end = b""
    else:
        streams = [_even(syntax.compress(kind)) for kind in kinds]
        start = encapsulation([len(streams[frame % different]) for frame in range(frames)])
        pieces = (_tag(_ITEM, len(stream)) + stream for stream in (streams[n % different] for n in range(frames)))
        end = _tag(_END, 0)
    _write(path, header, start, make_files.CT_CLASS, syntax)
    with path.open("ab") as stream:
        stream.writelines(pieces)
        stream.write(end)
    return path


def enhanced_mr(path: Path, *, undefined: bool) -> Path:
    """Write the enhanced MR of 500 frames with pixels that say which frame it is."""
    frames, pixels = make_files.FRAMES, make_files.FRAME_PIXELS
    samples = np.repeat(np.arange(frames, dtype="<u2"), pixels)
    content = encode.data_set(make_files.enhanced_mr_header(), undefined=undefined)
    content += encode.element(make_files.PIXEL_DATA, "OW", samples.tobytes())
    return encode.write(path, encode.part10(content, make_files.ENHANCED_MR_CLASS, f"{ROOT}.2"))


def encapsulation(lengths: Sequence[int]) -> bytes:
    """Give the header of encapsulated pixel data and its basic offset table (PS3.5 A.4), a fragment a frame."""
    offsets = np.cumsum([0, *(length + 8 for length in lengths[:-1])], dtype=np.uint64)
    # A basic offset table reaches 4 GB and no further.
    table = offsets.astype("<u4").tobytes() if int(offsets[-1]) < 1 << 32 else b""
    return encode.header(make_files.PIXEL_DATA, "OB", encode.UNDEFINED) + _tag(_ITEM, len(table)) + table


def _image(folder: Path, name: str, header: list[Node], samples: NDArray[Any], syntax: Syntax, sop_class: str) -> Image:
    name = f"{name}-{syntax.title.replace(' ', '-')}"
    path, alone = folder / f"{name}.dcm", folder / f"{name}.stream"
    _described(header, samples.shape, syntax.bits)
    if syntax.compress is None:
        stream = samples.astype("<u2").tobytes()
        element = encode.element(make_files.PIXEL_DATA, "OW", stream)
    else:
        stream = syntax.compress(samples)
        element = encapsulation([len(stream)]) + _tag(_ITEM, len(_even(stream))) + _even(stream) + _tag(_END, 0)
    _write(path, header, element, sop_class, syntax)
    encode.write(alone, stream)
    shape = dict(zip(("rows", "columns"), samples.shape, strict=True))
    return Image(path, alone, syntax, shape, samples.size, int(samples.sum(dtype=np.int64)))


def _ct_header() -> list[Node]:
    return make_files.ct_header()


def _mammogram_header() -> list[Node]:
    """A mammogram says about as much as a CT does: its header, with the values that matter here."""
    center, width = MAMMOGRAM_WINDOW
    values = {
        0x00080016: MAMMOGRAM_CLASS,
        0x00080060: "MG",
        0x00281050: str(center),
        0x00281051: str(width),
        0x00281052: "0",
    }
    return _set(make_files.ct_header(), values)


def _described(header: list[Node], shape: tuple[int, ...], bits: int, *, signed: bool = False) -> list[Node]:
    allocated = 8 if bits == 8 else 16
    numbers = dict(zip((0x00280010, 0x00280011), shape, strict=True))
    numbers |= {0x00280100: allocated, 0x00280101: bits, 0x00280102: bits - 1, 0x00280103: int(signed)}
    return _set(header, {tag: str(number) for tag, number in numbers.items()})


def _set(header: list[Node], values: dict[int, str]) -> list[Node]:
    for node in header:
        node.text = values.get(node.tag, node.text)
    return header


def _write(path: Path, header: list[Node], pixels: bytes, sop_class: str, syntax: Syntax) -> Path:
    content = encode.data_set(sorted(header, key=lambda node: node.tag)) + pixels
    uid = next(node.text for node in header if node.tag == 0x00080018)
    return encode.write(path, encode.part10(content, sop_class, uid, syntax.uid))


def _tag(tag: tuple[int, int], length: int) -> bytes:
    return struct.pack("<HHI", *tag, length)


def _even(stream: bytes) -> bytes:
    return stream + b"\0" * (len(stream) % 2)


def main(target: Path) -> None:
    """Write one of each into a folder, and say how far each syntax compresses."""
    target.mkdir(parents=True, exist_ok=True)
    for syntax in SYNTAXES:
        for image in (ct(target, syntax), mammogram(target, syntax)):
            size = image.stream.stat().st_size
            print(f"{image.path.name}: {image.samples * (1 if syntax.bits == 8 else 2) / size:.2f} to 1")
    signed_ct(target / "signed-ct.dcm")
    for syntax in (NATIVE, RLE, JPEG_LS):
        multi_frame(target / f"multi-{syntax.title}.dcm", syntax, 16)
    enhanced_mr(target / "mr-defined.dcm", undefined=False)
    enhanced_mr(target / "mr-undefined.dcm", undefined=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
