"""Five people with a study each: what is asked for by C-FIND."""

from pydicom.data import get_testdata_file

from filmless.dataset import Dataset
from filmless.file import read

PEOPLE = ("Doe^Jane", "Doe^John", "Müller^Änne", "Roe^Richard", "山田^太郎")


def five_people() -> list[Dataset]:
    """Make the instances: a study has two series, CT with one instance and SR with two."""
    source = read(get_testdata_file("CT_small.dcm", download=False))
    del source["PixelData"]
    made = []
    for number, name in enumerate(PEOPLE, 1):
        for series in (1, 2):
            for instance in range(1, 1 + series):
                ds = source.copy()
                ds.SpecificCharacterSet = "ISO_IR 192"
                ds.PatientName, ds.PatientID = name, f"P{number}"
                ds.StudyInstanceUID, ds.SeriesInstanceUID = f"1.2.{number}", f"1.2.{number}.{series}"
                ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"1.2.{number}.{series}.{instance}"
                ds.StudyDate, ds.StudyTime = f"2026010{number}", f"{7 + number:02}3000"
                ds.Modality, ds.SeriesNumber, ds.InstanceNumber = ("CT", "SR")[series - 1], series, instance
                ds.AccessionNumber, ds.StudyDescription = f"A-{number}", "Thorax" if number % 2 else ""
                made.append(ds)
    return made
