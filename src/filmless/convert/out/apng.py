"""Animated PNG: the rows of each frame filtered and squeezed in threads, and put into one file."""

import struct
from fractions import Fraction
from typing import BinaryIO

from filmless.convert.out.options import Job
from filmless.convert.out.png import LEVEL, LEVELS, SIGNATURE, chunk, deflated_rows, header_of, profile_of
from filmless.convert.out.source import PictureSource, checked_number
from filmless.convert.out.timing import durations_ms, plays

__all__ = ["write"]


def write(job: Job, out: BinaryIO) -> None:
    """Write an animated PNG; of one frame an ordinary one. Programs that know none show the first frame."""
    level = checked_number(job, "level", LEVEL, LEVELS, "PNG")
    durations = durations_ms(job) if len(job.frames) > 1 else [0.0]
    repeats = plays(job)
    source = PictureSource(job)
    encoded = source.encoded(lambda picture: deflated_rows(picture, level))

    def put(name: bytes, data: bytes) -> None:
        out.writelines(chunk(name, data))

    shape: tuple[int, ...] | None = None
    sequence = 0
    for number, ((picture, rows), duration) in enumerate(zip(encoded, durations, strict=True)):
        if shape is None:
            shape = picture.shape
            out.write(SIGNATURE)
            out.writelines(header_of(picture))
            profile = source.profile(picture)
            if profile is not None:
                out.writelines(profile_of(profile, level))
            if len(durations) > 1:
                put(b"acTL", struct.pack(">II", len(durations), repeats))
        if len(durations) > 1:
            put(b"fcTL", struct.pack(">IIIIIHHBB", sequence, shape[1], shape[0], 0, 0, *_seconds(duration), 0, 0))
            sequence += 1
        if number:
            put(b"fdAT", struct.pack(">I", sequence) + rows)
            sequence += 1
        else:
            put(b"IDAT", rows)
    put(b"IEND", b"")


def _seconds(duration_ms: float) -> tuple[int, int]:
    """Return a duration as a fraction of numbers of 16 bits."""
    seconds = Fraction(duration_ms).limit_denominator(1_000_000) / 1000
    seconds = seconds.limit_denominator(0xFFFF if seconds < 1 else int(0xFFFF / seconds))
    return seconds.numerator, seconds.denominator
