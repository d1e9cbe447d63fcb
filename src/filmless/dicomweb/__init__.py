"""DICOMweb: an origin server over an archive, and clients.

PS3.18.
"""

from filmless.dicomweb.origin import application

__all__ = ["application"]
