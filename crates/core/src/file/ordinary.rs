//! The parser's short way through ordinary elements: those that make up most of a header.

use super::node::{Encoding, Node};
use super::parser::Parser;
use super::view::View;
use crate::{Tag, Vr};

impl Parser {
    /// Takes elements as long as they are in explicit VR little endian, in order, of a 16-bit even length, and at hand.
    ///
    /// What it leaves is for `Parser::element`, which would have done the same with what it took: the test in
    /// `tests/short_way.rs` compares both.
    #[inline]
    pub(super) fn take_ordinary(&mut self, view: &View<'_>) {
        let awaits_second_look = self.settled.is_some() || self.look_back.is_some();
        if self.frame.encoding != Encoding::EXPLICIT_LITTLE || awaits_second_look || self.without_short_way {
            return;
        }
        let stop = Tag(0xFFFE_0000).min(if self.stack.is_empty() { self.stop } else { Tag(u32::MAX) });
        let first =
            self.frame.last.max(if self.stack.is_empty() { Tag(self.first_tag.0.saturating_sub(1)) } else { Tag(0) });
        let start = self.position;
        let bytes = view.from(start);
        let end = bytes.len().min(usize::try_from(self.frame.limit - start).unwrap_or(usize::MAX));
        let bytes = &bytes[..end];
        let room = (self.limits.elements as usize).saturating_sub(self.nodes.len());
        let had = self.nodes.len();
        let depth = self.depth();
        let (mut at, mut last, mut before) = (0, first, self.frame.before);
        while let Some(header) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*header);
            let tag = Tag((word as u32).rotate_left(16));
            let Some(vr) = Vr::from_bytes([header[4], header[5]]) else { break };
            let length = (word >> 48) as usize;
            let next = at + 8 + length;
            let ordinary = tag > last && tag < stop && !vr.has_long_length() && length & 1 == 0 && next <= bytes.len();
            if !ordinary || self.nodes.len() - had >= room {
                break;
            }
            let index = self.nodes.len() as u32 + 1;
            let flags = super::node::Flags::NONE;
            let (offset, end) = (start + at as u64 + 8, start + next as u64);
            self.nodes.push(Node { tag, vr, header: 8, flags, depth, next: index, offset, end });
            (before, last, at) = (if self.nodes.len() == had + 1 { self.frame.last } else { last }, tag, next);
        }
        if self.nodes.len() > had {
            self.frame.before = before;
            self.frame.last = last;
            self.frame.previous = self.nodes.len() as u32 - 1;
            self.position = start + at as u64;
        }
    }
}
