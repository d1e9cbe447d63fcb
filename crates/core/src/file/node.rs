//! What parsing leaves behind: one small record per element and item, pointing into the file.

use crate::{Tag, Vr};

/// How elements are encoded (PS3.5 7.1, 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Each element names its value representation.
    pub explicit: bool,
    /// Numbers have their most significant byte first.
    pub big_endian: bool,
}

impl Encoding {
    /// Implicit VR Little Endian.
    pub const IMPLICIT_LITTLE: Self = Self { explicit: false, big_endian: false };
    /// Explicit VR Little Endian.
    pub const EXPLICIT_LITTLE: Self = Self { explicit: true, big_endian: false };
    /// Explicit VR Big Endian (retired).
    pub const EXPLICIT_BIG: Self = Self { explicit: true, big_endian: true };

    /// Two bytes as a number.
    #[inline]
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    /// Four bytes as a number.
    #[inline]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Facts about a [`Node`], one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// No fact.
    pub const NONE: Self = Self(0);
    /// The header has no value representation.
    pub const IMPLICIT: Self = Self(1);
    /// Header and value have their most significant byte first.
    pub const BIG_ENDIAN: Self = Self(2);
    /// The declared length is undefined, FFFFFFFF.
    pub const UNDEFINED: Self = Self(4);
    /// The value is encapsulated: fragments, not items.
    pub const FRAGMENTS: Self = Self(8);
    /// A sequence whose items have not been parsed: it is long and of defined length.
    pub const DEFERRED: Self = Self(16);
    /// The file ends inside the element.
    pub const TRUNCATED: Self = Self(32);
    /// An eight-byte delimiter ends the element.
    pub const DELIMITED: Self = Self(64);
    /// The header is not what the element needs: it declares another length, or is of another form.
    pub const ADJUSTED: Self = Self(128);

    /// Whether every bit of `other` is set.
    #[inline]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Sets the bits of `other`.
    #[inline]
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// These bits and those of `other`.
    #[inline]
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The bits that say how the header and value are encoded.
    #[inline]
    pub const fn of_encoding(encoding: Encoding) -> Self {
        Self(
            if encoding.explicit { 0 } else { Self::IMPLICIT.0 }
                | if encoding.big_endian { Self::BIG_ENDIAN.0 } else { 0 },
        )
    }
}

/// An element or an item. Nodes stand in file order, each followed by what lies inside it.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// The element's tag, or [`Tag::ITEM`].
    pub tag: Tag,
    /// As written, or from the dictionary in implicit VR; [`Vr::UN`] when neither knows.
    pub vr: Vr,
    /// Bytes of the header before the value: 8 or 12.
    pub header: u8,
    /// Facts.
    pub flags: Flags,
    /// Index of the node after this one and all that lies inside it.
    pub next: u32,
    /// How many sequences it lies in.
    pub depth: u32,
    /// Where the value begins, in bytes from the start of the file.
    pub offset: u64,
    /// Where the element ends, its delimiter included.
    pub end: u64,
}

impl Node {
    /// Where the header begins.
    #[inline]
    pub const fn start(&self) -> u64 {
        self.offset - self.header as u64
    }

    /// Where the value ends, without the delimiter.
    #[inline]
    pub const fn value_end(&self) -> u64 {
        if self.flags.has(Flags::DELIMITED) { self.end - 8 } else { self.end }
    }

    /// Bytes of the value, without header and delimiter.
    #[inline]
    pub const fn length(&self) -> u64 {
        self.value_end() - self.offset
    }

    /// How the header and value are encoded.
    #[inline]
    pub const fn encoding(&self) -> Encoding {
        Encoding { explicit: !self.flags.has(Flags::IMPLICIT), big_endian: self.flags.has(Flags::BIG_ENDIAN) }
    }

    /// Whether this is a sequence whose items are nodes or can be parsed.
    #[inline]
    pub const fn is_sequence(&self) -> bool {
        matches!(self.vr, Vr::SQ)
    }
}
