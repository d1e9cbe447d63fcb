//! Part 10, meta information and value representations: a file for each way in which real files break the Standard.
//! Of each: the elements that must be found, the findings, and all that [`support::verify`] asserts.

mod support;

use filmless_core::Code::*;
use support::*;

// Part 10 and meta

#[test]
fn nothing_is_found_in_a_right_file() {
    explicit_file(
        "right",
        &[&modality(), &name(), &id(), &rows()],
        &[FOUND_MODALITY, FOUND_NAME, FOUND_ID, FOUND_ROWS],
        &[],
    );
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
    let meta = join(&[&implicit(0x0002_0000, &26u32.to_le_bytes()), &implicit(0x0002_0010, b"1.2.840.10008.1.2\0")]);
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
    for (declared, data_set) in [
        (EXPLICIT, &in_implicit),
        (IMPLICIT, &in_explicit),
        (EXPLICIT, &in_big),
        (BIG, &in_explicit),
        (BIG, &in_implicit),
    ] {
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
    let findings =
        [(MissingPreamble, 0, 0), (MissingMeta, 0, 0), (GroupLength, 0x0008_0000, 0), (AcrNema, 0x0008_0010, 12)];
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
        explicit_file(
            kind,
            &[&modality(), &name(), &rest],
            &[FOUND_NAME],
            &[(TrailingData, tag, at(&[&modality(), &name()]))],
        );
    }
    let garbage = [0xA7; 40];
    explicit_file(
        "garbage",
        &[&modality(), &name(), &garbage],
        &[FOUND_NAME],
        &[(TrailingData, tag, at(&[&modality(), &name()]))],
    );
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
    explicit_file(
        "element",
        &[&modality(), &name(), &odd, &rows()],
        &[FOUND_ID, FOUND_ROWS],
        &[(ImplicitInExplicit, ID, here)],
    );
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
    explicit_file(
        "private group",
        &[&name(), &group, &explicit(0x0040_0009, "SH", b"id")],
        &[("00291001", b"abcd"), ("00400009", b"id")],
        &findings,
    );
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
    explicit_file(
        "UN, 16 bits",
        &[&name(), &private, &short, &after],
        &[("00291001", b"abcd"), ("00400009", b"id")],
        &[(ShortLengthField, 0x0029_1001, inside)],
    );
    let long = join(&[&header(ID, b"LO", &[0, 0, 4, 0, 0, 0]), b"4711"]);
    explicit_file("LO, 32 bits", &[&name(), &long, &rows()], &[FOUND_ID, FOUND_ROWS], &[(LongLengthField, ID, here)]);
}

#[test]
fn reserved_bytes_that_are_not_zero() {
    let here = at(&[&name()]);
    let odd = join(&[&header(0x0042_0011, b"OB", &[0x20, 0x33, 4, 0, 0, 0]), b"%PDF"]);
    explicit_file(
        "reserved",
        &[&name(), &odd, &explicit(0x0042_0012, "LO", b"type")],
        &[("00420011", b"%PDF"), ("00420012", b"type")],
        &[(ReservedBytes, 0x0042_0011, here)],
    );
}

#[test]
fn wrong_vr_for_a_known_tag() {
    let here = at(&[&name()]);
    explicit_file("LO as SH", &[&name(), &explicit(ID, "SH", b"4711")], &[FOUND_ID], &[(WrongVr, ID, here)]);
    let minimum = explicit(0x0028_0106, "US", &[0, 0x80]);
    explicit_file(
        "US where SS is meant, which the dictionary leaves open",
        &[&rows(), &minimum],
        &[("00280106", &[0, 0x80])],
        &[],
    );
}
