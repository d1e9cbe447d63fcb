"""The SOP classes that pictures and documents become, a row each (PS3.3 A, PS3.4 B.5)."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from filmless import _core
from filmless.convert.content import Content, Document, Picture
from filmless.convert.header.modules import MODULES, TYPE_1
from filmless.convert.notice import ConversionNotice
from filmless.errors import ConversionError

__all__ = ["SOP_CLASSES", "SopClass", "chosen", "frames_apart", "holds_single_bits", "sop_class_named"]

_ONE, _SEVERAL = "one frame", "several frames"
_PICTURES = "1.2.840.10008.5.1.4.1.1."
_VIDEO_PHOTOGRAPHIC = _PICTURES + "77.1.4.1"
_VIDEO = "1.2.840.10008.1.2.4.10"  # the syntaxes of MPEG-2, H.264 and HEVC: one stream of all frames


class Fits(NamedTuple):
    """What content a SOP class takes.

    Attributes
    ----------
    document
        The kind of document; None for a picture.
    samples, bits
        Samples per pixel and Bits Allocated that it may have; no bits for any.
    frames
        One, several or any number.
    signed, is_float
        Whether samples may be signed; whether they are floats.
    timed
        Whether it has to be known how long frames are shown.
    """

    document: str | None = None
    samples: tuple[int, ...] = (1, 3)
    bits: tuple[int, ...] = ()
    frames: Literal["one", "several", "any"] = "one"
    signed: bool = False
    is_float: bool = False
    timed: bool = False


class SopClass(NamedTuple):
    """A row.

    Attributes
    ----------
    uid
        Of the class.
    fits
        What it takes.
    modules
        Those with attributes of their own, see `modules.MODULES`.
    modality
        Its Modality, when nobody gives one.
    modalities
        What its Modality may be; any when empty.
    by_modality
        Whether it is chosen for content of these modalities, without being named.
    needs
        Keywords that have to be given: nothing in a picture tells them.
    multi_frame
        Whether it has the Multi-frame Module, even of one frame.
    needs_of
        A modality, and keywords that have to be given when it is that.
    """

    uid: str
    fits: Fits
    modules: tuple[str, ...]
    modality: str = "OT"
    modalities: tuple[str, ...] = ()
    by_modality: bool = False
    needs: tuple[str, ...] = ()
    multi_frame: bool = False
    needs_of: tuple[str, tuple[str, ...]] = ("", ())

    @property
    def name(self) -> str:
        """As PS3.6 A has it."""
        entry = _core.uid_entry(self.uid)
        return self.uid if entry is None else entry[1]

    def defaults(self) -> dict[str, Any]:
        """Return all attributes of its modules that have a value of their own."""
        return {keyword: value for module in self.modules for keyword, value in MODULES[module].items()}

    def type_1(self) -> frozenset[str]:
        """Return the attributes that nobody can leave empty: those with a value of their own, and those of TYPE_1."""
        own = {keyword for keyword, value in self.defaults().items() if value not in ("", [], None)}
        more = {keyword for module in self.modules for keyword in TYPE_1.get(module, ())}
        return frozenset((own | more | {"Modality", *self.needs}) - {"SecondaryCaptureDeviceManufacturer"})


_COMMON = ("Patient", "General Study", "General Series", "General Image")
_SC = (*_COMMON, "SC Equipment", "SC Image")
_SC_FRAMES = (*_SC, "SC Multi-frame Image")
_VL = (*_COMMON, "General Equipment", "Acquisition Context", "VL Image")
_US = (*_COMMON, "General Equipment", "US Image")
_OP = (
    *(*_COMMON, "Synchronization", "General Equipment", "Ophthalmic Photography Image", "Ocular Region Imaged"),
    *("Ophthalmic Photography Acquisition Parameters", "Ophthalmic Photographic Parameters"),
)
_OP_NEEDS = ("ImageLaterality", "AcquisitionDeviceTypeCodeSequence", "AcquisitionDateTime")
_IVUS_NEEDS = ("IVUS", ("AcquisitionDateTime", "IVUSAcquisition"))  # PS3.3 C.8.5.6
_DOCUMENT = ("Patient", "General Study", "Encapsulated Document Series", "SC Equipment", "Encapsulated Document")
_MODEL = (
    *("Patient", "General Study", "Encapsulated Document Series", "Enhanced General Equipment"),
    *("Encapsulated Document", "Manufacturing 3D Model"),
)
_MAP = (*_COMMON[:3], "Enhanced General Equipment", "Frame of Reference", "Acquisition Context", "Parametric Map Image")

_8_BITS, _16_BITS = (8,), (16,)


def _picture(number: str, fits: Fits, modules: tuple[str, ...], **rest: Any) -> SopClass:
    return SopClass(_PICTURES + number, fits, modules, **rest)


def _visible(number: str, modality: str, *, video: bool = False, **rest: Any) -> SopClass:
    """Visible light: PS3.3 A.32."""
    frames = Fits(bits=_8_BITS, frames="several", timed=True) if video else Fits(bits=_8_BITS)
    return _picture(
        *(number, frames, rest.pop("modules", _VL)),
        modality=modality,
        modalities=(modality,),
        by_modality=True,
        multi_frame=video,
        **rest,
    )


#: Those that come first are chosen first, of those that take a content.
SOP_CLASSES = (
    _visible("77.1.4", "XC"),
    _visible("77.1.1", "ES"),
    _visible("77.1.2", "GM"),
    _visible("77.1.7", "DMS", modules=(*_VL, "Enhanced General Equipment", "Frame of Reference", "Dermoscopic Image")),
    _visible("77.1.4.1", "XC", video=True),
    _visible("77.1.1.1", "ES", video=True),
    _visible("77.1.2.1", "GM", video=True),
    *(
        _picture(
            *(number, Fits(bits=bits, frames="any"), _OP),
            modality="OP",
            modalities=("OP",),
            by_modality=True,
            needs=_OP_NEEDS,
            multi_frame=True,
        )
        for number, bits in (("77.1.5.1", _8_BITS), ("77.1.5.2", _16_BITS))
    ),
    *(
        _picture(
            *(number, fits, _US),
            modality="US",
            modalities=("US", "IVUS"),
            by_modality=True,
            multi_frame=fits.timed,
            needs_of=_IVUS_NEEDS,
        )
        for number, fits in (("6.1", Fits(bits=_8_BITS)), ("3.1", Fits(bits=_8_BITS, frames="several", timed=True)))
    ),
    _picture("30", Fits(samples=(1,), bits=(32, 64), frames="any", is_float=True), _MAP, modality="OT"),
    _picture("7", Fits(bits=(1, 8, 16, 32), signed=True), _SC),
    _picture("7.1", Fits(samples=(1,), bits=(1,), frames="any"), _SC_FRAMES, multi_frame=True),
    _picture("7.2", Fits(samples=(1,), bits=_8_BITS, frames="any"), _SC_FRAMES, multi_frame=True),
    _picture("7.3", Fits(samples=(1,), bits=_16_BITS, frames="any"), _SC_FRAMES, multi_frame=True),
    _picture("7.4", Fits(samples=(3,), bits=_8_BITS, frames="any"), _SC_FRAMES, multi_frame=True),
    _picture("104.1", Fits(document="PDF"), _DOCUMENT, modality="DOC"),
    _picture("104.2", Fits(document="CDA"), _DOCUMENT, modality="DOC", needs=("HL7InstanceIdentifier",)),
    _picture("104.3", Fits(document="STL"), (*_MODEL, "Frame of Reference"), modality="M3D", modalities=("M3D",)),
    _picture("104.4", Fits(document="OBJ"), (*_MODEL, "Frame of Reference"), modality="M3D", modalities=("M3D",)),
    _picture("104.5", Fits(document="MTL"), _MODEL, modality="M3D", modalities=("M3D",)),
)


def sop_class_named(name: str) -> SopClass:
    """Find a SOP class by UID, keyword or name; upper case, spaces and the words Image and Storage do not matter.

    Raises
    ------
    ConversionError
        There is none of this name, or no picture or document becomes one.
    """
    rows: dict[str, SopClass] = {}
    for row in SOP_CLASSES:
        entry = _core.uid_entry(row.uid)
        names = (row.uid,) if entry is None else (row.uid, entry[1], entry[3])
        rows |= {_plain(one): row for one in names}
    found = rows.get(_plain(name))
    if found is not None:
        return found
    joined = "".join(name.split())
    for ending in ("", "Storage", "ImageStorage"):
        entry = _core.uid_entry(joined + ending)
        if entry is not None and entry[2] == "SOP Class":
            raise ConversionError(f"no picture or document becomes {entry[1]}", hint=f"these do: {_names()}")
    readable = {_plain(row.name): row.name for row in SOP_CLASSES}
    near = difflib.get_close_matches(_plain(name[:100]), readable, 1, 0.75)
    hint = f"did you mean {readable[near[0]]}?" if near else f"there are: {_names()}"
    raise ConversionError(f"sop_class `{name[:100]}` is none that a picture or document becomes", hint=hint)


def chosen(
    content: Content,
    named: SopClass | None,
    given: Mapping[str, Any],
    tell: Callable[[ConversionNotice], None],
) -> SopClass:
    """Choose the SOP class of a content.

    Parameters
    ----------
    content
        What it has to hold.
    named
        The one that was asked for.
    given
        Header values by keyword.
    tell
        Gets a notice when Modality asks for another than the content can be.

    Raises
    ------
    ConversionError
        None holds it, or not the one that was asked for.
    """
    if named is not None:
        misfit = _misfit(named, content, given)
        if misfit and not (named.fits.bits == (1,) and isinstance(content, Picture) and holds_single_bits(content)):
            raise ConversionError(f"{named.name} does not hold the {_described(content)}: it takes {misfit}")
        _require(named, given)
        return named
    modality = given.get("Modality")
    misfits: list[str] = []
    needs: list[str] = []  # of classes that are nearer, as they take the content
    for row in SOP_CLASSES:
        # A video is photographic when nothing says more.
        is_plain_video = row.uid == _VIDEO_PHOTOGRAPHIC and modality is None and _is_video(content)
        if row.by_modality and modality not in row.modalities and not is_plain_video:
            continue
        if (row.fits.document is None) == isinstance(content, Document):
            continue
        misfit = _misfit(row, content, given)
        if misfit:
            if row.by_modality:
                # One for as many frames is nearer than one for another number of them.
                is_near = misfit not in (_ONE, _SEVERAL)
                misfits.insert(0 if is_near else len(misfits), f"{row.name} takes {misfit}")
            continue
        missing = _missing(row, given)
        if not missing:
            nearest = next(iter((*needs, *misfits)), None)
            if nearest is not None and not row.by_modality:
                message = f"the object is a {row.name}, although its Modality is {modality}: {nearest}"
                tell(ConversionNotice("sop-class", message))
            return row
        if not row.by_modality:
            _require(row, given)
        needs.append(f"{row.name} needs {_enumerated(missing)}")
    raise ConversionError(f"no SOP class holds the {_described(content)}", hint=_remedy(content))


def frames_apart(
    content: Content,
    named: SopClass | None,
    given: Mapping[str, Any],
    tell: Callable[[ConversionNotice], None],
) -> list[Content]:
    """Return a content, or its frames where a SOP class takes each of them and none takes all together.

    Parameters
    ----------
    content
        What is to be held.
    named
        The SOP class that was asked for: it is not for us to say that it will not do.
    given
        Header values by keyword.
    tell
        Gets a notice when frames become objects of their own.

    DICOM
    -----
    PS3.3 A.8
    """
    if named is not None or not isinstance(content, Picture) or content.frames == 1 or _is_taken(content, given):
        return [content]
    frames = content.apart()
    if len(frames) == 1 or not _is_taken(frames[0], given):
        return [content]
    message = f"no SOP class holds the {_described(content)}: each frame becomes an object"
    tell(ConversionNotice("apart", message))
    return [*frames]


def _is_taken(content: Content, given: Mapping[str, Any]) -> bool:
    modality = given.get("Modality")
    return any(
        not _misfit(row, content, given) and not (row.by_modality and _missing(row, given))
        for row in SOP_CLASSES
        if not row.by_modality or modality in row.modalities
    )


def _plain(name: str) -> str:
    plain = "".join(letter for letter in name.casefold() if letter.isalnum() or letter == ".")
    return plain.removesuffix("storage").removesuffix("image")


def _names() -> str:
    return ", ".join(row.name for row in SOP_CLASSES)


def _is_video(content: Content) -> bool:
    stream = content.stream if isinstance(content, Picture) else None
    return stream is not None and stream.transfer_syntax.startswith(_VIDEO)


def _missing(row: SopClass, given: Mapping[str, Any]) -> list[str]:
    modality, more = row.needs_of
    needs = (*row.needs, *more) if given.get("Modality") == modality else row.needs
    return [keyword for keyword in needs if not given.get(keyword)]


def _require(row: SopClass, given: Mapping[str, Any]) -> None:
    missing = _missing(row, given)
    if missing:
        raise ConversionError(
            f"{row.name} needs {_enumerated(missing)}, which nothing gives", hint=f"give {missing[0]}"
        )


def _misfit(row: SopClass, content: Content, given: Mapping[str, Any]) -> str:
    """Say what a SOP class takes in place of a content; nothing when it takes it."""
    fits = row.fits
    if isinstance(content, Document) or fits.document is not None:
        kind = content.kind if isinstance(content, Document) else None
        return "" if kind == fits.document else f"{fits.document or 'a picture'}"
    if content.frames > 1 and fits.frames == "one":
        return _ONE
    if content.frames == 1 and fits.frames == "several" and not _is_video(content):
        return _SEVERAL
    if content.samples not in fits.samples:
        return f"{' or '.join(map(str, fits.samples))} sample{'s'[: fits.samples != (1,)]} a pixel"
    if content.is_float != fits.is_float:
        return f"{'floats' if fits.is_float else 'whole numbers'}"
    deep_video = fits.timed and _is_video(content)  # 16 of HEVC Main 10: PS3.5 8.2.11
    if fits.bits and content.bits_allocated not in fits.bits and not deep_video:
        return f"samples of {_listed(fits.bits)} bits"
    if content.signed and not fits.signed:
        return "unsigned samples"
    if fits.timed and content.frames > 1 and not _is_timed(content, given):
        return "frames whose time is known, as by FrameTime"
    return ""


def _is_timed(content: Picture, given: Mapping[str, Any]) -> bool:
    if any(given.get(keyword) or content.facts.get(keyword) for keyword in ("FrameTime", "FrameTimeVector")):
        return True
    return any(time > 0 for time in content.frame_times_ms)


def holds_single_bits(content: Picture) -> bool:
    """Whether grey of 8 bits is black and white only."""
    pixels = content.pixels
    if pixels is None or content.stream is not None or content.bits_allocated != 8 or content.samples != 1:
        return False
    return bool(((pixels == 0) | (pixels == 255)).all() or (pixels <= 1).all())


def _described(content: Content) -> str:
    if isinstance(content, Document):
        return content.kind
    number = "floats" if content.is_float else "signed samples" if content.signed else "samples"
    frames = "" if content.frames == 1 else f"{content.frames} frames of "
    return f"{frames}{'grey' if content.samples == 1 else 'colour'} {number} of {content.bits_allocated} bits"


def _remedy(content: Content) -> str | None:
    if isinstance(content, Document):
        return None
    if content.is_float:
        return "floats are a Parametric Map, of grey only"
    if content.frames > 1:
        return "unsigned grey of 8 or 16 bits and RGB of 8 bits can have frames; apart, frames become an object each"
    return None


def _enumerated(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _listed(numbers: Iterable[int]) -> str:
    return " or ".join(map(str, numbers))
