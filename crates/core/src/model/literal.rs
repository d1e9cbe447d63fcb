//! Values as they are spelt: numbers to text, and what was read back to elements.

use crate::dataset::{Dataset, Element};
use crate::error::{Error, Place, Result};
use crate::value::{Number, parse_decimal};
use crate::{Tag, Vr};

/// A tag as eight upper case digits.
#[inline]
pub(crate) fn hex(tag: Tag) -> [u8; 8] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    std::array::from_fn(|index| DIGITS[(tag.0 >> (28 - 4 * index)) as usize & 15])
}

/// The tag that eight hexadecimal digits name.
pub(crate) fn parse_hex(text: &str) -> Option<Tag> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u32::from_str_radix(text, 16).ok().map(Tag)).flatten()
}

/// The shortest text that reads back as the same number, unless it is not finite: then its name, without quotes.
///
/// FL is spelt as FD, `0.10000000149011612` for its 0.1: most readers know no other numbers, and to them `0.1` would
/// be another one.
pub(crate) fn push_float(number: f64, into: &mut Vec<u8>) {
    match number {
        number if number.is_nan() => into.extend_from_slice(b"NaN"),
        f64::INFINITY => into.extend_from_slice(b"inf"),
        f64::NEG_INFINITY => into.extend_from_slice(b"-inf"),
        _ => into.extend_from_slice(ryu::Buffer::new().format_finite(number).as_bytes()),
    }
}

/// What a value was in the text it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No value in its place.
    Null,
    /// A number.
    Number,
    /// Text.
    Text,
    /// Text or a number: XML does not say.
    Untyped,
    /// A person name with its component groups apart.
    Name,
    /// An item.
    Item,
}

/// The values of one element, before it is known what they must be.
#[derive(Debug, Default)]
pub(crate) struct Literals {
    /// All of them but items, a backslash between each two.
    text: String,
    /// Of each its kind and where its text ends.
    ends: Vec<(Kind, usize)>,
    items: Vec<Dataset>,
}

impl Literals {
    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds a value that is no item.
    pub fn push(&mut self, kind: Kind, text: &str) {
        if !self.ends.is_empty() {
            self.text.push('\\');
        }
        self.text.push_str(text);
        self.ends.push((kind, self.text.len()));
    }

    /// Adds a person name: its alphabetic, ideographic and phonetic groups.
    pub fn push_name(&mut self, groups: &[String; 3]) {
        let used = groups.iter().rposition(|group| !group.is_empty()).map_or(0, |last| last + 1);
        self.push(Kind::Name, &groups[..used].join("="));
    }

    /// Adds an item.
    pub fn push_item(&mut self, item: Dataset) {
        self.push(Kind::Item, "");
        self.items.push(item);
    }

    fn iter(&self) -> impl Iterator<Item = (Kind, &str)> {
        let mut start = 0;
        self.ends.iter().map(move |&(kind, end)| {
            let text = &self.text[start..end];
            start = end + 1;
            (kind, text)
        })
    }

    fn has_only(&self, kinds: &[Kind]) -> bool {
        self.ends.iter().all(|(kind, _)| kinds.contains(kind))
    }

    /// The element these are the values of.
    pub fn into_element(self, tag: Tag, vr: Vr) -> Result<Element> {
        use Kind::{Name, Null, Number, Text, Untyped};
        if vr == Vr::SQ {
            return self.into_sequence(tag);
        }
        if vr.is_text() {
            let allowed = match vr {
                Vr::DS | Vr::IS => self.has_only(&[Null, Text, Untyped, Number]),
                // An empty object is an empty name as well as an empty item.
                Vr::PN => self.has_only(&[Null, Text, Untyped, Name, Kind::Item]) && self.items.iter().all(Dataset::is_empty),
                _ => self.has_only(&[Null, Text, Untyped]),
            };
            return if allowed { Ok(Element::text(vr, &self.text)) } else { Err(wrong(tag, vr)) };
        }
        if self.has_only(&[Null]) {
            return Ok(Element::bytes(vr, []));
        }
        let bytes = match vr {
            Vr::AT => self.numbers(|_, text| parse_hex(text).map(Words::of)),
            Vr::US => self.numbers(integer::<u16>),
            Vr::SS => self.numbers(integer::<i16>),
            Vr::UL => self.numbers(integer::<u32>),
            Vr::SL => self.numbers(integer::<i32>),
            Vr::UV => self.numbers(|kind, text| integer::<u64>(if kind == Text { Number } else { kind }, text)),
            Vr::SV => self.numbers(|kind, text| integer::<i64>(if kind == Text { Number } else { kind }, text)),
            Vr::FL => self.numbers(|_, text| float(text, fast_float2::parse(text).ok(), f32::is_infinite)),
            Vr::FD => self.numbers(|_, text| float(text, fast_float2::parse(text).ok(), f64::is_infinite)),
            // Signed or not is decided elsewhere; the bytes are the same.
            Vr::UsOrSs | Vr::UsOrOw | Vr::UsOrSsOrOw => {
                self.numbers(|kind, text| integer::<u16>(kind, text).or_else(|| Some(integer::<i16>(kind, text)? as u16)))
            }
            _ => None,
        };
        bytes.map(|bytes| Element::bytes(vr, bytes)).ok_or_else(|| wrong(tag, vr))
    }

    fn into_sequence(self, tag: Tag) -> Result<Element> {
        if !self.has_only(&[Kind::Item, Kind::Null]) {
            return Err(wrong(tag, Vr::SQ));
        }
        let mut items = self.items.into_iter();
        let all = self.ends.iter().map(|(kind, _)| if *kind == Kind::Item { items.next() } else { None });
        Ok(Element::items(all.map(Option::unwrap_or_default).collect()))
    }

    fn numbers<T: Number>(&self, parse: impl Fn(Kind, &str) -> Option<T>) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.ends.len() * T::SIZE);
        for (kind, text) in self.iter() {
            parse(kind, text)?.write(&mut bytes);
        }
        Some(bytes)
    }
}

/// A tag as the two words it is in a file.
#[derive(Clone, Copy)]
struct Words(u32);

impl Words {
    fn of(tag: Tag) -> Self {
        Self(tag.0)
    }
}

impl Number for Words {
    const SIZE: usize = 4;

    fn read(bytes: &[u8], big_endian: bool) -> Self {
        Self(u32::read(bytes, big_endian))
    }

    fn write(self, into: &mut Vec<u8>) {
        self.0.rotate_left(16).write(into);
    }
}

/// An integer; `12.0` and `12e0` are integers too.
fn integer<T: TryFrom<i128>>(kind: Kind, text: &str) -> Option<T> {
    if !matches!(kind, Kind::Number | Kind::Untyped) {
        return None;
    }
    let whole = text.parse().ok().or_else(|| {
        let number = parse_decimal(text).filter(|number| number.fract() == 0.0 && number.abs() < 1e30)?;
        Some(number as i128)
    });
    T::try_from(whole?).ok()
}

/// A number that is infinite only when its text says so.
fn float<T: Copy>(text: &str, number: Option<T>, is_infinite: impl Fn(T) -> bool) -> Option<T> {
    number.filter(|&number| !is_infinite(number) || text.contains(['i', 'I']))
}

fn wrong(tag: Tag, vr: Vr) -> Error {
    let expected = match vr {
        Vr::SQ => "items",
        Vr::PN => "person names",
        Vr::DS | Vr::IS => "numbers or text",
        Vr::AT => "tags of eight hexadecimal digits",
        Vr::FL | Vr::FD => "numbers in its range",
        Vr::US | Vr::SS | Vr::UL | Vr::SL | Vr::UV | Vr::SV | Vr::UsOrSs => "whole numbers in its range",
        vr if vr.is_text() => "text",
        _ => "inline binary or a reference to bulk data",
    };
    Error::value(format!("a value is not what {vr} holds: expected {expected}"), Place::tag(tag))
}
