//! Attribute tags (PS3.5 7.1).

use std::fmt;

/// A group and element number, ordered as they are in a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tag(pub u32);

impl Tag {
    /// First element of a sequence item.
    pub const ITEM: Self = Self(0xFFFE_E000);
    /// End of an item of undefined length.
    pub const ITEM_DELIMITATION: Self = Self(0xFFFE_E00D);
    /// End of a sequence of undefined length.
    pub const SEQUENCE_DELIMITATION: Self = Self(0xFFFE_E0DD);
    /// (0002,0000)
    pub const FILE_META_GROUP_LENGTH: Self = Self(0x0002_0000);
    /// (0002,0010)
    pub const TRANSFER_SYNTAX_UID: Self = Self(0x0002_0010);
    /// (0008,0005)
    pub const SPECIFIC_CHARACTER_SET: Self = Self(0x0008_0005);
    /// (0028,0103)
    pub const PIXEL_REPRESENTATION: Self = Self(0x0028_0103);
    /// (7FE0,0010)
    pub const PIXEL_DATA: Self = Self(0x7FE0_0010);

    /// The tag of a group and an element number.
    pub const fn new(group: u16, element: u16) -> Self {
        Self(((group as u32) << 16) | element as u32)
    }

    /// The group number.
    pub const fn group(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// The element number.
    pub const fn element(self) -> u16 {
        self.0 as u16
    }

    /// Whether the group number is odd (PS3.5 7.8).
    pub const fn is_private(self) -> bool {
        self.0 & 0x1_0000 != 0
    }

    /// Whether this is a private creator element, (gggg,0010) to (gggg,00FF) with odd gggg.
    pub const fn is_private_creator(self) -> bool {
        self.is_private() && self.element() >= 0x10 && self.element() <= 0xFF
    }

    /// Whether this is a group length, (gggg,0000).
    pub const fn is_group_length(self) -> bool {
        self.element() == 0
    }

    /// The private creator element that reserves the block of this private tag, if it lies in one.
    pub const fn private_creator(self) -> Option<Self> {
        if self.is_private() && self.element() >= 0x1000 {
            Some(Self::new(self.group(), self.element() >> 8))
        } else {
            None
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04X},{:04X})", self.group(), self.element())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
