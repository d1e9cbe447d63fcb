"""Models of surfaces, for printing and for looking at: STL, OBJ and its materials, MTL; encapsulated whole."""

import re
from collections.abc import Iterator
from itertools import takewhile
from math import isfinite

import numpy as np

from filmless.convert.content import Document
from filmless.convert.documents.references import files_named_in
from filmless.convert.options import ReadOptions
from filmless.errors import ConversionError

__all__ = ["read_mtl", "read_obj", "read_stl"]

_TRIANGLE = np.dtype([("normal", "<f4", 3), ("vertices", "<f4", (3, 3)), ("attribute", "<u2")])
_FACET = re.compile(
    rb"\s*facet\s+normal((?:\s+\S+){3})\s+outer\s+loop((?:\s+vertex(?:\s+\S+){3}){3})\s+endloop\s+endfacet(?=\s)",
    re.IGNORECASE,
)
_SOLID = re.compile(rb"\s*solid\b[^\n]*\n", re.IGNORECASE)
_END_OF_SOLID = re.compile(rb"\s*endsolid\b[^\n]*(?:\n|$)", re.IGNORECASE)

# What each language has: of OBJ also free forms and what shows them, which few read and all may write.
_OBJ_WORDS = frozenset(
    b"v vt vn vp p l f curv curv2 surf parm trim hole scrv sp end con cstype deg bmat step "
    b"g s mg o bevel c_interp d_interp lod usemtl mtllib usemap maplib shadow_obj trace_obj ctech stech call "
    b"csh".split()
)
_MTL_WORDS = frozenset(
    b"newmtl ka kd ks ke tf tr d illum ns ni sharpness bump disp decal refl norm pr pm ps pc pcr aniso anisor "
    b"map_ka map_kd map_ks map_ke map_ns map_ni map_d map_tr map_bump map_disp map_refl map_aat map_pr map_pm map_ps "
    b"map_norm map_decal".split()
)


def read_stl(data: bytes, options: ReadOptions) -> list[Document]:
    """Read an STL, binary or text, whose every triangle is looked at.

    Raises
    ------
    ConversionError
        It is not as long as its triangles, has none, or has coordinates that are no numbers.

    DICOM
    -----
    PS3.3 A.85.1
    """
    triangles = int.from_bytes(data[80:84], "little")
    size = 84 + 50 * triangles
    if len(data) >= 84 and len(data) == size:
        _check_binary_stl(data)
    elif _SOLID.match(data) and b"\0" not in data[:84]:
        _check_text_stl(data)
    else:
        what = "ends early" if len(data) < size else "goes on behind its triangles"
        raise ConversionError(f"the STL {what}: it has {len(data)} bytes, expected {size} of {triangles} triangles")
    del options
    return [Document(kind="STL", data=data, mime_type="model/stl")]


def _check_binary_stl(data: bytes) -> None:
    triangles = np.frombuffer(data, _TRIANGLE, offset=84)
    if not len(triangles):
        raise ConversionError("the STL has no triangles")
    if not np.isfinite(triangles["vertices"]).all():
        raise ConversionError("the STL is damaged: a coordinate is no number")


def _check_text_stl(data: bytes) -> None:
    """Walk solids and facets to the end."""
    at, triangles = 0, 0
    while begun := _SOLID.match(data, at):
        at = begun.end()
        while facet := _FACET.match(data, at):
            numbers = [word for word in facet[2].split() if word.lower() != b"vertex"]
            if len(numbers) != 9 or not _are_finite(numbers):
                raise ConversionError(f"the STL is damaged: a coordinate of facet {triangles + 1} is no number")
            at, triangles = facet.end(), triangles + 1
        ended = _END_OF_SOLID.match(data, at)
        if ended is None:
            raise ConversionError(
                f"the STL is damaged or ends early after {triangles} facets, expected a facet or endsolid"
            )
        at = ended.end()
    if data[at:].strip(b"\0\x1a \t\r\n"):
        raise ConversionError(f"the STL is damaged after {triangles} facets, expected its end")
    if not triangles:
        raise ConversionError("the STL has no triangles")


def read_obj(data: bytes, options: ReadOptions) -> list[Document]:
    """Read an OBJ, whose every line is looked at; the materials that it names are told.

    Raises
    ------
    ConversionError
        A line is none of the language, a coordinate is no number, or a face names a vertex that is not there.

    DICOM
    -----
    PS3.3 A.85.2
    """
    vertices, faces = 0, 0
    highest = 0
    for number, words in _lines(data, "OBJ"):
        word = words[0].lower()
        if word == b"v":
            if len(words) < 4 or not _are_finite(words[1:]):
                raise ConversionError(f"the OBJ is damaged: line {number} is no vertex of three numbers")
            vertices += 1
        elif word in (b"f", b"fo"):
            highest = max(highest, _highest_vertex(words[1:], vertices, number))
            faces += 1
        elif word not in _OBJ_WORDS:
            raise ConversionError(f"the OBJ is damaged: line {number} begins with no word of it")
    if not vertices:
        raise ConversionError("the OBJ has no vertices")
    if highest > vertices:
        raise ConversionError(f"the OBJ ends early: a face names vertex {highest}, of {vertices}")
    document = Document(kind="OBJ", data=data, mime_type="model/obj")
    if files_named_in(document):
        options.notice("material-library", "the OBJ names files of materials (MTL), which are objects of their own")
    return [document]


def _highest_vertex(corners: list[bytes], vertices: int, number: int) -> int:
    """Return the highest number of a vertex that a face names; negative ones count back from where it stands."""
    try:
        named = [int(corner.partition(b"/")[0]) for corner in corners]
    except ValueError:
        named = []
    if len(named) < 3 or 0 in named or min(named) < -vertices:
        raise ConversionError(f"the OBJ is damaged: line {number} is no face of three vertices or more")
    return max(named)


def read_mtl(data: bytes, options: ReadOptions) -> list[Document]:
    """Read an MTL, the materials of an OBJ; the pictures that it names are told.

    Raises
    ------
    ConversionError
        A line is none of the language, or there is no material.

    DICOM
    -----
    PS3.3 A.85.3
    """
    materials = 0
    for number, words in _lines(data, "MTL"):
        word = words[0].lower()
        if word not in _MTL_WORDS:
            raise ConversionError(f"the MTL is damaged: line {number} begins with no word of it")
        materials += word == b"newmtl"
        if not materials or len(words) < 2:
            raise ConversionError(f"the MTL is damaged: line {number} says nothing of a material")
    if not materials:
        raise ConversionError("the MTL has no material")
    document = Document(kind="MTL", data=data, mime_type="model/mtl")
    if files_named_in(document):
        options.notice("texture", "the MTL names pictures, which are objects of their own")
    return [document]


def _lines(data: bytes, kind: str) -> Iterator[tuple[int, list[bytes]]]:
    """Give the lines that say something, by number, without comments; a line that ends in a backslash goes on."""
    if b"\0" in data:
        raise ConversionError(f"the {kind} is damaged: it holds bytes that are no text")
    held: list[bytes] = []
    body = data.removeprefix(b"\xef\xbb\xbf")
    number, start, size = 0, 0, len(body)
    while start < size:
        end = body.find(b"\n", start)
        end = size if end < 0 else end
        line = body[start:end]
        words = line.split()
        number, start = number + 1, end + 1
        if b"#" in line:  # a comment begins a word
            words = list(takewhile(lambda word: not word.startswith(b"#"), words))
        if words and words[-1].endswith(b"\\"):
            held += [*words[:-1], words[-1][:-1]] if words[-1] != b"\\" else words[:-1]
            continue
        if held:
            words, held = held + words, []
        if words:
            yield number, words
    if held:
        raise ConversionError(f"the {kind} ends early: its last line goes on")


def _are_finite(words: list[bytes]) -> bool:
    try:
        return all(map(isfinite, map(float, words)))
    except ValueError:
        return False
