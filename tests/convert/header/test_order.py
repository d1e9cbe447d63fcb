"""Who wins where several give a value, and how parts of sequences meet."""

import pytest

from filmless.convert.header import HeaderRules, Origin, value_of_text
from filmless.errors import ConversionError

from .made import picture

_KEYWORDS = ["StudyDescription", "PatientComments", "Occupation", "EthnicGroup", "StationName", "ProtocolName"]


def test_the_order(tmp_path):
    """Each source gives its own keyword and all those of the sources above it."""
    kinds = ["source", "template", "worklist", "table", "name", "values"]
    said = {kind: dict.fromkeys(["PatientID", *_KEYWORDS[: number + 1]], kind) for number, kind in enumerate(kinds)}
    # The worklist has no attribute for these two.
    table = tmp_path / "t.csv"
    table.write_text(
        "file," + ",".join(said["table"]) + "\nname.png," + ",".join(said["table"].values()) + "\n", "utf-8"
    )
    pattern = "{PatientID}"
    layers = {
        "template": {"template": said["template"]},
        "worklist": {"worklist": {"PatientID": "worklist"}},
        "table": {"table": table},
        "name": {"name_pattern": pattern},
        "values": {"values": {"PatientID": "values"}},
    }
    options: dict = {}
    content = picture(facts={"PatientID": "source"})
    assert HeaderRules().data_set(content).PatientID == "source"
    for kind, more in layers.items():
        options |= more
        ds = HeaderRules(**options).data_set(content, Origin(path="name.png"))
        assert ds.PatientID == kind


def test_elements_of_items_meet():
    rules = HeaderRules(
        template={"RequestAttributesSequence": [{"ScheduledProcedureStepID": "T", "RequestedProcedureID": "T"}]},
        values={
            "RequestAttributesSequence[0].ScheduledProcedureStepID": "V",
            "RequestAttributesSequence[1].ScheduledProcedureStepID": "W",
        },
    )
    for _ in range(2):  # the first data set's items are its own
        first, second = rules.data_set(picture()).RequestAttributesSequence
        assert (first.ScheduledProcedureStepID, first.RequestedProcedureID) == ("V", "T")
        assert second.ScheduledProcedureStepID == "W"


def test_a_whole_sequence_replaces_elements_below():
    rules = HeaderRules(
        template={"RequestAttributesSequence[0].ScheduledProcedureStepID": "T"},
        values={"RequestAttributesSequence": [{"RequestedProcedureID": "V"}]},
    )
    (item,) = rules.data_set(picture()).RequestAttributesSequence
    assert item.RequestedProcedureID == "V"
    assert "ScheduledProcedureStepID" not in item


def test_an_item_that_is_not_the_next():
    with pytest.raises(ConversionError, match="has no item 3, expected at most 0"):
        HeaderRules(values={"RequestAttributesSequence[3].ScheduledProcedureStepID": "T"})


def test_texts():
    code = value_of_text("MeasurementUnitsCodeSequence", "mm^UCUM^mm")
    assert (code[0].CodeValue, code[0].CodingSchemeDesignator, code[0].CodeMeaning) == ("mm", "UCUM", "mm")
    assert value_of_text("0028,0030", "0.5\\0.5") == ["0.5", "0.5"]
    assert value_of_text("RequestAttributesSequence[0].ScheduledProcedureStepID", "x") == "x"
    for keyword, text, message in [
        ("PatientSex", "SECRET", "none of its defined terms"),
        ("Modality", "XRAY", "none of its defined terms"),
        ("MeasurementUnitsCodeSequence", "SECRET", "is a sequence"),
        ("InstanceNumber", "SECRET", "expected a whole number"),
        ("PatientNmae", "SECRET", "is no keyword"),
    ]:
        with pytest.raises(ConversionError, match=message) as caught:
            value_of_text(keyword, text)
        assert "SECRET" not in str(caught.value)
