//! Order, pixel data, text and values: a file for each way in which real files break the Standard, and for legal ones that are hard.
//! Of each: the elements that must be found, the findings, and all that [`support::verify`] asserts.

mod support;

use filmless_core::Code::{self, *};
use support::*;

// Order

#[test]
fn order_and_duplicates() {
    let here = at(&[&name()]);
    explicit_file(
        "unsorted",
        &[&name(), &modality(), &rows()],
        &[FOUND_MODALITY, FOUND_NAME, FOUND_ROWS],
        &[(UnsortedTag, MODALITY, here)],
    );
    let other = explicit(ID, "LO", b"0815");
    let here = at(&[&name(), &other]);
    explicit_file(
        "duplicate",
        &[&name(), &other, &id(), &rows()],
        &[FOUND_ID, FOUND_ROWS],
        &[(DuplicateTag, ID, here)],
    );
    let far = at(&[&other, &rows()]);
    explicit_file(
        "duplicate, not adjacent",
        &[&other, &rows(), &id()],
        &[FOUND_ID, FOUND_ROWS],
        &[(UnsortedTag, ID, far), (DuplicateTag, ID, far)],
    );
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
    explicit_file(
        "in an item",
        &[&name(), &explicit(SEQUENCE, "SQ", &items), &after()],
        &[FOUND_CODE, FOUND_AFTER],
        &[],
    );
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
    verify(
        "no delimiter, an element",
        &whole(&right, &padding),
        &[FOUND_NAME, ("7FE00010", &right), ("FFFCFFFC", &[0; 8])],
        &[(MissingPixelDelimiter, PIXELS, here)],
    );
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
    verify(
        "cut in a fragment",
        &cut,
        &[FOUND_NAME],
        &[(MissingPixelDelimiter, PIXELS, here), (Truncated, PIXELS, here + 12 + 8)],
    );
}

#[test]
fn encapsulated_under_native_and_the_reverse() {
    let items = join(&[&fragments(&[&[], &[0xFF, 0xD8, 0xFF, 0xD9]]), &END_SEQUENCE]);
    let here = at(&[&name()]);
    explicit_file(
        "encapsulated",
        &[&name(), &undefined(PIXELS, "OB", &items)],
        &[FOUND_NAME],
        &[(EncapsulatedNative, PIXELS, here)],
    );
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
    explicit_file(
        "odd",
        &[&name(), &explicit(PIXELS, "OB", &[7; 5])],
        &[("7FE00010", &[7; 5])],
        &[(OddLength, PIXELS, here)],
    );
    for odd in [12u8, 1] {
        let bits = explicit(0x0028_0100, "US", &[odd, 0]);
        let high = explicit(0x0028_0102, "US", &[200, 0]);
        explicit_file(
            "header against the data",
            &[&bits, &high, &explicit(PIXELS, "OW", &[7; 6])],
            &[("7FE00010", &[7; 6])],
            &[],
        );
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
    explicit_file(
        "not the real one",
        &[&set, &explicit(NAME, "PN", b"Buc^J\xE9r\xF4me")],
        &[("00100010", b"Buc^J\xE9r\xF4me")],
        &[(UndecodableText, NAME, at(&[&set]))],
    );
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
