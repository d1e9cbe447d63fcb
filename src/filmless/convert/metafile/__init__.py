"""EMF and WMF: a player of the records that draw, by way of SVG; or their one bitmap as it is.

[MS-EMF], [MS-WMF]; of EMF+ the part that is EMF. A record that changes the picture is drawn truly or raises by name.
"""

from filmless.convert.metafile.options import Drawing, MetafileOptions
from filmless.convert.metafile.reading import read_metafile, to_svg

__all__ = ["Drawing", "MetafileOptions", "read_metafile", "to_svg"]
