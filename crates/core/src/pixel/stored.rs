//! Parts of a long value, read without the rest of it and without a copy on the way.

use crate::dataset::{Content, Element, ElementRef};
use crate::error::Result;
use crate::file::Reader;

/// A value that is open: in memory, or in its file.
pub struct StoredValue<'a> {
    reader: Reader<'a>,
    base: u64,
    length: u64,
}

impl<'a> StoredValue<'a> {
    /// Opens the value of an element.
    ///
    /// # Errors
    /// [`crate::Error::Changed`] when the file is no longer what it was; [`crate::Error::Io`].
    pub fn open(element: ElementRef<'a>) -> Result<Self> {
        let (parsed, index) = match element {
            ElementRef::Stored(parsed, index) => (parsed, index),
            ElementRef::Edited(Element { content: Content::Stored(parsed, index), .. }) => (parsed, *index),
            ElementRef::Edited(Element { content, .. }) => {
                let bytes: &[u8] = match content {
                    Content::Text(text) => text.as_bytes(),
                    Content::Bytes(bytes) => (**bytes).as_ref(),
                    Content::Items(_) | Content::Stored(..) => &[],
                };
                return Ok(Self { reader: Reader::Memory(bytes), base: 0, length: bytes.len() as u64 });
            }
        };
        let node = &parsed.nodes()[index as usize];
        let (start, length) = (node.offset, node.length());
        let reader = match parsed.in_memory(start, start + length) {
            Some(bytes) => return Ok(Self { reader: Reader::Memory(bytes), base: 0, length }),
            None => parsed.source.reader()?,
        };
        Ok(Self { reader, base: start, length })
    }

    /// Bytes of the value.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Fills `out` from an offset in the value on, as far as the value goes. Returns how many bytes that were.
    ///
    /// # Errors
    /// As [`StoredValue::open`].
    pub fn read_into(&self, start: u64, out: &mut [u8]) -> Result<usize> {
        let there = self.length.saturating_sub(start).min(out.len() as u64) as usize;
        if there > 0 {
            self.reader.read_into(self.base + start, &mut out[..there])?;
        }
        Ok(there)
    }

    /// The bytes between two offsets in the value; what is behind its end is left out.
    ///
    /// # Errors
    /// As [`StoredValue::open`].
    pub fn range(&self, start: u64, end: u64) -> Result<Vec<u8>> {
        let end = end.min(self.length);
        let mut bytes = vec![0; end.saturating_sub(start) as usize];
        self.read_into(start, &mut bytes)?;
        Ok(bytes)
    }
}
