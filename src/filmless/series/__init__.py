"""Images in space: where each frame lies, which slices make a series, which planes are the same, and what uptake is.

PS3.3 C.7.6.2, C.7.6.16.2.3, C.7.6.16.2.4, C.8.9.1, C.8.12.6.1
"""

from filmless.series.geometry import FrameGeometry, geometry_of
from filmless.series.planes import coincident_frames, sort_slices
from filmless.series.suv import Uptake, uptake_of

__all__ = ["FrameGeometry", "Uptake", "coincident_frames", "geometry_of", "sort_slices", "uptake_of"]
