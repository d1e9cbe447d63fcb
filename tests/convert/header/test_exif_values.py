"""EXIF: device and time when asked for, never a place."""

import pytest

from filmless.convert.header import HeaderRules

from .made import picture

EXIF = {
    "Make": "ACME\0",
    "Model": "Cam\\era  5",
    "Software": "v1\n2",
    "BodySerialNumber": "0815",
    "DateTimeOriginal": "2020:01:02 03:04:05",
    "SubSecTimeOriginal": "67",
    "OffsetTimeOriginal": "+02:00",
    "ImageDescription": "left eye",
    "Artist": "Doe",
    "GPSInfo": True,
}


def made(found, **options):
    return HeaderRules(**({"exif": True} | options)).data_set(picture(exif=found))


def test_nothing_unless_asked_for():
    ds = made(EXIF, exif=False)
    assert ds.Manufacturer == ""
    assert "AcquisitionDateTime" not in ds


def test_device_and_time():
    ds = made(EXIF)
    assert (ds.Manufacturer, ds.ManufacturerModelName) == ("ACME", "Cam era 5")
    assert (ds.SoftwareVersions, ds.DeviceSerialNumber) == ("v1 2", "0815")
    assert ds.AcquisitionDateTime == "20200102030405.67+0200"
    assert (ds.ContentDate, ds.ContentTime) == ("20200102", "030405.67")
    assert "TimezoneOffsetFromUTC" not in ds
    assert "ImageComments" not in ds
    assert ds.findings == []
    assert "Doe" not in str(ds)
    assert made(EXIF, exif_description=True).ImageComments == "left eye"


@pytest.mark.parametrize(
    ("exif", "moment"),
    [
        ({"DateTimeOriginal": "0000:00:00 00:00:00"}, None),
        ({"DateTimeOriginal": "    :  :     :  :  "}, None),
        ({"DateTimeOriginal": "2020:13:02 03:04:05"}, None),
        ({"DateTimeOriginal": "2020:02:30 03:04:05", "DateTimeDigitized": "2020:02:03 03:04:05"}, "20200203030405"),
        ({"DateTimeOriginal": "2020-02-03T03:04:05", "OffsetTimeOriginal": "+99:00"}, "20200203030405"),
        ({"DateTimeOriginal": "2020:02:03 03:04:05", "SubSecTimeOriginal": "1234567"}, "20200203030405.123456"),
        ({"DateTimeOriginal": "2020:02:03 03:04:05", "SubSecTimeOriginal": "²"}, "20200203030405"),
        ({"DateTimeOriginal": 5, "Make": 7, "Model": b"x"}, None),
        ({"Make": "x" * 500}, None),
        ({"DateTime": "2020:02:03 03:04:05"}, None),  # when the file was written
    ],
)
def test_what_cameras_write(exif, moment):
    ds = made(exif)
    assert ds.get("AcquisitionDateTime") == moment
    assert ds.findings == []


def test_other_values_win():
    ds = made(EXIF, template={"Manufacturer": "Template"}, values={"ManufacturerModelName": "Mine"})
    assert (ds.Manufacturer, ds.ManufacturerModelName) == ("Template", "Mine")
    ds = HeaderRules(exif=True).data_set(picture(exif=EXIF, facts={"Manufacturer": "Source"}))
    assert ds.Manufacturer == "ACME"


def test_facts_that_do_not_fit_are_told():
    notices = []
    facts = {"DocumentTitle": "x", "PatientSex": "SECRET", "NoKeyword": 1, "Rows": 5, "SeriesDescription": "ok"}
    ds = HeaderRules().data_set(picture(facts=facts), notices=notices)
    assert (ds.SeriesDescription, ds.PatientSex, ds.Rows) == ("ok", "", 6)
    assert [notice.code for notice in notices] == ["fact-left-out"]
    assert "SECRET" not in str(notices[0])
