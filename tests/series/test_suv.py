"""Uptake, against values worked out by hand."""

from typing import Any

import pytest

from filmless import Dataset
from filmless.series import uptake_of

HALF_LIFE = 6586.2  # of fluorine-18, in s


def pet(given: dict[str, Any] | None = None, **changes: Any) -> Dataset:
    """An image of PET: 370 MBq at 9:00 in 74 kg, scanned two half-lives later; keywords change it, None removes."""
    dose = {
        "RadionuclideTotalDose": 370e6,
        "RadionuclideHalfLife": HALF_LIFE,
        "RadiopharmaceuticalStartTime": "090000",
        **(given or {}),
    }
    values: dict[str, Any] = {
        "Units": "BQML",
        "CorrectedImage": ["NORM", "DECY", "ATTN", "SCAT"],
        "DecayCorrection": "START",
        "PatientWeight": 74.0,
        "SeriesDate": "20260301",
        "SeriesTime": "123932.4",  # 9:00 and 13172.4 s
        "AcquisitionDate": "20260301",
        "AcquisitionTime": "124500",
        "RadiopharmaceuticalInformationSequence": [Dataset({k: v for k, v in dose.items() if v is not None})],
        **changes,
    }
    return Dataset({key: value for key, value in values.items() if value is not None})


def test_a_dose_decays_until_the_scan() -> None:
    # 74000 g / (370e6 Bq / 4) = 8e-4
    found = uptake_of(pet())
    assert found.suvbw == pytest.approx(8e-4, rel=1e-9)
    assert (found.unit, found.missing) == ("Bq/ml", "")


def test_values_that_are_corrected_to_the_injection_take_the_whole_dose() -> None:
    assert uptake_of(pet(DecayCorrection="ADMIN")).suvbw == pytest.approx(2e-4, rel=1e-12)
    assert uptake_of(pet({"RadionuclideHalfLife": None}, DecayCorrection="ADMIN")).suvbw is not None


def test_an_injection_before_midnight_was_the_day_before() -> None:
    ds = pet({"RadiopharmaceuticalStartTime": "232027.6"}, SeriesTime="030000", AcquisitionTime="030500")
    assert uptake_of(ds).suvbw == pytest.approx(8e-4, rel=1e-9)  # 13172.4 s


def test_a_date_of_the_injection_comes_before_its_time() -> None:
    given = {"RadiopharmaceuticalStartDateTime": "20260301105000.0+0100", "RadiopharmaceuticalStartTime": "090000"}
    waited = 6572.4
    assert uptake_of(pet(given)).suvbw == pytest.approx(2e-4 * 2 ** (waited / HALF_LIFE), rel=1e-9)


def test_a_series_made_later_is_dated_by_its_frames() -> None:
    # Series Time is of the processing. The frame of 120 s was begun 480 s after the scan, and its average activity is
    # that of 60 s - ln 2 / 6586.2 * 120**2 / 24 = 59.93685 s later.
    ds = pet(
        SeriesTime="180000",
        AcquisitionTime="124732.4",
        FrameReferenceTime=480_000 + 59_936.85,
        ActualFrameDuration=120_000,
    )
    assert uptake_of(ds).suvbw == pytest.approx(8e-4, rel=1e-6)
    del ds.FrameReferenceTime
    assert uptake_of(ds).missing == "the time at which the scan began is missing"


def test_what_ge_says_of_the_beginning_is_believed() -> None:
    ds = pet(SeriesTime="180000")
    ds.add_new(0x0009_0010, "LO", "GEMS_PETD_01")
    ds.add_new(0x0009_100D, "DT", "20260301123932.40")
    assert uptake_of(ds).suvbw == pytest.approx(8e-4, rel=1e-9)


def test_counts_of_philips_have_factors_of_their_own() -> None:
    ds = pet(Units="CNTS")
    assert "counts" in uptake_of(ds).missing
    ds.add_new(0x7053_0010, "LO", "Philips PET Private Group")
    ds.add_new(0x7053_1009, "DS", "2.5")
    assert uptake_of(ds).suvbw == pytest.approx(2.5 * 8e-4, rel=1e-9)
    ds.add_new(0x7053_1000, "DS", "0.00125")
    assert uptake_of(ds).suvbw == 0.00125
    assert uptake_of(pet(Units="CNTS", PatientWeight=None)).suvbw is None


def test_values_that_are_uptake_stay_so() -> None:
    assert uptake_of(pet(Units="GML")).suvbw == 1.0
    lean = uptake_of(pet(Units="GML", SUVType="LBM"))
    assert lean.suvbw is None
    assert "LBM" in lean.unit


def test_enhanced_pet_says_to_when_it_is_corrected() -> None:
    given = {"RadiopharmaceuticalStartTime": None, "RadiopharmaceuticalStartDateTime": "20260301090000"}
    ds = pet(
        given, Units=None, DecayCorrection=None, CorrectedImage=None, DecayCorrectionDateTime="20260301123932.4+0100"
    )
    assert uptake_of(ds).suvbw == pytest.approx(8e-4, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "given", "said"),
    [
        ({"PatientWeight": None}, {}, "PatientWeight"),
        ({"PatientWeight": 0.0}, {}, "PatientWeight"),
        ({}, {"RadionuclideTotalDose": None}, "RadionuclideTotalDose is missing"),
        ({}, {"RadionuclideTotalDose": 370.0}, "too small to be in Bq"),
        ({}, {"RadionuclideHalfLife": None}, "RadionuclideHalfLife"),
        ({}, {"RadionuclideHalfLife": 1e-3}, "too short"),
        ({}, {"RadiopharmaceuticalStartTime": None}, "injection"),
        ({}, {"RadiopharmaceuticalStartTime": "soon"}, "injection"),
        ({}, {"RadiopharmaceuticalStartDateTime": "20250301090000"}, "two days"),
        ({"DecayCorrection": "NONE"}, {}, "DecayCorrection is NONE"),
        ({"DecayCorrection": None}, {}, "DecayCorrection is missing"),
        ({"CorrectedImage": ["ATTN"]}, {}, "not corrected"),
        ({"Units": "CM2ML"}, {}, "Units is CM2ML"),
        ({"Units": None}, {}, "Units is missing"),
        ({"SeriesDate": None, "AcquisitionDate": None}, {}, "scan began"),
        ({"SeriesDate": "20261399", "AcquisitionDate": None}, {}, "scan began"),
        ({"RadiopharmaceuticalInformationSequence": None}, {}, "RadionuclideTotalDose"),
    ],
)
def test_what_is_missing_is_said(changes: dict[str, Any], given: dict[str, Any], said: str) -> None:
    found = uptake_of(pet(given, **changes))
    assert found.suvbw is None
    assert said in found.missing
