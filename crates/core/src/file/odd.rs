//! The parser's second look: headers, items and fragments that are not as the Standard has them.
//!
//! A header that cannot be right is read in every other way that real writers are known for, and then the header
//! before it. A reading is believed when what follows it makes sense. Lengths are never rejected as such: what lies
//! in the file is read. Every deviation leaves a finding.

use super::header::{Header, Read};
use super::node::{Encoding, Flags};
use super::parser::{Flow, Frame, Kind, NONE, Parser};
use super::view::View;
use crate::error::Result;
use crate::{Code, Tag, Vr, dictionary};

/// How far ahead a reading is checked.
const LOOKAHEAD: u64 = 128 * 1024;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Yes,
    No,
    /// What follows lies too far ahead to be looked at.
    Far,
    /// More bytes from the parser's position on are needed to say.
    Need(u64),
}

/// Whether a tag read without its value representation is one that could be there.
fn is_known(tag: Tag) -> bool {
    dictionary::vr(tag).is_some() || (tag.is_private() && tag.group() > 8)
}

impl Parser {
    /// The bytes end inside a header.
    pub(super) fn short(&mut self, view: &View<'_>) -> Flow {
        if !view.reaches(self.position + 16) {
            return Flow::Need(16);
        }
        let rest = view.from(self.position);
        let zeros = rest.iter().all(|&byte| byte == 0);
        if !zeros && matches!(self.frame.kind, Kind::DataSet | Kind::Item) && self.looks_back() {
            return Flow::Next;
        }
        let code = if zeros { Code::TrailingData } else { Code::Truncated };
        let tag = self.nodes.last().map_or(Tag(0), |node| node.tag);
        self.note(code, tag, self.position);
        if self.stack.is_empty() {
            return Flow::Stop;
        }
        self.position = self.frame.limit;
        Flow::Next
    }

    /// Takes a header that deviates, and notes how.
    pub(super) fn accept_odd(&mut self, header: Header, view: &View<'_>) -> Result<Flow> {
        let (start, last) = (self.position, self.frame.last);
        let first = self.frame.previous == NONE && last == Tag(0);
        let index = self.nodes.len();
        let flow = self.accept(&header, view)?;
        if let Flow::Next = flow {
            if let Some(code) = header.odd {
                self.note(code, header.tag, start);
                if let Some(node) = self.nodes.get_mut(index) {
                    node.flags.insert(Flags::ADJUSTED);
                }
            }
            if header.tag <= last && !first {
                let code = if header.tag == last { Code::DuplicateTag } else { Code::UnsortedTag };
                self.note(code, header.tag, start);
            }
            self.settled = None;
        }
        Ok(flow)
    }

    /// A header that is out of order, too long, or none at all.
    pub(super) fn odd_element(&mut self, standard: Option<Header>, view: &View<'_>) -> Result<Flow> {
        let start = self.position;
        if !view.reaches(start + 12) {
            return Ok(Flow::Need(12));
        }
        let frame = self.frame;
        let mut readings = Header::alternatives(view.from(start), frame.encoding);
        if let Some(standard) = standard {
            let letters = readings.first().is_some_and(|first| first.odd == Some(Code::ExplicitInImplicit));
            readings.insert(usize::from(letters), standard);
        }
        for reading in readings {
            let as_written = standard.is_some_and(|standard| {
                standard.size == reading.size
                    && standard.length == reading.length
                    && standard.encoding == reading.encoding
            });
            if !as_written && reading.tag <= frame.last {
                continue;
            }
            match self.judge(&reading, start, &frame, view) {
                Verdict::Yes => return self.accept_odd(reading, view),
                Verdict::Far if as_written => return self.accept_odd(reading, view),
                Verdict::Need(bytes) => return Ok(Flow::Need(bytes)),
                Verdict::No | Verdict::Far => {}
            }
        }
        if self.looks_back() {
            return Ok(Flow::Next);
        }
        self.last_resort(standard, view)
    }

    /// Whether what follows a reading of the header at `start` makes sense.
    fn judge(&self, reading: &Header, start: u64, frame: &Frame, view: &View<'_>) -> Verdict {
        if let Some(end) = reading.end(start) {
            if end > frame.limit {
                return Verdict::No;
            }
            return self.plausible(end, reading.tag, frame, view);
        }
        let value = start + u64::from(reading.size);
        if !view.reaches(value + 4) {
            return Verdict::Need(value + 4 - self.position);
        }
        match super::header::tag(view.from(value), reading.encoding) {
            Some(Tag::ITEM | Tag::SEQUENCE_DELIMITATION) => Verdict::Yes,
            _ => Verdict::No,
        }
    }

    /// Whether an element of the level, or its end, can stand at an offset.
    fn plausible(&self, at: u64, last: Tag, frame: &Frame, view: &View<'_>) -> Verdict {
        if at == frame.limit {
            return Verdict::Yes;
        }
        if at + 8 > frame.limit {
            return Verdict::No;
        }
        if at.saturating_sub(self.position) > LOOKAHEAD {
            return Verdict::Far;
        }
        if !view.reaches(at + 12) {
            return Verdict::Need(at + 12 - self.position);
        }
        let bytes = view.from(at);
        let fits = |header: &Header| header.tag > last && header.end(at).is_none_or(|end| end <= frame.limit);
        let yes = match Header::read(bytes, frame.encoding) {
            Read::Header(header) if header.tag.group() == 0xFFFE => {
                let delimiter = matches!(header.tag, Tag::ITEM_DELIMITATION | Tag::SEQUENCE_DELIMITATION);
                (delimiter && header.length == 0) || (header.tag == Tag::ITEM && frame.kind == Kind::Item)
            }
            Read::Header(header) if header.encoding.explicit => fits(&header),
            Read::Header(header) => {
                let letters = Vr::from_bytes([header.length as u8, (header.length >> 8) as u8]).is_some();
                header.tag > last && is_known(header.tag) && (letters || fits(&header))
            }
            Read::UnknownVr => {
                let implicit = Encoding { explicit: false, ..frame.encoding };
                let misspelt = |reading: &Header| reading.odd == Some(Code::UnknownVr) && !reading.tag.is_private();
                matches!(Header::read(bytes, implicit), Read::Header(header) if is_known(header.tag) && fits(&header))
                    || Header::alternatives(bytes, frame.encoding)
                        .iter()
                        .any(|reading| misspelt(reading) && is_known(reading.tag) && fits(reading))
            }
            Read::Short => false,
        };
        if yes { Verdict::Yes } else { Verdict::No }
    }

    /// Goes back to the element before this one, when it can be read again in another way.
    fn looks_back(&mut self) -> bool {
        let Some(node) = self.nodes.get(self.frame.previous as usize) else { return false };
        let start = node.start();
        let is_leaf = self.frame.previous as usize + 1 == self.nodes.len();
        if !is_leaf || start < self.reconsidered {
            return false;
        }
        if node.flags.has(Flags::DEFERRED) {
            self.enter = start;
            self.go_back(start);
        } else {
            self.look_back = Some(self.position);
            self.position = start;
        }
        true
    }

    /// Reads the element at the position again, in another way, when that makes sense of what stands `here`, after it.
    pub(super) fn reconsider(&mut self, here: u64, view: &View<'_>) -> Flow {
        let frame = self.frame;
        let node = self.nodes[frame.previous as usize];
        let start = self.position;
        if !view.reaches(start + 12) || view.from(start).is_empty() {
            return Flow::Need(12);
        }
        let bytes = view.from(start);
        let length = node.length() as u32;
        let mut readings = Header::alternatives(bytes, frame.encoding);
        let tweaked = |length| Header {
            tag: node.tag,
            vr: node.vr,
            length,
            size: node.header,
            encoding: node.encoding(),
            odd: Some(Code::WrongLength),
        };
        match length {
            13 => readings.push(tweaked(10)),
            6 => readings.push(tweaked(4)),
            _ => {}
        }
        if length & 1 == 1 {
            readings.push(tweaked(length + 1));
        }
        for reading in readings {
            let same = u64::from(reading.length) == node.length()
                && reading.encoding == node.encoding()
                && reading.size == node.header;
            if same || reading.tag <= frame.before {
                continue;
            }
            match self.judge(&reading, start, &frame, view) {
                Verdict::Yes => {
                    self.settled = Some((start, reading));
                    self.look_back = None;
                    self.go_back(start);
                    return Flow::Next;
                }
                Verdict::Need(bytes) => return Flow::Need(bytes),
                Verdict::No | Verdict::Far => {}
            }
        }
        self.look_back = None;
        self.position = here;
        self.reconsidered = start + 1;
        Flow::Next
    }

    /// Forgets what was found at the last element.
    fn forget_findings(&mut self, start: u64) {
        while self.findings.pop_if(|finding| finding.offset >= start).is_some() {}
    }

    /// Forgets the last element, to read it again.
    fn go_back(&mut self, start: u64) {
        self.nodes.truncate(self.frame.previous as usize);
        self.forget_findings(start);
        self.position = start;
        self.frame.last = self.frame.before;
        self.frame.previous = NONE;
        self.reconsidered = start + 1;
    }

    /// Nothing makes sense of what stands here: the least bad reading.
    fn last_resort(&mut self, standard: Option<Header>, view: &View<'_>) -> Result<Flow> {
        let start = self.position;
        let frame = self.frame;
        let rest = view.from(start);
        let zeros = rest[..rest.len().min(64)].iter().all(|&byte| byte == 0);
        let as_unknown = || {
            let upper = rest.get(4..6).is_some_and(|letters| letters.iter().all(u8::is_ascii_uppercase));
            Header::alternatives(rest, frame.encoding)
                .into_iter()
                .find(|reading| upper && reading.odd == Some(Code::UnknownVr) && reading.tag > frame.last)
        };
        let sound =
            standard.filter(|header| header.encoding.explicit || (is_known(header.tag) && header.tag > frame.last));
        let Some(mut header) = sound.or_else(as_unknown).filter(|_| !zeros) else {
            self.note(Code::TrailingData, self.nodes.last().map_or(Tag(0), |node| node.tag), start);
            if self.stack.is_empty() {
                return Ok(Flow::Stop);
            }
            self.position = frame.limit;
            return Ok(Flow::Next);
        };
        let Some(end) = header.end(start).filter(|&end| end > frame.limit) else {
            return self.accept_odd(header, view);
        };
        if frame.limit < self.length && end <= self.length {
            match self.beyond_parent(end, view) {
                Ok(true) => {
                    self.stretch(end);
                    let flow = self.accept_odd(header, view)?;
                    self.note(Code::LengthBeyondParent, header.tag, start);
                    return Ok(flow);
                }
                Ok(false) => {}
                Err(need) => return Ok(Flow::Need(need)),
            }
        }
        let value = start + u64::from(header.size);
        if value > frame.limit {
            return Ok(self.short(&View { length: frame.limit, ..*view }));
        }
        header.length = (frame.limit - value) as u32;
        self.cut(&header, view)
    }

    /// Takes an element whose value ends where what it lies in ends.
    fn cut(&mut self, header: &Header, view: &View<'_>) -> Result<Flow> {
        let (start, in_file) = (self.position, self.at_file_end());
        let index = self.nodes.len();
        self.enter = start;
        let flow = self.accept_odd(*header, view)?;
        if let (Flow::Next, Some(node)) = (&flow, self.nodes.get_mut(index)) {
            node.flags.insert(if in_file { Flags::TRUNCATED } else { Flags::ADJUSTED });
            // What is left may be odd: that says nothing of the length that was declared.
            self.findings.pop_if(|finding| finding.code == Code::OddLength && finding.offset == start);
            self.note(if in_file { Code::Truncated } else { Code::LengthBeyondParent }, header.tag, start);
        }
        Ok(flow)
    }

    /// Whether something longer than what it lies in is to be believed, rather than the end of what it lies in.
    fn beyond_parent(&self, end: u64, view: &View<'_>) -> Result<bool, u64> {
        let Some(outer) = self.stack.iter().rev().find(|frame| frame.kind != Kind::Sequence) else { return Ok(true) };
        match self.plausible(self.frame.limit, outer.last, outer, view) {
            Verdict::Yes => return Ok(false),
            Verdict::Need(bytes) => return Err(bytes),
            Verdict::No | Verdict::Far => {}
        }
        Ok(end <= self.length)
    }

    /// Whether what is being read ends where the file ends.
    fn at_file_end(&self) -> bool {
        self.whole && self.frame.limit == self.length
    }

    /// Moves the ends of all that is being read to at least `end`.
    fn stretch(&mut self, end: u64) {
        self.frame.limit = self.frame.limit.max(end);
        for frame in &mut self.stack {
            frame.limit = frame.limit.max(end);
        }
    }

    /// The limit of an item whose declared end lies beyond its sequence.
    pub(super) fn overlong_item(&mut self, end: u64, view: &View<'_>) -> Result<u64, u64> {
        let in_file = self.at_file_end();
        if !in_file && end <= self.length && self.beyond_parent(end, view)? {
            self.stretch(end);
        }
        let code = if in_file { Code::Truncated } else { Code::LengthBeyondParent };
        self.note(code, Tag::ITEM, self.position);
        Ok(end.min(self.frame.limit))
    }

    /// Something else stands where an item must begin.
    pub(super) fn odd_item(&mut self, tag: Tag, length: u32, view: &View<'_>) -> Result<Flow> {
        let start = self.position;
        let frame = self.frame;
        if tag == Tag::new(0x3F3F, 0x3F00) {
            let flow = self.open_item(length, view)?;
            self.note(Code::ItemTag, Tag::ITEM, start);
            return Ok(flow);
        }
        if tag.0 == Tag::ITEM.0.swap_bytes().rotate_left(16) {
            self.frame.encoding.big_endian = !frame.encoding.big_endian;
            self.note(Code::ByteOrder, Tag::ITEM, start);
            return Ok(Flow::Next);
        }
        if let Some(outer) = self.stack.last().copied() {
            match self.plausible(start, outer.last, &outer, view) {
                Verdict::Yes => {
                    self.leave();
                    return Ok(Flow::Next);
                }
                Verdict::Need(bytes) => return Ok(Flow::Need(bytes)),
                Verdict::No | Verdict::Far => {}
            }
        }
        self.note(Code::ItemTag, self.nodes.get(frame.node as usize).map_or(Tag::ITEM, |node| node.tag), start);
        self.position = frame.limit;
        Ok(Flow::Next)
    }

    /// A delimiter or an item where an element must begin.
    pub(super) fn delimiter_in_data_set(&mut self, header: &Header, view: &View<'_>) -> Result<Flow> {
        let item = self.frame.kind == Kind::Item;
        let sequence_undefined = item && self.stack.last().is_some_and(|frame| frame.undefined);
        match header.tag {
            Tag::ITEM_DELIMITATION if self.frame.undefined => self.leave_delimited(header.length),
            // The item's own delimiter is missing: it ends where the next item or the end of the sequence stands.
            Tag::ITEM if item => {
                self.leave();
            }
            Tag::SEQUENCE_DELIMITATION if sequence_undefined => {
                self.leave();
            }
            Tag::ITEM | Tag::ITEM_DELIMITATION | Tag::SEQUENCE_DELIMITATION => {
                self.note(Code::StrayDelimiter, header.tag, self.position);
                self.position += 8;
            }
            _ => return self.odd_element(None, view),
        }
        Ok(Flow::Next)
    }

    /// A fragment that says it is longer than the file.
    pub(super) fn overlong_fragment(&mut self) -> Flow {
        let index = self.frame.node as usize;
        self.nodes[index].flags.insert(Flags::TRUNCATED);
        self.note(Code::Truncated, self.nodes[index].tag, self.position);
        self.position = self.frame.limit;
        Flow::Next
    }

    /// Something else stands where a fragment must begin: the delimiter is missing, or the data are damaged.
    pub(super) fn odd_fragment(&mut self, view: &View<'_>) -> Flow {
        let Some(outer) = self.stack.last().copied() else { return Flow::Stop };
        match self.plausible(self.position, outer.last, &outer, view) {
            Verdict::Yes => {
                self.leave();
            }
            Verdict::Need(bytes) => return Flow::Need(bytes),
            Verdict::No | Verdict::Far => {
                self.note(Code::FragmentTag, self.nodes[self.frame.node as usize].tag, self.position);
                self.position = self.frame.limit;
            }
        }
        Flow::Next
    }
}
