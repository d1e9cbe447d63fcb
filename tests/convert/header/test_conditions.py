"""Values that ask for others: modules are whole, and a value without its other half is refused."""

import pytest

from filmless.convert.header import HeaderRules, value_of_text
from filmless.errors import ConversionError

from .made import picture

TRIAL = {"ClinicalTrialSponsorName": "S", "ClinicalTrialProtocolID": "P", "ClinicalTrialSubjectID": "1"}
WHOLE = {
    "animal": {"PatientSpeciesDescription": "Canine"},
    "animal-with-owner": {
        "PatientSpeciesCodeSequence": value_of_text(
            "PatientSpeciesCodeSequence", "448771007^SCT^Canis lupus familiaris"
        ),
        "ResponsiblePerson": "Doe^Jane",
        "ResponsiblePersonRole": "OWNER",
    },
    "trial": TRIAL,
    "trial-series": {**TRIAL, "ClinicalTrialSeriesID": "1", "ClinicalTrialTimePointDescription": "first"},
    "de-identified": {"PatientIdentityRemoved": "YES", "DeidentificationMethod": "by hand"},
    "side-of-frame": {"FrameLaterality": "L"},
    "rescale": {"RescaleSlope": "2", "RescaleIntercept": "1"},
}


def test_dciodvfy_finds_no_error(errors_of, tmp_path):
    for name, values in WHOLE.items():
        HeaderRules(values=values).data_set(picture()).save_as(tmp_path / f"{name}.dcm")
    assert errors_of(sorted(tmp_path.iterdir())) == {f"{name}.dcm": [] for name in WHOLE}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"PatientBreedDescription": "Beagle"}, "needs PatientSpeciesDescription or PatientSpeciesCodeSequence"),
        ({"ResponsiblePerson": "Doe^Jane"}, "ResponsiblePerson is given, which needs ResponsiblePersonRole"),
        ({"ResponsiblePersonRole": "OWNER"}, "needs ResponsiblePerson"),
        ({"ClinicalTrialSubjectID": "1"}, "needs ClinicalTrialSponsorName"),
        ({"PatientIdentityRemoved": "YES"}, "YES is given, which needs DeidentificationMethod or"),
        ({"PixelSpacingCalibrationType": "FIDUCIAL"}, "needs PixelSpacingCalibrationDescription"),
        ({"SpecimenDescriptionSequence[0].SpecimenIdentifier": "1"}, "needs ContainerIdentifier"),
    ],
)
def test_half_of_a_pair_is_refused_before_a_file_is_read(values, message):
    with pytest.raises(ConversionError, match=message):
        HeaderRules(values=values)


@pytest.mark.parametrize("values", [{"VOILUTFunction": "LINEAR"}, {"RescaleSlope": "1"}, {"RescaleIntercept": "1"}])
def test_half_of_what_may_follow_from_the_content(values):
    with pytest.raises(ConversionError, match="which needs"):
        HeaderRules(values=values).data_set(picture())


def test_a_window_that_is_made_is_enough():
    ds = HeaderRules(values={"VOILUTFunction": "LINEAR_EXACT"}).data_set(picture(bits=16))
    assert "WindowCenter" in ds


def test_what_is_not_given_asks_for_nothing():
    ds = HeaderRules(values={"PatientIdentityRemoved": "NO", "PatientSpeciesDescription": ""}).data_set(picture())
    assert "ResponsiblePerson" not in ds
    assert "DeidentificationMethod" not in ds
