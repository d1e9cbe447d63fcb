"""Codes: what a thing is, in the words of a coding scheme."""

from typing import NamedTuple

from filmless.dataset import Dataset

__all__ = ["TISSUE", "Code"]


class Code(NamedTuple):
    """A code of a coding scheme.

    Attributes
    ----------
    value
        The code: ``"10200004"``.
    scheme
        The designator of its scheme: ``"SCT"``, ``"DCM"``.
    meaning
        What it means, for people: ``"Liver"``.

    DICOM
    -----
    PS3.3 8.8, PS3.16 8

    Examples
    --------
    >>> Code("10200004", "SCT", "Liver").item()["CodeMeaning"].value
    'Liver'
    """

    value: str
    scheme: str
    meaning: str

    def item(self) -> Dataset:
        """Return the item of a code sequence."""
        long, urn = len(self.value) > 16, self.value.startswith(("urn:", "http:", "https:"))
        keyword = "URNCodeValue" if urn else "LongCodeValue" if long else "CodeValue"
        values = {keyword: self.value, "CodingSchemeDesignator": self.scheme, "CodeMeaning": self.meaning}
        if urn:
            del values["CodingSchemeDesignator"]
        return Dataset(values)


TISSUE = Code("85756007", "SCT", "Tissue")
