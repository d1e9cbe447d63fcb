"""Which font draws a face: the system's own, one of its measures, or Arimo, which comes along and has Arial's."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filmless.convert.metafile.sfnt import Coverage, Face, read_faces

__all__ = ["Chosen", "Fonts", "advance"]

_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
_MAX_FILES = 5000

# Faces of the same measures, so that letters lie where they were.
_EQUALS = {
    "arial": ("liberation sans", "arimo"),
    "helvetica": ("arial", "liberation sans", "arimo"),
    "ms sans serif": ("arial", "liberation sans", "arimo"),
    "ms shell dlg": ("arial", "liberation sans", "arimo"),
    "ms shell dlg 2": ("arial", "liberation sans", "arimo"),
    "system": ("arial", "liberation sans", "arimo"),
    "times new roman": ("liberation serif", "tinos"),
    "times": ("times new roman", "liberation serif", "tinos"),
    "courier new": ("liberation mono", "cousine"),
    "courier": ("courier new", "liberation mono", "cousine"),
    "calibri": ("carlito",),
    "cambria": ("caladea",),
}
_SIMILAR = (
    (
        ("courier", "consolas", "mono", "fixed", "typewriter", "console"),
        ("courier new", "liberation mono", "dejavu sans mono"),
    ),
    (
        ("times", "serif", "roman", "georgia", "garamond", "cambria"),
        ("times new roman", "liberation serif", "dejavu serif"),
    ),
)
_OWN = "arimo"


def _folders() -> Iterator[Path]:
    """Return where the system keeps fonts."""
    try:
        home = Path.home()
    except RuntimeError:  # there is none
        home = Path()
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
        yield Path(os.environ.get("LOCALAPPDATA", str(home))) / "Microsoft" / "Windows" / "Fonts"
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts")
    else:
        shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        yield from (Path(folder) / "fonts" for folder in shared.split(":") if folder)
        own = os.environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
        yield from (Path(own) / "fonts", home / ".fonts")


def _files() -> Iterator[Path]:
    """Return the font files of the system, and the one that comes along."""
    try:
        import fontpkg_arimo  # type: ignore[import-untyped]

        yield from sorted(Path(fontpkg_arimo.ROOT).joinpath("files").glob("*.ttf"))
    except ImportError:
        pass
    count = 0
    for folder in _folders():
        for root, folders, names in os.walk(folder):
            folders.sort()
            for name in sorted(names):
                if Path(name).suffix.lower() in _SUFFIXES and count < _MAX_FILES:
                    count += 1
                    yield Path(root) / name


@lru_cache(maxsize=1)
def _faces() -> dict[str, tuple[Face, ...]]:
    """Return all faces by the family's name in lower case: read once, fonts are not installed every minute."""
    found: dict[str, list[Face]] = {}
    for path in _files():
        for face in read_faces(path):
            found.setdefault(face.family.lower(), []).append(face)
    return {family: tuple(faces) for family, faces in found.items()}


@lru_cache(maxsize=256)
def _coverage(face: Face) -> Coverage:
    return face.coverage()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A face that stands for what was asked, and whether it is that."""

    face: Face
    coverage: Coverage
    is_asked_for: bool


class Fonts:
    """The fonts of one drawing; those it used are what the renderer is given."""

    def __init__(self) -> None:
        self.used: set[Path] = set()

    def choose(self, family: str, weight: int, *, italic: bool) -> Chosen | None:
        """Choose the face for a family, None when there is no font at all."""
        asked = family.lower().lstrip("@").strip()
        faces = _faces()
        plain = asked.replace("sans serif", "sans").replace("sans-serif", "sans")
        similar = next((names for words, names in _SIMILAR if any(word in plain for word in words)), ())
        for name in (asked, *_EQUALS.get(asked, ()), *similar, _OWN, "liberation sans", "dejavu sans"):
            if name in faces:
                return self._best(faces[name], weight, italic=italic, is_asked_for=name == asked)
        if not faces:
            return None
        return self._best(faces[min(faces)], weight, italic=italic, is_asked_for=False)

    def covering(self, code: int, weight: int, *, italic: bool) -> Chosen | None:
        """Choose a face that has a letter, None when no font has it."""
        for faces in _faces().values():
            chosen = self._best(faces, weight, italic=italic, is_asked_for=False, use=False)
            if code in chosen.coverage and not chosen.coverage.is_symbol:
                self.used.add(chosen.face.path)
                return chosen
        return None

    def _best(
        self, faces: tuple[Face, ...], weight: int, *, italic: bool, is_asked_for: bool, use: bool = True
    ) -> Chosen:
        face = min(
            faces, key=lambda face: (abs(face.width_class - 5), face.italic != italic, abs(face.weight - weight))
        )
        if use:
            self.used.add(face.path)
        return Chosen(face, _coverage(face), is_asked_for)


@lru_cache(maxsize=4096)
def advance(face: Face, letter: str, weight: int) -> float:
    """Return how far a letter moves on, in parts of the em, without kerning, as GDI has it."""
    from PIL import ImageFont

    font = _loaded(face, weight)
    return font.getlength(letter) / font.size if isinstance(font, ImageFont.FreeTypeFont) else 0.5


@lru_cache(maxsize=32)
def _loaded(face: Face, weight: int) -> object:
    """Load a face to measure it, at a size where rounding to pixels does not matter."""
    from PIL import ImageFont

    try:
        font = ImageFont.truetype(str(face.path), 2000, index=face.index, layout_engine=ImageFont.Layout.BASIC)
        if "[wght]" in face.path.name:
            font.set_variation_by_axes([max(400, min(weight, 700))])
    except (OSError, ValueError):
        return None
    return font
