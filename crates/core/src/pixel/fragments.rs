//! Fragments of encapsulated pixel data (PS3.5 A.4), found without reading what is in them.

use super::stored::StoredValue;
use crate::dataset::ElementRef;
use crate::error::{Place, Result};
use crate::{Error, Tag};

/// Bytes read at once: the headers of many small fragments, one of a long one.
const BLOCK: usize = 4 * 1024;
/// Bytes of a fragment that show what it begins with.
pub const HEAD: usize = 8;
/// Bytes of a fragment that show what it ends with, padding included.
pub const TAIL: usize = 4;
const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const SEQUENCE_DELIMITATION: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];

/// Where the items of an encapsulated value are, its offset table first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragments {
    /// Offset in the value and length of each; the last one ends where the value does.
    pub items: Vec<(u64, u64)>,
    /// What each begins with; of one shorter than that the rest is 0.
    pub heads: Vec<[u8; HEAD]>,
    /// The value, or its last item, ends before it should.
    pub truncated: bool,
    /// Where something else stands than an item, when that ended the search.
    pub stray: Option<u64>,
}

/// Finds the items of an encapsulated value, up to a number of them.
///
/// # Errors
/// [`Error::Limit`]; [`Error::Changed`] when the file is no longer what it was.
pub fn fragments(element: ElementRef<'_>, most: usize) -> Result<Fragments> {
    let value = StoredValue::open(element)?;
    let length = value.length();
    let mut found = Fragments::default();
    let mut block = Block::new(&value);
    let mut position = 0_u64;
    while position + 8 <= length {
        let (mut header, mut head) = ([0; 8], [0; HEAD]);
        block.copy(position, &mut header)?;
        if header[..4] == SEQUENCE_DELIMITATION {
            return Ok(found);
        }
        if header[..4] != ITEM {
            found.stray = Some(position);
            return Ok(found);
        }
        if found.items.len() == most {
            let place = Place::tag(Tag::PIXEL_DATA);
            return Err(Error::Limit { limit: "fragments", maximum: most as u64, place });
        }
        let declared = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
        let start = position + 8;
        let there = declared.min(length - start);
        block.copy(start, &mut head[..there.min(HEAD as u64) as usize])?;
        found.truncated = there < declared;
        found.items.push((start, there));
        found.heads.push(head);
        position = start.saturating_add(declared);
    }
    // Fewer bytes than an item header are left: padding, unless they begin as one.
    found.truncated |= length > position;
    Ok(found)
}

/// The last bytes of each item: of one shorter than that the first ones are 0.
///
/// # Errors
/// As [`fragments`].
pub fn tails(element: ElementRef<'_>, items: &[(u64, u64)]) -> Result<Vec<[u8; TAIL]>> {
    let value = StoredValue::open(element)?;
    let mut block = Block::new(&value);
    items
        .iter()
        .map(|&(start, length)| {
            let mut tail = [0; TAIL];
            let count = length.min(TAIL as u64);
            let end = start.saturating_add(length).min(value.length());
            block.copy(end.saturating_sub(count), &mut tail[TAIL - count as usize..])?;
            Ok(tail)
        })
        .collect()
}

/// The bytes read last, so that what lies close together is read at once.
struct Block<'a> {
    value: &'a StoredValue<'a>,
    bytes: Vec<u8>,
    start: u64,
}

impl<'a> Block<'a> {
    fn new(value: &'a StoredValue<'a>) -> Self {
        Self { value, bytes: Vec::new(), start: 0 }
    }

    fn copy(&mut self, position: u64, out: &mut [u8]) -> Result<()> {
        let end = position + out.len() as u64;
        if position < self.start || end > self.start + self.bytes.len() as u64 {
            self.bytes.resize(BLOCK, 0);
            let count = self.value.read_into(position, &mut self.bytes)?;
            self.bytes.truncate(count);
            self.start = position;
        }
        let at = (position - self.start) as usize;
        if let Some(bytes) = self.bytes.get(at..at + out.len()) {
            out.copy_from_slice(bytes);
        }
        Ok(())
    }
}
