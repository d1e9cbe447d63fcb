//! THE data model: what was parsed from a file, under an overlay of edits.
//!
//! An element that was not touched is where the file has it and is written back byte for byte.

mod element;
mod representation;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::charset::CharacterSet;
use crate::error::{Error, Place, Result};
use crate::file::{Encoding, Node, Parsed};
use crate::value::Value;
use crate::{Tag, Vr};

pub use element::{Content, Context, Element, ElementRef};

#[derive(Clone, Debug)]
enum Edit {
    Set(Element),
    Removed,
}

/// What was parsed: a whole data set, or one item.
#[derive(Clone, Debug)]
struct Stored {
    parsed: Arc<Parsed>,
    /// Node of the item; nothing for the data set of a file.
    item: Option<u32>,
}

impl Stored {
    /// The nodes of the elements, in the order of the file.
    fn children(&self) -> impl Iterator<Item = u32> + '_ {
        self.parsed.siblings(self.parsed.range_of(self.item))
    }

    /// The last element with a tag.
    #[inline]
    fn find(&self, tag: Tag) -> Option<u32> {
        self.parsed.find(self.item, tag)
    }
}

/// A data set, or an item of a sequence: elements by tag.
#[derive(Clone, Debug, Default)]
pub struct Dataset {
    stored: Option<Stored>,
    edits: BTreeMap<Tag, Edit>,
    inherited: Arc<Context>,
}

impl Dataset {
    /// A data set without elements.
    pub fn new() -> Self {
        Self::default()
    }

    /// The data set of a file.
    pub fn from_parsed(parsed: Arc<Parsed>) -> Self {
        Self { stored: Some(Stored { parsed, item: None }), ..Self::default() }
    }

    /// An item of a parsed sequence.
    pub fn from_item(parsed: Arc<Parsed>, item: u32, inherited: Arc<Context>) -> Self {
        Self { stored: Some(Stored { parsed, item: Some(item) }), edits: BTreeMap::new(), inherited }
    }

    /// What was parsed, when anything was.
    pub fn parsed(&self) -> Option<&Arc<Parsed>> {
        self.stored.as_ref().map(|stored| &stored.parsed)
    }

    /// The node of the item this data set was parsed from.
    pub fn item_node(&self) -> Option<&Node> {
        let stored = self.stored.as_ref()?;
        stored.item.map(|item| &stored.parsed.nodes()[item as usize])
    }

    /// Whether nothing was set or removed since it was parsed.
    pub fn is_untouched(&self) -> bool {
        self.edits.is_empty() && self.stored.is_some()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
            && self.stored.as_ref().is_none_or(|stored| stored.parsed.nodes().is_empty() && !stored.parsed.has_tail())
    }

    /// How the elements that were parsed are encoded; those of a new data set will be Explicit VR Little Endian.
    pub fn encoding(&self) -> Encoding {
        let first = self.stored.as_ref().and_then(|stored| {
            let index = stored.children().next()?;
            Some(stored.parsed.nodes()[index as usize].encoding())
        });
        first.unwrap_or(Encoding::EXPLICIT_LITTLE)
    }

    /// The element with a tag. Of duplicates the last one counts.
    ///
    /// # Errors
    /// As reading the file, for the pixel data and what follows.
    pub fn get(&self, tag: Tag) -> Result<Option<ElementRef<'_>>> {
        if !self.edits.is_empty() {
            match self.edits.get(&tag) {
                Some(Edit::Set(element)) => return Ok(Some(ElementRef::Edited(element))),
                Some(Edit::Removed) => return Ok(None),
                None => {}
            }
        }
        let Some(stored) = &self.stored else { return Ok(None) };
        if let Some(index) = stored.find(tag) {
            return Ok(Some(ElementRef::Stored(&stored.parsed, index)));
        }
        if tag >= Tag::PIXEL_DATA
            && stored.item.is_none()
            && let Some(tail) = stored.parsed.tail()?
        {
            let found = tail.top().iter().rev().find(|&&index| tail.nodes()[index as usize].tag == tag);
            return Ok(found.map(|&index| ElementRef::Stored(tail, index)));
        }
        Ok(None)
    }

    /// The node of an element that is in [`Dataset::parsed`] as it was read.
    #[inline]
    pub fn stored_node(&self, tag: Tag) -> Option<u32> {
        if !self.edits.is_empty() && self.edits.contains_key(&tag) {
            return None;
        }
        self.stored.as_ref()?.find(tag)
    }

    /// The element with a tag as long as it lies before the pixel data: no input, no error.
    #[inline]
    pub fn find(&self, tag: Tag) -> Option<ElementRef<'_>> {
        self.get(tag).ok().flatten()
    }

    /// What `make` makes of tag, node and written value representation of each element by ascending tag, when they are
    /// all in [`Dataset::parsed`] as they were read.
    pub fn stored_in_order<T>(&self, make: impl Fn(Tag, u32, Vr) -> T) -> Option<Vec<T>> {
        let stored = self.stored.as_ref().filter(|stored| stored.item.is_some() || !stored.parsed.has_tail())?;
        if !self.edits.is_empty() {
            return None;
        }
        let nodes = stored.parsed.nodes();
        let mut all = Vec::with_capacity(8);
        let mut last = None;
        for index in stored.children() {
            let node = &nodes[index as usize];
            if last.replace(node.tag) >= Some(node.tag) {
                return None;
            }
            all.push(make(node.tag, index, node.vr));
        }
        Some(all)
    }

    /// What the file has at a tag, whether it was set since or not.
    pub fn original(&self, tag: Tag) -> Option<&Node> {
        let stored = self.stored.as_ref()?;
        stored.find(tag).map(|index| &stored.parsed.nodes()[index as usize])
    }

    /// Every element in the order of the file, those that were set among them; duplicates included.
    ///
    /// # Errors
    /// As reading the file, for the pixel data and what follows.
    pub fn in_file_order(&self) -> Result<Vec<(Tag, ElementRef<'_>)>> {
        let mut all = Vec::new();
        let mut pending = self.edits.iter().peekable();
        let mut done = Vec::new();
        for (parsed, index) in self.stored_nodes()? {
            let tag = parsed.nodes()[index as usize].tag;
            while let Some((&edited, edit)) = pending.next_if(|(edited, _)| **edited < tag) {
                if let (Edit::Set(element), false) = (edit, done.contains(&edited)) {
                    all.push((edited, ElementRef::Edited(element)));
                }
                done.push(edited);
            }
            match self.edits.get(&tag) {
                None => all.push((tag, ElementRef::Stored(parsed, index))),
                Some(Edit::Set(element)) if !done.contains(&tag) => {
                    all.push((tag, ElementRef::Edited(element)));
                    done.push(tag);
                }
                Some(_) => done.push(tag),
            }
        }
        for (&edited, edit) in pending {
            if let (Edit::Set(element), false) = (edit, done.contains(&edited)) {
                all.push((edited, ElementRef::Edited(element)));
            }
        }
        Ok(all)
    }

    fn stored_nodes(&self) -> Result<Vec<(&Arc<Parsed>, u32)>> {
        let Some(stored) = &self.stored else { return Ok(Vec::new()) };
        let mut all: Vec<_> = stored.children().map(|index| (&stored.parsed, index)).collect();
        if stored.item.is_none()
            && let Some(tail) = stored.parsed.tail()?
        {
            all.extend(tail.top().iter().map(|&index| (tail, index)));
        }
        Ok(all)
    }

    /// Every element by ascending tag; of duplicates the last one.
    ///
    /// # Errors
    /// As reading the file, for the pixel data and what follows.
    pub fn elements(&self) -> Result<Vec<(Tag, ElementRef<'_>)>> {
        let mut all = self.in_file_order()?;
        if !all.is_sorted_by(|left, right| left.0 < right.0) {
            all.sort_by_key(|entry| entry.0);
            all.reverse();
            all.dedup_by_key(|entry| entry.0);
            all.reverse();
        }
        Ok(all)
    }

    /// The elements that were set.
    pub fn edited(&self) -> impl Iterator<Item = (Tag, &Element)> {
        self.edits.iter().filter_map(|(&tag, edit)| match edit {
            Edit::Set(element) => Some((tag, element)),
            Edit::Removed => None,
        })
    }

    /// Whether any element of a group was set or removed.
    pub fn is_group_edited(&self, group: u16) -> bool {
        self.edits.range(Tag::new(group, 0)..=Tag::new(group, u16::MAX)).next().is_some()
    }

    /// Sets an element.
    pub fn set(&mut self, tag: Tag, element: Element) {
        self.edits.insert(tag, Edit::Set(element));
    }

    /// Removes an element.
    pub fn remove(&mut self, tag: Tag) {
        let stored = self.stored.as_ref().is_some_and(|stored| {
            stored.find(tag).is_some() || (stored.item.is_none() && tag >= Tag::PIXEL_DATA && stored.parsed.has_tail())
        });
        if stored {
            self.edits.insert(tag, Edit::Removed);
        } else {
            self.edits.remove(&tag);
        }
    }

    /// Forgets an edit: the element is again what the file has.
    pub fn revert(&mut self, tag: Tag) {
        self.edits.remove(&tag);
    }

    /// Sets what the data set around this one hands down. What was read is still in the character set of its file.
    pub fn set_inherited(&mut self, inherited: Arc<Context>) {
        if self.stored.is_some() && self.inherited.character_set != inherited.character_set {
            let character_set = self.inherited.character_set;
            self.inherited = Arc::new(Context { character_set, signed: inherited.signed });
        } else {
            self.inherited = inherited;
        }
    }

    /// What this data set hands down to its items, and decodes its own elements with: the character set is the one
    /// the file was written in, whatever the attribute was set to since.
    pub fn context(&self) -> Arc<Context> {
        let stored = self.stored.as_ref();
        let declares = stored.is_none_or(|stored| stored.item.is_none() || stored.parsed.items_declare_context());
        if !declares && self.edits.is_empty() {
            return Arc::clone(&self.inherited);
        }
        let mut context = Context::clone(&self.inherited);
        if let Some((stored, index)) =
            stored.and_then(|stored| Some((stored, stored.find(Tag::SPECIFIC_CHARACTER_SET)?)))
            && let Ok(bytes) = stored.parsed.bytes(&stored.parsed.nodes()[index as usize])
        {
            context.character_set = CharacterSet::from_value(&bytes).0;
        }
        if let Some(representation) = self.number(Tag::PIXEL_REPRESENTATION) {
            context.signed = representation == 1;
        }
        Arc::new(context)
    }

    /// The character set that Specific Character Set names now, for writing; nothing when the attribute is absent.
    pub fn declared_character_set(&self) -> Option<CharacterSet> {
        let bytes = self.find(Tag::SPECIFIC_CHARACTER_SET)?.bytes().ok()?;
        Some(CharacterSet::from_value(&bytes).0)
    }

    /// The items of a sequence: none when the element is none, or is no sequence.
    ///
    /// # Errors
    /// As reading the file.
    pub fn items(&self, tag: Tag) -> Result<Vec<Self>> {
        let Some(element) = self.get(tag)? else { return Ok(Vec::new()) };
        let context = self.context();
        Self::items_of(element, &context)
    }

    /// The items of a sequence element, which inherit a context.
    ///
    /// # Errors
    /// As reading the file.
    pub fn items_of(element: ElementRef<'_>, context: &Arc<Context>) -> Result<Vec<Self>> {
        let mut items = Vec::new();
        Self::each_item(element, context, |item| items.push(item))?;
        Ok(items)
    }

    /// Hands each item of a sequence element to a function.
    ///
    /// # Errors
    /// As reading the file.
    pub fn each_item(element: ElementRef<'_>, context: &Arc<Context>, mut take: impl FnMut(Self)) -> Result<()> {
        let (parsed, index) = match element {
            ElementRef::Stored(parsed, index) => (parsed, index),
            ElementRef::Edited(element) => match &element.content {
                Content::Stored(parsed, index) => (parsed, *index),
                Content::Items(items) => {
                    for item in items {
                        let mut item = item.clone();
                        item.set_inherited(Arc::clone(context));
                        take(item);
                    }
                    return Ok(());
                }
                _ => return Ok(()),
            },
        };
        let (parsed, range) = parsed.items(index)?;
        for item in parsed.siblings(range) {
            if parsed.nodes()[item as usize].tag == Tag::ITEM {
                take(Self::from_item(Arc::clone(&parsed), item, Arc::clone(context)));
            }
        }
        Ok(())
    }

    /// A text value as it stands, without padding, of an element that needs no character set.
    pub fn text(&self, tag: Tag) -> Option<String> {
        let bytes = self.find(tag)?.bytes().ok()?;
        let text = String::from_utf8_lossy(&bytes);
        Some(text.trim_matches(['\0', ' ']).to_owned())
    }

    /// Hands the value of an element to a function.
    ///
    /// # Errors
    /// As reading the file; [`Error::Value`] for a sequence, which has items instead.
    pub fn with_value<T>(
        &self,
        tag: Tag,
        element: ElementRef<'_>,
        context: &Context,
        read: impl FnOnce(Vr, Value<'_>) -> T,
    ) -> Result<T> {
        let vr = self.vr(tag, element, context);
        if vr == Vr::SQ {
            return Err(Error::value("a sequence has items, not a value", Place::tag(tag)));
        }
        let bytes = element.bytes()?;
        let character_set = element.character_set(context);
        Ok(read(vr, Value::new(&bytes, vr, element.is_big_endian(), &character_set)))
    }
}
