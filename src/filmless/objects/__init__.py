"""Objects that say something about images: segmentations (SEG) and contours of structures (RTSTRUCT).

PS3.3 A.19, A.51, C.8.8, C.8.20
"""

from filmless.objects.code import Code
from filmless.objects.contour_index import ContourIndex
from filmless.objects.contours import contour_overlays
from filmless.objects.segment import Segment
from filmless.objects.segment_masks import segment_overlays
from filmless.objects.segmentation_index import SegmentationIndex
from filmless.objects.segmenting import segmentation

__all__ = [
    "Code",
    "ContourIndex",
    "Segment",
    "SegmentationIndex",
    "contour_overlays",
    "segment_overlays",
    "segmentation",
]
