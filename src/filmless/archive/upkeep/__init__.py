"""The upkeep of an archive: taking in, verifying, setting right, backing up, throwing away.

PS3.3 C.12.1.1.9 (what was edited), PS3.10 8 (exports).
"""

from filmless.archive.upkeep.backing_up import backup, restore
from filmless.archive.upkeep.deleting import delete
from filmless.archive.upkeep.editing import edit, merge_patients, merge_studies
from filmless.archive.upkeep.exporting import export, export_fileset
from filmless.archive.upkeep.importing import import_files
from filmless.archive.upkeep.originals import last_edit, original_named, originals, restore_originals, same_edit
from filmless.archive.upkeep.rebuilding import rebuild
from filmless.archive.upkeep.retention import Retention, enforce, expired
from filmless.archive.upkeep.setting_aside import conflict_named, differences, resolve
from filmless.archive.upkeep.statistics import stats
from filmless.archive.upkeep.verifying import verify

__all__ = [
    "Retention",
    "backup",
    "conflict_named",
    "delete",
    "differences",
    "edit",
    "enforce",
    "expired",
    "export",
    "export_fileset",
    "import_files",
    "last_edit",
    "merge_patients",
    "merge_studies",
    "original_named",
    "originals",
    "rebuild",
    "resolve",
    "restore",
    "restore_originals",
    "same_edit",
    "stats",
    "verify",
]
