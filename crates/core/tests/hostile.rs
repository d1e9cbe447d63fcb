//! Files made to hurt: lengths that lie, depth, bombs. Each is read or refused at once, and costs no more than its size.
//! (The time guards are ten times what is expected, in a debug build on a slow machine.)

#![allow(clippy::needless_pass_by_value, clippy::trivially_copy_pass_by_ref)]

mod support;

use std::io::Write;
use std::time::{Duration, Instant};

use filmless_core::file::{Limits, ReadOptions, WriteOptions, read_bytes};
use filmless_core::{Error, check};
use support::*;

const GUARD: Duration = Duration::from_secs(10);

fn in_time<T>(name: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    assert!(start.elapsed() < GUARD, "{name} took {:?}", start.elapsed());
    result
}

/// Reads and walks everything; the error, if that is refused.
fn everything(bytes: &[u8]) -> Result<(), Error> {
    let file = read(bytes)?;
    check::check_file(&file)?;
    assert_eq!(written(&file, &WriteOptions::default()), bytes);
    Ok(())
}

fn is_limit(result: Result<(), Error>, name: &str) -> bool {
    matches!(result, Err(Error::Limit { limit, .. }) if limit == name)
}

#[test]
fn a_hundred_thousand_levels_of_undefined_length() {
    let private = explicit(0x0029_0010, "LO", b"OWNER ");
    for letters in ["SQ", "UN"] {
        for close in [true, false] {
            let mut body = private.clone();
            for level in 0..100_000 {
                let implicit_inside = letters == "UN" && level > 0;
                body.extend(if implicit_inside {
                    join(&[&tag(0x0029_1001), &[255; 4]])
                } else {
                    undefined(0x0029_1001, letters, &[])
                });
                body.extend(join(&[&tag(0xFFFE_E000), &[255; 4]]));
            }
            if close {
                for _ in 0..100_000 {
                    body.extend([END_ITEM, END_SEQUENCE].concat());
                }
            }
            let bytes = file(EXPLICIT, &body);
            assert!(is_limit(in_time(letters, || everything(&bytes)), "max_depth"), "{letters} {close}");
        }
    }
    let mut body = Vec::new();
    for _ in 0..100_000 {
        body.extend(join(&[&tag(0x0040_0275), &[255; 4], &tag(0xFFFE_E000), &[255; 4]]));
    }
    assert!(is_limit(in_time("implicit", || everything(&file(IMPLICIT, &body))), "max_depth"));
}

/// Sequences of defined length inside each other, built from the inside without copying.
fn nested(levels: usize, letters: &[u8; 2]) -> Vec<u8> {
    let mut headers = Vec::new();
    let mut length = 0u32;
    for _ in 0..levels {
        headers.push(join(&[
            &header(0x0040_0275, letters, &[0, 0]),
            &(length + 8).to_le_bytes(),
            &tag(0xFFFE_E000),
            &length.to_le_bytes(),
        ]));
        length += 20;
    }
    headers.reverse();
    headers.concat()
}

#[test]
fn a_hundred_thousand_levels_of_defined_length() {
    let bytes = file(EXPLICIT, &nested(100_000, b"SQ"));
    assert!(is_limit(in_time("defined", || everything(&bytes)), "max_depth"));
    let temporary = Temporary::new(&bytes);
    let file_on_disk = filmless_core::file::read_path(&temporary.0, &ReadOptions::default());
    let checked = in_time("from a path", || file_on_disk.and_then(|file| check::check_file(&file)));
    assert!(matches!(checked, Err(Error::Limit { limit: "max_depth", .. })));
}

#[test]
fn the_deepest_that_is_accepted() {
    let bytes = file(EXPLICIT, &nested(128, b"SQ"));
    everything(&bytes).expect("128 levels");
    let read_file = read(&bytes).expect("readable");
    let copy = read_file.clone();
    let repaired = written(&copy, &WriteOptions { repair: true, ..WriteOptions::default() });
    assert_eq!(repaired.len(), bytes.len() + repaired.len() - bytes.len());
    everything(&repaired).expect("rewritten");
    assert!(is_limit(everything(&file(EXPLICIT, &nested(129, b"SQ"))), "max_depth"));
}

#[test]
fn stray_delimiters() {
    let body = join(&[&explicit(0x0010_0010, "PN", b"Doe "), &END_SEQUENCE.repeat(10 << 17)]);
    let bytes = file(EXPLICIT, &body);
    in_time("delimiters", || everything(&bytes)).expect("read");
    let inside = undefined(0x0040_0275, "SQ", &join(&[&tag(0xFFFE_E000), &[255; 4], &END_ITEM.repeat(10 << 17)]));
    in_time("inside", || everything(&file(EXPLICIT, &inside))).expect("read");
}

#[test]
fn many_elements_of_one_tag() {
    let body = explicit(0x0010_0020, "LO", b"4711").repeat(65_535);
    in_time("duplicates", || everything(&file(EXPLICIT, &body))).expect("read");
    let body = join(&[&explicit(0x0010_0020, "LO", b"4711"), &explicit(0x0010_0010, "PN", b"Doe ")]).repeat(40_000);
    in_time("out of order", || everything(&file(EXPLICIT, &body))).expect("read");
    let body: Vec<u8> = (0..200_000u32).flat_map(|number| implicit(0x0029_0000 | (number & 0xFFFF), b"ab")).collect();
    in_time("unknown", || everything(&file(IMPLICIT, &body))).expect("read");
}

#[test]
fn many_elements_that_look_back() {
    let odd = join(&[&header(0x0010_0020, b"LO", &[3, 0]), b"abc "]);
    in_time("wrong lengths", || everything(&file(EXPLICIT, &odd.repeat(50_000)))).expect("read");
    let sequence = explicit(0x0040_0275, "SQ", &item(&odd.repeat(300)));
    in_time("in sequences", || everything(&file(EXPLICIT, &sequence.repeat(200)))).expect("read");
    let garbage: Vec<u8> = (0..1u32 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        in_time("garbage", || everything(&file(syntax, &garbage))).expect("read");
    }
}

#[test]
fn an_element_limit() {
    let body = explicit(0x0010_0020, "LO", b"4711").repeat(2_000);
    let limits = Limits { elements: 1_000, ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let result = read_bytes(std::sync::Arc::new(file(EXPLICIT, &body)), &options);
    assert!(matches!(result, Err(Error::Limit { limit: "max_elements", maximum: 1_000, .. })));
}

#[test]
fn a_value_of_four_gigabytes_in_a_kilobyte() {
    const LENGTH: [u8; 4] = [0xFE, 0xFF, 0xFF, 0xFF];
    let rest = [7; 1000];
    let in_explicit = join(&[&header(0x0042_0011, b"OB", &[0, 0]), &LENGTH, &rest]);
    let in_implicit = join(&[&tag(0x0042_0011), &LENGTH, &rest]);
    let in_big = join(&[&[0, 0x42, 0, 0x11], b"OB\0\0\xFF\xFF\xFF\xFE", &rest]);
    for (syntax, body) in [(EXPLICIT, &in_explicit), (IMPLICIT, &in_implicit), (BIG, &in_big)] {
        let found: (&str, &[u8]) = ("00420011", &rest);
        verify(syntax, &file(syntax, body), &[found], &[(filmless_core::Code::Truncated, 0x0042_0011, start(syntax))]);
    }
    let item_of = join(&[&tag(0xFFFE_E000), &LENGTH, &in_explicit]);
    let sequence = join(&[&header(0x0040_0275, b"SQ", &[0, 0]), &LENGTH, &item_of]);
    let read_file = read(&file(EXPLICIT, &sequence)).expect("readable");
    assert_eq!(value(&read_file.dataset, "00400275.0.00420011").as_deref(), Some(&rest[..]));
    everything(&file(EXPLICIT, &sequence)).expect("read");
    let meta = join(&[&header(0x0002_0102, b"OB", &[0, 0]), &LENGTH, &rest]);
    everything(&part10(&meta)).expect("read");
    let fragment = undefined(0x7FE0_0010, "OB", &join(&[&item(&[]), &tag(0xFFFE_E000), &LENGTH, &rest]));
    everything(&file(JPEG, &join(&[&explicit(0x0010_0010, "PN", b"Doe "), &fragment]))).expect("read");
}

#[test]
fn an_item_past_its_sequence() {
    let inner = explicit(0x0008_0100, "SH", b"CODE");
    let long_item = join(&[&tag(0xFFFE_E000), &[0xFF, 0, 0, 0], &inner]);
    let after = explicit(0x0040_0280, "ST", b"text");
    let bytes = file(EXPLICIT, &join(&[&explicit(0x0040_0275, "SQ", &long_item), &after]));
    let read_file = read(&bytes).expect("readable");
    assert_eq!(value(&read_file.dataset, "00400275.0.00080100").as_deref(), Some(&b"CODE"[..]));
    assert_eq!(value(&read_file.dataset, "00400280").as_deref(), Some(&b"text"[..]));
    everything(&bytes).expect("read");
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("deflated");
    encoder.finish().expect("deflated")
}

#[test]
fn a_deflate_bomb() {
    let bomb = deflated(&explicit(0x7FE0_0010, "OB", &vec![0; 48 << 20]));
    assert!(bomb.len() < 1 << 20);
    let bytes = file(DEFLATED, &bomb);
    assert!(is_limit(in_time("bomb", || everything(&bytes)), "max_inflated"));
    let limits = Limits { inflated: Some(64 << 20), ..Limits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    assert!(read_bytes(std::sync::Arc::new(bytes), &options).is_ok());
}

#[test]
fn damaged_deflated_data() {
    let data_set =
        join(&[&explicit(0x0008_0060, "CS", b"MR"), &explicit(0x0010_4000, "LT", &b"0123456789abcdef".repeat(60)[..])]);
    let whole = deflated(&data_set);
    for cut in 0..whole.len() {
        everything(&file(DEFLATED, &whole[..cut]))
            .unwrap_or_else(|error| assert!(!matches!(error, Error::Io(_)), "{error}"));
    }
    let mut codes = Vec::new();
    let cut = read(&file(DEFLATED, &whole[..whole.len() - 3])).expect("readable");
    codes.extend(cut.findings.iter().map(|finding| finding.code));
    assert_eq!(codes, [filmless_core::Code::DeflateDamaged]);
    assert_eq!(value(&cut.dataset, "00080060").as_deref(), Some(&b"MR"[..]));
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        let _ = in_time("damaged", || everything(&file(DEFLATED, &damaged)));
    }
}

#[test]
fn every_cut_and_every_changed_byte() {
    let items =
        join(&[&item(&explicit(0x0008_0100, "SH", b"CODE")), &open_item(&explicit(0x0008_0104, "LO", b"Mean"))]);
    let body = join(&[
        &explicit(0x0008_0060, "CS", b"MR"),
        &explicit(0x0010_0010, "PN", b"Doe^Jane"),
        &undefined(0x0040_0275, "SQ", &join(&[&items, &END_SEQUENCE])),
        &explicit(0x0040_A730, "SQ", &items),
        &undefined(0x7FE0_0010, "OB", &join(&[&item(&[]), &item(b"abcd"), &END_SEQUENCE])),
    ]);
    let whole = file(EXPLICIT, &body);
    for cut in 0..whole.len() {
        let _ = everything(&whole[..cut]);
    }
    for at in 132..whole.len() {
        for value in [0x00, 0x01, 0x0D, 0x7F, 0xFE, 0xFF] {
            let mut changed = whole.clone();
            changed[at] = value;
            let _ = everything(&changed);
        }
    }
}
