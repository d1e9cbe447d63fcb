"""Motion JPEG: each frame is a JPEG, and goes in as it is when they all can."""

from typing import Any

from filmless.convert.content import Picture
from filmless.convert.options import ReadOptions
from filmless.convert.pictures.as_it_is import as_it_is
from filmless.convert.pictures.jpeg import stored_stream
from filmless.errors import DicomError

__all__ = ["motion_jpeg"]


def motion_jpeg(container: Any, options: ReadOptions) -> Picture | None:
    """Make a picture of the frames of a video of JPEG; None when they have to be decoded.

    DICOM
    -----
    PS3.5 8.2.1
    """
    frames, descriptions, method = [], set(), None
    try:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                stored, description, method = stored_stream(bytes(packet), options)
                frames.append(stored)
                descriptions.add(description)
    except DicomError:
        return None  # without tables, as writers of AVI leave them out, or two fields
    if len(descriptions) != 1:
        return None
    return as_it_is(frames, descriptions.pop(), options, lossy_method=method)
