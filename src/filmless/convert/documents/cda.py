"""HL7 CDA: a clinical document in XML, encapsulated whole."""

import codecs
import re
from typing import Any
from xml.parsers import expat

from filmless.convert.content import Document
from filmless.convert.options import ReadOptions
from filmless.dataset import Dataset
from filmless.errors import ConversionError

__all__ = ["read"]

_ROOT = "urn:hl7-org:v3 ClinicalDocument"
_MAX_TITLE = 1024  # ST
_MAX_DEPTH = 1000
_UID = re.compile(r"[0-2](\.(0|[1-9]\d*))+", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
#: Object identifiers of coding schemes in HL7, by Coding Scheme Designator (PS3.16 8).
_SCHEMES = {"2.16.840.1.113883.6.1": "LN", "2.16.840.1.113883.6.96": "SCT"}


def read(data: bytes, options: ReadOptions) -> list[Document]:
    """Read a CDA document: its title, its identifier and what kind of document its code says it is.

    What it says of persons is left where it is.

    Raises
    ------
    ConversionError
        It is no XML that is well formed to its end, declares a document type or entities, or is no ClinicalDocument.

    DICOM
    -----
    PS3.3 A.45.2, C.24.2
    """
    head = _Head()
    _parse(data, head)
    facts = head.facts()
    if "DocumentTitle" in facts:
        options.notice("document-title", "the title of the CDA becomes Document Title: it may name somebody")
    return [Document(kind="CDA", data=data, mime_type="text/XML", facts=facts)]


class _Head:
    """What is said on top of a document; its body only has to be well formed."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.attributes: dict[str, dict[str, str]] = {}
        self.title: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self.path and name != _ROOT:
            raise ConversionError("the XML is no CDA, expected the root ClinicalDocument of urn:hl7-org:v3")
        if len(self.path) >= _MAX_DEPTH:
            raise ConversionError(f"the elements of the CDA are nested more than {_MAX_DEPTH} deep")
        self.path.append(name)
        if len(self.path) == 2:
            self.attributes.setdefault(name.rpartition(" ")[2], attributes)

    def end(self, _: str) -> None:
        self.path.pop()

    def text(self, text: str) -> None:
        if len(self.path) >= 2 and self.path[1] == "urn:hl7-org:v3 title":
            self.title.append(text)

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        title = " ".join("".join(self.title).split())[:_MAX_TITLE].strip()
        if title:
            facts["DocumentTitle"] = title
        identifier = self.attributes.get("id", {})
        root, extension = identifier.get("root", "").strip(), identifier.get("extension", "").strip()
        if _UID.fullmatch(root) or _UUID.fullmatch(root):
            facts["HL7InstanceIdentifier"] = f"{root}^{extension}" if extension else root
        code = self.attributes.get("code", {})
        scheme, value = _SCHEMES.get(code.get("codeSystem", "")), code.get("code", "").strip()
        meaning = " ".join(code.get("displayName", "").split())[:64].strip()
        if scheme and meaning and 1 <= len(value) <= 16:
            facts["ConceptNameCodeSequence"] = [
                Dataset({"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning})
            ]
        return facts


def _parse(data: bytes, head: _Head) -> None:
    """Parse without a document type, so that there are no entities but the five of XML, and nothing else is opened."""
    text, encoding = _decodable(data)
    parser = expat.ParserCreate(encoding, " ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler, parser.EndElementHandler = head.start, head.end
    parser.CharacterDataHandler = head.text
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        place = f"line {error.lineno}: {expat.errors.messages.get(error.code, 'error')}"
        raise ConversionError(f"the CDA is damaged or ends early: {place}") from None
    except (ValueError, LookupError):  # of an encoding that Python does not know
        raise ConversionError("the CDA is in an encoding that is not known") from None


def _refuse_document_type(*_: object) -> None:
    raise ConversionError("the CDA declares a document type, which may define entities, expected none")


def _decodable(data: bytes) -> tuple[bytes, str | None]:
    """Return a document in an encoding that expat knows, which has none of several bytes but UTF-8 and UTF-16."""
    if data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        data = data.rstrip(b"\0")  # padding of a DICOM element, which stays with some that were taken out of one
    named = re.match(rb"""(?:\xef\xbb\xbf)?<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""", data)
    if named is None:
        return data, None
    try:
        name = codecs.lookup(named[1].decode()).name
        if name.startswith(("utf", "iso8859", "ascii", "cp125")):
            return data, None
        return data.decode(name).encode(), "UTF-8"
    except LookupError:
        raise ConversionError("the CDA is in an encoding that is not known") from None
    except UnicodeError:
        raise ConversionError("the CDA is damaged: it does not fit its encoding") from None
