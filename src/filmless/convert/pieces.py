"""What one source becomes, in either direction: pieces that are made, named and written one after the other."""

from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path, PurePath
from typing import Any, ClassVar, Literal, Protocol

from filmless import _core
from filmless.convert.archives import Member
from filmless.convert.content import Content, Document
from filmless.convert.destinations import Folder, Layout, OneFile, numbered, place_of
from filmless.convert.finishing import finished
from filmless.convert.formats import FORMATS, HEAD_BYTES, format_of, is_unconverted_picture
from filmless.convert.header import HeaderRules, Origin
from filmless.convert.notice import ConversionNotice
from filmless.convert.options import ReadOptions
from filmless.convert.reading import contents
from filmless.convert.sources import Item
from filmless.dataset import Dataset
from filmless.errors import ConversionError, DicomError, FormatError
from filmless.file import read, write

__all__ = ["Inward", "Outward", "PassedOver", "Piece", "format_name_of", "has_document", "kind_of"]

Names = Folder | OneFile
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_DICOM_SUFFIXES = frozenset({".dcm", ".dic", ".dicom", ".ima"})
_DIRECTORY = "1.2.840.10008.1.3.10"


class PassedOver(Exception):  # noqa: N818 - nothing is wrong with such a source
    """A source from which nothing is to become, and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Piece(Protocol):
    """A part of a source: an object, or a file."""

    dataset: Dataset | None

    @property
    def keeps_name(self) -> bool:
        """Whether its name is the same when it is made again."""

    @property
    def model(self) -> Document | None:
        """The model that it is of, which names other files."""

    def make(self, origin: Origin, notices: list[ConversionNotice]) -> None:
        """Make what is written; in a thread."""

    def named(self, names: Names, item: Item, part: int, parts: int) -> Path:
        """Choose a name; in the order of sources and parts."""

    def save(self, target: Path) -> None:
        """Write it, whole or not at all; in a thread."""


class Direction(Protocol):
    """To DICOM, or from it."""

    #: Whether what was read of a source is large: then only a few are held at a time.
    is_held_decoded: ClassVar[bool]

    def pieces(self, item: Item, notices: list[ConversionNotice]) -> list[Any]:
        """Read a source; in a thread."""


@dataclass(slots=True)
class _NewObject:
    """A content that becomes a data set."""

    content: Content | None
    to: "Inward"
    dataset: Dataset | None = None

    @property
    def keeps_name(self) -> bool:
        return self.to.layout == "mirror"

    @property
    def model(self) -> Document | None:
        content = self.content
        return content if isinstance(content, Document) and content.kind in ("OBJ", "MTL") else None

    def make(self, origin: Origin, notices: list[ConversionNotice]) -> None:
        if self.content is None:  # made before
            return
        ds = self.to.rules.data_set(self.content, origin, notices=notices)
        self.content = None
        self.dataset = finished(ds, self.to.transfer_syntax, quality=self.to.quality)

    def named(self, names: Names, item: Item, part: int, parts: int) -> Path:
        if self.to.layout == "mirror" or self.dataset is None:
            return names.name_for(item.relative, ".dcm", numbered(part, parts))
        return names.name_for(place_of(self.dataset, self.to.layout), ".dcm")

    def save(self, target: Path) -> None:
        if self.dataset is not None:
            write(self.dataset, target)


@dataclass(slots=True)
class _Copy:
    """A DICOM file that is taken as it is."""

    item: Item
    to: "Inward"
    dataset: Dataset | None = None
    model: Document | None = None

    @property
    def keeps_name(self) -> bool:
        return True

    def make(self, origin: Origin, notices: list[ConversionNotice]) -> None:
        del origin, notices
        self.dataset = _read(self.item)

    def named(self, names: Names, item: Item, part: int, parts: int) -> Path:
        del part, parts
        if self.to.layout == "mirror" or self.dataset is None:
            return names.name_for(item.relative)
        return names.name_for(place_of(self.dataset, self.to.layout), ".dcm")

    def save(self, target: Path) -> None:
        _core.write_bytes(str(target), self.item.data())


@dataclass(frozen=True, slots=True, kw_only=True)
class Inward:
    """From pictures, videos and documents to DICOM."""

    rules: HeaderRules
    options: ReadOptions
    transfer_syntax: str | None = None
    quality: float | None = None
    layout: Layout = "mirror"
    copy_dicom: bool = False
    is_held_decoded: ClassVar[bool] = True

    def pieces(self, item: Item, notices: list[ConversionNotice]) -> list[Any]:
        """Read a source: a piece for each object.

        Raises
        ------
        PassedOver
            It is DICOM, or unknown and was not named itself.
        DicomError, OSError
            It cannot be read.
        """
        if isinstance(item.source, str | Member | bytes) and self._is_dicom(item):
            if not self.copy_dicom:
                raise PassedOver("already DICOM")
            return [_Copy(item, self)]
        origin = self.origin_of(item)
        self.rules.check_origin(origin)
        found = contents(item.opened(), replace(self.options, notices=notices))
        apart = (self.rules.frames_apart(content, origin, notices=notices) for content in found)
        return [_NewObject(part, self) for parts in apart for part in parts]

    @staticmethod
    def origin_of(item: Item) -> Origin:
        """Return where a source comes from, without its numbers."""
        return Origin(path=item.name, folder=item.folder)

    def _is_dicom(self, item: Item) -> bool:
        head, size = item.head(HEAD_BYTES)
        if _has_preamble(head):
            return True
        try:
            format_of(head, size)
        except ConversionError as unknown:
            if size and _is_bare_dicom(item):
                return True
            is_hidden = item.relative.name.startswith(".")
            is_picture = is_unconverted_picture(head) and not is_hidden
            if item.is_named or is_picture or _is_promised(item, _PROMISES):
                if head.startswith(b"PK") and isinstance(item.source, Member):
                    hint = "unpack the outer one first"
                    raise ConversionError("a ZIP in a ZIP is not opened", hint=hint) from None
                raise
            raise PassedOver("empty" if not size else "of no known format") from unknown
        return False


@dataclass(slots=True)
class _NewFile:
    """A file that a data set becomes."""

    part: Any
    dataset: Dataset | None = None
    model: Document | None = None

    @property
    def keeps_name(self) -> bool:
        return True

    def make(self, origin: Origin, notices: list[ConversionNotice]) -> None:
        """Leave all to the writing of it, which needs no more memory than that."""

    def named(self, names: Names, item: Item, part: int, parts: int) -> Path:
        del part, parts
        return names.name_for(item.relative, self.part.suffix, self.part.number)

    def save(self, target: Path) -> None:
        self.part.save(target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """From DICOM to a format."""

    format: Any
    options: dict[str, Any]
    is_held_decoded: ClassVar[bool] = False

    def pieces(self, item: Item, notices: list[ConversionNotice]) -> list[Any]:
        """Read a DICOM file: a piece for each file that it becomes.

        Raises
        ------
        PassedOver
            It is none, or has nothing of what is asked for, and was not named itself.
        DicomError, OSError
            It cannot be read, or not become that.
        """
        from filmless.convert.out.parts import outputs

        if not isinstance(item.source, str | Member | bytes):
            raise PassedOver("no DICOM")
        try:
            ds = _read(item)
        except FormatError as error:
            raise self._no_dicom(item) from error
        if str(ds.file_meta.get("MediaStorageSOPClassUID")) == _DIRECTORY and not item.is_named:
            raise PassedOver("a DICOMDIR")
        # What has rows should have pixels, too: it may end early.
        wanted = (*_PIXELS, "Rows", "EncapsulatedDocument") if self.format.name == "pdf" else (*_PIXELS, "Rows")
        if self.format.has_frames and not item.is_named and not any(keyword in ds for keyword in wanted):
            raise PassedOver("without pixels")
        try:
            parts = outputs(ds, self.format, notices=notices.append, **self.options)
        except ConversionError as error:
            if self.format.kind == "extraction" and not item.is_named:
                raise PassedOver(error.message) from error
            raise
        self._check_state(ds, parts, notices)
        return [_NewFile(part) for part in parts]

    def _check_state(self, ds: Dataset, parts: list[Any], notices: list[ConversionNotice]) -> None:
        """Tell that a presentation state was made for other images."""
        state = self.options.get("presentation_state")
        if state is None:
            return
        from filmless.pixels.presentation_state import PresentationState

        frame = next(iter(parts[0].job.frames), 0)
        if not PresentationState.of(state).applies_to(ds, frame):
            notices.append(ConversionNotice("other-images", "the presentation state was made for other images"))

    def _no_dicom(self, item: Item) -> Exception:
        head, size = item.head(HEAD_BYTES)
        if not _has_preamble(head):
            try:
                format_of(head, size)
            except ConversionError:
                if not item.is_named and not _is_promised(item, _DICOM_SUFFIXES):
                    return PassedOver("no DICOM")
            else:
                return PassedOver("no DICOM")
        return FormatError(f"this is not DICOM, which becomes {self.format.name}")


def kind_of(item: Item) -> Literal["DICOM", "other"] | None:
    """Tell what a source is, from its first bytes or, without a preamble, by reading it; None of what is not known."""
    if not isinstance(item.source, str | Member | bytes):
        return "other"
    if item.error is not None or item.reason is not None:
        return None
    try:
        head, size = item.head(HEAD_BYTES)
        if _has_preamble(head):
            return "DICOM"
        format_of(head, size)
    except ConversionError:
        return "DICOM" if size and _is_bare_dicom(item) else None
    except OSError:
        return None
    return "other"


def format_name_of(item: Item) -> str | None:
    """Return the name of the format of a file; None of one that is not known beforehand."""
    try:
        return format_of(*item.head(HEAD_BYTES)).name
    except (ConversionError, OSError):
        return None


def has_document(item: Item) -> bool:
    """Tell whether a DICOM file has a document in it."""
    try:
        return "EncapsulatedDocument" in _read(item)
    except (DicomError, OSError):
        return False


def _read(item: Item) -> Dataset:
    return read(item.path if item.path is not None else BytesIO(item.data()))


def _has_preamble(head: bytes) -> bool:
    return b"DICM" in (head[128:132], head[:4])


def _is_bare_dicom(item: Item) -> bool:
    try:
        _read(item)
    except DicomError:
        return False
    return True


#: Endings of names of pictures, drawings and films that are not converted: whoever has them should know that.
_NOT_CONVERTED = frozenset(
    {
        *(".heic", ".heif", ".hif", ".avif", ".jxr", ".wdp", ".hdp", ".tga", ".pcx", ".ico", ".icns", ".exr", ".hdr"),
        *(".pnm", ".pbm", ".pgm", ".ppm", ".pam", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"),
        *(".svg", ".svgz", ".ai", ".eps", ".ps", ".xps", ".cdr", ".psd", ".psb", ".xcf"),
        *(".flv", ".vob", ".ogv", ".3gp", ".nii", ".nrrd", ".mha", ".mhd"),
    }
)
#: Endings of names that promise something.
_PROMISES = (
    frozenset({suffix for row in FORMATS for suffix in row.suffixes}) - {".xml", ".obj", ".ts"}
    | {".zip"}
    | _NOT_CONVERTED
)


def _is_promised(item: Item, suffixes: frozenset[str]) -> bool:
    """Tell whether the name of a file says that it should have been converted. Programs leave hidden files about."""
    name: PurePath = item.relative
    return name.suffix.lower() in suffixes and not name.name.startswith(".")
