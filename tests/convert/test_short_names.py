"""Short names of transfer syntaxes are taken wherever one is asked for."""

from pathlib import Path

import numpy as np
import pytest

import filmless
from filmless.convert import convert_many, to_dicom
from filmless.pixels import transcode


@pytest.mark.parametrize("name", ["jpeg-ls", "JPEG-LS", "jpeglslossless", "JPEGLSLossless", "1.2.840.10008.1.2.4.80"])
def test_everywhere(tmp_path: Path, name: str) -> None:
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8)
    ds = to_dicom(picture)
    filmless.write(ds, tmp_path / "a.dcm", transfer_syntax=name)
    ds.save_as(tmp_path / "b.dcm", transfer_syntax=name)
    (many,) = convert_many(picture, transfer_syntax=name)
    found = [filmless.read(tmp_path / "a.dcm"), filmless.read(tmp_path / "b.dcm"), transcode(ds, name), many.dataset]
    found.append(to_dicom(picture, transfer_syntax=name))
    assert {str(one.file_meta.TransferSyntaxUID) for one in found if one is not None} == {"1.2.840.10008.1.2.4.80"}
    assert len(found) == 5


def test_uncompressed(tmp_path: Path) -> None:
    data = filmless.file.encode(to_dicom(np.zeros((2, 2), np.uint8)), transfer_syntax="implicit")
    assert filmless.read(data).file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"


def test_a_keyword_goes_before_a_short_name() -> None:
    ds = to_dicom(np.arange(64, dtype=np.uint8).reshape(8, 8))
    uids = [str(transcode(ds, name).file_meta.TransferSyntaxUID) for name in ("HTJ2K", "htj2k")]
    assert uids == ["1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.201"]
