"""Images of several frames, and videos, to be written as everything else."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from filmless import Dataset
from filmless.convert import to_dicom


@pytest.fixture(scope="session")
def moving_grey() -> Callable[..., Dataset]:
    """Make frames of greys that differ, 31 rows and 17 columns: odd sizes show mistakes."""

    def moving_grey(count: int = 5, **attributes: Any) -> Dataset:
        y, x = np.mgrid[0:31, 0:17]
        frames = np.stack([(x * 7 + y * 3 + 40 * number) % 256 for number in range(count)]).astype(np.uint8)
        return _with(to_dicom(frames[..., None]), attributes)

    return moving_grey


@pytest.fixture(scope="session")
def moving_colours() -> Callable[..., Dataset]:
    """Make frames of smooth colours, 31 rows and 17 columns."""

    def moving_colours(count: int = 5, *, colours: int = 1 << 24, **attributes: Any) -> Dataset:
        y, x = np.mgrid[0:31, 0:17]
        frames = [np.dstack([x * 12, y * 8, (x + y + 9 * number) * 2]) for number in range(count)]
        step = 1 if colours > 256 else 64
        return _with(to_dicom((np.stack(frames) // step * step).astype(np.uint8)), attributes)

    return moving_colours


def _with(ds: Dataset, attributes: dict[str, Any]) -> Dataset:
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


@pytest.fixture(scope="session")
def encapsulated() -> Callable[..., Dataset]:
    """Make an image of streams that are there already, a fragment each."""

    def item(content: bytes) -> bytes:
        content += b"\0" * (len(content) % 2)
        return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content

    def encapsulated(syntax: str, streams: list[bytes], **attributes: Any) -> Dataset:
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7.4", "1.2.3"
        usual = {"Rows": 64, "Columns": 96, "NumberOfFrames": len(streams), "SamplesPerPixel": 3, "BitsAllocated": 8,
                 "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0, "PlanarConfiguration": 0,
                 "PhotometricInterpretation": "RGB"}  # fmt: skip
        ds.file_meta.TransferSyntaxUID = syntax
        ds.add_new("PixelData", "OB", item(b"") + b"".join(map(item, streams)))
        return _with(ds, usual | attributes)

    return encapsulated


@pytest.fixture(scope="session")
def film() -> Callable[..., bytes]:
    """Make a video of 6 pictures of 64 rows and 96 columns."""

    def film(codec: str, form: str) -> bytes:
        import av

        target = io.BytesIO()
        # x265 aborts the process now and then when its threads end.
        quiet = {"x265-params": "log-level=none:pools=none:frame-threads=1"} if codec == "libx265" else {}
        with av.open(target, "w", format=form) as container:
            stream = container.add_stream(codec, rate=25, options=quiet)
            stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
            for number in range(6):
                picture = np.full((64, 96, 3), 30 * number, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        return target.getvalue()

    return film
