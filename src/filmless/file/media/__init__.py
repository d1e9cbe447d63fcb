"""Media: file-sets made, updated and verified.

PS3.10 8, PS3.3 F, PS3.11, PS3.12.
"""

from filmless.file.media.creating import create_fileset
from filmless.file.media.profiles import PROFILES, Profile
from filmless.file.media.remarks import MediaReport, Remark
from filmless.file.media.updating import update_fileset
from filmless.file.media.verifying import verify_fileset

__all__ = ["PROFILES", "MediaReport", "Profile", "Remark", "create_fileset", "update_fileset", "verify_fileset"]
