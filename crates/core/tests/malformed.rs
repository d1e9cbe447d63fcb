//! A file for each way in which real files break the Standard, and for the legal ones that are hard.
//! Of each: the elements that must be found, the findings, and all that [`support::verify`] asserts.

mod support;

use filmless_core::Code::{self, *};
use support::*;

const MODALITY: u32 = 0x0008_0060;
const NAME: u32 = 0x0010_0010;
const ID: u32 = 0x0010_0020;
const ROWS: u32 = 0x0028_0010;
const COLUMNS: u32 = 0x0028_0011;
const SEQUENCE: u32 = 0x0040_0275;
const PIXELS: u32 = 0x7FE0_0010;

fn modality() -> Vec<u8> {
    explicit(MODALITY, "CS", b"MR")
}

fn name() -> Vec<u8> {
    explicit(NAME, "PN", b"Doe^Jane")
}

fn id() -> Vec<u8> {
    explicit(ID, "LO", b"4711")
}

fn rows() -> Vec<u8> {
    explicit(ROWS, "US", &[2, 0])
}

fn at(parts: &[&[u8]]) -> u64 {
    start(EXPLICIT) + join(parts).len() as u64
}

/// Verifies a data set in Explicit VR Little Endian.
fn explicit_file(name: &str, parts: &[&[u8]], elements: &[(&str, &[u8])], findings: &[Expected]) {
    verify(name, &file(EXPLICIT, &join(parts)), elements, findings);
}

const FOUND_MODALITY: (&str, &[u8]) = ("00080060", b"MR");
const FOUND_NAME: (&str, &[u8]) = ("00100010", b"Doe^Jane");
const FOUND_ID: (&str, &[u8]) = ("00100020", b"4711");
const FOUND_ROWS: (&str, &[u8]) = ("00280010", &[2, 0]);

// Part 10 and meta

#[test]
fn nothing_is_found_in_a_right_file() {
    explicit_file("right", &[&modality(), &name(), &id(), &rows()], &[FOUND_MODALITY, FOUND_NAME, FOUND_ID, FOUND_ROWS], &[]);
}

#[test]
fn no_preamble() {
    let bytes = join(&[&meta(EXPLICIT), &modality(), &name()]);
    verify("no preamble", &bytes, &[FOUND_MODALITY, FOUND_NAME], &[(MissingPreamble, 0, 0)]);
    let bytes = join(&[b"DICM", &meta(EXPLICIT), &modality(), &name()]);
    verify("no 128 bytes", &bytes, &[FOUND_MODALITY, FOUND_NAME], &[(ShortPreamble, 0, 0)]);
}

#[test]
fn no_meta() {
    let bare = join(&[&modality(), &name()]);
    verify("bare", &bare, &[FOUND_MODALITY, FOUND_NAME], &[(MissingPreamble, 0, 0), (MissingMeta, 0, 0)]);
    verify("prefix only", &part10(&bare), &[FOUND_MODALITY, FOUND_NAME], &[(MissingMeta, 0, 132)]);
    let bare = join(&[&implicit(MODALITY, b"MR"), &implicit(NAME, b"Doe^Jane")]);
    verify("bare implicit", &bare, &[FOUND_MODALITY, FOUND_NAME], &[(MissingPreamble, 0, 0), (MissingMeta, 0, 0)]);
    let bare = join(&[&big(MODALITY, "CS", b"MR"), &big(NAME, "PN", b"Doe^Jane")]);
    verify("bare big endian", &bare, &[FOUND_MODALITY, FOUND_NAME], &[(MissingPreamble, 0, 0), (MissingMeta, 0, 0)]);
}

#[test]
fn wrong_meta_group_length() {
    for (name, field) in [("zero", [0; 4]), ("huge", [0xFF; 4]), ("a little too long", [0x70, 0, 0, 0])] {
        let mut bytes = file(EXPLICIT, &modality());
        bytes[140..144].copy_from_slice(&field);
        verify(name, &bytes, &[FOUND_MODALITY], &[(MetaGroupLength, 0x0002_0000, 132)]);
    }
    let bytes = part10(&join(&[&meta(EXPLICIT)[12..], &modality()]));
    verify("none", &bytes, &[FOUND_MODALITY], &[(MetaGroupLength, 0x0002_0000, 132)]);
}

#[test]
fn meta_in_implicit_vr() {
    let meta = join(&[
        &implicit(0x0002_0000, &26u32.to_le_bytes()),
        &implicit(0x0002_0010, b"1.2.840.10008.1.2\0"),
    ]);
    let bytes = part10(&join(&[&meta, &implicit(MODALITY, b"MR")]));
    let file = verify("implicit meta", &bytes, &[FOUND_MODALITY], &[(MetaImplicit, 0, 132)]);
    assert_eq!(file.transfer_syntax, IMPLICIT);
}

#[test]
fn unknown_vr_in_meta() {
    let rest = join(&[&explicit(0x0002_0010, "UI", b"1.2.840.10008.1.2.1\0"), &explicit(0x0002_0016, "UN", b"AE")]);
    let meta = join(&[&explicit(0x0002_0000, "UL", &(rest.len() as u32).to_le_bytes()), &rest]);
    verify("UN in the meta", &part10(&join(&[&meta, &modality()])), &[FOUND_MODALITY], &[]);
}

#[test]
fn no_transfer_syntax() {
    let rest = explicit(0x0002_0003, "UI", b"1.2.3.40");
    let meta = join(&[&explicit(0x0002_0000, "UL", &(rest.len() as u32).to_le_bytes()), &rest]);
    let at = 132 + meta.len() as u64;
    let bytes = part10(&join(&[&meta, &modality()]));
    verify("none", &bytes, &[FOUND_MODALITY], &[(MissingTransferSyntax, 0x0002_0010, at)]);
    let bytes = file("1.2.3.4.5.6", &modality());
    let expected = (UnknownTransferSyntax, 0x0002_0010, start("1.2.3.4.5.6"));
    verify("unknown", &bytes, &[FOUND_MODALITY], &[expected]);
}

#[test]
fn another_transfer_syntax_than_declared() {
    let in_implicit = join(&[&implicit(MODALITY, b"MR"), &implicit(NAME, b"Doe^Jane")]);
    let in_big = join(&[&big(MODALITY, "CS", b"MR"), &big(NAME, "PN", b"Doe^Jane")]);
    let in_explicit = join(&[&modality(), &name()]);
    for (declared, data_set) in
        [(EXPLICIT, &in_implicit), (IMPLICIT, &in_explicit), (EXPLICIT, &in_big), (BIG, &in_explicit), (BIG, &in_implicit)]
    {
        let bytes = file(declared, data_set);
        verify(declared, &bytes, &[FOUND_MODALITY, FOUND_NAME], &[(WrongTransferSyntax, 0, start(declared))]);
    }
}

#[test]
fn data_set_that_begins_with_another_group() {
    for number in [0x0003_0010, 0x0005_0010] {
        let first = explicit(number, "LO", b"OWNER ");
        let tag = format!("{number:08X}");
        explicit_file("group", &[&first, &modality()], &[(&tag, b"OWNER "), FOUND_MODALITY], &[]);
    }
}

#[test]
fn command_group() {
    let command = join(&[&implicit(0x0000_0000, &[10, 0, 0, 0]), &implicit(0x0000_0100, &[1, 0])]);
    let bytes = join(&[&command, &implicit(MODALITY, b"MR")]);
    let findings = [(MissingPreamble, 0, 0), (MissingMeta, 0, 0), (CommandGroup, 0, 0)];
    verify("bare", &bytes, &[("00000100", &[1, 0]), FOUND_MODALITY], &findings);
    let bytes = file(EXPLICIT, &join(&[&command, &modality()]));
    let findings = [(CommandGroup, 0, start(EXPLICIT))];
    verify("in a file", &bytes, &[("00000100", &[1, 0]), FOUND_MODALITY], &findings);
}

#[test]
fn acr_nema() {
    let bytes = join(&[
        &implicit(0x0008_0000, &[24, 0, 0, 0]),
        &implicit(0x0008_0010, b"ACR-NEMA 2.0"),
        &implicit(0x0008_0040, &[0, 0])[..0],
        &implicit(ROWS, &[2, 0]),
    ]);
    let findings = [(MissingPreamble, 0, 0), (MissingMeta, 0, 0), (GroupLength, 0x0008_0000, 0), (AcrNema, 0x0008_0010, 12)];
    let mut findings = findings.to_vec();
    findings.sort_by_key(|finding| (finding.2, finding.0));
    verify("ACR-NEMA", &bytes, &[FOUND_ROWS], &findings);
}

#[test]
fn foreign_preamble() {
    for magic in [&b"MZ"[..], b"\x7fELF", b"%PDF", b"PK\x03\x04", b"<html", b"#!/bin/sh"] {
        let mut bytes = file(EXPLICIT, &modality());
        bytes[..magic.len()].copy_from_slice(magic);
        verify("foreign", &bytes, &[FOUND_MODALITY], &[(ForeignPreamble, 0, 0)]);
    }
    let mut bytes = file(EXPLICIT, &modality());
    bytes[..4].copy_from_slice(b"II*\0");
    verify("TIFF, which PS3.10 7.1 allows", &bytes, &[FOUND_MODALITY], &[]);
}

#[test]
fn trailing_bytes() {
    let tag = 0x0010_0010;
    for (kind, rest) in [("zeros", vec![0; 40]), ("few zeros", vec![0; 5]), ("many zeros", vec![0; 300])] {
        explicit_file(kind, &[&modality(), &name(), &rest], &[FOUND_NAME], &[(TrailingData, tag, at(&[&modality(), &name()]))]);
    }
    let garbage = [0xA7; 40];
    explicit_file("garbage", &[&modality(), &name(), &garbage], &[FOUND_NAME], &[(TrailingData, tag, at(&[&modality(), &name()]))]);
}

#[test]
fn deflated_with_a_zlib_header() {
    use std::io::Write;
    let data_set = join(&[&modality(), &name()]);
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&data_set).expect("deflated");
    let bytes = file(DEFLATED, &encoder.finish().expect("deflated"));
    verify("zlib", &bytes, &[FOUND_MODALITY, FOUND_NAME], &[(ZlibHeader, 0, start(DEFLATED))]);
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&data_set).expect("deflated");
    verify("raw", &file(DEFLATED, &encoder.finish().expect("deflated")), &[FOUND_MODALITY, FOUND_NAME], &[]);
}

// Value representations

#[test]
fn implicit_vr_inside_explicit() {
    let odd = implicit(ID, b"4711");
    let here = at(&[&modality(), &name()]);
    explicit_file("element", &[&modality(), &name(), &odd, &rows()], &[FOUND_ID, FOUND_ROWS], &[(ImplicitInExplicit, ID, here)]);
    let inner = join(&[&implicit(0x0008_0100, b"CODE"), &implicit(0x0008_0104, b"Meaning ")]);
    let sequence = explicit(SEQUENCE, "SQ", &item(&inner));
    let here = at(&[&name()]) + 12 + 8;
    let findings = [(ImplicitInExplicit, 0x0008_0100, here), (ImplicitInExplicit, 0x0008_0104, here + 12)];
    let found: [(&str, &[u8]); 2] = [("00400275.0.00080100", b"CODE"), ("00400275.0.00080104", b"Meaning ")];
    explicit_file("items", &[&name(), &sequence], &found, &findings);
    let whole = implicit(SEQUENCE, &item(&inner));
    let here = at(&[&name()]);
    let findings = [(ImplicitInExplicit, SEQUENCE, here)];
    explicit_file("sequence", &[&name(), &whole], &found, &findings);
    let group = join(&[&implicit(0x0029_0010, b"OWNER "), &implicit(0x0029_1001, b"abcd")]);
    let here = at(&[&name()]);
    let findings = [(ImplicitInExplicit, 0x0029_0010, here), (ImplicitInExplicit, 0x0029_1001, here + 14)];
    explicit_file("private group", &[&name(), &group, &explicit(0x0040_0009, "SH", b"id")], &[("00291001", b"abcd"), ("00400009", b"id")], &findings);
}

#[test]
fn explicit_vr_inside_implicit() {
    let bytes = file(IMPLICIT, &join(&[&implicit(MODALITY, b"MR"), &name(), &implicit(ROWS, &[2, 0])]));
    let here = start(IMPLICIT) + 10;
    verify("element", &bytes, &[FOUND_NAME, FOUND_ROWS], &[(ExplicitInImplicit, NAME, here)]);
    let sequence = implicit(SEQUENCE, &item(&explicit(0x0008_0100, "SH", b"CODE")));
    let bytes = file(IMPLICIT, &join(&[&implicit(MODALITY, b"MR"), &sequence]));
    let here = start(IMPLICIT) + 10 + 8 + 8;
    verify("item", &bytes, &[("00400275.0.00080100", b"CODE")], &[(ExplicitInImplicit, 0x0008_0100, here)]);
}

#[test]
fn letters_that_are_no_vr() {
    let here = at(&[&name()]);
    for letters in [b"??", b"OX", b"RT", b"\0\0", b"  ", b"lo"] {
        let odd = header(ID, letters, &[4, 0, b'4', b'7', b'1', b'1']);
        let kind = String::from_utf8_lossy(letters).into_owned();
        explicit_file(&kind, &[&name(), &odd, &rows()], &[FOUND_NAME, FOUND_ID, FOUND_ROWS], &[(UnknownVr, ID, here)]);
        explicit_file(&kind, &[&name(), &odd], &[FOUND_NAME, FOUND_ID], &[(UnknownVr, ID, here)]);
    }
    let long = join(&[&header(ID, b"OX", &[0, 0, 4, 0, 0, 0]), b"4711"]);
    explicit_file("long", &[&name(), &long, &rows()], &[FOUND_ID, FOUND_ROWS], &[(UnknownVr, ID, here)]);
}

#[test]
fn length_fields_of_the_wrong_size() {
    let here = at(&[&name()]);
    let private = explicit(0x0029_0010, "LO", b"OWNER ");
    let short = join(&[&header(0x0029_1001, b"UN", &[4, 0]), b"abcd"]);
    let inside = at(&[&name(), &private]);
    let after = explicit(0x0040_0009, "SH", b"id");
    explicit_file("UN, 16 bits", &[&name(), &private, &short, &after], &[("00291001", b"abcd"), ("00400009", b"id")],
        &[(ShortLengthField, 0x0029_1001, inside)]);
    let long = join(&[&header(ID, b"LO", &[0, 0, 4, 0, 0, 0]), b"4711"]);
    explicit_file("LO, 32 bits", &[&name(), &long, &rows()], &[FOUND_ID, FOUND_ROWS], &[(LongLengthField, ID, here)]);
}

#[test]
fn reserved_bytes_that_are_not_zero() {
    let here = at(&[&name()]);
    let odd = join(&[&header(0x0042_0011, b"OB", &[0x20, 0x33, 4, 0, 0, 0]), b"%PDF"]);
    explicit_file("reserved", &[&name(), &odd, &explicit(0x0042_0012, "LO", b"type")], &[("00420011", b"%PDF"), ("00420012", b"type")],
        &[(ReservedBytes, 0x0042_0011, here)]);
}

#[test]
fn wrong_vr_for_a_known_tag() {
    let here = at(&[&name()]);
    explicit_file("LO as SH", &[&name(), &explicit(ID, "SH", b"4711")], &[FOUND_ID], &[(WrongVr, ID, here)]);
    let minimum = explicit(0x0028_0106, "US", &[0, 0x80]);
    explicit_file("US where SS is meant, which the dictionary leaves open", &[&rows(), &minimum], &[("00280106", &[0, 0x80])], &[]);
}

// Lengths and delimiters

#[test]
fn odd_lengths() {
    let here = at(&[&modality()]);
    explicit_file("odd", &[&modality(), &explicit(NAME, "PN", b"Doe"), &rows()], &[("00100010", b"Doe"), FOUND_ROWS], &[(OddLength, NAME, here)]);
    let inner = explicit(0x0008_0100, "SH", b"COD");
    let here = at(&[]);
    let findings = [(OddLength, SEQUENCE, here), (OddLength, 0x0008_0100, here + 20)];
    let after = explicit(0x0040_0280, "ST", b"text");
    explicit_file("odd sequence", &[&explicit(SEQUENCE, "SQ", &item(&inner)), &after],
        &[("00400275.0.00080100", b"COD"), ("00400280", b"text")], &findings);
}

#[test]
fn a_length_that_ignores_its_padding() {
    let here = at(&[&modality()]);
    let odd = join(&[&header(NAME, b"PN", &[3, 0]), b"Doe "]);
    explicit_file("padding after the length", &[&modality(), &odd, &rows()], &[("00100010", b"Doe "), FOUND_ROWS], &[(WrongLength, NAME, here)]);
}

#[test]
fn thirteen_for_ten_and_six_for_four() {
    let here = at(&[&modality()]);
    let odd = join(&[&header(ID, b"LO", &[13, 0]), b"0123456789"]);
    explicit_file("13", &[&modality(), &odd, &rows()], &[("00100020", b"0123456789"), FOUND_ROWS], &[(WrongLength, ID, here)]);
    let odd = join(&[&header(0x0028_0009, b"AT", &[6, 0]), &[0x18, 0, 0x63, 0x10]]);
    explicit_file("6", &[&modality(), &odd, &rows()], &[("00280009", &[0x18, 0, 0x63, 0x10]), FOUND_ROWS], &[(WrongLength, 0x0028_0009, here)]);
}

fn code(value: &[u8]) -> Vec<u8> {
    explicit(0x0008_0100, "SH", value)
}

fn after() -> Vec<u8> {
    explicit(0x0040_0280, "ST", b"text")
}

const FOUND_CODE: (&str, &[u8]) = ("00400275.0.00080100", b"CODE");
const FOUND_AFTER: (&str, &[u8]) = ("00400280", b"text");

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
        assert_eq!(value(&file.dataset, "00400280").as_deref(), Some(&b"text"[..]), "{wrong} for {right}: {:#?}", nodes(&file));
        let codes: Vec<Code> = filmless_core::check::check_file(&file).expect("checked").iter().map(|finding| finding.code).collect();
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
    explicit_file("item delimiter with a length", &[&name(), &open(&join(&[&long_delimiter, &END_SEQUENCE])), &after()], found,
        &[(DelimiterLength, 0xFFFE_E000, here + 12 + 8 + 12)]);
    let no_end = join(&[&tag(0xFFFE_E000), &[255; 4], &inner]);
    explicit_file("no item delimiter", &[&name(), &open(&join(&[&no_end, &END_SEQUENCE])), &after()], found,
        &[(MissingDelimiter, 0xFFFE_E000, here + 12)]);
    explicit_file("no item delimiter, another item", &[&name(), &open(&join(&[&no_end, &open_item(&inner), &END_SEQUENCE])), &after()],
        &[FOUND_CODE, ("00400275.1.00080100", b"CODE"), FOUND_AFTER], &[(MissingDelimiter, 0xFFFE_E000, here + 12)]);
    explicit_file("no sequence delimiter", &[&name(), &open(&open_item(&inner)), &after()], found, &[(MissingDelimiter, SEQUENCE, here)]);
    explicit_file("no sequence delimiter, defined item", &[&name(), &open(&item(&inner)), &after()], found, &[(MissingDelimiter, SEQUENCE, here)]);
    let twice = join(&[&open_item(&inner), &END_ITEM, &END_SEQUENCE]);
    explicit_file("item delimiter twice", &[&name(), &open(&twice), &after()], found,
        &[(StrayDelimiter, 0xFFFE_E00D, here + 12 + 8 + 12 + 8)]);
    let stray_end = join(&[&open(&join(&[&open_item(&inner), &END_SEQUENCE])), &END_SEQUENCE]);
    explicit_file("sequence delimiter twice", &[&name(), &stray_end, &after()], found,
        &[(StrayDelimiter, 0xFFFE_E0DD, here + 12 + 8 + 12 + 8 + 8)]);
    explicit_file("at top level", &[&END_ITEM, &name(), &after()], &[FOUND_NAME, FOUND_AFTER], &[(StrayDelimiter, 0xFFFE_E00D, at(&[]))]);
    let in_defined = explicit(SEQUENCE, "SQ", &join(&[&item(&inner), &END_SEQUENCE]));
    explicit_file("in a defined sequence", &[&name(), &in_defined, &after()], found, &[(StrayDelimiter, 0xFFFE_E0DD, here + 12 + 8 + 12)]);
    let after_defined = join(&[&explicit(SEQUENCE, "SQ", &item(&inner)), &END_SEQUENCE]);
    explicit_file("after a defined sequence", &[&name(), &after_defined, &after()], found, &[(StrayDelimiter, 0xFFFE_E0DD, here + 12 + 8 + 12)]);
    let after_item = explicit(SEQUENCE, "SQ", &join(&[&item(&join(&[&inner, &END_ITEM]))]));
    explicit_file("in a defined item", &[&name(), &after_item, &after()], found, &[(StrayDelimiter, 0xFFFE_E00D, here + 12 + 8 + 12)]);
}

#[test]
fn item_tags() {
    let here = at(&[&name()]);
    let odd = join(&[&[0x3F, 0x3F, 0x00, 0x3F], &12u32.to_le_bytes(), &code(b"CODE")]);
    explicit_file("3F3F", &[&name(), &explicit(SEQUENCE, "SQ", &odd), &after()], &[FOUND_CODE, FOUND_AFTER], &[(ItemTag, 0xFFFE_E000, here + 12)]);
    let empty = undefined(SEQUENCE, "SQ", &join(&[&open_item(&[]), &item(&[]), &END_SEQUENCE]));
    explicit_file("empty items", &[&name(), &empty, &after()], &[FOUND_NAME, FOUND_AFTER], &[]);
    let starter = undefined(SEQUENCE, "SQ", &END_SEQUENCE);
    explicit_file("no items", &[&name(), &starter, &after()], &[FOUND_NAME, FOUND_AFTER], &[]);
}

#[test]
fn undefined_length_without_end() {
    let here = at(&[&name()]);
    let open = undefined(SEQUENCE, "SQ", &join(&[&tag(0xFFFE_E000), &[255; 4], &code(b"CODE")]));
    explicit_file("to the end", &[&name(), &open], &[FOUND_NAME, FOUND_CODE],
        &[(MissingDelimiter, SEQUENCE, here), (MissingDelimiter, 0xFFFE_E000, here + 12)]);
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
    explicit_file("CP-246, private", &[&name(), &private, &unknown, &after()], &[("00291001.0.00080100", b"CODE"), FOUND_AFTER], &[]);
    let unknown = undefined(SEQUENCE, "UN", &join(&[&item(&code(b"CODE")), &END_SEQUENCE]));
    explicit_file("explicit inside", &[&name(), &unknown, &after()], &[FOUND_CODE, FOUND_AFTER], &[(ExplicitInImplicit, SEQUENCE, here)]);
    let unknown = explicit(SEQUENCE, "UN", &items);
    explicit_file("defined", &[&name(), &unknown, &after()], &[FOUND_CODE, FOUND_AFTER], &[]);
    let unknown = explicit(0x0029_1001, "UN", &items);
    explicit_file("defined, private", &[&name(), &private, &unknown, &after()], &[("00291001", &items), FOUND_AFTER], &[]);
    let _ = inside;
}

// Order

#[test]
fn order_and_duplicates() {
    let here = at(&[&name()]);
    explicit_file("unsorted", &[&name(), &modality(), &rows()], &[FOUND_MODALITY, FOUND_NAME, FOUND_ROWS], &[(UnsortedTag, MODALITY, here)]);
    let other = explicit(ID, "LO", b"0815");
    let here = at(&[&name(), &other]);
    explicit_file("duplicate", &[&name(), &other, &id(), &rows()], &[FOUND_ID, FOUND_ROWS], &[(DuplicateTag, ID, here)]);
    let far = at(&[&other, &rows()]);
    explicit_file("duplicate, not adjacent", &[&other, &rows(), &id()], &[FOUND_ID, FOUND_ROWS], &[(UnsortedTag, ID, far), (DuplicateTag, ID, far)]);
}

#[test]
fn group_lengths() {
    let here = at(&[]);
    let length = |field: u8| explicit(0x0010_0000, "UL", &[field, 0, 0, 0]);
    explicit_file("right", &[&length(28), &name(), &id(), &rows()], &[FOUND_ID], &[]);
    explicit_file("wrong", &[&length(30), &name(), &id(), &rows()], &[FOUND_ID], &[(GroupLength, 0x0010_0000, here)]);
    let unknown = explicit(0x0010_0000, "UN", &[28, 0, 0, 0]);
    explicit_file("as UN", &[&unknown, &name(), &id(), &rows()], &[FOUND_ID], &[]);
}

#[test]
fn padding_elements() {
    let padding = explicit(0xFFFC_FFFC, "OB", &[0; 8]);
    explicit_file("at the end", &[&name(), &padding], &[FOUND_NAME], &[]);
    let items = item(&join(&[&code(b"CODE"), &explicit(0xFFFC_FFFC, "OB", &[0; 4])]));
    explicit_file("in an item", &[&name(), &explicit(SEQUENCE, "SQ", &items), &after()], &[FOUND_CODE, FOUND_AFTER], &[]);
}

#[test]
fn big_endian_inside_little_endian() {
    let here = at(&[&name()]);
    let odd = big(ID, "LO", b"4711");
    explicit_file("element", &[&name(), &odd, &rows()], &[FOUND_ID, FOUND_ROWS], &[(ByteOrder, ID, here)]);
    let odd = big(COLUMNS, "US", &[0, 2]);
    let bytes = file(EXPLICIT, &join(&[&name(), &odd]));
    let file = verify("at the end", &bytes, &[("00280011", &[0, 2])], &[(ByteOrder, COLUMNS, here)]);
    let element = file.dataset.find(filmless_core::Tag(COLUMNS)).expect("Columns");
    assert!(element.is_big_endian());
}

// Pixel data

fn fragments(parts: &[&[u8]]) -> Vec<u8> {
    let items: Vec<Vec<u8>> = parts.iter().map(|part| item(part)).collect();
    items.concat()
}

#[test]
fn encapsulated_pixel_data() {
    let here = start(JPEG) + name().len() as u64;
    let whole = |items: &[u8], rest: &[u8]| file(JPEG, &join(&[&name(), &undefined(PIXELS, "OB", items), rest]));
    let code_stream = [0xFF, 0xD8, 0xFF, 0xD9];
    let right = fragments(&[&[], &code_stream]);
    let found: [(&str, &[u8]); 2] = [FOUND_NAME, ("7FE00010", &right)];
    verify("right", &whole(&right, &END_SEQUENCE), &found, &[]);
    verify("no delimiter", &whole(&right, &[]), &found, &[(MissingPixelDelimiter, PIXELS, here)]);
    let padding = explicit(0xFFFC_FFFC, "OB", &[0; 8]);
    verify("no delimiter, an element", &whole(&right, &padding), &[FOUND_NAME, ("7FE00010", &right), ("FFFCFFFC", &[0; 8])],
        &[(MissingPixelDelimiter, PIXELS, here)]);
    verify("none", &whole(&fragments(&[&[]]), &END_SEQUENCE), &[FOUND_NAME], &[(NoFragments, PIXELS, here)]);
    verify("nothing at all", &whole(&[], &END_SEQUENCE), &[FOUND_NAME], &[(NoFragments, PIXELS, here)]);
    for length in 0..4 {
        let short = fragments(&[&[], &code_stream, &code_stream[..length]]);
        verify("short fragments", &whole(&short, &END_SEQUENCE), &[FOUND_NAME, ("7FE00010", &short)], &[]);
    }
    let inside = fragments(&[&[], &join(&[&END_SEQUENCE, &END_ITEM, &item(&[])])]);
    verify("delimiter bytes inside", &whole(&inside, &END_SEQUENCE), &[("7FE00010", &inside)], &[]);
    for table in [&[9, 9, 9, 9][..], &[8, 0, 0, 0, 4, 0, 0, 0], &[0; 40]] {
        let odd = fragments(&[table, &code_stream]);
        verify("offset table", &whole(&odd, &END_SEQUENCE), &[("7FE00010", &odd)], &[]);
    }
    let mut cut = whole(&right, &[]);
    cut.truncate(cut.len() - 2);
    verify("cut in a fragment", &cut, &[FOUND_NAME], &[(MissingPixelDelimiter, PIXELS, here), (Truncated, PIXELS, here + 12 + 8)]);
}

#[test]
fn encapsulated_under_native_and_the_reverse() {
    let items = join(&[&fragments(&[&[], &[0xFF, 0xD8, 0xFF, 0xD9]]), &END_SEQUENCE]);
    let here = at(&[&name()]);
    explicit_file("encapsulated", &[&name(), &undefined(PIXELS, "OB", &items)], &[FOUND_NAME], &[(EncapsulatedNative, PIXELS, here)]);
    let bytes = file(JPEG, &join(&[&name(), &explicit(PIXELS, "OW", &[1, 2, 3, 4])]));
    let here = start(JPEG) + name().len() as u64;
    verify("native", &bytes, &[("7FE00010", &[1, 2, 3, 4])], &[(NativeEncapsulated, PIXELS, here)]);
    let icon = join(&[&explicit(ROWS, "US", &[1, 0]), &undefined(PIXELS, "OB", &items)]);
    let icons = explicit(0x0088_0200, "SQ", &item(&icon));
    let bytes = file(JPEG, &join(&[&name(), &icons]));
    verify("icon", &bytes, &[("00880200.0.00280010", &[1, 0])], &[]);
}

#[test]
fn native_pixel_data() {
    let here = at(&[&name()]);
    let mut cut = file(EXPLICIT, &join(&[&name(), &explicit(PIXELS, "OW", &[7; 64])]));
    cut.truncate(cut.len() - 10);
    verify("truncated", &cut, &[FOUND_NAME, ("7FE00010", &[7; 54])], &[(Truncated, PIXELS, here)]);
    explicit_file("odd", &[&name(), &explicit(PIXELS, "OB", &[7; 5])], &[("7FE00010", &[7; 5])], &[(OddLength, PIXELS, here)]);
    for odd in [12u8, 1] {
        let bits = explicit(0x0028_0100, "US", &[odd, 0]);
        let high = explicit(0x0028_0102, "US", &[200, 0]);
        explicit_file("header against the data", &[&bits, &high, &explicit(PIXELS, "OW", &[7; 6])], &[("7FE00010", &[7; 6])], &[]);
    }
    let descriptor = explicit(0x0028_1101, "US", &[0, 0, 0, 0, 16, 0]);
    explicit_file("65,536 as 0", &[&descriptor], &[("00281101", &[0, 0, 0, 0, 16, 0])], &[]);
    let overlay = join(&[&explicit(0x6000_0050, "SS", &[0xF0, 0xFF, 1, 0]), &explicit(0x6000_3000, "OW", &[1; 34])]);
    explicit_file("overlay", &[&name(), &overlay], &[("60003000", &[1; 34])], &[]);
}

// Text and values

/// Verifies that one element, alone in its file, has these findings.
fn one_value(number: u32, vr: &str, bytes: &[u8], codes: &[Code]) {
    let expected: Vec<Expected> = codes.iter().map(|&code| (code, number, at(&[]))).collect();
    let label = format!("{vr} {}", String::from_utf8_lossy(bytes));
    explicit_file(&label, &[&explicit(number, vr, bytes)], &[(&format!("{number:08X}"), bytes)], &expected);
}

#[test]
fn character_sets() {
    one_value(0x0008_0005, "CS", b"", &[]);
    one_value(0x0008_0005, "CS", b"ISO_IR 100", &[]);
    one_value(0x0008_0005, "CS", b"ISO-IR 100", &[MisspeltCharacterSet, ValueCharacters]);
    one_value(0x0008_0005, "CS", b"KLINGON ", &[UnknownCharacterSet]);
    one_value(NAME, "PN", b"Buc^J\xE9r\xF4me", &[UndecodableText]);
    one_value(NAME, "PN", b"Yamada^\x1B$B;3\x1B(B ", &[UndeclaredEscape]);
    let set = explicit(0x0008_0005, "CS", b"ISO_IR 192");
    explicit_file("not the real one", &[&set, &explicit(NAME, "PN", b"Buc^J\xE9r\xF4me")], &[("00100010", b"Buc^J\xE9r\xF4me")],
        &[(UndecodableText, NAME, at(&[&set]))]);
}

#[test]
fn text_values() {
    one_value(NAME, "PN", b"A=B=C=D=", &[ValueForm]);
    one_value(NAME, "PN", b"A^B^C^D^E^F ", &[ValueForm]);
    one_value(NAME, "PN", b"A^B^C^D^E=F=G ", &[]);
    one_value(ID, "LO", b"a\nb ", &[ValueCharacters]);
    one_value(ID, "LO", b"a\tb ", &[ValueCharacters]);
    one_value(ID, "LO", b"a\0b ", &[ValueCharacters]);
    one_value(ID, "LO", b"abc\0", &[ValuePadding]);
    one_value(ID, "LO", &[b'a'; 66], &[ValueTooLong]);
    one_value(0x0010_4000, "LT", b"two\r\nlines\ttabs ", &[]);
    one_value(0x0008_0018, "UI", b"1.2.3.4\0", &[]);
    one_value(0x0008_0018, "UI", b"1.2.3.4 ", &[ValuePadding]);
    one_value(0x0008_0018, "UI", b"1.2.34\0\0", &[ValuePadding]);
    one_value(0x0008_0018, "UI", b"1.02.3\0\0", &[ValueForm, ValuePadding]);
    one_value(0x0008_0018, "UI", b" 1.2.3", &[ValueCharacters]);
    one_value(0x0008_0018, "UI", &[b'1'; 66], &[ValueTooLong]);
    one_value(0x0008_0008, "CS", b"ORIGINAL\\primary", &[ValueCharacters]);
    one_value(0x0008_0008, "CS", b"ORIGINAL\\PRIMARY\\AXIAL", &[]);
    one_value(0x0010_1010, "AS", b"042Y", &[]);
    one_value(0x0010_1010, "AS", b"42Y ", &[ValueForm]);
}

#[test]
fn numbers_as_text() {
    one_value(0x0018_0050, "DS", b" 1.5E-3 ", &[]);
    one_value(0x0018_0050, "DS", b"1.23456789012345678 ", &[ValueTooLong]);
    one_value(0x0018_0050, "DS", b"1,5 ", &[ValueCharacters]);
    one_value(0x0018_0050, "DS", b"NaN ", &[ValueCharacters]);
    one_value(0x0018_0050, "DS", b"1.2.3 ", &[ValueForm]);
    one_value(0x0028_0030, "DS", b"0.5\\", &[]);
    one_value(0x0020_0013, "IS", b"12", &[]);
    one_value(0x0020_0013, "IS", b"12.0", &[ValueCharacters]);
    one_value(0x0020_0013, "IS", b"2147483648", &[ValueForm]);
}

#[test]
fn dates_and_times() {
    one_value(0x0008_0020, "DA", b"20240229", &[]);
    one_value(0x0008_0020, "DA", b"1993.08.22", &[ValueForm]);
    one_value(0x0008_0020, "DA", b"20241301", &[ValueForm]);
    one_value(0x0008_0030, "TM", b"235960.123456 ", &[]);
    one_value(0x0008_0030, "TM", b"12:30:59", &[ValueForm]);
    one_value(0x0008_0030, "TM", b"2530", &[ValueForm]);
    one_value(0x0008_002A, "DT", b"20240229123059.5+0130 ", &[]);
    one_value(0x0008_002A, "DT", b"2024", &[]);
    one_value(0x0008_002A, "DT", b"20241329", &[ValueForm]);
}

#[test]
fn multiplicities_and_units() {
    one_value(0x0008_0060, "CS", b"MR\\CT ", &[ValueMultiplicity]);
    one_value(0x0028_0030, "DS", b"1\\2\\3 ", &[ValueMultiplicity]);
    one_value(ROWS, "US", &[1, 0, 2, 0], &[ValueMultiplicity]);
    one_value(ROWS, "US", &[1, 0, 2], &[OddLength, ValueLength]);
    one_value(0x0028_0009, "AT", b"0028", &[]);
    one_value(0x0028_0009, "AT", b"00181063", &[ValueForm]);
    one_value(0x0009_1001, "LO", b"ab", &[MissingCreator]);
}
