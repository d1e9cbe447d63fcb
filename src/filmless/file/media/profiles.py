"""Application profiles: which transfer syntaxes a medium may hold (PS3.11)."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from filmless import _core

__all__ = ["EXPLICIT", "GENERAL", "PROFILES", "Profile", "profile_named"]

#: Explicit VR Little Endian, which every profile allows and DICOMDIRs are written in (PS3.10 8.6).
EXPLICIT = "1.2.840.10008.1.2.1"


@dataclass(frozen=True)
class Profile:
    """What a medium may hold.

    Attributes
    ----------
    name
        The profile's label: ``STD-GEN-CD``.
    transfer_syntaxes
        UIDs of the transfer syntaxes it allows; empty when it allows all.
    capacity
        Bytes that its medium holds; None of those that there are in any size.

    DICOM
    -----
    PS3.11, PS3.12
    """

    name: str
    transfer_syntaxes: tuple[str, ...] = ()
    capacity: int | None = None

    def allows(self, transfer_syntax: str) -> bool:
        """Tell whether files of a transfer syntax may be on the medium as they are."""
        return not self.transfer_syntaxes or transfer_syntax in self.transfer_syntaxes


#: No profile of the Standard: everything stays as it is.
GENERAL = "general"
_JPEG = ("JPEGLosslessSV1", "JPEGBaseline8Bit", "JPEGExtended12Bit")
_JPEG_2000 = ("JPEG2000Lossless", "JPEG2000")
#: What each profile allows beside Explicit VR Little Endian, by keyword (PS3.11 D, H, J and M).
_ALLOWED: dict[str, tuple[str, ...]] = {
    "STD-GEN-CD": (),
    "STD-GEN-DVD-RAM": (),
    **{f"STD-GEN-{medium}-JPEG": _JPEG for medium in ("DVD", "USB", "MMC", "CF", "SD", "BD")},
    **{f"STD-GEN-{medium}-J2K": _JPEG_2000 for medium in ("DVD", "USB", "MMC", "CF", "SD", "BD")},
    "STD-GEN-BD-MPEG2-MPML": ("MPEG2MPML",),
    "STD-GEN-BD-MPEG2-MPHL": ("MPEG2MPHL",),
    "STD-GEN-BD-MPEG4-HPLV41": ("MPEG4HP41",),
    "STD-GEN-BD-MPEG4-HPLV41BD": ("MPEG4HP41BD",),
    "STD-GEN-BD-MPEG4-HPLV42-2D": ("MPEG4HP422D",),
    "STD-GEN-BD-MPEG4-HPLV42-3D": ("MPEG4HP423D",),
    "STD-GEN-BD-MPEG4-SHPLV42": ("MPEG4HP42STEREO",),
}
#: A CD of 80 minutes, and a DVD of one layer.
_CAPACITIES = {"CD": 700_000_000, "DVD": 4_700_000_000}


def _uid(keyword: str) -> str:
    row = _core.transfer_syntax(keyword)
    if row is None:
        raise KeyError(keyword)
    return row["uid"]


#: The profiles by name.
PROFILES = {
    name: Profile(name, (EXPLICIT, *map(_uid, keywords)), _CAPACITIES.get(name.split("-")[2]))
    for name, keywords in _ALLOWED.items()
}
PROFILES[GENERAL] = Profile(GENERAL)


def profile_named(name: str | None) -> Profile:
    """Return a profile; None is the general one.

    Raises
    ------
    ValueError
        For a name that is none.
    """
    if name is None:
        return PROFILES[GENERAL]
    profile = PROFILES.get(name) or PROFILES.get(name.upper()) or PROFILES.get(name.lower())
    if profile is None:
        near = difflib.get_close_matches(name.upper(), PROFILES, 2, 0.5) or ["STD-GEN-CD", GENERAL]
        message = f"`{name}` is no application profile; expected one as {' or '.join(near)}"
        raise ValueError(message)
    return profile
