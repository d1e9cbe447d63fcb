//! What is to be written, before it is: pieces whose total length is known, most of them not in memory.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use super::parsed::Parsed;
use super::source::{SharedBytes, Source};
use crate::error::{Error, Result};

/// Where a reader of a plan is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    piece: usize,
    offset: u64,
}

enum Piece {
    Bytes(Vec<u8>),
    Shared(SharedBytes),
    /// A part of a source, as it lies there.
    Range(Arc<Parsed>, u64, u64),
    /// A part of a source whose words change their byte order.
    Swapped(Arc<Parsed>, u64, u64, usize),
}

/// Pieces of a file to be.
#[derive(Default)]
pub struct Plan {
    pieces: Vec<Piece>,
    length: u64,
}

/// Reverses the bytes of each word.
pub fn swap_words(bytes: &mut [u8], size: usize) {
    for word in bytes.chunks_exact_mut(size) {
        word.reverse();
    }
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Shared(bytes) => (**bytes).as_ref().len() as u64,
            Self::Range(_, start, end) | Self::Swapped(_, start, end, _) => end - start,
        }
    }

    /// Appends a part of it.
    fn read(&self, from: u64, to: u64, into: &mut Vec<u8>) -> Result<()> {
        let within = from as usize..to as usize;
        match self {
            Self::Bytes(bytes) => into.extend_from_slice(&bytes[within]),
            Self::Shared(bytes) => into.extend_from_slice(&(**bytes).as_ref()[within]),
            Self::Range(parsed, start, _) => parsed.source.copy(start + from, start + to, &mut |bytes| {
                into.extend_from_slice(bytes);
                Ok(())
            })?,
            Self::Swapped(parsed, start, end, word) => {
                // Whole words, of which those at the ends may be wanted in part.
                let (size, before) = (*word as u64, into.len());
                let (first, behind) = (from / size * size, to.div_ceil(size).saturating_mul(size).min(end - start));
                parsed.source.copy(start + first, start + behind, &mut |bytes| {
                    into.extend_from_slice(bytes);
                    Ok(())
                })?;
                swap_words(&mut into[before..], *word);
                into.drain(before..before + (from - first) as usize);
                into.truncate(before + (to - from) as usize);
            }
        }
        Ok(())
    }
}

impl Plan {
    /// Reads on from a place: so many bytes, or what is left.
    ///
    /// # Errors
    /// [`crate::Error::Changed`] when a source is no longer what it was.
    pub fn read(&self, place: &mut Place, most: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.pieces.get(place.piece)
            && bytes.len() < most
        {
            let end = piece.length().min(place.offset + (most - bytes.len()) as u64);
            piece.read(place.offset, end, &mut bytes)?;
            *place = if end == piece.length() {
                Place { piece: place.piece + 1, offset: 0 }
            } else {
                Place { piece: place.piece, offset: end }
            };
        }
        Ok(bytes)
    }

    /// Bytes of all the pieces.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if let Some(Piece::Bytes(last)) = self.pieces.last_mut() {
            last.extend_from_slice(bytes);
        } else {
            self.pieces.push(Piece::Bytes(bytes.to_vec()));
        }
    }

    /// Appends bytes that are not copied.
    pub fn push_shared(&mut self, bytes: &SharedBytes) {
        self.length += (**bytes).as_ref().len() as u64;
        self.pieces.push(Piece::Shared(Arc::clone(bytes)));
    }

    /// Appends a part of a source.
    pub fn push_range(&mut self, parsed: &Arc<Parsed>, start: u64, end: u64) {
        self.length += end - start;
        if let Some(Piece::Range(last, _, last_end)) = self.pieces.last_mut()
            && *last_end == start
            && Arc::ptr_eq(last, parsed)
        {
            *last_end = end;
        } else {
            self.pieces.push(Piece::Range(Arc::clone(parsed), start, end));
        }
    }

    /// Appends a part of a source with the bytes of each word reversed.
    pub fn push_swapped(&mut self, parsed: &Arc<Parsed>, start: u64, end: u64, word: usize) {
        self.length += end - start;
        self.pieces.push(Piece::Swapped(Arc::clone(parsed), start, end, word));
    }

    /// Appends another plan.
    pub fn append(&mut self, other: Self) {
        for piece in other.pieces {
            match piece {
                Piece::Bytes(bytes) => self.push(&bytes),
                Piece::Range(parsed, start, end) => self.push_range(&parsed, start, end),
                piece => {
                    self.length += piece.length();
                    self.pieces.push(piece);
                }
            }
        }
    }

    /// Writes all the pieces.
    ///
    /// # Errors
    /// What the writer says; [`crate::Error::Changed`] when a source is no longer what it was.
    pub fn write_to(&self, writer: &mut dyn Write) -> Result<()> {
        self.emit(&mut Writing(writer))
    }

    /// Writes all the pieces to a file. What lies in another file is copied by the operating system.
    ///
    /// # Errors
    /// As [`Plan::write_to`].
    pub fn write_to_file(&self, file: &mut BufWriter<File>) -> Result<()> {
        self.emit(file)
    }

    fn emit(&self, sink: &mut impl Sink) -> Result<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => sink.bytes(bytes)?,
                Piece::Shared(bytes) => sink.bytes((**bytes).as_ref())?,
                Piece::Range(parsed, start, end) => match parsed.in_memory(*start, *end) {
                    Some(bytes) => sink.bytes(bytes)?,
                    None => sink.range(&parsed.source, *start, *end)?,
                },
                Piece::Swapped(parsed, start, end, word) => parsed.source.copy(*start, *end, &mut |bytes| {
                    swap_words(bytes, *word);
                    sink.bytes(bytes)
                })?,
            }
        }
        Ok(())
    }
}

/// Where pieces go.
trait Sink {
    fn bytes(&mut self, bytes: &[u8]) -> Result<()>;
    fn range(&mut self, source: &Source, start: u64, end: u64) -> Result<()>;
}

struct Writing<'a>(&'a mut dyn Write);

impl Sink for Writing<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.0.write_all(bytes)?)
    }

    fn range(&mut self, source: &Source, start: u64, end: u64) -> Result<()> {
        source.write_to(start, end, self.0)
    }
}

impl Sink for BufWriter<File> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.write_all(bytes)?)
    }

    fn range(&mut self, source: &Source, start: u64, end: u64) -> Result<()> {
        match source {
            Source::File(file) if !file.is_shared() => {
                let mut from = file.reopen()?;
                from.seek(SeekFrom::Start(start))?;
                let copied = io::copy(&mut from.take(end - start), self)?;
                if copied == end - start { Ok(()) } else { Err(Error::Changed) }
            }
            _ => source.write_to(start, end, self),
        }
    }
}
