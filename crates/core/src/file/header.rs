//! Element headers (PS3.5 7.1.2, 7.1.3), and the ways in which real files get them wrong.

use super::node::{Encoding, Flags};
use crate::dictionary;
use crate::{Code, Tag, Vr};

/// Length field of a sequence, item or encapsulated value that ends with a delimiter.
pub const UNDEFINED: u32 = u32::MAX;

/// A header as one interpretation of the bytes has it.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub tag: Tag,
    pub vr: Vr,
    pub length: u32,
    /// 8 or 12 bytes.
    pub size: u8,
    pub encoding: Encoding,
    /// The deviation this interpretation supposes.
    pub odd: Option<Code>,
}

/// Outcome of reading a header the Standard's way.
pub enum Read {
    Header(Header),
    /// The bytes end inside the header.
    Short,
    /// No value representation of the Standard.
    UnknownVr,
}

#[inline]
fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// The tag at the start of `bytes`.
#[inline]
pub fn tag(bytes: &[u8], encoding: Encoding) -> Option<Tag> {
    Some(Tag::new(encoding.u16(array(bytes, 0)?), encoding.u16(array(bytes, 2)?)))
}

impl Header {
    /// Reads a header as the encoding has it.
    #[inline]
    pub fn read(bytes: &[u8], encoding: Encoding) -> Read {
        let Some(start) = bytes.first_chunk::<8>() else { return Read::Short };
        let tag = Tag::new(encoding.u16([start[0], start[1]]), encoding.u16([start[2], start[3]]));
        let tail = [start[4], start[5], start[6], start[7]];
        let plain = |vr, length| Read::Header(Self { tag, vr, length, size: 8, encoding, odd: None });
        if tag.group() == 0xFFFE {
            return plain(Vr::UN, encoding.u32(tail));
        }
        if !encoding.explicit {
            return plain(dictionary::vr(tag).unwrap_or(Vr::UN), encoding.u32(tail));
        }
        let Some(vr) = Vr::from_bytes([start[4], start[5]]) else { return Read::UnknownVr };
        if !vr.has_long_length() {
            return plain(vr, u32::from(encoding.u16([start[6], start[7]])));
        }
        let Some(length) = array(bytes, 8) else { return Read::Short };
        let odd = (start[6] | start[7] != 0).then_some(Code::ReservedBytes);
        Read::Header(Self { tag, vr, length: encoding.u32(length), size: 12, encoding, odd })
    }

    /// Every other way to read the header, likeliest first. `bytes` may hold less than the header.
    pub fn alternatives(bytes: &[u8], encoding: Encoding) -> Vec<Self> {
        let mut found = Vec::new();
        let mut push = |vr, length: Option<u32>, size, encoding: Encoding, odd| {
            if let (Some(tag), Some(length)) = (tag(bytes, encoding), length) {
                found.push(Self { tag, vr, length, size, encoding, odd: Some(odd) });
            }
        };
        let Some(letters) = array::<2>(bytes, 4) else { return found };
        let short = |encoding: Encoding| array(bytes, 6).map(|raw| u32::from(encoding.u16(raw)));
        let long = |encoding: Encoding, at| array(bytes, at).map(|raw| encoding.u32(raw));
        let swapped = Encoding { big_endian: !encoding.big_endian, ..encoding };
        let implicit = Encoding { explicit: false, ..encoding };
        let explicit = Encoding { explicit: true, ..encoding };
        let by_tag = |encoding| tag(bytes, encoding).and_then(dictionary::vr).unwrap_or(Vr::UN);
        match (Vr::from_bytes(letters), encoding.explicit) {
            (Some(vr), true) if vr.has_long_length() => {
                push(vr, short(encoding).filter(|&length| length != 0), 8, encoding, Code::ShortLengthField);
                push(vr, long(swapped, 8), 12, swapped, Code::ByteOrder);
            }
            (Some(vr), true) => {
                if short(encoding) == Some(0) {
                    push(vr, long(encoding, 8), 12, encoding, Code::LongLengthField);
                }
                push(vr, short(swapped), 8, swapped, Code::ByteOrder);
            }
            (Some(vr), false) if vr.has_long_length() => {
                push(vr, long(explicit, 8), 12, explicit, Code::ExplicitInImplicit);
            }
            (Some(vr), false) => push(vr, short(explicit), 8, explicit, Code::ExplicitInImplicit),
            (None, _) => {}
        }
        if encoding.explicit {
            push(by_tag(implicit), long(implicit, 4), 8, implicit, Code::ImplicitInExplicit);
            if Vr::from_bytes(letters).is_none() {
                let vr = by_tag(encoding);
                push(vr, short(encoding), 8, encoding, Code::UnknownVr);
                push(vr, long(encoding, 8).filter(|_| short(encoding) == Some(0)), 12, encoding, Code::UnknownVr);
            }
        } else {
            push(by_tag(swapped), long(swapped, 4), 8, swapped, Code::ByteOrder);
        }
        found
    }

    /// Where the value ends when the header stands at `start`; nothing for undefined length.
    #[inline]
    pub fn end(&self, start: u64) -> Option<u64> {
        (self.length != UNDEFINED).then(|| start + u64::from(self.size) + u64::from(self.length))
    }

    /// The flags a node of this header begins with.
    #[inline]
    pub fn flags(&self) -> Flags {
        let mut flags = Flags::of_encoding(self.encoding);
        if self.length == UNDEFINED {
            flags.insert(Flags::UNDEFINED);
        }
        flags
    }
}
