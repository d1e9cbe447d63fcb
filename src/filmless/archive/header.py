"""The header of an instance as DICOM JSON, compressed: what ``/metadata`` answers with, without parsing a file."""

import zlib
from dataclasses import dataclass
from typing import Final

from filmless.dataset import Dataset

__all__ = ["ENCODER", "Header"]

ENCODER: Final = 1
"""The version of what is kept: a row of another one is made again from its file when it is asked for."""

_URI = b'"BulkDataURI":"'


@dataclass(frozen=True, slots=True)
class Header:
    """DICOM JSON whose bulk data URIs are relative to the instance: ``bulkdata/7FE00010``, items by number and tag."""

    compressed: bytes

    @classmethod
    def of(cls, ds: Dataset) -> "Header":
        """Make it from a data set."""
        text = ds.to_json(bulk_data="uri", bulk_data_uri="bulkdata/", threshold=1024)
        return cls(zlib.compress(text.encode(), 6))

    def json(self, base: str = "") -> bytes:
        """Return the JSON object, its bulk data URIs under ``base``, the URL of the instance."""
        text = zlib.decompress(self.compressed)
        # In a value a quotation mark is escaped: this cannot be text of a patient.
        return text.replace(_URI, _URI + base.encode() + b"/") if base else text
