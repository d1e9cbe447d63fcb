"""What MPEG-2, H.264 and HEVC streams say of profile, level and fields, read from their own headers."""

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Field", "StreamParameters", "field_of", "parameters_of"]

_MPEG_2_SEQUENCE, _MPEG_2_EXTENSION = b"\0\0\1\xb3", b"\0\0\1\xb5"
_H264_SLICES = (1, 5)
_H264_SEI, _H264_SPS, _H264_SUBSET_SPS = 6, 7, 15
_HEVC_SPS = 33
_FRAME_PACKING = 45
_WITH_CHROMA_FORMAT = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_MOST_UNITS = 4096


class StreamParameters(NamedTuple):
    """What the headers say.

    Attributes
    ----------
    profile, level
        Their numbers: ``profile_idc`` and ``level_idc`` of H.264 and HEVC, the two halves of
        ``profile_and_level_indication`` of MPEG-2.
    progressive
        Whether each coded picture is a frame for sure; of H.264, others have to be asked by `field_of`.
    constrained
        Whether it keeps to the Main profile, too: of H.264 by ``constraint_set1_flag``.
    high_tier
        Of HEVC.
    stereo
        ``"packed"`` when two views share each frame, ``"views"`` when there is a second one, else empty.
    aspect
        ``aspect_ratio_information`` of MPEG-2.
    number_bits
        Of H.264: bits of ``frame_num`` in each slice.
    """

    profile: int
    level: int
    progressive: bool = True
    constrained: bool = False
    high_tier: bool = False
    stereo: str = ""
    aspect: int = 1
    number_bits: int = 4


class Field(NamedTuple):
    """A field that is coded apart: ``frame_num``, which it shares with the other one, and which of the two it is."""

    number: int
    is_bottom: bool


def parameters_of(codec: str, headers: bytes, packet: bytes) -> StreamParameters | None:
    """Read them.

    Parameters
    ----------
    codec
        ``"mpeg2video"``, ``"h264"`` or ``"hevc"``.
    headers
        What the container holds of them; empty when they are in the stream.
    packet
        The first coded picture with what stands before it.

    Returns
    -------
    StreamParameters or None
        None when they are not there or make no sense.

    DICOM
    -----
    PS3.5 8.2.5 to 8.2.11; ISO/IEC 13818-2 6.2.2, 14496-10 7.3.2.1, 23008-2 7.3.2.2
    """
    try:
        if codec == "mpeg2video":
            return _mpeg_2(headers + packet)
        units = [*_units(headers), *_units(packet)]
        return _h264(units) if codec == "h264" else _hevc(units) if codec == "hevc" else None
    except IndexError:
        return None


def field_of(packet: bytes, parameters: StreamParameters) -> Field | None:
    """Return the field that a coded picture of H.264 is; None when it is a frame.

    DICOM
    -----
    PS3.5 8.2.7; ISO/IEC 14496-10 7.3.3
    """
    for unit in _units(packet):
        if unit and unit[0] & 0x1F in _H264_SLICES:
            bits = _Bits(unit[1:40])
            try:
                for _ in range(3):  # first macroblock, kind, parameter set
                    bits.golomb()
                number = bits.take(parameters.number_bits)
                return Field(number, bits.take(1) == 1) if bits.take(1) else None
            except IndexError:
                return None
    return None


class _Bits:
    """Bits of a header, most significant first, without the bytes that prevent start codes."""

    def __init__(self, unit: bytes) -> None:
        self._data, self._at = unit.replace(b"\0\0\3", b"\0\0"), 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | (self._data[self._at >> 3] >> (7 - (self._at & 7)) & 1)
            self._at += 1
        return value

    def golomb(self) -> int:
        """Take a number of ue(v)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise IndexError
        return (1 << zeros) - 1 + self.take(zeros)

    def signed_golomb(self) -> int:
        number = self.golomb()
        return (number + 1) // 2 if number % 2 else -(number // 2)


def _units(data: bytes) -> Iterator[bytes]:
    """Return the units of a byte stream, of an avcC or hvcC record, or of a packet with lengths in 4 bytes."""
    if data.startswith((b"\0\0\1", b"\0\0\0\1")):
        yield from (unit for unit in data.split(b"\0\0\1", _MOST_UNITS)[1:] if unit)
        return
    if data[:1] == b"\1" and len(data) > 6:
        yield from _recorded(data)
        return
    position = 0
    while position + 4 < len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 4 + size]
        position += 4 + size


def _recorded(data: bytes) -> Iterator[bytes]:
    """Return the parameter sets of a decoder configuration record (ISO/IEC 14496-15 5.3.3, 8.3.3)."""
    is_hevc = len(data) > 23 and data[1] & 0x1F in (1, 2, 3) and data[13] & 0xF0 == 0xF0 and data[15] & 0xFC == 0xFC
    position, arrays = (23, data[22]) if is_hevc else (5, 2)
    for _ in range(arrays):
        if position >= len(data):
            return
        if is_hevc:
            count, position = int.from_bytes(data[position + 1 : position + 3], "big"), position + 3
        else:
            count, position = data[position] & 0x1F, position + 1
        for _ in range(count):
            size = int.from_bytes(data[position : position + 2], "big")
            yield data[position + 2 : position + 2 + size]
            position += 2 + size


def _mpeg_2(data: bytes) -> StreamParameters | None:
    start = data.find(_MPEG_2_SEQUENCE)
    extension = data.find(_MPEG_2_EXTENSION, start + 4)
    if start < 0 or extension < 0 or data[extension + 4] >> 4 != 1:
        return None  # without an extension of the sequence it is MPEG-1
    bits = _Bits(data[extension + 4 : extension + 16])
    bits.take(5)  # its number, and the escape bit
    profile, level = bits.take(3), bits.take(4)
    return StreamParameters(profile, level, progressive=bits.take(1) == 1, aspect=data[start + 7] >> 4)


def _h264(units: list[bytes]) -> StreamParameters | None:
    found, stereo = None, ""
    for unit in units:
        kind = unit[0] & 0x1F if unit else 0
        if kind == _H264_SPS and found is None:
            found = _h264_sequence(unit)
        elif kind == _H264_SUBSET_SPS:
            stereo = "views"
            if found is not None:
                found = found._replace(profile=unit[1])
        elif kind == _H264_SEI and not stereo and _has_frame_packing(unit):
            stereo = "packed"
    return None if found is None else found._replace(stereo=stereo)


def _h264_sequence(unit: bytes) -> StreamParameters:
    bits = _Bits(unit[1:])
    profile, constraints, level = bits.take(8), bits.take(8), bits.take(8)
    bits.golomb()
    if profile in _WITH_CHROMA_FORMAT:
        chroma = bits.golomb()
        if chroma == 3:
            bits.take(1)
        bits.golomb()
        bits.golomb()
        bits.take(1)
        if bits.take(1):
            for number in range(8 if chroma != 3 else 12):
                if bits.take(1):
                    _skip_scaling(bits, 16 if number < 6 else 64)
    number_bits = bits.golomb() + 4
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.signed_golomb()
        bits.signed_golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed_golomb()
    bits.golomb()
    bits.take(1)
    bits.golomb()
    bits.golomb()
    progressive = bits.take(1) == 1
    constrained = bool(constraints & 0x40)
    return StreamParameters(
        profile, level, progressive=progressive, constrained=constrained, number_bits=min(number_bits, 16)
    )


def _skip_scaling(bits: _Bits, size: int) -> None:
    last, following = 8, 8
    for _ in range(size):
        if following:
            following = (last + bits.signed_golomb()) % 256
        last = following or last


def _has_frame_packing(unit: bytes) -> bool:
    data, position = unit.replace(b"\0\0\3", b"\0\0"), 1
    while position + 2 < len(data):
        numbers = []
        for _ in range(2):
            number = 0
            while data[position] == 0xFF:
                number, position = number + 255, position + 1
            numbers.append(number + data[position])
            position += 1
        if numbers[0] == _FRAME_PACKING:
            return True
        position += numbers[1]
    return False


def _hevc(units: list[bytes]) -> StreamParameters | None:
    for unit in units:
        if len(unit) > 2 and unit[0] >> 1 & 0x3F == _HEVC_SPS:
            bits = _Bits(unit[2:])
            bits.take(8)  # of the video parameter set, sub-layers, nesting
            bits.take(2)
            high_tier, profile, compatible = bits.take(1) == 1, bits.take(5), bits.take(32)
            return StreamParameters(
                profile,
                unit[2:].replace(b"\0\0\3", b"\0\0")[12],
                constrained=bool(compatible >> 30 & 1),
                high_tier=high_tier,
            )
    return None
