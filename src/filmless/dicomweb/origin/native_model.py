"""The native XML model, made from DICOM JSON: the header that is kept, whose bulk data is not read."""

import re
from typing import Final

from filmless.dataset import Dataset

__all__ = ["native_model"]

_SHORT: Final = 1024  # above this a binary value is a URI
_PLACEHOLDER: Final = bytes(_SHORT + 8)  # whole words of any size
_BULK_TEXT: Final = re.compile(rb'"([0-9A-F]{8})":\{"vr":"(?!O[BDFLVW]|UN)([A-Z]{2})",(?="BulkDataURI":")')


def native_model(header: bytes, base: str = "") -> bytes:
    """Write a DICOM JSON object as XML, as the core writes the data set of its file.

    Parameters
    ----------
    header
        The JSON, as `Header.json` gives it without a base.
    base
        The URL of the instance, for the URIs of bulk data.

    DICOM
    -----
    PS3.19 A.1, PS3.18 F.2
    """
    # Text and numbers that are bulk data (at the top only) go through as bytes: the core writes them out else.
    disguised = [match.groups() for match in _BULK_TEXT.finditer(header)]
    if disguised:
        header = _BULK_TEXT.sub(rb'"\1":{"vr":"OB",', header)
    ds = Dataset.from_json(header, bulk_data=lambda _tag, _vr, _uri: _PLACEHOLDER)
    text = ds.to_xml(bulk_data="uri", bulk_data_uri=f"{base}/bulkdata/", threshold=_SHORT).encode()
    for tag, vr in disguised:
        form = b'tag="%s" vr="%s"'
        # In a value a quotation mark is escaped: this is no text of a patient.
        text = text.replace(form % (tag, b"OB"), form % (tag, vr), 1)
    return text
