//! Part 10 files (PS3.10 7): file meta information, and writing whole files or none.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::encode::{Encoder, Lengths};
use super::node::Encoding;
use super::plan::Plan;
use super::read::DicomFile;
use crate::dataset::{Content, Dataset, Element};
use crate::error::{Error, Result};
use crate::transfer_syntax::{self, TransferSyntax};
use crate::{Tag, Vr};

/// Names this implementation in the files it writes (PS3.10 7.1, (0002,0012)); derived from a UUID (PS3.5 B.2).
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.190396420817826240402214391839424243612";
/// (0002,0013)
pub const IMPLEMENTATION_VERSION_NAME: &str =
    concat!("FILMLESS_", env!("CARGO_PKG_VERSION_MAJOR"), "_", env!("CARGO_PKG_VERSION_MINOR"));

const MEDIA_STORAGE_SOP_CLASS: Tag = Tag(0x0002_0002);
const MEDIA_STORAGE_SOP_INSTANCE: Tag = Tag(0x0002_0003);
const SOP_CLASS: Tag = Tag(0x0008_0016);
const SOP_INSTANCE: Tag = Tag(0x0008_0018);

/// How a file is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// Another transfer syntax than the one the data set came in.
    pub transfer_syntax: Option<&'static TransferSyntax>,
    /// Delimiters or lengths.
    pub lengths: Lengths,
    /// Mend what is invalid in elements that were not touched.
    pub repair: bool,
}

/// A data set with what a file says about it.
pub struct FileParts<'a> {
    /// The elements.
    pub dataset: &'a Dataset,
    /// The file meta information, as far as there is any.
    pub meta: &'a Dataset,
    /// Where both came from, when they came from a file.
    pub origin: Option<&'a DicomFile>,
    /// The 128 bytes before the prefix, when they are to be other than they were.
    pub preamble: Option<&'a [u8]>,
}

/// Plans the bytes of a Part 10 file.
///
/// # Errors
/// [`Error::Unsupported`] for a change of transfer syntax that needs a codec; [`Error::Value`] for a value that
/// cannot be encoded; as reading the source.
pub fn plan_file(parts: &FileParts<'_>, options: &WriteOptions) -> Result<Plan> {
    let mut plan = Plan::default();
    let same_syntax = keeps_syntax(parts, options);
    if let Some(origin) = parts.origin
        && is_kept(parts, options)
        && parts.preamble.is_none()
        && (parts.meta.is_untouched() || parts.meta.is_empty())
        && let Some(parsed) = parts.meta.parsed()
    {
        plan.push_range(parsed, 0, origin.source.length());
        return Ok(plan);
    }
    let target = target_syntax(parts, options)?;
    let encoding = match (target, parts.origin) {
        // A data set that is not in the syntax it claims keeps its encoding, unless another is asked for.
        (_, Some(origin)) if same_syntax && !options.repair => origin.encoding,
        (row, _) => Encoding { explicit: row.explicit, big_endian: row.big_endian },
    };
    plan_head(parts, target, &mut plan)?;
    let mut body = Plan::default();
    let mut encoder = Encoder::new(parts.dataset, encoding, target.encapsulated, options.lengths, options.repair)?;
    encoder.data_set(parts.dataset, &mut body)?;
    if target.deflated {
        deflate(&body, &mut plan)?;
    } else {
        plan.append(body);
        plan_trailing(parts, options, &mut plan)?;
    }
    Ok(plan)
}

/// Plans the bytes of a data set alone.
///
/// # Errors
/// As [`plan_file`].
pub fn plan_data_set(dataset: &Dataset, encoding: Encoding, options: &WriteOptions) -> Result<Plan> {
    let mut plan = Plan::default();
    Encoder::new(dataset, encoding, false, options.lengths, options.repair)?.data_set(dataset, &mut plan)?;
    Ok(plan)
}

/// Plans the bytes of the data set of a file alone: encapsulated or deflated where its transfer syntax is. One that is
/// named is kept to, also by a data set that was not in the syntax it claims.
///
/// # Errors
/// As [`plan_file`].
pub fn plan_body(parts: &FileParts<'_>, options: &WriteOptions) -> Result<Plan> {
    let declared = parts.meta.text(Tag::TRANSFER_SYNTAX_UID).and_then(|uid| transfer_syntax::find(&uid));
    if options.transfer_syntax.is_none() && declared.is_none() {
        return plan_data_set(parts.dataset, parts.dataset.encoding(), options);
    }
    if let Some(origin) = parts.origin
        && origin.deflated
        && is_kept(parts, options)
        && let Some(parsed) = parts.meta.parsed()
    {
        let mut plan = Plan::default();
        plan.push_range(parsed, origin.start, origin.source.length());
        if plan.length() & 1 == 1 {
            plan.push(&[0]); // as `deflate`
        }
        return Ok(plan);
    }
    let target = target_syntax(parts, options)?;
    let encoding = match parts.origin {
        Some(origin) if options.transfer_syntax.is_none() && keeps_syntax(parts, options) && !options.repair => {
            origin.encoding
        }
        _ => Encoding { explicit: target.explicit, big_endian: target.big_endian },
    };
    let mut body = Plan::default();
    let mut encoder = Encoder::new(parts.dataset, encoding, target.encapsulated, options.lengths, options.repair)?;
    encoder.data_set(parts.dataset, &mut body)?;
    if !target.deflated {
        return Ok(body);
    }
    let mut plan = Plan::default();
    deflate(&body, &mut plan)?;
    Ok(plan)
}

/// Whether nothing of the data set is to be other than it was.
fn is_kept(parts: &FileParts<'_>, options: &WriteOptions) -> bool {
    keeps_syntax(parts, options) && options.lengths == Lengths::Keep && !options.repair && parts.dataset.is_untouched()
}

/// Whether the file to be is in the transfer syntax of the one the data set came in: neither the options nor an edit of
/// the file meta information name another.
fn keeps_syntax(parts: &FileParts<'_>, options: &WriteOptions) -> bool {
    let is_of_origin = |uid: &str| parts.origin.is_some_and(|origin| origin.transfer_syntax == uid);
    match options.transfer_syntax {
        Some(row) => is_of_origin(row.uid),
        None => parts.meta.text(Tag::TRANSFER_SYNTAX_UID).is_none_or(|uid| uid.is_empty() || is_of_origin(&uid)),
    }
}

/// The registry's row for the file to be; an error when only a codec could make it.
fn target_syntax(parts: &FileParts<'_>, options: &WriteOptions) -> Result<&'static TransferSyntax> {
    let explicit = || transfer_syntax::find("1.2.840.10008.1.2.1");
    let uid = parts.meta.text(Tag::TRANSFER_SYNTAX_UID).unwrap_or_default();
    let declared = transfer_syntax::find(&uid);
    let by_encoding = || {
        let encoding = parts.origin.map_or(Encoding::EXPLICIT_LITTLE, |origin| origin.encoding);
        let uid = match (encoding.explicit, encoding.big_endian) {
            (true, true) => "1.2.840.10008.1.2.2",
            (true, false) => "1.2.840.10008.1.2.1",
            (false, _) => "1.2.840.10008.1.2",
        };
        transfer_syntax::find(uid)
    };
    let Some(current) = declared.or_else(by_encoding).or_else(explicit) else {
        return Err(Error::Unsupported { feature: "the transfer syntax".into(), uid });
    };
    let Some(target) = options.transfer_syntax.or(Some(current)) else { return Ok(current) };
    let was = parts.origin.and_then(|origin| transfer_syntax::find(&origin.transfer_syntax)).unwrap_or(current);
    let has_pixels = parts.dataset.get(Tag::PIXEL_DATA)?.is_some();
    let set = parts.dataset.edited().find(|(tag, _)| *tag == Tag::PIXEL_DATA).map(|(_, element)| element);
    let untouched = set.is_none() && parts.origin.is_some();
    // Bytes that were set are in the order of what the file meta information says by now.
    let pixels_were = if untouched { was } else { current };
    let turns = |row: &TransferSyntax| row.big_endian_pixels && !row.big_endian;
    if has_pixels && target.uid != pixels_were.uid {
        if turns(target) {
            let feature = format!("writing pixels in {}", target.name);
            return Err(Error::Unsupported { feature, uid: target.uid.into() });
        }
        if turns(pixels_were) {
            return Err(needs_codec(pixels_were, target));
        }
    }
    if has_pixels && target.uid != was.uid && (was.encapsulated || target.encapsulated) {
        let fragments = set.is_some_and(|element| {
            matches!(&element.content, Content::Bytes(bytes) if (**bytes).as_ref().starts_with(&[0xFE, 0xFF, 0, 0xE0]))
        });
        if untouched || (fragments && !target.encapsulated) {
            return Err(needs_codec(was, target));
        }
    }
    Ok(target)
}

fn needs_codec(was: &TransferSyntax, target: &TransferSyntax) -> Error {
    let feature = format!(
        "changing {} to {} by rewriting elements, without the codec that the pixels need (`filmless.write` has it),",
        was.name, target.name
    );
    Error::Unsupported { feature, uid: target.uid.into() }
}

/// Preamble, prefix and file meta information.
fn plan_head(parts: &FileParts<'_>, target: &TransferSyntax, plan: &mut Plan) -> Result<()> {
    let mut preamble = [0; 128];
    if let Some(bytes) = parts.preamble {
        let count = bytes.len().min(128);
        preamble[..count].copy_from_slice(&bytes[..count]);
    } else if let (Some(origin), Some(parsed)) = (parts.origin, parts.meta.parsed())
        && origin.meta_start == 132
    {
        preamble.copy_from_slice(&parsed.range(0, 128)?);
    }
    plan.push(&preamble);
    plan.push(b"DICM");
    let meta = complete_meta(parts, target);
    if let (true, Some(origin), Some(parsed)) = (meta.is_untouched(), parts.origin, meta.parsed())
        && !meta.is_empty()
    {
        plan.push_range(parsed, origin.meta_start, origin.start);
        return Ok(());
    }
    let mut body = Plan::default();
    let mut meta = meta;
    meta.remove(Tag::FILE_META_GROUP_LENGTH);
    Encoder::new(&meta, Encoding::EXPLICIT_LITTLE, false, Lengths::Defined, false)?.data_set(&meta, &mut body)?;
    plan.push(&[2, 0, 0, 0, b'U', b'L', 4, 0]);
    plan.push(&(body.length() as u32).to_le_bytes());
    plan.append(body);
    Ok(())
}

/// The file meta information a file of this data set needs (PS3.10 Table 7.1-1): what is right is left as it is.
fn complete_meta(parts: &FileParts<'_>, target: &TransferSyntax) -> Dataset {
    let mut meta = parts.meta.clone();
    let mut need = |tag, vr, value: Option<String>| {
        if let Some(value) = value.filter(|value| meta.text(tag).as_ref() != Some(value)) {
            meta.set(tag, Element::text(vr, &value));
        }
    };
    need(MEDIA_STORAGE_SOP_CLASS, Vr::UI, parts.dataset.text(SOP_CLASS).filter(|uid| !uid.is_empty()));
    need(MEDIA_STORAGE_SOP_INSTANCE, Vr::UI, parts.dataset.text(SOP_INSTANCE).filter(|uid| !uid.is_empty()));
    need(Tag::TRANSFER_SYNTAX_UID, Vr::UI, Some(target.uid.to_owned()));
    if !meta.is_untouched() {
        meta.set(Tag(0x0002_0001), Element::bytes(Vr::OB, [0, 1]));
        meta.set(Tag(0x0002_0012), Element::text(Vr::UI, IMPLEMENTATION_CLASS_UID));
        meta.set(Tag(0x0002_0013), Element::text(Vr::SH, IMPLEMENTATION_VERSION_NAME));
    }
    meta
}

/// What followed the data set in its file, when the rest stays as it was.
fn plan_trailing(parts: &FileParts<'_>, options: &WriteOptions, plan: &mut Plan) -> Result<()> {
    let Some((origin, parsed)) = parts.origin.zip(parts.dataset.parsed()) else { return Ok(()) };
    if options.repair || origin.deflated {
        return Ok(());
    }
    let last = parsed.tail()?.unwrap_or(parsed);
    let end = last.end().or(parsed.end()).unwrap_or(origin.start);
    if parts.origin.is_some_and(|origin| end < origin.source.length()) {
        plan.push_range(last, end, origin.source.length());
    }
    Ok(())
}

fn deflate(body: &Plan, plan: &mut Plan) -> Result<()> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    body.write_to(&mut encoder)?;
    let mut bytes = encoder.finish()?;
    if bytes.len() & 1 == 1 {
        // PS3.5 A.5: a NULL byte pads the deflated stream to even length.
        bytes.push(0);
    }
    plan.push(&bytes);
    Ok(())
}

/// Where the bytes for a path go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A file that is replaced whole: the path itself, or the one its symbolic links lead to.
    File(PathBuf),
    /// What is opened and written to, and never replaced: a FIFO, a socket, a device.
    Device,
}

/// Tells where the bytes for a path go; nothing is opened or made.
///
/// # Errors
/// What the file system says: links in a circle, a folder that may not be searched.
#[cfg(unix)]
pub fn destination(path: &Path) -> Result<Destination> {
    use std::os::unix::fs::MetadataExt;
    let look = |path: &Path| match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let found = look(path)?;
    if found.as_ref().is_some_and(|found| !found.is_file() && !found.is_dir()) {
        return Ok(Destination::Device);
    }
    let mut file = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&file) else { break };
        file = file.parent().unwrap_or(Path::new("")).join(next);
    }
    let number = |found: &fs::Metadata| (found.dev(), found.ino());
    // A descriptor in `/proc` is a link to a name that its file may have lost.
    let is_elsewhere = found.is_some() && look(&file)?.as_ref().map(number) != found.as_ref().map(number);
    Ok(if is_elsewhere { Destination::Device } else { Destination::File(file) })
}

/// Tells where the bytes for a path go: here always to a file of that name.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn destination(path: &Path) -> Result<Destination> {
    Ok(Destination::File(path.to_path_buf()))
}

/// As many as Linux follows.
#[cfg(unix)]
const MOST_LINKS: usize = 40;

/// Writes a whole file or none: into a temporary file beside it that then takes its name. A link is followed; what is
/// no file ([`Destination::Device`]) is written to as it is.
///
/// # Errors
/// What the file system says; as [`Plan::write_to`]. No temporary file is left.
pub fn write_atomically(path: &Path, plan: &Plan, durable: bool) -> Result<()> {
    let Destination::File(target) = destination(path)? else {
        return fill(OpenOptions::new().write(true).truncate(true).open(path)?, plan, false);
    };
    let (temporary, file) = create_beside(&target)?;
    let result = fill(file, plan, durable).and_then(|()| Ok(fs::rename(&temporary, &target)?));
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    } else if durable {
        sync_folder(&target)?;
    }
    result
}

fn fill(file: File, plan: &Plan, durable: bool) -> Result<()> {
    let mut writer = BufWriter::with_capacity(64 * 1024, file);
    plan.write_to_file(&mut writer)?;
    writer.flush()?;
    if durable {
        writer.get_ref().sync_all()?;
    }
    Ok(())
}

/// A new file with a name of its own in the folder of `path`.
fn create_beside(path: &Path) -> Result<(PathBuf, File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let short: String = name.chars().take(64).collect();
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_file_name(format!(".{short}.{}-{number}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A renamed file is durable when its folder is (on Windows, the rename itself is).
fn sync_folder(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Keeps the bytes of a data set readable when its own file is about to be replaced.
///
/// # Errors
/// [`Error::Changed`] when the file is no longer what it was.
pub fn keep_open(dataset: &Dataset, path: &Path) -> Result<()> {
    match dataset.parsed().map(|parsed| &parsed.source) {
        Some(super::Source::File(source)) if source.is_at(path) => source.keep_open(),
        _ => Ok(()),
    }
}
