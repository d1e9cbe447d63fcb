"""What a contender is asked to work on."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

TWENTY = {
    "SOPClassUID": 0x00080016,
    "SOPInstanceUID": 0x00080018,
    "StudyDate": 0x00080020,
    "Modality": 0x00080060,
    "Manufacturer": 0x00080070,
    "StudyDescription": 0x00081030,
    "PatientName": 0x00100010,
    "PatientID": 0x00100020,
    "SliceThickness": 0x00180050,
    "KVP": 0x00180060,
    "StudyInstanceUID": 0x0020000D,
    "SeriesInstanceUID": 0x0020000E,
    "InstanceNumber": 0x00200013,
    "ImagePositionPatient": 0x00200032,
    "ImageOrientationPatient": 0x00200037,
    "Rows": 0x00280010,
    "Columns": 0x00280011,
    "PixelSpacing": 0x00280030,
    "RescaleIntercept": 0x00281052,
    "RescaleSlope": 0x00281053,
}
_INDEXED = (
    "PatientID PatientName StudyInstanceUID SeriesInstanceUID SOPInstanceUID Modality StudyDate "
    "InstanceNumber Rows Columns SliceThickness ImagePositionPatient"
)
TWELVE = {keyword: TWENTY[keyword] for keyword in _INDEXED.split()}


@dataclass(frozen=True)
class Request:
    """A file (or a text file that lists files) and the attributes that are wanted of it."""

    path: Path
    tags: tuple[int, ...] = ()
    keywords: tuple[str, ...] = ()

    @cached_property
    def paths(self) -> list[str]:
        """The files that a list names; a single file stands for itself."""
        return self.path.read_text().splitlines() if self.path.suffix == ".txt" else [str(self.path)]
