"""Writes data sets with nothing but the standard library, so that no contender makes the files it is measured on."""

import struct
from dataclasses import dataclass, field
from pathlib import Path

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
UNDEFINED = 0xFFFFFFFF

_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}
_ITEM, _ITEM_END, _SEQUENCE_END = ((0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD))


@dataclass
class Node:
    """One element: text as a scanner would write it (values parted by a backslash), or items."""

    tag: int
    vr: str
    text: str = ""
    items: list[list["Node"]] = field(default_factory=list)


def parse(lines: str) -> list[Node]:
    """Read the notation of ``ct_header.txt``: ``ggggeeee VR value``, two spaces a level, ``-`` starts an item."""
    root: list[Node] = []
    levels = [root]
    for line in lines.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        del levels[depth + 1 :]
        if line.strip() == "-":
            # The dash stands one level below its sequence, and so do the elements of the item that it starts.
            del levels[depth:]
            levels.append([])
            levels[depth - 1][-1].items.append(levels[depth])
            continue
        tag, vr, *text = line.split(maxsplit=2)
        levels[depth].append(Node(int(tag, 16), vr, text[0] if text else ""))
    return root


def count(nodes: list[Node]) -> int:
    """Elements at every level; items and delimiters are not elements."""
    return len(nodes) + sum(count(item) for node in nodes for item in node.items)


def header(tag: int, vr: str, length: int) -> bytes:
    """The tag, VR and length of one element in explicit VR little endian (PS3.5 7.1.2)."""
    start = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    return start + (struct.pack("<HI", 0, length) if vr in _LONG else struct.pack("<H", length))


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One element; the value must already have an even length."""
    return header(tag, vr, len(value)) + value


def data_set(nodes: list[Node], *, undefined: bool = False) -> bytes:
    """All elements in explicit VR little endian, sequences and items with defined or undefined lengths."""
    return b"".join(_node(node, undefined) for node in nodes)


def _node(node: Node, undefined: bool) -> bytes:
    if node.vr != "SQ":
        return element(node.tag, node.vr, _value(node))
    items = b"".join(_item(data_set(item, undefined=undefined), undefined) for item in node.items)
    if undefined:
        return header(node.tag, "SQ", UNDEFINED) + items + _delimiter(_SEQUENCE_END, 0)
    return element(node.tag, "SQ", items)


def _item(content: bytes, undefined: bool) -> bytes:
    if undefined:
        return _delimiter(_ITEM, UNDEFINED) + content + _delimiter(_ITEM_END, 0)
    return _delimiter(_ITEM, len(content)) + content


def _delimiter(tag: tuple[int, int], length: int) -> bytes:
    return struct.pack("<HHI", *tag, length)


def _value(node: Node) -> bytes:
    values = node.text.split("\\") if node.text else []
    if code := _NUMBERS.get(node.vr):
        convert = float if code in "fd" else int
        return struct.pack(f"<{len(values)}{code}", *map(convert, values))
    if node.vr == "AT":
        return b"".join(struct.pack("<HH", int(tag[:4], 16), int(tag[4:], 16)) for tag in values)
    if node.vr in ("OB", "OW", "UN"):
        return bytes.fromhex(node.text)
    raw = node.text.encode("ascii")
    return raw + (b"\0" if node.vr == "UI" else b" ") * (len(raw) % 2)


def part10(content: bytes, sop_class: str, sop_instance: str, transfer_syntax: str = EXPLICIT_LITTLE) -> bytes:
    """A whole file: preamble, file meta information (PS3.10 7.1), data set."""
    nodes = [
        Node(0x00020001, "OB", "0001"),
        Node(0x00020002, "UI", sop_class),
        Node(0x00020003, "UI", sop_instance),
        Node(0x00020010, "UI", transfer_syntax),
        Node(0x00020012, "UI", "1.2.826.0.1.3680043.10.9999.1"),
        Node(0x00020013, "SH", "BENCHMARK"),
    ]
    meta = data_set(nodes)
    return bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<I", len(meta))) + meta + content


def write(path: Path, content: bytes) -> Path:
    """Write the bytes and give the path back."""
    path.write_bytes(content)
    return path
