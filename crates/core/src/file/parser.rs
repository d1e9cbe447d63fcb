//! Finds the boundaries of elements and items (PS3.5 7), without touching their values.
//!
//! The parser does no input of its own: [`Parser::advance`] is given the bytes at hand and says which it needs next.
//! It is iterative, so depth costs no stack, and it can be left and resumed between any two elements.
//! What the Standard describes is here; what real files make of it is in `odd.rs`.

use super::header::{Header, Read, UNDEFINED, tag as tag_of};
use super::node::{Encoding, Flags, Node};
use super::view::{Limits, Step, View};
use crate::error::{Error, Place, Result};
use crate::finding::{Code, Finding};
use crate::{Tag, Vr};

/// Values up to this many bytes are kept in memory; longer ones stay in the file.
pub const INLINE: u64 = 4096;
/// Findings beyond this many are dropped: a hostile file must not buy memory with oddities.
const MOST_FINDINGS: usize = 10_000;
/// No node.
pub(super) const NONE: u32 = u32::MAX;

/// What one step inside the parser led to.
pub(super) enum Flow {
    Next,
    Need(u64),
    Stop,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    DataSet,
    Sequence,
    Item,
    Fragments,
}

/// The sequence, item or data set being read.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub kind: Kind,
    pub node: u32,
    pub undefined: bool,
    /// No byte of it lies beyond: its end, or the end of what it lies in.
    pub limit: u64,
    pub encoding: Encoding,
    /// Tag of the last element, and of the one before.
    pub last: Tag,
    pub before: Tag,
    /// Node of the last element.
    pub previous: u32,
}

/// A parse under way.
pub struct Parser {
    pub(super) limits: Limits,
    pub(super) length: u64,
    /// The parse reaches to the end of the file, not only of a sequence.
    pub(super) whole: bool,
    /// Sequences around the part that is parsed.
    around: u32,
    pub(super) position: u64,
    pub(super) nodes: Vec<Node>,
    pub(super) findings: Vec<Finding>,
    pub(super) stack: Vec<Frame>,
    pub(super) frame: Frame,
    /// Tags of the data set below this one, or from `stop` on, end the parse.
    pub(super) first_tag: Tag,
    pub(super) stop: Tag,
    /// Every element takes the long way, for tests.
    pub(super) without_short_way: bool,
    /// Start of a long sequence that must be entered all the same.
    pub(super) enter: u64,
    /// The reading of a header that a second look settled on, and where the header is.
    pub(super) settled: Option<(u64, Header)>,
    /// Everything up to here has had its second look.
    pub(super) reconsidered: u64,
    /// Where to go on after the second look at the element before, which is at the position.
    pub(super) look_back: Option<u64>,
}

impl Parser {
    /// A parser of the data set (or the items of a sequence) between two offsets.
    pub fn new(start: u64, end: u64, encoding: Encoding, limits: Limits) -> Self {
        let frame = Frame {
            kind: Kind::DataSet,
            node: NONE,
            undefined: false,
            limit: end,
            encoding,
            last: Tag(0),
            before: Tag(0),
            previous: NONE,
        };
        Self {
            limits,
            length: end,
            whole: true,
            around: 0,
            position: start,
            nodes: Vec::new(),
            findings: Vec::new(),
            stack: Vec::new(),
            frame,
            first_tag: Tag(0),
            stop: Tag(u32::MAX),
            without_short_way: false,
            enter: u64::MAX,
            settled: None,
            reconsidered: 0,
            look_back: None,
        }
    }

    /// Starts inside a sequence: what lies between the offsets are items. `depth` is how many sequences lie around
    /// them, that one included.
    #[must_use]
    pub fn items(mut self, depth: u32) -> Self {
        self.frame.kind = Kind::Sequence;
        self.around = depth;
        self.whole = false;
        self
    }

    /// Reads one group, and stops before the first element of another.
    #[must_use]
    pub fn group(mut self, group: u16) -> Self {
        self.first_tag = Tag::new(group, 0);
        self.stop = Tag::new(group + 1, 0);
        self
    }

    /// Stops before the first element of the data set with this tag or a higher one.
    #[must_use]
    pub fn until(mut self, stop: Tag) -> Self {
        self.stop = stop;
        self
    }

    /// Takes the long way with every element, for the test that both ways are the same.
    #[doc(hidden)]
    #[must_use]
    pub fn without_short_way(mut self) -> Self {
        self.without_short_way = true;
        self
    }

    /// Goes on in another encoding, up to another tag.
    pub fn continue_as(&mut self, encoding: Encoding, stop: Tag) {
        self.frame.encoding = encoding;
        self.stop = stop;
    }

    /// Adds an oddity that was seen from outside.
    pub fn add_finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Offset of the next byte to be read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whether the parser stands between the fragments of the data set's own pixel data.
    pub fn in_fragments(&self) -> bool {
        self.stack.len() == 1 && self.frame.kind == Kind::Fragments
    }

    /// Takes the nodes before the pixel data whose fragments are being read, and leaves that one.
    pub fn split_at_fragments(&mut self) -> (Vec<Node>, Vec<Finding>) {
        let rest = self.nodes.split_off(self.frame.node as usize);
        self.frame.node = 0;
        for frame in &mut self.stack {
            frame.previous = NONE;
        }
        (std::mem::replace(&mut self.nodes, rest), std::mem::take(&mut self.findings))
    }

    /// What was parsed.
    pub fn finish(self) -> (Vec<Node>, Vec<Finding>) {
        (self.nodes, self.findings)
    }

    /// Reads as far as the bytes at hand allow.
    ///
    /// # Errors
    /// [`Error::Limit`] when the file is deeper or has more elements than the limits allow.
    pub fn advance(&mut self, view: &View<'_>) -> Result<Step> {
        loop {
            while self.position >= self.frame.limit {
                if !self.leave() {
                    return Ok(Step::Done);
                }
            }
            let flow = match self.frame.kind {
                Kind::DataSet | Kind::Item => {
                    self.take_ordinary(view);
                    if self.position >= self.frame.limit { Flow::Next } else { self.element(view)? }
                }
                Kind::Sequence => self.item(view)?,
                Kind::Fragments => self.fragment(view),
            };
            match flow {
                Flow::Next => {}
                Flow::Need(bytes) => return Ok(Step::Need(bytes)),
                Flow::Stop => return Ok(Step::Done),
            }
        }
    }

    pub(super) fn note(&mut self, code: Code, tag: Tag, offset: u64) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding::new(code, tag, offset));
        }
    }

    #[inline]
    fn element(&mut self, view: &View<'_>) -> Result<Flow> {
        if let Some(here) = self.look_back {
            return Ok(self.reconsider(here, view));
        }
        let start = self.position;
        if let Some((at, header)) = self.settled
            && at == start
        {
            return self.accept_odd(header, view);
        }
        let header = match Header::read(view.from(start), self.frame.encoding) {
            Read::Header(header) => header,
            Read::Short => return Ok(self.short(view)),
            Read::UnknownVr => {
                let tag = tag_of(view.from(start), self.frame.encoding).unwrap_or_default();
                return if self.stops_at(tag) { Ok(Flow::Stop) } else { self.odd_element(None, view) };
            }
        };
        if self.stops_at(header.tag) {
            return Ok(Flow::Stop);
        }
        if header.tag.group() == 0xFFFE {
            return self.delimiter_in_data_set(&header, view);
        }
        let fits = header.end(start).is_none_or(|end| end <= self.frame.limit);
        // In implicit VR, two letters where the length is make a length of more than 16 kB, or an explicit header.
        let letters =
            !header.encoding.explicit && Vr::from_bytes([header.length as u8, (header.length >> 8) as u8]).is_some();
        if header.tag <= self.frame.last || !fits || letters || header.odd.is_some() {
            return self.odd_element(Some(header), view);
        }
        self.accept(&header, view)
    }

    /// Whether an element of the data set lies outside the part that is to be read.
    #[inline]
    fn stops_at(&self, tag: Tag) -> bool {
        self.stack.is_empty() && (tag >= self.stop || tag < self.first_tag)
    }

    /// Takes a header for what it says: adds its node and moves on to what follows the header or the value.
    #[inline]
    pub(super) fn accept(&mut self, header: &Header, view: &View<'_>) -> Result<Flow> {
        let value = self.position + u64::from(header.size);
        if header.length == UNDEFINED {
            return self.undefined(header, view);
        }
        let end = value + u64::from(header.length);
        let mut node = Node {
            tag: header.tag,
            vr: header.vr,
            header: header.size,
            flags: header.flags(),
            next: self.nodes.len() as u32 + 1,
            depth: self.depth(),
            offset: value,
            end,
        };
        let long = end - value > INLINE;
        if header.vr == Vr::SQ && header.length != 0 {
            if !long || self.enter == self.position {
                if header.length & 1 == 1 {
                    self.note(Code::OddLength, header.tag, self.position);
                }
                return self.enter(node, Kind::Sequence, end, header.encoding);
            }
            node.flags.insert(Flags::DEFERRED);
        } else if !long && !view.reaches(end) {
            return Ok(Flow::Need(end - self.position));
        }
        self.push(node)?;
        if header.length & 1 == 1 {
            self.note(Code::OddLength, header.tag, self.position);
        }
        self.position = end;
        Ok(Flow::Next)
    }

    /// An element of undefined length: a sequence, encapsulated pixel data, or UN as CP-246 has it.
    fn undefined(&mut self, header: &Header, view: &View<'_>) -> Result<Flow> {
        let value = self.position + u64::from(header.size);
        if !view.reaches(value + 16) {
            return Ok(Flow::Need(u64::from(header.size) + 16));
        }
        let node = Node {
            tag: header.tag,
            vr: header.vr,
            header: header.size,
            flags: header.flags(),
            next: NONE,
            depth: self.depth(),
            offset: value,
            end: value,
        };
        match header.vr {
            Vr::SQ => self.enter(node, Kind::Sequence, self.frame.limit, header.encoding),
            Vr::OB | Vr::OW | Vr::ObOrOw | Vr::OF | Vr::OD | Vr::OL | Vr::OV => {
                let node = Node { flags: node.flags.with(Flags::FRAGMENTS), ..node };
                self.enter(node, Kind::Fragments, self.frame.limit, header.encoding)
            }
            vr => {
                // CP-246: UN of undefined length holds a sequence in implicit VR little endian, whatever stands around it.
                let inside = view.from(value + 8);
                let letters = inside.get(4..6).and_then(|raw| Vr::from_bytes([raw[0], raw[1]]));
                let encoding = if letters.is_some() { Encoding::EXPLICIT_LITTLE } else { Encoding::IMPLICIT_LITTLE };
                let place = (header.tag, self.position);
                let explicit = header.encoding.explicit;
                let flow = self.enter(Node { vr: Vr::SQ, ..node }, Kind::Sequence, self.frame.limit, encoding)?;
                if vr != Vr::UN {
                    self.note(Code::UndefinedLength, place.0, place.1);
                } else if explicit && encoding.explicit {
                    self.note(Code::ExplicitInImplicit, place.0, place.1);
                }
                Ok(flow)
            }
        }
    }

    /// Sequences around what stands at the position: they and their items take turns on the stack.
    #[inline]
    pub(super) fn depth(&self) -> u32 {
        let outermost_is_data_set = u32::from(self.around == 0);
        self.around + u32::midpoint(self.stack.len() as u32, outermost_is_data_set)
    }

    fn push(&mut self, node: Node) -> Result<u32> {
        let index = self.nodes.len() as u32;
        if index >= self.limits.elements {
            let place = Place::at(node.tag, node.start());
            return Err(Error::Limit { limit: "max_elements", maximum: u64::from(self.limits.elements), place });
        }
        self.frame.before = self.frame.last;
        self.frame.last = node.tag;
        self.frame.previous = index;
        self.nodes.push(node);
        Ok(index)
    }

    /// Adds a node and goes inside it.
    fn enter(&mut self, node: Node, kind: Kind, limit: u64, encoding: Encoding) -> Result<Flow> {
        if kind == Kind::Sequence && node.depth >= self.limits.depth {
            let place = Place::at(node.tag, node.start());
            return Err(Error::Limit { limit: "max_depth", maximum: u64::from(self.limits.depth), place });
        }
        let undefined = node.flags.has(Flags::UNDEFINED);
        let value = node.offset;
        let index = self.push(node)?;
        self.stack.push(self.frame);
        self.frame =
            Frame { kind, node: index, undefined, limit, encoding, last: Tag(0), before: Tag(0), previous: NONE };
        self.position = value;
        Ok(Flow::Next)
    }

    /// Closes what is being read, which ends at the position. False when that is the data set.
    pub(super) fn leave(&mut self) -> bool {
        let Some(outer) = self.stack.pop() else { return false };
        let frame = std::mem::replace(&mut self.frame, outer);
        let next = self.nodes.len() as u32;
        let node = &mut self.nodes[frame.node as usize];
        let (declared, tag, start) = (node.end, node.tag, node.start());
        node.next = next;
        node.end = self.position;
        if frame.undefined {
            if !node.flags.has(Flags::DELIMITED) {
                let pixels = frame.kind == Kind::Fragments;
                self.note(if pixels { Code::MissingPixelDelimiter } else { Code::MissingDelimiter }, tag, start);
            }
        } else if declared > self.position && self.whole && self.position == self.length {
            node.flags.insert(Flags::TRUNCATED);
        } else if declared != self.position {
            node.flags.insert(Flags::ADJUSTED);
            self.note(if frame.kind == Kind::Item { Code::ItemLength } else { Code::SequenceLength }, tag, start);
        }
        true
    }

    /// Closes what is being read at the delimiter that stands here.
    pub(super) fn leave_delimited(&mut self, length: u32) {
        let tag = self.nodes[self.frame.node as usize].tag;
        if length != 0 {
            self.note(Code::DelimiterLength, tag, self.position);
        }
        self.nodes[self.frame.node as usize].flags.insert(Flags::DELIMITED);
        self.position += 8;
        self.leave();
    }

    fn item(&mut self, view: &View<'_>) -> Result<Flow> {
        let rest = view.from(self.position);
        let (Some(tag), Some(raw)) = (tag_of(rest, self.frame.encoding), rest.get(4..8)) else {
            return Ok(self.short(view));
        };
        let length = self.frame.encoding.u32([raw[0], raw[1], raw[2], raw[3]]);
        match tag {
            Tag::ITEM => self.open_item(length, view),
            Tag::SEQUENCE_DELIMITATION if self.frame.undefined => {
                self.leave_delimited(length);
                Ok(Flow::Next)
            }
            Tag::SEQUENCE_DELIMITATION | Tag::ITEM_DELIMITATION => {
                self.note(Code::StrayDelimiter, tag, self.position);
                self.position += 8;
                Ok(Flow::Next)
            }
            _ => self.odd_item(tag, length, view),
        }
    }

    pub(super) fn open_item(&mut self, length: u32, view: &View<'_>) -> Result<Flow> {
        let value = self.position + 8;
        let mut flags = Flags::of_encoding(self.frame.encoding);
        let mut limit = self.frame.limit;
        let mut end = value;
        if length == UNDEFINED {
            flags.insert(Flags::UNDEFINED);
        } else {
            end = value + u64::from(length);
            if end > limit {
                match self.overlong_item(end, view) {
                    Ok(settled) => limit = settled,
                    Err(need) => return Ok(Flow::Need(need)),
                }
            } else {
                limit = end;
            }
        }
        let node =
            Node { tag: Tag::ITEM, vr: Vr::UN, header: 8, flags, next: NONE, depth: self.depth(), offset: value, end };
        self.enter(node, Kind::Item, limit, self.frame.encoding)
    }

    fn fragment(&mut self, view: &View<'_>) -> Flow {
        let rest = view.from(self.position);
        let (Some(tag), Some(raw)) = (tag_of(rest, self.frame.encoding), rest.get(4..8)) else {
            return self.short(view);
        };
        let length = self.frame.encoding.u32([raw[0], raw[1], raw[2], raw[3]]);
        match tag {
            Tag::ITEM => {
                let end = self.position + 8 + u64::from(length);
                if end > self.frame.limit {
                    return self.overlong_fragment();
                }
                self.position = end;
                Flow::Next
            }
            Tag::SEQUENCE_DELIMITATION => {
                self.leave_delimited(length);
                Flow::Next
            }
            _ => self.odd_fragment(view),
        }
    }
}
