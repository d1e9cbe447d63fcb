//! Data sets to XML.

use super::{COMPONENTS, GROUPS, NAMESPACE, XmlOptions};
use crate::dataset::Dataset;
use crate::dictionary;
use crate::error::Result;
use crate::model::{Form, Walk, hex, push_float};
use crate::value::{Text, Value};
use crate::{Tag, Vr};

/// Appends a data set as an XML document.
///
/// DICOM: PS3.19 A.1.
///
/// # Errors
/// As reading the source of the data set; [`crate::Error::Limit`] for sequences nested deeper than
/// [`crate::model::DEEPEST`]. What was appended before is then to be thrown away.
pub fn write(dataset: &Dataset, options: &XmlOptions<'_>, into: &mut Vec<u8>) -> Result<()> {
    for part in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<NativeDicomModel xmlns=\"",
        NAMESPACE,
        "\" xml:space=\"preserve\">\n",
    ] {
        into.extend_from_slice(part.as_bytes());
    }
    Walk::new(Writer { into }, options).run(dataset)?;
    into.extend_from_slice(b"</NativeDicomModel>\n");
    Ok(())
}

/// A data set as an XML document.
///
/// # Errors
/// As [`write`].
pub fn to_string(dataset: &Dataset, options: &XmlOptions<'_>) -> Result<String> {
    let mut bytes = Vec::with_capacity(1 << 14);
    write(dataset, options, &mut bytes)?;
    // All that is ever appended is text, or ASCII.
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

struct Writer<'a> {
    into: &'a mut Vec<u8>,
}

impl Form for Writer<'_> {
    fn begin(&mut self, tag: Tag, vr: Vr, dataset: &Dataset) {
        self.push("<DicomAttribute tag=\"");
        self.into.extend_from_slice(&hex(tag));
        self.push("\" vr=\"");
        self.push(vr.as_str());
        if let Some(entry) = dictionary::lookup(tag).filter(|entry| !entry.keyword.is_empty()) {
            self.push("\" keyword=\"");
            self.push(entry.keyword);
        }
        if let Some(creator) = tag.private_creator().and_then(|creator| dataset.text(creator)) {
            self.push("\" privateCreator=\"");
            self.escape(&creator);
        }
        self.push("\">");
    }

    fn values(&mut self, vr: Vr, value: &Value<'_>) {
        match value {
            Value::Text(text) | Value::Decimal(text) | Value::Integer(text) => self.texts(vr, text),
            Value::Tags(tags) => self.each(tags.iter(), |into, tag| into.extend_from_slice(&hex(tag))),
            Value::U16(numbers) => self.each(numbers.iter(), push_integer),
            Value::I16(numbers) => self.each(numbers.iter(), push_integer),
            Value::U32(numbers) => self.each(numbers.iter(), push_integer),
            Value::I32(numbers) => self.each(numbers.iter(), push_integer),
            Value::U64(numbers) => self.each(numbers.iter(), push_integer),
            Value::I64(numbers) => self.each(numbers.iter(), push_integer),
            Value::F32(numbers) => self.each(numbers.iter().map(f64::from), |into, number| push_float(number, into)),
            Value::F64(numbers) => self.each(numbers.iter(), |into, number| push_float(number, into)),
            Value::Bytes(_) => {} // a walk hands them to `binary`
        }
    }

    fn binary(&mut self, bytes: &[u8]) {
        self.push("<InlineBinary>");
        base64_simd::STANDARD.encode_append(bytes, self.into);
        self.push("</InlineBinary>");
    }

    fn bulk(&mut self, uri: &str) {
        self.push("<BulkData uri=\"");
        self.escape(uri);
        self.push("\"/>");
    }

    fn begin_item(&mut self, index: usize) {
        if index == 0 {
            self.push("\n");
        }
        self.open("Item", index);
        self.push("\n");
    }

    fn end_item(&mut self) {
        self.push("</Item>\n");
    }

    fn end_items(&mut self) {}

    fn end(&mut self) {
        self.push("</DicomAttribute>\n");
    }
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.into.extend_from_slice(text.as_bytes());
    }

    /// Opens an element that carries its number, from 1 on.
    fn open(&mut self, name: &str, index: usize) {
        self.push("<");
        self.push(name);
        self.push(" number=\"");
        push_integer(self.into, index + 1);
        self.push("\">");
    }

    fn each<T>(&mut self, values: impl Iterator<Item = T>, push: impl Fn(&mut Vec<u8>, T)) {
        for (index, value) in values.enumerate() {
            self.open("Value", index);
            push(self.into, value);
            self.push("</Value>");
        }
    }

    fn texts(&mut self, vr: Vr, text: &Text<'_>) {
        if text.whole.chars().any(|character| !is_allowed(character)) {
            return self.binary(text.whole.as_bytes());
        }
        for (index, value) in text.iter().enumerate() {
            if vr == Vr::PN {
                self.open("PersonName", index);
                self.name(value);
                self.push("</PersonName>");
            } else {
                self.open("Value", index);
                self.escape(value);
                self.push("</Value>");
            }
        }
    }

    /// The component groups of a person name and their components. What stands after the last delimiter the model
    /// knows is kept with the last group or component.
    fn name(&mut self, name: &str) {
        for (group, group_name) in name.trim_end_matches(['=', '^', ' ']).splitn(3, '=').zip(GROUPS) {
            if group.is_empty() {
                continue;
            }
            self.tags(&["<", group_name, ">"]);
            for (component, component_name) in group.splitn(5, '^').zip(COMPONENTS) {
                if !component.is_empty() {
                    self.tags(&["<", component_name, ">"]);
                    self.escape(component);
                    self.tags(&["</", component_name, ">"]);
                }
            }
            self.tags(&["</", group_name, ">"]);
        }
    }

    fn tags(&mut self, parts: &[&str]) {
        for part in parts {
            self.push(part);
        }
    }

    /// Text as it can stand between tags and in an attribute. Line ends are written as references: an XML parser
    /// makes one kind of all others, and spaces of those in attributes.
    fn escape(&mut self, text: &str) {
        let mut start = 0;
        for (at, character) in text.char_indices() {
            let escaped = match character {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '"' => "&quot;",
                '\t' => "&#9;",
                '\n' => "&#10;",
                '\r' => "&#13;",
                character if !is_allowed(character) => "\u{FFFD}", // of a private creator; values were looked at
                _ => continue,
            };
            self.push(&text[start..at]);
            self.push(escaped);
            start = at + character.len_utf8();
        }
        self.push(&text[start..]);
    }
}

fn push_integer<T: itoa::Integer>(into: &mut Vec<u8>, number: T) {
    into.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Whether a character is one that XML 1.0 has.
const fn is_allowed(character: char) -> bool {
    !matches!(character, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}')
}
