"""Files that lack what an index files them by, completed in memory so that they can be shown."""

from pathlib import Path
from typing import Final

from filmless.errors import DicomError
from filmless.file import encode, generate_uid, read
from filmless.file.uid_grammar import is_uid

__all__ = ["mended"]

_MOST_BYTES: Final = 1 << 30  # it is held in memory
_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"


def mended(path: Path) -> bytes | None:
    """Return the bytes of a file with the UIDs that it lacks; None when it is none of DICOM, or cannot be read.

    Files of a folder that name no study become one: the UIDs follow from where they lie.

    Parameters
    ----------
    path
        The file; a preamble and file meta information may be missing.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        ds = read(path, force=True)
        if "SOPClassUID" not in ds and "Rows" not in ds:
            return None
        for keyword, where in (
            ("StudyInstanceUID", path.parent),
            ("SeriesInstanceUID", path.parent),
            ("SOPInstanceUID", path),
        ):
            if not is_uid(ds.get(keyword)):
                setattr(ds, keyword, generate_uid(entropy=[keyword, str(where.absolute())]))
        if not is_uid(ds.get("SOPClassUID")):
            ds.SOPClassUID = _SECONDARY_CAPTURE
        # Without file meta information nothing says how it is encoded, and pixels are uncompressed.
        is_named = ds.file_meta is not None and "TransferSyntaxUID" in ds.file_meta
        return encode(ds, transfer_syntax=None if is_named else "explicit")
    except (DicomError, OSError):
        return None
