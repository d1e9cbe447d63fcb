"""Which transfer syntax carries a video as it is."""

from typing import NamedTuple

from filmless.convert.video.parameters import StreamParameters

__all__ = ["Allowed", "VideoFacts", "allowed_by", "is_audio_allowed"]

_UID = "1.2.840.10008.1.2.4."
_MPEG_2, _H264, _HEVC = "mpeg2video", "h264", "hevc"
_METHODS = {_MPEG_2: "ISO_13818_2", _H264: "ISO_14496_10", _HEVC: "ISO_23008_2"}
_CONSTRAINED_BASELINE, _MAIN, _HIGH, _STEREO_HIGH = 66, 77, 100, 128
_MPEG_2_MAIN, _MPEG_2_SIMPLE = 4, 5
_LOW_LEVEL, _MAIN_LEVEL, _HIGH_1440_LEVEL, _HIGH_LEVEL = 10, 8, 6, 4
_SQUARE, _WIDE = 1, 3  # aspect_ratio_information
_PLAIN = ("yuv420p", "yuvj420p")
_DEEP = ("yuv420p10le",)
# Macroblocks of a frame and in a second (ISO/IEC 14496-10 Table A-1); luminance samples (ISO/IEC 23008-2 Table A.8).
_MOST_4_1, _MOST_4_2, _MOST_5_1 = (8192, 245_760), (8704, 522_240), (8_912_896, 534_773_760)


class VideoFacts(NamedTuple):
    """What is known of a video.

    Attributes
    ----------
    codec
        As FFmpeg names it.
    pixel_format
        As FFmpeg names it.
    rows, columns
        Of a frame.
    rate
        Frames in a second; 0 when it is not known.
    is_square
        Whether its pixels are.
    """

    codec: str
    pixel_format: str
    rows: int
    columns: int
    rate: float
    is_square: bool


class Allowed(NamedTuple):
    """The transfer syntax of a video, what its data set says of it, and the containers that may go in.

    ``containers`` are FFmpeg's names, the first of which is what others are remuxed to.
    """

    transfer_syntax: str
    lossy_method: str
    bits_stored: int
    containers: tuple[str, ...]
    stereo: bool = False


def allowed_by(facts: VideoFacts, parameters: StreamParameters | None) -> Allowed | str:
    """Return how a video goes in as it is, or why it does not.

    The BD-compatible syntax is never chosen: what Blu-ray asks beyond Level 4.1 shows in no header, and the syntax of
    Level 4.1 carries such streams as well.

    DICOM
    -----
    PS3.5 8.2.5 to 8.2.11
    """
    if facts.codec not in _METHODS or parameters is None:
        return f"no transfer syntax carries {facts.codec}"
    if facts.pixel_format not in (*_PLAIN, *_DEEP):
        return f"no transfer syntax carries {facts.codec} of {facts.pixel_format}"
    if facts.codec == _MPEG_2:
        return _mpeg_2(facts, parameters)
    if not facts.is_square:
        return "its pixels are not square"
    return _h264(facts, parameters) if facts.codec == _H264 else _hevc(facts, parameters)


def _mpeg_2(facts: VideoFacts, parameters: StreamParameters) -> Allowed | str:
    """Choose Main Level by the size, so that streams that name a higher level without need are carried there, too."""
    if parameters.profile not in (_MPEG_2_MAIN, _MPEG_2_SIMPLE):
        return "its MPEG-2 profile is not Main"
    containers = ("mpegts", "mpeg", "mpegvideo", "mp4")
    size = (facts.rows, facts.columns)
    fits_main = facts.rows <= 576 and facts.columns <= 720 and facts.rate <= 30.01
    if parameters.level in (_MAIN_LEVEL, _LOW_LEVEL) and fits_main:
        return Allowed(f"{_UID}100", _METHODS[_MPEG_2], 8, containers)
    # Square pixels of these sizes are a display of 16:9, which the Standard wants to be said as such.
    is_high = parameters.level in (_HIGH_LEVEL, _HIGH_1440_LEVEL) and parameters.aspect in (_SQUARE, _WIDE)
    if is_high and size in ((720, 1280), (1080, 1920)) and facts.rate <= (60.01 if facts.rows == 720 else 30.01):
        return Allowed(f"{_UID}101", _METHODS[_MPEG_2], 8, containers)
    return "its size, rate or level is none of MPEG-2 Main Profile at Main or High Level"


def _h264(facts: VideoFacts, parameters: StreamParameters) -> Allowed | str:
    if facts.pixel_format not in _PLAIN:
        return "its samples have more than 8 bits"
    is_stereo = parameters.profile == _STEREO_HIGH
    fits_high = parameters.profile in (_MAIN, _HIGH) or (
        parameters.profile == _CONSTRAINED_BASELINE and parameters.constrained
    )
    if not (fits_high or is_stereo) or (parameters.stereo == "views" and not is_stereo):
        return "its H.264 profile is not High, or one that High includes"
    blocks = -(-facts.rows // 16) * -(-facts.columns // 16)
    method, containers = _METHODS[_H264], ("mp4", "mpegts")
    if parameters.level > 42 or not _fits(blocks, facts.rate, _MOST_4_2):
        return "its H.264 level is above 4.2"
    if is_stereo:
        return Allowed(f"{_UID}106", method, 8, containers, stereo=True)
    if parameters.stereo == "packed":
        return Allowed(f"{_UID}105", method, 8, containers, stereo=True)
    if parameters.level <= 41 and _fits(blocks, facts.rate, _MOST_4_1):
        return Allowed(f"{_UID}102", method, 8, containers)
    return Allowed(f"{_UID}104", method, 8, containers)


def _hevc(facts: VideoFacts, parameters: StreamParameters) -> Allowed | str:
    deep = facts.pixel_format in _DEEP
    if parameters.profile not in (1, 2) and not parameters.constrained:
        return "its HEVC profile is neither Main nor Main 10"
    if deep != (parameters.profile == 2) and not (parameters.constrained and not deep):
        return "its HEVC profile does not go with the bits of its samples"
    fits = _fits(facts.rows * facts.columns, facts.rate, _MOST_5_1)
    if parameters.level > 153 or parameters.high_tier or not fits:
        return "its HEVC level is above 5.1, or of the high tier"
    number, bits = (108, 10) if deep else (107, 8)
    return Allowed(f"{_UID}{number}", _METHODS[_HEVC], bits, ("mp4", "mpegts"))


def _fits(size: int, rate: float, most: tuple[int, int]) -> bool:
    return size <= most[0] and size * rate <= most[1] * 1.001


def is_audio_allowed(codec: str, rate: int, channels: int, *, video: str, container: str) -> bool:
    """Whether sound may stand beside the video.

    Parameters
    ----------
    codec
        As FFmpeg names it.
    rate
        Samples in a second.
    channels
        How many there are.
    video
        The codec of the video.
    container
        ``"mp4"``, ``"mpegts"`` or another.

    DICOM
    -----
    PS3.5 8.2.5, 8.2.12
    """
    if codec in ("mp3", "mp3float"):
        return rate in (32_000, 44_100, 48_000) and channels <= 2
    if video == _MPEG_2:
        return False
    if codec in ("mp2", "mp2float"):
        return rate in (32_000, 44_100, 48_000) and channels == 2
    if codec == "aac":
        return rate == 48_000 and channels in (2, 6)
    if container != "mpegts":
        return False
    return (codec == "ac3" and rate == 48_000 and channels in (2, 6)) or (
        codec == "pcm_bluray" and rate in (48_000, 96_000) and channels == 2
    )
