//! Elements to bytes, in any of the uncompressed encodings (PS3.5 7.1, 7.5; A.1 to A.3).

use std::borrow::Cow;
use std::sync::Arc;

use super::node::{Encoding, Flags, Node};
use super::parsed::Parsed;
use super::parser::INLINE;
use super::plan::{Plan, swap_words};
use crate::charset::CharacterSet;
use crate::dataset::{Content, Context, Dataset, Element, ElementRef};
use crate::error::{Error, Place, Result};
use crate::value;
use crate::{Tag, Vr};

/// How sequences and items say where they end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lengths {
    /// As they did; new ones by their length.
    #[default]
    Keep,
    /// By their length.
    Defined,
    /// By a delimiter.
    Undefined,
}

/// Sequences inside sequences that are written at most: a data set that holds itself ends here.
const DEEPEST: usize = 1024;

/// Encodes data sets the same way.
pub struct Encoder {
    /// How elements are encoded.
    pub encoding: Encoding,
    /// Delimiters or lengths.
    pub lengths: Lengths,
    /// Mend what is invalid in elements that were not touched.
    pub repair: bool,
    /// Pixel Data is a sequence of fragments.
    pub encapsulated: bool,
    character_set: CharacterSet,
    /// Text that was not touched is in another character set.
    recode: bool,
    depth: usize,
}

impl Encoder {
    /// An encoder for a data set: finds the character set that all its text can be written in.
    ///
    /// # Errors
    /// [`Error::Limit`] for a data set that holds itself.
    pub fn new(
        dataset: &Dataset,
        encoding: Encoding,
        encapsulated: bool,
        lengths: Lengths,
        repair: bool,
    ) -> Result<Self> {
        let declared = dataset.declared_character_set().unwrap_or_else(CharacterSet::ascii);
        let character_set = if can_hold(dataset, &declared, 0)? { declared } else { CharacterSet::utf8() };
        let recode = dataset.parsed().is_some() && character_set != dataset.context().character_set;
        Ok(Self { encoding, lengths, repair, encapsulated, character_set, recode, depth: 0 })
    }

    /// Plans the bytes of a data set.
    ///
    /// # Errors
    /// [`Error::Value`] for text that its value representation cannot hold; as reading the file.
    pub fn data_set(&mut self, dataset: &Dataset, plan: &mut Plan) -> Result<()> {
        let context = dataset.context();
        let elements = if self.repair { dataset.elements()? } else { dataset.in_file_order()? };
        let root = self.depth == 0;
        let unicode = self.character_set == CharacterSet::utf8();
        let declares = !root || dataset.declared_character_set() == Some(self.character_set);
        let mut charset_due = !declares && unicode;
        for (tag, element) in elements {
            if charset_due && tag >= Tag::SPECIFIC_CHARACTER_SET {
                self.own_character_set(plan);
                charset_due = false;
            }
            if tag == Tag::SPECIFIC_CHARACTER_SET && (self.recode || !declares) {
                if declares || !unicode {
                    self.own_character_set(plan);
                }
                continue;
            }
            if tag.is_group_length() && self.is_stale(dataset, tag, element) {
                continue;
            }
            self.element(dataset, tag, element, &context, plan)?;
        }
        if charset_due {
            self.own_character_set(plan);
        }
        Ok(())
    }

    /// Specific Character Set, as the text is written.
    fn own_character_set(&self, plan: &mut Plan) {
        let terms = self.character_set.terms().join("\\");
        if !terms.is_empty() {
            self.short(Tag::SPECIFIC_CHARACTER_SET, Vr::CS, terms.as_bytes(), plan);
        }
    }

    /// Whether a group length no longer holds: its group was edited, or is encoded anew.
    fn is_stale(&self, dataset: &Dataset, tag: Tag, element: ElementRef<'_>) -> bool {
        let anew = element.node().is_some_and(|node| node.encoding() != self.encoding) || self.recode || self.repair;
        anew || dataset.is_group_edited(tag.group())
    }

    fn element(
        &mut self,
        dataset: &Dataset,
        tag: Tag,
        element: ElementRef<'_>,
        context: &Arc<Context>,
        plan: &mut Plan,
    ) -> Result<()> {
        match element {
            ElementRef::Stored(parsed, index) => {
                let node = parsed.nodes()[index as usize];
                if self.can_copy(parsed, &node) {
                    plan.push_range(parsed, node.start(), node.end);
                    return Ok(());
                }
                self.stored(dataset, tag, element, &node, parsed, context, plan)
            }
            ElementRef::Edited(Element { content: Content::Stored(parsed, index), .. }) => {
                let node = parsed.nodes()[*index as usize];
                self.stored(dataset, tag, element, &node, parsed, context, plan)
            }
            ElementRef::Edited(edited) => self.edited(dataset, tag, edited, element, context, plan),
        }
    }

    /// Whether an element can be written as it lies in its file.
    fn can_copy(&self, parsed: &Parsed, node: &Node) -> bool {
        let chosen = node.vr == Vr::SQ && self.lengths != Lengths::Keep;
        if node.encoding() != self.encoding || node.start() > node.end || chosen {
            return false;
        }
        if self.lengths != Lengths::Keep && node.vr == Vr::SQ {
            return false;
        }
        if self.repair && is_mended(node) {
            return false;
        }
        if self.recode {
            let text = node.vr.uses_character_set() || node.vr == Vr::SQ || node.vr == Vr::UN;
            return !text
                || parsed
                    .loaded(node)
                    .is_some_and(|bytes| node.vr != Vr::SQ && bytes.is_ascii() && !bytes.contains(&0x1B));
        }
        true
    }

    #[allow(clippy::too_many_arguments)]
    fn stored(
        &mut self,
        dataset: &Dataset,
        tag: Tag,
        element: ElementRef<'_>,
        node: &Node,
        parsed: &Arc<Parsed>,
        context: &Arc<Context>,
        plan: &mut Plan,
    ) -> Result<()> {
        if node.flags.has(Flags::FRAGMENTS) {
            self.header(tag, Vr::OB, None, plan);
            plan.push_range(parsed, node.offset, node.value_end());
            self.delimiter(Tag::SEQUENCE_DELIMITATION, plan);
            return Ok(());
        }
        let vr = dataset.vr(tag, element, context);
        if vr == Vr::SQ {
            let items = Dataset::items_of(element, context)?;
            return self.sequence(tag, &items, node.flags.has(Flags::UNDEFINED), plan);
        }
        let (start, end) = (node.offset, node.value_end());
        let swapped = node.flags.has(Flags::BIG_ENDIAN) != self.encoding.big_endian;
        let word = if swapped { word_size(dataset, tag, vr) } else { 1 };
        if end - start > INLINE && !(self.recode && vr.uses_character_set()) {
            self.header(tag, vr, Some(even(end - start, tag)?), plan);
            match word {
                1 => plan.push_range(parsed, start, end),
                word => plan.push_swapped(parsed, start, end, word),
            }
            if (end - start) & 1 == 1 {
                plan.push(&[vr.padding()]);
            }
            return Ok(());
        }
        let mut bytes = parsed.bytes(node)?;
        if self.recode && vr.uses_character_set() {
            let text = value::text(&bytes, vr, &context.character_set).whole.into_owned();
            bytes = Cow::Owned(self.encode_text(tag, vr, &text)?.into_owned());
        } else if word > 1 {
            swap_words(bytes.to_mut(), word);
        }
        self.short(tag, vr, &bytes, plan);
        Ok(())
    }

    fn edited(
        &mut self,
        dataset: &Dataset,
        tag: Tag,
        element: &Element,
        reference: ElementRef<'_>,
        context: &Arc<Context>,
        plan: &mut Plan,
    ) -> Result<()> {
        let vr = dataset.vr(tag, reference, context);
        match &element.content {
            Content::Items(_) => {
                let was_undefined = dataset.original(tag).is_some_and(|node| node.flags.has(Flags::UNDEFINED));
                self.sequence(tag, &Dataset::items_of(reference, context)?, was_undefined, plan)
            }
            Content::Text(text) => {
                let bytes = self.encode_text(tag, vr, text)?;
                self.short(tag, vr, &bytes, plan);
                Ok(())
            }
            Content::Bytes(shared) => {
                let bytes: &[u8] = (**shared).as_ref();
                if self.encapsulated
                    && tag == Tag::PIXEL_DATA
                    && self.depth == 0
                    && bytes.starts_with(&[0xFE, 0xFF, 0, 0xE0])
                {
                    self.header(tag, Vr::OB, None, plan);
                    plan.push_shared(shared);
                    self.delimiter(Tag::SEQUENCE_DELIMITATION, plan);
                    return Ok(());
                }
                let word = word_size(dataset, tag, vr);
                if element.big_endian != self.encoding.big_endian && word > 1 {
                    let mut owned = bytes.to_vec();
                    swap_words(&mut owned, word);
                    self.short(tag, vr, &owned, plan);
                } else if bytes.len() as u64 > INLINE {
                    self.header(tag, vr, Some(even(bytes.len() as u64, tag)?), plan);
                    plan.push_shared(shared);
                    if bytes.len() & 1 == 1 {
                        plan.push(&[vr.padding()]);
                    }
                } else {
                    self.short(tag, vr, bytes, plan);
                }
                Ok(())
            }
            Content::Stored(..) => Ok(()),
        }
    }

    fn encode_text<'a>(&self, tag: Tag, vr: Vr, text: &'a str) -> Result<Cow<'a, [u8]>> {
        if text.is_ascii() && !text.contains('\x1B') {
            return Ok(Cow::Borrowed(text.as_bytes()));
        }
        let encoded = if vr.uses_character_set() { self.character_set.encode(text, vr) } else { None };
        let or_latin = encoded.or_else(|| (!vr.uses_character_set()).then(|| latin(text)).flatten().map(Cow::Owned));
        or_latin.ok_or_else(|| {
            let what = format!("the text has characters that {vr} cannot hold in its character set");
            Error::value(what, Place::tag(tag))
        })
    }

    /// A header and a value that is at hand, padded to even length.
    fn short(&self, tag: Tag, vr: Vr, bytes: &[u8], plan: &mut Plan) {
        self.header(tag, vr, Some(bytes.len() as u32 + (bytes.len() as u32 & 1)), plan);
        plan.push(bytes);
        if bytes.len() & 1 == 1 {
            plan.push(&[vr.padding()]);
        }
    }

    fn number(&self, number: u32) -> [u8; 4] {
        if self.encoding.big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    fn tag(&self, tag: Tag) -> [u8; 4] {
        let (group, element) = (tag.group(), tag.element());
        let [[a, b], [c, d]] = if self.encoding.big_endian {
            [group.to_be_bytes(), element.to_be_bytes()]
        } else {
            [group.to_le_bytes(), element.to_le_bytes()]
        };
        [a, b, c, d]
    }

    /// An element's header; undefined length when none is given.
    fn header(&self, tag: Tag, vr: Vr, length: Option<u32>, plan: &mut Plan) {
        let mut header = [0; 12];
        header[..4].copy_from_slice(&self.tag(tag));
        let length = length.unwrap_or(u32::MAX);
        if !self.encoding.explicit {
            header[4..8].copy_from_slice(&self.number(length));
            return plan.push(&header[..8]);
        }
        // A value too long for the 16 bits of its representation goes as UN (PS3.5 6.2.2).
        let vr = if length > 0xFFFF && !vr.has_long_length() { Vr::UN } else { vr };
        header[4..6].copy_from_slice(vr.as_str().as_bytes().first_chunk::<2>().unwrap_or(b"UN"));
        if vr.has_long_length() {
            header[8..].copy_from_slice(&self.number(length));
            plan.push(&header);
        } else {
            let short = length as u16;
            header[6..8].copy_from_slice(&if self.encoding.big_endian {
                short.to_be_bytes()
            } else {
                short.to_le_bytes()
            });
            plan.push(&header[..8]);
        }
    }

    fn delimiter(&self, tag: Tag, plan: &mut Plan) {
        plan.push(&self.tag(tag));
        plan.push(&[0; 4]);
    }

    fn is_undefined(&self, was_undefined: bool) -> bool {
        match self.lengths {
            Lengths::Keep => was_undefined,
            Lengths::Defined => false,
            Lengths::Undefined => true,
        }
    }

    fn sequence(&mut self, tag: Tag, items: &[Dataset], was_undefined: bool, plan: &mut Plan) -> Result<()> {
        if self.depth >= DEEPEST {
            return Err(Error::Limit { limit: "max_depth", maximum: DEEPEST as u64, place: Place::tag(tag) });
        }
        self.depth += 1;
        let mut body = Plan::default();
        for item in items {
            self.item(item, &mut body)?;
        }
        self.depth -= 1;
        // In implicit VR who does not know a private sequence tells it by its undefined length.
        let unnamed = tag.is_private() && !self.encoding.explicit;
        let undefined = self.is_undefined(was_undefined || unnamed) || body.length() > 0xFFFF_FFFE;
        self.header(tag, Vr::SQ, (!undefined).then_some(body.length() as u32), plan);
        plan.append(body);
        if undefined {
            self.delimiter(Tag::SEQUENCE_DELIMITATION, plan);
        }
        Ok(())
    }

    /// The elements of an item, in the character set it names itself while that can hold them.
    fn item_body(&mut self, item: &Dataset, foreign: bool) -> Result<Plan> {
        let outer = (self.character_set, self.recode);
        match item.declared_character_set() {
            Some(own) if !self.repair => {
                self.character_set = if can_hold(item, &own, self.depth)? { own } else { CharacterSet::utf8() };
                self.recode = item.parsed().is_some() && self.character_set != item.context().character_set;
            }
            _ => self.recode |= foreign,
        }
        let mut body = Plan::default();
        let result = self.data_set(item, &mut body);
        (self.character_set, self.recode) = outer;
        result.map(|()| body)
    }

    fn item(&mut self, item: &Dataset, plan: &mut Plan) -> Result<()> {
        let node = item.item_node().copied();
        // An item of another file, or one with a character set of its own.
        let foreign = item.parsed().is_some() && item.context().character_set != self.character_set;
        if let (Some(node), Some(parsed), true) = (node, item.parsed(), item.is_untouched())
            && node.encoding() == self.encoding
            && !self.recode
            && (!foreign || item.find(Tag::SPECIFIC_CHARACTER_SET).is_some())
            && !self.repair
            && self.lengths == Lengths::Keep
        {
            plan.push_range(parsed, node.start(), node.end);
            return Ok(());
        }
        let body = self.item_body(item, foreign)?;
        let undefined =
            self.is_undefined(node.is_some_and(|node| node.flags.has(Flags::UNDEFINED))) || body.length() > 0xFFFF_FFFE;
        plan.push(&self.tag(Tag::ITEM));
        plan.push(&self.number(if undefined { u32::MAX } else { body.length() as u32 }));
        plan.append(body);
        if undefined {
            self.delimiter(Tag::ITEM_DELIMITATION, plan);
        }
        Ok(())
    }
}

/// Bytes that change places together. Pixels of 32 and 64 bits stand in OW, but the big-endian files there are (and
/// pydicom) have their bytes turned around as a whole, not by 16-bit words.
fn word_size(dataset: &Dataset, tag: Tag, vr: Vr) -> usize {
    match (tag, vr, dataset.number(Tag(0x0028_0100))) {
        // Also in OB, which some writers put words of samples in: readers take them in the byte order of the file.
        (Tag::PIXEL_DATA, Vr::OB | Vr::OW, Some(bits @ (16 | 32 | 64))) => usize::from(bits / 8),
        _ => vr.word_size(),
    }
}

/// The length of a value with its padding.
fn even(length: u64, tag: Tag) -> Result<u32> {
    u32::try_from(length + (length & 1)).ok().filter(|&length| length != u32::MAX).ok_or_else(|| {
        let what = format!("a value of {length} bytes is too long for an element, at most 4294967294");
        Error::value(what, Place::tag(tag))
    })
}

/// Whether an element has to be encoded anew to be right. Fragments that are cut stay so: no delimiter makes them whole.
fn is_mended(node: &Node) -> bool {
    if node.flags.has(Flags::FRAGMENTS) {
        return !node.flags.has(Flags::DELIMITED) && !node.flags.has(Flags::TRUNCATED);
    }
    node.flags.has(Flags::ADJUSTED) || node.flags.has(Flags::TRUNCATED) || node.vr == Vr::SQ || node.length() & 1 == 1
}

/// Text of a representation without character set that some writers put Latin letters in.
fn latin(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
}

/// Whether every text that was set can be written in a character set.
fn can_hold(dataset: &Dataset, character_set: &CharacterSet, depth: usize) -> Result<bool> {
    if depth > DEEPEST {
        return Err(Error::Limit { limit: "max_depth", maximum: DEEPEST as u64, place: Place::default() });
    }
    for (tag, element) in dataset.edited() {
        let held = match &element.content {
            Content::Text(text) if !text.is_ascii() => {
                let reference = ElementRef::Edited(element);
                let vr = dataset.vr(tag, reference, &Context::default());
                !vr.uses_character_set() || character_set.encode(text, vr).is_some()
            }
            Content::Items(items) => {
                let mut all = true;
                for item in items.iter().filter(|item| item.declared_character_set().is_none()) {
                    all = all && can_hold(item, character_set, depth + 1)?;
                }
                all
            }
            _ => true,
        };
        if !held {
            return Ok(false);
        }
    }
    Ok(true)
}
