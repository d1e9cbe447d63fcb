"""Makes the files that are measured: the same bytes every time, in a RAM disk, no patient anywhere near.

``python -m benchmarks.make_files FOLDER`` writes them for a look.
"""

import struct
import sys
import zlib
from pathlib import Path

from . import encode
from .encode import Node

CT_CLASS, ENHANCED_MR_CLASS = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4.1"
ROOT = "1.2.826.0.1.3680043.10.9999"
PIXEL_DATA = 0x7FE00010
FRAMES = 500
FRAME_PIXELS = 64 * 64
FOLDER_SIZE = 5_000
NESTING = 100_000
BOMB_SIZE = 2 << 30
SPARSE_SIZE = 2_000_000_000
_HERE = Path(__file__).parent


def ct_header() -> list[Node]:
    """The elements of a CT slice without its pixels: public, private, nested."""
    return encode.parse((_HERE / "ct_header.txt").read_text("ascii"))


def ct(path: Path) -> Path:
    """A 512x512 CT slice of 16 bits."""
    pixels = bytes(range(256)) * (512 * 512 * 2 // 256)
    content = encode.data_set(ct_header()) + encode.element(PIXEL_DATA, "OW", pixels)
    return encode.write(path, encode.part10(content, CT_CLASS, f"{ROOT}.1.4.1.17"))


def folder(path: Path, files: int = FOLDER_SIZE) -> list[Path]:
    """CT slices of one study, 50 a series, with the header of ``ct`` and 16x16 pixels."""
    path.mkdir(exist_ok=True)
    nodes = ct_header()
    by_tag = {node.tag: node for node in nodes}
    for tag in (0x00280010, 0x00280011):
        by_tag[tag].text = "16"
    pixels = encode.element(PIXEL_DATA, "OW", bytes(512))
    paths = []
    for number in range(files):
        series, instance = divmod(number, 50)
        uid = f"{ROOT}.1.4.{series}.{instance}"
        by_tag[0x00080018].text = uid
        by_tag[0x0020000E].text = f"{ROOT}.1.4.{series}"
        by_tag[0x00200011].text, by_tag[0x00200013].text = str(series), str(instance)
        content = encode.part10(encode.data_set(nodes) + pixels, CT_CLASS, uid)
        paths.append(encode.write(path / f"{number:05}.dcm", content))
    return paths


def enhanced_mr_header() -> list[Node]:
    """The elements of an enhanced MR of 500 frames, its functional groups as scanners nest them."""
    uids = {
        0x00080016: ENHANCED_MR_CLASS,
        0x00080018: f"{ROOT}.2",
        0x0020000D: f"{ROOT}.2.1",
        0x0020000E: f"{ROOT}.2.2",
    }
    start = encode.parse((_HERE / "mr_header.txt").read_text("ascii"))
    for node in start:
        node.text = uids.get(node.tag, node.text)
    frames = [encode.parse(_frame(number)) for number in range(FRAMES)]
    return [*start, Node(0x52009230, "SQ", items=frames)]


def _frame(number: int) -> str:
    text = (_HERE / "mr_frame.txt").read_text("ascii")
    stack, volume = number % 50 + 1, number // 50 + 1
    return text.format(stack=stack, volume=volume, position=f"{stack * 2.5 - 60:.6f}", seconds=f"{number % 60:02}")


def enhanced_mr(path: Path, *, undefined: bool) -> Path:
    """The enhanced MR with 64x64 pixels a frame."""
    content = encode.data_set(enhanced_mr_header(), undefined=undefined)
    content += encode.element(PIXEL_DATA, "OW", bytes(FRAME_PIXELS * 2 * FRAMES))
    return encode.write(path, encode.part10(content, ENHANCED_MR_CLASS, f"{ROOT}.2"))


def sparse(path: Path, size: int = SPARSE_SIZE) -> Path:
    """A CT whose Pixel Data is a hole of 2 GB: no disk is used."""
    content = encode.data_set(ct_header()) + encode.header(PIXEL_DATA, "OW", size)
    encode.write(path, encode.part10(content, CT_CLASS, f"{ROOT}.3"))
    with path.open("r+b") as stream:
        stream.truncate(path.stat().st_size + size)
    return path


def study_of_sparse() -> str:
    """Study Instance UID of that."""
    [node] = [node for node in ct_header() if node.tag == 0x0020000D]
    return node.text


def lying(path: Path, tag: int, vr: str) -> Path:
    """A file of 1 KB with one element that declares 4 GB."""
    content = encode.data_set([node for node in ct_header() if node.tag < 0x00081000])
    file = encode.part10(content + encode.header(tag, vr, 0xFFFFFFF0), CT_CLASS, f"{ROOT}.4")
    return encode.write(path, file.ljust(1024, b"\0"))


def nested(path: Path, depth: int = NESTING) -> Path:
    """Sequences in sequences, 36 bytes a level, all of undefined length and all closed."""
    opening = encode.header(0x00081140, "SQ", encode.UNDEFINED) + struct.pack("<HHI", 0xFFFE, 0xE000, encode.UNDEFINED)
    closing = struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0)
    return encode.write(path, encode.part10(opening * depth + closing * depth, CT_CLASS, f"{ROOT}.5"))


def bomb(path: Path, size: int = BOMB_SIZE) -> Path:
    """Deflated zeros, about 1000:1: values of 64 MB that together inflate to 2 GB."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = 1 << 20
    # A full flush forgets what came before, so the compressed piece can stand any number of times.
    apart = deflate.copy()
    zeros = apart.compress(bytes(piece)) + apart.flush(zlib.Z_FULL_FLUSH)
    parts = []
    for number in range(size // (64 * piece)):
        parts.append(deflate.compress(encode.header(0x00420011 + (number << 16), "OB", 64 * piece)))
        parts.append(deflate.flush(zlib.Z_FULL_FLUSH))
        parts.append(zeros * 64)
    parts.append(deflate.flush())
    return encode.write(path, encode.part10(b"".join(parts), CT_CLASS, f"{ROOT}.6", encode.DEFLATED))


def main(target: Path) -> None:
    """Write one of each into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    ct(target / "ct.dcm")
    enhanced_mr(target / "mr-defined.dcm", undefined=False)
    enhanced_mr(target / "mr-undefined.dcm", undefined=True)
    sparse(target / "sparse.dcm")
    lying(target / "lying.dcm", PIXEL_DATA, "OW")
    nested(target / "nested.dcm")
    bomb(target / "bomb.dcm")
    folder(target / "folder", 100)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
