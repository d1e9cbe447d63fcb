//! The dictionaries: rows that matter, repeating groups, private blocks, and that every row can be found.
//! (That every row is pydicom's is tested in Python.)

use std::collections::HashSet;

use filmless_core::dictionary::{UidKind, by_keyword, keywords, lookup, private, uid, uid_by_keyword, uids, vr};
use filmless_core::{Tag, Vr};

const fn tag(tag: u32) -> Tag {
    Tag(tag)
}

#[test]
fn rows_are_those_of_the_standard() {
    let entry = lookup(tag(0x0010_0010)).expect("Patient's Name");
    assert_eq!((entry.vr, entry.vm, entry.keyword), (Vr::PN, "1", "PatientName"));
    assert_eq!((entry.name, entry.retired), ("Patient's Name", false));
    assert_eq!(lookup(tag(0x0008_0001)).map(|entry| entry.retired), Some(true));
    for (number, expected) in [
        (0x0000_0000, Vr::UL),
        (0x0002_0010, Vr::UI),
        (0x0008_1140, Vr::SQ),
        (0x0028_0106, Vr::UsOrSs),
        (0x0028_1101, Vr::UsOrSs),
        (0x0028_1200, Vr::UsOrSsOrOw),
        (0x0028_3006, Vr::UsOrOw),
        (0x5400_1010, Vr::ObOrOw),
        (0x7FE0_0008, Vr::OF),
        (0x7FE0_0010, Vr::ObOrOw),
        (0xFFFC_FFFC, Vr::OB),
    ] {
        assert_eq!(vr(tag(number)), Some(expected), "{}", tag(number));
        assert_eq!(lookup(tag(number)).map(|entry| entry.vr), Some(expected), "{}", tag(number));
    }
}

#[test]
fn what_has_no_row_is_not_found() {
    for number in [0xFFFE_E000, 0xFFFE_E00D, 0xFFFE_E0DD, 0x0010_0011, 0x0029_1010, 0xFFFF_FFFF, 0x6000_0013] {
        assert!(lookup(tag(number)).is_none(), "{}", tag(number));
        assert!(vr(tag(number)).is_none(), "{}", tag(number));
    }
    for keyword in ["", "patientname", "PatientNam", "PatientNames", "GenericGroupLength", "Item", "x", "größer"] {
        assert!(by_keyword(keyword).is_none(), "{keyword}");
    }
}

#[test]
fn group_lengths_and_private_creators_have_a_value_representation_but_no_row() {
    for number in [0x0010_0000, 0x0029_0000, 0x1000_0000, 0x1010_0000, 0x6002_0000] {
        assert_eq!(vr(tag(number)), Some(Vr::UL), "{}", tag(number));
        assert!(lookup(tag(number)).is_none(), "{}", tag(number));
    }
    for number in [0x0029_0010, 0x0029_00FF, 0x6001_0010] {
        assert_eq!(vr(tag(number)), Some(Vr::LO), "{}", tag(number));
        assert!(lookup(tag(number)).is_none(), "{}", tag(number));
    }
    assert_eq!(vr(tag(0x0029_000F)), None);
    assert_eq!(vr(tag(0x0029_0100)), None);
}

#[test]
fn repeating_groups_are_found_at_every_place() {
    for (number, keyword, lowest) in [
        (0x6000_3000, "OverlayData", 0x6000_3000),
        (0x601E_0010, "OverlayRows", 0x6000_0010),
        (0x60FE_0010, "OverlayRows", 0x6000_0010),
        (0x5002_200C, "AudioSampleData", 0x5000_200C),
        (0x7F02_0010, "VariablePixelData", 0x7F00_0010),
        (0x0020_3100, "SourceImageIDs", 0x0020_3100),
        (0x0020_31FF, "SourceImageIDs", 0x0020_3100),
        (0x0028_04F0, "RowsForNthOrderCoefficients", 0x0028_0410),
        (0x0028_08A4, "BitsForCodeWord", 0x0028_0804),
        (0x1000_ABC5, "ShiftTableTriplet", 0x1000_0005),
        (0x1000_0010, "EscapeTriplet", 0x1000_0010),
        (0x1010_1234, "ZonalMap", 0x1010_0001),
    ] {
        let entry = lookup(tag(number)).unwrap_or_else(|| panic!("{}", tag(number)));
        assert_eq!((entry.keyword, entry.tag), (keyword, tag(lowest)));
        assert_eq!(vr(tag(number)), Some(entry.vr));
    }
    // A row of its own goes before the repeating one.
    assert_eq!(lookup(tag(0x0028_0400)).map(|entry| entry.keyword), Some("TransformLabel"));
    assert_eq!(lookup(tag(0x7FE0_0010)).map(|entry| entry.keyword), Some("PixelData"));
    // An odd group repeats nothing.
    assert!(lookup(tag(0x6001_3000)).is_none());
    assert_eq!(by_keyword("OverlayRows").map(|entry| entry.tag), Some(tag(0x6000_0010)));
}

#[test]
fn every_keyword_and_every_tag_finds_its_own_row() {
    let mut seen = HashSet::new();
    for entry in keywords() {
        assert!(seen.insert(entry.keyword), "{} occurs twice", entry.keyword);
        assert!(std::ptr::eq(by_keyword(entry.keyword).expect(entry.keyword), entry), "{}", entry.keyword);
        assert!(std::ptr::eq(lookup(entry.tag).expect(entry.keyword), entry), "{}", entry.keyword);
        assert_eq!(vr(entry.tag), Some(entry.vr), "{}", entry.keyword);
    }
    assert!(seen.len() > 5100, "{} keywords", seen.len());
}

#[test]
fn multiplicities_are_ranges() {
    for (keyword, range) in [
        ("PatientName", (1, Some(1), 1)),
        ("PixelSpacing", (2, Some(2), 1)),
        ("ImageType", (2, None, 1)),
        ("SelectorCSValue", (1, None, 1)),
        ("AcquisitionMatrix", (4, Some(4), 1)),
        ("ContourData", (3, None, 3)),
        ("DateOfSecondaryCapture", (1, Some(1), 1)),
    ] {
        assert_eq!(by_keyword(keyword).map(filmless_core::dictionary::Entry::vm_range), Some(range), "{keyword}");
    }
    for entry in keywords() {
        let (min, max, step) = entry.vm_range();
        let text = match max {
            Some(max) if max == min => format!("{min}"),
            Some(max) => format!("{min}-{max}"),
            None if step == 1 => format!("{min}-n"),
            None => format!("{min}-{step}n"),
        };
        assert_eq!(text, entry.vm, "{}", entry.keyword);
    }
}

#[test]
fn private_elements_are_found_by_creator_and_low_byte() {
    let entry = private("SIEMENS CSA HEADER", tag(0x0029_1010)).expect("CSA header");
    assert_eq!((entry.vr, entry.vm, entry.name), (Vr::OB, "1", "CSA Image Header Info"));
    // In whichever block the creator has.
    assert_eq!(private("SIEMENS CSA HEADER", tag(0x0029_E010)), Some(entry));
    assert_eq!(private("GEMS_ACQU_01", tag(0x0019_10AB)).map(|entry| entry.vr), Some(Vr::DS));
    // The first and the last creator of the table, and a name beyond ASCII.
    assert!(private("1.2.840.113663.1", tag(0x0029_1001)).is_some());
    assert!(private("syngoDynamics", tag(0x0021_10AE)).is_some());
    assert_eq!(private("FDMS 1.0", tag(0x0025_1034)).map(|entry| entry.name), Some("tan θ"));
    // Neither without the creator, nor in another group, nor outside a block, nor in a standard group.
    assert_eq!(private("siemens csa header", tag(0x0029_1010)), None);
    assert_eq!(private("SIEMENS CSA HEADER", tag(0x0031_1010)), None);
    assert_eq!(private("SIEMENS CSA HEADER", tag(0x0029_0010)), None);
    assert_eq!(private("SIEMENS CSA HEADER", tag(0x0029_0110)), None);
    assert_eq!(private("SIEMENS CSA HEADER", tag(0x0028_1010)), None);
    assert_eq!(private("", tag(0x0029_1010)), None);
}

#[test]
fn private_rows_of_one_block_and_of_many_groups() {
    // (01F1,1026) is written for the block of (01F1,0010) and goes before the row for any block.
    assert_eq!(private("ELSCINT1", tag(0x01F1_1026)).map(|entry| entry.vr), Some(Vr::FD));
    assert_eq!(private("ELSCINT1", tag(0x01F1_1126)).map(|entry| entry.vr), Some(Vr::DS));
    // 0019,0008 of this creator means the low byte: no block reaches elements below 1000.
    assert_eq!(private("TOSHIBA_MEC_MR3^10", tag(0x0019_1008)).map(|entry| entry.vr), Some(Vr::US));
    // 70xx,xx04: any group whose high byte is 70.
    for number in [0x7001_1004, 0x70FF_4204] {
        assert_eq!(private("DLX_ANNOT_01", tag(number)).map(|entry| entry.name), Some("Text_annotation"));
    }
    assert_eq!(private("DLX_ANNOT_01", tag(0x7101_1004)), None);
}

#[test]
fn uids_are_found_both_ways() {
    let row = uid("1.2.840.10008.5.1.4.1.1.2").expect("CT");
    assert_eq!((row.name, row.keyword, row.kind), ("CT Image Storage", "CTImageStorage", UidKind::SopClass));
    assert!(!row.retired);
    assert_eq!(uid_by_keyword("ExplicitVRBigEndian").map(|row| row.retired), Some(true));
    assert_eq!(uid("1.2.840.10008.1.2.4.110").map(|row| row.keyword), Some("JPEGXLLossless"));
    assert_eq!(UidKind::WellKnownSopInstance.as_str(), "Well-known SOP Instance");
    assert!(uid("1.2.3").is_none() && uid("").is_none() && uid_by_keyword("").is_none());
    let mut seen = HashSet::new();
    for row in uids() {
        assert!(seen.insert(row.uid), "{} occurs twice", row.uid);
        assert!(std::ptr::eq(uid(row.uid).expect(row.uid), row));
        if row.keyword.is_empty() {
            assert!(row.retired, "{}", row.uid);
        } else {
            assert!(std::ptr::eq(uid_by_keyword(row.keyword).expect(row.keyword), row));
        }
    }
    assert!(seen.len() >= 486, "{} uids", seen.len());
}
