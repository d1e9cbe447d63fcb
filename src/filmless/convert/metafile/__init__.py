"""EMF and WMF: a player of the records that draw, by way of SVG; or their one bitmap as it is.

[MS-EMF], [MS-WMF]; of EMF+ the part that is EMF. A record that changes the picture is drawn truly or raises by name.
"""

from filmless.convert.metafile.options import Drawing, MetafileOptions
from filmless.convert.metafile.reading import read_metafile, to_svg
from filmless.convert.metafile.records_emf import is_emf
from filmless.convert.metafile.records_wmf import is_wmf

__all__ = ["Drawing", "MetafileOptions", "is_emf", "is_wmf", "read_metafile", "to_svg"]
