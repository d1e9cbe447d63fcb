"""Objects that say something about images: segmentations, contours of structures, measurements, presentation states.

PS3.3 A.19, A.33, A.35, A.51, C.8.8, C.8.20, C.10, C.17; PS3.16 TID 1500
"""

from filmless.objects.code import Code
from filmless.objects.content_tree import report_sections
from filmless.objects.contour_index import ContourIndex
from filmless.objects.contours import contour_overlays
from filmless.objects.measurement import Measurement
from filmless.objects.measurement_reading import read_measurements
from filmless.objects.measurement_report import measurement_report
from filmless.objects.presentation_writing import presentation_state
from filmless.objects.segment import Segment
from filmless.objects.segment_masks import segment_overlays
from filmless.objects.segmentation_index import SegmentationIndex
from filmless.objects.segmenting import segmentation

__all__ = [
    "Code",
    "ContourIndex",
    "Measurement",
    "Segment",
    "SegmentationIndex",
    "contour_overlays",
    "measurement_report",
    "presentation_state",
    "read_measurements",
    "report_sections",
    "segment_overlays",
    "segmentation",
]
