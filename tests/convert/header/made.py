"""Contents as readers make them."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from filmless.convert.content import Document, Picture, Stream


def picture(
    frames: int = 1, *, samples: int = 1, bits: int = 8, kind: str = "u", top: int | None = None, **rest: Any
) -> Picture:
    """A picture of 6 x 8 pixels."""
    shape = (frames, 6, 8) if samples == 1 else (frames, 6, 8, samples)
    dtype = np.dtype(f"{kind}{bits // 8}") if bits > 1 else np.dtype("u1")
    values = np.arange(np.prod(shape)).reshape(shape) % (top or (2 if bits == 1 else 250))
    made = Picture.of_frames(values.astype(dtype), **rest)
    return made if bits > 1 else replace(made, bits_allocated=1, bits_stored=1)


def jpeg(frames: int = 1, **rest: Any) -> Picture:
    """Streams of JPEG."""
    stream = io.BytesIO()
    Image.fromarray(np.full((16, 16, 3), 99, np.uint8)).save(stream, "JPEG")
    data = stream.getvalue()
    return Picture(
        rows=16, columns=16, samples=3, frames=frames, photometric_interpretation="YBR_FULL_422",
        stream=Stream("1.2.840.10008.1.2.4.50", (data,) * frames, "ISO_10918_1"), **rest,
    )  # fmt: skip


def video(frames: int = 5, **rest: Any) -> Picture:
    """A stream that stands for a video; nothing here decodes it."""
    rest.setdefault("frame_times_ms", (40.0,) * frames)
    return Picture(
        rows=16, columns=16, samples=3, frames=frames, photometric_interpretation="YBR_PARTIAL_420",
        stream=Stream("1.2.840.10008.1.2.4.102", (b"\0\0\0\1\x67" * 20,), "ISO_14496_10"), **rest,
    )  # fmt: skip


DOCUMENTS = {
    "PDF": Document(kind="PDF", data=b"%PDF-1.4 ", mime_type="application/pdf", facts={"DocumentTitle": "Brief"}),
    "CDA": Document(
        kind="CDA", data=b"<ClinicalDocument/>", mime_type="text/XML", facts={"HL7InstanceIdentifier": "1.2.3^4"}
    ),
    "STL": Document(kind="STL", data=b"solid a\nendsolid", mime_type="model/stl"),
    "OBJ": Document(kind="OBJ", data=b"v 0 0 0\n", mime_type="model/obj"),
    "MTL": Document(kind="MTL", data=b"newmtl a\n", mime_type="model/mtl"),
}
