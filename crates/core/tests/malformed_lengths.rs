//! Lengths and delimiters: a file for each way in which real files break the Standard.
//! Of each: the elements that must be found, the findings, and all that [`support::verify`] asserts.

mod support;

use filmless_core::Code::{self, *};
use support::*;

// Lengths and delimiters

#[test]
fn odd_lengths() {
    let here = at(&[&modality()]);
    explicit_file(
        "odd",
        &[&modality(), &explicit(NAME, "PN", b"Doe"), &rows()],
        &[("00100010", b"Doe"), FOUND_ROWS],
        &[(OddLength, NAME, here)],
    );
    let inner = explicit(0x0008_0100, "SH", b"COD");
    let here = at(&[]);
    let findings = [(OddLength, SEQUENCE, here), (OddLength, 0x0008_0100, here + 20)];
    let after = explicit(0x0040_0280, "ST", b"text");
    explicit_file(
        "odd sequence",
        &[&explicit(SEQUENCE, "SQ", &item(&inner)), &after],
        &[("00400275.0.00080100", b"COD"), ("00400280", b"text")],
        &findings,
    );
}

#[test]
fn a_length_that_ignores_its_padding() {
    let here = at(&[&modality()]);
    let odd = join(&[&header(NAME, b"PN", &[3, 0]), b"Doe "]);
    explicit_file(
        "padding after the length",
        &[&modality(), &odd, &rows()],
        &[("00100010", b"Doe "), FOUND_ROWS],
        &[(WrongLength, NAME, here)],
    );
}

#[test]
fn thirteen_for_ten_and_six_for_four() {
    let here = at(&[&modality()]);
    let odd = join(&[&header(ID, b"LO", &[13, 0]), b"0123456789"]);
    explicit_file(
        "13",
        &[&modality(), &odd, &rows()],
        &[("00100020", b"0123456789"), FOUND_ROWS],
        &[(WrongLength, ID, here)],
    );
    let odd = join(&[&header(0x0028_0009, b"AT", &[6, 0]), &[0x18, 0, 0x63, 0x10]]);
    explicit_file(
        "6",
        &[&modality(), &odd, &rows()],
        &[("00280009", &[0x18, 0, 0x63, 0x10]), FOUND_ROWS],
        &[(WrongLength, 0x0028_0009, here)],
    );
}

fn sequence_of_length(length: u32, value: &[u8]) -> Vec<u8> {
    join(&[&header(SEQUENCE, b"SQ", &[0, 0]), &length.to_le_bytes(), value])
}

fn item_of_length(length: u32, value: &[u8]) -> Vec<u8> {
    join(&[&tag(0xFFFE_E000), &length.to_le_bytes(), value])
}

#[test]
fn sequence_length_wrong_by_a_few_bytes() {
    let inner = item(&code(b"CODE"));
    let right = inner.len() as u32;
    for wrong in [right - 4, right - 2, right + 2, right + 4] {
        let bytes = file(EXPLICIT, &join(&[&name(), &sequence_of_length(wrong, &inner), &after()]));
        let file = read(&bytes).expect("readable");
        assert_eq!(value(&file.dataset, "00400275.0.00080100").as_deref(), Some(&b"CODE"[..]), "{wrong} for {right}");
        assert_eq!(
            value(&file.dataset, "00400280").as_deref(),
            Some(&b"text"[..]),
            "{wrong} for {right}: {:#?}",
            nodes(&file)
        );
        let codes: Vec<Code> =
            filmless_core::check::check_file(&file).expect("checked").iter().map(|finding| finding.code).collect();
        assert!(!codes.is_empty() && !codes.contains(&TrailingData), "{wrong} for {right}: {codes:?}");
    }
}

#[test]
fn item_length_wrong_by_a_few_bytes() {
    let inner = join(&[&code(b"CODE"), &explicit(0x0008_0104, "LO", b"Meaning ")]);
    let right = inner.len() as u32;
    for wrong in [right - 4, right - 2, right + 2, right + 4] {
        for second in [vec![], item(&code(b"NEXT"))] {
            let items = join(&[&item_of_length(wrong, &inner), &second]);
            let bytes = file(EXPLICIT, &join(&[&name(), &explicit(SEQUENCE, "SQ", &items), &after()]));
            let file = read(&bytes).expect("readable");
            let label = format!("{wrong} for {right}, then {} bytes: {:#?}", second.len(), nodes(&file));
            assert_eq!(value(&file.dataset, "00400275.0.00080100").as_deref(), Some(&b"CODE"[..]), "{label}");
            assert_eq!(value(&file.dataset, "00400275.0.00080104").as_deref(), Some(&b"Meaning "[..]), "{label}");
            if !second.is_empty() {
                assert_eq!(value(&file.dataset, "00400275.1.00080100").as_deref(), Some(&b"NEXT"[..]), "{label}");
            }
            assert_eq!(value(&file.dataset, "00400280").as_deref(), Some(&b"text"[..]), "{label}");
            assert!(!filmless_core::check::check_file(&file).expect("checked").is_empty(), "{label}");
        }
    }
}

#[test]
fn delimiters() {
    let here = at(&[&name()]);
    let open = |value: &[u8]| undefined(SEQUENCE, "SQ", value);
    let found = &[FOUND_NAME, FOUND_CODE, FOUND_AFTER];
    let inner = code(b"CODE");
    explicit_file("right", &[&name(), &open(&join(&[&open_item(&inner), &END_SEQUENCE])), &after()], found, &[]);
    let long_delimiter = join(&[&tag(0xFFFE_E000), &[255; 4], &inner, &END_ITEM[..4], &[0, 0, 1, 0]]);
    explicit_file(
        "item delimiter with a length",
        &[&name(), &open(&join(&[&long_delimiter, &END_SEQUENCE])), &after()],
        found,
        &[(DelimiterLength, 0xFFFE_E000, here + 12 + 8 + 12)],
    );
    let no_end = join(&[&tag(0xFFFE_E000), &[255; 4], &inner]);
    explicit_file(
        "no item delimiter",
        &[&name(), &open(&join(&[&no_end, &END_SEQUENCE])), &after()],
        found,
        &[(MissingDelimiter, 0xFFFE_E000, here + 12)],
    );
    explicit_file(
        "no item delimiter, another item",
        &[&name(), &open(&join(&[&no_end, &open_item(&inner), &END_SEQUENCE])), &after()],
        &[FOUND_CODE, ("00400275.1.00080100", b"CODE"), FOUND_AFTER],
        &[(MissingDelimiter, 0xFFFE_E000, here + 12)],
    );
    explicit_file(
        "no sequence delimiter",
        &[&name(), &open(&open_item(&inner)), &after()],
        found,
        &[(MissingDelimiter, SEQUENCE, here)],
    );
    explicit_file(
        "no sequence delimiter, defined item",
        &[&name(), &open(&item(&inner)), &after()],
        found,
        &[(MissingDelimiter, SEQUENCE, here)],
    );
    let twice = join(&[&open_item(&inner), &END_ITEM, &END_SEQUENCE]);
    explicit_file(
        "item delimiter twice",
        &[&name(), &open(&twice), &after()],
        found,
        &[(StrayDelimiter, 0xFFFE_E00D, here + 12 + 8 + 12 + 8)],
    );
    let stray_end = join(&[&open(&join(&[&open_item(&inner), &END_SEQUENCE])), &END_SEQUENCE]);
    explicit_file(
        "sequence delimiter twice",
        &[&name(), &stray_end, &after()],
        found,
        &[(StrayDelimiter, 0xFFFE_E0DD, here + 12 + 8 + 12 + 8 + 8)],
    );
    explicit_file(
        "at top level",
        &[&END_ITEM, &name(), &after()],
        &[FOUND_NAME, FOUND_AFTER],
        &[(StrayDelimiter, 0xFFFE_E00D, at(&[]))],
    );
    let in_defined = explicit(SEQUENCE, "SQ", &join(&[&item(&inner), &END_SEQUENCE]));
    explicit_file(
        "in a defined sequence",
        &[&name(), &in_defined, &after()],
        found,
        &[(StrayDelimiter, 0xFFFE_E0DD, here + 12 + 8 + 12)],
    );
    let after_defined = join(&[&explicit(SEQUENCE, "SQ", &item(&inner)), &END_SEQUENCE]);
    explicit_file(
        "after a defined sequence",
        &[&name(), &after_defined, &after()],
        found,
        &[(StrayDelimiter, 0xFFFE_E0DD, here + 12 + 8 + 12)],
    );
    let after_item = explicit(SEQUENCE, "SQ", &join(&[&item(&join(&[&inner, &END_ITEM]))]));
    explicit_file(
        "in a defined item",
        &[&name(), &after_item, &after()],
        found,
        &[(StrayDelimiter, 0xFFFE_E00D, here + 12 + 8 + 12)],
    );
}

#[test]
fn item_tags() {
    let here = at(&[&name()]);
    let odd = join(&[&[0x3F, 0x3F, 0x00, 0x3F], &12u32.to_le_bytes(), &code(b"CODE")]);
    explicit_file(
        "3F3F",
        &[&name(), &explicit(SEQUENCE, "SQ", &odd), &after()],
        &[FOUND_CODE, FOUND_AFTER],
        &[(ItemTag, 0xFFFE_E000, here + 12)],
    );
    let empty = undefined(SEQUENCE, "SQ", &join(&[&open_item(&[]), &item(&[]), &END_SEQUENCE]));
    explicit_file("empty items", &[&name(), &empty, &after()], &[FOUND_NAME, FOUND_AFTER], &[]);
    let starter = undefined(SEQUENCE, "SQ", &END_SEQUENCE);
    explicit_file("no items", &[&name(), &starter, &after()], &[FOUND_NAME, FOUND_AFTER], &[]);
}

#[test]
fn undefined_length_without_end() {
    let here = at(&[&name()]);
    let open = undefined(SEQUENCE, "SQ", &join(&[&tag(0xFFFE_E000), &[255; 4], &code(b"CODE")]));
    explicit_file(
        "to the end",
        &[&name(), &open],
        &[FOUND_NAME, FOUND_CODE],
        &[(MissingDelimiter, SEQUENCE, here), (MissingDelimiter, 0xFFFE_E000, here + 12)],
    );
}

#[test]
fn sequences_as_un() {
    let here = at(&[&name()]);
    let private = explicit(0x0029_0010, "LO", b"OWNER ");
    let inside = at(&[&name(), &private]);
    let items = item(&implicit(0x0008_0100, b"CODE"));
    let unknown = undefined(SEQUENCE, "UN", &join(&[&items, &END_SEQUENCE]));
    explicit_file("CP-246", &[&name(), &unknown, &after()], &[FOUND_CODE, FOUND_AFTER], &[]);
    let unknown = undefined(0x0029_1001, "UN", &join(&[&items, &END_SEQUENCE]));
    explicit_file(
        "CP-246, private",
        &[&name(), &private, &unknown, &after()],
        &[("00291001.0.00080100", b"CODE"), FOUND_AFTER],
        &[],
    );
    let unknown = undefined(SEQUENCE, "UN", &join(&[&item(&code(b"CODE")), &END_SEQUENCE]));
    explicit_file(
        "explicit inside",
        &[&name(), &unknown, &after()],
        &[FOUND_CODE, FOUND_AFTER],
        &[(ExplicitInImplicit, SEQUENCE, here)],
    );
    let unknown = explicit(SEQUENCE, "UN", &items);
    explicit_file("defined", &[&name(), &unknown, &after()], &[FOUND_CODE, FOUND_AFTER], &[]);
    let unknown = explicit(0x0029_1001, "UN", &items);
    explicit_file(
        "defined, private",
        &[&name(), &private, &unknown, &after()],
        &[("00291001", &items), FOUND_AFTER],
        &[],
    );
    let _ = inside;
}
