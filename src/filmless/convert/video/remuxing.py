"""Coded pictures moved into another container, each bit for bit."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from filmless.convert.video.opening import opened
from filmless.errors import ConversionError

__all__ = ["display_order", "remuxed"]

_RATE = Fraction(25)  # where nothing says one


def remuxed(data: bytes, container: str, *, rate: Fraction | None, audio: bool) -> bytes:
    """Put the first video, and its sound, into a new file.

    Parameters
    ----------
    data
        The file.
    container
        ``"mp4"`` or ``"mpegts"``.
    rate
        Frames in a second, for pictures without times.
    audio
        Whether the first sound goes with it.

    Raises
    ------
    ConversionError
        The pictures have no times, and their order does not show either.

    DICOM
    -----
    PS3.5 8.2.7
    """
    import av

    times = _times(data, rate)
    target = io.BytesIO()
    with opened(data) as source, av.open(target, "w", format=container, options={"fflags": "+bitexact"}) as out:
        chosen = [source.streams.video[0], *(source.streams.audio[:1] if audio else ())]
        streams = {stream.index: out.add_stream_from_template(stream, opaque=True) for stream in chosen}
        number = 0
        for packet in source.demux(*chosen):
            if packet.size == 0:
                continue
            if packet.stream_index == chosen[0].index:
                if times is not None:
                    packet.pts, packet.dts, packet.time_base = times[number]
                    packet.duration = max(1, round(1 / (rate or _RATE) / packet.time_base))
                number += 1
            packet.stream = streams[packet.stream_index]
            out.mux(packet)
    return target.getvalue()


def _times(data: bytes, rate: Fraction | None) -> list[tuple[int, int, Fraction]] | None:
    """Return when each picture is shown and decoded, where the file does not say both; None where it does."""
    with opened(data) as source:
        stream, base = source.streams.video[0], None
        pts: list[int | None] = []
        is_whole = True
        for packet in source.demux(stream):
            if packet.size:
                pts.append(packet.pts)
                is_whole &= packet.pts is not None and packet.dts is not None
                base = base or packet.time_base
        # AVI has the times of decoding only, from which FFmpeg guesses others.
        is_guess = "avi" in source.format.name
    if is_whole and not is_guess:
        return None
    between = 1 / (rate or _RATE)
    if None in pts or is_guess or base is None:
        shown, base = display_order(data, len(pts)), between
    else:
        shown = [time for time in pts if time is not None]
    step = max(1, round(between / base))
    return [(when, decoded, base) for when, decoded in zip(shown, _decoding_times(shown, step), strict=True)]


def _decoding_times(shown: Sequence[int], step: int) -> list[int]:
    """Return times of decoding: those of showing in order, as late as none is decoded after it is shown."""
    ordered = sorted(shown)
    delay = max(at + 1 - bisect_right(ordered, when) for at, when in enumerate(shown))
    before = [ordered[0] - step * (delay - at) for at in range(delay)]
    return [*before, *ordered[: len(ordered) - delay]]


def display_order(data: bytes, count: int) -> list[int]:
    """Return the place of each coded picture in the order of showing, which only decoding tells.

    Raises
    ------
    ConversionError
        Not every coded picture gives one.
    """
    with opened(data) as source:
        stream = source.streams.video[0]
        order: list[Any] = []
        number = 0
        for packet in source.demux(stream):
            if packet.size:
                packet.pts = packet.dts = number
                number += 1
            order += [frame.pts for frame in packet.decode()]
    if sorted(order) != list(range(count)):
        raise ConversionError("the order of the video's frames does not show")
    places = [0] * count
    for place, decoded in enumerate(order):
        places[decoded] = place
    return places
