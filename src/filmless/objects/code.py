"""Codes: what a thing is, in the words of a coding scheme."""

from typing import NamedTuple, Self

from filmless.dataset import Dataset
from filmless.pixels.attributes import items, text

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

    @classmethod
    def of(cls, ds: Dataset, keyword: str) -> Self | None:
        """Read the first item of a code sequence; None when there is none, or nothing in it.

        Parameters
        ----------
        ds
            What holds it.
        keyword
            Its name: ``"ConceptNameCodeSequence"``.
        """
        for item in items(ds, keyword, most=1):
            value = text(item, "CodeValue") or text(item, "LongCodeValue") or text(item, "URNCodeValue")
            code = cls(value, text(item, "CodingSchemeDesignator"), text(item, "CodeMeaning"))
            return code if code.value or code.meaning else None
        return None

    def means(self, *others: "Code") -> bool:
        """Tell whether it is one of other codes, by value and scheme: meanings are in any language."""
        return any(self[:2] == other[:2] for other in others)


TISSUE = Code("85756007", "SCT", "Tissue")
