//! An element that is being read, until all that is said about it has been seen.

use super::literal::Literals;
use super::{DEEPEST, FetchBulk, ModelLimits};
use crate::dataset::{Dataset, Element};
use crate::dictionary;
use crate::error::{Error, Place, Result};
use crate::{Tag, Vr};

/// What was said about an element so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub tag: Tag,
    pub vr: Option<Vr>,
    pub literals: Literals,
    pub binary: Option<Vec<u8>>,
    pub uri: Option<String>,
}

impl Draft {
    /// Nothing said yet. Items and delimiters are no elements.
    pub fn new(tag: Tag) -> Result<Self> {
        if matches!(tag, Tag::ITEM | Tag::ITEM_DELIMITATION | Tag::SEQUENCE_DELIMITATION) {
            return Err(Error::format("an item or a delimiter stands where an element must", Place::tag(tag)));
        }
        Ok(Self { tag, ..Self::default() })
    }

    /// Names the value representation.
    pub fn name_vr(&mut self, name: &str) -> Result<()> {
        let vr = name.as_bytes().first_chunk().filter(|_| name.len() == 2).and_then(|&letters| Vr::from_bytes(letters));
        self.vr = Some(vr.ok_or_else(|| Error::value("`vr` is no value representation", Place::tag(self.tag)))?);
        Ok(())
    }

    /// Sets the value from its text in base 64.
    pub fn set_binary(&mut self, text: &[u8], limits: &ModelLimits) -> Result<()> {
        let place = Place::tag(self.tag);
        if text.len() as u64 / 4 * 3 > limits.allocation.saturating_add(2) {
            return Err(Error::Limit { limit: "max_allocation", maximum: limits.allocation, place });
        }
        let bytes = base64_simd::forgiving_decode_to_vec(text);
        self.binary = Some(bytes.map_err(|_| Error::value("the inline binary is not in base 64", place))?);
        Ok(())
    }

    /// Sets the element in the data set it belongs to.
    pub fn finish(self, dataset: &mut Dataset, fetch: &mut FetchBulk<'_>) -> Result<()> {
        let tag = self.tag;
        let vr = self.vr.or_else(|| known_vr(dataset, tag)).unwrap_or(Vr::UN);
        let mut binary = self.binary;
        if let Some(uri) = self.uri {
            binary = Some(fetch(tag, vr, &uri)?.unwrap_or_default());
        }
        let element = match binary {
            None => self.literals.into_element(tag, vr)?,
            Some(bytes) if bytes.is_empty() => Literals::default().into_element(tag, vr)?,
            Some(_) if vr == Vr::SQ => {
                return Err(Error::value("a sequence has items, not bytes", Place::tag(tag)));
            }
            Some(bytes) if vr.is_text() => {
                let text = String::from_utf8(bytes);
                Element::text(vr, &text.map_err(|_| Error::value("the bytes of text are not UTF-8", Place::tag(tag)))?)
            }
            Some(bytes) => Element::bytes(vr, bytes),
        };
        dataset.set(tag, element);
        Ok(())
    }
}

/// The dictionaries' value representation of an element that names none.
fn known_vr(dataset: &Dataset, tag: Tag) -> Option<Vr> {
    match tag.private_creator() {
        Some(creator) => dictionary::private(&dataset.text(creator)?, tag).map(|entry| entry.vr),
        None => dictionary::vr(tag),
    }
}

/// What has been used up of the limits.
#[derive(Debug)]
pub(crate) struct Bounds {
    pub limits: ModelLimits,
    elements: u32,
}

impl Bounds {
    pub fn new(limits: &ModelLimits) -> Self {
        Self { limits: ModelLimits { depth: limits.depth.min(DEEPEST), ..*limits }, elements: 0 }
    }

    /// One more element or item.
    pub fn count(&mut self, tag: Tag) -> Result<()> {
        self.elements = self.elements.saturating_add(1);
        if self.elements > self.limits.elements {
            let maximum = u64::from(self.limits.elements);
            return Err(Error::Limit { limit: "max_elements", maximum, place: Place::tag(tag) });
        }
        Ok(())
    }

    /// One more item, inside `depth` sequences.
    pub fn enter(&mut self, tag: Tag, depth: usize) -> Result<()> {
        if depth > self.limits.depth as usize {
            let maximum = u64::from(self.limits.depth);
            return Err(Error::Limit { limit: "max_depth", maximum, place: Place::tag(tag) });
        }
        self.count(tag)
    }
}
