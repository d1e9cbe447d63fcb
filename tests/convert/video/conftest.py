"""Videos made by FFmpeg's encoders."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

_THOUSANDTH = Fraction(1, 1000)


@pytest.fixture(scope="session")
def pictures() -> Callable[..., np.ndarray]:
    """RGB frames that show their number by a colour."""

    def pictures(count: int, rows: int, columns: int) -> np.ndarray:
        out = np.zeros((count, rows, columns, 3), np.uint8)
        for number in range(count):
            out[number, ..., 0] = (20 + 9 * number) % 256
            out[number, :, : columns // 2, 1] = (200 - 8 * number) % 256
        return out

    return pictures


@pytest.fixture(scope="session")
def video(pictures: Callable[..., np.ndarray]) -> Callable[..., bytes]:
    """Encode a video; ``sound`` is a codec, ``times`` are in parts of 1/1000 s."""
    made: dict[Any, bytes] = {}

    def video(codec: str, form: str, **options: Any) -> bytes:
        key = (codec, form, repr(sorted(options.items())))
        if key not in made:
            with _scheduled_as_before():
                made[key] = _encoded(codec, form, **options)
        return made[key]

    def _encoded(
        codec: str,
        form: str,
        *,
        count: int = 12,
        rows: int = 48,
        columns: int = 64,
        pixel_format: str = "yuv420p",
        rate: int | Fraction = 25,
        sound: str | None = None,
        sound_rate: int = 48_000,
        metadata: dict[str, str] | None = None,
        times: list[int] | None = None,
        rotation: int = 0,
        noise: bool = False,
        **options: Any,
    ) -> bytes:
        if codec == "libx265":
            options.setdefault("x265-params", "log-level=none")
        target = io.BytesIO()
        with av.open(target, "w", format=form) as container:
            container.metadata.update(metadata or {})
            stream = container.add_stream(codec, rate=rate, options={key: str(value) for key, value in options.items()})
            stream.width, stream.height, stream.pix_fmt, stream.gop_size = columns, rows, pixel_format, 6
            if rotation:
                stream.set_display_rotation(rotation)
            other = container.add_stream(sound, rate=sound_rate) if sound else None
            if other is not None:
                other.layout = "stereo"
            if times is not None:
                stream.codec_context.time_base = stream.time_base = _THOUSANDTH
            shown = pictures(count, rows, columns)
            if noise:  # pictures that are longer than a packet of any container
                shown = np.random.default_rng(7).integers(0, 256, shown.shape, np.uint8)
            for number, picture in enumerate(shown):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                if times is not None:
                    frame.pts, frame.time_base = times[number], _THOUSANDTH
                container.mux(stream.encode(frame))
                if other is not None:
                    container.mux(other.encode(_silence(other, number, sound_rate)))
            container.mux(stream.encode())
            if other is not None:
                container.mux(other.encode())
        return target.getvalue()

    return video


@contextmanager
def _scheduled_as_before() -> Iterator[None]:
    """Take back what SVT-AV1 does for root: the thread that encodes, and all it starts later, go before all others.

    Browsers and servers of later tests had no processor for seconds.
    """
    if not hasattr(os, "sched_getscheduler"):  # only Linux has it
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def _silence(stream: Any, number: int, rate: int) -> av.AudioFrame:
    size = stream.frame_size or 1152
    frame = av.AudioFrame(format=stream.format.name, layout="stereo", samples=size)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate, frame.pts = rate, number * size
    return frame


@pytest.fixture(scope="session")
def packets() -> Callable[[bytes], list[bytes]]:
    """Return the coded pictures, units of H.264 and HEVC without what is between them: start codes or lengths."""

    def packets(data: bytes) -> list[bytes]:
        with av.open(io.BytesIO(data)) as container:
            stream = container.streams.video[0]
            found = [bytes(packet) for packet in container.demux(stream) if packet.size]
            return [_units(one) if stream.codec_context.name in ("h264", "hevc") else one for one in found]

    def _units(packet: bytes) -> bytes:
        if packet.startswith((b"\0\0\1", b"\0\0\0\1")):
            return b"|".join(part.rstrip(b"\0") for part in packet.split(b"\0\0\1")[1:])
        parts, at = [], 0
        while at < len(packet):
            size = int.from_bytes(packet[at : at + 4], "big")
            parts.append(packet[at + 4 : at + 4 + size].rstrip(b"\0"))
            at += 4 + size
        return b"|".join(parts)

    return packets


@pytest.fixture(scope="session")
def decoded() -> Callable[[bytes], np.ndarray]:
    def decoded(data: bytes, form: str = "rgb24") -> np.ndarray:
        with av.open(io.BytesIO(data)) as container:
            frames = container.decode(container.streams.video[0])
            return np.stack([frame.reformat(format=form, src_colorspace="ITU601").to_ndarray() for frame in frames])

    return decoded
