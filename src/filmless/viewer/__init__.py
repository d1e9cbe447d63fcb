"""The viewer: pages that a browser shows an archive with, and what they ask for beside DICOMweb.

PS3.4 N (softcopy presentation), PS3.18 (all that DICOMweb has, the pages take from there).
"""

from filmless.viewer.application import routes
from filmless.viewer.static_files import StaticFiles

__all__ = ["StaticFiles", "routes"]
