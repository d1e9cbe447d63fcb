//! Where the bytes are: in memory, or in a file that is opened only while it is read.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use super::view::View;
use crate::error::{Error, Result};

/// Bytes that several data sets share.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// What tells a file from another that took its place, or from itself after it was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    length: u64,
    modified: Option<SystemTime>,
    /// Device and inode.
    number: (u64, u64),
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let number = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let number = (0, 0);
        Self { length: metadata.len(), modified: metadata.modified().ok(), number }
    }
}

/// A file that was opened once and must still be the same when it is opened again.
#[derive(Debug)]
pub struct FileSource {
    path: PathBuf,
    identity: Identity,
    /// Held only once the file's name was given to another, by saving over it.
    kept: OnceLock<File>,
}

impl FileSource {
    /// Opens the file again.
    ///
    /// # Errors
    /// [`Error::Changed`] when it is not the file that was opened first, [`Error::Io`] when it cannot be opened.
    pub fn reopen(&self) -> Result<File> {
        if let Some(file) = self.kept.get() {
            return Ok(file.try_clone()?);
        }
        let file = File::open(&self.path)?;
        if Identity::of(&file.metadata()?) == self.identity { Ok(file) } else { Err(Error::Changed) }
    }

    /// Whether all who read share one descriptor, and so its position.
    pub(super) fn is_shared(&self) -> bool {
        self.kept.get().is_some()
    }

    /// Whether this is the file at a path.
    pub fn is_at(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|metadata| Identity::of(&metadata) == self.identity)
    }

    /// Holds the file open: its name is about to be given to another.
    ///
    /// # Errors
    /// As [`FileSource::reopen`].
    pub fn keep_open(&self) -> Result<()> {
        let file = self.reopen()?;
        let _ = self.kept.set(file);
        Ok(())
    }
}

/// The whole of a file's bytes, wherever they are.
#[derive(Clone)]
pub enum Source {
    /// In memory.
    Memory(SharedBytes),
    /// In a file of the file system.
    File(Arc<FileSource>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory(_) => write!(f, "Memory({} bytes)", self.length()),
            Self::File(file) => write!(f, "File({} bytes)", file.identity.length),
        }
    }
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

/// Reads exactly the bytes from an offset on. A file that ends before was cut after it was opened.
fn read_exactly(file: &File, mut buffer: &mut [u8], mut offset: u64) -> Result<()> {
    while !buffer.is_empty() {
        match read_some(file, buffer, offset) {
            Ok(0) => return Err(Error::Changed),
            Ok(count) => {
                buffer = &mut buffer[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

impl Source {
    /// Opens a file: the source, and the descriptor for as long as it is being read.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened or is a folder.
    pub fn open(path: &Path) -> Result<(Self, File)> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
        let source = FileSource { path: path.to_owned(), identity: Identity::of(&metadata), kept: OnceLock::new() };
        Ok((Self::File(Arc::new(source)), file))
    }

    /// Bytes of the whole.
    pub fn length(&self) -> u64 {
        match self {
            Self::Memory(bytes) => (**bytes).as_ref().len() as u64,
            Self::File(file) => file.identity.length,
        }
    }

    /// The bytes between two offsets that lie in the source.
    ///
    /// # Errors
    /// [`Error::Changed`] when the file is no longer the one that was opened.
    pub fn read(&self, start: u64, end: u64) -> Result<Cow<'_, [u8]>> {
        match self {
            Self::Memory(bytes) => Ok(Cow::Borrowed(range((**bytes).as_ref(), start, end).ok_or(Error::Changed)?)),
            Self::File(source) => {
                let file = source.reopen()?;
                if end > source.identity.length || start > end {
                    return Err(Error::Changed);
                }
                let mut buffer = vec![0; (end - start) as usize];
                read_exactly(&file, &mut buffer, start)?;
                Ok(Cow::Owned(buffer))
            }
        }
    }

    /// The source, opened to be read from several times.
    ///
    /// # Errors
    /// [`Error::Changed`] when the file is no longer the one that was opened.
    pub fn reader(&self) -> Result<Reader<'_>> {
        match self {
            Self::Memory(bytes) => Ok(Reader::Memory((**bytes).as_ref())),
            Self::File(source) => Ok(Reader::File(source.reopen()?)),
        }
    }

    /// Hands the bytes between two offsets to `sink`, a piece at a time, so that memory stays bounded.
    ///
    /// # Errors
    /// As [`Source::read`], and what `sink` says.
    pub fn copy(&self, start: u64, end: u64, sink: &mut dyn FnMut(&mut [u8]) -> Result<()>) -> Result<()> {
        const PIECE: u64 = 1 << 18;
        let mut buffer = vec![0; (end - start).min(PIECE) as usize];
        let file = match self {
            Self::File(source) => Some(source.reopen()?),
            Self::Memory(_) => None,
        };
        let mut at = start;
        while at < end {
            let piece = &mut buffer[..(end - at).min(PIECE) as usize];
            match (self, &file) {
                (Self::Memory(bytes), _) => {
                    let whole = (**bytes).as_ref();
                    piece.copy_from_slice(range(whole, at, at + piece.len() as u64).ok_or(Error::Changed)?);
                }
                (_, Some(file)) => read_exactly(file, piece, at)?,
                _ => {}
            }
            at += piece.len() as u64;
            sink(piece)?;
        }
        Ok(())
    }

    /// Writes the bytes between two offsets as they are.
    ///
    /// # Errors
    /// As [`Source::read`], and what the writer says.
    pub fn write_to(&self, start: u64, end: u64, writer: &mut dyn Write) -> Result<()> {
        if let Self::Memory(bytes) = self {
            let piece = range((**bytes).as_ref(), start, end).ok_or(Error::Changed)?;
            return Ok(writer.write_all(piece)?);
        }
        self.copy(start, end, &mut |piece| Ok(writer.write_all(piece)?))
    }
}

/// A source that is open.
pub enum Reader<'a> {
    /// In memory.
    Memory(&'a [u8]),
    /// A file.
    File(File),
}

impl Reader<'_> {
    /// Fills `out` with the bytes from an offset on.
    ///
    /// # Errors
    /// [`Error::Changed`] when the source ends before; [`Error::Io`].
    pub fn read_into(&self, start: u64, out: &mut [u8]) -> Result<()> {
        match self {
            Self::Memory(bytes) => {
                out.copy_from_slice(range(bytes, start, start + out.len() as u64).ok_or(Error::Changed)?);
                Ok(())
            }
            Self::File(file) => read_exactly(file, out, start),
        }
    }
}

#[inline]
fn range(bytes: &[u8], start: u64, end: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

enum Bytes {
    Owned(Vec<u8>),
    Shared(SharedBytes),
}

struct Segment {
    base: u64,
    bytes: Bytes,
    /// Read only to find the next fragment: dropped when the one after is read.
    passing: bool,
}

impl Segment {
    #[inline]
    fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Owned(bytes) => bytes,
            Bytes::Shared(bytes) => (**bytes).as_ref(),
        }
    }

    fn end(&self) -> u64 {
        self.base + self.bytes().len() as u64
    }
}

/// The parts of a source that are in memory: the header without its long values.
#[derive(Default)]
pub struct Window {
    segments: Vec<Segment>,
}

impl Window {
    /// A window on the whole of a source that is in memory.
    pub fn whole(bytes: SharedBytes) -> Self {
        Self { segments: vec![Segment { base: 0, bytes: Bytes::Shared(bytes), passing: false }] }
    }

    /// The bytes between two offsets, when they are in memory.
    #[inline]
    pub fn slice(&self, start: u64, end: u64) -> Option<&[u8]> {
        let index = self.segments.partition_point(|segment| segment.base <= start);
        let segment = self.segments.get(index.checked_sub(1)?)?;
        range(segment.bytes(), start - segment.base, end.checked_sub(segment.base)?)
    }

    /// What was loaded last.
    pub fn view(&self, length: u64) -> View<'_> {
        match self.segments.last() {
            Some(segment) => View { bytes: segment.bytes(), base: segment.base, length },
            None => View { bytes: &[], base: 0, length },
        }
    }

    /// Where what was loaded last ends.
    pub fn end(&self) -> u64 {
        self.segments.last().map_or(0, Segment::end)
    }

    /// Loads `count` bytes from `start` on, as far as the file of `length` bytes has them.
    ///
    /// # Errors
    /// [`Error::Changed`] when the file is shorter than it was.
    pub fn load(&mut self, file: &File, start: u64, count: u64, length: u64, passing: bool) -> Result<()> {
        let stop = start.saturating_add(count).min(length);
        while self.segments.last().is_some_and(|segment| segment.base > start) {
            self.segments.pop();
        }
        let joined = self.segments.last().is_some_and(|segment| segment.end() >= start);
        if !joined {
            if passing {
                self.segments.pop_if(|segment| segment.passing);
            }
            self.segments.push(Segment { base: start, bytes: Bytes::Owned(Vec::new()), passing });
        }
        let Some(Segment { base, bytes: Bytes::Owned(bytes), .. }) = self.segments.last_mut() else { return Ok(()) };
        let from = *base + bytes.len() as u64;
        if stop > from {
            let had = bytes.len();
            bytes.resize(had + (stop - from) as usize, 0);
            read_exactly(file, &mut bytes[had..], from)?;
        }
        Ok(())
    }

    /// Gives back memory that was loaded and is not used beyond `end`.
    pub fn trim(&mut self, end: u64) {
        if let Some(Segment { base, bytes: Bytes::Owned(bytes), .. }) = self.segments.last_mut() {
            let keep = end.saturating_sub(*base) as usize;
            if bytes.len() > keep + (1 << 16) {
                bytes.truncate(keep);
                bytes.shrink_to_fit();
            }
        }
    }
}
