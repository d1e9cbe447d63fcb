//! Part 10 files (PS3.10 7), and what is found in their place: bare data sets, missing or wrong meta information.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::header::{Header, Read as HeaderRead};
use super::node::{Encoding, Node};
use super::parsed::{Parsed, drive};
use super::parser::Parser;
use super::source::{SharedBytes, Source, Window};
use super::view::Limits;
use crate::dataset::Dataset;
use crate::error::{Error, Place, Result};
use crate::finding::{Code, Finding};
use crate::transfer_syntax::{self, TransferSyntax};
use crate::{Tag, Vr, dictionary};

/// What of a file is read, and how much it may cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadOptions {
    /// Bounds.
    pub limits: Limits,
    /// Stop before the first element with this tag or a higher one.
    pub stop: Option<Tag>,
    /// Read what does not look like DICOM as if it were.
    pub force: bool,
}

/// A file as it was read.
#[derive(Clone, Debug)]
pub struct DicomFile {
    /// The file's bytes.
    pub source: Source,
    /// Where the file meta information begins, after preamble and prefix.
    pub meta_start: u64,
    /// The file meta information, empty when there is none.
    pub meta: Dataset,
    /// Where the data set begins.
    pub start: u64,
    /// The data set.
    pub dataset: Dataset,
    /// UID as the file meta information has it; empty when it has none.
    pub transfer_syntax: String,
    /// How the data set is encoded.
    pub encoding: Encoding,
    /// Whether the data set was inflated: its offsets count from the start of the inflated data.
    pub deflated: bool,
    /// Oddities of the file itself, without those of the data set.
    pub findings: Vec<Finding>,
}

/// Reads a file of the file system.
///
/// # Errors
/// [`Error::Io`]; [`Error::Format`] when it is not DICOM; [`Error::Limit`].
pub fn read_path(path: &Path, options: &ReadOptions) -> Result<DicomFile> {
    let (source, file) = Source::open(path)?;
    let mut window = Window::default();
    let first = super::parsed::FIRST_READ;
    window.load(&file, 0, first, source.length(), false)?;
    Reader { source, file: Some(file), window, options, findings: Vec::new() }.read()
}

/// Reads a file that is in memory.
///
/// # Errors
/// As [`read_path`].
pub fn read_bytes(bytes: SharedBytes, options: &ReadOptions) -> Result<DicomFile> {
    let window = Window::whole(Arc::clone(&bytes));
    Reader { source: Source::Memory(bytes), file: None, window, options, findings: Vec::new() }.read()
}

/// Reads the bytes of a command set alone: elements of group 0000, always in Implicit VR Little Endian (PS3.7 6.3.1),
/// and whatever follows them.
///
/// # Errors
/// [`Error::Limit`]; [`Error::Format`].
pub fn read_command_set(bytes: SharedBytes, options: &ReadOptions) -> Result<Dataset> {
    let window = Window::whole(Arc::clone(&bytes));
    let mut reader = Reader { source: Source::Memory(bytes), file: None, window, options, findings: Vec::new() };
    Ok(reader.read_data_set(0, None)?.0)
}

/// How much bytes look like the first element of a data set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    None,
    /// A header whose value ends inside the file.
    Readable,
    /// With a value representation, and of a group as data sets begin with.
    LowGroup,
    /// The dictionary knows the tag.
    Known,
}

struct Reader<'a> {
    source: Source,
    file: Option<File>,
    window: Window,
    options: &'a ReadOptions,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn read(mut self) -> Result<DicomFile> {
        let meta_start = self.find_meta()?;
        let (meta_parser, start) = self.read_meta(meta_start)?;
        let meta_window = if self.file.is_some() { self.copy_window(start) } else { self.window_of_memory() };
        let (nodes, meta_findings) = meta_parser.finish();
        let meta =
            Parsed::new(self.source.clone(), Arc::new(meta_window), nodes, Vec::new(), self.options.limits, None);
        let meta = Dataset::from_parsed(Arc::new(meta));
        let transfer_syntax = meta.text(Tag::TRANSFER_SYNTAX_UID).unwrap_or_default();
        let (syntax, deflated) = self.declared(meta.is_empty(), &transfer_syntax, start);
        // What stands behind the group is no element when it is deflated: too short for one says nothing then.
        self.findings.extend(meta_findings.into_iter().filter(|finding| !deflated || finding.offset < start));
        if deflated {
            return self.inflate(meta_start, meta, start, transfer_syntax);
        }
        let (dataset, encoding) = self.read_data_set(start, syntax)?;
        Ok(DicomFile {
            source: self.source,
            meta_start,
            meta,
            start,
            dataset,
            transfer_syntax,
            encoding,
            deflated: false,
            findings: self.findings,
        })
    }

    fn bytes_at(&self, start: u64, count: u64) -> &[u8] {
        let end = (start + count).min(self.source.length());
        self.window.slice(start, end).unwrap_or(&[])
    }

    fn note(&mut self, code: Code, offset: u64) {
        self.findings.push(Finding::file(code, offset));
    }

    /// Makes the first bytes from an offset on available.
    fn load(&mut self, start: u64, count: u64) -> Result<()> {
        match &self.file {
            Some(file) => self.window.load(file, start, count, self.source.length(), false),
            None => Ok(()),
        }
    }

    /// Where the file meta information, or the bare data set, begins.
    fn find_meta(&mut self) -> Result<u64> {
        if self.bytes_at(128, 4) == b"DICM" {
            let preamble = self.bytes_at(0, 4);
            // A TIFF beside the DICOM file is what the preamble is for (PS3.10 7.1); programs and pages are not.
            let foreign: [&[u8]; 6] = [b"MZ", b"\x7fELF", b"%PDF", b"PK\x03\x04", b"<", b"#!"];
            if foreign.iter().any(|magic| preamble.starts_with(magic)) {
                self.note(Code::ForeignPreamble, 0);
            }
            return Ok(132);
        }
        if self.bytes_at(0, 4) == b"DICM" {
            self.note(Code::ShortPreamble, 0);
            return Ok(4);
        }
        let found = self.sniff(0, None);
        if found.is_none() && !self.options.force {
            let what = "not a DICOM file: no `DICM` prefix, and no data set at its start";
            return Err(Error::format(what, Place::offset(0)));
        }
        self.note(Code::MissingPreamble, 0);
        Ok(0)
    }

    /// Parses group 0002. Returns the parser and where the data set begins.
    fn read_meta(&mut self, start: u64) -> Result<(Parser, u64)> {
        let explicit = Encoding::EXPLICIT_LITTLE;
        let first = super::header::tag(self.bytes_at(start, 4), explicit);
        let mut encoding = explicit;
        if first.is_none_or(|tag| tag.group() != 2) {
            let none = Parser::new(start, start, explicit, self.options.limits);
            self.note(Code::MissingMeta, start);
            return Ok((none, start));
        }
        let letters = self.bytes_at(start + 4, 2).first_chunk().and_then(|&raw| Vr::from_bytes(raw));
        if letters.is_none() {
            encoding = Encoding::IMPLICIT_LITTLE;
            self.note(Code::MetaImplicit, start);
        }
        let mut parser = Parser::new(start, self.source.length(), encoding, self.options.limits).group(2);
        drive(&mut parser, &self.source, self.file.as_ref(), &mut self.window, false)?;
        let end = self.check_meta_length(&parser, start);
        Ok((parser, end))
    }

    fn check_meta_length(&mut self, parser: &Parser, start: u64) -> u64 {
        let end = parser.position();
        let declared = parser.first().filter(|node| node.tag == Tag::FILE_META_GROUP_LENGTH && node.length() == 4);
        let declared = declared.and_then(|node| {
            let raw = self.window.slice(node.offset, node.offset + 4)?;
            Some(node.offset + 4 + u64::from(node.encoding().u32([raw[0], raw[1], raw[2], raw[3]])))
        });
        if declared != Some(end) {
            self.findings.push(Finding::new(Code::MetaGroupLength, Tag::FILE_META_GROUP_LENGTH, start));
        }
        end
    }

    /// The part of the window that holds the meta information, for the meta data set to keep.
    fn copy_window(&self, end: u64) -> Window {
        let bytes = self.bytes_at(0, end).to_vec();
        Window::whole(Arc::new(bytes))
    }

    fn window_of_memory(&self) -> Window {
        match &self.source {
            Source::Memory(bytes) => Window::whole(Arc::clone(bytes)),
            Source::File(_) => Window::default(),
        }
    }

    /// The registry's row for the transfer syntax, and whether the data set is deflated.
    fn declared(&mut self, no_meta: bool, uid: &str, start: u64) -> (Option<&'static TransferSyntax>, bool) {
        let row = transfer_syntax::find(uid);
        if row.is_none() && !no_meta {
            let code = if uid.is_empty() { Code::MissingTransferSyntax } else { Code::UnknownTransferSyntax };
            self.findings.push(Finding::new(code, Tag::TRANSFER_SYNTAX_UID, start));
        }
        (row, row.is_some_and(|row| row.deflated))
    }

    fn read_data_set(&mut self, start: u64, syntax: Option<&'static TransferSyntax>) -> Result<(Dataset, Encoding)> {
        self.load(start, 64)?;
        let declared = syntax.map(|row| Encoding { explicit: row.explicit, big_endian: row.big_endian });
        let mut at = start;
        let mut parser = Parser::new(start, self.source.length(), Encoding::IMPLICIT_LITTLE, self.options.limits);
        let first = super::header::tag(self.bytes_at(start, 4), Encoding::IMPLICIT_LITTLE);
        if first.is_some_and(|tag| tag.group() == 0) && self.bytes_at(start, 8).iter().any(|&byte| byte != 0) {
            // Command elements are always in implicit VR little endian (PS3.7 6.3.1).
            parser = parser.until(Tag(0x0001_0000));
            drive(&mut parser, &self.source, self.file.as_ref(), &mut self.window, false)?;
            parser.add_finding(Finding::file(Code::CommandGroup, start));
            at = parser.position();
            self.load(at, 64)?;
        }
        let encoding = self.sniff(at, declared).or(declared).unwrap_or(Encoding::IMPLICIT_LITTLE);
        if declared.is_some_and(|declared| declared != encoding) {
            parser.add_finding(Finding::file(Code::WrongTransferSyntax, at));
        }
        parser.continue_as(encoding, self.options.stop.unwrap_or(Tag(u32::MAX)));
        let done = drive(&mut parser, &self.source, self.file.as_ref(), &mut self.window, true)?;
        let window = std::mem::take(&mut self.window);
        Ok((Dataset::from_parsed(Arc::new(self.gather(parser, done, window))), encoding))
    }

    fn gather(&self, mut parser: Parser, done: bool, mut window: Window) -> Parsed {
        let limits = self.options.limits;
        if done {
            window.trim(parser.position());
            let (nodes, findings) = parser.finish();
            return Parsed::new(self.source.clone(), Arc::new(window), nodes, findings, limits, None);
        }
        let (nodes, findings) = parser.split_at_fragments();
        Parsed::new(self.source.clone(), Arc::new(window), nodes, findings, limits, Some(parser))
    }

    /// The encoding that the element at an offset shows. The declared one wins unless it makes no sense of the element
    /// and another one does: it names a known element, or a low group where the declared one reads past the end.
    fn sniff(&self, start: u64, declared: Option<Encoding>) -> Option<Encoding> {
        let likeness = |encoding: Encoding| self.likeness(start, encoding);
        let of_declared = declared.map_or(Likeness::None, likeness);
        if of_declared >= Likeness::LowGroup {
            return declared;
        }
        let big_implicit = Encoding { explicit: false, big_endian: true };
        let all = [Encoding::EXPLICIT_LITTLE, Encoding::IMPLICIT_LITTLE, Encoding::EXPLICIT_BIG, big_implicit];
        let first = |least| all.into_iter().find(|&encoding| likeness(encoding) >= least);
        first(Likeness::Known)
            .or_else(|| declared.filter(|_| of_declared == Likeness::Readable))
            .or_else(|| first(Likeness::LowGroup))
    }

    /// How much the bytes at an offset look like an element in an encoding.
    fn likeness(&self, start: u64, encoding: Encoding) -> Likeness {
        let HeaderRead::Header(header) = Header::read(self.bytes_at(start, 16), encoding) else {
            return Likeness::None;
        };
        let letters = Vr::from_bytes([header.length as u8, (header.length >> 8) as u8]).is_some();
        if header.tag.group() == 0xFFFE || (!encoding.explicit && letters) {
            return Likeness::None;
        }
        let low = header.tag.group() < 0x0100;
        if dictionary::vr(header.tag).is_some() || (low && header.tag.is_group_length()) {
            return Likeness::Known;
        }
        match header.end(start).is_none_or(|end| end <= self.source.length()) {
            true if encoding.explicit && low => Likeness::LowGroup,
            true => Likeness::Readable,
            false => Likeness::None,
        }
    }

    /// A deflated data set (PS3.5 A.5): inflated into memory, up to the limit.
    fn inflate(mut self, meta_start: u64, meta: Dataset, start: u64, transfer_syntax: String) -> Result<DicomFile> {
        let source = self.source.clone();
        let raw = source.read(start, source.length())?;
        let limit = self.options.limits.inflated.unwrap_or_else(|| (32 << 20).max(16 * raw.len() as u64));
        let zlib = raw.len() > 2 && raw[0] == 0x78 && (u16::from(raw[0]) << 8 | u16::from(raw[1])) % 31 == 0;
        if zlib {
            self.note(Code::ZlibHeader, start);
        }
        let inflated = if let Ok((bytes, whole)) = inflate(&raw[if zlib { 2 } else { 0 }..], limit) {
            if !whole {
                self.note(Code::DeflateDamaged, start);
            }
            bytes
        } else {
            let place = Place::offset(start);
            return Err(Error::Limit { limit: "max_inflated", maximum: limit, place });
        };
        drop(raw);
        let bytes: SharedBytes = Arc::new(inflated);
        let mut reader = Reader {
            source: Source::Memory(Arc::clone(&bytes)),
            file: None,
            window: Window::whole(bytes),
            options: self.options,
            findings: self.findings,
        };
        let (dataset, encoding) = reader.read_data_set(0, transfer_syntax::find(&transfer_syntax))?;
        let findings = reader.findings;
        Ok(DicomFile { source, meta_start, meta, start, dataset, transfer_syntax, encoding, deflated: true, findings })
    }
}

/// Inflates up to `limit` bytes. The flag tells whether the stream came to its end; damage ends it early.
fn inflate(raw: &[u8], limit: u64) -> Result<(Vec<u8>, bool), ()> {
    let mut decoder = flate2::bufread::DeflateDecoder::new(raw);
    let mut bytes = Vec::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match decoder.read(&mut piece) {
            Ok(0) => return Ok((bytes, true)),
            Ok(count) => {
                if bytes.len() as u64 + count as u64 > limit {
                    return Err(());
                }
                bytes.extend_from_slice(&piece[..count]);
            }
            Err(_) => return Ok((bytes, false)),
        }
    }
}

impl Parser {
    /// The first node, when there is one.
    pub(super) fn first(&self) -> Option<&Node> {
        self.nodes.first()
    }
}
