"""Names as they are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmless.archive.index.names import FoldedName, fold, name_patterns, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("MÜLLER", "muller"),
        ("Straße", "strasse"),
        ("Ångström", "angstrom"),
        ("Łukasz Ørsted Æsop Đorđe", "lukasz orsted aesop dorde"),
        ("İstanbul ıspanak", "istanbul ispanak"),
        ("Νίκος", "νικοσ"),
        ("Ё", "е"),
        ("ﾔﾏﾀﾞ", "ヤマダ"),  # half width, as in old Japanese files
        ("がか", "がか"),  # a mark that makes another letter stays
        ("김희중", "김희중"),
        ("e\u0301", "e"),
    ],
)
def test_letters_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_groups_and_components() -> None:
    assert FoldedName.of("Doe ^ Jane^^^") == ("doe^jane", "", "")
    assert FoldedName.of({"Alphabetic": "Yamada^Tarou", "Phonetic": "やまだ"}) == ("yamada^tarou", "", "やまだ")
    assert FoldedName.of("^^^^") == FoldedName.of(None) == FoldedName.of({}) == ("", "", "")
    assert FoldedName.of("Van-der Berg^J.=山田").words == " van der berg j 山田"
    assert words("O'Neil, Ann") == ["o'neil", "ann"]


def test_patterns_of_keys() -> None:
    assert name_patterns("Doe^*^*") == [(None, ["doe^*^*", "doe^*", "doe"])]
    assert name_patterns("*=山田*") == [(1, ["山田*"])]
    assert name_patterns("=") == []
