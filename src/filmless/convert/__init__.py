"""Ordinary pictures into DICOM, and DICOM into ordinary pictures.

`to_dicom` makes Secondary Capture images (PS3.3 A.8); `from_dicom` makes what people use of
data sets: pictures, animations, videos, arrays and tables, by the formats of `filmless.convert.out.formats`.
"""

from filmless.convert.conversion import Conversion
from filmless.convert.from_dicom import from_dicom
from filmless.convert.many import convert_many
from filmless.convert.notice import ConversionNotice
from filmless.convert.report import Report
from filmless.convert.to_dicom import to_dicom

__all__ = ["Conversion", "ConversionNotice", "Report", "convert_many", "from_dicom", "to_dicom"]
