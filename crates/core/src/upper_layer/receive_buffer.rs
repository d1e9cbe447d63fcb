//! The bytes that came and are not yet understood.

/// What is allocated for a peer that is not yet known.
const FIRST: usize = 16 << 10;

/// A buffer that is filled at its end and emptied at its front. It grows with what came, never with what was declared.
pub(super) struct ReceiveBuffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl ReceiveBuffer {
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), start: 0, end: 0 }
    }

    /// What is at hand.
    pub fn available(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Where what is at hand begins.
    pub const fn position(&self) -> usize {
        self.start
    }

    /// The bytes between two positions.
    pub fn between(&self, start: usize, end: usize) -> &[u8] {
        &self.bytes[start..end]
    }

    pub fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    pub const fn clear(&mut self) {
        self.start = self.end;
    }

    /// Free bytes at the end, never none; about `size` when the buffer is empty.
    pub fn space(&mut self, size: usize) -> &mut [u8] {
        self.make_space(size);
        &mut self.bytes[self.end..]
    }

    /// Where the free bytes at the end are, as they are, and how many; what points to them comes from the vector itself,
    /// not through a reference to a part of it, so that it lasts until the next call that makes space.
    pub const fn space_pointer(&mut self) -> (*mut u8, usize) {
        (self.bytes.as_mut_ptr().wrapping_add(self.end), self.space_left())
    }

    /// Free bytes at the end, as they are.
    pub const fn space_left(&self) -> usize {
        self.bytes.len() - self.end
    }

    /// Sees to it that there are free bytes at the end; about `size` when the buffer is empty.
    pub fn make_space(&mut self, size: usize) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            // A large PDU of an association is not paid for while the association lasts.
            if self.bytes.len() > 8 * size.max(FIRST) {
                self.bytes = Vec::new();
            }
        }
        let size = size.max(FIRST);
        if self.bytes.len() < size {
            self.bytes.resize(size, 0);
        }
        // What is left is the beginning of a header, or of a small PDU: moving it is cheap. A large PDU of an
        // association is moved only when half the buffer is free again.
        if self.start > 0 && (self.end - self.start < 64 || self.start >= self.bytes.len() / 2) {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.bytes.len() {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
    }

    /// Notes how much of [`ReceiveBuffer::space`] was filled.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.bytes.len());
    }

    pub fn push(&mut self, mut bytes: &[u8], size: usize) {
        while !bytes.is_empty() {
            let space = self.space(size);
            let count = space.len().min(bytes.len());
            space[..count].copy_from_slice(&bytes[..count]);
            self.filled(count);
            bytes = &bytes[count..];
        }
    }
}
