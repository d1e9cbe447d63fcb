"""A media type and its parameters, as Content-Type and the headers of parts have it."""

from dataclasses import dataclass, field

from python_multipart.multipart import parse_options_header

from filmless.errors import DicomWebError

__all__ = ["MediaType"]

_MAX_BYTES = 1024
_MAX_BOUNDARY = 200
"""RFC 2046 has 70; there are senders with more."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type.

    Attributes
    ----------
    name
        Type and subtype in lower case; empty when there is none.
    parameters
        Names in lower case, values without their quotes.

    DICOM
    -----
    PS3.18 8.7.3, RFC 2046 5.1.1
    """

    name: str
    parameters: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, header: str | None) -> "MediaType":
        """Read a header.

        Raises
        ------
        DicomWebError
            400 when it is longer than any that there is.
        """
        text = header or ""
        if not text:  # as of many small parts
            return cls("")
        if len(text) > _MAX_BYTES:
            raise DicomWebError(f"a Content-Type of more than {_MAX_BYTES} bytes", status=400)
        name, parameters = parse_options_header(text)
        named = {key.decode("latin-1").strip().lower(): value.decode("latin-1") for key, value in parameters.items()}
        return cls(name.decode("latin-1").strip(), named)

    @property
    def boundary(self) -> bytes:
        """What stands between the parts.

        Raises
        ------
        DicomWebError
            400 when there is none, or it is none.
        """
        text = self.parameters.get("boundary", "")
        if not text or len(text) > _MAX_BOUNDARY or not text.isascii() or not text.isprintable() or text[-1] == " ":
            what = "is none" if text else "is missing"
            raise DicomWebError(f"the boundary of a multipart body {what}", status=400)
        return text.encode("ascii")
