//! Bytes of small files, element by element, and what is asserted of every one of them.
#![allow(dead_code)] // each test binary uses a part

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use filmless_core::dataset::Dataset;
use filmless_core::file::{
    DicomFile, Encoding, FileParts, Limits, Parsed, Parser, ReadOptions, Step, View, WriteOptions, plan_file,
    read_bytes, read_path,
};
use filmless_core::{Code, Finding, Tag, Vr, check};

pub const IMPLICIT: &str = "1.2.840.10008.1.2";
pub const EXPLICIT: &str = "1.2.840.10008.1.2.1";
pub const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub const BIG: &str = "1.2.840.10008.1.2.2";
pub const JPEG: &str = "1.2.840.10008.1.2.4.50";

/// Joins parts.
pub fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub fn tag(number: u32) -> [u8; 4] {
    let [a, b, c, d] = number.to_be_bytes();
    [b, a, d, c]
}

/// A header in Explicit VR Little Endian with any two letters and any length field.
#[allow(clippy::trivially_copy_pass_by_ref)] // byte strings are what tests write
pub fn header(number: u32, letters: &[u8; 2], length: &[u8]) -> Vec<u8> {
    join(&[&tag(number), letters, length])
}

/// An element in Explicit VR Little Endian.
pub fn explicit(number: u32, vr: &str, value: &[u8]) -> Vec<u8> {
    let letters: [u8; 2] = vr.as_bytes().try_into().expect("two letters");
    let length = value.len() as u32;
    let long = Vr::from_bytes(letters).is_some_and(Vr::has_long_length);
    let field = if long { join(&[&[0, 0], &length.to_le_bytes()]) } else { (length as u16).to_le_bytes().to_vec() };
    join(&[&header(number, &letters, &field), value])
}

/// An element of undefined length in Explicit VR Little Endian.
pub fn undefined(number: u32, vr: &str, value: &[u8]) -> Vec<u8> {
    let letters: [u8; 2] = vr.as_bytes().try_into().expect("two letters");
    join(&[&header(number, &letters, &[0, 0, 255, 255, 255, 255]), value])
}

/// An element in Implicit VR Little Endian.
pub fn implicit(number: u32, value: &[u8]) -> Vec<u8> {
    join(&[&tag(number), &(value.len() as u32).to_le_bytes(), value])
}

/// An element in Explicit VR Big Endian; the value as given.
pub fn big(number: u32, vr: &str, value: &[u8]) -> Vec<u8> {
    let letters: [u8; 2] = vr.as_bytes().try_into().expect("two letters");
    let length = value.len() as u32;
    let long = Vr::from_bytes(letters).is_some_and(Vr::has_long_length);
    let field = if long { join(&[&[0, 0], &length.to_be_bytes()]) } else { (length as u16).to_be_bytes().to_vec() };
    join(&[&number.to_be_bytes(), &letters, &field, value])
}

/// An item of defined length.
pub fn item(value: &[u8]) -> Vec<u8> {
    implicit(0xFFFE_E000, value)
}

/// An item of undefined length, with its delimiter.
pub fn open_item(value: &[u8]) -> Vec<u8> {
    join(&[&tag(0xFFFE_E000), &[255; 4], value, &END_ITEM])
}

pub const END_ITEM: [u8; 8] = [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0];
pub const END_SEQUENCE: [u8; 8] = [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0];

/// File meta information that breaks nothing.
pub fn meta(transfer_syntax: &str) -> Vec<u8> {
    let mut uid = transfer_syntax.as_bytes().to_vec();
    if uid.len() % 2 == 1 {
        uid.push(0);
    }
    let rest = join(&[
        &explicit(0x0002_0001, "OB", &[0, 1]),
        &explicit(0x0002_0002, "UI", b"1.2.840.10008.5.1.4.1.1.4\0"),
        &explicit(0x0002_0003, "UI", b"1.2.3.40"),
        &explicit(0x0002_0010, "UI", &uid),
        &explicit(0x0002_0012, "UI", b"1.2.3.41"),
    ]);
    join(&[&explicit(0x0002_0000, "UL", &(rest.len() as u32).to_le_bytes()), &rest])
}

/// Preamble, prefix, and what is given.
pub fn part10(rest: &[u8]) -> Vec<u8> {
    join(&[&[0; 128], b"DICM", rest])
}

/// A file with right meta information.
pub fn file(transfer_syntax: &str, data_set: &[u8]) -> Vec<u8> {
    part10(&join(&[&meta(transfer_syntax), data_set]))
}

/// Where the data set of [`file`] begins.
pub fn start(transfer_syntax: &str) -> u64 {
    file(transfer_syntax, &[]).len() as u64
}

/// Reads bytes, also those that do not look like DICOM.
pub fn read(bytes: &[u8]) -> filmless_core::Result<DicomFile> {
    read_bytes(Arc::new(bytes.to_vec()), &ReadOptions { force: true, ..ReadOptions::default() })
}

/// A file of the file system that goes away.
pub struct Temporary(pub PathBuf);

impl Temporary {
    pub fn new(bytes: &[u8]) -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("filmless-test-{}-{number}", std::process::id()));
        std::fs::write(&path, bytes).expect("a temporary file");
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The bytes of an element by its path, `00400275.0.00100010`: tags, and numbers of items between them.
pub fn value(dataset: &Dataset, path: &str) -> Option<Vec<u8>> {
    let mut parts = path.split('.');
    let mut dataset = dataset.clone();
    loop {
        let tag = Tag(u32::from_str_radix(parts.next()?, 16).expect("a tag"));
        match parts.next() {
            None => return Some(dataset.get(tag).expect("readable")?.bytes().expect("readable").into_owned()),
            Some(item) => {
                let index: usize = item.parse().expect("a number");
                let items = dataset.items(tag).expect("readable");
                dataset = items.get(index)?.clone();
            }
        }
    }
}

/// Bytes as a plan writes them.
pub fn written(file: &DicomFile, options: &WriteOptions) -> Vec<u8> {
    let parts = FileParts { dataset: &file.dataset, meta: &file.meta, origin: Some(file), preamble: None };
    let mut bytes = Vec::new();
    plan_file(&parts, options).expect("a plan").write_to(&mut bytes).expect("written");
    bytes
}

fn collect(parsed: &Arc<Parsed>, into: &mut Vec<String>) {
    into.extend(parsed.nodes().iter().map(|node| format!("{node:?}")));
    if let Some(tail) = parsed.tail().expect("readable") {
        let shift = parsed.nodes().len() as u32;
        into.extend(tail.nodes().iter().map(|&node| {
            let node = filmless_core::file::Node { next: node.next + shift, ..node };
            format!("{node:?}")
        }));
    }
}

/// Every node of the data set of a file.
pub fn nodes(file: &DicomFile) -> Vec<String> {
    let mut all = Vec::new();
    collect(file.dataset.parsed().expect("parsed"), &mut all);
    all
}

/// Nodes and findings of a parser that is given as few bytes as it asks for, and `step` more, or all.
pub fn parse(bytes: &[u8], start: u64, encoding: Encoding, step: Option<u64>) -> (Vec<String>, Vec<Finding>) {
    let length = bytes.len() as u64;
    let mut parser = Parser::new(start, length, encoding, Limits::default());
    let mut end = step.map_or(length, |_| start);
    let mut base = start;
    loop {
        let view = View { bytes: &bytes[base as usize..end as usize], base, length };
        match parser.advance(&view).expect("within the limits") {
            Step::Done => break,
            Step::Need(count) => {
                let step = step.expect("the whole file is at hand");
                assert!(count > 0);
                let wanted = (parser.position() + count).min(length);
                let had = base <= parser.position() && wanted <= end;
                assert!(!had, "asks for bytes that it has: {count} from {} on", parser.position());
                base = parser.position();
                end = (wanted + step).min(length);
            }
        }
    }
    let (nodes, findings) = parser.finish();
    (nodes.iter().map(|node| format!("{node:?}")).collect(), findings)
}

/// A finding as a test expects it: code, tag (0 for the file) and offset.
pub type Expected = (Code, u32, u64);

/// Asserts all that must hold of any file: elements, findings, writing, strictness, windows, small pieces.
pub fn verify(name: &str, bytes: &[u8], elements: &[(&str, &[u8])], findings: &[Expected]) -> DicomFile {
    let file = read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (path, expected) in elements {
        let found = value(&file.dataset, path);
        assert_eq!(found.as_deref(), Some(*expected), "{name}: {path}\n{:#?}", nodes(&file));
    }
    let found = check::check_file(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
    let plain: Vec<_> =
        found.iter().map(|finding| (finding.code, finding.tag.unwrap_or_default().0, finding.offset)).collect();
    let shown =
        |list: &[Expected]| list.iter().map(|(code, tag, at)| format!("{code} {tag:08X} {at}")).collect::<Vec<_>>();
    assert_eq!(shown(&plain), shown(findings), "{name}: {:#?}", nodes(&file));
    if let Some(first) = found.first() {
        let place = first.into_error().place();
        assert_eq!((place.tag, place.offset), (first.tag, Some(first.offset)), "{name}");
        assert!(first.into_error().to_string().contains(first.code.as_str()), "{name}");
    }
    assert_eq!(written(&file, &WriteOptions::default()), bytes, "{name}: written unchanged");
    let temporary = Temporary::new(bytes);
    let by_path = read_path(&temporary.0, &ReadOptions { force: true, ..ReadOptions::default() }).expect(name);
    assert_eq!(nodes(&by_path), nodes(&file), "{name}: read from a path");
    assert_eq!(check::check_file(&by_path).expect(name), found, "{name}: findings of a path");
    if !file.deflated {
        let whole = parse(bytes, file.start, file.encoding, None);
        assert_eq!(parse(bytes, file.start, file.encoding, Some(0)), whole, "{name}: as few bytes as can be");
        assert_eq!(parse(bytes, file.start, file.encoding, Some(37)), whole, "{name}: in small pieces");
    }
    file
}

// Elements that many of the files have.

pub const MODALITY: u32 = 0x0008_0060;
pub const NAME: u32 = 0x0010_0010;
pub const ID: u32 = 0x0010_0020;
pub const ROWS: u32 = 0x0028_0010;
pub const COLUMNS: u32 = 0x0028_0011;
pub const SEQUENCE: u32 = 0x0040_0275;
pub const PIXELS: u32 = 0x7FE0_0010;

pub fn modality() -> Vec<u8> {
    explicit(MODALITY, "CS", b"MR")
}

pub fn name() -> Vec<u8> {
    explicit(NAME, "PN", b"Doe^Jane")
}

pub fn id() -> Vec<u8> {
    explicit(ID, "LO", b"4711")
}

pub fn rows() -> Vec<u8> {
    explicit(ROWS, "US", &[2, 0])
}

pub fn at(parts: &[&[u8]]) -> u64 {
    start(EXPLICIT) + join(parts).len() as u64
}

/// Verifies a data set in Explicit VR Little Endian.
pub fn explicit_file(name: &str, parts: &[&[u8]], elements: &[(&str, &[u8])], findings: &[Expected]) {
    verify(name, &file(EXPLICIT, &join(parts)), elements, findings);
}

pub const FOUND_MODALITY: (&str, &[u8]) = ("00080060", b"MR");
pub const FOUND_NAME: (&str, &[u8]) = ("00100010", b"Doe^Jane");
pub const FOUND_ID: (&str, &[u8]) = ("00100020", b"4711");
pub const FOUND_ROWS: (&str, &[u8]) = ("00280010", &[2, 0]);

pub fn code(value: &[u8]) -> Vec<u8> {
    explicit(0x0008_0100, "SH", value)
}
pub fn after() -> Vec<u8> {
    explicit(0x0040_0280, "ST", b"text")
}
pub const FOUND_CODE: (&str, &[u8]) = ("00400275.0.00080100", b"CODE");
pub const FOUND_AFTER: (&str, &[u8]) = ("00400280", b"text");
