"""What can go wrong, as one tree of exceptions.

    DicomError
      FormatError             bytes break PS3.5 or PS3.10
        TruncatedError          they end too early
        ValueRepresentationError  a value breaks the rules of its value representation
      UnsupportedError        legal, but not implemented
      LimitError              a bound of ours was hit
      PixelError              a frame cannot be had
        CodecError              its compressed bytes do not decode, or its samples do not encode
        GeometryError           its size, samples and bits do not agree with each other or the bytes
      ConversionError         a picture or document cannot become DICOM, or DICOM one
      DeidError               a data set cannot be de-identified as asked
      ValidationError         a data set breaks its information object definition
      ArchiveError            the archive
        NotFoundError           has no such thing
        ConflictError           has another data set of the same UID
        StorageFullError        has no room
      NetworkError            an association
        LocalProtocolError      we would break PS3.7 or PS3.8
        RemoteProtocolError     the peer did
        AssociationRejected     was not accepted
        AssociationAborted      ended before its time
        DimseStatusError        brought a status of failure
      DicomWebError           an HTTP answer of failure
      SecurityError           keys, tokens, certificates or their settings cannot be used

A message is lower case and says what is wrong, where it is, and what was expected. It never holds a value of a data
set: those are a patient's. ``ValueError`` and ``TypeError`` are for wrong arguments only.
"""

import re
from os import PathLike, fspath
from typing import TypedDict, Unpack

__all__ = [
    "ArchiveError",
    "AssociationAborted",
    "AssociationRejected",
    "CodecError",
    "ConflictError",
    "ConversionError",
    "DeidError",
    "DicomError",
    "DicomWebError",
    "DimseStatusError",
    "FormatError",
    "GeometryError",
    "LimitError",
    "LocalProtocolError",
    "NetworkError",
    "NotFoundError",
    "PixelError",
    "Place",
    "RemoteProtocolError",
    "SecurityError",
    "StorageFullError",
    "TruncatedError",
    "UnsupportedError",
    "ValidationError",
    "ValueRepresentationError",
]


class Place(TypedDict, total=False):
    """Where something went wrong: what every error of the tree can be given by keyword, and has as attributes.

    Attributes
    ----------
    tag
        The element, as group and element number in 32 bits.
    offset
        Bytes from the start of the file.
    frame
        The frame, counted from 0.
    path
        The file.
    hint
        What to do about it, when there is a remedy.
    """

    tag: int | None
    offset: int | None
    frame: int | None
    path: str | PathLike[str] | None
    hint: str | None


class DicomError(Exception):
    """The root of the tree: what went wrong, and where.

    Parameters
    ----------
    message
        What is wrong and what was expected, lower case, without a value of the data set.
    **place
        Where, see `Place`: ``tag``, ``offset``, ``frame``, ``path``, and a ``hint``.

    Notes
    -----
    The text puts the place behind the message: the tag, the offset and the frame, each when the message does not name
    it itself, then the path, and the hint on a line of its own.

    Examples
    --------
    >>> str(DicomError("odd length 5", tag=0x00280010, offset=1024, path="scan.dcm"))
    'odd length 5: (0028,0010), offset 1024, in scan.dcm'
    >>> print(DicomError("cannot decode", hint="pip install filmless[video]"))
    cannot decode
    hint: pip install filmless[video]
    """

    def __init__(self, message: str = "", **place: Unpack[Place]) -> None:
        # Only the message is an argument of Exception: pickle gives it to the class again and restores the rest itself.
        super().__init__(message)
        self.message = message
        self.tag = place.get("tag")
        self.offset = place.get("offset")
        self.frame = place.get("frame")
        path = place.get("path")
        self.path = None if path is None else fspath(path)
        self.hint = place.get("hint")

    def __str__(self) -> str:
        text = self.message
        # The core names places itself, with the element's keyword: go on with its list.
        missing = [place for place in self._places() if not re.search(rf"{re.escape(place)}(?!\d)", text)]
        if missing:
            text += (": " if missing == self._places() else ", ") + ", ".join(missing)
        if self.path is not None:
            text += f", in {self.path}"
        return text if self.hint is None else f"{text}\nhint: {self.hint}"

    def _places(self) -> list[str]:
        places = []
        if self.tag is not None:
            places.append(f"({self.tag >> 16:04X},{self.tag & 0xFFFF:04X})")
        if self.offset is not None:
            places.append(f"offset {self.offset}")
        if self.frame is not None:
            places.append(f"frame {self.frame}")
        return places


class FormatError(DicomError):
    """The bytes break the rules of encoding or of the file format.

    DICOM
    -----
    PS3.5 7, PS3.10 7
    """


class TruncatedError(FormatError):
    """The bytes end before what they announce."""


class ValueRepresentationError(FormatError):
    """A value breaks the rules of its value representation.

    DICOM
    -----
    PS3.5 6.2
    """


class UnsupportedError(DicomError):
    """Legal DICOM that is not implemented.

    Parameters
    ----------
    message
        What is asked for.
    feature
        Its name.
    uid
        The UID that asks for it: of a transfer syntax or SOP class.
    **place
        See `Place`.
    """

    def __init__(
        self, message: str = "", *, feature: str | None = None, uid: str | None = None, **place: Unpack[Place]
    ) -> None:
        super().__init__(message, **place)
        self.feature = feature
        self.uid = uid


class LimitError(DicomError):
    """A bound of ours was hit; bounds are parameters, and can be raised for sources one trusts.

    Parameters
    ----------
    message
        What is too large or too many.
    limit
        The name of the bound, a parameter of the call.
    value
        The bound's value.
    **place
        See `Place`.
    """

    def __init__(
        self, message: str = "", *, limit: str | None = None, value: float | None = None, **place: Unpack[Place]
    ) -> None:
        super().__init__(message, **place)
        self.limit = limit
        self.value = value


class PixelError(DicomError):
    """A frame cannot be decoded, encoded or rendered.

    Parameters
    ----------
    message
        What is wrong with it.
    uid
        The transfer syntax.
    **place
        See `Place`; ``frame`` says which.

    DICOM
    -----
    PS3.5 8, PS3.3 C.7.6.3
    """

    def __init__(self, message: str = "", *, uid: str | None = None, **place: Unpack[Place]) -> None:
        super().__init__(message, **place)
        self.uid = uid


class CodecError(PixelError):
    """Compressed bytes that do not decode, or samples that a transfer syntax cannot hold."""


class GeometryError(PixelError):
    """Rows, columns, samples, bits and frames that do not agree with each other or with the bytes there are."""


class ConversionError(DicomError):
    """A picture or document that cannot become DICOM, or a data set that cannot become one."""


class DeidError(DicomError):
    """A data set that cannot be de-identified as asked.

    DICOM
    -----
    PS3.15 E
    """


class ValidationError(DicomError):
    """A data set that breaks its information object definition.

    DICOM
    -----
    PS3.3 A
    """


class ArchiveError(DicomError):
    """The archive cannot do what it is asked."""


class NotFoundError(ArchiveError):
    """The archive has no such study, series, instance or frame."""


class ConflictError(ArchiveError):
    """The archive holds another data set of the same SOP Instance UID."""


class StorageFullError(ArchiveError):
    """The archive has no room for what it is given."""


class NetworkError(DicomError):
    """An association that failed.

    DICOM
    -----
    PS3.7, PS3.8
    """


class LocalProtocolError(NetworkError):
    """What we were asked to send would break the protocol."""


class RemoteProtocolError(NetworkError):
    """What the peer sent breaks the protocol."""


class AssociationRejected(NetworkError):  # noqa: N818 - the Standard's word for it
    """The peer, or we, did not accept the association.

    DICOM
    -----
    PS3.8 9.3.4
    """


class AssociationAborted(NetworkError):  # noqa: N818 - the Standard's word for it
    """The association ended before its time.

    DICOM
    -----
    PS3.8 9.3.8
    """


class DimseStatusError(NetworkError):
    """An operation that ended with a status of failure.

    Parameters
    ----------
    message
        What failed.
    status
        The status of the response.
    **place
        See `Place`.

    DICOM
    -----
    PS3.7 C
    """

    def __init__(self, message: str = "", *, status: int | None = None, **place: Unpack[Place]) -> None:
        super().__init__(message, **place)
        self.status = status


class DicomWebError(DicomError):
    """An HTTP answer of failure.

    Parameters
    ----------
    message
        What failed.
    status
        The status code.
    **place
        See `Place`.

    DICOM
    -----
    PS3.18 8.5
    """

    def __init__(self, message: str = "", *, status: int | None = None, **place: Unpack[Place]) -> None:
        super().__init__(message, **place)
        self.status = status


class SecurityError(DicomError):
    """A setting, key file, certificate or address that cannot be used: what was found, and what was expected.

    DICOM
    -----
    PS3.15
    """
