//! Bytes to text.

use std::borrow::Cow;

use super::graphic::{Escape, Graphic};
use super::term::Term;
use super::{CharacterSet, Decoded, Designation, ESC, is_delimiter};
use crate::finding::Code;
use crate::vr::Vr;

/// The state of ISO 2022 while a value is read.
pub(super) struct Decoder<'s> {
    set: &'s CharacterSet,
    vr: Vr,
    initial: Designation,
    active: Designation,
    text: String,
    is_undecodable: bool,
    is_undeclared: bool,
}

impl<'s> Decoder<'s> {
    pub(super) fn new(set: &'s CharacterSet, vr: Vr) -> Self {
        let initial = set.initial();
        Self { set, vr, initial, active: initial, text: String::new(), is_undecodable: false, is_undeclared: false }
    }

    pub(super) fn decode<'a>(mut self, bytes: &[u8]) -> Decoded<'a> {
        self.text.reserve(bytes.len());
        let mut rest = bytes;
        loop {
            let (section, tail) = rest.split_at(memchr::memchr(ESC, rest).unwrap_or(rest.len()));
            self.section(section);
            if tail.is_empty() {
                break;
            }
            rest = self.escape(tail);
        }
        let problem = match (self.is_undecodable, self.is_undeclared) {
            (true, _) => Some(Code::UndecodableText),
            (false, true) => Some(Code::UndeclaredEscape),
            (false, false) => None,
        };
        Decoded { text: Cow::Owned(self.text), problem }
    }

    /// Obeys the escape sequence that begins here, and gives what follows it.
    fn escape<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(escape) = Escape::parse(bytes) else {
            self.text.push(char::from(ESC));
            self.is_undecodable = true;
            return &bytes[1..];
        };
        if escape.graphic.is_g0() {
            self.active.g0 = escape.graphic;
        } else {
            self.active.g1 = Some(escape.graphic);
        }
        self.is_undeclared |= !escape.is_defined || !self.set.declares(escape.graphic);
        &bytes[escape.length..]
    }

    /// Bytes without an escape character.
    fn section(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.active == self.initial && self.set.is_stand_alone() {
                return self.stand_alone(bytes);
            }
            let used = match bytes[0] {
                ..0x80 => self.low(bytes),
                0x80.. => self.high(bytes),
            };
            bytes = &bytes[used..];
        }
    }

    fn stand_alone(&mut self, bytes: &[u8]) {
        let (text, failed) = if self.set.terms[0] == Term::Utf8 {
            let text = String::from_utf8_lossy(bytes);
            let failed = matches!(text, Cow::Owned(_));
            (text, failed)
        } else {
            encoding_rs::GB18030.decode_without_bom_handling(bytes)
        };
        self.text.push_str(&text);
        self.is_undecodable |= failed;
    }

    /// One character that begins with a byte of G0, or a control character; gives the bytes used.
    fn low(&mut self, bytes: &[u8]) -> usize {
        let byte = bytes[0];
        if self.active.g0.is_double_byte() && (0x21..0x7F).contains(&byte) {
            if let Some(used) = self.pair(self.active.g0, bytes) {
                return used;
            }
            // An odd byte out: a delimiter whose writer forgot to return to the initial state, most likely.
            self.is_undecodable = true;
            if !is_delimiter(byte, self.vr) {
                self.text.push(char::REPLACEMENT_CHARACTER);
                return 1;
            }
        }
        self.text.push(char::from(byte));
        if is_delimiter(byte, self.vr) {
            self.active = self.initial;
        }
        1
    }

    /// One character that begins with a byte of G1; gives the bytes used.
    fn high(&mut self, bytes: &[u8]) -> usize {
        let byte = bytes[0];
        let Some(graphic) = self.active.g1 else {
            // Nothing is declared: ISO 8859-1 is the best guess, and what others make of it.
            self.text.push(char::from(byte));
            self.is_undecodable = true;
            return 1;
        };
        if let Some(character) = graphic.character(byte) {
            self.text.push(character);
            return 1;
        }
        if let Some(used) = self.pair(graphic, bytes) {
            return used;
        }
        self.text.push(char::REPLACEMENT_CHARACTER);
        self.is_undecodable = true;
        1
    }

    /// The character of two bytes; gives the bytes used, if they are a pair at all.
    fn pair(&mut self, graphic: Graphic, bytes: &[u8]) -> Option<usize> {
        let &[first, second, ..] = bytes else { return None };
        let pair = [first, second];
        if let Some(character) = graphic.pair(pair) {
            self.text.push(character);
            return Some(2);
        }
        // A code without a character still takes two bytes: what follows must not get out of step.
        let unassigned = || graphic.is_code(pair).then_some(char::REPLACEMENT_CHARACTER);
        let character = graphic.foreign_pair(pair).or_else(unassigned)?;
        self.text.push(character);
        self.is_undecodable = true;
        Some(2)
    }
}
