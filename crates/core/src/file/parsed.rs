//! A parsed part of a file: its nodes, and the bytes they point to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::node::{Encoding, Flags, Node};
use super::parser::Parser;
use super::source::{Source, Window};
use super::view::{Limits, Step};
use crate::error::{Error, Place, Result};
use crate::finding::Finding;
use crate::{Tag, Vr};

/// Bytes read first when a file is opened: most headers fit.
pub const FIRST_READ: u64 = 12 * 1024;
/// Most bytes read at once while parsing.
const LARGEST_READ: u64 = 1 << 20;

/// Parses on until the parser is done, or (when `pause` says so) until it would have to read among the fragments of
/// the pixel data. Returns whether it is done.
pub(super) fn drive(
    parser: &mut Parser,
    source: &Source,
    file: Option<&File>,
    window: &mut Window,
    pause: bool,
) -> Result<bool> {
    let length = source.length();
    let mut chunk = FIRST_READ;
    loop {
        let Step::Need(bytes) = parser.advance(&window.view(length))? else { return Ok(true) };
        let Some(file) = file else { return Ok(true) };
        let position = parser.position();
        if pause && parser.in_fragments() && position >= window.end() {
            return Ok(false);
        }
        let passing = parser.in_fragments();
        window.load(file, position, if passing { bytes.max(64) } else { bytes.max(chunk) }, length, passing)?;
        chunk = (chunk * 4).min(LARGEST_READ);
    }
}

/// The part of a data set from its encapsulated pixel data on, parsed when it is asked for.
struct Tail {
    parser: Mutex<Option<Parser>>,
    parsed: OnceLock<Arc<Parsed>>,
}

/// Nodes and the bytes they point to. Never changes; shared by every data set that was read from it.
pub struct Parsed {
    /// Where the bytes are.
    pub source: Source,
    window: Arc<Window>,
    nodes: Vec<Node>,
    findings: Vec<Finding>,
    limits: Limits,
    /// Indices of the outermost nodes, in the order of the file.
    top: Vec<u32>,
    /// Their tags ascend, without duplicates.
    sorted: bool,
    /// An item has a Specific Character Set or Pixel Representation of its own.
    items_declare_context: bool,
    tail: Option<Tail>,
    inner: Mutex<HashMap<u32, Arc<Self>>>,
    /// Elements by tag, of data sets and items for which hopping from one to the next would take long.
    indices: Mutex<HashMap<Option<u32>, Arc<[u32]>>>,
}

/// Elements that are hopped over, rather than looked up in an index.
const FEW: usize = 64;

impl Parsed {
    /// Gathers what a parser left. `parser` is one that has more to parse: the pixel data and what follows.
    pub(super) fn new(
        source: Source,
        window: Arc<Window>,
        nodes: Vec<Node>,
        findings: Vec<Finding>,
        limits: Limits,
        parser: Option<Parser>,
    ) -> Self {
        let declares = |node: &Node| matches!(node.tag, Tag::SPECIFIC_CHARACTER_SET | Tag::PIXEL_REPRESENTATION);
        let mut top = Vec::with_capacity(if nodes.len() < 1024 { nodes.len() } else { 64 });
        let (mut sorted, mut items_declare_context) = (true, false);
        let (mut index, mut last) = (0, None);
        while let Some(node) = nodes.get(index as usize) {
            sorted &= last.replace(node.tag) < Some(node.tag);
            items_declare_context |= nodes[index as usize + 1..node.next as usize].iter().any(declares);
            top.push(index);
            index = node.next;
        }
        let tail = parser.map(|parser| Tail { parser: Mutex::new(Some(parser)), parsed: OnceLock::new() });
        Self {
            source,
            window,
            nodes,
            findings,
            limits,
            top,
            sorted,
            items_declare_context,
            tail,
            inner: Mutex::default(),
            indices: Mutex::default(),
        }
    }

    /// The nodes, in the order of the file.
    #[inline]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Indices of the outermost nodes, in the order of the file.
    pub fn top(&self) -> &[u32] {
        &self.top
    }

    /// Whether the outermost tags ascend, without duplicates.
    #[inline]
    pub fn is_sorted(&self) -> bool {
        self.sorted
    }

    /// Whether any item has a Specific Character Set or Pixel Representation of its own.
    #[inline]
    pub fn items_declare_context(&self) -> bool {
        self.items_declare_context
    }

    /// Oddities of this part, without those of what was parsed later.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Adds the oddities of this part and of all that was parsed from it so far.
    pub fn collect_findings(&self, into: &mut Vec<Finding>) {
        into.extend_from_slice(&self.findings);
        for inner in self.inner.lock().unwrap_or_else(PoisonError::into_inner).values() {
            inner.collect_findings(into);
        }
        if let Some(tail) = self.tail.as_ref().and_then(|tail| tail.parsed.get()) {
            tail.collect_findings(into);
        }
    }

    /// Whether the pixel data and what follows have not been looked at yet.
    pub fn has_tail(&self) -> bool {
        self.tail.is_some()
    }

    /// The pixel data and what follows, parsed now when it was not before.
    ///
    /// # Errors
    /// As reading the file.
    pub fn tail(&self) -> Result<Option<&Arc<Self>>> {
        let Some(tail) = &self.tail else { return Ok(None) };
        if let Some(parsed) = tail.parsed.get() {
            return Ok(Some(parsed));
        }
        let mut guard = tail.parser.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut parser) = guard.take() {
            let mut window = Window::default();
            let result = match &self.source {
                Source::File(source) => {
                    source.reopen().and_then(|file| drive(&mut parser, &self.source, Some(&file), &mut window, false))
                }
                Source::Memory(_) => Ok(true),
            };
            if let Err(error) = result {
                *guard = Some(parser);
                return Err(error);
            }
            let (nodes, findings) = parser.finish();
            let parsed = Self::new(self.source.clone(), Arc::new(window), nodes, findings, self.limits, None);
            let _ = tail.parsed.set(Arc::new(parsed));
        }
        Ok(tail.parsed.get())
    }

    /// Where the parsed part ends: what follows is not elements.
    pub fn end(&self) -> Option<u64> {
        self.top.last().map(|&index| self.nodes[index as usize].end)
    }

    /// The bytes of a value, from memory or from the file.
    ///
    /// # Errors
    /// [`crate::Error::Changed`] when the file is no longer what it was.
    #[inline]
    pub fn bytes(&self, node: &Node) -> Result<Cow<'_, [u8]>> {
        let (start, end) = (node.offset, node.value_end());
        match self.window.slice(start, end) {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None => self.source.read(start, end),
        }
    }

    /// The bytes of a value when they are in memory.
    #[inline]
    pub fn loaded(&self, node: &Node) -> Option<&[u8]> {
        self.window.slice(node.offset, node.value_end())
    }

    /// The bytes between two offsets when they are in memory.
    pub fn in_memory(&self, start: u64, end: u64) -> Option<&[u8]> {
        self.window.slice(start, end)
    }

    /// Bytes between two offsets, from memory or from the file.
    ///
    /// # Errors
    /// [`crate::Error::Changed`] when the file is no longer what it was.
    pub fn range(&self, start: u64, end: u64) -> Result<Cow<'_, [u8]>> {
        match self.window.slice(start, end) {
            Some(bytes) => Ok(Cow::Borrowed(bytes)),
            None => self.source.read(start, end),
        }
    }

    /// The items of a sequence: where they are parsed, and the nodes among which they are.
    ///
    /// # Errors
    /// As reading the file.
    pub fn items(self: &Arc<Self>, index: u32) -> Result<(Arc<Self>, Range<u32>)> {
        let node = &self.nodes[index as usize];
        if node.flags.has(Flags::FRAGMENTS) || node.length() == 0 {
            return Ok((Arc::clone(self), 0..0));
        }
        if node.vr == Vr::SQ && !node.flags.has(Flags::DEFERRED) {
            return Ok((Arc::clone(self), index + 1..node.next));
        }
        let parsed = self.expand(index)?;
        let all = 0..parsed.nodes.len() as u32;
        Ok((parsed, all))
    }

    /// The nodes of an item, or of all, among which its elements are.
    pub fn range_of(&self, item: Option<u32>) -> Range<u32> {
        match item {
            Some(item) => item + 1..self.nodes[item as usize].next,
            None => 0..self.nodes.len() as u32,
        }
    }

    /// The last element with a tag, in an item or the data set.
    #[inline]
    pub fn find(&self, item: Option<u32>, tag: Tag) -> Option<u32> {
        if item.is_none() && self.sorted {
            return self.find_in(&self.top, tag);
        }
        let mut found = None;
        for (count, index) in self.siblings(self.range_of(item)).enumerate() {
            if count == FEW {
                return self.find_in(&self.index(item), tag);
            }
            if self.nodes[index as usize].tag == tag {
                found = Some(index);
            }
        }
        found
    }

    fn find_in(&self, index: &[u32], tag: Tag) -> Option<u32> {
        let at = index.partition_point(|&index| self.nodes[index as usize].tag <= tag);
        at.checked_sub(1).map(|at| index[at]).filter(|&index| self.nodes[index as usize].tag == tag)
    }

    fn index(&self, item: Option<u32>) -> Arc<[u32]> {
        let mut indices = self.indices.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let mut all: Vec<u32> = self.siblings(self.range_of(item)).collect();
            all.sort_by_key(|&index| self.nodes[index as usize].tag);
            all.into()
        };
        Arc::clone(indices.entry(item).or_insert_with(make))
    }

    /// The outermost nodes in a range of nodes.
    #[inline]
    pub fn siblings(&self, range: Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let mut at = range.start;
        std::iter::from_fn(move || {
            let index = at;
            at = self.nodes.get(index as usize).filter(|_| index < range.end)?.next;
            Some(index)
        })
    }

    /// Parses a sequence that was passed over, or one that stands as UN.
    fn expand(&self, index: u32) -> Result<Arc<Self>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parsed) = inner.get(&index) {
            return Ok(Arc::clone(parsed));
        }
        let node = &self.nodes[index as usize];
        if node.depth >= self.limits.depth {
            let place = Place::at(node.tag, node.start());
            return Err(Error::Limit { limit: "max_depth", maximum: u64::from(self.limits.depth), place });
        }
        let (start, end) = (node.offset, node.value_end());
        let encoding = if node.vr == Vr::SQ { node.encoding() } else { self.encoding_of_unknown(node)? };
        let mut parser = Parser::new(start, end, encoding, self.limits).items(node.depth + 1);
        let mut window = Window::default();
        match &self.source {
            Source::Memory(bytes) => {
                window = Window::whole(Arc::clone(bytes));
                parser.advance(&window.view(self.source.length()))?;
            }
            Source::File(source) => {
                let file = source.reopen()?;
                window.load(&file, start, (end - start).min(LARGEST_READ), self.source.length(), false)?;
                drive(&mut parser, &self.source, Some(&file), &mut window, false)?;
            }
        }
        let (nodes, findings) = parser.finish();
        let parsed = Arc::new(Self::new(self.source.clone(), Arc::new(window), nodes, findings, self.limits, None));
        inner.insert(index, Arc::clone(&parsed));
        Ok(parsed)
    }

    /// A sequence as UN is in implicit VR little endian (PS3.5 6.2.2), but some writers leave it explicit.
    fn encoding_of_unknown(&self, node: &Node) -> Result<Encoding> {
        let head = self.range(node.offset, node.value_end().min(node.offset + 16))?;
        let letters = head.get(12..14).and_then(|raw| Vr::from_bytes([raw[0], raw[1]]));
        Ok(if letters.is_some() { Encoding::EXPLICIT_LITTLE } else { Encoding::IMPLICIT_LITTLE })
    }

    /// Whether a value of unknown representation begins as a sequence does.
    pub fn looks_like_items(&self, node: &Node) -> bool {
        self.range(node.offset, node.value_end().min(node.offset + 4))
            .is_ok_and(|head| super::header::tag(&head, Encoding::IMPLICIT_LITTLE) == Some(Tag::ITEM))
    }
}

impl std::fmt::Debug for Parsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parsed({} nodes of {:?})", self.nodes.len(), self.source)
    }
}
