"""Pictures that Pillow writes well: JPEG and BMP."""

from typing import Any, BinaryIO

from filmless.convert.out.options import Job
from filmless.convert.out.source import PictureSource, checked_number
from filmless.errors import ConversionError

__all__ = ["write_bmp", "write_jpeg"]

_QUALITY = 90
_SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")


def write_jpeg(job: Job, out: BinaryIO) -> None:
    """Write a JPEG Baseline; colours are not subsampled unless asked for, their ICC profile goes along.

    DICOM
    -----
    PS3.18 8.7.3 (the media type image/jpeg)
    """
    from PIL import Image

    quality = checked_number(job, "quality", _QUALITY, range(1, 101), "JPEG")
    subsampling = job.options.get("subsampling", _SUBSAMPLINGS[0])
    if subsampling not in _SUBSAMPLINGS:
        raise ConversionError(f"subsampling {subsampling!r} does not exist, expected {', '.join(_SUBSAMPLINGS)}")
    source = PictureSource(job)
    picture = source.picture(job.frames[0])
    more: dict[str, Any] = {} if picture.ndim == 2 else {"subsampling": subsampling}
    profile = source.profile(picture)
    if profile is not None:
        more["icc_profile"] = profile
    if max(picture.shape[:2]) > 0xFFDC:  # that of libjpeg, a little less than the 65535 of the format
        raise ConversionError(f"a JPEG has at most {0xFFDC} rows and columns", hint="png or tiff, or `size`")
    Image.fromarray(picture).save(out, "JPEG", quality=quality, **more)


def write_bmp(job: Job, out: BinaryIO) -> None:
    """Write a BMP of 8 bits grey or 24 bits colour."""
    from PIL import Image

    Image.fromarray(PictureSource(job).picture(job.frames[0])).save(out, "BMP")
