//! Values: the bytes of an element as text, numbers or tags (PS3.5 6.2).
//!
//! Nothing is converted before it is asked for: a [`Value`] is a typed look at the bytes.

use std::borrow::Cow;
use std::marker::PhantomData;

use crate::charset::CharacterSet;
use crate::finding::Code;
use crate::{Tag, Vr};

/// A number as it lies in a file.
pub trait Number: Copy {
    /// Its bytes.
    const SIZE: usize;
    /// The number in bytes that hold at least [`Number::SIZE`] of them.
    fn read(bytes: &[u8], big_endian: bool) -> Self;
    /// Appends the number, least significant byte first.
    fn write(self, into: &mut Vec<u8>);
}

macro_rules! numbers {
    ($($kind:ty)*) => {
        $(impl Number for $kind {
            const SIZE: usize = size_of::<$kind>();
            #[inline]
            fn read(bytes: &[u8], big_endian: bool) -> Self {
                let mut raw = [0; size_of::<$kind>()];
                raw.copy_from_slice(&bytes[..size_of::<$kind>()]);
                if big_endian { Self::from_be_bytes(raw) } else { Self::from_le_bytes(raw) }
            }
            fn write(self, into: &mut Vec<u8>) {
                into.extend_from_slice(&self.to_le_bytes());
            }
        })*
    };
}

numbers!(u16 i16 u32 i32 u64 i64 f32 f64);

/// Binary numbers of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a, T> {
    bytes: &'a [u8],
    big_endian: bool,
    kind: PhantomData<T>,
}

impl<'a, T: Number> Numbers<'a, T> {
    fn new(bytes: &'a [u8], big_endian: bool) -> Self {
        Self { bytes, big_endian, kind: PhantomData }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.bytes.len() / T::SIZE
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + use<'a, T> {
        let big_endian = self.big_endian;
        self.bytes.chunks_exact(T::SIZE).map(move |bytes| T::read(bytes, big_endian))
    }
}

/// Attribute tags.
#[derive(Clone, Copy, Debug)]
pub struct Tags<'a>(Numbers<'a, u16>);

impl<'a> Tags<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len() / 2
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Tag> + use<'a> {
        let big_endian = self.0.big_endian;
        self.0
            .bytes
            .chunks_exact(4)
            .map(move |raw| Tag::new(u16::read(&raw[..2], big_endian), u16::read(&raw[2..], big_endian)))
    }
}

/// Text of one or several values.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    /// All of it, with the backslashes between the values and without the padding at its end.
    pub whole: Cow<'a, str>,
    vr: Vr,
}

impl Text<'_> {
    /// Whether there is nothing but padding.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// How many values.
    pub fn len(&self) -> usize {
        if self.whole.is_empty() {
            0
        } else if self.vr.is_multi_valued_text() {
            memchr::memchr_iter(b'\\', self.whole.as_bytes()).count() + 1
        } else {
            1
        }
    }

    /// Whether there are several values.
    #[inline]
    pub fn is_multiple(&self) -> bool {
        self.vr.is_multi_valued_text() && memchr::memchr(b'\\', self.whole.as_bytes()).is_some()
    }

    /// The only value, without its padding.
    #[inline]
    pub fn single(&self) -> &str {
        trim(&self.whole, self.vr)
    }

    /// Each value, without its padding.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let vr = self.vr;
        let multiple = vr.is_multi_valued_text();
        let mut rest = (!self.whole.is_empty()).then_some(&*self.whole);
        std::iter::from_fn(move || {
            let text = rest?;
            let cut = if multiple { memchr::memchr(b'\\', text.as_bytes()) } else { None };
            let (value, after) = cut.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])));
            rest = after;
            Some(trim(value, vr))
        })
    }
}

/// Takes the padding off one value: at the end, and at the start too where leading spaces do not count (PS3.5 6.2).
#[inline]
pub fn trim(text: &str, vr: Vr) -> &str {
    match vr {
        Vr::AE | Vr::DS | Vr::IS => text.trim_matches([' ', '\0']),
        // Component groups that are empty may be left out with their delimiters (PS3.5 6.2.1.2).
        Vr::PN => trim_end(text).trim_end_matches('='),
        _ => trim_end(text),
    }
}

#[inline]
fn trim_end(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut end = bytes.len();
    while end > 0 && matches!(bytes[end - 1], b' ' | 0) {
        end -= 1;
    }
    &text[..end]
}

/// A value, of the kind its representation gives it.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// Text of any kind but numbers.
    Text(Text<'a>),
    /// DS.
    Decimal(Text<'a>),
    /// IS.
    Integer(Text<'a>),
    /// AT.
    Tags(Tags<'a>),
    /// US.
    U16(Numbers<'a, u16>),
    /// SS.
    I16(Numbers<'a, i16>),
    /// UL.
    U32(Numbers<'a, u32>),
    /// SL.
    I32(Numbers<'a, i32>),
    /// UV.
    U64(Numbers<'a, u64>),
    /// SV.
    I64(Numbers<'a, i64>),
    /// FL.
    F32(Numbers<'a, f32>),
    /// FD.
    F64(Numbers<'a, f64>),
    /// OB, OD, OF, OL, OV, OW and UN: as they lie in the file.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Looks at bytes as a value representation has them.
    #[inline]
    pub fn new(bytes: &'a [u8], vr: Vr, big_endian: bool, character_set: &CharacterSet) -> Self {
        match vr {
            Vr::DS => Self::Decimal(text(bytes, vr, character_set)),
            Vr::IS => Self::Integer(text(bytes, vr, character_set)),
            Vr::AT => Self::Tags(Tags(Numbers::new(bytes, big_endian))),
            Vr::US | Vr::UsOrSs => Self::U16(Numbers::new(bytes, big_endian)),
            Vr::SS => Self::I16(Numbers::new(bytes, big_endian)),
            Vr::UL => Self::U32(Numbers::new(bytes, big_endian)),
            Vr::SL => Self::I32(Numbers::new(bytes, big_endian)),
            Vr::UV => Self::U64(Numbers::new(bytes, big_endian)),
            Vr::SV => Self::I64(Numbers::new(bytes, big_endian)),
            Vr::FL => Self::F32(Numbers::new(bytes, big_endian)),
            Vr::FD => Self::F64(Numbers::new(bytes, big_endian)),
            vr if vr.is_text() => Self::Text(text(bytes, vr, character_set)),
            _ => Self::Bytes(bytes),
        }
    }

    /// How many values (bytes are one).
    pub fn multiplicity(&self) -> usize {
        match self {
            Self::Text(text) | Self::Decimal(text) | Self::Integer(text) => text.len(),
            Self::Tags(tags) => tags.len(),
            Self::U16(numbers) => numbers.len(),
            Self::I16(numbers) => numbers.len(),
            Self::U32(numbers) => numbers.len(),
            Self::I32(numbers) => numbers.len(),
            Self::U64(numbers) => numbers.len(),
            Self::I64(numbers) => numbers.len(),
            Self::F32(numbers) => numbers.len(),
            Self::F64(numbers) => numbers.len(),
            Self::Bytes(bytes) => usize::from(!bytes.is_empty()),
        }
    }
}

/// The text in the bytes of a value, its padding at the end left out.
#[inline]
pub fn text<'a>(bytes: &'a [u8], vr: Vr, character_set: &CharacterSet) -> Text<'a> {
    let mut end = bytes.len();
    while end > 0 && matches!(bytes[end - 1], b' ' | 0) {
        end -= 1;
    }
    let bytes = &bytes[..end];
    let whole = if vr.uses_character_set() {
        character_set.decode(bytes, vr).text
    } else {
        match std::str::from_utf8(bytes) {
            Ok(text) if bytes.is_ascii() || *character_set == CharacterSet::utf8() => Cow::Borrowed(text),
            _ => character_set.decode(bytes, vr).text,
        }
    };
    Text { whole, vr }
}

/// What the character set says against a text value.
pub fn text_problem(bytes: &[u8], vr: Vr, character_set: &CharacterSet) -> Option<Code> {
    character_set.decode(bytes, vr).problem
}

/// A decimal string (PS3.5 6.2 DS) as a number; nothing when it is none.
#[inline]
pub fn parse_decimal(text: &str) -> Option<f64> {
    fast_float2::parse(text.trim_matches([' ', '\0'])).ok()
}

/// An integer string (PS3.5 6.2 IS) as a number; `12.0` counts as 12.
#[inline]
pub fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\0']);
    match text.strip_prefix('+').unwrap_or(text).parse() {
        Ok(number) => Some(number),
        Err(_) => parse_decimal(text)
            .filter(|number| number.fract() == 0.0 && number.abs() < 9e15)
            .map(|number| number as i64),
    }
}

/// A number as a decimal string of at most 16 characters (PS3.5 6.2 DS), as exact as they allow.
pub fn format_decimal(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Some(format!("{number:.0}")).map(|text| if text == "-0" { "0".into() } else { text });
    }
    let shortest = ryu::Buffer::new().format(number).to_owned();
    if shortest.len() <= 16 {
        return Some(shortest);
    }
    // The longest of both notations that fits: a digit less each time.
    let fits = |text: &String| text.len() <= 16 && text.parse::<f64>().is_ok_and(f64::is_finite);
    let plain = (0..16).rev().map(|digits| format!("{number:.digits$}")).find(fits);
    let exponent = (0..16).rev().map(|digits| format!("{number:.digits$e}")).find(fits);
    let error = |text: &Option<String>| {
        text.as_ref().and_then(|text| text.parse::<f64>().ok()).map_or(f64::INFINITY, |parsed| (parsed - number).abs())
    };
    if error(&plain) <= error(&exponent) { plain } else { exponent }
}
