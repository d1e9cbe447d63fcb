"""What one value asks for beside it: modules that are whole or not there, and pairs (types 1C and 2C of PS3.3)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from filmless.errors import ConversionError
from filmless.file._element_path import keyword_of

__all__ = ["check_conditions", "fill_conditions"]


class _Condition(NamedTuple):
    """A condition.

    Attributes
    ----------
    of
        It holds when one of these has a value.
    needs
        One of each of these has to have a value, too: type 1.
    empty
        Type 2: added without a value.
    value
        It holds for this value of the first alone.
    """

    of: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...] = ()
    empty: Mapping[str, Any] = {}
    value: str | None = None


_CONDITIONS = (
    # C.7.1.1: of an animal
    _Condition(
        (
            *("PatientSpeciesDescription", "PatientSpeciesCodeSequence", "PatientBreedDescription"),
            *("PatientBreedCodeSequence", "BreedRegistrationSequence", "StrainDescription", "StrainNomenclature"),
            *("StrainCodeSequence", "StrainAdditionalInformation", "StrainStockSequence"),
        ),
        (("PatientSpeciesDescription", "PatientSpeciesCodeSequence"),),
        {
            **dict.fromkeys(("PatientBreedDescription", "ResponsiblePerson", "ResponsibleOrganization"), ""),
            **dict.fromkeys(("PatientBreedCodeSequence", "BreedRegistrationSequence")),
            "PatientSexNeutered": "",  # C.7.2.2
        },
    ),
    _Condition(("ResponsiblePerson",), (("ResponsiblePersonRole",),)),
    _Condition(("ResponsiblePersonRole",), (("ResponsiblePerson",),)),
    _Condition(
        ("PatientIdentityRemoved",), (("DeidentificationMethod", "DeidentificationMethodCodeSequence"),), value="YES"
    ),
    _Condition(
        ("PatientBirthDateInAlternativeCalendar", "PatientDeathDateInAlternativeCalendar"),
        (("PatientAlternativeCalendar",),),
    ),
    # C.7.1.3
    _Condition(
        (
            *("ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialProtocolName"),
            *("ClinicalTrialSiteID", "ClinicalTrialSiteName", "ClinicalTrialSubjectID"),
            *("ClinicalTrialSubjectReadingID", "ClinicalTrialProtocolEthicsCommitteeName"),
            "ClinicalTrialProtocolEthicsCommitteeApprovalNumber",
        ),
        (
            *(("ClinicalTrialSponsorName",), ("ClinicalTrialProtocolID",)),
            ("ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID"),
        ),
        dict.fromkeys(("ClinicalTrialProtocolName", "ClinicalTrialSiteID", "ClinicalTrialSiteName"), ""),
    ),
    _Condition(
        ("ClinicalTrialProtocolEthicsCommitteeApprovalNumber",), (("ClinicalTrialProtocolEthicsCommitteeName",),)
    ),
    # C.7.2.3, C.7.3.2
    _Condition(
        ("ClinicalTrialTimePointDescription", "ConsentForClinicalTrialUseSequence"),
        empty={"ClinicalTrialTimePointID": ""},
    ),
    _Condition(
        ("ClinicalTrialSeriesID", "ClinicalTrialSeriesDescription"), empty={"ClinicalTrialCoordinatingCenterName": ""}
    ),
    # 10.7.1
    _Condition(("PixelSpacingCalibrationType",), (("PixelSpacingCalibrationDescription",),)),
    # C.7.6.22
    _Condition(
        ("ContainerIdentifier", "SpecimenDescriptionSequence"),
        (("ContainerIdentifier",), ("SpecimenDescriptionSequence",)),
        dict.fromkeys(("IssuerOfTheContainerIdentifierSequence", "ContainerTypeCodeSequence")),
    ),
)
#: Of these a part may follow from the content.
_OF_CONTENT = (
    _Condition(("VOILUTFunction",), (("WindowCenter", "VOILUTSequence"),)),  # C.11.2
    _Condition(("RescaleSlope",), (("RescaleIntercept",),)),  # C.11.1
    _Condition(("RescaleIntercept",), (("RescaleSlope",),)),
)


_ALL = (*_CONDITIONS, *_OF_CONTENT)
_KEYWORDS = frozenset(
    keyword for condition in _ALL for keyword in (*condition.of, *(one for needs in condition.needs for one in needs))
)


def check_conditions(values: Mapping[Any, Any]) -> None:
    """Check what is given for each file of a run.

    Raises
    ------
    ConversionError
        A value needs another one that is not given.
    """
    present = _present(values)
    for condition in _CONDITIONS:
        _check(condition, values, present)


def fill_conditions(values: dict[Any, Any]) -> None:
    """Check the values of an object, and add those that have to be there without a value.

    Raises
    ------
    ConversionError
        A value needs another one that is not there.
    """
    present = _present(values)
    if not present:  # of most objects; this is done for each
        return
    for condition in _ALL:
        if _check(condition, values, present):
            for keyword, value in condition.empty.items():
                values.setdefault(keyword, [] if value is None else value)


def _present(values: Mapping[Any, Any]) -> set[str]:
    """Return what has a value, of all that conditions are about; also a sequence of whose items elements are given."""
    present = {keyword for keyword in _KEYWORDS & values.keys() if values[keyword] not in (None, "", [])}
    return present | {keyword_of(key[0]) for key in values if isinstance(key, tuple)} & _KEYWORDS


def _check(condition: _Condition, values: Mapping[Any, Any], present: set[str]) -> bool:
    """Return whether a condition holds."""
    given = next((keyword for keyword in condition.of if keyword in present), None)
    if given is None or (condition.value is not None and values.get(given) != condition.value):
        return False
    for alternatives in condition.needs:
        if present.isdisjoint(alternatives):
            said = given if condition.value is None else f"{given} {condition.value}"
            raise ConversionError(
                f"{said} is given, which needs {' or '.join(alternatives)}", hint=f"give {alternatives[0]}, too"
            )
    return True
