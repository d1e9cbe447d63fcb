//! Data sets to JSON, in one pass and without anything in between.

use super::JsonOptions;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::model::{Form, Walk, hex, push_float};
use crate::value::{Text, Value};
use crate::{Tag, Vr};

/// Appends a data set as a JSON object.
///
/// DICOM: PS3.18 F.2.
///
/// # Errors
/// As reading the source of the data set; [`crate::Error::Limit`] for sequences nested deeper than
/// [`crate::model::DEEPEST`]. What was appended before is then to be thrown away.
pub fn write(dataset: &Dataset, options: &JsonOptions<'_>, into: &mut Vec<u8>) -> Result<()> {
    into.push(b'{');
    Walk::new(Writer { into }, options).run(dataset)?;
    into.push(b'}');
    Ok(())
}

/// A data set as a JSON object.
///
/// # Errors
/// As [`write`].
pub fn to_string(dataset: &Dataset, options: &JsonOptions<'_>) -> Result<String> {
    let mut bytes = Vec::with_capacity(1 << 12);
    write(dataset, options, &mut bytes)?;
    // All that is ever appended is text, or ASCII.
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

struct Writer<'a> {
    into: &'a mut Vec<u8>,
}

impl Form for Writer<'_> {
    #[inline]
    fn begin(&mut self, tag: Tag, vr: Vr, _dataset: &Dataset) {
        let mut head = *br#","00000000":{"vr":"UN""#;
        head[2..10].copy_from_slice(&hex(tag));
        head[19..21].copy_from_slice(vr.as_str().as_bytes().first_chunk::<2>().unwrap_or(b"UN"));
        let first = self.into.last() == Some(&b'{');
        self.into.extend_from_slice(&head[usize::from(first)..]);
    }

    #[inline]
    fn values(&mut self, vr: Vr, value: &Value<'_>) {
        if value.multiplicity() == 0 {
            return;
        }
        self.into.extend_from_slice(br#","Value":["#);
        match value {
            Value::Text(text) if vr == Vr::PN => self.texts(text, Self::name),
            Value::Text(text) => self.texts(text, Self::string),
            Value::Decimal(text) | Value::Integer(text) => self.texts(text, Self::number),
            Value::Tags(tags) => self.each(tags.iter(), |into, tag| {
                into.push(b'"');
                into.extend_from_slice(&hex(tag));
                into.push(b'"');
            }),
            Value::U16(numbers) => self.each(numbers.iter(), push_integer),
            Value::I16(numbers) => self.each(numbers.iter(), push_integer),
            Value::U32(numbers) => self.each(numbers.iter(), push_integer),
            Value::I32(numbers) => self.each(numbers.iter(), push_integer),
            Value::U64(numbers) => self.each(numbers.iter(), push_integer),
            Value::I64(numbers) => self.each(numbers.iter(), push_integer),
            Value::F32(numbers) => self.each(numbers.iter().map(f64::from), push_quoted_float),
            Value::F64(numbers) => self.each(numbers.iter(), push_quoted_float),
            Value::Bytes(_) => {} // a walk hands them to `binary`
        }
        self.into.push(b']');
    }

    fn binary(&mut self, bytes: &[u8]) {
        self.into.extend_from_slice(br#","InlineBinary":""#);
        base64_simd::STANDARD.encode_append(bytes, self.into);
        self.into.push(b'"');
    }

    fn bulk(&mut self, uri: &str) {
        self.into.extend_from_slice(br#","BulkDataURI":"#);
        self.string(uri);
    }

    fn begin_item(&mut self, index: usize) {
        self.into.extend_from_slice(if index == 0 { br#","Value":[{"# } else { b",{" });
    }

    fn end_item(&mut self) {
        self.into.push(b'}');
    }

    fn end_items(&mut self) {
        self.into.push(b']');
    }

    #[inline]
    fn end(&mut self) {
        self.into.push(b'}');
    }
}

impl Writer<'_> {
    #[inline]
    fn each<T>(&mut self, values: impl Iterator<Item = T>, push: impl Fn(&mut Vec<u8>, T)) {
        for (index, value) in values.enumerate() {
            if index > 0 {
                self.into.push(b',');
            }
            push(self.into, value);
        }
    }

    #[inline]
    fn texts(&mut self, text: &Text<'_>, push: impl Fn(&mut Self, &str)) {
        for (index, value) in text.iter().enumerate() {
            if index > 0 {
                self.into.push(b',');
            }
            if value.is_empty() {
                self.into.extend_from_slice(b"null");
            } else {
                push(self, value);
            }
        }
    }

    fn number(&mut self, text: &str) {
        if !push_number(text, self.into) {
            self.string(text);
        }
    }

    /// A person name by its component groups (PS3.18 F.2.2).
    fn name(&mut self, text: &str) {
        const KEYS: [&[u8]; 3] = [br#""Alphabetic":"#, br#""Ideographic":"#, br#""Phonetic":"#];
        let start = self.into.len();
        self.into.push(b'{');
        // What stands after a third `=` is kept with the third group.
        for (group, key) in text.trim_end_matches(['=', ' ', '\0']).splitn(3, '=').zip(KEYS) {
            if !group.is_empty() {
                if self.into.last() != Some(&b'{') {
                    self.into.push(b',');
                }
                self.into.extend_from_slice(key);
                self.string(group);
            }
        }
        if self.into.last() == Some(&b'{') {
            self.into.truncate(start);
            return self.into.extend_from_slice(b"null");
        }
        self.into.push(b'}');
    }

    #[inline]
    fn string(&mut self, text: &str) {
        self.into.push(b'"');
        let plain = text.bytes().fold(true, |plain, byte| plain & !is_special(byte));
        if plain {
            self.into.extend_from_slice(text.as_bytes());
        } else {
            self.escape(text.as_bytes());
        }
        self.into.push(b'"');
    }

    #[cold]
    fn escape(&mut self, mut rest: &[u8]) {
        while let Some(at) = rest.iter().position(|&byte| is_special(byte)) {
            self.into.extend_from_slice(&rest[..at]);
            let short = match rest[at] {
                b'"' => b'"',
                b'\\' => b'\\',
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                0x08 => b'b',
                0x0C => b'f',
                _ => b'u',
            };
            self.into.extend_from_slice(&[b'\\', short]);
            if short == b'u' {
                self.into.extend_from_slice(&hex(Tag(u32::from(rest[at])))[4..]);
            }
            rest = &rest[at + 1..];
        }
        self.into.extend_from_slice(rest);
    }
}

/// Whether a byte cannot stand in a JSON string as it is.
#[inline]
const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[inline]
fn push_integer<T: itoa::Integer>(into: &mut Vec<u8>, number: T) {
    into.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn push_quoted_float(into: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        return push_float(number, into);
    }
    into.push(b'"');
    push_float(number, into);
    into.push(b'"');
}

/// Appends the text of a DS or IS as a JSON number that keeps its digits; nothing when it is none, or one that other
/// readers could not hold.
#[inline]
fn push_number(text: &str, into: &mut Vec<u8>) -> bool {
    const LONGEST: usize = 64;
    const LARGEST_EXPONENT: u32 = 300;
    let start = into.len();
    let (negative, rest) = match text.as_bytes() {
        [sign @ (b'-' | b'+'), rest @ ..] => (*sign == b'-', rest),
        rest => (false, rest),
    };
    let (whole, rest) = split_digits(rest);
    let (fraction, rest) = if let [b'.', rest @ ..] = rest { split_digits(rest) } else { (&[][..], rest) };
    if (whole.is_empty() && fraction.is_empty()) || text.len() > LONGEST {
        return false;
    }
    if negative {
        into.push(b'-');
    }
    let zeros = whole.iter().take_while(|&&digit| digit == b'0').count();
    let whole = &whole[zeros..];
    into.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
    if !fraction.is_empty() {
        into.push(b'.');
        into.extend_from_slice(fraction);
    }
    let [b'e' | b'E', exponent @ ..] = rest else {
        if !rest.is_empty() {
            into.truncate(start);
        }
        return rest.is_empty();
    };
    let (sign, rest) = match exponent {
        [sign @ (b'-' | b'+'), rest @ ..] => (*sign, rest),
        rest => (b'+', rest),
    };
    let (digits, rest) = split_digits(rest);
    let exponent =
        digits.iter().fold(0_u32, |sum, digit| sum.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
    if digits.is_empty() || !rest.is_empty() || exponent > LARGEST_EXPONENT {
        into.truncate(start);
        return false;
    }
    into.extend_from_slice(&[b'e', sign]);
    push_integer(into, exponent);
    true
}

#[inline]
fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().take_while(|byte| byte.is_ascii_digit()).count())
}
