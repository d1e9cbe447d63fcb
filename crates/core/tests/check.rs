//! Checking: everything is walked, nothing is named twice, and a part is judged as a part.

mod support;

use std::time::{Duration, Instant};

use filmless_core::check::{check, check_file};
use filmless_core::dataset::{Dataset, Element};
use filmless_core::file::{ReadOptions, read_path};
use filmless_core::{Code, Tag, Vr};
use support::*;

const SEQUENCE: Tag = Tag(0x0040_0275);

#[test]
fn long_sequences_and_what_follows_the_pixel_data_are_walked() {
    let inner = item(&join(&[&code(b"CODE"), &explicit(0x0008_0104, "LO", b"a\tb ")]));
    let items = inner.repeat(300);
    let pixels = undefined(0x7FE0_0010, "OB", &join(&[&item(&[]), &item(b"abcd"), &END_SEQUENCE]));
    let late = explicit(0xFFFC_FFFC, "OB", &[0; 3]);
    let bytes = file(JPEG, &join(&[&explicit(SEQUENCE.0, "SQ", &items), &pixels, &late]));
    let temporary = Temporary::new(&bytes);
    let on_disk = read_path(&temporary.0, &ReadOptions::default()).expect("readable");
    let mut expected: Vec<_> =
        (0..300).map(|index| (Code::ValueCharacters, start(JPEG) + 12 + index * inner.len() as u64 + 8 + 12)).collect();
    expected.push((Code::OddLength, bytes.len() as u64 - late.len() as u64));
    let found: Vec<_> =
        check_file(&on_disk).expect("checked").iter().map(|finding| (finding.code, finding.offset)).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_item_is_judged_alone() {
    let odd = item(&explicit(0x0008_0100, "SH", b"COD"));
    let body = join(&[
        &explicit(0x0010_0020, "LO", b"471"),
        &explicit(SEQUENCE.0, "SQ", &join(&[&odd, &item(&code(b"CODE"))])),
    ]);
    let original = read(&file(EXPLICIT, &body)).expect("readable");
    let items = original.dataset.items(SEQUENCE).expect("items");
    let codes =
        |dataset: &Dataset| check(dataset).expect("checked").iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes(&items[0]), [Code::OddLength]);
    assert_eq!(codes(&items[1]), []);
    // The ID, the item's text, and with it the sequence.
    assert_eq!(codes(&original.dataset), [Code::OddLength; 3]);
}

#[test]
fn what_was_set_is_judged_too() {
    let mut dataset = Dataset::new();
    dataset.set(Tag(0x0008_0060), Element::text(Vr::CS, "mr"));
    dataset.set(Tag(0x0010_0010), Element::text(Vr::PN, "Doe^Jane"));
    dataset.set(Tag(0x0028_0010), Element::bytes(Vr::US, [1, 0, 2, 0]));
    let found: Vec<_> = check(&dataset).expect("checked").iter().map(|finding| (finding.code, finding.tag)).collect();
    assert_eq!(
        found,
        [(Code::ValueCharacters, Some(Tag(0x0008_0060))), (Code::ValueMultiplicity, Some(Tag(0x0028_0010)))]
    );
}

#[test]
fn findings_are_bounded() {
    let body = item(&explicit(0x0008_0100, "SH", b"a\tb ")).repeat(30_000);
    let bytes = file(EXPLICIT, &explicit(SEQUENCE.0, "SQ", &body));
    let started = Instant::now();
    let found = check_file(&read(&bytes).expect("readable")).expect("checked");
    assert_eq!(found.len(), 10_000);
    assert!(started.elapsed() < Duration::from_secs(10), "a hang");
}
