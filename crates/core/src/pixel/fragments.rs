//! Fragments of encapsulated pixel data (PS3.5 A.4), found without reading what is in them.

use std::borrow::Cow;

use crate::dataset::{Content, Element, ElementRef};
use crate::error::{Place, Result};
use crate::{Error, Tag};

/// Bytes read at once: the headers of many small fragments, one of a long one.
const BLOCK: u64 = 16 * 1024;
const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];
const SEQUENCE_DELIMITATION: [u8; 4] = [0xFE, 0xFF, 0xDD, 0xE0];

/// Where the items of an encapsulated value are, its offset table first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragments {
    /// Offset in the value and length of each; the last one ends where the value does.
    pub items: Vec<(u64, u64)>,
    /// The value, or its last item, ends before it should.
    pub truncated: bool,
}

/// Bytes of a value between two offsets in it; what is behind its end is left out.
///
/// # Errors
/// [`Error::Changed`] when the file is no longer what it was.
pub fn range(element: ElementRef<'_>, start: u64, end: u64) -> Result<Cow<'_, [u8]>> {
    let end = end.min(element.length());
    let start = start.min(end);
    match element {
        ElementRef::Stored(parsed, index) => {
            let node = &parsed.nodes()[index as usize];
            parsed.range(node.offset + start, node.offset + end)
        }
        ElementRef::Edited(Element { content: Content::Stored(parsed, index), .. }) => {
            range(ElementRef::Stored(parsed, *index), start, end)
        }
        ElementRef::Edited(_) => Ok(match element.bytes()? {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[start as usize..end as usize]),
            Cow::Owned(bytes) => Cow::Owned(bytes[start as usize..end as usize].to_vec()),
        }),
    }
}

/// Finds the items of an encapsulated value, up to a number of them.
///
/// # Errors
/// [`Error::Format`] where something else stands than an item; [`Error::Limit`]; as [`range`].
pub fn fragments(element: ElementRef<'_>, most: usize) -> Result<Fragments> {
    let length = element.length();
    let mut found = Fragments::default();
    let (mut position, mut block, mut block_start) = (0, Cow::Borrowed(&[][..]), 0);
    while position + 8 <= length {
        if position < block_start || position + 8 > block_start + block.len() as u64 {
            block = range(element, position, position + BLOCK)?;
            block_start = position;
        }
        let at = (position - block_start) as usize;
        let Some(header) = block.get(at..at + 8) else { break };
        if header[..4] == SEQUENCE_DELIMITATION {
            return Ok(found);
        }
        if header[..4] != ITEM {
            let what = "encapsulated pixel data has something else where an item has to be";
            return Err(Error::format(what, Place::tag(Tag::PIXEL_DATA)));
        }
        if found.items.len() == most {
            let place = Place::tag(Tag::PIXEL_DATA);
            return Err(Error::Limit { limit: "fragments", maximum: most as u64, place });
        }
        let declared = u64::from(u32::from_le_bytes([header[4], header[5], header[6], header[7]]));
        let start = position + 8;
        found.truncated = start + declared > length;
        found.items.push((start, declared.min(length - start)));
        position = start.saturating_add(declared);
    }
    Ok(found)
}
