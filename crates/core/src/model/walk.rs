//! One walk over a data set, for both models.

use std::borrow::Cow;
use std::sync::Arc;

use super::literal::hex;
use super::{BulkData, DEEPEST, ModelOptions};
use crate::charset::CharacterSet;
use crate::dataset::{Content, Context, Dataset, Element, ElementRef};
use crate::error::{Error, Place, Result};
use crate::value::{self, Text, Value};
use crate::{Tag, Vr};

/// What a walk calls, in the order of the elements.
pub(crate) trait Form {
    /// An element begins; `dataset` is the one it lies in.
    fn begin(&mut self, tag: Tag, vr: Vr, dataset: &Dataset);
    /// Its values, which may be none.
    fn values(&mut self, vr: Vr, value: &Value<'_>);
    /// Its value, little endian and not empty.
    fn binary(&mut self, bytes: &[u8]);
    /// Where its value is.
    fn bulk(&mut self, uri: &str);
    /// An item of it begins, the first being 0.
    fn begin_item(&mut self, index: usize);
    /// The item ends.
    fn end_item(&mut self);
    /// The last item has ended. Called when there was one.
    fn end_items(&mut self);
    /// The element ends.
    fn end(&mut self);
}

/// A walk under way.
pub(crate) struct Walk<'a, F> {
    form: F,
    options: &'a ModelOptions<'a>,
    /// Of the item being walked, as URIs have it.
    path: String,
    depth: u32,
}

impl<'a, F: Form> Walk<'a, F> {
    pub fn new(form: F, options: &'a ModelOptions<'a>) -> Self {
        Self { form, options, path: String::new(), depth: 0 }
    }

    /// Walks a data set, after the file meta information when there is any to be written.
    pub fn run(mut self, dataset: &Dataset) -> Result<()> {
        if let Some(meta) = self.options.file_meta {
            self.group(meta, |tag| tag.group() == 2)?;
        }
        self.group(dataset, |tag| tag.group() != 2)
    }

    fn group(&mut self, dataset: &Dataset, wanted: impl Fn(Tag) -> bool) -> Result<()> {
        let context = dataset.context();
        for (tag, element) in dataset.elements()? {
            if !tag.is_group_length() && wanted(tag) {
                self.element(dataset, tag, element, &context)?;
            }
        }
        Ok(())
    }

    fn element(&mut self, dataset: &Dataset, tag: Tag, element: ElementRef<'_>, context: &Arc<Context>) -> Result<()> {
        let vr = vr_of(dataset, tag, element, context);
        if vr == Vr::SQ {
            return self.sequence(dataset, tag, element, context);
        }
        if !vr.is_text() && is_binary(vr) {
            return self.binary(dataset, tag, vr, element);
        }
        let bytes = element.bytes()?;
        let value = value_of(element, &bytes, vr, context);
        self.form.begin(tag, vr, dataset);
        if tag == Tag::SPECIFIC_CHARACTER_SET && vr.is_text() && value.multiplicity() > 0 {
            self.form.values(vr, &Value::Text(text_of("ISO_IR 192", vr)));
        } else {
            self.form.values(vr, &value);
        }
        self.form.end();
        Ok(())
    }

    fn binary(&mut self, dataset: &Dataset, tag: Tag, vr: Vr, element: ElementRef<'_>) -> Result<()> {
        let length = element.length();
        match &self.options.bulk_data {
            BulkData::Skip => return Ok(()),
            BulkData::Uri { prefix, threshold } if length > *threshold => {
                let uri = [prefix.as_str(), &self.path, text(&hex(tag))].concat();
                self.form.begin(tag, vr, dataset);
                self.form.bulk(&uri);
            }
            _ => {
                let bytes = little_endian(element, vr)?;
                self.form.begin(tag, vr, dataset);
                if !bytes.is_empty() {
                    self.form.binary(&bytes);
                }
            }
        }
        self.form.end();
        Ok(())
    }

    fn sequence(&mut self, dataset: &Dataset, tag: Tag, element: ElementRef<'_>, context: &Arc<Context>) -> Result<()> {
        if self.depth >= DEEPEST {
            return Err(Error::Limit { limit: "max_depth", maximum: u64::from(DEEPEST), place: Place::tag(tag) });
        }
        let items = Dataset::items_of(element, context)?;
        self.form.begin(tag, Vr::SQ, dataset);
        self.depth += 1;
        let outer = self.path.len();
        for (index, item) in items.iter().enumerate() {
            if let BulkData::Uri { .. } = self.options.bulk_data {
                self.path.push_str(text(&hex(tag)));
                self.path.push('/');
                self.path.push_str(itoa::Buffer::new().format(index));
                self.path.push('/');
            }
            self.form.begin_item(index);
            self.group(item, |tag| tag.group() != 2)?;
            self.form.end_item();
            self.path.truncate(outer);
        }
        self.depth -= 1;
        if !items.is_empty() {
            self.form.end_items();
        }
        self.form.end();
        Ok(())
    }
}

fn text(digits: &[u8; 8]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

/// Whether the value is bytes in these models, not numbers or text.
fn is_binary(vr: Vr) -> bool {
    !matches!(vr, Vr::AT | Vr::US | Vr::SS | Vr::UL | Vr::SL | Vr::UV | Vr::SV | Vr::FL | Vr::FD | Vr::UsOrSs)
}

/// The value representation an element has in these models.
///
/// That of the data set, save that bytes which were set as UN stay UN when the dictionary has a sequence.
pub(crate) fn vr_of(dataset: &Dataset, tag: Tag, element: ElementRef<'_>, context: &Context) -> Vr {
    let vr = dataset.vr(tag, element, context);
    match element {
        ElementRef::Edited(Element { vr: Vr::UN, content: Content::Bytes(_), .. }) if vr == Vr::SQ => Vr::UN,
        _ => vr,
    }
}

/// Looks at the bytes of an element as its value. Text that was set is Unicode already.
pub(crate) fn value_of<'a>(element: ElementRef<'a>, bytes: &'a [u8], vr: Vr, context: &Context) -> Value<'a> {
    match element {
        ElementRef::Edited(Element { content: Content::Text(whole), .. }) if vr.is_text() => {
            let text = text_of(whole, vr);
            match vr {
                Vr::DS => Value::Decimal(text),
                Vr::IS => Value::Integer(text),
                _ => Value::Text(text),
            }
        }
        _ => Value::new(bytes, vr, element.is_big_endian(), &context.character_set),
    }
}

/// Text that needs no decoding.
fn text_of(whole: &str, vr: Vr) -> Text<'_> {
    let mut text = value::text(&[], vr, &CharacterSet::utf8());
    text.whole = Cow::Borrowed(whole.trim_end_matches([' ', '\0']));
    text
}

/// The bytes of a binary value, least significant byte first.
pub(crate) fn little_endian(element: ElementRef<'_>, vr: Vr) -> Result<Cow<'_, [u8]>> {
    let mut bytes = element.bytes()?;
    let word = vr.word_size();
    if word > 1 && element.is_big_endian() {
        for word in bytes.to_mut().chunks_exact_mut(word) {
            word.reverse();
        }
    }
    Ok(bytes)
}
