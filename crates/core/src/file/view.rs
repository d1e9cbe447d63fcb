//! What the parser is given, and what it asks for.

/// Bounds on what a file may cost. Each is a parameter of reading.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sequences inside sequences.
    pub depth: u32,
    /// Elements and items.
    pub elements: u32,
    /// Bytes a deflated data set may inflate to; by default 32 MiB or 16 times the deflated size.
    pub inflated: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 128, elements: 20_000_000, inflated: None }
    }
}

/// The bytes at hand: a part of the file.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The part.
    pub bytes: &'a [u8],
    /// Where the part begins.
    pub base: u64,
    /// Length of the whole.
    pub length: u64,
}

impl<'a> View<'a> {
    /// What is at hand from an offset on.
    #[inline]
    pub fn from(&self, offset: u64) -> &'a [u8] {
        offset.checked_sub(self.base).and_then(|at| self.bytes.get(usize::try_from(at).ok()?..)).unwrap_or(&[])
    }

    /// Whether all the bytes up to `end` are at hand, as far as the file has them.
    #[inline]
    pub fn reaches(&self, end: u64) -> bool {
        self.base + self.bytes.len() as u64 >= end.min(self.length)
    }
}

/// What the caller must do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call again with this many bytes from [`Parser::position`] on.
    Need(u64),
    /// The data set is read.
    Done,
}
