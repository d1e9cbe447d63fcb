//! Reading through windows: long values stay in the file, and what is found does not depend on what is in memory.

mod support;

use filmless_core::file::{Encoding, ReadOptions, read_path};
use filmless_core::{Tag, check};
use support::*;

/// Long values, sequences and fragments around the sizes at which the reader passes over or loads more.
fn long_file(size: usize) -> Vec<u8> {
    let inner = join(&[&explicit(0x0008_0100, "SH", b"CODE"), &explicit(0x0008_0119, "UC", &vec![b'u'; size & !1])]);
    let items = item(&inner).repeat(3);
    join(&[
        &explicit(0x0008_0060, "CS", b"MR"),
        &explicit(0x0010_4000, "LT", &vec![b'l'; (size & !1).min(10_240)]),
        &explicit(0x0029_0010, "LO", b"OWNER "),
        &explicit(0x0029_1001, "OB", &vec![1; size & !1]),
        &explicit(0x0040_0275, "SQ", &items),
        &undefined(0x0040_A730, "SQ", &join(&[&items, &open_item(&inner), &END_SEQUENCE])),
        &explicit(0x0042_0011, "OB", &vec![2; size & !1]),
        &explicit(0x0042_0012, "LO", b"text/xml"),
    ])
}

const SIZES: [usize; 9] = [2, 4_094, 4_096, 4_098, 12_000, 12_288, 13_000, 50_000, 200_000];

#[test]
fn windows_find_what_one_look_finds() {
    for size in SIZES {
        let bytes = file(EXPLICIT, &long_file(size));
        let temporary = Temporary::new(&bytes);
        let by_path = read_path(&temporary.0, &ReadOptions::default()).expect("readable");
        let whole = read(&bytes).expect("readable");
        assert_eq!(nodes(&by_path), nodes(&whole), "{size}");
        assert_eq!(check::check_file(&whole).expect("checked"), [], "{size}");
        assert_eq!(check::check_file(&by_path).expect("checked"), [], "{size}");
        for path in ["00291001", "00420012", "00400275.2.00080119", "0040A730.3.00080119"] {
            let found = value(&by_path.dataset, path);
            assert!(found.is_some() && found == value(&whole.dataset, path), "{size} {path}");
        }
        let start = start(EXPLICIT);
        let one_look = parse(&bytes, start, Encoding::EXPLICIT_LITTLE, None);
        for step in [0, 1, 7, 4_096] {
            assert!(parse(&bytes, start, Encoding::EXPLICIT_LITTLE, Some(step)) == one_look, "{size} {step}");
        }
    }
}

#[test]
fn fragments_are_passed_over() {
    for size in SIZES {
        let fragments: Vec<u8> =
            std::iter::once(item(&[])).chain((0..20).map(|_| item(&vec![7; size & !1]))).flatten().collect();
        let after = explicit(0xFFFC_FFFC, "OB", &[0; 8]);
        for end in [&END_SEQUENCE[..], &[]] {
            let body = join(&[
                &explicit(0x0010_0010, "PN", b"Doe^Jane"),
                &undefined(0x7FE0_0010, "OB", &fragments),
                end,
                &after,
            ]);
            let bytes = file(JPEG, &body);
            let temporary = Temporary::new(&bytes);
            let by_path = read_path(&temporary.0, &ReadOptions::default()).expect("readable");
            let whole = read(&bytes).expect("readable");
            assert!(value(&by_path.dataset, "7FE00010").as_deref() == Some(&fragments[..]), "{size}");
            assert_eq!(value(&by_path.dataset, "FFFCFFFC").as_deref(), Some(&[0; 8][..]), "{size}");
            assert_eq!(nodes(&by_path), nodes(&whole), "{size}");
            let findings = check::check_file(&by_path).expect("checked");
            assert_eq!(findings, check::check_file(&whole).expect("checked"), "{size}");
            assert_eq!(findings.is_empty(), !end.is_empty(), "{size}");
        }
    }
}

#[test]
fn a_long_value_of_the_wrong_length_is_read_again_from_a_path_too() {
    // After 13 for 10 the reader must look back; before it lies a value that is not in memory.
    let odd = join(&[&header(0x0042_0010, b"ST", &[13, 0]), b"0123456789"]);
    for size in SIZES {
        let bytes = file(
            EXPLICIT,
            &join(&[
                &explicit(0x0029_0010, "LO", b"OWNER "),
                &explicit(0x0029_1001, "OB", &vec![1; size]),
                &odd,
                &explicit(0x0042_0012, "LO", b"text/xml"),
            ]),
        );
        let found: [(&str, &[u8]); 2] = [("00420010", b"0123456789"), ("00420012", b"text/xml")];
        let offset = start(EXPLICIT) + 14 + 12 + size as u64;
        verify("13", &bytes, &found, &[(filmless_core::Code::WrongLength, 0x0042_0010, offset)]);
    }
}

#[test]
fn reading_stops_before_a_tag() {
    let bytes = file(EXPLICIT, &long_file(5_000));
    let options = ReadOptions { stop: Some(Tag(0x0040_0000)), ..ReadOptions::default() };
    let temporary = Temporary::new(&bytes);
    let stopped = read_path(&temporary.0, &options).expect("readable");
    assert!(value(&stopped.dataset, "00291001").is_some());
    assert_eq!(value(&stopped.dataset, "00400275"), None);
    assert_eq!(check::check_file(&stopped).expect("checked"), []);
}

#[test]
fn what_is_no_dicom_is_refused_unless_forced() {
    let text = b"This is a letter, and no header of any kind stands in it.".repeat(10);
    let plain = filmless_core::file::read_bytes(std::sync::Arc::new(text.clone()), &ReadOptions::default());
    assert!(matches!(plain, Err(filmless_core::Error::Format { .. })));
    assert!(read(&text).is_ok());
    for length in 0..200 {
        let _ = filmless_core::file::read_bytes(std::sync::Arc::new(vec![0; length]), &ReadOptions::default());
    }
}

#[test]
fn the_declared_encoding_is_believed_when_it_can_be() {
    let cases: [(&str, Vec<u8>); 5] = [
        (EXPLICIT, explicit(0x2200_0005, "LT", b"ABCD")),
        (EXPLICIT, explicit(0x2201_0010, "LO", b"OWNER ")),
        (EXPLICIT, explicit(0x3300_0010, "LO", b"OWNER ")),
        (IMPLICIT, implicit(0x2200_0005, b"ABCD")),
        (IMPLICIT, implicit(0x2201_0010, b"OWNER ")),
    ];
    for (syntax, element) in cases {
        let found = read(&file(syntax, &element)).expect("readable");
        assert_eq!(check::check_file(&found).expect("checked"), [], "{syntax} {element:?}");
        assert_eq!(found.dataset.elements().expect("elements").len(), 1, "{syntax} {element:?}");
    }
}

#[test]
fn an_empty_deflated_data_set_is_whole() {
    let found = read(&file(DEFLATED, &[3, 0])).expect("readable");
    assert_eq!(check::check_file(&found).expect("checked"), []);
    assert!(found.dataset.is_empty());
}
