//! Whether two data sets mean the same.

use filmless_core::compare::same;
use filmless_core::dataset::{Dataset, Element};
use filmless_core::{Tag, Vr};

fn of(tag: u32, element: Element) -> Dataset {
    let mut dataset = Dataset::new();
    dataset.set(Tag(tag), element);
    dataset
}

fn equal(tag: u32, left: Element, right: Element) -> bool {
    let (left, right) = (of(tag, left), of(tag, right));
    assert_eq!(same(&left, &right).unwrap(), same(&right, &left).unwrap());
    same(&left, &right).unwrap()
}

#[test]
fn encoding_does_not_count() {
    assert!(equal(0x0010_0020, Element::text(Vr::LO, "a"), Element::bytes(Vr::LO, b"a ".to_vec())));
    let big = Element { big_endian: true, ..Element::bytes(Vr::US, [0, 1]) };
    assert!(equal(0x0028_0010, Element::bytes(Vr::US, [1, 0]), big));
    assert!(equal(0x0028_0030, Element::text(Vr::DS, "1.50\\nan"), Element::text(Vr::DS, "+1.5 \\NaN")));
    assert!(equal(0x0010_0010, Element::text(Vr::PN, "a^b^^=c^="), Element::text(Vr::PN, "a^b=c")));
    assert!(equal(0x0010_0010, Element::text(Vr::PN, "^^"), Element::text(Vr::PN, "")));
    assert!(equal(0x0018_9087, Element::bytes(Vr::FD, f64::NAN.to_le_bytes()), Element::bytes(Vr::FD, (-f64::NAN).to_le_bytes())));
    assert!(equal(0x0008_0005, Element::text(Vr::CS, "ISO_IR 100"), Element::text(Vr::CS, "ISO_IR 192")));
    assert!(same(&of(0x0008_0000, Element::bytes(Vr::UL, [0; 4])), &Dataset::new()).unwrap());
}

#[test]
fn values_representations_and_tags_count() {
    assert!(!equal(0x0010_0020, Element::text(Vr::LO, "a"), Element::text(Vr::LO, "b")));
    assert!(!equal(0x0010_0020, Element::text(Vr::LO, "a"), Element::text(Vr::LO, " a")));
    assert!(!equal(0x0010_0020, Element::text(Vr::LO, "a"), Element::text(Vr::SH, "a")));
    assert!(!equal(0x0008_0008, Element::text(Vr::CS, "a"), Element::text(Vr::CS, "a\\")));
    assert!(!equal(0x0028_0030, Element::text(Vr::DS, "1.5"), Element::text(Vr::DS, "1.51")));
    assert!(!equal(0x0010_0010, Element::text(Vr::PN, "a=b"), Element::text(Vr::PN, "a==b")));
    assert!(!equal(0x7FE0_0010, Element::bytes(Vr::OB, [1]), Element::bytes(Vr::OB, [1, 0])));
    assert!(!equal(0x0028_0010, Element::bytes(Vr::US, [1, 0]), Element::bytes(Vr::US, [1, 0, 1, 0])));
    assert!(!same(&of(0x0010_0020, Element::text(Vr::LO, "")), &Dataset::new()).unwrap());
    let items = |items: Vec<Dataset>| Element::items(items);
    assert!(!equal(0x0008_1140, items(vec![]), items(vec![Dataset::new()])));
    let (left, right) = (of(0x0010_0020, Element::text(Vr::LO, "a")), of(0x0010_0020, Element::text(Vr::LO, "b")));
    assert!(!equal(0x0008_1140, items(vec![left.clone()]), items(vec![right])));
    assert!(equal(0x0008_1140, items(vec![left.clone()]), items(vec![left])));
}
