"""Presentation contexts: planned, proposed."""

from pathlib import Path

import pytest
from pydicom.uid import UID_dictionary

from filmless import _core
from filmless.dataset import Dataset
from filmless.dimse import plan
from filmless.dimse.contexts import MOST, apart, everyday, proposals_for, proposed, roles_for, uncompressed
from filmless.dimse.storage_classes import STORAGE_CLASSES
from filmless.dimse.uids import STUDY_ROOT

EXPLICIT, IMPLICIT, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.50"


def test_every_storage_class_has_its_place() -> None:
    assert len(set(STORAGE_CLASSES)) == len(STORAGE_CLASSES)
    known = {
        uid
        for uid, (_, kind, _, _, keyword) in UID_dictionary.items()
        if kind == "SOP Class" and "Storage" in keyword and uid.startswith("1.2.840.10008.5.1.4.")
    }
    assert known == {uid for uid in STORAGE_CLASSES if uid.startswith("1.2.840.10008.5.1.4.")}
    assert all(_core.uid_entry(uid) is not None for uid in STORAGE_CLASSES)


def test_what_is_proposed_when_nothing_is_said_has_room() -> None:
    contexts = proposed(everyday())
    assert len(contexts) == MOST
    assert [context.id for context in contexts] == list(range(1, 256, 2))
    roles = {role.sop_class for role in roles_for(everyday())}
    assert "1.2.840.10008.5.1.4.1.1.2" in roles
    assert STUDY_ROOT[2] not in roles
    assert roles_for(uncompressed(["CTImageStorage"])) == []


def test_what_is_often_compressed_is_proposed_as_it_may_be_stored() -> None:
    contexts = everyday()
    assert len(set(contexts)) == len(contexts)
    ct, ultrasound, ecg = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("2", "6.1", "9.1.1"))
    assert {JPEG, "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.5"} <= {
        syntaxes[0] for name, syntaxes in contexts if name == ultrasound
    }
    # First the context that a peer with one idea takes, then a transfer syntax each.
    assert next(syntaxes for name, syntaxes in contexts if name == ct) == (EXPLICIT, IMPLICIT)
    assert all(len(syntaxes) == 1 for name, syntaxes in contexts if name == ct and syntaxes != (EXPLICIT, IMPLICIT))
    assert (ecg, (EXPLICIT, IMPLICIT)) in contexts
    assert len({name for name, _ in contexts} & set(STORAGE_CLASSES)) >= 55


def test_classes_that_are_named_have_all_transfer_syntaxes() -> None:
    known = {str(row["uid"]) for row in _core.transfer_syntaxes()}
    get, private = STUDY_ROOT[2], "1.2.826.0.1.3680043.9.9.1"
    contexts = apart([get, "CTImageStorage", private, "CTImageStorage"])
    assert contexts[0] == (get, (EXPLICIT, IMPLICIT))
    for name in ("1.2.840.10008.5.1.4.1.1.2", private):
        of_it = [syntaxes for sop_class, syntaxes in contexts if sop_class == name]
        assert {uid for syntaxes in of_it for uid in syntaxes} == known
        assert (JPEG,) in of_it
    assert {role.sop_class for role in roles_for(contexts)} == {"1.2.840.10008.5.1.4.1.1.2", private}
    assert apart(["Verification"]) == uncompressed(["Verification"])


@pytest.mark.parametrize("count", [1, 2, 3, 10, 42, 63, 64, 100, 127])
def test_as_many_contexts_as_there_is_room_for(count: int) -> None:
    contexts = proposed(apart([STUDY_ROOT[2], *STORAGE_CLASSES[:count]]))
    assert len({context.abstract_syntax for context in contexts}) == count + 1
    first = next(context for context in contexts if context.abstract_syntax == STORAGE_CLASSES[0])
    assert first.transfer_syntaxes[0] == EXPLICIT
    with pytest.raises(ValueError, match="1 to 128"):
        proposed(apart(STORAGE_CLASSES[:129]))


def test_a_context_for_each_syntax_and_one_to_fall_back_on() -> None:
    assert proposals_for({"1.2": [JPEG, EXPLICIT], "1.3": [JPEG]}) == [
        [
            ("1.2", (JPEG,)),
            ("1.2", (EXPLICIT,)),
            ("1.2", (IMPLICIT,)),
            ("1.3", (JPEG,)),
            ("1.3", (EXPLICIT, IMPLICIT)),
        ]
    ]
    assert proposals_for({"1.2": [JPEG]}, uncompressed=False) == [[("1.2", (JPEG,))]]


def test_more_than_an_association_has_are_spread_over_several() -> None:
    sources = []
    for at in range(150):
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = f"1.2.3.{at}", f"1.2.4.{at}"
        sources.append(ds)
    groups = plan(sources)
    assert [len(group.contexts) for group in groups] == [128, 128, 44]
    assert [len(group.sources) for group in groups] == [64, 64, 22]
    for group in groups:
        classes = {name for name, _ in group.contexts}
        assert {str(ds.SOPClassUID) for ds in group.sources if isinstance(ds, Dataset)} == classes


def test_what_cannot_be_read_is_in_the_first_group(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no DICOM")
    [group] = plan([text, tmp_path / "missing"])
    assert group.sources == (text, tmp_path / "missing")
    assert group.contexts
    assert plan([]) == []


@pytest.mark.parametrize("contexts", [[], uncompressed(["CTImageStorage"]) * 129])
def test_an_association_has_1_to_128(contexts: list[tuple[str, tuple[str, ...]]]) -> None:
    with pytest.raises(ValueError, match="1 to 128"):
        proposed(contexts)


def test_a_keyword_that_is_none() -> None:
    with pytest.raises(ValueError, match="no UID, and no keyword"):
        uncompressed(["CTImageStore"])


def test_private_and_new_classes_come_by_get_too() -> None:
    """The peer sends in the role of an SCU: without it an instance of a class that we do not know would fail."""
    names = ["StudyRootQueryRetrieveInformationModelGet", "1.2.826.0.1.3680043.9.9", "1.2.840.10008.5.1.4.1.1.66.7"]
    assert [role.sop_class for role in roles_for(uncompressed([*names, "Verification"]))] == names[1:]
