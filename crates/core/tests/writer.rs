//! Writing: what was not touched stays as it was, what was is encoded, and every uncompressed syntax becomes every other.

mod support;

use filmless_core::compare::same;
use filmless_core::dataset::{Dataset, Element};
use filmless_core::file::{
    DicomFile, Encoding, FileParts, Lengths, ReadOptions, WriteOptions, keep_open, plan_data_set, plan_file, read_path,
    write_atomically,
};
use filmless_core::{Error, Tag, Vr, check, transfer_syntax};
use support::*;

const NAME: Tag = Tag(0x0010_0010);
const ID: Tag = Tag(0x0010_0020);
const SEQUENCE: Tag = Tag(0x0040_0275);

/// The bytes of a data set alone, as they stand in a written file.
fn data_set(bytes: &[u8]) -> Vec<u8> {
    let file = read(bytes).expect("readable");
    bytes[file.start as usize..].to_vec()
}

fn to(uid: &str) -> WriteOptions {
    WriteOptions { transfer_syntax: Some(transfer_syntax::find(uid).expect("registered")), ..WriteOptions::default() }
}

/// Encodes tag, value representation, and the value in either byte order.
type EncodeElement<'a> = &'a dyn Fn(u32, &str, &[u8], &[u8]) -> Vec<u8>;

/// One data set in Explicit VR Little Endian, Implicit VR Little Endian and Explicit VR Big Endian.
fn in_three_encodings() -> [(&'static str, Vec<u8>); 3] {
    let words: Vec<u8> = (0..6000u16).flat_map(u16::to_le_bytes).collect();
    let swapped: Vec<u8> = (0..6000u16).flat_map(u16::to_be_bytes).collect();
    let rows = [(0x0008_0060, "CS", &b"MR"[..], &b"MR"[..]), (0x0010_0010, "PN", b"Doe^Jane", b"Doe^Jane")];
    let numbers: [(u32, &str, &[u8], &[u8]); 6] = [
        (0x0018_9087, "FD", &[0, 0, 0, 0, 0, 0, 0xF0, 0x3F], &[0x3F, 0xF0, 0, 0, 0, 0, 0, 0]),
        (0x0028_0009, "AT", &[0x18, 0, 0x63, 0x10], &[0, 0x18, 0x10, 0x63]),
        (0x0028_0010, "US", &[1, 2], &[2, 1]),
        (0x0028_0100, "US", &[16, 0], &[0, 16]),
        (0x0028_0103, "US", &[1, 0], &[0, 1]),
        (0x0028_0106, "SS", &[0xFE, 0xFF], &[0xFF, 0xFE]),
    ];
    let build = |element: EncodeElement<'_>, item: &dyn Fn(&[u8]) -> Vec<u8>| {
        let mut all = Vec::new();
        for (number, vr, little, big) in rows.iter().chain(&numbers) {
            all.extend(element(*number, vr, little, big));
        }
        let items = item(&element(0x0040_A30A, "DS", b"1.50", b"1.50"));
        all.extend(element(0x0040_A043, "SQ", &items, &items));
        all.extend(element(0x0042_0011, "OB", b"%PDF", b"%PDF"));
        all.extend(element(0x7FE0_0010, "OW", &words, &swapped));
        all
    };
    let big_item = |value: &[u8]| join(&[&[0xFF, 0xFE, 0xE0, 0], &(value.len() as u32).to_be_bytes(), value]);
    [
        (EXPLICIT, build(&|number, vr, little, _| explicit(number, vr, little), &|value| item(value))),
        (IMPLICIT, build(&|number, _, little, _| implicit(number, little), &|value| item(value))),
        (BIG, build(&|number, vr, _, swapped| big(number, vr, swapped), &big_item)),
    ]
}

#[test]
fn every_uncompressed_syntax_becomes_every_other() {
    let encodings = in_three_encodings();
    for (from, source) in &encodings {
        let original = read(&file(from, source)).expect("readable");
        assert_eq!(check::check_file(&original).expect("checked"), [], "{from}");
        for (uid, expected) in &encodings {
            let bytes = written(&original, &to(uid));
            assert!(data_set(&bytes) == *expected, "{from} to {uid}");
            let again = read(&bytes).expect("readable");
            assert_eq!(again.transfer_syntax, *uid);
            assert!(same(&original.dataset, &again.dataset).expect("compared"), "{from} to {uid}");
            assert_eq!(check::check_file(&again).expect("checked"), [], "{from} to {uid}");
            assert!(data_set(&written(&again, &to(from))) == *source, "{from} to {uid} and back");
        }
        let deflated = written(&original, &to(DEFLATED));
        assert!(deflated.len() < source.len());
        let again = read(&deflated).expect("readable");
        assert!(again.deflated && again.findings.is_empty());
        assert_eq!(deflated.len() % 2, 0);
        assert!(same(&original.dataset, &again.dataset).expect("compared"), "{from} deflated");
        assert!(data_set(&written(&again, &to(from))) == *source, "{from} deflated and back");
    }
}

#[test]
fn from_a_path_as_from_memory() {
    for (from, source) in in_three_encodings() {
        let bytes = file(from, &source);
        let temporary = Temporary::new(&bytes);
        let on_disk = read_path(&temporary.0, &ReadOptions::default()).expect("readable");
        let in_memory = read(&bytes).expect("readable");
        for uid in [EXPLICIT, IMPLICIT, BIG, DEFLATED] {
            assert!(written(&on_disk, &to(uid)) == written(&in_memory, &to(uid)), "{from} to {uid}");
        }
    }
}

#[test]
fn a_codec_is_not_replaced_by_rewriting() {
    let pixels = undefined(0x7FE0_0010, "OB", &join(&[&item(&[]), &item(b"abcd"), &END_SEQUENCE]));
    let original = read(&file(JPEG, &pixels)).expect("readable");
    let parts = FileParts { dataset: &original.dataset, meta: &original.meta, origin: Some(&original), preamble: None };
    let refused = plan_file(&parts, &to(EXPLICIT)).err();
    assert!(matches!(refused, Some(Error::Unsupported { .. })), "{refused:?}");
}

/// Odd in every way that an element can be and still stay where it is.
fn odd_neighbours() -> [Vec<u8>; 2] {
    let before = join(&[
        &explicit(0x0008_0005, "CS", b"ISO_IR 100"),
        &explicit(0x0008_0018, "UI", b"1.02.3  "),
        &explicit(0x0008_0020, "DA", b"1993.08.22"),
        &explicit(0x0008_0060, "CS", b"mr\0\0"),
        &explicit(0x0009_1001, "??", b"abc"),
    ]);
    let items = join(&[&open_item(&code(b"CODE")), &item(&code(b"NEXT"))]);
    let after = join(&[
        &undefined(0x0040_0275, "SQ", &join(&[&items, &END_SEQUENCE])),
        &explicit(0x0040_A730, "SQ", &items),
        &explicit(0x7FE0_0010, "OB", &[9; 4999]),
        &explicit(0xFFFC_FFFC, "OB", &[0; 16]),
        &[0; 30],
    ]);
    [before, after]
}

#[test]
fn the_neighbours_of_an_edit_stay_byte_for_byte() {
    let [before, after] = odd_neighbours();
    let bytes = file(EXPLICIT, &join(&[&before, &name(), &after]));
    let temporary = Temporary::new(&bytes);
    let on_disk = read_path(&temporary.0, &ReadOptions::default()).expect("readable");
    for mut original in [read(&bytes).expect("readable"), on_disk] {
        original.dataset.set(NAME, Element::text(Vr::PN, "Roe^Jo"));
        let expected = join(&[&before, &explicit(NAME.0, "PN", b"Roe^Jo"), &after]);
        assert!(data_set(&written(&original, &WriteOptions::default())) == expected);
        original.dataset.set(ID, Element::text(Vr::LO, "471"));
        let expected = join(&[&before, &explicit(NAME.0, "PN", b"Roe^Jo"), &explicit(ID.0, "LO", b"471 "), &after]);
        assert!(data_set(&written(&original, &WriteOptions::default())) == expected);
        original.dataset.remove(NAME);
        let expected = join(&[&before, &explicit(ID.0, "LO", b"471 "), &after]);
        assert!(data_set(&written(&original, &WriteOptions::default())) == expected);
        original.dataset.remove(ID);
        original.dataset.revert(NAME);
        assert!(original.dataset.is_untouched());
        assert!(written(&original, &WriteOptions::default()) == bytes);
    }
}

#[test]
fn an_edit_in_an_item_leaves_the_other_items() {
    let odd = explicit(0x0008_0104, "LO", b"odd");
    let items = join(&[&open_item(&join(&[&code(b"CODE"), &odd])), &item(&join(&[&code(b"NEXT"), &odd]))]);
    let bytes =
        file(EXPLICIT, &join(&[&name(), &undefined(SEQUENCE.0, "SQ", &join(&[&items, &END_SEQUENCE])), &after()]));
    let mut original = read(&bytes).expect("readable");
    let mut list = original.dataset.items(SEQUENCE).expect("items");
    list[1].set(Tag(0x0008_0100), Element::text(Vr::SH, "OTHER"));
    original.dataset.set(SEQUENCE, Element::items(list));
    let again = read(&written(&original, &WriteOptions::default())).expect("readable");
    let changed = join(&[&open_item(&join(&[&code(b"CODE"), &odd])), &item(&join(&[&code(b"OTHER "), &odd]))]);
    let expected = join(&[&name(), &undefined(SEQUENCE.0, "SQ", &join(&[&changed, &END_SEQUENCE])), &after()]);
    assert_eq!(data_set(&written(&again, &WriteOptions::default())), expected);
}

#[test]
fn group_lengths_of_edited_groups_go() {
    let length = explicit(0x0010_0000, "UL", &[16, 0, 0, 0]);
    let other = explicit(0x0008_0000, "UL", &[10, 0, 0, 0]);
    let mut original = read(&file(EXPLICIT, &join(&[&other, &modality(), &length, &name()]))).expect("readable");
    original.dataset.set(NAME, Element::text(Vr::PN, "Roe^Richard"));
    let expected = join(&[&other, &modality(), &explicit(NAME.0, "PN", b"Roe^Richard ")]);
    assert_eq!(data_set(&written(&original, &WriteOptions::default())), expected);
}

#[test]
fn lengths_are_kept_or_chosen() {
    let defined = explicit(SEQUENCE.0, "SQ", &item(&code(b"CODE")));
    let open = undefined(SEQUENCE.0, "SQ", &join(&[&open_item(&code(b"CODE")), &END_SEQUENCE]));
    for source in [&defined, &open] {
        let original = read(&file(EXPLICIT, source)).expect("readable");
        for (lengths, expected) in [(Lengths::Keep, source), (Lengths::Defined, &defined), (Lengths::Undefined, &open)]
        {
            let bytes = written(&original, &WriteOptions { lengths, ..WriteOptions::default() });
            assert_eq!(data_set(&bytes), *expected, "{lengths:?}");
        }
    }
}

/// Writes a data set that came from no file.
fn new_file(dataset: &Dataset) -> Vec<u8> {
    let meta = Dataset::new();
    let mut bytes = Vec::new();
    let parts = FileParts { dataset, meta: &meta, origin: None, preamble: None };
    plan_file(&parts, &WriteOptions::default()).expect("a plan").write_to(&mut bytes).expect("written");
    bytes
}

#[test]
fn a_new_data_set() {
    let mut inner = Dataset::new();
    inner.set(Tag(0x0008_0100), Element::text(Vr::SH, "CODE"));
    let mut dataset = Dataset::new();
    dataset.set(Tag(0x0028_0010), Element::bytes(Vr::US, [2, 0]));
    dataset.set(NAME, Element::text(Vr::PN, "Doe^Jane"));
    dataset.set(Tag(0x0008_0018), Element::text(Vr::UI, "1.2.3"));
    dataset.set(Tag(0x0008_0016), Element::text(Vr::UI, "1.2.840.10008.5.1.4.1.1.7"));
    dataset.set(SEQUENCE, Element::items(vec![inner]));
    let bytes = new_file(&dataset);
    let again = read(&bytes).expect("readable");
    assert_eq!(check::check_file(&again).expect("checked"), []);
    assert_eq!(again.transfer_syntax, EXPLICIT);
    assert_eq!(again.meta.text(Tag(0x0002_0002)).as_deref(), Some("1.2.840.10008.5.1.4.1.1.7"));
    assert_eq!(again.meta.text(Tag(0x0002_0003)).as_deref(), Some("1.2.3"));
    assert!(again.meta.text(Tag(0x0002_0012)).is_some_and(|uid| !uid.is_empty()));
    let expected = join(&[
        &explicit(0x0008_0016, "UI", b"1.2.840.10008.5.1.4.1.1.7\0"),
        &explicit(0x0008_0018, "UI", b"1.2.3\0"),
        &name(),
        &rows(),
        &explicit(SEQUENCE.0, "SQ", &item(&code(b"CODE"))),
    ]);
    assert_eq!(data_set(&bytes), expected);
}

#[test]
fn text_that_the_character_set_cannot_hold() {
    let set = explicit(0x0008_0005, "CS", b"ISO_IR 100");
    let old = explicit(0x0010_0010, "PN", b"M\xFCller");
    let mut original = read(&file(EXPLICIT, &join(&[&set, &old, &id()]))).expect("readable");
    original.dataset.set(ID, Element::text(Vr::LO, "J\u{E9}"));
    let expected = join(&[&set, &old, &explicit(ID.0, "LO", b"J\xE9")]);
    assert_eq!(data_set(&written(&original, &WriteOptions::default())), expected, "Latin 1 can");
    original.dataset.set(ID, Element::text(Vr::LO, "\u{5C71}"));
    let expected = join(&[
        &explicit(0x0008_0005, "CS", b"ISO_IR 192"),
        &explicit(0x0010_0010, "PN", "M\u{FC}ller ".as_bytes()),
        &explicit(ID.0, "LO", "\u{5C71} ".as_bytes()),
    ]);
    let bytes = written(&original, &WriteOptions::default());
    assert_eq!(data_set(&bytes), expected, "what was not touched is in the new character set too");
    assert_eq!(check::check_file(&read(&bytes).expect("readable")).expect("checked"), []);
    let mut dataset = Dataset::new();
    dataset.set(NAME, Element::text(Vr::PN, "\u{5C71}"));
    let expected =
        join(&[&explicit(0x0008_0005, "CS", b"ISO_IR 192"), &explicit(NAME.0, "PN", "\u{5C71} ".as_bytes())]);
    assert_eq!(data_set(&new_file(&dataset)), expected);
}

#[test]
fn repair_mends_what_was_not_touched() {
    let inner = item(&explicit(0x0008_0100, "SH", b"COD"));
    let body = join(&[
        &explicit(0x0008_0060, "CS", b"MR"),
        &join(&[&header(NAME.0, b"PN", &[3, 0]), b"Doe "]),
        &explicit(ID.0, "LO", b"471"),
        &explicit(SEQUENCE.0, "SQ", &inner),
        &[0; 12],
    ]);
    let original = read(&file(EXPLICIT, &body)).expect("readable");
    assert!(!check::check_file(&original).expect("checked").is_empty());
    let bytes = written(&original, &WriteOptions { repair: true, ..WriteOptions::default() });
    let expected = join(&[
        &explicit(0x0008_0060, "CS", b"MR"),
        &explicit(NAME.0, "PN", b"Doe "),
        &explicit(ID.0, "LO", b"471 "),
        &explicit(SEQUENCE.0, "SQ", &item(&code(b"COD "))),
    ]);
    assert_eq!(data_set(&bytes), expected);
    assert_eq!(check::check_file(&read(&bytes).expect("readable")).expect("checked"), []);
}

#[test]
fn repair_sorts() {
    let other = explicit(ID.0, "LO", b"0815");
    let body = join(&[
        &END_ITEM,
        &rows(),
        &name(),
        &other,
        &modality(),
        &id(),
        &explicit(SEQUENCE.0, "SQ", &item(&join(&[&code(b"LAST"), &code(b"CODE")]))),
    ]);
    let original = read(&file(EXPLICIT, &body)).expect("readable");
    let bytes = written(&original, &WriteOptions { repair: true, ..WriteOptions::default() });
    let expected = join(&[&modality(), &name(), &id(), &rows(), &explicit(SEQUENCE.0, "SQ", &item(&code(b"CODE")))]);
    assert_eq!(data_set(&bytes), expected);
    assert_eq!(check::check_file(&read(&bytes).expect("readable")).expect("checked"), []);
}

#[test]
fn repair_mends_headers() {
    let body = join(&[
        &name(),
        &join(&[&header(ID.0, b"LO", &[0, 0, 4, 0, 0, 0]), b"4711"]),
        &join(&[&header(0x0028_0010, b"us", &[2, 0]), &[2, 0]]),
        &join(&[&header(0x0042_0011, b"OB", &[0x20, 0x33, 4, 0, 0, 0]), b"%PDF"]),
    ]);
    let original = read(&file(EXPLICIT, &body)).expect("readable");
    assert_eq!(check::check_file(&original).expect("checked").len(), 3);
    let bytes = written(&original, &WriteOptions { repair: true, ..WriteOptions::default() });
    assert_eq!(data_set(&bytes), join(&[&name(), &id(), &rows(), &explicit(0x0042_0011, "OB", b"%PDF")]));
}

#[test]
fn repair_ends_pixel_data() {
    let items = join(&[&item(&[]), &item(b"abcd")]);
    let original = read(&file(JPEG, &join(&[&name(), &undefined(0x7FE0_0010, "OB", &items)]))).expect("readable");
    let bytes = written(&original, &WriteOptions { repair: true, ..WriteOptions::default() });
    assert_eq!(data_set(&bytes), join(&[&name(), &undefined(0x7FE0_0010, "OB", &join(&[&items, &END_SEQUENCE]))]));
}

fn save(original: &DicomFile, path: &std::path::Path) -> filmless_core::Result<()> {
    let parts = FileParts { dataset: &original.dataset, meta: &original.meta, origin: Some(original), preamble: None };
    let plan = plan_file(&parts, &WriteOptions::default())?;
    keep_open(&original.dataset, path)?;
    write_atomically(path, &plan, true)
}

#[test]
fn saving_over_the_source() {
    let pixels: Vec<u8> = (0..1_000_000u32).map(|number| (number % 251) as u8).collect();
    let long = explicit(0x7FE0_0010, "OB", &pixels);
    let temporary = Temporary::new(&file(EXPLICIT, &join(&[&name(), &long])));
    let mut original = read_path(&temporary.0, &ReadOptions::default()).expect("readable");
    original.dataset.set(NAME, Element::text(Vr::PN, "Roe^Richard"));
    save(&original, &temporary.0).expect("saved");
    let expected = join(&[&explicit(NAME.0, "PN", b"Roe^Richard "), &long]);
    let saved = std::fs::read(&temporary.0).expect("a file");
    assert!(data_set(&saved) == expected);
    assert!(value(&original.dataset, "7FE00010").as_deref() == Some(&pixels[..]), "the old bytes can still be read");
    save(&original, &temporary.0).expect("saved again");
    assert!(std::fs::read(&temporary.0).expect("a file") == saved);
}

#[test]
fn a_source_that_changed_gives_an_error_and_leaves_the_target() {
    let long = explicit(0x7FE0_0010, "OB", &vec![1; 100_000]);
    let temporary = Temporary::new(&file(EXPLICIT, &join(&[&name(), &long])));
    let original = read_path(&temporary.0, &ReadOptions::default()).expect("readable");
    std::fs::write(&temporary.0, b"cut").expect("written");
    let target = Temporary::new(b"before");
    assert!(matches!(save(&original, &target.0), Err(Error::Changed)));
    assert_eq!(std::fs::read(&target.0).expect("a file"), b"before");
    let folder = target.0.parent().expect("a folder");
    let name = target.0.file_name().expect("a name").to_string_lossy().into_owned();
    let left = std::fs::read_dir(folder).expect("a folder").flatten();
    let temporaries = left.filter(|entry| entry.file_name().to_string_lossy().contains(&format!(".{name}."))).count();
    assert_eq!(temporaries, 0, "no temporary file is left");
}

#[test]
fn a_value_too_long_for_its_representation_goes_as_un() {
    let long = vec![b'x'; 0x1_0002];
    let original = read(&file(IMPLICIT, &implicit(0x0010_4000, &long))).expect("readable");
    let bytes = written(&original, &to(EXPLICIT));
    assert!(data_set(&bytes) == explicit(0x0010_4000, "UN", &long), "PS3.5 6.2.2");
    let mut alone = Vec::new();
    let planned =
        plan_data_set(&original.dataset, Encoding::IMPLICIT_LITTLE, &WriteOptions::default()).expect("a plan");
    planned.write_to(&mut alone).expect("written");
    assert!(alone == implicit(0x0010_4000, &long));
}

#[cfg(unix)]
#[test]
fn a_link_stays_one_and_its_file_is_replaced() {
    use std::os::unix::fs::symlink;
    let folder = std::env::temp_dir().join(format!("filmless-links-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("files")).expect("a folder");
    let real = folder.join("files/a.dcm");
    let bytes = file(EXPLICIT, &name());
    std::fs::write(&real, &bytes).expect("written");
    let link = folder.join("first");
    symlink("second", &link).expect("a link");
    symlink("files/a.dcm", folder.join("second")).expect("a link");
    let mut original = read_path(&link, &ReadOptions::default()).expect("readable");
    original.dataset.set(NAME, Element::text(Vr::PN, "Roe^Richard"));
    save(&original, &link).expect("saved");
    assert!(link.is_symlink());
    assert_eq!(data_set(&std::fs::read(&real).expect("a file")), explicit(NAME.0, "PN", b"Roe^Richard "));
    std::fs::remove_file(&real).expect("removed");
    save(&original, &link).expect("saved where a link leads to nothing");
    assert!(link.is_symlink() && real.is_file());
    assert_eq!(std::fs::read_dir(folder.join("files")).expect("a folder").count(), 1, "no temporary file is left");
    let circle = folder.join("circle");
    symlink("circle", &circle).expect("a link");
    assert!(matches!(save(&original, &circle), Err(Error::Io(_))));
    std::fs::remove_dir_all(&folder).expect("removed");
}
