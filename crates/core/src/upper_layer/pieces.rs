//! Pieces of a data set, gathered to a size that is worth handing over.

use std::collections::VecDeque;

/// Gathered bytes of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The presentation context.
    pub context: u8,
    /// The bytes: as many as a piece holds, but for the last.
    pub bytes: Vec<u8>,
    /// The data set ends here.
    pub last: bool,
}

/// Gathers what [`super::MessageEvent::DataSet`] gives into pieces of a size. What is held grows with what came.
#[derive(Debug)]
pub struct Pieces {
    size: usize,
    /// How long the end of the data set before was: the next is most often as long, and has not to grow by doubling.
    likely: usize,
    gathered: Vec<u8>,
    ready: VecDeque<Piece>,
}

impl Pieces {
    /// Pieces of so many bytes, at least one.
    pub const fn new(size: usize) -> Self {
        Self { size: if size == 0 { 1 } else { size }, likely: 0, gathered: Vec::new(), ready: VecDeque::new() }
    }

    /// Takes bytes; [`Pieces::next_piece`] is to be called until it has no more before others are given.
    pub fn take(&mut self, context: u8, mut bytes: &[u8], last: bool) {
        loop {
            let count = bytes.len().min(self.size - self.gathered.len());
            let (now, later) = bytes.split_at(count);
            if self.gathered.capacity() == 0 && !now.is_empty() {
                self.gathered.reserve_exact(self.likely.max(now.len()));
            }
            self.gathered.extend_from_slice(now);
            bytes = later;
            let ends = last && bytes.is_empty();
            if ends || self.gathered.len() == self.size {
                if ends {
                    self.likely = self.gathered.len();
                }
                // After a full piece there may be another: it is not to grow by doubling, which leaves much to free.
                let next = if ends { Vec::new() } else { Vec::with_capacity(self.size) };
                let mut bytes = std::mem::replace(&mut self.gathered, next);
                // Growing by doubling leaves room that nobody needs any more.
                if bytes.capacity() / 2 > bytes.len() {
                    bytes.shrink_to_fit();
                }
                self.ready.push_back(Piece { context, bytes, last: ends });
            }
            if bytes.is_empty() {
                return;
            }
        }
    }

    /// The next piece that is complete.
    pub fn next_piece(&mut self) -> Option<Piece> {
        self.ready.pop_front()
    }

    /// Whether no complete piece waits.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Forgets all that was gathered.
    pub fn clear(&mut self) {
        *self = Self::new(self.size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(size: usize, given: &[(&[u8], bool)]) -> Vec<(Vec<u8>, bool)> {
        let mut pieces = Pieces::new(size);
        for (bytes, last) in given {
            pieces.take(1, bytes, *last);
        }
        std::iter::from_fn(|| pieces.next_piece()).map(|piece| (piece.bytes, piece.last)).collect()
    }

    #[test]
    fn pieces_are_full_but_for_the_last() {
        assert_eq!(gathered(3, &[(b"ab", false)]), []);
        let ends = [(b"abc".to_vec(), false), (b"de".to_vec(), true)];
        assert_eq!(gathered(3, &[(b"ab", false), (b"cde", true)]), ends);
        assert_eq!(gathered(3, &[(b"abcde", false), (b"", true)]), ends);
        assert_eq!(gathered(3, &[(b"abc", true)]), [(b"abc".to_vec(), true)]);
        assert_eq!(gathered(3, &[(b"abc", false), (b"", true)]), [(b"abc".to_vec(), false), (vec![], true)]);
        assert_eq!(gathered(3, &[(b"", true)]), [(vec![], true)]);
        assert_eq!(gathered(0, &[(b"ab", true)]), [(b"a".to_vec(), false), (b"b".to_vec(), true)]);
    }
}
