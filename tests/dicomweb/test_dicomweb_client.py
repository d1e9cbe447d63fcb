"""A peer: dicomweb-client stores, searches, retrieves and deletes at our server."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient

from filmless.archive import Archive
from filmless.dicomweb import application
from filmless.file import read

from .conftest import serving

NAMES = {
    "CT_small.dcm",
    "MR_small.dcm",
    "JPEG2000.dcm",
    "SC_rgb.dcm",
    "reportsi.dcm",
    "waveform_ecg.dcm",
    "examples_palette.dcm",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DICOMwebClient]:
    with Archive(tmp_path_factory.mktemp("data")) as archive, serving(application(archive)) as url:
        yield DICOMwebClient(url)


@pytest.fixture(scope="module")
def files(pydicom_files: list[Path]) -> list[Path]:
    return [path for path in pydicom_files if path.name in NAMES]


def test_store_search_retrieve_delete(client: DICOMwebClient, files: list[Path]) -> None:
    told = client.store_instances([pydicom.dcmread(path) for path in files])
    assert len(told.ReferencedSOPSequence) == len(files)
    assert "FailedSOPSequence" not in told
    for path in files:
        ds = pydicom.dcmread(path)
        study, series, instance = ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID
        found = client.search_for_instances(search_filters={"SOPInstanceUID": instance})
        assert [one["00080018"]["Value"] for one in found] == [[instance]]
        again = client.retrieve_instance(study, series, instance, media_types=(("application/dicom", "*"),))
        assert again.file_meta.TransferSyntaxUID == ds.file_meta.TransferSyntaxUID
        assert again == ds
        (header,) = client.retrieve_series_metadata(study, series)
        assert header["00080018"]["Value"] == [instance]
    assert len(client.search_for_studies()) == len({read(path).StudyInstanceUID for path in files})
    ct = pydicom.dcmread(next(path for path in files if path.name == "CT_small.dcm"))
    uids = ct.StudyInstanceUID, ct.SeriesInstanceUID, ct.SOPInstanceUID
    (frame,) = client.retrieve_instance_frames(*uids, frame_numbers=[1])
    assert np.array_equal(np.frombuffer(frame, "<i2").reshape(128, 128), ct.pixel_array)
    assert client.retrieve_instance_rendered(*uids)[:2] == b"\xff\xd8"
    assert len(client.retrieve_study(ct.StudyInstanceUID, media_types=(("application/dicom", "*"),))) == 1
    client.delete_study(ct.StudyInstanceUID)
    assert client.search_for_studies(search_filters={"StudyInstanceUID": ct.StudyInstanceUID}) == []


def test_what_cannot_be_stored_is_told(client: DICOMwebClient, files: list[Path]) -> None:
    import requests

    with pytest.raises(requests.HTTPError) as caught:
        client.store_instances([pydicom.dcmread(files[0])], study_instance_uid="1.2.3")
    assert caught.value.response.status_code == 409
